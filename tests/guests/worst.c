/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worst guests we can think of: each makes Ringlet work as hard as it can, by one kind of exit or device, and never
 * stops.  Beside it runs the neighbour, which looks at what is left; see bounds.py.
 *
 * Measures: loop cli-loop timer hop faults notify console-reset console-ring console-text console-lines roots
 * Measures: flush-all pool flush-directory ring-halt tables rep-out registers restart
 * Measures: console-chain console-empty rng blk-pieces blk-empty blk-write blk-zero blk-doze
 * Measures: net-pieces net-doze net-empty net-small net-flood net-segments net-host
 * Config: memory = 16M
 * Config: disk = ram:64M
 * Config: disk = ram:64M
 * Config: disk = ram:64M
 * Config: disk = ram:64M
 * Config: disk = ram:64M
 * Config: disk = ram:64M
 * Config: net = worst
 * Config: net = worst
 * Config: net = worst
 * Config: net = worst
 * Config: net = worst
 * Config: net = worst
 */
#include "virtio.h"

#define DISKS	6
#define CARDS	6
#define RING	256u
#define PIECES	60u		/* not yet dear */

static u8 text[PAGE] __attribute__((aligned(4096)));
static u8 big[1 << 20] __attribute__((aligned(4096)));
static u8 queues[2 * CARDS][VQ_MEMORY] __attribute__((aligned(4096)));
static u8 table[PAGE] __attribute__((aligned(4096)));	/* of indirect descriptors */
static u32 dirs[RINGLET_ASIDS][1024] __attribute__((aligned(4096)));
static u32 leaf[1024] __attribute__((aligned(4096)));

/* ---- calls ---- */

static void fill(const char *what)
{
	u32 i, n;

	for (n = 0; what[n]; n++)
		;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (u8)what[i % n];
}

static void rings(u32 nr, u32 b, u32 c, u32 d)
{
	u32 i;

	for (;;) {
		for (i = 0; i < RINGLET_RING_SIZE; i++)
			queue(nr, b, c, d);
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	}
}

static void console_calls(const char *what)
{
	fill(what);
	for (;;)
		hcall(HC_CONSOLE_WRITE, (u32)text, sizeof(text), 0);
}

/* ---- page tables ---- */

/* Every root has one and the same table in every place. */
static void make_roots(void)
{
	u32 i, n;

	paging_init();
	for (n = 0; n < 1024; n++)
		leaf[n] = (u32)page_a | 0x27;
	for (i = 0; i < RINGLET_ASIDS; i++) {
		memcpy(dirs[i], pgd, PAGE);
		for (n = 16; n < 1023; n++)
			dirs[i][n] = (u32)leaf | 0x27;
	}
}

static void fill_root(u32 i)
{
	u32 n;

	hcall(HC_NEW_PGTABLE, (u32)dirs[i], i + 1, 0);
	for (n = 16; n < 1023; n++)
		peek(n << 22);
}

static void roots(void)
{
	u32 i, n;

	make_roots();
	for (n = 0;; n++) {
		fill_root(n % RINGLET_ASIDS);
		for (i = 0; i < RINGLET_RING_SIZE; i++)
			queue(HC_NEW_PGTABLE, (u32)dirs[i % RINGLET_ASIDS], 1 + i % RINGLET_ASIDS, 1);
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	}
}

static void flush_all(void)
{
	u32 i;

	make_roots();
	for (;;) {
		for (i = 0; i < RINGLET_ASIDS; i++)
			fill_root(i);
		hcall(HC_FLUSH_TLB, 1, 0, 0);
	}
}

/* All roots share nearly all tables that there is room for, and then one wants more: to give up one, all roots must. */
static void pool(void)
{
	u32 i, n, shared_tables = 130, more_at = 1000;

	make_roots();
	for (n = 0; n < sizeof(big) / PAGE; n++)
		memcpy(big + n * PAGE, leaf, PAGE);
	for (i = 0; i < RINGLET_ASIDS; i++)
		for (n = 16; n < 1023; n++)
			dirs[i][n] = ((u32)big + (n < more_at ? n % shared_tables : shared_tables + n - more_at) * PAGE) | 0x27;
	for (;;) {
		for (i = 0; i < RINGLET_ASIDS; i++) {
			hcall(HC_NEW_PGTABLE, (u32)dirs[i], i + 1, 0);
			for (n = 16; n < more_at; n++)
				peek(n << 22);
		}
		for (n = more_at; n < 1023; n++)
			peek(n << 22);
	}
}

