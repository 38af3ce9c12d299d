/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * What a CPU has in hand: a packet that `from_pod` let go on undecided. From there to where it
 * leaves the stack it stays on one CPU, and nothing else runs between. Who judges it there takes
 * it and counts it; what nobody took was let pass and is counted so when the next one comes.
 * User space adds what it finds still lying there. So each packet is counted once.
 */
#ifndef PW_HAND_H
#define PW_HAND_H

#include "count.h"

static __always_inline struct pw_hand *hand(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pw_hands, &zero);
}

static __always_inline int is_of(const struct pw_hand *hand, const struct pw_connection_key *key)
{
	return same_address(&hand->key.pod, &key->pod) &&
	       same_address(&hand->key.peer, &key->peer) && hand->key.pod_port == key->pod_port &&
	       hand->key.peer_port == key->peer_port && hand->key.protocol == key->protocol &&
	       hand->key.asker == key->asker;
}

/* The counter of what was let pass and of which no more is known. */
static __always_inline __u32 counter_let_pass(__u32 slot)
{
	struct judgement judgement = {.slot = slot, .direction = PW_EGRESS};

	allow(&judgement);
	return counter_of(&judgement);
}

/* Takes a packet in hand. The pieces of a datagram, which the stack puts together, are one. */
PW_PROVED_ALONE int hold(const struct packet *packet, __u32 slot)
{
	struct pw_hand *held = hand();

	if (!held || !packet)
		return 0;
	held->number++;
	if (held->slot && packet->piece == PW_LATER_PIECE && is_of(held, &packet->key)) {
		held->packets += packet->packets;
		held->bytes += packet->length;
		return 0;
	}
	if (held->slot)
		add(counter_let_pass(held->slot), held->packets, held->bytes);
	held->key = packet->key;
	held->packets = packet->packets;
	held->bytes = packet->length;
	held->slot = slot;
	return 0;
}

/* Counts a packet where it was judged, if this CPU has it in hand. 0: it was counted before. */
static __always_inline int count_held(__u32 counter, const struct pw_connection_key *key)
{
	struct pw_hand *held = hand();

	if (!held || !held->slot || !is_of(held, key))
		return 0;
	held->number++;
	held->slot = 0;
	add(counter, held->packets, held->bytes);
	return 1;
}

/* A packet that was counted as one thing turns out to be another. */
static __always_inline void count_instead(__u32 before, __u32 counter, const struct packet *packet)
{
	struct pw_counter *total = bpf_map_lookup_elem(&pw_counters, &before);
	struct pw_hand *held = hand();

	if (before == counter || !total || !held)
		return;
	held->moved++;
	/* On another CPU's account if need be: it is the sum over all that is right. */
	total->packets -= packet->packets;
	total->bytes -= packet->length;
	count(counter, packet);
}

#endif
