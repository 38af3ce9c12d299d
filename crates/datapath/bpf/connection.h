/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * Connections: the cached verdict that all but the first packet take, its renewal under another
 * generation, insertion under a quota, and the end of a TCP connection.
 */
#ifndef PW_CONNECTION_H
#define PW_CONNECTION_H

#include "event.h"
#include "hand.h"
#include "identity.h"

/* EEXIST: what an insertion says that comes second. */
#define PW_EXISTS 17

static __always_inline __u32 tick(void)
{
	return bpf_jiffies64() >> PW_TICK_SHIFT;
}

static __always_inline struct pw_connection *connection_of(const struct packet *packet)
{
	return bpf_map_lookup_elem(&pw_connections, &packet->key);
}

static __always_inline int is_fresh(const struct pw_connection *connection)
{
	return connection->generation &&
	       connection->generation == generation_of(word_of(connection->slot));
}

/* A packet of a connection that may pass goes on: nothing here is slow. */
static __always_inline void pass_on(struct pw_connection *connection, const struct packet *packet,
				    __u8 direction)
{
	__u32 now = tick();

	if (PW_RARE(connection->seen != now))
		connection->seen = now;
	if (PW_RARE(!connection->answered) && connection->opener != direction)
		connection->answered = 1;
	count(connection->counter, packet);
}

/* The ends of a TCP connection that are known once this packet has passed. */
static __always_inline __u8 ends_after(const struct packet *packet,
				       const struct pw_connection *connection)
{
	__u8 ends = connection->ends;

	if (packet->tcp_flags & PW_FIN)
		ends |= packet->direction == PW_EGRESS ? PW_POD_FIN : PW_PEER_FIN;
	if (packet->tcp_flags & PW_RST)
		ends |= PW_RESET;
	return ends;
}

/* FIN of both ends, or a reset. */
static __always_inline int is_over(__u8 ends)
{
	return (ends & PW_RESET) ||
	       (ends & (PW_POD_FIN | PW_PEER_FIN)) == (PW_POD_FIN | PW_PEER_FIN);
}

/* Whether flags ask for the long way: they begin a connection, or its end is to be told. */
static __noinline int is_turn(struct pw_connection *connection, const struct packet *packet)
{
	__u8 ends;

	if (packet->tcp_flags & PW_SYN)
		return !(packet->tcp_flags & PW_ACK);
	ends = ends_after(packet, connection);
	if (is_over(ends) && !connection->closed)
		return 1;
	connection->ends = ends;
	return 0;
}

/* Whether the short way holds: a packet of a connection judged under this generation. */
static __always_inline int is_settled(struct pw_connection *connection, const struct packet *packet)
{
	if (PW_RARE(connection->ifindex != packet->ifindex || !passes(connection->verdict)))
		return 0;
	if (PW_RARE(connection->pending) && PW_RARE(!connection->answered || !connection->known))
		return 0;
	if (PW_RARE(!is_fresh(connection)))
		return 0;
	if (PW_RARE(packet->tcp_flags & (PW_SYN | PW_FIN | PW_RST)))
		return !is_turn(connection, packet);
	return 1;
}

/*
 * A connection to a service whose backend will never be known, as the node's conntrack cannot be
 * read: all backends were asked, and each packet of the workload asks them again.
 */
static __always_inline int is_blind(const struct pw_connection *connection)
{
	return pw_settings.nat == PW_NAT_NONE && connection->pending && !connection->known;
}

/* The lane of a connection: the server's port, or the type of the query. */
static __always_inline __u32 lane_of(const struct pw_connection_key *key,
				     const struct pw_connection *connection)
{
	__u32 lane = (__u32)key->protocol << 16;
	__be16 port = key->pod_port;

	if (key->asker)
		return lane | connection->icmp_type;
	if (connection->opener == PW_EGRESS)
		port = connection->known ? connection->far_port : key->peer_port;
	return lane | __builtin_bswap16(port);
}

/* Judges a connection as it stands, in the direction it was opened in. */
PW_PROVED_ALONE int judge_connection(struct judgement *judgement,
				     const struct pw_connection_key *key,
				     const struct pw_connection *connection)
{
	struct pw_address far;

	if (!judgement || !key || !connection)
		return 0;
	far = connection->known ? connection->far : key->peer;
	judgement->slot = connection->slot;
	judgement->direction = connection->opener;
	judgement->lane = lane_of(key, connection);
	if (connection->opener == PW_INGRESS)
		judgement->identity = identify_sender(&far, connection->host);
	else
		judgement->identity = identify(&far);
	/* A workload may always reach itself. */
	if (same_address(&far, &key->pod))
		allow(judgement);
	else if (!generation_of(judgement->word))
		judge_fault(judgement, PW_REASON_NOT_READY);
	else
		judge(judgement);
	return 0;
}

/* Writes what was decided. The generation comes last: it is what makes the rest count. */
static __always_inline void keep(struct pw_connection *connection,
				 const struct judgement *judgement)
{
	connection->counter = counter_of(judgement);
	connection->rule = judgement->rule;
	connection->identity = judgement->identity;
	connection->reason = judgement->reason;
	connection->verdict = judgement->verdict;
	*(volatile __u32 *)&connection->generation = generation_of(judgement->word);
}

