/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The split ring against a model that is slow and obvious: two devices, each with its guest's memory and a copy
 * that only the model writes.  The driver here keeps the rules, in all ways that the rules allow (any size, any layout
 * of chains, indirect or not, empty pieces, indexes that wrap); after each operation both memories are the
 * same, byte for byte, rings included, and so are results, interrupts and the need for a kick.
 */
#include "drivers/virtio/virtio.h"
#include "tests/unit/test.h"

#define RAM	0x10000u
#define TABLES	0x8000u		/* indirect ones, one for each head */
#define TABLE	(16 * MOST)
#define MOST	6u		/* pieces in a chain */
#define BUFS	0xF000u
#define LIVE	32u		/* chains that the device holds, at most */

enum { HAVE_NEXT = 1, WRITABLE = 2, INDIRECT = 4 };

struct piece { u32 at, len; bool writable; };
struct chain { u32 pieces; struct piece piece[MOST]; };

struct side {
	struct virtio_dev d;
	u8 ram[RAM], model[RAM];
	/* the driver's */
	u32 size, desc, avail, used;
	u16 idx, told;			/* available; ... when it last thought of a kick */
	bool free[256];			/* descriptors */
	struct chain laid[256];		/* by head */
	/* the model's */
	u16 next_avail, next_used, signalled;
	bool event, drained;
	u32 irqs, want_irqs;
	/* what the device holds, oldest first */
	u32 held, fresh;		/* the last `fresh` may be put back */
	struct virtio_chain hold[LIVE];
};
static struct side sides[2];
static u64 popped, wraps, across, undone, indirect;

/* ---- what the devices stand on ---- */

static bool rd(void *o, u64 a, void *dst, u32 len)
{
	struct side *s = o;

	CHECK(a + len <= RAM, "reads %u bytes at %#llx", len, a);
	memcpy(dst, s->ram + a, len);
	return true;
}
static bool wr(void *o, u64 a, const void *src, u32 len)
{
	struct side *s = o;

	CHECK(a + len <= RAM, "writes %u bytes at %#llx", len, a);
	memcpy(s->ram + a, src, len);
	return true;
}
static enum virtio_copied copy(void *to, u64 t, void *from, u64 f, u32 len)
{
	u8 buf[RAM];

	rd(from, f, buf, len);
	wr(to, t, buf, len);
	return VIRTIO_COPIED;
}
static void irq(void *o, u32 why) { ((struct side *)o)->irqs += why == VIRTIO_INT_USED; }
static void told(void *o, const char *line) { (void)o; CHECK(0, "the rules were kept, and: %s", line); }
static bool process(struct virtio_dev *d, u32 q) { (void)d; (void)q; return false; }
static const struct virtio_ops ops = { .device_id = 3, .queues = 1, .process = process };

/* ---- the driver ---- */

static void put16(struct side *s, u32 at, u16 v)
{
	memcpy(s->ram + at, &v, 2);
	memcpy(s->model + at, &v, 2);
}
static u16 get16(const struct side *s, u32 at)
{
	u16 v;

	memcpy(&v, s->model + at, 2);
	return v;
}

static void put_desc(struct side *s, u32 at, u64 addr, u32 len, u16 flags, u16 next)
{
	memcpy(s->ram + at, &addr, 8);
	memcpy(s->ram + at + 8, &len, 4);
	memcpy(s->model + at, s->ram + at, 12);
	put16(s, at + 12, flags);
	put16(s, at + 14, next);
}

