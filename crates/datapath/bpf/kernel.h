/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * The kernel's own structs, as far as the hooks read them. Offsets are relocated at load, so the
 * order and the missing members do not matter; only `nf_conntrack_tuple` is copied whole.
 */
#ifndef PW_KERNEL_H
#define PW_KERNEL_H

#include <linux/types.h>

#define PW_RELOCATED __attribute__((preserve_access_index))

struct skb_shared_info {
	unsigned short gso_segs;
} PW_RELOCATED;

struct sk_buff {
	unsigned int len;
	unsigned int end;
	unsigned char *head;
	unsigned long _nfct;
} PW_RELOCATED;

struct bpf_nf_ctx {
	struct sk_buff *skb;
} PW_RELOCATED;

struct nf_conntrack_tuple {
	__u32 source[4];
	__be16 source_port;
	__u16 family;
	__u32 destination[4];
	__be16 destination_port;
	__u8 protocol;
	__u8 direction;
};

struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
} PW_RELOCATED;

struct nf_conn {
	struct nf_conntrack_tuple_hash tuplehash[2];
} PW_RELOCATED;

/* Since 6.2. Without it the loader sets another way to read (PW_NAT_*), and no call is left. */
extern void *bpf_cast_to_kern_ctx(void *context) __ksym __weak;

#endif
