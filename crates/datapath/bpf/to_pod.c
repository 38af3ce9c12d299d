// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0)
/*
 * What a workload is sent, at the egress of its veth's host side: a local sender that is still
 * pending is settled, ingress is decided by the original sender, and an answer through a service
 * names the backend at the latest.
 */
#include "dissect.h"
#include "fragment.h"
#include "refuse.h"
#include "service.h"

/* Addresses that send nothing: loopback, multicast, broadcast, and the workload's own. */
static __always_inline int is_no_sender(const struct pw_address *address)
{
	__u8 first;

	if (!is_v4(address))
		return (address->half[0] & 0xff) == 0xff ||
		       (!address->half[0] && address->half[1] == 1ULL << 56);
	first = address->half[1] >> 32;
	return first == 127 || first >= 224;
}

/* The answer to what the workload opened. */
PW_PROVED_ALONE int arrive_answer(struct packet *packet, struct pw_connection *connection,
				  const struct nat *nat)
{
	struct judgement judgement = {};

	if (!packet || !connection || !nat)
		return PW_STOP;
	connection->answered = 1;
	if (is_blind(connection)) {
		recall(&judgement, packet, connection);
		return act(packet, connection, &judgement);
	}
	if (connection->pending && !connection->known) {
		/* Nobody saw where it went: what the node remembers, else what the packet says. */
		connection->far = nat->answer ? nat->backend : packet->key.peer;
		connection->far_port = nat->answer ? nat->backend_port : packet->key.peer_port;
		connection->known = 1;
		judgement.word = word_of(connection->slot);
		judge_connection(&judgement, &packet->key, connection);
		keep(connection, &judgement);
		tell(kind_of(judgement.verdict), packet, &judgement, connection);
	}
	renew(packet, connection, &judgement);
	return act(packet, connection, &judgement);
}

static __always_inline int arrive_known(struct packet *packet, struct pw_connection *connection)
{
	struct judgement judgement = {};

	renew(packet, connection, &judgement);
	return act(packet, connection, &judgement);
}

/* Judges what comes in by its original sender. `host`: this machine made it. */
PW_PROVED_ALONE int arrive_new(struct packet *packet, struct pw_connection *old,
			       const struct nat *nat, __u32 host)
{
	struct pw_connection made = {.opener = PW_INGRESS, .known = 1, .host = host};
	struct judgement judgement = {.direction = PW_INGRESS};
	int begins;

	if (!packet || !nat)
		return PW_STOP;
	begins = nat->have && !nat->answer;
	made.far = begins ? nat->original.pod : packet->key.peer;
	made.far_port = begins ? nat->original.pod_port : packet->key.peer_port;
	if (old && old->opener == PW_INGRESS && !is_begin(packet) &&
	    old->far_port == made.far_port && same_address(&old->far, &made.far))
		return arrive_known(packet, old);
	if (!begins && same_address(&packet->key.peer, &packet->key.pod))
		return refuse(packet, PW_REASON_INVALID_SOURCE);
	made.slot = old ? old->slot : slot_at(&packet->key.pod, packet->ifindex);
	made.icmp_type = packet->icmp_type;
	judgement.word = word_of(made.slot);
	judge_connection(&judgement, &packet->key, &made);
	if (!passes(judgement.verdict))
		return record(packet, &judgement, &made);
	return open(packet, &made, &judgement, old);
}

/* Whether the node's conntrack knows that the workload opened what this packet answers. */
static __always_inline int answers_own(const struct packet *packet, const struct nat *nat)
{
	const struct pw_connection_key *key = &packet->key;

	return nat->answer && packet->sort == PW_FLOW && !is_begin(packet) && !key->asker &&
	       same_address(&nat->original.pod, &key->pod) &&
	       same_address(&nat->original.peer, &key->peer) &&
	       nat->original.pod_port == key->pod_port && nat->original.peer_port == key->peer_port;
}

/*
 * An answer to a connection that is not known here: it began before there were hooks, or was over
 * and is forgotten. It is judged as what the workload opened, with its backend.
 */
