/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * A packet as the hooks speak of it, and the parser's short way: IPv4 without options and IPv6
 * without extension headers that carry TCP or UDP. All else, and all that looks wrong, is left
 * to `dissect.h`, which takes its time and gives the reason.
 */
#ifndef PW_PACKET_H
#define PW_PACKET_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "abi.h"
#include "reason.h"

/*
 * Functions that the verifier proves once, by themselves, however often they are called: it knows
 * nothing of what they are given, so each asks whether its pointers are there. All others are
 * `static`, and proved anew at each call.
 */
#define PW_PROVED_ALONE __noinline

/* What hardly ever holds: the compiler keeps it out of the way of the packets that go on. */
#define PW_RARE(condition) __builtin_expect(!!(condition), 0)

/* What a hook says. Others that sit on the same device still get what passes here. */
#define PW_PASS TC_ACT_UNSPEC
#define PW_STOP TC_ACT_SHOT

#define PW_FIN 0x01
#define PW_SYN 0x02
#define PW_RST 0x04
#define PW_ACK 0x10
#define PW_URG 0x20
#define PW_MORE_FRAGMENTS 0x2000
#define PW_FRAGMENT_OFFSET 0x1fff

/* What sort of packet it is: all but a flow takes the long way. */
enum pw_sort {
	PW_FLOW,      /* belongs to a connection, or begins one */
	PW_STATELESS, /* is judged and leaves no state */
	PW_ERROR,     /* an ICMP error; `quoted` tells of which connection */
	PW_NEIGHBOUR, /* ARP or neighbour discovery that is in order */
	PW_FAULT,     /* `reason` says what is wrong with it */
};

/* Which piece of a datagram it is. */
enum pw_piece { PW_WHOLE, PW_FIRST_PIECE, PW_LATER_PIECE };

struct packet {
	struct pw_connection_key key;
	__u32 length; /* without the link header, bytes */
	__u32 packets;
	__u32 ifindex;
	__u32 fragment_id;
	__u8 direction; /* egress: the source is the workload */
	__u8 hook;
	__u8 sort;
	__u8 piece;
	__u8 reason;
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 query; /* ICMP: 1 query, 2 answer */
	__u8 fragment_protocol;
	__u8 unspecified; /* 1: the source is `::` or link-local */
	__u8 pad[2];
};

/*
 * A packet before it is parsed. Its key is left open: the short way writes it whole, the long way
 * begins with an empty one. Clearing it for both is felt in what every packet costs.
 */
static __always_inline void begin(struct packet *packet, __u8 direction, __u8 hook)
{
	packet->fragment_id = 0;
	packet->direction = direction;
	packet->hook = hook;
	packet->sort = PW_FLOW;
	packet->piece = PW_WHOLE;
	packet->reason = PW_REASON_NONE;
	packet->tcp_flags = packet->icmp_type = packet->query = 0;
	packet->fragment_protocol = packet->unspecified = 0;
	packet->pad[0] = packet->pad[1] = 0;
}

/* The compiler must not merge these reads of two branches: the verifier refuses the result. */
#define PW_CONTEXT(skb, field)                                                                     \
	({                                                                                         \
		void *_read;                                                                       \
		asm volatile("%0 = *(u32 *)(%1 + %2)"                                              \
			     : "=r"(_read)                                                         \
			     : "r"(skb), "i"(__builtin_offsetof(struct __sk_buff, field)));        \
		_read;                                                                             \
	})

static __always_inline void map_v4(struct pw_address *address, __u32 v4)
{
	address->half[0] = 0;
	address->half[1] = 0xffff0000ULL | (__u64)v4 << 32;
}

