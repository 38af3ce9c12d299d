// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0)
/*
 * The one object: all hooks over the same maps. Each hook is a file of its own.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "reason.h"

const volatile struct pw_settings pw_settings SEC(".rodata.settings") = {
	.counters = 32768,
};

char pw_license[] SEC("license") = "Dual BSD/GPL";
