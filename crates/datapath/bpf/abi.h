/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * What the kernel side and user space share: every struct that stands in a map, in a ring record
 * or in the settings, and the numbers that mean the same on both sides. `src/abi.rs` mirrors it
 * and a test compares each field with the object's BTF. Everything has a fixed width and is
 * padded by hand. Ports are in network order, IPv4 addresses are IPv4-mapped. The maps that are
 * made of these structs are in `maps.h`.
 */
#ifndef PW_ABI_H
#define PW_ABI_H

#include <linux/types.h>

/* Raised with every change of a struct or of the meaning of a number. */
#define PW_LAYOUT 4

/* Directions, seen from the workload. They index the halves of a table. */
#define PW_EGRESS 0
#define PW_INGRESS 1

/* model::Verdict */
#define PW_FORWARDED 1
#define PW_WOULD_DROP 2
#define PW_DROPPED 3
#define PW_WOULD_ALLOW 4

/* model::FlowKind */
#define PW_NEW 1
#define PW_JUDGED 2
#define PW_CHANGED 3
#define PW_CLOSED 4

/* Where an event was made. */
#define PW_FROM_POD 1
#define PW_TO_POD 2
#define PW_LEAVE 3
#define PW_UPLINK 4

/* The action of a decision: its two highest bits. The rest is the rule's number, 0 for none. */
#define PW_ALLOW 0
#define PW_DENY 1
#define PW_ACTION_SHIFT 30
#define PW_RULE_MASK ((1U << PW_ACTION_SHIFT) - 1)

/* A slot's word: generation << 40 | table of E+D << 20 | table of E. Generation 0: not ready. */
#define PW_GENERATION_SHIFT 40
#define PW_BOTH_SHIFT 20
#define PW_TABLE_MASK ((1U << PW_BOTH_SHIFT) - 1)

/* Identities with a fixed meaning. */
#define PW_HOST 1
/* From 3 << 24 on: this machine, at addresses that ranges tell apart from the rest of it. */
#define PW_FIRST_HOST 50331648
#define PW_WORLD_V4 9
#define PW_WORLD_V6 10

/* How the node's own conntrack entry of a packet is read. */
#define PW_NAT_NONE 0
#define PW_NAT_CAST 1
#define PW_NAT_PROBE 2

/* Who asked in an exchange of ICMP queries: the `asker` of a connection's key. */
#define PW_NOT_QUERY 0
#define PW_POD_ASKS 1
#define PW_PEER_ASKS 2

/* The ends of a TCP connection that were seen, as bits of `ends`. */
#define PW_POD_FIN 1
#define PW_PEER_FIN 2
#define PW_RESET 4

/* One tick of `seen` and `made`: jiffies >> PW_TICK_SHIFT. */
#define PW_TICK_SHIFT 8

/* Bytes of a name that one element of a name map holds. */
#define PW_NAME_BYTES 248

struct pw_address {
	__u64 half[2];
};

/* The object's settings: `.rodata.settings`, written by the loader before it loads. */
struct pw_settings {
	__u32 nat; /* PW_NAT_* */
};

/* pw_about: what this pinned state is. */
struct pw_about {
	__u32 layout; /* PW_LAYOUT of whoever made it */
	__u32 pad;
	__u64 made; /* seconds since the epoch */
};

/* pw_devices: the slot behind the host side of a veth. */
struct pw_device {
	__u32 slot;
	__u32 pad;
};

/* pw_endpoints: where an address of a workload is. */
struct pw_endpoint {
	__u32 ifindex;
	__u32 slot;
};

/* pw_quotas: how many connections a slot may hold. Live ones are `pw_opened` less `closed`. */
struct pw_quota {
	__u64 closed; /* entries that user space deleted */
	__u32 limit;
	__u32 pad;
};

/* A run of steps in `pw_steps`. Length 0 says: allow, no rule. */
struct pw_row {
	__u32 start;
	__u32 length;
};

/* pw_tables: one policy set as one class meets it. Indexed by direction. */
struct pw_table {
	struct pw_row fallback[2];
	__u32 isolated[2]; /* 1: some policy makes the direction default-deny */
};

/* pw_rows: the row of an identity that differs from the fallback. */
struct pw_row_key {
	__u32 table;
	__u32 identity;
	__u32 direction;
};

/* pw_steps: from lane `first` on, up to the next step of the row. */
struct pw_step {
	__u32 first;	/* protocol << 16 | port in host order */
	__u32 decision; /* action << PW_ACTION_SHIFT | rule */
};

/* pw_networks: a true address range. */
struct pw_network {
	__u32 prefix; /* bits of the mapped form: 96 more for IPv4 */
	__u8 address[16];
};

/* pw_services: what a workload may connect to instead of a backend. */
struct pw_frontend {
	struct pw_address address;
	__be16 port;
	__u8 protocol;
	__u8 pad[5];
};

