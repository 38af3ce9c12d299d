/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * Who is behind an address: the exact address first, then the longest range, else the world of
 * its family. And whose address it is on this node.
 */
#ifndef PW_IDENTITY_H
#define PW_IDENTITY_H

#include "maps.h"
#include "packet.h"

PW_PROVED_ALONE __u32 identify(const struct pw_address *address)
{
	struct pw_network network = {.prefix = 128};
	__u32 *identity;

	if (!address)
		return PW_WORLD_V4;
	identity = bpf_map_lookup_elem(&pw_addresses, address);
	if (identity)
		return *identity;
	__builtin_memcpy(network.address, address, sizeof(network.address));
	identity = bpf_map_lookup_elem(&pw_networks, &network);
	if (identity)
		return *identity;
	return is_v4(address) ? PW_WORLD_V4 : PW_WORLD_V6;
}

static __always_inline int is_host(__u32 identity)
{
	return identity == PW_HOST || identity >= PW_FIRST_HOST;
}

/*
 * The sender of a packet that arrives at a workload. That it is this machine is proved by its
 * having come in nowhere, not by an address that anybody may write.
 */
static __always_inline __u32 identify_sender(const struct pw_address *address, __u8 host)
{
	__u32 identity = identify(address);

	if (host)
		return is_host(identity) ? identity : PW_HOST;
	if (is_host(identity))
		return is_v4(address) ? PW_WORLD_V4 : PW_WORLD_V6;
	return identity;
}

/* The slot of the workload whose address this is, if it stands behind this device. 0: it is not. */
static __always_inline __u32 slot_at(const struct pw_address *address, __u32 ifindex)
{
	struct pw_endpoint *endpoint = bpf_map_lookup_elem(&pw_endpoints, address);

	return endpoint && endpoint->ifindex == ifindex ? endpoint->slot : 0;
}

/* The slot behind a device. 0: none of ours. */
static __always_inline __u32 slot_behind(__u32 ifindex)
{
	struct pw_device *device = bpf_map_lookup_elem(&pw_devices, &ifindex);

	return device ? device->slot : 0;
}

#endif