static void up(struct side *s)
{
	struct virtio_guest g = { .opaque = s, .read = rd, .write = wr, .raise_irq = irq, .log = told, .copy = copy };
	u32 features = (one_in(2) ? BIT(VIRTIO_F_INDIRECT_DESC) : 0) | (one_in(2) ? BIT(VIRTIO_F_EVENT_IDX) : 0);

	memset(s, 0, sizeof(*s));
	for (u32 i = BUFS; i < RAM; i++)
		s->ram[i] = s->model[i] = (u8)rnd(256);
	memset(s->free, true, sizeof(s->free));
	s->size = 1u << rnd(9);
	s->event = features & BIT(VIRTIO_F_EVENT_IDX);
	s->desc = 0x1000 + 16 * rnd(16);
	s->avail = 0x3000 + 2 * rnd(16);
	s->used = 0x4000 + 4 * rnd(16);
	virtio_init(&s->d, &ops, &g, 0);

	u32 settings[][2] = { { 0x70, 3 }, { 0x24, 0 }, { 0x20, features }, { 0x24, 1 }, { 0x20, 1 }, { 0x70, 11 },
		{ 0x30, 0 }, { 0x38, s->size }, { 0x80, s->desc }, { 0x90, s->avail }, { 0xA0, s->used }, { 0x44, 1 },
		{ 0x70, 15 } };
	for (u32 i = 0; i < ARRAY_SIZE(settings); i++)
		virtio_mmio_write(&s->d, settings[i][0], 4, settings[i][1]);
}

static u32 free_count(const struct side *s)
{
	u32 n = 0;

	for (u32 i = 0; i < s->size; i++)
		n += s->free[i];
	return n;
}

static u32 take(struct side *s)
{
	u32 i = rnd(s->size);

	while (!s->free[i])
		i = (i + 1) % s->size;
	s->free[i] = false;
	return i;
}

static struct chain draw(u32 pieces)
{
	struct chain c = { .pieces = pieces };
	u32 readable = rnd(pieces + 1);

	for (u32 i = 0; i < pieces; i++)
		c.piece[i] = (struct piece){ BUFS + rnd(2000), one_in(4) ? 0 : rnd(1000), i >= readable };
	return c;
}

/* Lays c out: some plain descriptors, and the rest in a table if there may be one. */
static u16 lay(struct side *s, const struct chain *c)
{
	bool table = virtio_has(&s->d, VIRTIO_F_INDIRECT_DESC) && (one_in(3) || free_count(s) < c->pieces);
	u32 plain = !table ? c->pieces : rnd(MIN(free_count(s), c->pieces)), i;
	u32 head = take(s), at = head, next = 0;

	for (i = 0; i < plain; i++, at = next) {
		bool last = i + 1 == c->pieces;

		if (!last)
			next = take(s);
		put_desc(s, s->desc + 16 * at, c->piece[i].at, c->piece[i].len,
			 (last ? 0 : HAVE_NEXT) | (c->piece[i].writable ? WRITABLE : 0), (u16)(last ? rnd(65536) : next));
	}
	if (table) {
		u32 t = TABLES + head * TABLE, n = c->pieces - plain;

		/* Whether it is "writable" and what is next says nothing there. */
		put_desc(s, s->desc + 16 * at, t, 16 * n, INDIRECT | (one_in(2) ? WRITABLE : 0), (u16)rnd(65536));
		for (i = 0; i < n; i++)
			put_desc(s, t + 16 * i, c->piece[plain + i].at, c->piece[plain + i].len,
				 (i + 1 < n ? HAVE_NEXT : 0) | (c->piece[plain + i].writable ? WRITABLE : 0), (u16)(i + 1));
		indirect++;
	}
	s->laid[head] = *c;
	return (u16)head;
}

/* Descriptors of a chain that came back, by its links. */
static void give_up(struct side *s, u32 head)
{
	for (u32 at = head;;) {
		u16 flags = get16(s, s->desc + 16 * at + 12);

		s->free[at] = true;
		if (!(flags & HAVE_NEXT))
			return;
		at = get16(s, s->desc + 16 * at + 14);
	}
}

static void offer(struct side *s)
{
	struct chain c = draw(1 + rnd(MOST));
	u32 room = free_count(s);

	if (!room || (room < c.pieces && !virtio_has(&s->d, VIRTIO_F_INDIRECT_DESC)))
		return;
	put16(s, s->avail + 4 + 2 * (s->idx % s->size), lay(s, &c));
	s->idx++;
	put16(s, s->avail + 2, s->idx);
}

/* Would the driver kick now?  With event indexes: if the one the device waits for is among the new ones. */
static bool would_kick(struct side *s)
{
	bool kick = false;

	for (; s->told != s->idx; s->told++)
		kick |= !s->event || s->told == get16(s, s->used + 4 + 8 * s->size);
	return kick;
}

