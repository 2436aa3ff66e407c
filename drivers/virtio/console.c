/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio console.  Output is taken only as fast as the screen can show it: we keep a chain
 * until there was room for its last byte.
 */
#include <stdlib.h>
#include <string.h>
#include "drivers/virtio/console.h"

#define F_SIZE		0
#define F_EMERG_WRITE	2
#define RX		0
#define TX		1
#define PIECE		256		/* bytes at a time */
#define BYTE_COST	10		/* in virtio_spend()'s units */
#define PIECES_PER_POLL	32		/* one chain may be many times as long as the guest's memory */

struct virtio_console {
	struct virtio_dev dev;
	struct virtio_console_backend backend;
	struct virtio_chain chain;	/* output: the current chain ... */
	struct virtio_chain rx_chain;	/* not on the stack, because it is kilobytes large */
	bool in_work, blocked;
	u32 done, bytes;		/* ... how far we are in it, and how long it is */
	struct { u16 cols, rows; u32 max_ports, emerg_wr; } __attribute__((packed)) config;
};

static struct virtio_console *console_of(struct virtio_dev *d)
{
	return (struct virtio_console *)((u8 *)d - offsetof(struct virtio_console, dev));
}

/* Writes a piece of the current chain; false: there is no room for it now. */
static bool output_piece(struct virtio_console *c)
{
	u8 buf[PIECE];
	u32 n = c->backend.room(c->backend.opaque);

	n = virtio_copy_from(&c->dev, &c->chain, c->done, buf, MIN(n, sizeof(buf)));
	virtio_spend(&c->dev, n * BYTE_COST);
	if (n)
		c->backend.output(c->backend.opaque, buf, n);
	c->done += n;
	return n;
}

/* True if there is more to do, at once or when there is room. */
static bool vcon_transmit(struct virtio_console *c)
{
	bool more = true;
	u32 i;

	c->blocked = false;
	for (i = 0; i < PIECES_PER_POLL && virtio_may(&c->dev) && more && !c->blocked; i++) {
		if (!c->in_work) {
			more = c->in_work = virtq_pop(&c->dev, TX, &c->chain);
			c->done = 0;
			c->bytes = more ? virtio_readable_bytes(&c->chain) : 0;
		}
		if (c->in_work && c->done < c->bytes)
			c->blocked = !output_piece(c);
		if (c->in_work && c->done >= c->bytes) {
			c->in_work = false;
			virtq_push(&c->dev, TX, c->chain.head, 0);
		}
	}
	return more;
}

/* True if there is more to do at once. */
static bool vcon_receive(struct virtio_console *c)
{
	struct virtio_chain *chain = &c->rx_chain;
	u8 buf[PIECE];
	bool more = true;
	u32 i;

	for (i = 0; i < PIECES_PER_POLL && virtio_may(&c->dev); i++) {
		u32 n;

		more = c->backend.typed(c->backend.opaque) && virtq_pop(&c->dev, RX, chain);
		if (!more)
			break;
		n = c->backend.input(c->backend.opaque, buf, MIN(virtio_writable_bytes(chain), sizeof(buf)));
		virtq_push(&c->dev, RX, chain->head, virtio_copy_to(&c->dev, chain, 0, buf, n));
	}
	virtq_signal(&c->dev, RX);
	return more;
}

static bool vcon_process(struct virtio_dev *d, u32 q)
{
	struct virtio_console *c = console_of(d);

	return q == TX ? vcon_transmit(c) : vcon_receive(c);
}

static void vcon_reset(struct virtio_dev *d, u32 q)
{
	if (q == TX)
		console_of(d)->in_work = false;
}

static const void *vcon_config(struct virtio_dev *d, u32 *len)
{
	struct virtio_console *c = console_of(d);

	*len = sizeof(c->config);
	return &c->config;
}

static void config_write(struct virtio_dev *d, u32 offset, u32 size, u32 value)
{
	struct virtio_console *c = console_of(d);
	u8 byte = value;

	(void)size;
	if (offset == offsetof(typeof(c->config), emerg_wr))
		c->backend.output(c->backend.opaque, &byte, 1);
}

/*
 * The guest is told here, and not after each kick, that output is done.  Linux waits for that
 * without an interrupt, but asks for one all the same, and would exit three times as often for the
 * same text.
 */
static bool vcon_poll(struct virtio_dev *d)
{
	struct virtio_console *c = console_of(d);
	bool more;

	if (d->queue[RX].ready && virtio_live(d) && c->backend.typed(c->backend.opaque))
		d->queue[RX].kicked = true;
	more = virtio_poll(d);
	virtq_signal(d, TX);
	/* Blocked output goes on when the wire has room; until then there is nothing to do. */
	return more && (!c->blocked || d->queue[RX].kicked);
}

static void vcon_destroy(struct virtio_dev *d)
{
	free(console_of(d));
}

static const struct virtio_ops ops = {
	.device_id = 3, .queues = 2, .process = vcon_process, .reset = vcon_reset, .config = vcon_config,
	.config_write = config_write, .poll = vcon_poll, .destroy = vcon_destroy,
	/* Linux reads the size only when it is told of a change. */
	.started = virtio_config_changed,
};

struct virtio_dev *virtio_console_create(const struct virtio_guest *g, const struct virtio_console_backend *b,
					 u16 cols, u16 rows)
{
	struct virtio_console *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->backend = *b;
	c->config.cols = cols;
	c->config.rows = rows;
	c->config.max_ports = 1;
	virtio_init(&c->dev, &ops, g, 1ull << F_SIZE | 1ull << F_EMERG_WRITE);
	return &c->dev;
}

void virtio_console_resize(struct virtio_dev *d, u16 cols, u16 rows)
{
	struct virtio_console *c = console_of(d);

	c->config.cols = cols;
	c->config.rows = rows;
	if (virtio_live(d))
		virtio_config_changed(d);
}
