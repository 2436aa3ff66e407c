/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records what goes over one LAN as a pcap file on COM2: each packet once, as it was sent.  Nobody
 * waits for that line, so a packet for which it has no room is left out and counted.
 */
#include <stdio.h>
#include "arch/x86/time.h"
#include "hv/dev/lan.h"

#define SNAPLEN		65535
#define PCAP_ETHERNET	1
#define RECORD_COST	1000		/* work, and 1 for two bytes */

static struct capture capture;

const struct capture *capture_now(void)
{
	return capture.lan ? &capture : NULL;
}

const char *capture_start(const struct lan *lan)
{
	static const struct { u32 magic; u16 major, minor; u32 zone, figures, snaplen, link; } header = {
		0xA1B2C3D4, 2, 4, 0, 0, SNAPLEN, PCAP_ETHERNET };
	_Static_assert(sizeof(header) == 24, "a pcap file's header");
	const char *why;
	char who[32];

	snprintf(who, sizeof(who), "capture of %s", lan->name);
	why = export_claim(who);
	if (why)
		return why;
	capture = (struct capture){ .lan = lan };
	export_write(&header, sizeof(header));
	return NULL;
}

bool capture_stop(void)
{
	if (!capture.lan)
		return false;
	capture.lan = NULL;
	export_release();
	return true;
}

static void capture_record(const struct net_packet *p)
{
	u64 ns = wall_at_boot() + time_ns();
	u32 kept = MIN(p->len, SNAPLEN), at, n;
	struct { u32 seconds, microseconds, kept, len; } header = {
		ns / 1000000000, (u32)(ns % 1000000000) / 1000, kept, p->len };
	u8 piece[512] = { 0 };		/* stays 0 if the sender's buffer has gone */
	_Static_assert(sizeof(header) == 16, "a pcap record's header");

	if (export_room() < sizeof(header) + kept) {
		capture.lost++;
		return;
	}
	capture.packets++;
	virtio_spend(p->from, RECORD_COST + kept / 2);
	export_write(&header, sizeof(header));
	for (at = 0; at < kept; at += n) {
		n = MIN(kept - at, sizeof(piece));
		net_read(p, at, piece, n);
		export_write(piece, n);
	}
}

void capture_packet(const struct lan *lan, const struct net_packet *p)
{
	if (lan == capture.lan)
		capture_record(p);
}
