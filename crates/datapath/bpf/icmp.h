/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * ICMP in both families: queries are connections of their own, told apart by who asks; errors
 * belong to the connection that they quote; neighbour discovery passes for a workload's own
 * addresses; the rest is judged by its type and leaves no state.
 */
#ifndef PW_ICMP_H
#define PW_ICMP_H

#include "packet.h"

#define PW_QUERY 1
#define PW_ANSWER 2
#define PW_ROUTER_SOLICIT 133
#define PW_ROUTER_ADVERT 134
#define PW_NEIGHBOUR_SOLICIT 135
#define PW_NEIGHBOUR_ADVERT 136
#define PW_REDIRECT 137
#define PW_LISTENER_REPORT 131
#define PW_LISTENER_DONE 132
#define PW_LISTENER_REPORT_2 143

struct icmp_head {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__be16 id;
	__u16 sequence;
};

/* 1: a query, 2: the answer to one, 0: neither. */
static __always_inline __u8 query_of(int v4, __u8 type)
{
	if (!v4)
		return type == 128 ? PW_QUERY : type == 129 ? PW_ANSWER : 0;
	if (type == 8 || type == 13 || type == 17)
		return PW_QUERY;
	return type == 0 || type == 14 || type == 18 ? PW_ANSWER : 0;
}

static __always_inline int is_error(int v4, __u8 type)
{
	if (!v4)
		return type >= 1 && type <= 4;
	return type == 3 || type == 4 || type == 11 || type == 12;
}

/* Ports of a query: the id, and who asks. */
static __always_inline void set_query(struct packet *packet, __be16 id, __u8 query)
{
	int pod_asks = (query == PW_QUERY) == (packet->direction == PW_EGRESS);

	packet->query = query;
	packet->key.pod_port = id;
	packet->key.peer_port = 0;
	packet->key.asker = pod_asks ? PW_POD_ASKS : PW_PEER_ASKS;
}

/* The ends and ports of a quoted packet, whose source is `source`. 0: it cannot be followed. */
static __noinline int read_quote(struct __sk_buff *skb, struct pw_connection_key *quoted, __u32 at,
				 int v4)
{
	struct pw_address source, destination;
	struct icmp_head head;
	struct ipv6hdr six;
	struct iphdr four;

	if (v4) {
		if (bpf_skb_load_bytes(skb, at, &four, sizeof(four)) || four.version != 4 ||
		    four.ihl < 5 || (four.frag_off & __builtin_bswap16(PW_FRAGMENT_OFFSET)))
			return 0;
		map_v4(&source, four.saddr);
		map_v4(&destination, four.daddr);
		quoted->protocol = four.protocol;
		at += four.ihl * 4U;
	} else {
		if (bpf_skb_load_bytes(skb, at, &six, sizeof(six)) || six.version != 6)
			return 0;
		__builtin_memcpy(&source, &six.saddr, sizeof(source));
		__builtin_memcpy(&destination, &six.daddr, sizeof(destination));
		quoted->protocol = six.nexthdr;
		at += sizeof(six);
	}
	if (bpf_skb_load_bytes(skb, at, &head, sizeof(head)))
		return 0;
	/* From here on `pod` is the quoted source; the caller turns it round where it is not. */
	quoted->pod = source;
	quoted->peer = destination;
	if (quoted->protocol == IPPROTO_TCP || quoted->protocol == IPPROTO_UDP ||
	    quoted->protocol == IPPROTO_SCTP) {
		__builtin_memcpy(&quoted->pod_port, &head, 4);
	} else if (quoted->protocol == (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		__u8 query = query_of(v4, head.type);

		if (!query)
			return 0;
		quoted->pod_port = head.id;
		quoted->asker = query == PW_QUERY ? PW_POD_ASKS : PW_PEER_ASKS;
	}
	return 1;
}

/* An error tells the workload of a packet it sent, or the peer of one the workload was sent. */
static __noinline int quote(struct __sk_buff *skb, struct packet *packet, __u32 at, int v4)
{
	struct pw_connection_key quoted = {};

	if (!read_quote(skb, &quoted, at, v4))
		return 0;
	if (packet->direction == PW_EGRESS) {
		struct pw_address source = quoted.pod;

		quoted.pod = quoted.peer;
		quoted.peer = source;
		if (quoted.asker) {
			quoted.asker = quoted.asker == PW_POD_ASKS ? PW_PEER_ASKS : PW_POD_ASKS;
		} else {
			__be16 port = quoted.pod_port;

			quoted.pod_port = quoted.peer_port;
			quoted.peer_port = port;
		}
	}
	/* The outer address of the workload must be the quoted one. */
	if (!same_address(&quoted.pod, &packet->key.pod))
		return 0;
	packet->key = quoted;
	return 1;
}

/* Takes the key of an error back to its own ends: it quotes a connection nobody knows. */
static __noinline int unquote(struct __sk_buff *skb, struct packet *packet)
{
	int v4 = skb->protocol == __builtin_bswap16(ETH_P_IP);
	struct pw_address ends[2] = {};
	__u32 four[2] = {};

	if (v4) {
		bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, saddr), four, 8);
		map_v4(&ends[0], four[0]);
		map_v4(&ends[1], four[1]);
	} else {
		bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct ipv6hdr, saddr), ends, 32);
	}
	set_ends(packet, &ends[0], &ends[1]);
	packet->key.protocol = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	packet->key.asker = PW_NOT_QUERY;
	packet->key.pod_port = packet->key.peer_port = 0;
	packet->sort = PW_STATELESS;
	return 0;
}

