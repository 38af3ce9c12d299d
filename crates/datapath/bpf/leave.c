// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0)
/*
 * What leaves the node's stack for anywhere but a local workload, at netfilter's FORWARD and
 * LOCAL_IN: after the address was rewritten and before the sender's is. The sender's side is
 * settled by what the node's conntrack says; the packet itself is not read.
 */
#include "service.h"

#define PW_NF_DROP 0
#define PW_NF_ACCEPT 1

static __always_inline __u32 segments_of(struct sk_buff *skb)
{
	struct skb_shared_info *shared = (void *)(skb->head + skb->end);
	__u16 segments = 0;

	bpf_probe_read_kernel(&segments, sizeof(segments), &shared->gso_segs);
	return segments ?: 1;
}

static __noinline int leave_first(struct sk_buff *skb)
{
	struct packet packet = {.direction = PW_EGRESS, .hook = PW_LEAVE};
	struct nat nat = {};

	if (!read_nat(skb->_nfct, &nat))
		return PW_NF_ACCEPT;
	packet.length = skb->len;
	packet.packets = segments_of(skb);
	return settle(&packet, &nat) == PW_STOP ? PW_NF_DROP : PW_NF_ACCEPT;
}

/* Nearly all packets are of connections that were answered: they cost one load. */
SEC("netfilter")
int leave(struct bpf_nf_ctx *context)
{
	struct sk_buff *skb = context->skb;

	return nfct_begins(skb->_nfct) ? leave_first(skb) : PW_NF_ACCEPT;
}
