// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0)
/*
 * The floor of every measurement: a hook that only lets pass. And a wrapper that gives each run of
 * one frame the ports of another connection before it hands the frame on, so that no run finds
 * what the last one left in the processor's caches.
 */
#include <linux/bpf.h>
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

__u32 number;

SEC("tc")
int empty(struct __sk_buff *skb)
{
	return -1;
}

SEC("tc")
int wrap(struct __sk_buff *skb)
{
	/* An odd stride visits all 2^17 connections, neighbours never in turn. */
	__u32 at = number += 40503;
	__u16 ports[2] = {
	    at & 0xffff,
	    at & 0x10000 ? bpf_htons(SECOND_PORT) : bpf_htons(FIRST_PORT),
	};

	bpf_skb_store_bytes(skb, PORTS, ports, sizeof(ports), 0);
	bpf_tail_call(skb, &next, 0);
	return -1;
}

char licence[] SEC("license") = "Dual BSD/GPL";
