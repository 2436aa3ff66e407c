/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio block device.  It works on one request at a time, block by block.  The whole request
 * is checked before its first byte moves, so one that runs past the end touches nothing.
 */
#include <stdlib.h>
#include <string.h>
#include "drivers/virtio/blk.h"

#define F_SEG_MAX	2
#define F_RO		5
#define F_BLK_SIZE	6
#define F_FLUSH		9
#define F_TOPOLOGY	10
#define F_DISCARD	13
#define F_WRITE_ZEROES	14

enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };
enum { OK = 0, IOERR = 1, UNSUPP = 2 };

#define UNMAP			1	/* flag of a range */
#define MAX_RANGE_SECTORS	(64u << 11)	/* 64 MiB in one discard */
#define REQUEST_COST		800	/* in virtio_spend()'s units, beside its descriptors ... */
#define PIECE_COST		50	/* ... and its bytes */
#define PIECES_PER_POLL		128	/* half a MiB */
#define SEG_MAX			128	/* segments we allow in a request, beside header and status */

struct request {
	u32 type, reserved;
	u64 sector;
};

struct range {				/* of discard and write zeroes */
	u64 sector;
	u32 sectors, flags;
};

struct config {
	u64 capacity;
	u32 size_max, seg_max;
	u16 cylinders;
	u8 heads, track_sectors;
	u32 blk_size;
	u8 physical_exp, alignment;
	u16 min_io;
	u32 opt_io;
	u8 writeback, unused;
	u16 queues;
	u32 discard_sectors, discard_ranges, discard_alignment;
	u32 zeroes_sectors, zeroes_ranges;
	u8 zeroes_may_unmap, unused2[3];
} __attribute__((packed));
_Static_assert(offsetof(struct config, discard_sectors) == 36 && sizeof(struct config) == 60, "config");

struct virtio_blk {
	struct virtio_dev dev;
	struct virtio_blk_disk disk;
	struct config config;
	struct virtio_chain chain;	/* the current request ... */
	bool in_work;
	u32 type;
	bool unmap;			/* the blocks' memory may be given back */
	u8 status;
	u32 status_at;			/* it goes into the last writable byte: how many come before that */
	u64 start;			/* ... where it begins on the disk ... */
	u32 bytes, done;		/* ... how long it is, and how much is done */
	u32 id_bytes;			/* of the disk's name, if it asked for that */
};

static struct virtio_blk *blk_of(struct virtio_dev *d)
{
	return (struct virtio_blk *)((u8 *)d - offsetof(struct virtio_blk, dev));
}

/* ---- checking ---- */

/* Sets the part of the disk it is about.  If there is no such part, returns the status it fails
 * with. */
static u8 set_extent(struct virtio_blk *b, u64 sector, u32 bytes, bool writes)
{
	if (writes && b->disk.ro)
		return IOERR;
	if (bytes % BLK_SECTOR || sector > b->disk.sectors || bytes / BLK_SECTOR > b->disk.sectors - sector)
		return IOERR;
	b->start = sector * BLK_SECTOR;
	b->bytes = bytes;
	return OK;
}

static u8 judge_range(struct virtio_blk *b)
{
	struct range r;

	if (virtio_readable_bytes(&b->chain) != sizeof(struct request) + sizeof(r) ||
	    virtio_copy_from(&b->dev, &b->chain, sizeof(struct request), &r, sizeof(r)) != sizeof(r))
		return IOERR;
	if (r.flags & ~(b->type == WRITE_ZEROES ? UNMAP : 0))
		return UNSUPP;
	if (r.sectors > MAX_RANGE_SECTORS)
		return IOERR;
	b->unmap = b->type == DISCARD || r.flags & UNMAP;
	return set_extent(b, r.sector, r.sectors * BLK_SECTOR, true);
}

static u8 blk_judge(struct virtio_blk *b, const struct request *r)
{
	b->type = r->type;
	switch (r->type) {
	case IN:
		return set_extent(b, r->sector, b->status_at, false);
	case OUT:
		return set_extent(b, r->sector, virtio_readable_bytes(&b->chain) - sizeof(*r), true);
	case DISCARD:
	case WRITE_ZEROES:
		return judge_range(b);
	case GET_ID:
		b->id_bytes = virtio_copy_to(&b->dev, &b->chain, 0, b->disk.id, MIN(b->status_at, BLK_ID_BYTES));
		return OK;
	case FLUSH:
		return OK;		/* what was written is in memory already */
	}
	return UNSUPP;
}

/* Before the first byte moves: a request whose status cannot be written touches nothing. */
static bool can_tell(struct virtio_blk *b)
{
	static const u8 not_yet = IOERR;

	virtio_copy_to(&b->dev, &b->chain, b->status_at, &not_yet, 1);
	return virtio_live(&b->dev);
}

