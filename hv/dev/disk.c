/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks.  They belong to the configuration, not to one life of a guest: what was written is still
 * there after a reboot.
 *
 * A disk is an image (a Multiboot module, or nothing for ram:) with the changed blocks on top, each
 * in a frame of its own: only changes cost memory.  A module that is neither `ro` nor `cow` is
 * written in place; then no other disk may use it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "drivers/virtio/blk.h"
#include "hv/dev/dev.h"
#include "hv/dev/disk.h"
#include "hv/lib/lib.h"

#define COPY_COST	2500		/* in work_spend()'s units: zeroing and filling a frame */
#define LEAF		1024u		/* entries in a frame of the map */
#define AS_IMAGE	0u		/* entries: not changed ... */
#define ZERO		1u		/* ... all zero ... */
					/* ... or the frame that has the content */

/* Leaves what guests need that are just starting or restarting. */
static hfn_t spare_frame(void)
{
	return frames_free() > guests_promised() ? frame_alloc_zeroed() : HFN_NONE;
}

static u32 *disk_entry(const struct disk *d, u32 n)
{
	u32 *leaf = d->map[n / LEAF];

	return leaf ? &leaf[n % LEAF] : NULL;
}

static u32 *make_entry(struct disk *d, u32 n)
{
	u32 **leaf = &d->map[n / LEAF];

	if (!*leaf) {
		hfn_t f = spare_frame();

		if (hfn_x(f) == hfn_x(HFN_NONE))
			return NULL;
		*leaf = frame_ptr(f);
	}
	return &(*leaf)[n % LEAF];
}

/* How many bytes of block n the image has: the last block may be cut off. */
static u32 image_bytes(const struct disk *d, u32 n)
{
	return MIN(BLK_BLOCK, d->bytes - n * BLK_BLOCK);
}

static const void *image_block(const struct disk *d, u32 n)
{
	return d->image ? d->image->data + n * BLK_BLOCK : NULL;
}

const void *disk_block(const struct disk *d, u32 n)
{
	const u32 *e = disk_entry(d, n);

	if (!e || *e == AS_IMAGE)
		return image_block(d, n);
	return *e == ZERO ? NULL : frame_ptr(hfn(*e));
}

static bool no_memory(struct disk *d)
{
	if (!d->told)
		hv_log("%s: no memory left for its changes: writes fail", d->name);
	d->told = true;
	return false;
}

/* ---- what a guest does to it ---- */

static const void *blk_read(void *opaque, u32 n)
{
	return disk_block(opaque, n);
}

static void *blk_write(void *opaque, u32 n)
{
	struct disk *d = opaque;
	const void *old = disk_block(d, n);
	u32 *e;
	hfn_t f;

	if (d->in_place)
		return (void *)(uintptr_t)old;
	e = make_entry(d, n);
	if (e && *e > ZERO)
		return frame_ptr(hfn(*e));
	f = e ? spare_frame() : HFN_NONE;
	work_spend(&d->guest->work, COPY_COST);
	if (hfn_x(f) == hfn_x(HFN_NONE)) {
		no_memory(d);
		return NULL;
	}
	if (old)
		memcpy(frame_ptr(f), old, image_bytes(d, n));
	*e = hfn_x(f);
	d->changed++;
	return frame_ptr(f);
}

static bool blk_zero(void *opaque, u32 n)
{
	struct disk *d = opaque;
	u32 *e;

	if (d->in_place) {
		memset((void *)(uintptr_t)image_block(d, n), 0, image_bytes(d, n));
		return true;
	}
	if (!disk_block(d, n))
		return true;		/* it is zero already: no need to make a map */
	e = make_entry(d, n);
	if (!e)
		return no_memory(d);
	if (*e > ZERO) {
		frame_free(hfn(*e));
		d->changed--;
	}
	*e = d->image ? ZERO : AS_IMAGE;
	return true;
}

static void blk_done(void *opaque, u32 bytes_read, u32 bytes_written)
{
	struct stats *s = &((struct disk *)opaque)->guest->stats;

	s->disk_requests++;
	s->disk_read += bytes_read;
	s->disk_written += bytes_written;
}

struct virtio_dev *disk_make(struct guest *g, u32 n, const struct virtio_guest *access)
{
	struct disk *d = g->disk[n];
	struct virtio_blk_disk disk = {
		.opaque = d, .sectors = d->bytes / BLK_SECTOR, .ro = d->cfg->ro,
		.read = blk_read, .write = blk_write, .zero = blk_zero, .done = blk_done,
	};

	strncpy(disk.id, d->name, sizeof(disk.id));
	d->told = false;
	return virtio_blk_create(access, &disk);
}

/* ---- what the configuration does ---- */

static struct disk *disk_create(struct guest *g, u32 n)
{
	const struct disk_config *cfg = &g->cfg->disk[n];
	struct disk *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->guest = g;
	d->cfg = cfg;
	snprintf(d->name, sizeof(d->name), "%s.vd%c", g->name, 'a' + (int)n);
	d->image = cfg->image[0] ? image_find(cfg->image) : NULL;
	d->bytes = cfg->image[0] ? (d->image ? d->image->size / BLK_SECTOR * BLK_SECTOR : 0) : cfg->ram;
	d->in_place = d->image && !cfg->ro && !cfg->cow;
	d->blocks = (d->bytes + BLK_BLOCK - 1) / BLK_BLOCK;
	d->map = calloc((d->blocks + LEAF - 1) / LEAF + 1, sizeof(*d->map));
	if (!d->map) {
		free(d);
		return NULL;
	}
	return d;
}

