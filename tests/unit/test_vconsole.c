/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio console with a driver that keeps the rules and a screen that takes what it likes: every byte once and in order,
 * in whatever pieces it was sent, given back only when its last byte has found room; and input, resizing, resets in the middle.
 */
#include "drivers/virtio/console.h"
#define RAM	0x40000u
#include "tests/unit/ram.h"
#include "tests/unit/test.h"

#define SIZE	64u
#define RING(q)	(0x4000u * (q) + 0x4000u)	/* descriptors, + 0x1000 avail, + 0x2000 used */
#define OUT	0x10000u
#define IN	0x30000u
#define STREAM	0x100000u

enum { RX, TX };
enum { R_FEATURES = 0x20, R_FEATURES_SEL = 0x24, R_QUEUE_SEL = 0x30, R_QUEUE_NUM = 0x38, R_QUEUE_READY = 0x44, R_NOTIFY = 0x50,
       R_ISR = 0x60, R_ACK = 0x64, R_STATUS = 0x70, R_DESC = 0x80, R_AVAIL = 0x90, R_USED = 0xA0, R_GENERATION = 0xFC, R_CONFIG = 0x100 };

static struct virtio_dev *d;
static struct work work;
static u32 irqs, broken;
static u16 avail[2], used[2];

/* ---- the screen and the keyboard ---- */

static u8 shown[STREAM], typed[STREAM];
static u32 shown_bytes, room, longest, typed_bytes, taken_bytes, asked;

static u32 con_room(void *o) { (void)o; asked++; return room; }
static bool con_typed(void *o) { (void)o; return taken_bytes < typed_bytes; }

static void con_output(void *o, const void *data, u32 len)
{
	(void)o;
	CHECK(len && len <= room && shown_bytes + len <= STREAM, "%u bytes where %u have room", len, room);
	memcpy(shown + shown_bytes, data, len);
	shown_bytes += len;
	room -= len;
	longest = MAX(longest, len);
}

static u32 con_input(void *o, void *data, u32 len)
{
	u32 n = MIN(len, typed_bytes - taken_bytes);

	(void)o;
	memcpy(data, typed + taken_bytes, n);
	taken_bytes += n;
	return n;
}

static void irq(void *o, u32 why) { (void)o; (void)why; irqs++; }
static void log_line(void *o, const char *line) { (void)o; (void)line; broken++; }

/* ---- the driver ---- */

static void set(u32 reg, u32 v) { virtio_mmio_write(d, reg, 4, v); }
static u32 get(u32 reg) { return virtio_mmio_read(d, reg, 4); }

static void queue_up(u32 q)
{
	set(R_QUEUE_SEL, q);
	set(R_QUEUE_NUM, SIZE);
	set(R_DESC, RING(q));
	set(R_AVAIL, RING(q) + 0x1000);
	set(R_USED, RING(q) + 0x2000);
	memset(ram + RING(q), 0, 0x4000);
	avail[q] = used[q] = 0;
	set(R_QUEUE_READY, 1);
}

static void up(void)
{
	u32 q;

	set(R_STATUS, 0);
	set(R_STATUS, 3);
	for (q = 0; q < 2; q++) {
		set(R_FEATURES_SEL, q);
		set(R_FEATURES, q);		/* VERSION_1 */
	}
	set(R_STATUS, 11);
	queue_up(RX);
	queue_up(TX);
	irqs = broken = 0;
	set(R_STATUS, 15);
	CHECK(virtio_live(d), "the console does not start");
	shown_bytes = typed_bytes = taken_bytes = longest = 0;
	work_begin(&work);
}

static void desc(u32 q, u32 i, u64 addr, u32 len, u16 flags, u16 next)
{
	u8 *at = ram + RING(q) + i * 16;

	memcpy(at, &addr, 8);
	memcpy(at + 8, &len, 4);
	memcpy(at + 12, &flags, 2);
	memcpy(at + 14, &next, 2);
}

static void offer(u32 q, u16 head)
{
	u8 *a = ram + RING(q) + 0x1000;

	memcpy(a + 4 + avail[q]++ % SIZE * 2, &head, 2);
	memcpy(a + 2, &avail[q], 2);
}

/* The next that came back: its head, and what was written; false: none. */
static bool back(u32 q, u32 elem[2])
{
	u16 idx;

	memcpy(&idx, ram + RING(q) + 0x2002, 2);
	if (idx == used[q])
		return false;
	memcpy(elem, ram + RING(q) + 0x2004 + used[q]++ % SIZE * 8, 8);
	return true;
}

static bool poll(void)
{
	u32 before = shown_bytes, spent = work.done;
	bool more;

	work_begin(&work);
	more = d->ops->poll(d);
	/* A byte on a screen is dear. */
	CHECK(work.done - spent <= WORK_PIECE + 10000, "%u bytes and %u of work in one piece", shown_bytes - before, work.done - spent);
	CHECK(work.done - spent >= (shown_bytes - before) * 5, "it costs nothing");
	return more;
}

