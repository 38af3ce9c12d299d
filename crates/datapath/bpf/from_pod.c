// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0)
/*
 * What a workload sends, at the ingress of its veth's host side: the source address is proved
 * before any state is written, egress is decided, or left pending where a service is asked for.
 */
#include "dissect.h"
#include "fragment.h"
#include "refuse.h"
#include "service.h"

/* Lets a packet go on that is judged, and counted, where it leaves the stack. */
static __always_inline int go_on(const struct packet *packet, __u32 slot)
{
	hold(packet, slot);
	return PW_PASS;
}

/* Keeps what cannot be judged before the backend is known. */
static __always_inline int depart_pending(struct packet *packet, struct pw_connection *made,
					  struct judgement *judgement, __u32 replaces)
{
	made->seen = made->made = tick();
	made->guessed = packet->key.protocol == IPPROTO_TCP && !is_begin(packet);
	made->generation = generation_of(judgement->word);
	if (insert(packet, made, replaces))
		return go_on(packet, made->slot);
	judge_fault(judgement, PW_REASON_NO_SLOT);
	return record(packet, judgement, made);
}

static __always_inline int depart_new(struct packet *packet, struct pw_connection *old, __u32 slot)
{
	struct pw_connection made = {
	    .opener = PW_EGRESS,
	    .slot = slot,
	    .ifindex = packet->ifindex,
	    .icmp_type = packet->icmp_type,
	};
	struct judgement judgement = {.direction = PW_EGRESS, .slot = slot};
	int service;

	judgement.word = word_of(slot);
	service = ask_service(&packet->key, &judgement, &made);
	if (service == PW_PENDING && pw_settings.nat != PW_NAT_NONE)
		return depart_pending(packet, &made, &judgement, old != 0);
	if (service == PW_NO_SERVICE) {
		made.known = 1;
		made.far = packet->key.peer;
		made.far_port = packet->key.peer_port;
		judge_connection(&judgement, &packet->key, &made);
	}
	if (!passes(judgement.verdict))
		return record(packet, &judgement, &made);
	return open(packet, &made, &judgement, old);
}

/* A packet of a connection that stands, whose short way does not hold. */
static __always_inline int depart_known(struct packet *packet, struct pw_connection *connection)
{
	struct judgement judgement = {};
	int asked = connection->opener == PW_EGRESS && connection->pending;

	if (asked && !connection->known)
		return go_on(packet, connection->slot);
	renew(packet, connection, &judgement);
	/* A stored refusal is the backend's; before an answer the node may still choose another. */
	if (asked && !connection->answered && !passes(judgement.verdict))
		return go_on(packet, connection->slot);
	return act(packet, connection, &judgement);
}

/*
 * Asking for an address by DHCP: from none to everybody, or of IPv6 from a link-local one to the
 * servers' group. A rule may allow it; it leaves no state behind that others could speak by.
 */
static __always_inline int asks_for_address(const struct packet *packet)
{
	const struct pw_connection_key *key = &packet->key;
	struct pw_address none, everybody;

	if (key->protocol != IPPROTO_UDP)
		return 0;
	map_v4(&none, 0);
	map_v4(&everybody, 0xffffffff);
	if (same_address(&key->pod, &none))
		return same_address(&key->peer, &everybody) &&
		       key->pod_port == __builtin_bswap16(68) &&
		       key->peer_port == __builtin_bswap16(67);
	return (__builtin_bswap64(key->pod.half[0]) >> 54) == 0xfe80 >> 6 &&
	       key->peer.half[0] == __builtin_bswap64(0xff02ULL << 48) &&
	       key->peer.half[1] == __builtin_bswap64(0x10002) &&
	       key->pod_port == __builtin_bswap16(546) && key->peer_port == __builtin_bswap16(547);
}

/* A source that is not the workload's own. */
static __noinline int depart_foreign(const struct packet *packet)
{
	__u32 slot = slot_behind(packet->ifindex);

	if (slot && asks_for_address(packet))
		return judge_alone(packet, slot, 0);
	return refuse(packet, PW_REASON_INVALID_SOURCE);
}

PW_PROVED_ALONE int depart(struct packet *packet, struct pw_connection *connection)
{
	__u32 slot;
	int stands;

	if (!packet)
		return PW_STOP;
	if (connection && connection->ifindex != packet->ifindex)
		connection = 0;
	stands = connection && !is_begin(packet) && !is_blind(connection);
	if (stands && packet->piece != PW_FIRST_PIECE)
		return depart_known(packet, connection);
	slot = connection ? connection->slot : slot_at(&packet->key.pod, packet->ifindex);
	if (!slot)
		return depart_foreign(packet);
	if (packet->piece == PW_FIRST_PIECE)
		note_first_piece(packet);
	if (packet->sort == PW_STATELESS || (packet->query == PW_ANSWER && !connection))
		return judge_alone(packet, slot, 0);
	if (stands)
		return depart_known(packet, connection);
	return depart_new(packet, connection, slot);
}

/* Whether a workload may speak for the address that ARP or neighbour discovery names. */
static __noinline int depart_neighbour(const struct packet *packet)
{
	const struct pw_address *own = &packet->key.pod;
	__u32 *identity;

	if (slot_at(own, packet->ifindex))
		return let_through(packet);
	identity = bpf_map_lookup_elem(&pw_addresses, own);
	/* Link-local addresses are nobody's in particular, unless they are known to be another's.
	 */
	if (packet->unspecified && !identity && !bpf_map_lookup_elem(&pw_endpoints, own))
		return let_through(packet);
	return refuse(packet, PW_REASON_INVALID_SOURCE);
}

static __noinline int depart_odd(struct __sk_buff *skb, struct packet *packet)
{
	int result = PW_PASS;

	dissect(skb, packet);
	if (packet->sort == PW_FAULT)
		return refuse(packet, packet->reason);
	if (packet->sort == PW_NEIGHBOUR)
		return depart_neighbour(packet);
	if (packet->sort == PW_ERROR) {
		if (follow_quoted(packet, &result))
			return result;
		unquote(skb, packet);
	}
	if (packet->piece == PW_LATER_PIECE && !join_piece(packet))
		return refuse(packet, PW_REASON_FRAGMENT_UNKNOWN);
	if (packet->sort == PW_STATELESS)
		return depart(packet, 0);
	return depart(packet, connection_of(packet));
}

SEC("tc")
int from_pod(struct __sk_buff *skb)
{
	struct pw_connection *connection;
	struct packet packet;

	begin(&packet, PW_EGRESS, PW_FROM_POD);
	if (PW_RARE(!parse(skb, &packet)))
		return depart_odd(skb, &packet);
	connection = connection_of(&packet);
	if (PW_RARE(!connection || !is_settled(connection, &packet)))
		return depart(&packet, connection);
	pass_on(connection, &packet, PW_EGRESS);
	return PW_PASS;
}