static __always_inline int same_address(const struct pw_address *a, const struct pw_address *b)
{
	return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

static __always_inline int is_v4(const struct pw_address *address)
{
	return address->half[0] == 0 && (__u32)address->half[1] == 0xffff0000U;
}

static __always_inline int is_begin(const struct packet *packet)
{
	return packet->key.protocol == IPPROTO_TCP &&
	       (packet->tcp_flags & (PW_SYN | PW_ACK)) == PW_SYN;
}

/* The combinations of TCP flags that mean something, as in the kernel's own tracker. */
static __always_inline int flags_are_valid(__u8 flags)
{
	const __u64 valid = 1ULL << PW_SYN | 1ULL << (PW_SYN | PW_URG) | 1ULL << (PW_SYN | PW_ACK) |
			    1ULL << PW_RST | 1ULL << (PW_RST | PW_ACK) | 1ULL << (PW_FIN | PW_ACK) |
			    1ULL << (PW_FIN | PW_ACK | PW_URG) | 1ULL << PW_ACK |
			    1ULL << (PW_ACK | PW_URG);

	return valid >> (flags & 0x37) & 1;
}

static __always_inline void set_ends(struct packet *packet, const struct pw_address *source,
				     const struct pw_address *destination)
{
	int out = packet->direction == PW_EGRESS;

	packet->key.pod = out ? *source : *destination;
	packet->key.peer = out ? *destination : *source;
}

static __always_inline void set_ports(struct packet *packet, __be16 source, __be16 destination)
{
	int out = packet->direction == PW_EGRESS;

	packet->key.pod_port = out ? source : destination;
	packet->key.peer_port = out ? destination : source;
}

/*
 * Writes the end of the key in one piece: the kernel reads it by the word when it hashes, and a
 * word that was just written in parts keeps it waiting. `ports` as they stand in the packet.
 */
static __always_inline void set_tail(struct packet *packet, const __be16 *ports, __u8 protocol)
{
	__u64 tail = (__u64)protocol << 32;
	__u32 pair;

	_Static_assert(offsetof(struct pw_connection_key, protocol) ==
			   offsetof(struct pw_connection_key, pod_port) + 4,
		       "ports, then the protocol");
	__builtin_memcpy(&pair, __builtin_assume_aligned(ports, 4), sizeof(pair));
	if (packet->direction == PW_INGRESS)
		pair = pair << 16 | pair >> 16;
	tail |= pair;
	__builtin_memcpy(&packet->key.pod_port, &tail, sizeof(tail));
}

/* Reads ports and flags at `at`. `left`: bytes of the IP payload. 0: not the short way. */
static __always_inline int parse_transport(struct packet *packet, void *at, void *end, __u32 left,
					   __u8 protocol)
{
	if (protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = at;
		__u8 flags;

		if (PW_RARE((void *)(tcp + 1) > end || left < sizeof(*tcp)))
			return 0;
		flags = ((__u8 *)at)[13];
		if (PW_RARE(tcp->doff < 5 || tcp->doff * 4U > left || !flags_are_valid(flags)))
			return 0;
		packet->tcp_flags = flags;
		set_tail(packet, &tcp->source, protocol);
		return 1;
	}
	if (protocol == IPPROTO_UDP) {
		struct udphdr *udp = at;

		if (PW_RARE((void *)(udp + 1) > end || left < sizeof(*udp)))
			return 0;
		if (PW_RARE(__builtin_bswap16(udp->len) < sizeof(*udp) ||
			    __builtin_bswap16(udp->len) > left))
			return 0;
		set_tail(packet, &udp->source, protocol);
		return 1;
	}
	return 0;
}

static __always_inline int parse_v4(struct packet *packet, void *at, void *end)
{
	struct iphdr *ip = at;
	struct pw_address source, destination;
	__u32 total;

	if (PW_RARE((void *)(ip + 1) > end))
		return 0;
	total = __builtin_bswap16(ip->tot_len);
	if (PW_RARE(*(__u8 *)at != 0x45 || total < sizeof(*ip) || total > packet->length))
		return 0;
	if (PW_RARE(ip->frag_off & __builtin_bswap16(PW_MORE_FRAGMENTS | PW_FRAGMENT_OFFSET)))
		return 0;
	map_v4(&source, ip->saddr);
	map_v4(&destination, ip->daddr);
	set_ends(packet, &source, &destination);
	return parse_transport(packet, ip + 1, end, total - sizeof(*ip), ip->protocol);
}

static __always_inline int parse_v6(struct packet *packet, void *at, void *end)
{
	struct ipv6hdr *ip = at;
	struct pw_address source, destination;
	__u32 left;

	if (PW_RARE((void *)(ip + 1) > end))
		return 0;
	left = __builtin_bswap16(ip->payload_len);
	if (PW_RARE(*(__u8 *)at >> 4 != 6 || left + sizeof(*ip) > packet->length))
		return 0;
	__builtin_memcpy(&source, &ip->saddr, sizeof(source));
	__builtin_memcpy(&destination, &ip->daddr, sizeof(destination));
	/* Unspecified, loopback, mapped and compatible addresses need a second look. */
	if (PW_RARE(!source.half[0] || !destination.half[0]))
		return 0;
	set_ends(packet, &source, &destination);
	return parse_transport(packet, ip + 1, end, left, ip->nexthdr);
}

/* The short way. 0: the packet has to be dissected. */
static __always_inline int parse(struct __sk_buff *skb, struct packet *packet)
{
	void *data = PW_CONTEXT(skb, data);
	void *end = PW_CONTEXT(skb, data_end);

	packet->length = skb->len - ETH_HLEN;
	packet->packets = skb->gso_segs ?: 1;
	packet->ifindex = skb->ifindex;
	if (PW_RARE(skb->vlan_present))
		return 0;
	if (skb->protocol == __builtin_bswap16(ETH_P_IP))
		return parse_v4(packet, data + ETH_HLEN, end);
	if (skb->protocol == __builtin_bswap16(ETH_P_IPV6))
		return parse_v6(packet, data + ETH_HLEN, end);
	return 0;
}

#endif
