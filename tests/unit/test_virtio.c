/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device side of virtio against drivers that keep the rules, and against those that do not: loops, wraps,
 * indexes that jump, indirect tables in all the wrong ways, rings outside of memory, settings
 * changed at the wrong time.  A bad driver breaks its own device, is told so once, and a reset
 * makes it whole.
 */
#include "drivers/virtio/virtio.h"
#define RAM	0x10000u
#include "tests/unit/ram.h"
#include "tests/unit/test.h"

#define DESC	0x1000u
#define AVAIL	0x2000u
#define USED	0x3000u
#define BUFS	0x8000u
#define SIZE	16u

/* virtio-mmio's registers, from the specification */
enum { FEATURES_SEL = 0x14, DRIVER_FEATURES = 0x20, DRIVER_SEL = 0x24, QUEUE_SEL = 0x30, QUEUE_MAX = 0x34, QUEUE_NUM = 0x38,
       QUEUE_READY = 0x44, NOTIFY = 0x50, INT_STATUS = 0x60, ACK = 0x64, STATUS = 0x70, Q_DESC = 0x80, Q_DRIVER = 0x90, Q_DEVICE = 0xA0,
       SHM_LEN = 0xB0, SHM_BASE = 0xB8, GENERATION = 0xFC };

static struct virtio_dev d;
static u32 irqs, logged, popped, bytes_in, processed, longest, resets, starts;
static char why[200];

static u32 reasons;				/* why it was interrupted, all together */

static void irq(void *o, u32 why)
{
	(void)o;
	irqs++;
	reasons |= why;
	CHECK(why && (d.isr & why) == why, "interrupted for %u, but the register says %u", why, d.isr);
}
static void log_line(void *o, const char *line)
{
	(void)o;
	logged++;
	snprintf(why, sizeof(why), "%s", line);
}

/* An echo: what is readable goes, upside down, into what is writable. */
static bool process(struct virtio_dev *dev, u32 q)
{
	struct virtio_chain c;
	u32 n = 0;

	processed++;
	while (n++ < 32 && virtq_pop(dev, q, &c)) {
		u8 buf[256];
		u32 got = virtio_copy_from(dev, &c, 0, buf, sizeof(buf)), put;

		CHECK(c.readable + c.writable <= VIRTIO_SEGMENTS, "%u + %u segments", c.readable, c.writable);
		CHECK(got <= MIN(virtio_readable_bytes(&c), (u32)sizeof(buf)), "read %u", got);
		bytes_in += got;
		popped++;
		longest = MAX(longest, c.readable + c.writable);
		for (u32 i = 0; i < got; i++)
			buf[i] ^= 0xFF;
		put = virtio_copy_to(dev, &c, 0, buf, got);
		CHECK(put <= got && put <= virtio_writable_bytes(&c), "wrote %u", put);
		virtq_push(dev, q, c.head, put);
	}
	virtq_signal(dev, q);
	return virtio_live(dev) && virtq_waiting(dev, q);
}
static void reset(struct virtio_dev *dev, u32 q) { (void)dev; resets += !q; }
static void started(struct virtio_dev *dev) { (void)dev; starts++; }
static const void *config(struct virtio_dev *dev, u32 *len)
{
	static u8 space[12] = "hello world";

	(void)dev;
	*len = sizeof(space);
	return space;
}
static void config_write(struct virtio_dev *dev, u32 o, u32 s, u32 v) { (void)dev; (void)o; (void)s; (void)v; }

static const struct virtio_ops ops = { .device_id = 3, .queues = 2, .process = process, .reset = reset,
				       .started = started, .config = config, .config_write = config_write };
static const struct virtio_ops lazy_ops = { .device_id = 3, .queues = 2, .process = process, .lazy = true, .config = config };
static const struct virtio_guest guest = { .read = ram_read, .write = ram_write, .raise_irq = irq, .log = log_line };

static void set(u32 reg, u32 v) { virtio_mmio_write(&d, reg, 4, v); }
static u32 get(u32 reg) { return virtio_mmio_read(&d, reg, 4); }