/* What is cached, in the form of a judgement. */
static __always_inline void recall(struct judgement *judgement, const struct packet *packet,
				   const struct pw_connection *connection)
{
	judgement->slot = connection->slot;
	judgement->rule = connection->rule;
	judgement->identity = connection->identity;
	judgement->direction = connection->opener;
	judgement->verdict = connection->verdict;
	judgement->reason = connection->reason;
	judgement->lane = lane_of(&packet->key, connection);
}

/* Judges again what was judged under another generation, and tells if the result differs. */
PW_PROVED_ALONE int renew(struct packet *packet, struct pw_connection *connection,
			  struct judgement *judgement)
{
	__u8 before;

	if (!packet || !connection || !judgement)
		return 0;
	before = connection->verdict;
	judgement->word = word_of(connection->slot);
	if (connection->generation && connection->generation == generation_of(judgement->word)) {
		recall(judgement, packet, connection);
		return 0;
	}
	judge_connection(judgement, &packet->key, connection);
	keep(connection, judgement);
	if (!before)
		tell(kind_of(judgement->verdict), packet, judgement, connection);
	else if (before != judgement->verdict)
		tell(PW_CHANGED, packet, judgement, connection);
	return 0;
}

/* The end is told once. A new packet without flags reopens nothing. */
static __always_inline void note_end(const struct packet *packet, struct pw_connection *connection,
				     const struct judgement *judgement)
{
	connection->ends = ends_after(packet, connection);
	if (connection->closed || !is_over(connection->ends))
		return;
	connection->closed = 1;
	tell(PW_CLOSED, packet, judgement, connection);
}

/* Acts on a connection that stands: counts, and lets pass or stops. */
PW_PROVED_ALONE int act(struct packet *packet, struct pw_connection *connection,
			struct judgement *judgement)
{
	if (!packet || !connection || !judgement)
		return PW_STOP;
	if (!passes(judgement->verdict)) {
		count(connection->counter, packet);
		return PW_STOP;
	}
	pass_on(connection, packet, packet->direction);
	if (packet->tcp_flags & (PW_FIN | PW_RST))
		note_end(packet, connection, judgement);
	return PW_PASS;
}

/* Whether the slot may hold one more. */
static __always_inline int has_room(__u32 slot)
{
	struct pw_quota *quota = bpf_map_lookup_elem(&pw_quotas, &slot);
	__u64 *opened = bpf_map_lookup_elem(&pw_opened, &slot);

	return quota && opened && (__s64)(*opened - quota->closed) < (__s64)quota->limit;
}

/* Inserts, or writes over what stands there. 0: there is no room. */
PW_PROVED_ALONE int insert(const struct packet *packet, const struct pw_connection *connection,
			   __u32 replaces)
{
	const void *key;
	__u64 *opened;
	__u32 slot;
	long error;

	if (!packet || !connection)
		return 0;
	key = &packet->key;
	slot = connection->slot;
	if (replaces && !bpf_map_update_elem(&pw_connections, key, connection, BPF_EXIST))
		return 1;
	if (!has_room(slot))
		return 0;
	error = bpf_map_update_elem(&pw_connections, key, connection, BPF_NOEXIST);
	/* Another CPU was faster, or the address was another workload's: both are counted. */
	if (error == -PW_EXISTS)
		return !bpf_map_update_elem(&pw_connections, key, connection, BPF_EXIST);
	opened = bpf_map_lookup_elem(&pw_opened, &slot);
	if (error || !opened)
		return 0;
	__sync_fetch_and_add(opened, 1);
	return 1;
}

/* Counts and tells a packet that leaves no connection behind. */
PW_PROVED_ALONE int record(const struct packet *packet, const struct judgement *judgement,
			   const struct pw_connection *connection)
{
	if (!packet || !judgement)
		return PW_STOP;
	count(counter_of(judgement), packet);
	if (judgement->verdict != PW_FORWARDED || judgement->reason)
		tell(PW_JUDGED, packet, judgement, connection);
	return passes(judgement->verdict) ? PW_PASS : PW_STOP;
}

/* Keeps a new connection that was judged and may pass; counts and tells its first packet. */
PW_PROVED_ALONE int open(struct packet *packet, struct pw_connection *made,
			 struct judgement *judgement, struct pw_connection *old)
{
	int again;

	if (!packet || !made || !judgement)
		return PW_STOP;
	/* The same first packet once more is no other connection. */
	again = old && is_blind(old) && !is_begin(packet);
	again |= old && old->opener == made->opener && !old->answered && !old->ends &&
		 old->verdict == judgement->verdict;

	made->slot = judgement->slot;
	made->ifindex = packet->ifindex;
	made->seen = made->made = tick();
	made->icmp_type = packet->icmp_type;
	made->guessed = packet->key.protocol == IPPROTO_TCP && !is_begin(packet);
	keep(made, judgement);
	if (!insert(packet, made, old != 0)) {
		judge_fault(judgement, PW_REASON_NO_SLOT);
		return record(packet, judgement, made);
	}
	count(made->counter, packet);
	if (!again)
		tell(kind_of(judgement->verdict), packet, judgement, made);
	return PW_PASS;
}

#endif
