/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio network device: moves packets from one guest's buffers into another's. */
#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

#include "drivers/net/inet.h"
#include "drivers/virtio/virtio.h"

#define NET_F_CSUM	0		/* feature bit numbers */
#define NET_F_GUEST_CSUM 1
#define NET_F_MAC	5
#define NET_F_GUEST_TSO4 7
#define NET_F_GUEST_TSO6 8
#define NET_F_GUEST_ECN	9
#define NET_F_HOST_TSO4	11
#define NET_F_HOST_TSO6	12
#define NET_F_HOST_ECN	13
#define NET_F_MRG_RXBUF	15

#define NET_RX		0
#define NET_TX		1

struct net_hdr {			/* before each frame, in both directions */
	u8 flags, gso_type;
	u16 hdr_len, gso_size, csum_start, csum_offset, buffers;
};
_Static_assert(sizeof(struct net_hdr) == 12, "virtio_net_hdr");

#define NET_NEEDS_CSUM	1		/* flags */
#define NET_GSO_TCPV4	1		/* gso_type */
#define NET_GSO_TCPV6	4
#define NET_GSO_ECN	0x80
#define NET_MOST	65550		/* bytes in a frame */

#define NET_HEAD	640		/* room for all headers, and for a whole frame of the LAN's host */

/* A frame on its way: its beginning, which we have read (once) and decide by, and the rest, which
 * is still in the sender's buffers. */
struct net_packet {
	struct net_hdr hdr;		/* goes out together with head */
	u8 head[NET_HEAD];
	u32 head_len, len;		/* len: of the whole frame */
	struct virtio_dev *from;
	struct virtio_chain *chain;
	u32 at;				/* the rest, in chain */
};

/* What became of a packet. */
#define NET_FATES(X)							\
	X(NET_OK,	  "")						\
	/* the sender's fault */					\
	X(NET_BAD_LENGTH, "bad-length")					\
	X(NET_BAD_HEADER, "bad-header")	/* checksum or segmentation */	\
	X(NET_BAD_SOURCE, "bad-source")	/* address */			\
	X(NET_BAD_BUFFER, "bad-buffer")	/* not in its memory */		\
	/* the receiver's fault */						\
	X(NET_NO_DRIVER,  "no-driver")					\
	X(NET_NO_BUFFER,  "no-buffer")					\
	X(NET_TOO_LARGE,  "too-large")	/* for the buffers */		\
	X(NET_TOO_HARD,	  "too-hard")	/* to turn into plain packets */
enum net_fate {
#define X(id, name) id,
	NET_FATES(X)
#undef X
	NET_FATE_MAX,
	NET_LATER	/* none yet: it is too expensive for the rest of this piece of work */
};

#define NET_WAITS	0xFFFFFFFFu
struct net_backend {
	void *opaque;
	/* The guest sends p.  Returns how many bytes' worth of work that was; NET_WAITS: it was too
	 * expensive now, and must be sent first in the next piece of work. */
	u32 (*send)(void *opaque, struct net_packet *p);
	void (*dropped)(void *opaque, enum net_fate why);	/* the guest should not have sent it */
	void (*sent)(void *opaque);		/* that is all for now */
	void (*gone)(void *opaque);		/* the device no longer exists */
};

struct virtio_net {
	struct virtio_dev dev;
	struct net_backend backend;
	u8 mac[6];
	struct virtio_chain chain;		/* being sent */
	bool up;				/* it has offered a receive buffer */
};

/* b is copied.  NULL: no memory. */
struct virtio_net *virtio_net_create(const struct virtio_guest *g, const struct net_backend *b, u64 mac);
/* Gives p to the guest (NULL: it is not there), with checksum and segmentation done as far as its
 * driver needs.  p does not change, except for hdr.buffers.  The guest is not interrupted before
 * virtq_signal(&n->dev, NET_RX). */
enum net_fate virtio_net_receive(struct virtio_net *n, struct net_packet *p);

/* Reads up to len bytes at `offset`; returns how many there were. */
u32 net_read(const struct net_packet *p, u32 offset, void *dst, u32 len);

/* ---- offload.c: what a sender leaves to the receiver's card ---- */
/* Do the fields of p->hdr make sense for this frame and these features of its sender? */
bool net_hdr_ok(const struct net_packet *p, u64 features);
/* Reads the first n bytes of the frame into head; false: they do not fit, or the frame is
 * shorter. */
bool net_pull(struct net_packet *p, u32 n);
/* Fills in the missing checksum; false: its headers do not fit into head. */
bool net_checksum(struct net_packet *p);
/* How many packets p becomes for a receiver that cannot take it whole; 0: it cannot be cut. */
u32 net_segments(const struct net_packet *p);
/* Makes s the i-th of them. */
bool net_segment(const struct net_packet *p, u32 i, struct net_packet *s);

#endif