/* ---- the device's side, done twice ---- */

static u32 total(const struct chain *c, bool writable)
{
	u32 n = 0;

	for (u32 i = 0; i < c->pieces; i++)
		n += c->piece[i].writable == writable ? c->piece[i].len : 0;
	return n;
}

static u32 address(const struct chain *c, bool writable, u32 offset)
{
	for (u32 i = 0;; i++) {
		if (c->piece[i].writable != writable)
			continue;
		if (offset < c->piece[i].len)
			return c->piece[i].at + offset;
		offset -= c->piece[i].len;
	}
}

static u32 there(const struct chain *c, bool writable, u32 offset, u32 len)
{
	u32 all = total(c, writable);

	return offset >= all ? 0 : MIN(len, all - offset);
}

static void pop(struct side *s)
{
	struct virtio_chain *c = &s->hold[s->held];
	bool want = s->next_avail != s->idx, got;
	struct chain *laid;

	if (s->held == LIVE)
		return;
	if (one_in(2))
		CHECK_EQ(virtq_waiting(&s->d, 0), want);
	got = virtq_pop(&s->d, 0, c);
	CHECK(got == want, "popped %u of %u waiting", got, (u16)(s->idx - s->next_avail));
	s->drained = !got;
	if (!got) {
		would_kick(s);		/* it saw them all: those need none */
		if (s->event)
			memcpy(s->model + s->used + 4 + 8 * s->size, &s->next_avail, 2);
		return;
	}
	CHECK_EQ(c->head, get16(s, s->avail + 4 + 2 * (s->next_avail % s->size)));
	s->next_avail++;
	wraps += !s->next_avail;
	popped++;
	s->held++;
	s->fresh++;
	laid = &s->laid[c->head];
	CHECK_EQ(c->readable + c->writable, laid->pieces);
	for (u32 i = 0; i < laid->pieces; i++)
		CHECK(c->seg[i].gpa == laid->piece[i].at && c->seg[i].len == laid->piece[i].len &&
		      (i >= c->readable) == laid->piece[i].writable, "piece %u", i);
	CHECK_EQ(virtio_readable_bytes(c), total(laid, false));
	CHECK_EQ(virtio_writable_bytes(c), total(laid, true));
}

static void unpop(struct side *s)
{
	u32 n = s->fresh ? rnd(s->fresh + 1) : 0;

	virtq_unpop(&s->d, 0, n);
	s->next_avail -= n;
	s->held -= n;
	s->fresh -= n;
	s->drained &= !n;
	undone += n;
}

/* Any of those held, a few at once or one by itself. */
static void give_back(struct side *s)
{
	u32 n = 1 + rnd(3);
	bool alone = one_in(2);

	for (; n && s->held; n--) {
		u32 i = rnd(s->held), elem[2] = { s->hold[i].head, rnd(5000) };

		(alone ? virtq_push : virtq_put)(&s->d, 0, s->hold[i].head, elem[1]);
		memcpy(s->model + s->used + 4 + 8 * (s->next_used % s->size), elem, 8);
		s->next_used++;
		give_up(s, elem[0]);
		memmove(&s->hold[i], &s->hold[i + 1], (s->held - i - 1) * sizeof(s->hold[0]));
		s->held--;
		s->fresh = 0;
		if (alone)
			memcpy(s->model + s->used + 2, &s->next_used, 2);
	}
	if (!alone)
		virtq_publish(&s->d, 0);
	memcpy(s->model + s->used + 2, &s->next_used, 2);
}

static void signal(struct side *s)
{
	u16 event;

	if (one_in(2))
		put16(s, s->avail, (u16)rnd(2));
	if (one_in(2))
		put16(s, s->avail + 4 + 2 * s->size, (u16)(s->next_used + 2 - rnd(5)));
	event = get16(s, s->avail + 4 + 2 * s->size);
	virtq_signal(&s->d, 0);
	if (!s->event && s->signalled != s->next_used)
		s->want_irqs += !(get16(s, s->avail) & 1);
	for (; s->signalled != s->next_used; s->signalled++)
		s->want_irqs += s->event && s->signalled == event;
	CHECK_EQ(s->irqs, s->want_irqs);
	CHECK_EQ(s->d.isr, s->irqs != 0);
}