/* pw_services: a run of elements of pw_backends. */
struct pw_backends_of {
	__u32 first;
	__u32 count;
};

/* pw_backends: one backend. */
struct pw_backend {
	struct pw_address address;
	__be16 port;
	__u8 pad[6];
};

/* pw_connections: the end that is the workload first. Of ICMP queries, pod_port is the id. */
struct pw_connection_key {
	struct pw_address pod;
	struct pw_address peer;
	__be16 pod_port;
	__be16 peer_port;
	__u8 protocol;
	__u8 asker; /* PW_*ASKS for ICMP queries, else PW_NOT_QUERY */
	__u8 pad[2];
};

/*
 * pw_connections: one workload's side of one connection. What every packet reads stands first:
 * with the key before it that is two cache lines. What the others read is left cold.
 */
struct pw_connection {
	__u32 generation; /* it was judged under; 0: adopted and not judged yet */
	__u32 slot;
	__u32 ifindex;
	__u32 counter; /* element of pw_counters its packets are counted in */
	__u32 seen;    /* tick of the last packet that passed */
	__u8 opener;   /* direction it was opened in */
	__u8 verdict;
	__u8 pending;  /* 1: opened to a service */
	__u8 answered; /* 1: a packet came back */
	__u8 known;    /* 1: `far` holds the real other end */
	__u8 ends;     /* PW_POD_FIN, PW_PEER_FIN, PW_RESET */
	__u8 closed;   /* 1: its end was told */
	__u8 reason;
	__u32 rule;	 /* that decided, 0 for none */
	__u32 identity;	 /* of the far end when it was judged */
	__u32 made;	 /* tick of the first packet */
	__be16 far_port; /* of `far` */
	__u8 adopted;	 /* 1: user space found it open */
	__u8 guessed;	 /* 1: made from a packet that does not prove the opener */
	__u8 host;	 /* 1: the other end is this machine itself */
	__u8 icmp_type;	 /* of the query that opened it */
	__u8 pad[2];
	struct pw_address far; /* real other end: the backend, or the client behind masquerade */
};

/* pw_fragments: one datagram in pieces, at one hook. */
struct pw_fragment_key {
	struct pw_address pod;
	struct pw_address peer;
	__u32 id;
	__u8 protocol; /* as each piece names it */
	__u8 hook;
	__u8 pad[2];
};

/* pw_fragments: what the first piece said. */
struct pw_fragment {
	__be16 pod_port;
	__be16 peer_port;
	__u8 protocol;
	__u8 icmp_type;
	__u8 query; /* ICMP: 1 query, 2 answer */
	__u8 asker;
};

/* pw_counter_ids: what one counter counts. */
struct pw_counter_key {
	__u32 slot;
	__u32 rule;
	__u8 direction;
	__u8 verdict;
	__u8 reason;
	__u8 pad;
};

/* pw_counters: per CPU. */
struct pw_counter {
	__u64 packets;
	__u64 bytes;
};

/* pw_hands: per CPU. A packet let go on undecided, which is counted where it is judged. */
struct pw_hand {
	__u64 number; /* of changes: what is the same before and after a look has not changed */
	__u64 moved;  /* packets that were counted again, as something else */
	struct pw_connection_key key;
	__u32 slot; /* 0: nothing is in hand */
	__u32 packets;
	__u32 bytes;
	__u32 pad;
};

/* pw_event_counts: per CPU. Told plus lost is produced. */
struct pw_event_counts {
	__u64 told;
	__u64 lost;
	__u64 last;  /* when this CPU told one last, ktime */
	__u64 woken; /* when it last woke the reader */
};

/* A record of the ring `pw_events`. */
struct pw_event {
	__u64 time; /* ktime, nanoseconds */
	struct pw_address pod;
	struct pw_address peer;
	struct pw_address far; /* the real other end, if `known` */
	__be16 pod_port;
	__be16 peer_port;
	__be16 far_port;
	__u8 protocol;
	__u8 kind; /* PW_NEW ... PW_CLOSED */
	__u32 slot;
	__u32 generation;
	__u32 rule;
	__u32 identity;
	__u32 lane;    /* that was judged: protocol << 16 | server's port or ICMP type */
	__u32 length;  /* of the packet, bytes */
	__u32 packets; /* it stands for: segments of a large one */
	__u8 direction;
	__u8 verdict;
	__u8 reason;
	__u8 tcp_flags;
	__u8 hook;    /* PW_FROM_POD ... PW_UPLINK */
	__u8 pending; /* 1: peer is a service's address */
	__u8 known;   /* 1: far and far_port are set */
	__u8 asker;
	__u8 pad[4];
};

/* pw_rules, pw_identities, pw_slot_names: one part of the name of a number. */
struct pw_name_key {
	__u32 number;
	__u32 part; /* from 0 */
};

struct pw_name {
	__u32 parts;  /* of the whole name */
	__u32 length; /* of the text in this part, bytes */
	__u8 text[PW_NAME_BYTES];
};

#endif
