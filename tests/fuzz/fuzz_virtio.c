/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio driver: the input is a list of register writes (offset, value) and, after them, the guest's
 * memory, rings and all.  The device keeps chains while registers are written, puts some back, and copies
 * between them; how, the input says too.
 */
#include <stdlib.h>
#include "drivers/virtio/virtio.h"

#define RAM 8192u
#include "tests/unit/ram.h"

static void irq(void *o, u32 why) { (void)o; (void)why; }
static void log_line(void *o, const char *line) { (void)o; (void)line; }

static enum virtio_copied copy(void *to, u64 t, void *from, u64 f, u32 len)
{
	(void)to;
	(void)from;
	if (!ram_has(f, len))
		return VIRTIO_BAD_SOURCE;
	if (!ram_has(t, len))
		return VIRTIO_BAD_TARGET;
	memmove(ram + t, ram + f, len);
	return VIRTIO_COPIED;
}

static u8 mood;
static struct virtio_chain held[4];
static u32 holding;

static bool process(struct virtio_dev *d, u32 q)
{
	u8 buf[512];
	u32 n = 0;

	while (n++ < 16 && virtq_pop(d, q, &held[holding])) {
		struct virtio_chain *c = &held[holding];
		u32 got = virtio_copy_from(d, c, mood & 15, buf, sizeof(buf));

		if (got > sizeof(buf) || got > virtio_readable_bytes(c) ||
		    virtio_copy_to(d, c, 1, mood & 16 ? buf : NULL, got) > virtio_writable_bytes(c))
			abort();
		virtio_copy_across(d, c, 0, d, &held[mood & 3], mood >> 2, 3000);
		if (mood & 32 && n == 3)
			virtq_unpop(d, q, 1);
		else
			holding++;
		if (holding < 4)
			continue;
		while (holding)
			(mood & 64 ? virtq_push : virtq_put)(d, q, held[--holding].head, got);
		virtq_publish(d, q);
	}
	virtq_signal(d, q);
	return virtio_live(d) && virtq_waiting(d, q);
}
static void reset(struct virtio_dev *d, u32 q) { (void)d; (void)q; holding = mood & 128 ? 0 : holding; }
static const void *config(struct virtio_dev *d, u32 *len) { (void)d; *len = 4; return "abc"; }

static const struct virtio_ops ops = { .device_id = 3, .queues = 2, .process = process, .reset = reset,
				       .config = config };
static const struct virtio_ops lazy = { .device_id = 3, .queues = 2, .process = process, .reset = reset,
					.config = config, .lazy = true };
static const struct virtio_guest guest = { NULL, ram_read, ram_write, irq, log_line, copy };

/* Live from the start: the input would take long to find the way there, and has only to write 0 to leave it. */
static const struct { u16 offset; u32 value; } setup[] = {
	{ 0x70, 3 }, { 0x20, 1u << VIRTIO_F_INDIRECT_DESC | 1u << VIRTIO_F_EVENT_IDX }, { 0x24, 1 }, { 0x20, 1 }, { 0x70, 11 },
	{ 0x38, 16 }, { 0x80, 0 }, { 0x90, 0x200 }, { 0xA0, 0x300 }, { 0x44, 1 }, { 0x70, 15 },
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct virtio_dev d;
	u32 i, writes, n;

	if (size < 2)
		return 0;
	mood = *data++;
	size--;
	holding = 0;
	memset(held, 0, sizeof(held));
	writes = MIN(data[0], (size - 1) / 6);
	virtio_init(&d, mood & 1 ? &lazy : &ops, &guest, 0);
	memset(ram, 0, sizeof(ram));
	memcpy(ram, data + 1 + writes * 6, MIN(size - 1 - writes * 6, sizeof(ram)));
	for (i = 0; i < ARRAY_SIZE(setup); i++)
		virtio_mmio_write(&d, setup[i].offset, 4, setup[i].value);
	for (i = 0; i < writes; i++) {
		u16 offset;
		u32 v;

		memcpy(&offset, data + 1 + i * 6, 2);
		memcpy(&v, data + 3 + i * 6, 4);
		virtio_mmio_write(&d, offset & 0xFFF, 4, v);
		virtio_mmio_read(&d, offset & 0xFFF, 1u << (v & 1));
		if (offset & 0x1000)
			virtio_poll(&d);
	}
	for (n = 0; virtio_poll(&d); n++)
		if (n > 10000)
			abort();
	return 0;
}
