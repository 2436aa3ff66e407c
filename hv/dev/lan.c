/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LANs.  A LAN is a name in ringlet.conf: a switch with a port for each `net =` line that names it,
 * and the LAN's own host at port 0.  All of this lives as long as the configuration; a guest's card
 * is plugged in while the guest lives.  Packets are delivered at once, and each receiver is
 * interrupted once, after the batch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/time.h"
#include "hv/dev/lan.h"
#include "hv/lib/lib.h"

#define LANS_MOST	(MAX_GUESTS * CONFIG_MAX_NETS)

_Static_assert(SWITCH_PORTS > LANS_MOST, "all cards may be on one LAN, beside its own host");

static struct lan *lans[LANS_MOST];
static u32 lan_count;

struct lan *lan_at(u32 i)
{
	return i < lan_count ? lans[i] : NULL;
}

struct lan *lan_find(const char *name)
{
	u32 i;

	for (i = 0; i < lan_count; i++)
		if (!strcmp(lans[i]->name, name))
			return lans[i];
	return NULL;
}

/* ---- packets ---- */

#define FLOOD_COST	30000		/* for each guest, for one broadcast frame */
#define HOST_COST	1500		/* to ask the LAN's own host */

static struct work *sender_of(const struct net_packet *p)
{
	return p->from ? p->from->guest.work : NULL;
}

/* A receiver is charged for its own work, but the work comes out of the piece that the sender may
 * do now. */
static enum net_fate lan_receive(struct lan_port *to, struct net_packet *p)
{
	struct work *receiver = &to->guest->work, was = *receiver, *sender = sender_of(p);
	enum net_fate fate = virtio_net_receive(to->net, p);

	if (sender && sender != receiver) {
		receiver->left = was.left;
		sender->left -= receiver->done - was.done;
	}
	return fate;
}

/* Returns what it cost in work.  Even a packet for which there is no room may have cost a checksum
 * and a search for buffers. */
static u32 lan_deliver(struct lan_port *from, struct lan_port *to, struct net_packet *p, bool flooded)
{
	bool spent = flooded && to->guest->work.done - to->work_before > FLOOD_COST;
	enum net_fate fate = spent ? NET_TOO_HARD : lan_receive(to, p);

	if (fate == NET_LATER && !flooded)
		return NET_WAITS;
	if (fate == NET_OK) {
		to->touched = true;
		to->received++;
		to->received_bytes += p->len;
		to->guest->stats.net_received++;
		to->guest->stats.net_received_bytes += p->len;
		return p->len;
	}
	if (fate == NET_LATER)
		fate = NET_TOO_HARD;
	if (fate == NET_BAD_BUFFER) {
		from->fate[fate]++;
	} else if (fate != NET_NO_DRIVER || !flooded) {
		to->fate[fate]++;
		to->guest->stats.net_dropped++;
	}
	return fate == NET_NO_DRIVER ? 0 : p->len;
}

/* The LAN's own host answers at once or never. */
static u32 ask_host(struct lan_port *from, struct net_packet *p)
{
	u8 question[LANHOST_FRAME];
	u32 have = MIN(p->len, sizeof(question));
	struct net_packet answer = { .from = p->from, .chain = p->chain, .at = p->at + have - p->head_len };

	work_spend(&from->guest->work, HOST_COST);
	if (net_read(p, 0, question, have) < have)
		return 0;
	answer.len = lanhost_answer(&from->lan->host, from->index, question, p->len, answer.head);
	answer.head_len = MIN(answer.len, sizeof(question));
	if (answer.len)
		capture_packet(from->lan, &answer);
	from->work_before = from->guest->work.done;
	return answer.len ? lan_deliver(from, from, &answer, true) : 0;
}

static u32 lan_flood(struct lan_port *from, struct net_packet *p)
{
	u32 i, bytes, ports = from->lan->sw.ports;

	for (i = 1; i < ports; i++)
		from->lan->port[i]->work_before = from->lan->port[i]->guest->work.done;
	bytes = ask_host(from, p);
	for (i = 1; i < ports && virtio_live(p->from); i++)
		if (i != from->index)
			bytes += lan_deliver(from, from->lan->port[i], p, true);
	return bytes;
}

