/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * The parser's long way: IPv4 with options, IPv6 with extension headers, fragments, ICMP, ARP,
 * other protocols, and everything that is wrong with a packet. It reads by helper, so that it
 * does not matter where the bytes lie. What it cannot follow is a fault with its reason.
 */
#ifndef PW_DISSECT_H
#define PW_DISSECT_H

#include "icmp.h"
#include "packet.h"

/* Extension headers that are followed; real packets carry two or three. */
#define PW_EXTENSIONS 8

struct dissection {
	__u32 at;  /* the next header, from the frame's first byte */
	__u32 end; /* of the IP packet */
	__u8 protocol;
	__u8 pad[3];
};

static __always_inline void fault(struct packet *packet, __u8 reason)
{
	packet->sort = PW_FAULT;
	packet->reason = reason;
}

/* Reads `size` bytes at the place reached; they must lie within the packet. */
static __always_inline int peek(struct __sk_buff *skb, const struct dissection *way, void *to,
				__u32 size)
{
	return way->at + size <= way->end && !bpf_skb_load_bytes(skb, way->at, to, size);
}

static __noinline int dissect_v4(struct __sk_buff *skb, struct packet *packet,
				 struct dissection *way)
{
	struct pw_address source, destination;
	__u32 total, offset;
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, way->at, &ip, sizeof(ip)))
		return PW_REASON_TRUNCATED;
	map_v4(&source, ip.saddr);
	map_v4(&destination, ip.daddr);
	set_ends(packet, &source, &destination);
	total = __builtin_bswap16(ip.tot_len);
	if (!total && skb->gso_size)
		total = packet->length;
	if (ip.version != 4 || ip.ihl < 5 || total < ip.ihl * 4U)
		return PW_REASON_MALFORMED;
	if (total > packet->length)
		return PW_REASON_TRUNCATED;
	offset = __builtin_bswap16(ip.frag_off);
	way->end = way->at + total;
	way->at += ip.ihl * 4U;
	way->protocol = ip.protocol;
	packet->fragment_id = ip.id;
	packet->fragment_protocol = ip.protocol;
	if (offset & PW_FRAGMENT_OFFSET) {
		packet->piece = PW_LATER_PIECE;
		/* One that would overwrite TCP's header, or reach beyond 65,535 bytes. */
		if ((ip.protocol == IPPROTO_TCP && (offset & PW_FRAGMENT_OFFSET) == 1) ||
		    (offset & PW_FRAGMENT_OFFSET) * 8 + total > 0xffff)
			return PW_REASON_MALFORMED;
	} else if (offset & PW_MORE_FRAGMENTS) {
		packet->piece = PW_FIRST_PIECE;
	}
	return PW_REASON_NONE;
}

/* The part of an IPv6 fragment header that matters. */
static __noinline int dissect_piece(struct __sk_buff *skb, struct packet *packet,
				    struct dissection *way)
{
	__u32 words[2];
	__u16 offset;

	if (packet->piece != PW_WHOLE)
		return PW_REASON_BAD_EXTENSION;
	if (!peek(skb, way, words, sizeof(words)))
		return PW_REASON_TRUNCATED;
	offset = __builtin_bswap16(words[0] >> 16);
	way->protocol = words[0] & 0xff;
	way->at += sizeof(words);
	packet->fragment_id = words[1];
	packet->fragment_protocol = way->protocol;
	if (offset & 0xfff8) {
		packet->piece = PW_LATER_PIECE;
		if ((offset & 0xfff8) + (way->end - way->at) > 0xffff)
			return PW_REASON_MALFORMED;
	} else if (offset & 1) {
		packet->piece = PW_FIRST_PIECE;
	}
	return PW_REASON_NONE;
}

/* Steps over one extension header, the `number`th. */
static __noinline int dissect_extension(struct __sk_buff *skb, struct packet *packet,
					struct dissection *way, __u32 number)
{
	__u8 head[4];

	if (way->protocol == IPPROTO_FRAGMENT)
		return dissect_piece(skb, packet, way);
	if (!peek(skb, way, head, sizeof(head)))
		return PW_REASON_TRUNCATED;
	if (way->protocol == IPPROTO_HOPOPTS && number)
		return PW_REASON_BAD_EXTENSION;
	/* A routing header with stops left leads elsewhere than the address that is judged. */
	if (way->protocol == IPPROTO_ROUTING && (head[3] || !head[2]))
		return PW_REASON_BAD_EXTENSION;
	if (way->protocol == IPPROTO_AH)
		way->at += (head[1] + 2U) * 4;
	else
		way->at += (head[1] + 1U) * 8;
	way->protocol = head[0];
	return way->at > way->end ? PW_REASON_TRUNCATED : PW_REASON_NONE;
}

static __always_inline int is_extension(__u8 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_FRAGMENT ||
	       protocol == IPPROTO_AH;
}

static __noinline int dissect_v6(struct __sk_buff *skb, struct packet *packet,
				 struct dissection *way)
{
	struct pw_address source, destination;
	struct ipv6hdr ip;
	int reason;

