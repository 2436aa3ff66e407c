/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio driver: the input is a list of register writes (offset, value) and, after them, the guest's
 * memory, rings and all.
 */
#include <stdlib.h>
#include <string.h>
#include "drivers/virtio/virtio.h"

#define RAM 8192

static u8 ram[RAM];

static bool rd(void *o, u64 a, void *dst, u32 len)
{
	(void)o;
	if (a > RAM || len > RAM - a)
		return memset(dst, 0, len), false;
	memcpy(dst, ram + a, len);
	return true;
}
static bool wr(void *o, u64 a, const void *src, u32 len)
{
	(void)o;
	if (a > RAM || len > RAM - a)
		return false;
	memcpy(ram + a, src, len);
	return true;
}
static void irq(void *o) { (void)o; }
static void log_line(void *o, const char *line) { (void)o; (void)line; }

static bool process(struct virtio_dev *d, u32 q)
{
	struct virtio_chain c;
	u8 buf[512];
	u32 n = 0;

	while (n++ < 16 && virtq_pop(d, q, &c)) {
		u32 got = virtio_copy_from(d, &c, 0, buf, sizeof(buf));

		virtq_push(d, q, c.head, virtio_copy_to(d, &c, 1, buf, got));
	}
	virtq_signal(d, q);
	return virtio_live(d) && virtq_waiting(d, q);
}
static void reset(struct virtio_dev *d) { (void)d; }
static const void *config(struct virtio_dev *d, u32 *len) { (void)d; *len = 4; return "abc"; }

static const struct virtio_ops ops = { .device_id = 3, .queues = 2, .process = process, .reset = reset,
				       .config = config };
static const struct virtio_guest guest = { NULL, rd, wr, irq, log_line };

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct virtio_dev d;
	u32 i, writes, n;

	if (size < 1)
		return 0;
	writes = MIN(data[0], (size - 1) / 6);
	virtio_init(&d, &ops, &guest, 0, NULL);
	memset(ram, 0, sizeof(ram));
	memcpy(ram, data + 1 + writes * 6, MIN(size - 1 - writes * 6, sizeof(ram)));
	for (i = 0; i < writes; i++) {
		u16 offset;
		u32 v;

		memcpy(&offset, data + 1 + i * 6, 2);
		memcpy(&v, data + 3 + i * 6, 4);
		virtio_mmio_write(&d, offset & 0xFFF, 4, v);
		virtio_mmio_read(&d, offset & 0xFFF, 1u << (v & 1));
	}
	for (n = 0; virtio_poll(&d); n++)
		if (n > 10000)
			abort();
	return 0;
}
