/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * The node's own conntrack entry that a packet carries: true sender, address asked for, backend.
 * It is read only on a connection's first packets; whether it is new is one load (from 6.2 on).
 */
#ifndef PW_NAT_H
#define PW_NAT_H

#include <bpf/bpf_core_read.h>

#include "kernel.h"
#include "packet.h"

/* enum ip_conntrack_info, and the bits of `_nfct` that hold it. */
#define PW_INFO_RELATED 1
#define PW_INFO_NEW 2
#define PW_INFO_ANSWER 3
#define PW_INFO_UNTRACKED 7
#define PW_INFO_MASK 7UL
#define PW_FAMILY_V4 2

struct nat {
	struct pw_connection_key original; /* sender first, as a workload's own key */
	struct pw_address backend;	   /* where it really goes */
	__be16 backend_port;
	__u8 have;
	__u8 begins; /* 1: nothing came back yet */
	__u8 answer; /* 1: this packet is what came back */
	__u8 pad[3];
};

static __always_inline unsigned long nfct_of(struct __sk_buff *skb)
{
	unsigned long nfct = 0;

	if (pw_settings.nat == PW_NAT_CAST) {
		struct sk_buff *kernel = bpf_cast_to_kern_ctx(skb);

		return kernel->_nfct;
	}
	if (pw_settings.nat == PW_NAT_PROBE)
		bpf_probe_read_kernel(&nfct, sizeof(nfct),
				      (void *)skb + bpf_core_field_offset(struct sk_buff, _nfct));
	return nfct;
}

static __always_inline int nfct_begins(unsigned long nfct)
{
	unsigned long info = nfct & PW_INFO_MASK;

	return (nfct & ~PW_INFO_MASK) && (info == PW_INFO_NEW || info == PW_INFO_RELATED);
}

static __always_inline void tuple_address(struct pw_address *address, const __u32 *words,
					  __u16 family)
{
	if (family == PW_FAMILY_V4)
		map_v4(address, words[0]);
	else
		__builtin_memcpy(address, words, sizeof(*address));
}

PW_PROVED_ALONE int read_nat(unsigned long nfct, struct nat *nat)
{
	struct nf_conn *entry = (void *)(nfct & ~PW_INFO_MASK);
	unsigned long info = nfct & PW_INFO_MASK;
	struct nf_conntrack_tuple tuple;

	if (!nat || !entry || info == PW_INFO_UNTRACKED)
		return 0;
	if (bpf_probe_read_kernel(&tuple, sizeof(tuple), &entry->tuplehash[0].tuple))
		return 0;
	tuple_address(&nat->original.pod, tuple.source, tuple.family);
	tuple_address(&nat->original.peer, tuple.destination, tuple.family);
	nat->original.protocol = tuple.protocol;
	nat->original.pod_port = tuple.source_port;
	nat->original.peer_port = tuple.destination_port;
	if (bpf_probe_read_kernel(&tuple, sizeof(tuple), &entry->tuplehash[1].tuple))
		return 0;
	tuple_address(&nat->backend, tuple.source, tuple.family);
	nat->backend_port = tuple.source_port;
	if (tuple.protocol == IPPROTO_ICMP || tuple.protocol == IPPROTO_ICMPV6) {
		nat->original.peer_port = nat->backend_port = 0;
		nat->original.asker = PW_POD_ASKS;
	} else if (tuple.protocol != IPPROTO_TCP && tuple.protocol != IPPROTO_UDP &&
		   tuple.protocol != IPPROTO_SCTP) {
		nat->original.pod_port = nat->original.peer_port = nat->backend_port = 0;
	}
	nat->have = 1;
	nat->begins = nfct_begins(nfct);
	nat->answer = info >= PW_INFO_ANSWER;
	return 1;
}

#endif
