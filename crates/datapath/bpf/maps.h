/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * All maps: of each its key, value, who writes, who reads, who deletes. "Loader" is user space.
 * Sizes here are defaults; the loader sets them before it loads. All are pinned.
 */
#ifndef PW_MAPS_H
#define PW_MAPS_H

#include "abi.h"

/* 0 -> layout. Written once by the loader that makes the pins, read by every later one first. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pw_about);
} pw_about SEC(".maps");

/* Slot -> its word. Written by the loader with one store, read by every hook once a packet. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} pw_slots SEC(".maps");

/* Slot -> what it may hold, and what was given back. Written by the loader, read on insertion. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct pw_quota);
} pw_quotas SEC(".maps");

/* Slot -> connections it ever inserted. Written by the hooks, read by them and the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} pw_opened SEC(".maps");

/* Table -> fallbacks and isolation. Written by the loader before a slot names the table. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct pw_table);
} pw_tables SEC(".maps");

/* Table, identity, direction -> row. Written and deleted by the loader, read on judgement. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__type(key, struct pw_row_key);
	__type(value, struct pw_row);
} pw_rows SEC(".maps");

/* Index -> step. Written by the loader before a row names it, read on judgement. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1048576);
	__type(key, __u32);
	__type(value, struct pw_step);
} pw_steps SEC(".maps");

/* Exact address -> identity. Written and deleted by the loader, read on judgement. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, struct pw_address);
	__type(value, __u32);
} pw_addresses SEC(".maps");

/* Address range -> identity. Written and deleted by the loader, read when no address matches. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct pw_network);
	__type(value, __u32);
} pw_networks SEC(".maps");

/* Interface -> slot. Written and deleted by the loader, read for packets without a connection. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct pw_device);
} pw_devices SEC(".maps");

/* Workload's address -> interface and slot. Written and deleted by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct pw_address);
	__type(value, struct pw_endpoint);
} pw_endpoints SEC(".maps");

/* Service address, port, protocol -> backends. Written and deleted by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct pw_frontend);
	__type(value, struct pw_backends_of);
} pw_services SEC(".maps");

/* Index -> backend. Written by the loader before a service names it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct pw_backend);
} pw_backends SEC(".maps");

/*
 * Connection -> what was decided. Inserted and changed by the hooks, inserted by the loader when
 * it adopts; deleted by the loader alone, which then adds to the slot's `closed`.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__type(key, struct pw_connection_key);
	__type(value, struct pw_connection);
} pw_connections SEC(".maps");

/*
 * Datagram in pieces -> ports. Written by the first piece, read by the others; the oldest makes
 * room. Losing one stops a datagram, it lets nothing pass.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct pw_fragment_key);
	__type(value, struct pw_fragment);
} pw_fragments SEC(".maps");

/*
 * Slot, rule, direction, verdict, reason -> counter. Inserted by the hooks; deleted by the loader
 * when the slot is nobody's any more and what it counted was read.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, struct pw_counter_key);
	__type(value, __u32);
} pw_counter_ids SEC(".maps");

/* Counters that count nothing yet. Filled by the loader, taken from by the hooks. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 32768);
	__type(value, __u32);
} pw_counters_free SEC(".maps");

/* Counter -> packets and bytes, absolute. Written by the hooks; 0 is for what found no number. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 32768);
	__type(key, __u32);
	__type(value, struct pw_counter);
} pw_counters SEC(".maps");

/* 0 -> the packet a CPU has in hand. Written by the hooks, read by the loader when it counts. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pw_hand);
} pw_hands SEC(".maps");

/* Records of struct pw_event. Written by the hooks, read by the loader's process. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} pw_events SEC(".maps");

/* 0 -> events told and lost. Written by the hooks. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pw_event_counts);
} pw_event_counts SEC(".maps");

/* Rule number -> its id as text. Written by the loader before any step names it; hooks never. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, struct pw_name_key);
	__type(value, struct pw_name);
} pw_rules SEC(".maps");

/* Identity number -> its canonical text. Written by the loader before any address leads to it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct pw_name_key);
	__type(value, struct pw_name);
} pw_identities SEC(".maps");

/* Slot -> its workload as text. Written by the loader before the slot's word. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct pw_name_key);
	__type(value, struct pw_name);
} pw_slot_names SEC(".maps");

#endif