static void flush_directory(void)
{
	u32 i;

	make_roots();
	for (i = 0; i < RINGLET_ASIDS; i++)
		fill_root(i);
	for (;;) {
		for (i = 0; i < RINGLET_RING_SIZE; i++)
			queue(i & 1 ? HC_SET_PGD : HC_SET_PTE, (u32)dirs[0], i & 1 ? 100 + i : i << 26, 0);
		hcall(HC_FLUSH_ASYNC, 0, 0, 0);
	}
}

/* Descriptor tables with an entry over each page's end. */
static void tables(void)
{
	struct table_reg gdt = { 0xFFFF, (u32)big + PAGE - 4 }, idt_reg = { 2047, (u32)big + PAGE - 4 };

	paging_init();
	for (;;) {
		TRY("lgdt %0", : : "m"(gdt));
		TRY("lidt %0", : : "m"(idt_reg));
	}
}

static void rep_out(void)
{
	for (;;)
		asm volatile("rep outsb" : : "c"(1000000), "S"(big), "d"(0x3000) : "memory");
}

/* ---- devices ---- */

static u32 device(u32 kind, u32 n)
{
	u32 i, dev;

	for (i = 0; (dev = vdev_at(i)); i++)
		if (vget(dev, 8) == kind && !n--)
			return dev;
	test_error("too few devices of kind %u", kind);
}

static void open(u32 dev, u64 features)
{
	if (!vdev_open(dev, V_VERSION_1 | V_INDIRECT_DESC | features))
		test_error("device %x refuses", dev);
}

/* One table of n pieces of len bytes from `big` on, each `step` farther, after `head` bytes and before `end`. */
static void make_table(u32 n, u32 len, u32 flags)
{
	u32 i;

	for (i = 0; i < n; i++)
		vdesc_put(table, i, (u32)big + i * len % sizeof(big), len, flags | (i < n - 1 ? D_NEXT : 0), i + 1);
}

static void offer_all(struct vqueue *q, u32 addr, u32 len, u32 flags)
{
	u32 i;

	for (i = 0; i < q->size; i++) {
		vq_desc(q, i, addr, len, flags, 0);
		vq_offer(q, i);
	}
}

/* What came back is offered again, all of it. */
static void again(struct vqueue *q)
{
	volatile u32 *elem = (volatile u32 *)(q->used + 2);

	for (; q->seen != q->used[1]; q->seen++)
		vq_offer(q, elem[2 * (q->seen % q->size)]);
}

static void registers(void)
{
	u32 dev = device(VD_NET, 0), i;
	struct vqueue q;

	for (;;) {
		open(dev, 0);
		for (i = 0; i < 2; i++)
			vq_open(&q, dev, i, RING, queues[i]);
		vdev_go(dev);
		for (i = 0; i < 100; i++)
			vset(dev, V_READY, i & 1);
	}
}

static void console_chain(bool empty)
{
	u32 dev = device(VD_CONSOLE, 0);
	struct vqueue q;

	fill("\033c");
	open(dev, 0);
	vq_open(&q, dev, 1, RING, queues[0]);
	vdev_go(dev);
	if (empty) {
		make_table(256, 0, 0);
		offer_all(&q, (u32)table, sizeof(table), D_INDIRECT);
	} else {
		offer_all(&q, (u32)text, sizeof(text), 0);
	}
	for (;;) {
		vq_kick(&q);
		again(&q);
	}
}

static void rng(void)
{
	u32 dev = device(VD_RNG, 0);
	struct vqueue q;

	open(dev, 0);
	vq_open(&q, dev, 0, RING, queues[0]);
	vdev_go(dev);
	make_table(256, 1, D_WRITE);
	offer_all(&q, (u32)table, sizeof(table), D_INDIRECT);
	for (;;) {
		vq_kick(&q);
		again(&q);
	}
}

