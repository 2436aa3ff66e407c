/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's devices as a set: where each is, what it may reach and whom it interrupts, who is polled when there is work for
 * all of them and time for a few; made and unmade, whole and half.  The devices themselves are made up.
 */
#define MACHINE_FRAMES 16
#include "tests/unit/machine.h"
#include "arch/x86/time.h"
#include "drivers/virtio/console.h"
#include "hv/cpu/cpu.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"

#define PAGES	4u
#define BYTES	(PAGES * PAGE_SIZE)

static struct guest g;
static struct vcpu v;
static struct guest_config cfg;


/* ---- the heap: who has what, and when there is no more ---- */

void *__real_malloc(size_t n);
void __real_free(void *p);
static void *heap[MAX_VDEVS + 1];
static u32 mallocs, malloc_fails = ~0u;

void *__wrap_malloc(size_t n)
{
	void *p = mallocs == malloc_fails ? NULL : __real_malloc(n);
	u32 i;

	mallocs++;
	for (i = 0; p && i < ARRAY_SIZE(heap); i++)
		if (!heap[i]) {
			heap[i] = p;
			break;
		}
	return p;
}

void __wrap_free(void *p)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(heap); i++)
		if (heap[i] == p)
			heap[i] = NULL;
	__real_free(p);
}

static u32 heap_used(void)
{
	u32 i, n = 0;

	for (i = 0; i < ARRAY_SIZE(heap); i++)
		n += heap[i] != NULL;
	return n;
}

/* ---- devices ---- */

static struct fake {
	struct virtio_dev d;
	char what[12];
	bool there;
	u32 cost, polls, left;		/* left: pieces that wait */
	bool blocked;			/* for something else than time */
	u32 settled, reg, size, value;
} fake[MAX_VDEVS];
static u32 makes, make_fails = ~0u, alive, polled[MAX_VDEVS], polled_count;
static s32 left_after[MAX_VDEVS];	/* of the work, after each poll */

static struct fake *fake_of(struct virtio_dev *d) { return (struct fake *)d; }

static bool fake_poll(struct virtio_dev *d)
{
	struct fake *f = fake_of(d);

	CHECK(f->there && polled_count < MAX_VDEVS, "polled for ever");
	f->polls++;
	if (f->left && !f->blocked) {
		f->left--;
		work_spend(f->d.guest.work, f->cost);
	}
	left_after[polled_count] = f->d.guest.work->left;
	polled[polled_count++] = (u32)(f - fake);
	return f->left && !f->blocked;
}

static void fake_settle(struct virtio_dev *d) { fake_of(d)->settled++; }
static void fake_destroy(struct virtio_dev *d)
{
	CHECK(fake_of(d)->there, "destroyed twice");
	fake_of(d)->there = false;
	alive--;
}

static const struct virtio_ops with_poll = { .poll = fake_poll, .destroy = fake_destroy, .settle = fake_settle },
			       without = { .destroy = fake_destroy };

bool virtio_poll(struct virtio_dev *d)
{
	CHECK(d->ops == &without, "it has a poll of its own");
	return fake_poll(d);
}

bool virtio_pending(const struct virtio_dev *d) { return ((const struct fake *)d)->left; }
u32 virtio_mmio_read(struct virtio_dev *d, u32 offset, u32 size) { return (u32)(fake_of(d) - fake) << 16 | size << 12 | offset; }

void virtio_mmio_write(struct virtio_dev *d, u32 offset, u32 size, u32 value)
{
	CHECK_EQ(d->guest.work->left, WORK_PIECE);
	fake_of(d)->reg = offset;
	fake_of(d)->size = size;
	fake_of(d)->value = value;
}

static struct virtio_dev *make(const char *kind, u32 n, const struct virtio_guest *access)
{
	struct fake *f = &fake[makes % MAX_VDEVS];

