/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0) */
/*
 * Why a packet was, or would be, stopped: the same list as `model::Reason`, and a test proves it.
 */
#ifndef PW_REASON_H
#define PW_REASON_H

#define PW_REASONS(X)                                                                              \
	X(NONE, 0)                                                                                 \
	X(INVALID_SOURCE, 132)                                                                     \
	X(DEFAULT_DENY, 133)                                                                       \
	X(MALFORMED, 134)                                                                          \
	X(TRUNCATED, 135)                                                                          \
	X(UNKNOWN_PROTOCOL, 137)                                                                   \
	X(NOT_IP, 139)                                                                             \
	X(NO_SLOT, 155)                                                                            \
	X(BAD_EXTENSION, 156)                                                                      \
	X(FRAGMENT_UNKNOWN, 175)                                                                   \
	X(FORBIDDEN_ICMP6, 176)                                                                    \
	X(GATE_REQUIRED, 180)                                                                      \
	X(DENY_RULE, 181)                                                                          \
	X(VLAN, 182)                                                                               \
	X(NOT_READY, 203)

#define PW_REASON_ITEM(name, number) PW_REASON_##name = number,
enum pw_reason { PW_REASONS(PW_REASON_ITEM) };

#endif
