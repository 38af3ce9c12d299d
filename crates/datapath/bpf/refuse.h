/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * Packets that belong to no connection: what is wrong with them, or what their type says, is
 * judged by itself and leaves no state.
 */
#ifndef PW_REFUSE_H
#define PW_REFUSE_H

#include "connection.h"

static __always_inline __u32 lane_alone(const struct packet *packet)
{
	__be16 port = packet->direction == PW_EGRESS ? packet->key.peer_port : packet->key.pod_port;

	if (packet->key.protocol == IPPROTO_ICMP || packet->key.protocol == IPPROTO_ICMPV6)
		return (__u32)packet->key.protocol << 16 | packet->icmp_type;
	return (__u32)packet->key.protocol << 16 | __builtin_bswap16(port);
}

/* Something is wrong with it. It is the device that says whose packet it is. */
PW_PROVED_ALONE int refuse(const struct packet *packet, __u8 reason)
{
	struct judgement judgement = {};

	if (!packet)
		return PW_STOP;
	judgement.direction = packet->direction;
	judgement.slot = slot_behind(packet->ifindex);
	if (!judgement.slot)
		return PW_PASS;
	judgement.word = word_of(judgement.slot);
	judgement.lane = lane_alone(packet);
	judge_fault(&judgement, reason);
	return record(packet, &judgement, 0);
}

/* Nothing is wrong with it, and it begins nothing. */
PW_PROVED_ALONE int judge_alone(const struct packet *packet, __u32 slot, __u8 host)
{
	struct judgement judgement = {.slot = slot};

	if (!packet)
		return PW_STOP;
	judgement.direction = packet->direction;
	judgement.word = word_of(slot);
	judgement.lane = lane_alone(packet);
	if (packet->direction == PW_INGRESS)
		judgement.identity = identify_sender(&packet->key.peer, host);
	else
		judgement.identity = identify(&packet->key.peer);
	if (!generation_of(judgement.word))
		judge_fault(&judgement, PW_REASON_NOT_READY);
	else
		judge(&judgement);
	return record(packet, &judgement, 0);
}

/* ARP and neighbour discovery in order: counted as any packet, judged by nobody. */
PW_PROVED_ALONE int let_through(const struct packet *packet)
{
	struct judgement judgement = {};

	if (!packet)
		return PW_STOP;
	judgement.direction = packet->direction;
	judgement.slot = slot_behind(packet->ifindex);
	if (!judgement.slot)
		return PW_PASS;
	judgement.word = word_of(judgement.slot);
	allow(&judgement);
	return record(packet, &judgement, 0);
}

/* An ICMP error goes where the connection goes that it quotes. 1: there is one, see `*result`. */
static __always_inline int follow_quoted(struct packet *packet, int *result)
{
	struct pw_connection *connection = connection_of(packet);
	struct judgement judgement = {};

	if (!connection || connection->ifindex != packet->ifindex)
		return 0;
	/* Nobody has decided yet where a service leads; what comes back from there is judged later.
	 */
	if (connection->pending && !connection->known)
		return 0;
	renew(packet, connection, &judgement);
	count(connection->counter, packet);
	*result = passes(judgement.verdict) ? PW_PASS : PW_STOP;
	return 1;
}

#endif