	if (makes == make_fails)
		return NULL;
	memset(f, 0, sizeof(*f));
	f->d.ops = makes % 3 ? &with_poll : &without;
	f->d.guest = *access;
	f->there = true;
	snprintf(f->what, sizeof(f->what), "%s%u", kind, n);
	makes++;
	alive++;
	return &f->d;
}

static u32 resized;
struct virtio_dev *virtio_console_create(const struct virtio_guest *a, const struct virtio_console_backend *b, u16 cols, u16 rows)
{
	CHECK(b->opaque == &g && cols == 80 && rows == 25, "the console");
	return make("con", 0, a);
}
void virtio_console_resize(struct virtio_dev *d, u16 cols, u16 rows)
{
	CHECK(fake_of(d) == fake && cols == 80 && rows == 25, "another was resized");
	resized++;
}
struct virtio_dev *entropy_make(struct guest *x, u32 n, const struct virtio_guest *a) { (void)x; return make("rng", n, a); }
struct virtio_dev *disk_make(struct guest *x, u32 n, const struct virtio_guest *a) { (void)x; return make("disk", n, a); }
struct virtio_dev *lan_make(struct guest *x, u32 n, const struct virtio_guest *a) { (void)x; return make("net", n, a); }

/* ---- the rest of the room, and below ---- */

static u64 now = 1000;
static u32 shown, logs, raised[32];
static bool con_pending;

u64 time_ns(void) { return now; }
bool console_show(struct guest *x) { (void)x; shown++; return con_pending; }
bool console_pending(const struct guest *x) { (void)x; return con_pending; }
void console_write(struct guest *x, const void *data, u32 len) { (void)x; (void)data; (void)len; }
u32 console_room(struct guest *x) { (void)x; return 0; }
bool console_typed(struct guest *x) { (void)x; return false; }
u32 console_input(struct guest *x, void *buf, u32 len) { (void)x; (void)buf; (void)len; return 0; }
void console_size(const struct guest *x, u32 *cols, u32 *rows) { (void)x; *cols = 80; *rows = 25; }
void hv_log(const char *fmt, ...) { (void)fmt; logs++; }
static u32 told[MAX_VDEVS];
void shared_device_status(struct vcpu *w, u32 device, u32 why)
{
	CHECK(w == &v && device < g.vdevs, "device %u", device);
	told[device] |= why;
}
/* By then the guest must be able to see why. */
void virq_raise(struct guest *x, u32 irq)
{
	CHECK(x == &g && irq && irq < 32 && told[irq - 1], "interrupt %u", irq);
	raised[irq]++;
}

/* ---- cases ---- */

static void destroyed(void)
{
	vdevs_destroy(&g);
	CHECK(!alive && !heap_used() && !g.vdevs && !g.vdevs_due && !g.settle_ns, "%u devices, %u blocks are left", alive, heap_used());
	CHECK(!g.bus || !g.bus->has(&g, gpa(VDEV_BASE)), "registers of nothing");
	vdev_console_typed(&g);
	vdev_console_resized(&g);
	CHECK(!g.vdevs_due, "the console is no more");
}

static bool create(u32 disks, u32 nets)
{
	char msg[80] = "";
	bool ok;

	cfg.disks = disks;
	cfg.nets = nets;
	g.vcpu = &v;
	makes = mallocs = 0;
	ok = vdevs_create(&g, msg, sizeof(msg));
	CHECK(ok || strstr(msg, "no memory"), "it says '%s'", msg);
	return ok;
}

