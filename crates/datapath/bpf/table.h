/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * Tables and what they say. A slot's word names two: E decides, E+D is asked where it differs.
 * Everything about precedence was settled when the rows were made; here numbers are compared.
 */
#ifndef PW_TABLE_H
#define PW_TABLE_H

#include "maps.h"
#include "packet.h"

/* Halvings of the longest row: 2^20 steps. */
#define PW_HALVINGS 20
#define PW_DEFAULT_DENY ((__u32)PW_DENY << PW_ACTION_SHIFT)

/* What was decided of one packet, and everything it is counted and told under. */
struct judgement {
	__u64 word;
	__u32 slot;
	__u32 rule;
	__u32 identity;
	__u32 lane;
	__u8 direction;
	__u8 verdict;
	__u8 reason;
	__u8 pad[5];
};

static __always_inline __u64 word_of(__u32 slot)
{
	__u64 *word = bpf_map_lookup_elem(&pw_slots, &slot);

	return PW_RARE(!word) ? 0 : *(volatile __u64 *)word;
}

static __always_inline __u32 generation_of(__u64 word)
{
	return word >> PW_GENERATION_SHIFT;
}

static __always_inline int passes(__u8 verdict)
{
	_Static_assert(PW_WOULD_DROP == PW_FORWARDED + 1, "one comparison for both");
	return (__u8)(verdict - PW_FORWARDED) <= PW_WOULD_DROP - PW_FORWARDED;
}

/* The greatest step not above the lane. A step that is not there denies. */
static __always_inline __u32 walk(__u32 start, __u32 length, __u32 lane)
{
	__u32 low = 0, high = length;
	struct pw_step *step;

	if (!length)
		return 0;
	for (int i = 0; i < PW_HALVINGS && high - low > 1; i++) {
		__u32 middle = low + (high - low) / 2;
		__u32 index = start + middle;

		step = bpf_map_lookup_elem(&pw_steps, &index);
		if (!step)
			return PW_DEFAULT_DENY;
		if (step->first <= lane)
			low = middle;
		else
			high = middle;
	}
	start += low;
	step = bpf_map_lookup_elem(&pw_steps, &start);
	return step ? step->decision : PW_DEFAULT_DENY;
}

PW_PROVED_ALONE __u32 look_up(__u32 table, __u32 direction, __u32 identity, __u32 lane)
{
	struct pw_row_key key = {.table = table, .identity = identity, .direction = direction};
	struct pw_row *row = bpf_map_lookup_elem(&pw_rows, &key);
	struct pw_table *whole;

	if (!row) {
		whole = bpf_map_lookup_elem(&pw_tables, &table);
		if (!whole)
			return PW_DEFAULT_DENY;
		row = direction == PW_EGRESS ? &whole->fallback[0] : &whole->fallback[1];
	}
	return walk(row->start, row->length, lane);
}

static __always_inline int is_isolated(__u32 table, __u8 direction)
{
	struct pw_table *whole = bpf_map_lookup_elem(&pw_tables, &table);

	if (!whole)
		return 1;
	return direction == PW_EGRESS ? whole->isolated[0] : whole->isolated[1];
}

static __always_inline __u8 verdict_of(int stops, int would_stop)
{
	if (stops)
		return would_stop ? PW_DROPPED : PW_WOULD_ALLOW;
	return would_stop ? PW_WOULD_DROP : PW_FORWARDED;
}

/* Fills verdict, rule and reason from word, direction, identity and lane. */
static __always_inline void judge(struct judgement *judgement)
{
	__u32 enforce = judgement->word & PW_TABLE_MASK;
	__u32 both = judgement->word >> PW_BOTH_SHIFT & PW_TABLE_MASK;
	__u32 first, second, decisive;

	first = look_up(enforce, judgement->direction, judgement->identity, judgement->lane);
	second = first;
	if (both != enforce)
		second = look_up(both, judgement->direction, judgement->identity, judgement->lane);
	judgement->verdict =
	    verdict_of(first >> PW_ACTION_SHIFT != PW_ALLOW, second >> PW_ACTION_SHIFT != PW_ALLOW);
	/* Who stops it is named; of two that allow, the one that enforces, if it has a rule. */
	decisive = judgement->verdict == PW_WOULD_DROP ? second : first;
	if (judgement->verdict == PW_FORWARDED && !(first & PW_RULE_MASK))
		decisive = second;
	judgement->rule = decisive & PW_RULE_MASK;
	judgement->reason = PW_REASON_NONE;
	if (decisive >> PW_ACTION_SHIFT != PW_ALLOW)
		judgement->reason = judgement->rule ? PW_REASON_DENY_RULE : PW_REASON_DEFAULT_DENY;
}

/* A packet that no table can be asked about: it stops where E isolates, and nowhere else. */
static __always_inline void judge_fault(struct judgement *judgement, __u8 reason)
{
	__u32 enforce = judgement->word & PW_TABLE_MASK;
	__u32 both = judgement->word >> PW_BOTH_SHIFT & PW_TABLE_MASK;

	judgement->verdict = verdict_of(is_isolated(enforce, judgement->direction),
					is_isolated(both, judgement->direction));
	judgement->rule = 0;
	judgement->reason = reason;
}

static __always_inline void allow(struct judgement *judgement)
{
	judgement->verdict = PW_FORWARDED;
	judgement->reason = PW_REASON_NONE;
	judgement->rule = 0;
}

#endif