PW_PROVED_ALONE int arrive_forgotten(struct packet *packet, const struct nat *nat, __u32 slot)
{
	struct pw_connection made = {.opener = PW_EGRESS, .known = 1, .answered = 1};
	struct judgement judgement = {.direction = PW_EGRESS};

	if (!packet || !nat)
		return PW_STOP;
	made.far = nat->backend;
	made.far_port = nat->backend_port;
	made.pending =
	    !same_address(&made.far, &packet->key.peer) || made.far_port != packet->key.peer_port;
	made.slot = slot;
	judgement.word = word_of(slot);
	judge_connection(&judgement, &packet->key, &made);
	if (!passes(judgement.verdict))
		return record(packet, &judgement, &made);
	return open(packet, &made, &judgement, 0);
}

/* Multicast, broadcast, messages without a connection: by themselves. */
static __always_inline int arrive_alone(const struct packet *packet, __u32 host)
{
	__u32 slot = slot_at(&packet->key.pod, packet->ifindex) ?: slot_behind(packet->ifindex);

	return slot ? judge_alone(packet, slot, host) : PW_PASS;
}

PW_PROVED_ALONE int arrive(struct packet *packet, struct pw_connection *connection,
			   unsigned long nfct, __u32 host)
{
	struct nat nat = {};
	__u32 slot;

	if (!packet)
		return PW_STOP;
	if (connection && connection->ifindex != packet->ifindex)
		connection = 0;
	read_nat(nfct, &nat);
	if (packet->piece == PW_FIRST_PIECE)
		note_first_piece(packet);
	if (connection && !is_begin(packet)) {
		if (connection->opener == PW_EGRESS)
			return arrive_answer(packet, connection, &nat);
		if (!nat.begins)
			return arrive_known(packet, connection);
	}
	if (nat.begins && settle(packet, &nat) == PW_STOP)
		return PW_STOP;
	if (is_no_sender(&packet->key.peer))
		return refuse(packet, PW_REASON_INVALID_SOURCE);
	slot = connection ? connection->slot : slot_at(&packet->key.pod, packet->ifindex);
	if (!connection && (packet->query == PW_ANSWER || !slot))
		return arrive_alone(packet, host);
	if (!connection && answers_own(packet, &nat))
		return arrive_forgotten(packet, &nat, slot);
	return arrive_new(packet, connection, &nat, host);
}

static __noinline int arrive_odd(struct __sk_buff *skb, struct packet *packet, unsigned long nfct)
{
	__u32 host = !skb->ingress_ifindex;
	int result = PW_PASS;

	dissect(skb, packet);
	if (packet->sort == PW_FAULT)
		return refuse(packet, packet->reason);
	if (packet->sort == PW_NEIGHBOUR)
		return let_through(packet);
	if (packet->sort == PW_ERROR) {
		if (follow_quoted(packet, &result))
			return result;
		unquote(skb, packet);
	}
	if (packet->piece == PW_LATER_PIECE && !join_piece(packet))
		return refuse(packet, PW_REASON_FRAGMENT_UNKNOWN);
	if (packet->sort != PW_STATELESS)
		return arrive(packet, connection_of(packet), nfct, host);
	if (packet->piece == PW_FIRST_PIECE)
		note_first_piece(packet);
	return arrive_alone(packet, host);
}

/*
 * Whether the client behind a masqueraded port may be another one by now. Where looking is dear, an
 * answered connection is believed.
 */
static __always_inline int may_be_another(struct __sk_buff *skb,
					  const struct pw_connection *connection)
{
	if (connection->opener == PW_EGRESS)
		return 0;
	if (pw_settings.nat != PW_NAT_CAST && connection->answered)
		return 0;
	return nfct_begins(nfct_of(skb));
}

SEC("tc")
int to_pod(struct __sk_buff *skb)
{
	struct pw_connection *connection;
	struct packet packet;

	begin(&packet, PW_INGRESS, PW_TO_POD);
	if (PW_RARE(!parse(skb, &packet)))
		return arrive_odd(skb, &packet, nfct_of(skb));
	connection = connection_of(&packet);
	if (PW_RARE(!connection || !is_settled(connection, &packet) ||
		    may_be_another(skb, connection)))
		return arrive(&packet, connection, nfct_of(skb), !skb->ingress_ifindex);
	pass_on(connection, &packet, PW_INGRESS);
	return PW_PASS;
}