static bool blk_take(struct virtio_blk *b)
{
	struct request r;
	u32 writable;

	if (!virtq_pop(&b->dev, 0, &b->chain))
		return false;
	virtio_spend(&b->dev, REQUEST_COST);
	b->bytes = b->done = b->id_bytes = 0;
	writable = virtio_writable_bytes(&b->chain);
	if (virtio_copy_from(&b->dev, &b->chain, 0, &r, sizeof(r)) != sizeof(r) || !writable) {
		virtio_broken(&b->dev, "a block request lacks its header or its status");
		return false;
	}
	b->status_at = writable - 1;
	b->status = blk_judge(b, &r);
	b->in_work = true;
	return can_tell(b);
}

/* ---- doing ---- */

/* Moves n bytes at offset in one block; false: there was no memory for a change. */
static bool blk_move(struct virtio_blk *b, u32 block, u32 offset, u32 n)
{
	void *opaque = b->disk.opaque;
	const u8 *from;
	u8 *to;

	if (b->type == IN) {
		from = b->disk.read(opaque, block);
		virtio_copy_to(&b->dev, &b->chain, b->done, from ? from + offset : NULL, n);
		return true;
	}
	if (b->type != OUT && b->unmap && n == BLK_BLOCK)
		return b->disk.zero(opaque, block);
	if (b->type == DISCARD)
		return true;		/* less than a block: nothing to gain */
	if (b->type == WRITE_ZEROES && !b->disk.read(opaque, block))
		return true;		/* it is zero already */
	to = b->disk.write(opaque, block);
	if (!to)
		return false;
	if (b->type == OUT)
		virtio_copy_from(&b->dev, &b->chain, sizeof(struct request) + b->done, to + offset, n);
	else
		memset(to + offset, 0, n);
	return true;
}

static void blk_piece(struct virtio_blk *b)
{
	u64 at = b->start + b->done;
	u32 offset = at % BLK_BLOCK, n = MIN(BLK_BLOCK - offset, b->bytes - b->done);

	virtio_spend(&b->dev, PIECE_COST);
	if (!blk_move(b, at / BLK_BLOCK, offset, n))
		b->status = IOERR;
	b->done += n;
}

static void blk_finish(struct virtio_blk *b)
{
	u32 in = b->type == IN && b->status == OK ? b->bytes : 0;
	u32 given = in + b->id_bytes;

	b->in_work = false;
	b->disk.done(b->disk.opaque, in, b->type == OUT ? b->done : 0);
	virtio_copy_to(&b->dev, &b->chain, b->status_at, &b->status, 1);
	/* The length counts from the first byte on, so the status counts only if there is no gap
	 * before it. */
	virtq_push(&b->dev, 0, b->chain.head, given + (given == b->status_at));
}

static bool blk_process(struct virtio_dev *d, u32 q)
{
	struct virtio_blk *b = blk_of(d);
	bool more = true;
	u32 i;

	(void)q;
	for (i = 0; i < PIECES_PER_POLL && virtio_may(d) && virtio_live(d); i++) {
		if (!b->in_work && !blk_take(b)) {
			more = false;
			break;
		}
		if (b->status == OK && b->done < b->bytes)
			blk_piece(b);
		if (!virtio_live(d))	/* its buffer was not there: the request is not done */
			break;
		if (b->status != OK || b->done == b->bytes)
			blk_finish(b);
	}
	virtq_signal(d, 0);
	return more && virtio_live(d);
}

/* ---- the device ---- */

static void blk_reset(struct virtio_dev *d, u32 q)
{
	(void)q;
	blk_of(d)->in_work = false;
}

static const void *blk_config(struct virtio_dev *d, u32 *len)
{
	*len = sizeof(struct config);
	return &blk_of(d)->config;
}

static void blk_destroy(struct virtio_dev *d)
{
	free(blk_of(d));
}

static const struct virtio_ops ops = {
	.device_id = 2, .queues = 1, .process = blk_process, .reset = blk_reset, .config = blk_config, .destroy = blk_destroy,
};

struct virtio_dev *virtio_blk_create(const struct virtio_guest *g, const struct virtio_blk_disk *disk)
{
	struct virtio_blk *b = calloc(1, sizeof(*b));
	u64 features = 1u << F_SEG_MAX | 1u << F_BLK_SIZE | 1u << F_FLUSH | 1u << F_TOPOLOGY;

	if (!b)
		return NULL;
	features |= disk->ro ? 1u << F_RO : 1u << F_DISCARD | 1u << F_WRITE_ZEROES;
	b->disk = *disk;
	b->config = (struct config){
		.capacity = disk->sectors, .seg_max = SEG_MAX, .blk_size = BLK_SECTOR,
		.physical_exp = 3, .min_io = BLK_BLOCK / BLK_SECTOR, .queues = 1,
		.discard_sectors = MAX_RANGE_SECTORS, .discard_ranges = 1,
		.discard_alignment = BLK_BLOCK / BLK_SECTOR,
		.zeroes_sectors = MAX_RANGE_SECTORS, .zeroes_ranges = 1, .zeroes_may_unmap = 1,
	};
	virtio_init(&b->dev, &ops, g, features);
	return &b->dev;
}
