/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which port of a LAN an Ethernet address is behind.  The switch knows addresses, but nothing about
 * packets. */
#ifndef NET_SWITCH_H
#define NET_SWITCH_H

#include "hv/types.h"

#define SWITCH_PORTS	97		/* six for each of sixteen guests, and one for the LAN's own host */
#define SWITCH_LEARNED	64		/* addresses beside the ports' own */
#define SWITCH_AGE_NS	300000000000ull	/* an address that sends nothing for so long is forgotten */
#define SWITCH_ALL	(~0u)		/* not one port but all of them */

struct eth_switch {
	struct { u64 mac; bool strict; } port[SWITCH_PORTS];
	u32 ports;
	struct switch_entry { u64 mac; u64 seen; u32 port; } learned[SWITCH_LEARNED];	/* mac 0: free */
};

static inline u64 mac_number(const u8 *m)
{
	return (u64)m[0] << 40 | (u64)m[1] << 32 | (u32)m[2] << 24 | (u32)m[3] << 16 | (u32)m[4] << 8 | m[5];
}
static inline bool mac_is_group(u64 mac) { return mac >> 40 & 1; }

/* Returns the new port's number, counting from 0; SWITCH_ALL: there are too many. */
u32 switch_add_port(struct eth_switch *s, u64 mac, bool strict);
/* Learns from a packet that came in at this port.  false: this port may not send from this
 * address. */
bool switch_learn(struct eth_switch *s, u32 port, u64 source, u64 now);
/* Where a packet to this address goes: a port or SWITCH_ALL. */
u32 switch_find(const struct eth_switch *s, u64 target, u64 now);
static inline bool switch_knows(const struct switch_entry *e, u64 now)
{
	return e->mac && now - e->seen < SWITCH_AGE_NS;
}

#endif