static u32 port_send(void *opaque, struct net_packet *p)
{
	struct lan_port *from = opaque;
	struct lan *lan = from->lan;
	u64 now = time_ns();
	u32 to, worth = 0;

	if (!switch_learn(&lan->sw, from->index, mac_number(p->head + 6), now)) {
		from->fate[NET_BAD_SOURCE]++;
		return 0;
	}
	to = switch_find(&lan->sw, mac_number(p->head), now);
	if (to == SWITCH_ALL && !virtio_fresh(p->from))
		return NET_WAITS;
	if (to && to != SWITCH_ALL && to != from->index)
		worth = lan_deliver(from, lan->port[to], p, false);
	if (worth == NET_WAITS)
		return NET_WAITS;
	capture_packet(lan, p);
	from->sent++;
	from->sent_bytes += p->len;
	from->guest->stats.net_sent++;
	from->guest->stats.net_sent_bytes += p->len;
	if (to == SWITCH_ALL)
		return lan_flood(from, p);
	return to ? worth : ask_host(from, p);
}

static void port_dropped(void *opaque, enum net_fate why)
{
	((struct lan_port *)opaque)->fate[why]++;
}

static void port_sent(void *opaque)
{
	struct lan *lan = ((struct lan_port *)opaque)->lan;
	u32 i;

	for (i = 1; i < lan->sw.ports; i++)
		if (lan->port[i]->touched) {
			lan->port[i]->touched = false;
			virtq_signal(&lan->port[i]->net->dev, NET_RX);
		}
}

static void port_gone(void *opaque)
{
	struct lan_port *port = opaque;

	port->net = NULL;
	port->touched = false;
}

/* ---- LANs and their ports ---- */

static struct lan *make_lan(const char *name)
{
	struct lan *lan = lan_count < LANS_MOST ? calloc(1, sizeof(*lan)) : NULL;

	if (!lan)
		return NULL;
	lans[lan_count++] = lan;
	strcpy(lan->name, name);
	lan->number = lan_count;
	lan->host.ip = 10u << 24 | 77u << 16 | lan->number << 8 | 254;
	memcpy(lan->host.mac, (u8[6]){ 2, 'R', 'L', 0xFF, 0, (u8)lan->number }, 6);
	lan->host.ports = switch_add_port(&lan->sw, mac_number(lan->host.mac), true) + 1;
	return lan;
}

/* Connects g's n-th card to its switch.  Its IP address ends in the guest's number, plus 16 for
 * each card this guest already has on the same LAN. */
static bool make_port(struct guest *g, u32 n)
{
	const struct net_config *c = &g->cfg->net[n];
	struct lan *lan = lan_find(c->lan) ?: make_lan(c->lan);
	struct lan_port *port = lan ? calloc(1, sizeof(*port)) : NULL;
	u8 mac[6] = { 2, 'R', 'L', 0, (u8)g->id, (u8)n };
	u32 i, ip = g->id;

	if (!port)
		return false;
	*port = (struct lan_port){ .lan = lan, .guest = g, .eth = n };
	if (c->have_mac)
		memcpy(mac, c->mac, sizeof(mac));
	for (i = 1; i < lan->sw.ports; i++) {
		if (lan->port[i]->guest == g)
			ip += MAX_GUESTS;
		if (lan->sw.port[i].mac == mac_number(mac))
			hv_log("LAN %s: %s and %s have the same address", lan->name, lan->port[i]->guest->name, g->name);
	}
	port->index = switch_add_port(&lan->sw, mac_number(mac), c->strict);
	lan->port[port->index] = port;
	lan->host.port[port->index].ip = (lan->host.ip & ~255u) | ip;
	lan->host.port[port->index].name = g->name;
	lan->host.ports = lan->sw.ports;
	return true;
}

bool lan_add(struct guest *g)
{
	u32 n;

	for (n = 0; n < g->cfg->nets; n++)
		if (!make_port(g, n))
			return false;
	return true;
}

static struct lan_port *port_of(const struct guest *g, u32 n)
{
	struct lan *lan = lan_find(g->cfg->net[n].lan);
	u32 i;

	for (i = 1; i < lan->sw.ports; i++)
		if (lan->port[i]->guest == g && lan->port[i]->eth == n)
			return lan->port[i];
	panic("%s has no port for its network %u", g->name, n);
}

struct virtio_dev *lan_make(struct guest *g, u32 n, const struct virtio_guest *access)
{
	struct lan_port *port = port_of(g, n);
	struct net_backend b = { port, port_send, port_dropped, port_sent, port_gone };
	u64 mac = port->lan->sw.port[port->index].mac;

	port->net = virtio_net_create(access, &b, mac);
	return port->net ? &port->net->dev : NULL;
}
