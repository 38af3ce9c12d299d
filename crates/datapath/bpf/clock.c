// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0)
/*
 * Tells user space the tick that connections remember. Attached nowhere: the loader runs it.
 */
#include "connection.h"

SEC("tc")
int clock(struct __sk_buff *skb __attribute__((unused)))
{
	return tick();
}