static void desc(u32 table, u32 i, u64 addr, u32 len, u16 flags, u16 next)
{
	memcpy(ram + table + 16 * i, &addr, 8);
	memcpy(ram + table + 16 * i + 8, &len, 4);
	memcpy(ram + table + 16 * i + 12, &flags, 2);
	memcpy(ram + table + 16 * i + 14, &next, 2);
}

static u16 avail_idx;
static void offer(u16 head)
{
	memcpy(ram + AVAIL + 4 + 2 * (avail_idx % SIZE), &head, 2);
	avail_idx++;
	memcpy(ram + AVAIL + 2, &avail_idx, 2);
}
static u16 used_idx(void) { u16 v; memcpy(&v, ram + USED + 2, 2); return v; }

static void up(u64 features)
{
	memset(ram, 0, RAM);
	avail_idx = 0;
	irqs = logged = popped = bytes_in = 0;
	set(STATUS, 0);
	set(STATUS, 3);
	set(DRIVER_SEL, 0);
	set(DRIVER_FEATURES, (u32)features);
	set(DRIVER_SEL, 1);
	set(DRIVER_FEATURES, (u32)(features >> 32));
	set(STATUS, 11);
	set(QUEUE_SEL, 0);
	set(QUEUE_NUM, SIZE);
	set(Q_DESC, DESC);
	set(Q_DESC + 4, 0);
	set(Q_DRIVER, AVAIL);
	set(Q_DRIVER + 4, 0);
	set(Q_DEVICE, USED);
	set(Q_DEVICE + 4, 0);
	set(QUEUE_READY, 1);
	set(STATUS, 15);
	CHECK_EQ(get(STATUS), 15);
}

static void kick(void)
{
	set(NOTIFY, 0);
	for (u32 n = 0; virtio_poll(&d); n++)
		CHECK(n < 5000, "virtio_poll never ends");
}

#define V1 (1ull << VIRTIO_F_VERSION_1)
#define IND (1ull << VIRTIO_F_INDIRECT_DESC)
#define EVT (1ull << VIRTIO_F_EVENT_IDX)

static void rules_kept(void)
{
	u32 i, n;

	CHECK_EQ(get(0), 0x74726976);
	CHECK_EQ(get(4), 2);
	CHECK_EQ(virtio_mmio_read(&d, 0x100, 1), 'h');
	CHECK_EQ(virtio_mmio_read(&d, 0x10A, 4), 'd');
	up(V1 | IND);
	for (n = 0; n < 1000; n++) {
		ram[BUFS] = (u8)n;
		desc(DESC, 0, BUFS, 8, 1, 1);
		desc(DESC, 1, BUFS + 0x100, 3, 3, 2);
		desc(DESC, 2, BUFS + 0x200, 100, 2, 0);
		offer(0);
		kick();
		CHECK_EQ(used_idx(), (u16)(n + 1));
		CHECK(ram[BUFS + 0x100] == (u8)~n && ram[BUFS + 0x204] == 0xFF, "echo");
	}
	CHECK(irqs == 1000 && !logged, "%u interrupts, %s", irqs, why);
	/* Many at once, in an indirect table too. */
	up(V1 | IND);
	for (i = 0; i < 5; i++)
		desc(BUFS + 0x1000, i, BUFS + i, 1, i < 4 ? 1 : 0, (u16)(i + 1));
	desc(DESC, 0, BUFS + 0x1000, 80, 4, 0);
	for (i = 0; i < SIZE; i++)
		offer(0);
	kick();
	CHECK_EQ(used_idx(), SIZE);
	CHECK_EQ(bytes_in, 5 * SIZE);
	CHECK_EQ(irqs, 1);
	/* The longest. */
	up(V1 | IND);
	for (i = 0; i < VIRTIO_QUEUE_SIZE; i++)
		desc(BUFS + 0x1000, i, BUFS, 1, i + 1 < VIRTIO_QUEUE_SIZE ? 1 : 0, (u16)(i + 1));
	desc(DESC, 0, BUFS + 0x1000, 16 * VIRTIO_QUEUE_SIZE, 4, 0);
	offer(0);
	kick();
	CHECK(bytes_in == VIRTIO_QUEUE_SIZE && !logged, "%u bytes, %s", bytes_in, why);
	/* The driver wants none. */
	up(V1);
	ram[AVAIL] = 1;
	desc(DESC, 0, BUFS, 8, 0, 0);
	offer(0);
	kick();
	CHECK(popped == 1 && !irqs, "an interrupt that was not wanted");
}