/* Neighbour discovery and multicast membership. 1: in order, 0: forbidden, -1: neither of both. */
static __noinline int neighbour(struct __sk_buff *skb, struct packet *packet, __u32 at)
{
	struct pw_address target = {};
	__u8 hops = 0;

	if (bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct ipv6hdr, hop_limit), &hops, 1))
		return 0;
	if (packet->icmp_type == PW_LISTENER_REPORT || packet->icmp_type == PW_LISTENER_DONE ||
	    packet->icmp_type == PW_LISTENER_REPORT_2)
		return packet->unspecified && hops == 1 ? 1 : -1;
	if (packet->icmp_type < PW_ROUTER_SOLICIT || packet->icmp_type > PW_REDIRECT)
		return -1;
	if (hops != 255)
		return 0;
	if (packet->direction == PW_INGRESS)
		return 1;
	if (packet->icmp_type == PW_ROUTER_ADVERT || packet->icmp_type == PW_REDIRECT)
		return 0;
	/* Whoever advertises speaks for the target; the hook checks whose address that is. */
	if (packet->icmp_type == PW_NEIGHBOUR_ADVERT) {
		if (bpf_skb_load_bytes(skb, at + 8, &target, sizeof(target)))
			return 0;
		packet->unspecified = (target.half[0] & 0xc0ff) == 0x80fe;
		packet->key.pod = target;
	}
	return 1;
}

static __noinline int dissect_icmp(struct __sk_buff *skb, struct packet *packet, __u32 at,
				   __u32 end)
{
	int v4 = packet->key.protocol == IPPROTO_ICMP;
	struct icmp_head head;
	__u8 query;
	int found;

	if (at + sizeof(head) > end || bpf_skb_load_bytes(skb, at, &head, sizeof(head)))
		return PW_REASON_TRUNCATED;
	packet->icmp_type = head.type;
	query = query_of(v4, head.type);
	if (query) {
		set_query(packet, head.id, query);
		return PW_REASON_NONE;
	}
	packet->sort = PW_STATELESS;
	if (is_error(v4, head.type) && packet->piece == PW_WHOLE) {
		if (quote(skb, packet, at + sizeof(head), v4))
			packet->sort = PW_ERROR;
		return PW_REASON_NONE;
	}
	if (v4)
		return PW_REASON_NONE;
	found = neighbour(skb, packet, at);
	if (found > 0)
		packet->sort = PW_NEIGHBOUR;
	return found ? PW_REASON_NONE : PW_REASON_FORBIDDEN_ICMP6;
}

#endif