static void places(u32 disks, u32 nets)
{
	u32 i, n = 2 + disks + nets, irqs;
	char want[12], line[1000] = "quiet", word[60];

	CHECK(create(disks, nets) && g.vdevs == n && alive == n && g.bus, "%u devices", g.vdevs);
	for (i = 0; i < n; i++) {
		u32 a = VDEV_BASE + i * PAGE_SIZE, off = rnd(PAGE_SIZE);

		snprintf(want, sizeof(want), "%s%u", i == 0 ? "con" : i == 1 ? "rng" : i < 2 + disks ? "disk" : "net",
			 i < 2 ? 0 : i < 2 + disks ? i - 2 : i - 2 - disks);
		CHECK_STR(fake[i].what, want);
		CHECK(g.bus->has(&g, gpa(a)) && g.bus->has(&g, gpa(a + PAGE_SIZE - 1)), "%s is not at its place", want);
		CHECK_EQ(g.bus->read(&g, gpa(a + off), 2), i << 16 | 2 << 12 | off);
		g.work.left = -5;
		g.stats.vdev_kicks = 0;
		off = one_in(2) ? VIRTIO_MMIO_NOTIFY : off;
		g.bus->write(&g, gpa(a + off), 4, 1234 + i);
		CHECK(fake[i].reg == off && fake[i].size == 4 && fake[i].value == 1234 + i, "what was written to %s", want);
		CHECK_EQ(g.stats.vdev_kicks, off == VIRTIO_MMIO_NOTIFY);
		irqs = raised[1 + i];
		told[i] = 0;
		fake[i].d.guest.raise_irq(fake[i].d.guest.opaque, 1 + i % 3);
		CHECK_EQ(raised[1 + i], irqs + 1);
		CHECK_EQ(told[i], 1 + i % 3);
		g.work.left = -5;
		CHECK(vdev_kick(&g, i, 77 + i) && fake[i].reg == VIRTIO_MMIO_NOTIFY && fake[i].value == 77 + i, "a kick of %s", want);
		fake[i].d.guest.poll_soon(fake[i].d.guest.opaque);
		CHECK_EQ(g.vdevs_due, BIT(i + 1) - 1);
	}
	CHECK(!g.bus->has(&g, gpa(VDEV_BASE - 1)) && !g.bus->has(&g, gpa(VDEV_BASE + n * PAGE_SIZE)) && !g.bus->has(&g, gpa(~0u)) &&
	      !g.bus->has(&g, gpa(0)), "registers beyond");
	CHECK_EQ(g.bus->read(&g, gpa(VDEV_BASE + n * PAGE_SIZE), 4), ~0u);
	CHECK(!vdev_kick(&g, n, 0) && !vdev_kick(&g, n + (1u << 20), 0) && !vdev_kick(&g, ~0u, 0), "a kick beyond");
	g.bus->write(&g, gpa(VDEV_BASE + n * PAGE_SIZE), 4, 0);
	vdev_cmdline(&g, line, sizeof(line));
	CHECK(!strncmp(line, "quiet ", 6), "the line's beginning");
	for (i = 0; i < n; i++) {
		snprintf(word, sizeof(word), " virtio_mmio.device=4K@0x%x:%u", VDEV_BASE + i * PAGE_SIZE, i + 1);
		CHECK_HAS(line, word);
	}
	for (i = 1; i < 300; i++) {	/* too short a line is cut */
		char *cut = malloc(i);

		strcpy(cut, "");
		vdev_cmdline(&g, cut, i);
		CHECK(strlen(cut) == i - 1 || strlen(cut) == strlen(line) - 5, "%zu bytes of %u", strlen(cut), i);
		free(cut);
	}
	resized = 0;
	g.vdevs_due = 0;
	vdev_console_resized(&g);
	vdev_console_typed(&g);
	CHECK(resized == 1 && g.vdevs_due == 1, "the console");
	destroyed();
}

static void half_way(void)
{
	u32 i, pass;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < 14; i++) {
			*(pass ? &malloc_fails : &make_fails) = i;
			CHECK(!create(6, 6), "it goes without its device %u", i);
			malloc_fails = make_fails = ~0u;
			CHECK(heap_used() == alive && alive == i, "%u made, %u blocks", alive, heap_used());
			destroyed();
		}
	destroyed();			/* once more does no harm */
	CHECK(create(6, 6), "after all");
	destroyed();
}