static void broken(const char *what)
{
	kick();
	CHECK((get(STATUS) & 0x40) && logged == 1, "%s: status %x, told %u times", what, get(STATUS), logged);
	kick();
	CHECK_EQ(logged, 1);
	set(STATUS, 0);
	CHECK_EQ(get(STATUS), 0);
}

static void rules_broken(void)
{
	u32 i;
	u16 idx;

	up(V1);
	desc(DESC, 0, BUFS, 8, 1, 1);
	desc(DESC, 1, BUFS, 8, 1, 0);
	offer(0);
	broken("a loop");
	up(V1);
	offer(SIZE);
	broken("head out of range");
	up(V1);
	desc(DESC, 0, BUFS, 8, 1, SIZE);
	offer(0);
	broken("next out of range");
	up(V1);
	idx = SIZE + 1;
	memcpy(ram + AVAIL + 2, &idx, 2);
	broken("index jumped");
	up(V1);
	desc(DESC, 0, BUFS, 8, 3, 1);
	desc(DESC, 1, BUFS, 8, 0, 0);
	offer(0);
	broken("readable after writable");
	up(V1);
	desc(DESC, 0, RAM - 4, 8, 0, 0);
	offer(0);
	broken("buffer over the end of memory");
	up(V1);
	desc(DESC, 0, ~0ull - 3, 8, 0, 0);
	offer(0);
	broken("buffer that wraps");
	up(V1);
	desc(DESC, 0, BUFS, 16, 4, 0);
	offer(0);
	broken("indirect, not agreed on");
	for (i = 0; i < 4; i++) {
		static const u32 len[] = { 0, 15, 17, 0xFFFFFFF0 };

		up(V1 | IND);
		desc(DESC, 0, BUFS, len[i], 4, 0);
		offer(0);
		broken("indirect of a strange length");
	}
	up(V1 | IND);
	desc(DESC, 0, BUFS, 16, 4, 0);
	desc(BUFS, 0, BUFS, 16, 4, 0);
	offer(0);
	broken("indirect within indirect");
	up(V1 | IND);
	desc(DESC, 0, BUFS, 16, 5, 1);
	offer(0);
	broken("indirect and next");
	up(V1);
	set(QUEUE_READY, 0);
	set(Q_DRIVER, RAM - 2);
	set(QUEUE_READY, 1);
	broken("ring outside memory");
	up(V1);
	set(QUEUE_READY, 0);
	set(Q_DEVICE, 0xFFFFFFF0);
	set(Q_DEVICE + 4, 0xFFFFFFFF);
	set(QUEUE_READY, 1);
	desc(DESC, 0, BUFS, 8, 0, 0);
	offer(0);
	broken("used ring that wraps");
	/* Features that were not offered, or the old kind of driver. */
	set(STATUS, 0);
	set(STATUS, 3);
	set(DRIVER_SEL, 1);
	set(DRIVER_FEATURES, 0x80000001);
	set(STATUS, 11);
	CHECK(!(get(STATUS) & 8), "features that were not offered");
	set(DRIVER_FEATURES, 0);
	set(STATUS, 11);
	CHECK(!(get(STATUS) & 8), "a driver without VERSION_1");
}

#define ACK_DRIVER	0x03
#define F_OK		0x08
#define D_OK		0x04
#define NEEDS_RESET	0x40

