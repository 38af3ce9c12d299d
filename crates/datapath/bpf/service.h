/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * Services. A packet to a service's address passes as pending if some backend may be reached;
 * where it leaves the stack, the node's own conntrack entry names the backend, and there the
 * sender's side is settled. A backend that is stored speaks for its own connection alone.
 */
#ifndef PW_SERVICE_H
#define PW_SERVICE_H

#include "connection.h"
#include "nat.h"

/* Backends that are asked; a service with more passes as pending, and is settled as exactly. */
#define PW_BACKENDS 64

enum pw_service { PW_NO_SERVICE, PW_PENDING, PW_REFUSED };

/* Judges one backend into `judgement`. */
static __always_inline void judge_backend(struct judgement *judgement, __u32 index, __u8 protocol,
					  struct pw_connection *made)
{
	struct pw_backend *backend = bpf_map_lookup_elem(&pw_backends, &index);

	if (!backend)
		return;
	made->far = backend->address;
	made->far_port = backend->port;
	judgement->identity = identify(&backend->address);
	judgement->lane = (__u32)protocol << 16 | __builtin_bswap16(backend->port);
	judge(judgement);
}

/*
 * What a packet to this address is: to a service at all, and whether any backend may be reached;
 * without sight of the node's conntrack all must be. A refusal names the backend that gave it.
 */
PW_PROVED_ALONE int ask_service(const struct pw_connection_key *key, struct judgement *judgement,
				struct pw_connection *made)
{
	int blind = pw_settings.nat == PW_NAT_NONE;
	struct pw_frontend frontend = {};
	struct pw_backends_of *backends;
	__u32 first, count;

	if (!key || !judgement || !made)
		return PW_NO_SERVICE;
	frontend.address = key->peer;
	frontend.port = key->peer_port;
	frontend.protocol = key->protocol;
	backends = bpf_map_lookup_elem(&pw_services, &frontend);
	if (!backends)
		return PW_NO_SERVICE;
	first = backends->first;
	count = backends->count;
	made->pending = 1;
	if (!count || count > PW_BACKENDS)
		return PW_PENDING;
	for (__u32 i = 0; i < PW_BACKENDS && i < count; i++) {
		/* From the last to the first, so that the first is the one a refusal names. */
		judge_backend(judgement, first + count - 1 - i, key->protocol, made);
		if (same_address(&made->far, &key->pod))
			allow(judgement);
		if (passes(judgement->verdict) != blind)
			break;
	}
	if (!passes(judgement->verdict)) {
		made->known = 1;
		return PW_REFUSED;
	}
	return PW_PENDING;
}

/* Stores the backend, judges it, tells of it. */
static __always_inline void settle_backend(struct packet *sender, struct pw_connection *connection,
					   const struct nat *nat, struct judgement *judgement)
{
	connection->far = nat->backend;
	connection->far_port = nat->backend_port;
	connection->known = connection->pending = 1;
	connection->answered = 0;
	judgement->word = word_of(connection->slot);
	judge_connection(judgement, &sender->key, connection);
	keep(connection, judgement);
	tell(kind_of(judgement->verdict), sender, judgement, connection);
}

/* Whether `from_pod` lets the packets of this connection go on undecided. */
static __always_inline int is_undecided(const struct pw_connection *connection)
{
	return connection->pending &&
	       (!connection->known || (!connection->answered && !passes(connection->verdict)));
}

static __always_inline int settle_sender(struct packet *sender, const struct nat *nat)
{
	struct pw_connection *connection = connection_of(sender);
	struct judgement judgement = {};
	int undecided;
	__u32 before;

	if (!connection || connection->opener != PW_EGRESS)
		return PW_PASS;
	undecided = is_undecided(connection);
	before = connection->counter;
	if (!connection->known || connection->far_port != nat->backend_port ||
	    !same_address(&connection->far, &nat->backend))
		settle_backend(sender, connection, nat, &judgement);
	else if (connection->pending)
		renew(sender, connection, &judgement);
	else
		/* `from_pod` has judged and counted this very backend. */
		return PW_PASS;
	if (count_held(connection->counter, &sender->key))
		return passes(judgement.verdict) ? PW_PASS : PW_STOP;
	/* It was counted on its way here: as what the connection was until now, or as let pass. */
	if (!undecided)
		count_instead(before, connection->counter, sender);
	else if (!passes(judgement.verdict))
		count_instead(counter_let_pass(connection->slot), connection->counter, sender);
	return passes(judgement.verdict) ? PW_PASS : PW_STOP;
}

/*
 * Settles the sender's side of a packet that begins a connection, where it leaves the stack.
 * Only a connection that `from_pod` has proved can be settled: a spoofed packet finds none.
 */
PW_PROVED_ALONE int settle(struct packet *packet, const struct nat *nat)
{
	struct pw_connection_key kept;
	__u8 direction;
	int result;

	if (!packet || !nat)
		return PW_PASS;
	kept = packet->key;
	direction = packet->direction;
	packet->key = nat->original;
	packet->direction = PW_EGRESS;
	result = settle_sender(packet, nat);
	packet->key = kept;
	packet->direction = direction;
	return result;
}

#endif
