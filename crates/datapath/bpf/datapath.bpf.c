// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0)
/*
 * The one object: all hooks over the same maps. Each hook is a file of its own.
 */
#include <stddef.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "reason.h"

/* Set by the loader before it loads: the verifier then drops what is not needed. */
const volatile struct pw_settings pw_settings SEC(".rodata.settings") = {
    .nat = PW_NAT_CAST,
};

#include "from_pod.c"
#include "to_pod.c"
#include "leave.c"
#include "uplink.c"
#include "clock.c"

char pw_license[] SEC("license") = "Dual BSD/GPL";