/* 2.1, 2.2: the status says only what is true, and only a reset takes it back. */
/* A device that has broken touches nothing more: no chain is taken, no answer shown, no interrupt raised, by any queue. */
static void broken_for_good(void)
{
	struct virtio_chain c;
	u32 before;

	up(V1);
	desc(DESC, 0, BUFS, 8, 0, 0);
	offer(0);
	offer(0);
	CHECK(virtq_pop(&d, 0, &c), "nothing to pop");
	virtq_push(&d, 0, c.head, 0);
	d.queue[0].kicked = d.queue[1].kicked = true;
	virtio_broken(&d, "on purpose");
	before = irqs;
	CHECK(!virtq_waiting(&d, 0) && !virtq_pop(&d, 0, &c), "a chain is taken from a broken device");
	virtq_signal(&d, 0);
	CHECK_EQ(irqs, before);
	processed = 0;
	CHECK(!virtio_poll(&d) && !processed, "a broken device is at work");
	set(STATUS, 0);
	/* The one queue breaks it while the other has something to do. */
	up(V1);
	d.queue[0].kicked = d.queue[1].kicked = true;
	offer(SIZE);
	processed = 0;
	virtio_poll(&d);
	CHECK_EQ(processed, 1);
	set(STATUS, 0);
}

/* A chain may be longer than 4 GiB in all: it counts as as long as can be counted. */
static void endless_chain(void)
{
	static struct virtio_chain c = { .readable = 2, .writable = 3 };
	u32 i;

	for (i = 0; i < 5; i++)
		c.seg[i] = (struct virtio_seg){ 0, 0xFFFFFFF0 };
	CHECK_EQ(virtio_readable_bytes(&c), 0xFFFFFFFF);
	CHECK_EQ(virtio_writable_bytes(&c), 0xFFFFFFFF);
	/* Beyond the address space: refused when it is taken, whatever is done with it. */
	up(V1);
	desc(DESC, 0, 0xFFFFFFF0, 0x20, 0, 0);
	offer(0);
	CHECK(!virtq_pop(&d, 0, &c) && (get(STATUS) & 0x40), "a descriptor beyond the address space is taken");
	set(STATUS, 0);
}

static void status(void)
{
	u32 n = starts;

	set(STATUS, 0);
	set(STATUS, ACK_DRIVER | D_OK);
	CHECK(get(STATUS) == ACK_DRIVER && !virtio_live(&d), "DRIVER_OK without FEATURES_OK");
	set(DRIVER_SEL, 1);
	set(DRIVER_FEATURES, 2);
	set(STATUS, ACK_DRIVER | F_OK | D_OK);
	CHECK(get(STATUS) == ACK_DRIVER && !virtio_live(&d), "both, with features that were not offered");
	set(DRIVER_FEATURES, 1);
	set(STATUS, ACK_DRIVER | F_OK);
	CHECK_EQ(get(STATUS), ACK_DRIVER | F_OK);
	set(DRIVER_SEL, 0);
	set(DRIVER_FEATURES, 1u << VIRTIO_F_EVENT_IDX);
	CHECK(!virtio_has(&d, VIRTIO_F_EVENT_IDX), "features changed after FEATURES_OK");
	CHECK_EQ(starts, n);
	set(STATUS, ACK_DRIVER | F_OK | D_OK);
	set(STATUS, ACK_DRIVER | F_OK | D_OK);
	CHECK(virtio_live(&d) && starts == n + 1, "started %u times", starts - n);
	set(STATUS, 1);
	CHECK(get(STATUS) == (ACK_DRIVER | F_OK | D_OK) && virtio_live(&d), "the driver took bits back");
	set(STATUS, 0x70);
	CHECK(get(STATUS) == (ACK_DRIVER | F_OK | D_OK), "the driver set what is not its own");
	set(STATUS, 0xFFFFFF00);
	CHECK_EQ(get(STATUS), 0);
	/* A reset takes all back. */
	up(V1 | EVT);
	reasons = 0;
	virtio_config_changed(&d);
	CHECK_EQ(reasons, VIRTIO_INT_CONFIG);
	CHECK_EQ(get(INT_STATUS), 2);
	set(STATUS, 0);
	set(QUEUE_SEL, 0);
	CHECK(!get(INT_STATUS) && !get(QUEUE_READY) && !virtio_has(&d, VIRTIO_F_EVENT_IDX), "a reset leaves something");
	set(STATUS, 0x83);
	CHECK(get(STATUS) == 0x83, "FAILED");
}