/* ---- cases ---- */

static u8 text[STREAM];

/* Chains of random pieces, on a screen with random room; each byte in its place. */
static void output(void)
{
	u32 sent = 0, given = 0, ends[SIZE], at = 0, head = 0, elem[2], i, turns = 0;

	up();
	room = 0;
	while (given < 600) {
		while (avail[TX] - given < 8 && one_in(2)) {
			u32 pieces = 1 + rnd(4), len = 0;

			head = avail[TX] % 8 * 8;
			for (i = 0; i < pieces; i++) {
				u32 n = one_in(3) ? rnd(3) : rnd(400);

				at = OUT + head * 0x200 + i * 0x400;
				memcpy(ram + at, text + sent + len, n);
				desc(TX, head + i, at, n, i + 1 < pieces, (u16)(head + i + 1));
				len += n;
			}
			sent += len;
			ends[avail[TX] % SIZE] = sent;
			offer(TX, (u16)head);
			set(R_NOTIFY, TX);
			CHECK_EQ(irqs, 1);		/* it is told after a poll only (and of its size, at first) */
		}
		if (one_in(2))
			room = one_in(3) ? rnd(5) : rnd(2000);
		if (shown_bytes < sent && !room)
			CHECK(!poll() || d->queue[RX].kicked, "it would try for ever, while there is no room");
		else
			poll();
		irqs = 1;
		set(R_ACK, 1);
		CHECK(shown_bytes <= sent && !memcmp(shown, text, shown_bytes), "what is shown");
		while (back(TX, elem)) {
			CHECK(elem[0] == given % 8 * 8 && !elem[1], "chain %u came back", elem[0]);
			CHECK(ends[given % SIZE] <= shown_bytes, "given back before its last byte is shown");
			given++;
		}
		CHECK(given == avail[TX] || shown_bytes <= ends[given % SIZE], "chain %u is not given back", given);
		CHECK(turns++ < 100000 && sent < STREAM / 2, "no end");
	}
	CHECK(longest <= 256 && !broken, "%u bytes at once", longest);
}

/* One long chain: bounded in one piece, goes on by itself, blocks and goes on. */
static void long_chain(void)
{
	u32 i, polls, elem[2];

	up();
	for (i = 0; i < 60; i++)
		desc(TX, i, OUT, 0x4000, i < 59, (u16)(i + 1));
	memcpy(ram + OUT, text, 0x4000);
	room = STREAM;
	offer(TX, 0);
	set(R_NOTIFY, TX);
	for (polls = 0; poll(); polls++)
		CHECK(polls < 2000, "no end");
	CHECK(shown_bytes == 60 * 0x4000 && polls > 50, "%u bytes in %u polls", shown_bytes, polls);
	CHECK(back(TX, elem) && !back(TX, elem), "it came back");
	up();				/* many that are empty: they cost, too */
	for (i = 0; i < SIZE; i++) {
		desc(TX, i, OUT, 0, 0, 0);
		offer(TX, (u16)i);
	}
	set(R_NOTIFY, TX);
	CHECK(poll(), "all at once");
	while (poll())
		;
	for (i = 0; back(TX, elem); i++)
		;
	CHECK_EQ(i, SIZE);
}

static void told(void)
{
	up();
	CHECK(get(R_ISR) & 2, "Linux reads the size only when it is told of a change");
	set(R_ACK, 3);
	irqs = 0;
	room = 5;
	memcpy(ram + OUT, "blocked text", 12);
	desc(TX, 0, OUT, 12, 0, 0);
	offer(TX, 0);
	set(R_NOTIFY, TX);
	poll();
	CHECK(shown_bytes == 5 && !irqs && !poll(), "not done, and not polled in vain");
	asked = 0;
	poll();
	CHECK(asked <= 2, "asked %u times for room", asked);
	room = 100;
	CHECK(virtio_pending(d), "it is to be polled when there is room");
	poll();
	CHECK(shown_bytes == 12 && irqs == 1 && get(R_ISR) == 1 && !virtio_pending(d), "done: %u bytes, %u interrupts", shown_bytes, irqs);
	poll();
	CHECK_EQ(irqs, 1);
}

/* A reset, of all or of the queue, while a chain is in work: the rest of it is never shown. */
static void resets(u32 how)
{
	u32 elem[2];

	up();
	room = 5;
	memcpy(ram + OUT, "old text, new text", 18);
	desc(TX, 0, OUT, 9, 0, 0);
	offer(TX, 0);
	set(R_NOTIFY, TX);
	poll();
	CHECK_EQ(shown_bytes, 5);
	if (how == 0) {
		up();
	} else {
		set(R_QUEUE_SEL, TX);
		set(R_QUEUE_READY, 0);
		queue_up(TX);
		shown_bytes = 0;
	}
	room = 100;
	poll();
	CHECK(!shown_bytes && !back(TX, elem), "a part of what was before");
	desc(TX, 3, OUT + 10, 8, 0, 0);
	offer(TX, 3);
	set(R_NOTIFY, TX);
	poll();
	CHECK(shown_bytes == 8 && !memcmp(shown, "new text", 8), "%.*s", (int)shown_bytes, shown);
	CHECK(back(TX, elem) && elem[0] == 3 && !back(TX, elem), "its chain");
}

