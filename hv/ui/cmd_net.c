/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's `net`: lists the LANs, their ports and counters, and records what is sent. */
#include <stdio.h>
#include <string.h>
#include "arch/x86/time.h"
#include "hv/dev/lan.h"
#include "hv/ui/monitor.h"

static const char *const fates[] = {
#define X(id, name) name,
	NET_FATES(X)
#undef X
};

static void say_mac(u64 mac)
{
	u32 high = (u32)(mac >> 32), low = (u32)mac;

	say("%02x:%02x:%02x:%02x:%02x:%02x", high >> 8 & 255, high & 255, low >> 24, low >> 16 & 255, low >> 8 & 255,
	    low & 255);
}

static void say_ip(u32 ip)
{
	char text[16];

	snprintf(text, sizeof(text), "%u.%u.%u.%u", (ip >> 24), (ip >> 16) & 255,
		 (ip >> 8) & 255, ip & 255);
	say("  %-12s", text);
}

static void say_port(const struct lan *lan, const struct lan_port *port)
{
	u32 i, told = 0;

	say("  %-15s eth%u  ", port->guest->name, port->eth);
	say_mac(lan->sw.port[port->index].mac);
	say_ip(lan->host.port[port->index].ip);
	say("  %s%s\n", port->net && virtio_live(&port->net->dev) ? "up" : "down",
	    lan->sw.port[port->index].strict ? ", strict" : "");
	say("    sent %llu packets, %llu bytes; received %llu packets, %llu bytes\n",
	    (unsigned long long)port->sent, (unsigned long long)port->sent_bytes,
	    (unsigned long long)port->received, (unsigned long long)port->received_bytes);
	for (i = NET_OK + 1; i < NET_FATE_MAX; i++)
		if (port->fate[i])
			say("%s %s %llu", told++ ? "," : "    dropped:", fates[i], (unsigned long long)port->fate[i]);
	if (told)
		say("\n");
}

static void say_learned(const struct lan *lan)
{
	const struct switch_entry *e = lan->sw.learned;
	u64 now = time_ns();

	for (; e < lan->sw.learned + SWITCH_LEARNED; e++)
		if (switch_knows(e, now)) {
			say("  learned ");
			say_mac(e->mac);
			say(" behind %s eth%u, %u s ago\n", lan->port[e->port]->guest->name,
			    lan->port[e->port]->eth, (u32)((now - e->seen) / 1000000000));
		}
}

static void cmd_net_list(void)
{
	const struct capture *c = capture_now();
	const struct lan *lan;
	u32 i, k;

	for (i = 0; (lan = lan_at(i)); i++) {
		say("LAN %s, 10.77.%u.0/24\n", lan->name, lan->number);
		for (k = 1; k < lan->sw.ports; k++)
			say_port(lan, lan->port[k]);
		say_learned(lan);
		if (c && c->lan == lan)
			say("  captured %llu packets; %llu did not fit\n", (unsigned long long)c->packets,
			    (unsigned long long)c->lost);
	}
	if (!i)
		say("no LANs: a guest is on one by a line `net = LAN` in ringlet.conf\n");
}

static void cmd_net_stop(void)
{
	const struct capture *c = capture_now();
	u64 packets = c ? c->packets : 0, lost = c ? c->lost : 0;

	if (capture_stop())
		say("captured %llu packets; %llu did not fit\n", (unsigned long long)packets, (unsigned long long)lost);
	else
		say("nothing is being captured\n");
}

void cmd_net(char **w)
{
	const struct lan *lan = lan_find(w[2]);
	const char *why;

	if (!w[1][0])
		cmd_net_list();
	else if (strcmp(w[1], "capture") || !w[2][0])
		say("net, net capture LAN, or net capture off\n");
	else if (!strcmp(w[2], "off"))
		cmd_net_stop();
	else if (!lan)
		say("no LAN '%s'; `net` lists all\n", w[2]);
	else if ((why = capture_start(lan)))
		say("cannot capture: %s\n", why);
	else
		say("%s is being recorded on COM2; `net capture off` ends that\n", lan->name);
}
