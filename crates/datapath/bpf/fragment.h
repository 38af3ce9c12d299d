/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * Datagrams in pieces: the first piece leaves its ports for the others. What comes without a
 * first piece cannot be judged.
 */
#ifndef PW_FRAGMENT_H
#define PW_FRAGMENT_H

#include "maps.h"
#include "packet.h"

static __always_inline void name_datagram(struct pw_fragment_key *key, const struct packet *packet)
{
	key->pod = packet->key.pod;
	key->peer = packet->key.peer;
	key->id = packet->fragment_id;
	key->protocol = packet->fragment_protocol;
	key->hook = packet->hook;
}

/* Called once the sender of the first piece is proved. */
PW_PROVED_ALONE int note_first_piece(const struct packet *packet)
{
	struct pw_fragment_key key = {};
	struct pw_fragment fragment = {};

	if (!packet)
		return 0;
	fragment.pod_port = packet->key.pod_port;
	fragment.peer_port = packet->key.peer_port;
	fragment.protocol = packet->key.protocol;
	fragment.icmp_type = packet->icmp_type;
	fragment.query = packet->query;
	fragment.asker = packet->key.asker;
	name_datagram(&key, packet);
	return bpf_map_update_elem(&pw_fragments, &key, &fragment, BPF_ANY);
}

/* Gives a later piece what the first one said. 0: it was not seen. */
PW_PROVED_ALONE int join_piece(struct packet *packet)
{
	struct pw_fragment_key key = {};
	struct pw_fragment *fragment;

	if (!packet)
		return 0;
	name_datagram(&key, packet);
	fragment = bpf_map_lookup_elem(&pw_fragments, &key);
	if (!fragment)
		return 0;
	packet->key.pod_port = fragment->pod_port;
	packet->key.peer_port = fragment->peer_port;
	packet->key.protocol = fragment->protocol;
	packet->key.asker = fragment->asker;
	packet->icmp_type = fragment->icmp_type;
	packet->query = fragment->query;
	if ((fragment->protocol == IPPROTO_ICMP || fragment->protocol == IPPROTO_ICMPV6) &&
	    !fragment->query)
		packet->sort = PW_STATELESS;
	return 1;
}

#endif