/* 4.2.2: the queues' registers. */
static void queues(void)
{
	u32 n;

	set(STATUS, 0);
	for (n = 0; n < 5; n++) {
		set(QUEUE_SEL, n);
		CHECK_EQ(get(QUEUE_MAX), n < 2 ? VIRTIO_QUEUE_SIZE : 0);
	}
	set(QUEUE_READY, 1);			/* there is no such queue */
	set(QUEUE_NUM, 3);
	CHECK(!get(QUEUE_READY) && !get(STATUS), "queue 4");
	up(V1);
	set(NOTIFY, 2);
	set(NOTIFY, 0xFFFFFFFF);
	set(NOTIFY, 1);				/* not ready */
	for (n = 0; n < 3; n++) {
		desc(DESC, n, BUFS, 8, 0, 0);
		offer((u16)n);
	}
	kick();
	CHECK_EQ(popped, 3);
	/* Once more what it is already: nothing happens. */
	set(QUEUE_SEL, 0);
	set(QUEUE_READY, 1);
	set(QUEUE_NUM, 3);
	set(Q_DESC, 0);
	kick();
	CHECK(get(QUEUE_READY) == 1 && get(STATUS) == 15 && popped == 3, "a ready queue was changed");
	/* Stopped: it keeps still, whatever is in work. */
	n = resets;
	offer(0);
	set(QUEUE_READY, 0);
	CHECK(!get(QUEUE_READY) && resets == n + 1, "it does not stop");
	kick();
	virtq_push(&d, 0, 0, 7);
	CHECK(popped == 3 && used_idx() == 3 && get(STATUS) == 15 && ram[USED + 8] != 7, "a stopped queue goes on");
	/* And from the beginning, elsewhere and smaller. */
	memset(ram, 0, RAM);
	avail_idx = 0;
	set(QUEUE_NUM, SIZE / 2);
	set(Q_DEVICE, USED + 0x100);
	set(QUEUE_READY, 1);
	desc(DESC, 0, BUFS, 8, 0, 0);
	offer(0);
	kick();
	CHECK(popped == 4 && !used_idx() && ram[USED + 0x102] == 1, "it does not start again");
	/* Settings that cannot be. */
	for (n = 0; n < 9; n++) {
		static const struct { u32 reg, value; } wrong[] = { { QUEUE_NUM, 0 }, { QUEUE_NUM, 3 }, { QUEUE_NUM, 512 },
			{ QUEUE_NUM, 0x80000000 }, { QUEUE_NUM, 0x10010 }, { Q_DESC, DESC + 8 }, { Q_DRIVER, AVAIL + 1 },
			{ Q_DEVICE, USED + 2 }, { QUEUE_SEL, 1 } };

		up(V1);
		set(QUEUE_READY, 0);
		set(wrong[n].reg, wrong[n].value);
		set(QUEUE_READY, 1);
		broken("a queue that cannot be");
	}
	/* Addresses of 64 bits are not cut off. */
	up(V1);
	set(QUEUE_READY, 0);
	set(Q_DRIVER + 4, 1);
	set(QUEUE_READY, 1);
	offer(0);
	broken("a ring above 4 GiB");
	up(V1);
	desc(DESC, 0, 1ull << 32 | BUFS, 8, 0, 0);
	offer(0);
	broken("a buffer above 4 GiB");
}

