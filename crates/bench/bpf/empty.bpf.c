// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0)
/*
 * The floor of every measurement: a hook that only lets pass; the next one up: a hook that looks
 * one connection up. And a wrapper that gives each run of one frame the ports of another connection
 * before it hands the frame on, so that no run finds what the last one left in the caches.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* 0 -> the program to hand on to. Written by the measurement. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} next SEC(".maps");

/* Where the ports of the frame stand, and the two ports of the server. */
#define PORTS 34
#define FIRST_PORT 7000
#define SECOND_PORT 7002

/* What is changed between two runs of the wrapper; an odd one visits all 2^17 connections. */
__u32 stride = 40503;
__u32 number;

SEC("tc")
int empty(struct __sk_buff *skb)
{
	return -1;
}

struct bpf_nf_ctx;

SEC("netfilter")
int empty_forward(struct bpf_nf_ctx *context __attribute__((unused)))
{
	return 1;
}

SEC("tc")
int wrap(struct __sk_buff *skb)
{
	__u32 at = number += stride;
	__u16 ports[2] = {
	    at & 0xffff,
	    at & 0x10000 ? bpf_htons(SECOND_PORT) : bpf_htons(FIRST_PORT),
	};

	bpf_skb_store_bytes(skb, PORTS, ports, sizeof(ports), 0);
	bpf_tail_call(skb, &next, 0);
	return -1;
}

/* A connection as a filter knows it again: as long as Podwall's. */
struct key {
	__u32 device, source, destination, ports, protocol, rest[5];
};

struct value {
	__u64 seen, rest[7];
};

/* Connection -> whatever there is to know of it. Written and read by `find`. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 19);
	__type(key, struct key);
	__type(value, struct value);
} found SEC(".maps");

/* The least that knows a connection again: IPv4 without options, one lookup, nothing else. */
SEC("tc")
int find(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct key key = {.device = skb->ifindex};
	struct value fresh = {}, *value;
	struct iphdr *ip = data + ETH_HLEN;

	if (skb->protocol != bpf_htons(ETH_P_IP) || data + PORTS + sizeof(__u32) > end)
		return -1;
	key.source = ip->saddr;
	key.destination = ip->daddr;
	key.protocol = ip->protocol;
	key.ports = *(__u32 *)(data + PORTS);
	value = bpf_map_lookup_elem(&found, &key);
	if (!value)
		bpf_map_update_elem(&found, &key, &fresh, BPF_NOEXIST);
	else if (value->seen)
		value->seen = 0;
	return -1;
}

char licence[] SEC("license") = "Dual BSD/GPL";