static struct { u32 type, reserved; u64 sector; } request;

/* All disks: the same request from all descriptors, over and over.  `doze`: all is left to poll() and nothing done here. */
static void disks(u32 type, u32 pieces, u32 len, u32 flags, bool doze)
{
	struct vqueue q[DISKS];
	u32 i;

	request.type = type;
	make_table(pieces + 2, len, flags | D_NEXT);
	vdesc_put(table, 0, (u32)&request, sizeof(request), D_NEXT, 1);
	vdesc_put(table, pieces + 1, (u32)page_a, 1, D_WRITE, 0);
	for (i = 0; i < DISKS; i++) {
		open(device(VD_BLK, i), 1 << 13 | 1 << 14);
		vq_open(&q[i], device(VD_BLK, i), 0, RING, queues[i]);
		vdev_go(q[i].dev);
		offer_all(&q[i], (u32)table, (pieces + 2) * 16, D_INDIRECT);
	}
	for (;;) {
		for (i = 0; i < DISKS; i++) {
			vq_kick(&q[i]);
			again(&q[i]);
		}
		if (type == 1)
			request.sector = (request.sector + 2048) % (63 << 11);
		if (doze)
			sleep_ms(1);
	}
}

static void zero_disks(void)
{
	struct { u64 sector; u32 sectors, flags; } *r = (void *)(big + 16);

	r->sectors = 64 << 11;
	disks(13, 1, 16, 0, false);
}

static struct {
	u8 hdr[12];
	u8 to[6], from[6], type[2];
	u8 rest[65536];
} __attribute__((packed)) frame;

static u8 tx_table[PAGE] __attribute__((aligned(4096)));
static u32 sleep_ns;		/* of one that leaves all to its devices */

/* All cards send what is in `frame` (0 bytes: what tx_table says), again and again, and receive in chains of `pieces` of
 * `len` bytes. */
static void cards(u32 bytes, u32 pieces, u32 len, u64 features)
{
	struct vqueue rx[CARDS], tx[CARDS];
	u32 i, n;

	make_table(pieces, len, D_WRITE);
	for (i = 0; i < CARDS; i++) {
		u32 dev = device(VD_NET, i);

		open(dev, features);
		vq_open(&rx[i], dev, 0, RING, queues[2 * i]);
		vq_open(&tx[i], dev, 1, RING, queues[2 * i + 1]);
		vdev_go(dev);
		for (n = 0; n < 6; n++)
			frame.from[n] = (u8)(peek(dev + V_CONFIG + (n & 4)) >> (n & 3) * 8);
		if (pieces)
			offer_all(&rx[i], (u32)table, pieces * 16, D_INDIRECT);
		offer_all(&tx[i], bytes ? (u32)&frame : (u32)tx_table, bytes ?: PIECES * 16, bytes ? 0 : D_INDIRECT);
	}
	if (!pieces)
		memcpy(frame.to, frame.from, 6);
	for (;;) {
		for (i = 0; i < CARDS; i++) {
			vq_kick(&tx[i]);
			again(&tx[i]);
			again(&rx[i]);
		}
		if (sleep_ns) {
			irq_off();
			timer_ns(sleep_ns);
			wait_irq(RINGLET_IRQ_TIMER);
		}
	}
}

/* To one who has no room: all the work is the sender's. */
static void net_pieces(void)
{
	u32 i;

	for (i = 0; i < PIECES; i++)
		vdesc_put(tx_table, i, (u32)&frame, i ? 1 : 64, i < PIECES - 1 ? D_NEXT : 0, i + 1);
	cards(0, 0, 0, 0);
}

static void net_doze(void)
{
	sleep_ns = 1000;
	net_pieces();
}

static void flood(u32 bytes, u32 pieces, u32 len, u64 features)
{
	memset(frame.to, 0xFF, 6);
	cards(bytes, pieces, len, features);
}