bool disks_add(struct guest *g)
{
	u32 i;

	for (i = 0; i < g->cfg->disks; i++) {
		g->disk[i] = disk_create(g, i);
		if (g->disk[i])
			continue;
		while (i--) {
			free(g->disk[i]->map);
			free(g->disk[i]);
		}
		return false;
	}
	return true;
}

/* A disk earlier in ringlet.conf with the same image, if one of the two writes it in place. */
static const struct disk *disk_rival(const struct disk *d)
{
	struct disk *other = NULL;
	u32 i = 0;

	while ((other = disk_at(i++)) && other != d)
		if (d->image && other->image == d->image && (d->in_place || other->in_place))
			return other;
	return NULL;
}

/* The guest that boots from the image that d writes in place. */
static const struct guest *boots_from(const struct disk *d)
{
	u32 i;

	for (i = 0; d->in_place && i < guest_count; i++)
		if (!strcmp(guests[i]->cfg->kernel, d->cfg->image) || !strcmp(guests[i]->cfg->initrd, d->cfg->image))
			return guests[i];
	return NULL;
}

/* The disk that writes this image in place, if its guest may have done so already: what it wrote
 * must not be another guest's kernel. */
static const struct disk *disk_writing(const char *image)
{
	const struct disk *d;
	u32 i;

	for (i = 0; (d = disk_at(i)); i++)
		if (d->in_place && !strcmp(d->cfg->image, image) && (d->guest->starts || d->guest->state != GUEST_OFF))
			return d;
	return NULL;
}

bool disks_check(const struct guest *g, char *msg, u32 len)
{
	const struct disk *writing = disk_writing(g->cfg->kernel) ?: disk_writing(g->cfg->initrd);
	u32 i;

	if (writing) {
		snprintf(msg, len, "%s is written by %s, as its disk %s; boot from another file", writing->cfg->image,
			 writing->guest->name, writing->name);
		return false;
	}

	for (i = 0; i < g->cfg->disks; i++) {
		const struct disk *d = g->disk[i];

		if (!d->image && d->cfg->image[0])
			snprintf(msg, len, "disk %s is not a module; grub.cfg needs a line `module /boot/%s %s`",
				 d->cfg->image, d->cfg->image, d->cfg->image);
		else if (d->image && d->image->wrong)
			snprintf(msg, len, "disk %s " IMAGE_WRONG, d->cfg->image);
		else if (!d->bytes)
			snprintf(msg, len, "disk %s is empty", d->cfg->image);
		else if (disk_rival(d))
			snprintf(msg, len, "disk %s is %s's already; write `cow` (or `ro`) after both",
				 d->cfg->image, disk_rival(d)->name);
		else if (boots_from(d))
			snprintf(msg, len, "disk %s is what %s boots from; write `cow` (or `ro`) after it", d->cfg->image,
				 boots_from(d)->name);
		else if (disk_saving() == d)
			snprintf(msg, len, "%s is being sent; `disk cancel` stops that", d->name);
		else
			continue;
		return false;
	}
	return true;
}

bool disks_resetting(const struct guest *g)
{
	u32 i;

	for (i = 0; i < g->cfg->disks; i++)
		if (g->disk[i]->dropping)
			return true;
	return false;
}

struct disk *disk_at(u32 i)
{
	u32 g;

	for (g = 0; g < guest_count; i -= guests[g++]->cfg->disks)
		if (i < guests[g]->cfg->disks)
			return guests[g]->disk[i];
	return NULL;
}

/* The changed blocks, and the pieces of the map that say where they are. */
u32 disk_changed_kib(const struct disk *d)
{
	u32 i, n = d->changed;

	for (i = 0; i < (d->blocks + LEAF - 1) / LEAF; i++)
		n += d->map[i] != NULL;
	return n * 4;
}

/* ---- dropping the changes, a piece of the map at a time ---- */

static void drop_leaf(u32 *leaf)
{
	u32 i;

	for (i = 0; i < LEAF; i++)
		if (leaf[i] > ZERO)
			frame_free(hfn(leaf[i]));
	frame_free(ptr_frame(leaf));
}

static u32 disks_dropping;		/* how many disks are dropping their changes */

static bool drop_piece(struct disk *d)
{
	u32 at = --d->dropping;

	if (d->map[at])
		drop_leaf(d->map[at]);
	d->map[at] = NULL;
	if (d->dropping)
		return true;
	d->changed = 0;
	disks_dropping--;
	return false;
}

void disk_reset(struct disk *d)
{
	d->dropping = (d->blocks + LEAF - 1) / LEAF;
	disks_dropping += d->dropping > 0;
}

bool disks_work(void)
{
	bool more = disk_save_work();
	struct disk *d;
	u32 i;

	for (i = 0; disks_dropping && (d = disk_at(i)); i++)
		if (d->dropping)
			more |= drop_piece(d);
	return more;
}
