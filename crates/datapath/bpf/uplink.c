// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0)
/*
 * What leaves the node by a device, at its egress: in place of `leave` where netfilter takes no
 * programs (before 6.4). The sender's address may be rewritten by now; conntrack still names it.
 */
#include "service.h"

static __always_inline int leave_by(struct __sk_buff *skb, __u32 link_header)
{
	struct packet packet = {.direction = PW_EGRESS, .hook = PW_UPLINK};
	unsigned long nfct = nfct_of(skb);
	struct nat nat = {};

	if (!nfct_begins(nfct) || !read_nat(nfct, &nat))
		return PW_PASS;
	packet.length = skb->len - link_header;
	packet.packets = skb->gso_segs ?: 1;
	return settle(&packet, &nat);
}

SEC("tc")
int uplink(struct __sk_buff *skb)
{
	return leave_by(skb, ETH_HLEN);
}

/* For devices without a link header: tunnels. */
SEC("tc")
int uplink_raw(struct __sk_buff *skb)
{
	return leave_by(skb, 0);
}