static void move(struct side *s)
{
	struct virtio_chain *c = &s->hold[rnd(s->held)];
	u32 offset = rnd(1 + rnd(4000)), len = rnd(1 + rnd(3000)), n;
	const struct chain *laid = &s->laid[c->head];
	u8 buf[3000];

	if (!s->held)
		return;
	if (one_in(2)) {
		n = virtio_copy_from(&s->d, c, offset, buf, len);
		CHECK_EQ(n, there(laid, false, offset, len));
		for (u32 i = 0; i < n; i++)
			CHECK_EQ(buf[i], s->model[address(laid, false, offset + i)]);
	} else {
		const u8 *src = one_in(4) ? NULL : buf;

		for (u32 i = 0; i < len; i++)
			buf[i] = (u8)rnd(256);
		n = virtio_copy_to(&s->d, c, offset, src, len);
		CHECK_EQ(n, there(laid, true, offset, len));
		for (u32 i = 0; i < n; i++)
			s->model[address(laid, true, offset + i)] = src ? src[i] : 0;
	}
}

static void move_across(struct side *to, struct side *from)
{
	struct virtio_chain *t = &to->hold[rnd(to->held)], *f = &from->hold[rnd(from->held)];
	u32 t_at = rnd(1 + rnd(4000)), f_at = rnd(1 + rnd(4000)), len = rnd(1 + rnd(3000)), n;

	if (!to->held || !from->held)
		return;
	n = there(&to->laid[t->head], true, t_at, len);
	n = there(&from->laid[f->head], false, f_at, n);
	CHECK_EQ(virtio_copy_across(&to->d, t, t_at, &from->d, f, f_at, len), n);
	for (u32 i = 0; i < n; i++)
		to->model[address(&to->laid[t->head], true, t_at + i)] =
			from->model[address(&from->laid[f->head], false, f_at + i)];
	across += n;
}

static void step(struct side *s, struct side *other)
{
	switch (rnd(8)) {
	case 0: case 1: offer(s); break;
	case 2: case 3: pop(s); break;
	case 4: give_back(s); break;
	case 5: signal(s); break;
	case 6: one_in(8) ? unpop(s) : move(s); break;
	case 7: move_across(s, other); break;
	}
	/* A device that found nothing sleeps: the next thing offered must wake it. */
	if (s->drained && s->told != s->idx) {
		CHECK(would_kick(s), "nobody would tell the device of what is new");
		s->drained = false;
	}
}

static void same(const struct side *s)
{
	if (memcmp(s->ram, s->model, RAM))
		for (u32 i = 0; i < RAM; i++)
			CHECK(s->ram[i] == s->model[i], "memory at %#x: %#x, not %#x", i, s->ram[i], s->model[i]);
	test_checks++;
}

/* Nothing but chains, for the indexes to wrap. */
static void wrap(struct side *s)
{
	u64 before = wraps;

	while (wraps < before + 2) {
		offer(s);
		for (u32 n = rnd(3); n--;)
			pop(s);
		give_back(s);
		if (one_in(4))
			signal(s);
		if (one_in(500))
			same(s);
	}
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 12);
	CASE("operations at random");
	for (u32 era = 0; era < 300; era++) {
		for (u32 i = 0; i < 2; i++)
			up(&sides[i]);
		for (u32 i = 0; i < 1000; i++) {
			u32 which = rnd(2);

			step(&sides[which], &sides[!which]);
			same(&sides[which]);
		}
		CHECK_EQ(virtio_mmio_read(&sides[0].d, 0x70, 4), 15);
	}
	CHECK(popped > 10000 && across > 100000 && undone > 100 && indirect > 1000, "it has not done its work: %u, %u, %u, %u",
	      (u32)popped, (u32)across, (u32)undone, (u32)indirect);
	CASE("indexes that wrap");
	for (u32 i = 0; i < 12; i++) {
		up(&sides[0]);
		wrap(&sides[0]);
		same(&sides[0]);
	}
	return passed();
}
