/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LANs and the ports that guests have there, for lan.c, cmd_net.c and capture.c. */
#ifndef HV_LAN_H
#define HV_LAN_H

#include "drivers/net/lanhost.h"
#include "drivers/net/switch.h"
#include "drivers/virtio/net.h"
#include "hv/dev/dev.h"

struct lan_port {
	struct lan *lan;
	struct guest *guest;
	u32 eth;			/* its how manieth */
	u32 index;			/* at the switch */
	struct virtio_net *net;		/* while the guest lives */
	u32 work_before;		/* its guest's account when a frame came that is for all */
	bool touched;			/* got something it was not interrupted for yet */
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

struct lan *lan_at(u32 i);		/* NULL: there are not so many */
struct lan *lan_find(const char *name);

/* ---- capture.c ---- */
struct capture {
	const struct lan *lan;
	u64 packets, lost;		/* sent out; found no room */
};
const struct capture *capture_now(void);	/* NULL: there is none */
/* NULL, or why it cannot be: half a sentence. */
const char *capture_start(const struct lan *lan);
bool capture_stop(void);		/* false: there was none */
void capture_packet(const struct lan *lan, const struct net_packet *p);

#endif
