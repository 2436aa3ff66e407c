/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one host of each LAN that is no guest: gives the guests their addresses and tells them each
 * other's. */
#ifndef NET_LANHOST_H
#define NET_LANHOST_H

#include "drivers/net/switch.h"

#define LANHOST_FRAME	640u		/* it looks at no more of a frame */
#define LANHOST_DOMAIN	"ringlet"

struct lanhost {
	u32 ip;				/* in the order people write it: 0x0A4D01FE; its LAN is the upper 24 bits */
	u8 mac[6];
	struct { u32 ip; const char *name; } port[SWITCH_PORTS];	/* of the switch; ip 0: is no guest's */
	u32 ports;
};

/*
 * Answers a frame of len bytes, of which the first LANHOST_FRAME are enough, that came from a port.
 * Returns how long the answer is, 0: there is none.  It begins in out; what does not fit there is
 * the question's, at the same place.
 */
u32 lanhost_answer(const struct lanhost *h, u32 port, const u8 *frame, u32 len, u8 out[LANHOST_FRAME]);

#endif
