/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LANs and their ports, for lan.c, cmd_net.c and capture.c. */
#ifndef HV_LAN_H
#define HV_LAN_H

#include "drivers/net/lanhost.h"
#include "drivers/net/switch.h"
#include "drivers/virtio/net.h"
#include "hv/dev/dev.h"

struct lan_port {
	struct lan *lan;
	struct guest *guest;
	u32 eth;			/* which of the guest's cards: 0 is eth0 */
	u32 index;			/* of the port, at the switch */
	struct virtio_net *net;		/* while the guest lives */
	u32 work_before;		/* its guest's account when a broadcast frame came */
	bool touched;			/* it received something, but has not been interrupted yet */
	u64 sent, sent_bytes, received, received_bytes;
	u64 fate[NET_FATE_MAX];
};

struct lan {
	char name[CONFIG_NAME_MAX];
	u32 number;			/* 10.77.NUMBER.0/24 */
	struct eth_switch sw;
	struct lanhost host;		/* port 0 of the switch */
	struct lan_port *port[SWITCH_PORTS];	/* [0] is NULL */
};

struct lan *lan_at(u32 i);		/* NULL: there is none */
struct lan *lan_find(const char *name);

/* ---- capture.c ---- */
struct capture {
	const struct lan *lan;
	u64 packets, lost;		/* sent; left out for lack of room */
};
const struct capture *capture_now(void);	/* NULL: there is none */
/* Returns NULL, or why not: half a sentence. */
const char *capture_start(const struct lan *lan);
bool capture_stop(void);		/* false: there was none */
void capture_packet(const struct lan *lan, const struct net_packet *p);

#endif
