/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one host of each LAN that is not a guest: it gives guests their addresses and answers their
 * queries for each other's names. */
#ifndef NET_LANHOST_H
#define NET_LANHOST_H

#include "drivers/net/switch.h"

#define LANHOST_FRAME	640u		/* it looks at this much of a frame */
#define LANHOST_DOMAIN	"ringlet"

struct lanhost {
	u32 ip;				/* 10.77.1.254 is 0x0A4D01FE; the LAN is the upper 24 bits */
	u8 mac[6];
	struct { u32 ip; const char *name; } port[SWITCH_PORTS];	/* ip 0: not a guest's */
	u32 ports;
};

/*
 * Answers a frame of len bytes that came from a port; only its first LANHOST_FRAME bytes are read.
 * Returns the length of the answer; 0: no answer.  out has the beginning of the answer; if it is
 * longer than out, the rest is the same as in the question.
 */
u32 lanhost_answer(const struct lanhost *h, u32 port, const u8 *frame, u32 len, u8 out[LANHOST_FRAME]);

#endif