	if (bpf_skb_load_bytes(skb, way->at, &ip, sizeof(ip)))
		return PW_REASON_TRUNCATED;
	__builtin_memcpy(&source, &ip.saddr, sizeof(source));
	__builtin_memcpy(&destination, &ip.daddr, sizeof(destination));
	set_ends(packet, &source, &destination);
	/* A mapped address on the wire would pass for an IPv4 one. */
	if (ip.version != 6 || is_v4(&source) || is_v4(&destination))
		return PW_REASON_MALFORMED;
	packet->unspecified =
	    (!source.half[0] && !source.half[1]) || (source.half[0] & 0xc0ff) == 0x80fe;
	way->at += sizeof(ip);
	way->end = way->at + __builtin_bswap16(ip.payload_len);
	way->protocol = ip.nexthdr;
	if (!ip.payload_len && ip.nexthdr == IPPROTO_HOPOPTS) {
		if (!skb->gso_size)
			return PW_REASON_MALFORMED;
		way->end = ETH_HLEN + packet->length;
	}
	if (way->end > ETH_HLEN + packet->length)
		return PW_REASON_TRUNCATED;
	for (__u32 i = 0; i < PW_EXTENSIONS; i++) {
		if (!is_extension(way->protocol) || packet->piece == PW_LATER_PIECE)
			return PW_REASON_NONE;
		reason = dissect_extension(skb, packet, way, i);
		if (reason)
			return reason;
	}
	if (!is_extension(way->protocol) || packet->piece == PW_LATER_PIECE)
		return PW_REASON_NONE;
	return PW_REASON_BAD_EXTENSION;
}

static __noinline int dissect_transport(struct __sk_buff *skb, struct packet *packet,
					struct dissection *way)
{
	__u32 left = way->end - way->at;
	struct tcphdr tcp;
	struct udphdr udp;
	__be16 ports[6];

	if (way->protocol == IPPROTO_TCP) {
		if (!peek(skb, way, &tcp, sizeof(tcp)))
			return PW_REASON_TRUNCATED;
		packet->tcp_flags = ((__u8 *)&tcp)[13];
		set_ports(packet, tcp.source, tcp.dest);
		if (tcp.doff < 5 || !flags_are_valid(packet->tcp_flags))
			return PW_REASON_MALFORMED;
		return tcp.doff * 4U > left ? PW_REASON_TRUNCATED : PW_REASON_NONE;
	}
	if (way->protocol == IPPROTO_UDP) {
		if (!peek(skb, way, &udp, sizeof(udp)))
			return PW_REASON_TRUNCATED;
		set_ports(packet, udp.source, udp.dest);
		if (skb->gso_size)
			return PW_REASON_NONE;
		if (__builtin_bswap16(udp.len) < sizeof(udp))
			return PW_REASON_MALFORMED;
		if (packet->piece == PW_WHOLE && __builtin_bswap16(udp.len) > left)
			return PW_REASON_TRUNCATED;
		return PW_REASON_NONE;
	}
	if (way->protocol == IPPROTO_SCTP) {
		if (!peek(skb, way, ports, sizeof(ports)))
			return PW_REASON_TRUNCATED;
		set_ports(packet, ports[0], ports[1]);
	}
	return PW_REASON_NONE;
}

static __always_inline int dissect_ip(struct __sk_buff *skb, struct packet *packet)
{
	int v4 = skb->protocol == __builtin_bswap16(ETH_P_IP);
	struct dissection way = {.at = ETH_HLEN};
	int reason;

	if (v4)
		reason = dissect_v4(skb, packet, &way);
	else
		reason = dissect_v6(skb, packet, &way);
	packet->key.protocol = way.protocol;
	if (reason || packet->piece == PW_LATER_PIECE)
		return reason;
	if (way.protocol == (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return dissect_icmp(skb, packet, way.at, way.end);
	if ((v4 && way.protocol == IPPROTO_IP) || way.protocol == IPPROTO_RAW)
		return PW_REASON_UNKNOWN_PROTOCOL;
	return dissect_transport(skb, packet, &way);
}

/* ARP speaks for an address: `key.pod` is the sender's at a workload's own hook. */
static __noinline int dissect_arp(struct __sk_buff *skb, struct packet *packet)
{
	struct {
		__u16 hardware, protocol;
		__u8 sizes[2];
		__u16 operation;
		__u8 sender_link[6], sender[4], target_link[6], target[4];
	} arp;
	struct pw_address source, destination;
	__u32 v4;

	_Static_assert(sizeof(arp) == 28, "as on the wire");
	if (bpf_skb_load_bytes(skb, ETH_HLEN, &arp, sizeof(arp)))
		return PW_REASON_TRUNCATED;
	if (arp.hardware != __builtin_bswap16(1) || arp.protocol != __builtin_bswap16(ETH_P_IP) ||
	    arp.sizes[0] != 6 || arp.sizes[1] != 4)
		return PW_REASON_MALFORMED;
	__builtin_memcpy(&v4, arp.sender, sizeof(v4));
	packet->unspecified = v4 == 0;
	map_v4(&source, v4);
	__builtin_memcpy(&v4, arp.target, sizeof(v4));
	map_v4(&destination, v4);
	set_ends(packet, &source, &destination);
	packet->sort = PW_NEIGHBOUR;
	return PW_REASON_NONE;
}

/* The long way. Leaves the packet's sort, and the reason if it is a fault. */
PW_PROVED_ALONE int dissect(struct __sk_buff *skb, struct packet *packet)
{
	int reason;

	if (!packet)
		return PW_REASON_MALFORMED;
	packet->key = (struct pw_connection_key){};
	packet->tcp_flags = 0;
	if (skb->vlan_present || skb->protocol == __builtin_bswap16(ETH_P_8021Q) ||
	    skb->protocol == __builtin_bswap16(ETH_P_8021AD))
		reason = PW_REASON_VLAN;
	else if (skb->protocol == __builtin_bswap16(ETH_P_IP) ||
		 skb->protocol == __builtin_bswap16(ETH_P_IPV6))
		reason = dissect_ip(skb, packet);
	else if (skb->protocol == __builtin_bswap16(ETH_P_ARP))
		reason = dissect_arp(skb, packet);
	else
		reason = PW_REASON_NOT_IP;
	if (reason)
		fault(packet, reason);
	return reason;
}

#endif