/* Keys come whole, in order, into buffers of any size, and wake nobody for nothing. */
static void input(void)
{
	u32 n, got = 0, posted = 0, taken = 0, elem[2], sizes[SIZE], before;

	up();
	for (n = 0; n < 20000; n++) {
		irqs = 0;
		before = taken;
		if (posted - taken < 16 && one_in(3)) {
			u32 i = posted % 16;

			sizes[i] = 1 + rnd(one_in(4) ? 600 : 8);
			memset(ram + IN + i * 0x400, 0xAA, 0x400);
			if (sizes[i] > 1 && one_in(2)) {		/* in two pieces */
				u32 first = 1 + rnd(sizes[i] - 1);

				desc(RX, i, IN + i * 0x400, first, 2 | 1, (u16)(i + 16));
				desc(RX, i + 16, IN + i * 0x400 + first, sizes[i] - first, 2, 0);
			} else {
				desc(RX, i, IN + i * 0x400, sizes[i], 2, 0);
			}
			offer(RX, (u16)i);
			posted++;
			if (one_in(2))
				set(R_NOTIFY, RX);
		}
		if (one_in(2) && typed_bytes + 400 < STREAM)
			typed_bytes += one_in(20) ? rnd(400) : rnd(4);
		poll();
		while (back(RX, elem)) {
			CHECK_EQ(elem[0], taken % 16);
			CHECK(elem[1] && elem[1] <= MIN(sizes[taken % 16], 256u), "%u bytes in a buffer of %u", elem[1], sizes[taken % 16]);
			CHECK(!memcmp(ram + IN + elem[0] * 0x400, typed + got, elem[1]), "what was typed");
			CHECK_EQ(ram[IN + elem[0] * 0x400 + elem[1]], 0xAA);
			got += elem[1];
			taken++;
		}
		CHECK(irqs <= 2 && !irqs == (taken == before), "%u interrupts for %u buffers", irqs, taken - before);
		CHECK(got == taken_bytes && (got == typed_bytes || taken == posted || virtio_pending(d)), "%u of %u bytes", got, typed_bytes);
	}
	CHECK(got > 5000 && !broken, "only %u bytes", got);
	/* Large buffers for many keys: a piece at a time. */
	up();
	CHECK(!virtio_pending(d), "nothing to do");
}

static void size_and_emergency(void)
{
	u32 generation;

	up();
	CHECK_EQ(get(R_CONFIG), 25 << 16 | 80);
	CHECK_EQ(get(R_CONFIG + 4), 1);
	generation = get(R_GENERATION);
	set(R_ACK, 3);
	irqs = 0;
	virtio_console_resize(d, 132, 43);
	CHECK(get(R_CONFIG) == (43 << 16 | 132) && get(R_ISR) == 2 && irqs == 1 && get(R_GENERATION) != generation, "resized");
	room = 10;
	set(R_CONFIG + 8, 'A' | 0x4200);
	CHECK(shown_bytes == 1 && shown[0] == 'A', "emergency output");
	set(R_CONFIG, 0);
	set(R_CONFIG + 4, 'B');
	CHECK(shown_bytes == 1 && get(R_CONFIG) == (43 << 16 | 132), "the rest is not to be written");
	set(R_STATUS, 0);
	irqs = 0;
	virtio_console_resize(d, 80, 25);
	CHECK(!irqs && !get(R_ISR), "nobody is there to be told");
	set(R_CONFIG + 8, 'C');			/* needs no driver */
	CHECK(shown_bytes == 2 && shown[1] == 'C', "emergency output, at any time");
}

int main(int argc, char **argv)
{
	struct virtio_guest guest = { NULL, ram_read, ram_write, irq, log_line, NULL, NULL, NULL, &work };
	struct virtio_console_backend backend = { NULL, con_room, con_output, con_input, con_typed };
	u32 i;

	seed_from(argc, argv, 0);
	for (i = 0; i < STREAM; i++) {
		text[i] = (u8)rnd(256);
		typed[i] = (u8)rnd(256);
	}
	d = virtio_console_create(&guest, &backend, 80, 25);
	CASE("output");
	for (i = 0; i < 5; i++)
		output();
	CASE("a long chain");
	long_chain();
	CASE("when it is told");
	told();
	CASE("resets");
	resets(0);
	resets(1);
	CASE("input");
	input();
	CASE("size, emergency");
	size_and_emergency();
	d->ops->destroy(d);
	return passed();
}
