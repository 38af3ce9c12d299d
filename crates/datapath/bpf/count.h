/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * Counting, exactly: every packet a hook judges is counted once, under slot, direction, verdict,
 * reason and rule. Counters are taken at first use; what finds none is counted in 0.
 */
#ifndef PW_COUNT_H
#define PW_COUNT_H

#include "table.h"

static __always_inline void add(__u32 counter, __u32 packets, __u32 bytes)
{
	struct pw_counter *total = bpf_map_lookup_elem(&pw_counters, &counter);

	if (PW_RARE(!total))
		return;
	total->packets += packets;
	total->bytes += bytes;
}

static __always_inline void count(__u32 counter, const struct packet *packet)
{
	add(counter, packet->packets, packet->length);
}

static __always_inline __u32 new_counter(const struct pw_counter_key *key)
{
	__u32 number = 0, *other;

	if (bpf_map_pop_elem(&pw_counters_free, &number))
		return 0;
	if (!bpf_map_update_elem(&pw_counter_ids, key, &number, BPF_NOEXIST))
		return number;
	/* Another CPU was faster. */
	bpf_map_push_elem(&pw_counters_free, &number, 0);
	other = bpf_map_lookup_elem(&pw_counter_ids, key);
	return other ? *other : 0;
}

PW_PROVED_ALONE __u32 counter_of(const struct judgement *judgement)
{
	struct pw_counter_key key = {};
	__u32 *number;

	if (!judgement)
		return 0;
	key.slot = judgement->slot;
	key.rule = judgement->rule;
	key.direction = judgement->direction;
	key.verdict = judgement->verdict;
	key.reason = judgement->reason;
	number = bpf_map_lookup_elem(&pw_counter_ids, &key);
	return number ? *number : new_counter(&key);
}

#endif