static void reach(void)
{
	static const u64 far[] = { 0x100000000ull, 0x100000010ull, 0xFFFFFFFF00000010ull, 1ull << 63 };
	static u8 buf[2 * BYTES], before[BYTES], after[BYTES];
	struct virtio_guest a, b;
	u32 i, n;

	CHECK(create(1, 1), "create");
	a = fake[0].d.guest;
	b = fake[3].d.guest;
	for (i = 0; i < BYTES; i++)
		before[i] = (u8)rnd(256);
	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (u8)rnd(256);
	CHECK(gmem_write(&g, gpa(0), before, BYTES), "memory");
	for (n = 0; n < 3000; n++) {
		u64 from = one_in(4) ? far[rnd(ARRAY_SIZE(far))] + rnd(64) : BYTES - 200 + rnd(400);
		u64 to = one_in(4) ? far[rnd(ARRAY_SIZE(far))] + rnd(64) : BYTES - 200 + rnd(400);
		u32 len = 1 + rnd(one_in(2) ? 100 : BYTES);
		bool from_ok = from < BYTES && len <= BYTES - from, to_ok = to < BYTES && len <= BYTES - to;

		CHECK_EQ(a.read(a.opaque, from, after, len), from_ok);
		if (from_ok)
			CHECK(!memcmp(after, before + from, len), "what was read");
		if (!to_ok && to < BYTES)	/* some of it may have been written */
			continue;
		CHECK_EQ(a.write(a.opaque, to, buf, len), to_ok);
		if (to_ok)
			memcpy(before + to, buf, len);
		if (from_ok || from >= BYTES) {
			enum virtio_copied how = a.copy(a.opaque, to, b.opaque, from, len);

			CHECK(how == VIRTIO_COPIED ? from_ok && to_ok : how == VIRTIO_BAD_SOURCE ? !from_ok : !to_ok, "copy: %u", how);
			if (from_ok && to_ok)
				memmove(before + to, before + from, len);
		}
		gmem_read(&g, gpa(0), after, BYTES);
		CHECK(!memcmp(before, after, BYTES), "%#x bytes to %#llx", len, (unsigned long long)to);
	}
	/* So long that it comes out again at the other end. */
	CHECK(!a.write(a.opaque, 0xFFFFFFFF00000010ull, buf, 0xFFFFFFF0u), "a write round the world");
	CHECK_EQ(a.copy(a.opaque, 0xFFFFFFFF00000010ull, b.opaque, 0, 0xFFFFFFF0u), VIRTIO_BAD_TARGET);
	gmem_read(&g, gpa(0), after, BYTES);
	CHECK(!memcmp(before, after, BYTES), "it did something");
	destroyed();
}

static void words(void)
{
	u32 i, before = logs;
	u64 first;

	CHECK(create(2, 2), "create");
	for (i = 0; i < 100; i++)
		fake[2].d.guest.log(fake[2].d.guest.opaque, "it is broken");
	CHECK(logs > before && logs < before + 10, "%u lines in the log", logs - before);
	before = logs;
	fake[3].d.guest.log(fake[3].d.guest.opaque, "another");
	CHECK_EQ(logs, before + 1);
	fake[4].d.guest.settle_within(fake[4].d.guest.opaque, 500);
	first = now + 500;
	now += 100;
	fake[5].d.guest.settle_within(fake[5].d.guest.opaque, 500);
	CHECK_EQ(g.settle_ns, first);
	vdevs_settle(&g);
	for (i = 0; i < g.vdevs; i++)
		CHECK_EQ(fake[i].settled, fake[i].d.ops == &with_poll);
	CHECK_EQ(g.settle_ns, 0);
	fake[4].d.guest.settle_within(fake[4].d.guest.opaque, 500);
	destroyed();
}

