/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends a disk over COM2, for tools/receive-disk to put together again:
 *
 * 	a line	"RINGLET-DISK 1 NAME BYTES\n"
 * 	then, for each block that is not all zero, a header of three little-endian words
 * 		block number, the number of bytes (4096), CRC-32 of them
 * 		and those bytes
 * 	last	a header of
 * 		0xFFFFFFFF, the number of blocks sent, CRC-32 of all their CRCs one after the other
 * 	or, if it was cancelled,
 * 		0xFFFFFFFE, 0, 0
 */
#include <stdio.h>
#include <string.h>
#include "drivers/virtio/blk.h"
#include "hv/dev/dev.h"
#include "hv/dev/disk.h"
#include "hv/lib/lib.h"

#define LOOKED_AT_A_TIME	64	/* blocks, most of them zero */

#define END		0xFFFFFFFFu	/* in place of a block number */
#define CANCELLED	0xFFFFFFFEu

struct header {
	u32 block, len, crc;
};
_Static_assert(sizeof(struct header) == 12, "tools/receive-disk reads it");

static struct {
	const struct disk *disk;	/* NULL: nothing is being sent */
	u32 at, sent, crc;
} save;

/* The usual CRC-32 (IEEE 802.3), four bits at a time. */
static u32 crc32(u32 crc, const void *data, u32 len)
{
	static u32 table[16];
	const u8 *p = data;
	u32 i, k;

	for (i = 0; !table[15] && i < 16; i++)
		for (k = 0, table[i] = i; k < 4; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xEDB88320 : 0);
	for (crc = ~crc; len--; p++) {
		crc = crc >> 4 ^ table[(crc ^ *p) & 15];
		crc = crc >> 4 ^ table[(crc ^ *p >> 4) & 15];
	}
	return ~crc;
}

const struct disk *disk_saving(void)
{
	return save.disk;
}

u32 disk_saving_percent(void)
{
	return (u32)((u64)save.at * 100 / save.disk->blocks);
}

const char *disk_save(struct disk *d)
{
	const char *why = d->bytes ? export_claim(d->name) : "its image is empty, or not a module";
	char line[80];

	if (why)
		return why;
	memset(&save, 0, sizeof(save));
	save.disk = d;
	snprintf(line, sizeof(line), "RINGLET-DISK 1 %s %u\n", d->name, d->bytes);
	export_write(line, strlen(line));
	return NULL;
}

static void save_end(u32 mark, u32 sent, u32 crc)
{
	struct header h = { mark, sent, crc };

	export_write(&h, sizeof(h));	/* there is room: send_block()'s caller leaves it */
	export_release();
	save.disk = NULL;
}

bool disk_save_cancel(void)
{
	if (!save.disk)
		return false;
	save_end(CANCELLED, 0, 0);
	return true;
}

static bool all_zero(const u32 *p)
{
	u32 i;

	for (i = 0; i < BLK_BLOCK / 4; i++)
		if (p[i])
			return false;
	return true;
}

/* The image's last block may be cut off; what follows it in memory is not part of it. */
static const void *whole_block(u32 n)
{
	static u8 last[BLK_BLOCK];
	const void *p = disk_block(save.disk, n);

	if (!p || n + 1 < save.disk->blocks || !(save.disk->bytes % BLK_BLOCK))
		return p;
	memset(last, 0, sizeof(last));
	memcpy(last, p, save.disk->bytes % BLK_BLOCK);
	return last;
}

static void send_block(u32 n, const void *data)
{
	struct header h = { n, BLK_BLOCK, crc32(0, data, BLK_BLOCK) };

	export_write(&h, sizeof(h));
	export_write(data, BLK_BLOCK);
	save.crc = crc32(save.crc, &h.crc, sizeof(h.crc));
	save.sent++;
}

static void save_finish(void)
{
	hv_log("%s is on the line: %u of %u blocks, the others are zero; checksum %08x", save.disk->name,
	       save.sent, save.disk->blocks, save.crc);
	save_end(END, save.sent, save.crc);
}

bool disk_save_work(void)
{
	u32 i;

	if (!save.disk)
		return false;
	for (i = 0; i < LOOKED_AT_A_TIME && save.at < save.disk->blocks; i++, save.at++) {
		const void *data = whole_block(save.at);

		if (!data || all_zero(data))
			continue;
		if (export_room() < 2 * sizeof(struct header) + BLK_BLOCK)
			return false;		/* the port's interrupt brings us back */
		send_block(save.at, data);
	}
	if (save.at == save.disk->blocks)
		save_finish();
	return save.disk;
}