/* TCP over IPv4, to be cut into segments and summed up for one who wants neither. */
static void segments(void)
{
	u8 *ip = frame.rest, *tcp = ip + 20;

	frame.hdr[0] = 1;				/* checksum wanted */
	frame.hdr[1] = 1;				/* TCPv4 */
	frame.hdr[4] = 1024 & 0xFF;
	frame.hdr[5] = 1024 >> 8;
	frame.hdr[6] = 34;
	frame.hdr[8] = 16;
	memcpy(frame.type, "\x08\0", 2);
	ip[0] = 0x45;
	ip[9] = 6;
	tcp[12] = 0x50;
	flood(12 + 54 + 63 * 1024, 256, 1024 / 16, 1 | 1 << 11 | 1 << 15);
}

static void host(void)
{
	memcpy(frame.type, "\x08\x06", 2);
	memcpy(frame.rest, "\0\1\x08\0\6\4\0\1", 8);
	memcpy(frame.rest + 24, "\x0a\x4d\1\xfe", 4);
	flood(12 + 14 + 28, 1, 2048, 0);
}

/* ---- which ---- */

static void hop(void)
{
	for (;;) {
		irq_off();
		timer_ns(1000);
		wait_irq(RINGLET_IRQ_TIMER);
	}
}

static void timer(void)
{
	irq_on();
	for (;;)
		timer_ns(1);
}

static void ring_halt(void)
{
	u32 i;

	for (;;) {
		for (i = 0; i < RINGLET_RING_SIZE - 1; i++)
			queue(HC_FLUSH_TLB, 1, 0, 0);
		queue(HC_SET_CLOCKEVENT, 10, 0, 0);
		hcall(HC_HALT, 0, 0, 0);
	}
}

static void faults(void)
{
	paging_init();
	for (;;)
		try_read(0x40000000);
}

static void loop(void) { for (;;) ; }
static void cli_loop(void) { asm volatile("cli"); loop(); }
static void notify(void) { fill("\n"); rings(HC_NOTIFY, (u32)text, 0, 0); }
static void restart(void) { hcall(HC_SHUTDOWN, 0, SHUTDOWN_RESTART, 0); }

static void console_reset(void) { console_calls("\033c"); }
static void console_ring(void) { fill("\033c"); rings(HC_CONSOLE_WRITE, (u32)text, sizeof(text), 0); }
static void console_text(void) { console_calls("All work and no play makes Jack a dull boy. "); }
static void console_lines(void) { console_calls("\n\033[9L\033M"); }
static void console_full(void) { console_chain(false); }
static void console_empty(void) { console_chain(true); }

static void blk_pieces(void) { disks(0, 254, 512, D_WRITE, false); }
static void blk_empty(void) { disks(0, 254, 0, D_WRITE, false); }
static void blk_write(void) { disks(1, 254, 4096, 0, false); }
static void blk_doze(void) { disks(0, 254, 4096, D_WRITE, true); }

static void net_empty(void) { flood(60 + 12, 256, 0, 1 << 15); }
static void net_small(void) { flood(14 + 12, 1, 2048, 0); }
static void net_flood(void) { flood(65536 + 12, 256, 256, 0); }

static const struct {
	const char *name;
	void (*run)(void);
} all[] = {
	{ "loop", loop }, { "cli-loop", cli_loop }, { "timer", timer }, { "hop", hop }, { "faults", faults },
	{ "notify", notify }, { "console-reset", console_reset }, { "console-ring", console_ring },
	{ "console-text", console_text }, { "console-lines", console_lines }, { "roots", roots },
	{ "flush-all", flush_all }, { "pool", pool }, { "flush-directory", flush_directory }, { "ring-halt", ring_halt },
	{ "tables", tables }, { "rep-out", rep_out }, { "registers", registers }, { "restart", restart },
	{ "console-chain", console_full }, { "console-empty", console_empty }, { "rng", rng },
	{ "blk-pieces", blk_pieces }, { "blk-empty", blk_empty }, { "blk-write", blk_write },
	{ "blk-zero", zero_disks }, { "blk-doze", blk_doze }, { "net-empty", net_empty }, { "net-pieces", net_pieces }, { "net-doze", net_doze },
	{ "net-small", net_small }, { "net-flood", net_flood }, { "net-segments", segments }, { "net-host", host },
};

void test_main(void)
{
	u32 i;

	shared_init(0);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (variant_is(all[i].name))
			all[i].run();
	test_error("there is no such variant: %s", variant());
}