/* Random work, and calls of vdevs_poll() as the main loop would make them. */
static void polls(void)
{
	u32 turns, i, waited[MAX_VDEVS] = { 0 }, cut_short = MAX_VDEVS;

	CHECK(create(rnd(7), rnd(7)), "create");
	for (turns = 0; turns < 4000; turns++) {
		u32 due, seen = 0;
		bool more = false, ran_out = false, again;

		for (i = 0; i < g.vdevs; i++)
			if (one_in(6)) {
				fake[i].left += 1 + rnd(3);
				fake[i].cost = one_in(2) ? rnd(1000) : one_in(2) ? WORK_PIECE / 2 : WORK_PIECE * 3;
				fake[i].blocked = one_in(8);
				fake[i].d.guest.poll_soon(fake[i].d.guest.opaque);
			}
		con_pending = one_in(10);
		g.work.left = (s32)rnd(10) - 5;
		due = g.vdevs_due;
		polled_count = 0;
		i = shown;
		again = vdevs_poll(&g);
		CHECK(shown == i + 1, "what was said is not shown");
		for (i = 0; i < polled_count; i++) {
			CHECK(due & BIT(polled[i]) && !(seen & BIT(polled[i])), "%u was polled, %x were due", polled[i], due);
			seen |= BIT(polled[i]);
			CHECK(!ran_out, "one more, after all was spent");
			ran_out = left_after[i] <= 0;
			more |= fake[polled[i]].left && !fake[polled[i]].blocked;
		}
		CHECK(cut_short == MAX_VDEVS || polled[0] == cut_short, "%u was not to wait, %u was first", cut_short, polled[0]);
		cut_short = ran_out && polled_count > 1 && (g.vdevs_due & BIT(polled[polled_count - 1])) ? polled[polled_count - 1] : MAX_VDEVS;
		CHECK(seen == due || g.work.left <= 0, "%x were due, %x had their turn", due, seen);
		for (i = 0; i < g.vdevs; i++) {
			CHECK(!(due & BIT(i)) || (seen & BIT(i)) || (g.vdevs_due & BIT(i)), "%u is forgotten", i);
			CHECK(!(seen & BIT(i)) || !fake[i].left == !(g.vdevs_due & BIT(i)), "%u: %u pieces wait", i, fake[i].left);
			waited[i] = (g.vdevs_due & BIT(i)) && !(seen & BIT(i)) ? waited[i] + 1 : 0;
			CHECK(waited[i] <= 2 * g.vdevs, "%u waits for ever", i);
		}
		CHECK(again || (!more && seen == due && !con_pending), "it says there is nothing more");
		CHECK(!again || more || con_pending || g.work.left <= 0, "it says there is more");
	}
	con_pending = false;
	destroyed();
}

/* Whose piece is cut short is first in the next; who takes all of it each time is not. */
static void whose_turn(void)
{
	u32 i, n, share[4] = { 0 };

	CHECK(create(1, 1), "create");
	for (i = 0; i < 4; i++) {
		fake[i].left = 100000;
		fake[i].cost = i % 2 ? WORK_PIECE * 3 / 4 : WORK_PIECE * 2;
		fake[i].d.guest.poll_soon(fake[i].d.guest.opaque);
	}
	for (n = 0; n < 4000; n++) {
		polled_count = 0;
		CHECK(vdevs_poll(&g), "there is more");
		for (i = 0; i < polled_count; i++)
			share[polled[i]]++;
	}
	for (i = 0; i < 4; i++)
		CHECK(share[i] >= 1000, "device %u: %u of 4000 (%u %u %u %u)", i, share[i], share[0], share[1], share[2], share[3]);
	destroyed();
}

int main(int argc, char **argv)
{
	u32 i, n;

	seed_from(argc, argv, 0);
	g.cfg = &cfg;
	g.id = 1;
	g.mem_pages = PAGES;
	for (i = 0; i < PAGES; i++)
		CHECK(p2m_set(&g, gfn(i), frame_alloc()), "memory");
	CASE("places");
	for (i = 0; i <= 6; i++)
		for (n = 0; n <= 6; n++)
			places(i, n);
	CASE("half way");
	half_way();
	CASE("reach");
	reach();
	CASE("words and moments");
	words();
	CASE("polls");
	for (i = 0; i < 20; i++)
		polls();
	CASE("whose turn");
	whose_turn();
	return passed();
}
