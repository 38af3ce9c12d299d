/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * Telling user space of a packet. What finds no room in the ring is counted as lost; told plus
 * lost is everything that happened.
 */
#ifndef PW_EVENT_H
#define PW_EVENT_H

#include "table.h"

/*
 * After it was woken, and after each look that found something, the reader looks again by itself
 * (LINGER in `event.rs`, 10 ms). An event that follows another of this CPU more closely finds it
 * awake, and waking costs ten times what the event does. Now and then it is woken all the same, in
 * case it is a new reader, which knows nothing of the other event.
 */
#define PW_CLOSE_NS (8ULL * 1000 * 1000)
#define PW_ANYWAY_NS (100ULL * 1000 * 1000)

/* Wakes the reader, and notes when. */
static __noinline __u64 rouse(struct pw_event_counts *counts, const struct pw_event *event)
{
	counts->woken = event->time;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline __u64 wake(struct pw_event_counts *counts, const struct pw_event *event)
{
	__u64 before = counts->last;

	counts->last = event->time;
	if (event->time - before < PW_CLOSE_NS && event->time - counts->woken < PW_ANYWAY_NS)
		return BPF_RB_NO_WAKEUP;
	return rouse(counts, event);
}

static __always_inline void fill(struct pw_event *event, const struct packet *packet,
				 const struct judgement *judgement)
{
	event->time = bpf_ktime_get_ns();
	event->pod = packet->key.pod;
	event->peer = packet->key.peer;
	event->pod_port = packet->key.pod_port;
	event->peer_port = packet->key.peer_port;
	event->protocol = packet->key.protocol;
	event->asker = packet->key.asker;
	event->slot = judgement->slot;
	event->generation = generation_of(judgement->word);
	event->rule = judgement->rule;
	event->identity = judgement->identity;
	event->lane = judgement->lane;
	event->length = packet->length;
	event->packets = packet->packets;
	event->direction = judgement->direction;
	event->verdict = judgement->verdict;
	event->reason = judgement->reason;
	event->tcp_flags = packet->tcp_flags;
	event->hook = packet->hook;
	*(__u32 *)event->pad = 0;
}

/* `connection` may be missing; else it names the real other end. */
PW_PROVED_ALONE int tell(__u32 kind, const struct packet *packet, const struct judgement *judgement,
			 const struct pw_connection *connection)
{
	struct pw_event *event;
	struct pw_event_counts *counts;
	__u32 zero = 0;

	counts = bpf_map_lookup_elem(&pw_event_counts, &zero);
	if (!counts || !packet || !judgement)
		return 0;
	event = bpf_ringbuf_reserve(&pw_events, sizeof(*event), 0);
	if (!event) {
		counts->lost++;
		return 0;
	}
	fill(event, packet, judgement);
	event->kind = kind;
	event->pending = event->known = event->far_port = 0;
	event->far.half[0] = event->far.half[1] = 0;
	if (connection) {
		event->pending = connection->pending;
		event->known = connection->known;
		event->far_port = connection->far_port;
		event->far = connection->far;
	}
	counts->told++;
	bpf_ringbuf_submit(event, wake(counts, event));
	return 0;
}

/* New or Judged: whether a first packet met something that stops it, or would. */
static __always_inline __u32 kind_of(__u8 verdict)
{
	return verdict == PW_FORWARDED ? PW_NEW : PW_JUDGED;
}

#endif