/* 4.2.2, 2.5: interrupts, the configuration and what is not there. */
static void registers(void)
{
	u32 n, i;

	up(V1);
	desc(DESC, 0, BUFS, 8, 0, 0);
	offer(0);
	kick();
	virtio_config_changed(&d);
	CHECK_EQ(get(INT_STATUS), 3);
	set(ACK, 1);
	CHECK_EQ(get(INT_STATUS), 2);
	set(ACK, 0xFFFFFFFD);
	CHECK_EQ(get(INT_STATUS), 2);
	set(INT_STATUS, 0);
	set(ACK, 2);
	CHECK_EQ(get(INT_STATUS), 0);
	n = get(GENERATION);
	CHECK_EQ(get(GENERATION), n);
	virtio_config_changed(&d);
	CHECK(get(GENERATION) != n, "the configuration changed, its generation did not");
	for (i = 0; i < 16; i += 4)
		CHECK_EQ(get(SHM_LEN + i), 0xFFFFFFFF);
	set(FEATURES_SEL, 0);
	CHECK_EQ(get(0x10), (u32)(IND | EVT));
	set(FEATURES_SEL, 1);
	CHECK_EQ(get(0x10), 1);
	set(FEATURES_SEL, 2);
	CHECK_EQ(get(0x10), 0);
	/* Registers have one width. */
	CHECK(!virtio_mmio_read(&d, 0, 1) && !virtio_mmio_read(&d, 0x72, 2), "a part of a register");
	virtio_mmio_write(&d, STATUS, 1, 0);
	CHECK_EQ(get(STATUS), 15);
	for (i = 0; i < 4096; i++)		/* the configuration any, up to its end */
		for (n = 1; n <= 4; n *= 2)
			virtio_mmio_read(&d, i, n);
	CHECK(virtio_mmio_read(&d, 0x10C, 4) == 0 && virtio_mmio_read(&d, 0xFFF, 4) == 0, "beyond the configuration");
}

/* Kicks of a lazy device only count when it is polled; without event indexes, the flag of the used ring stays clear. */
static void lazy(void)
{
	virtio_init(&d, &lazy_ops, &guest, 0);
	up(V1);
	desc(DESC, 0, BUFS, 8, 0, 0);
	offer(0);
	set(NOTIFY, 0);
	CHECK_EQ(popped, 0);
	offer(0);
	CHECK(!virtio_poll(&d) && popped == 2 && irqs == 1 && !ram[USED], "%u taken with %u interrupts", popped, irqs);
	offer(0);
	set(NOTIFY, 0);
	set(QUEUE_READY, 0);
	CHECK(!virtio_poll(&d) && popped == 2, "a kick outlives its queue");
	set(STATUS, 0);
	virtio_init(&d, &ops, &guest, 0);
}

static void at_random(void)
{
	static const u32 regs[] = { FEATURES_SEL, DRIVER_FEATURES, DRIVER_SEL, QUEUE_SEL, QUEUE_NUM, QUEUE_READY, NOTIFY,
				    ACK, STATUS, Q_DESC, Q_DESC + 4, Q_DRIVER, Q_DRIVER + 4, Q_DEVICE, Q_DEVICE + 4 };
	u32 n, i, most = 0;

	for (n = 0; n < 20000; n++) {
		up(V1 | (one_in(2) ? IND : 0) | (one_in(2) ? EVT : 0));
		for (i = 0; i < SIZE; i++)
			desc(DESC, i, one_in(5) ? rnd(RAM) : BUFS + rnd(256), rnd(one_in(4) ? 100000 : 64),
			     (u16)(one_in(2) ? rnd(8) : 1), (u16)rnd(one_in(10) ? 40 : SIZE));
		for (i = 0; i < 6; i++)
			desc(BUFS, i, rnd(RAM), rnd(200), (u16)rnd(8), (u16)rnd(8));
		for (i = rnd(SIZE); i--;)
			offer((u16)rnd(SIZE));
		if (one_in(3))
			for (i = rnd(6); i--;)
				set(regs[rnd(ARRAY_SIZE(regs))], one_in(2) ? rnd(300) : one_in(2) ? rnd(RAM) : rnd(0xFFFFFFFF));
		kick();
		virtio_mmio_read(&d, rnd(4096), 1u << rnd(3));
		virtio_mmio_write(&d, rnd(4096), 1u << rnd(3), rnd(0xFFFFFFFF));
		CHECK(logged <= 2, "told %u times", logged);
		most = MAX(most, popped);
	}
	CHECK(most >= 8 && longest > 3, "the test did not do its work: %u, %u", most, longest);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 6);
	virtio_init(&d, &ops, &guest, 0);
	CASE("rules kept");
	rules_kept();
	CASE("rules broken");
	rules_broken();
	CASE("broken for good");
	broken_for_good();
	endless_chain();
	CASE("status");
	status();
	CASE("queues");
	queues();
	CASE("registers");
	registers();
	CASE("lazy");
	lazy();
	CASE("at random");
	at_random();
	return passed();
}
