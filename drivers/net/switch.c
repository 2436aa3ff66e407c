/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The learning switch.  The address a port is configured with always belongs to that port; nobody
 * can take it.  Other addresses are learned from the source of packets, in a small table that
 * replaces its oldest entry.  So a guest that makes up addresses costs the others no more than some
 * flooding.
 */
#include "drivers/net/switch.h"

u32 switch_add_port(struct eth_switch *s, u64 mac, bool strict)
{
	if (s->ports == SWITCH_PORTS)
		return SWITCH_ALL;
	s->port[s->ports].mac = mac;
	s->port[s->ports].strict = strict;
	return s->ports++;
}

static u32 switch_owner(const struct eth_switch *s, u64 mac)
{
	u32 i;

	for (i = 0; i < s->ports; i++)
		if (s->port[i].mac == mac)
			return i;
	return SWITCH_ALL;
}

/* The entry for this address, or else the one to use for it: a free one, or the oldest. */
static struct switch_entry *switch_slot(struct eth_switch *s, u64 mac)
{
	struct switch_entry *e = s->learned, *best = e;

	for (; e < s->learned + SWITCH_LEARNED; e++) {
		if (e->mac == mac)
			return e;
		if (best->mac && (!e->mac || e->seen < best->seen))
			best = e;
	}
	return best;
}

bool switch_learn(struct eth_switch *s, u32 port, u64 source, u64 now)
{
	if (source == s->port[port].mac)
		return true;
	if (s->port[port].strict || !source || mac_is_group(source))
		return false;
	if (switch_owner(s, source) == SWITCH_ALL)
		*switch_slot(s, source) = (struct switch_entry){ source, now, port };
	return true;
}

u32 switch_find(const struct eth_switch *s, u64 target, u64 now)
{
	u32 port = mac_is_group(target) ? SWITCH_ALL : switch_owner(s, target), i;

	if (port != SWITCH_ALL || mac_is_group(target))
		return port;
	for (i = 0; i < SWITCH_LEARNED; i++)
		if (s->learned[i].mac == target && switch_knows(&s->learned[i], now))
			return s->learned[i].port;
	return SWITCH_ALL;
}
