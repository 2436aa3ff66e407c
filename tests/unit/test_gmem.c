/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame map and the one door to guest memory: copies across pages whose machine frames
 * are anywhere, holes, the end of memory to the byte, addresses that wrap at 4 GiB.
 * A plain array of the guest's bytes is the model.
 */
#define MACHINE_FRAMES 256
#include "tests/unit/machine.h"

#define PAGES	40
#define HOLE	17
#define SIZE	(PAGES * PAGE_SIZE)

static struct guest g;
static u8 model[SIZE], buf[SIZE + 64], was[SIZE + 64];

static bool is_ram(u32 a) { return a < SIZE && a >> PAGE_SHIFT != HOLE; }

/* How many bytes from a on are RAM, up to len. */
static u32 ram_run(u32 a, u32 len)
{
	u32 n;

	for (n = 0; n < len && is_ram(a + n); n++)
		;
	return n;
}

static void one_copy(u32 a, u32 len)
{
	u32 run = ram_run(a, len), i;
	bool ok;

	memset(buf, 0xEE, sizeof(buf));
	ok = gmem_read(&g, gpa(a), buf, len);
	CHECK(ok == (run == len), "read of %u at %#x", len, a);
	if (ok)
		CHECK(!memcmp(buf, model + a, len), "read of %u at %#x: other bytes", len, a);
	else	/* nothing of what was there before may be taken for the guest's */
		for (i = run; i < len; i++)
			CHECK(!buf[i], "read of %u at %#x left byte %u", len, a, i);
	CHECK(buf[len] == 0xEE, "read of %u at %#x wrote beyond", len, a);

	for (i = 0; i < len; i++)
		buf[i] = (u8)rnd(256);
	ok = one_in(4) ? (memset(buf, 0, len), gmem_zero(&g, gpa(a), len))
		       : gmem_write(&g, gpa(a), buf, len);
	CHECK(ok == (run == len), "write of %u at %#x", len, a);
	/* In part: a prefix, by whole pages. */
	for (i = 0; i < run; i++)
		model[a + i] = buf[i];
	CHECK(gmem_read(&g, gpa(0), was, HOLE * PAGE_SIZE), "low part");
	CHECK(!memcmp(was, model, HOLE * PAGE_SIZE), "write of %u at %#x changed other bytes below", len, a);
	CHECK(gmem_read(&g, gpa((HOLE + 1) * PAGE_SIZE), was, SIZE - (HOLE + 1) * PAGE_SIZE), "high part");
	CHECK(!memcmp(was, model + (HOLE + 1) * PAGE_SIZE, SIZE - (HOLE + 1) * PAGE_SIZE),
	      "write of %u at %#x changed other bytes above", len, a);
}

static void words(void)
{
	u32 v = 0, a;

	for (a = SIZE - 16; a < SIZE + 16; a++) {
		bool want = !(a & 3) && is_ram(a);

		v = 1;
		CHECK(gmem_read_u32(&g, gpa(a), &v) == want, "word at %#x", a);
		CHECK(want || !v, "word at %#x is not zeroed", a);
		CHECK(gmem_write_u32(&g, gpa(a), 0x12345678) == want, "word at %#x", a);
		CHECK(gmem_update_u32(&g, gpa(a), 0x12345678, 7) == want, "word at %#x", a);
		CHECK(!gmem_update_u32(&g, gpa(a), 0x12345678, 8), "update of a word that changed, %#x", a);
	}
	for (a = 0xFFFFFFF0; a; a++)
		CHECK(!gmem_read_u32(&g, gpa(a), &v) && !v, "word at %#x", a);
	CHECK(!gmem_read_u32(&g, gpa(HOLE * PAGE_SIZE), &v), "word in the hole");
	memset(model, 0, sizeof(model));
	CHECK(gmem_zero(&g, gpa(0), HOLE * PAGE_SIZE), "zero");
	CHECK(gmem_zero(&g, gpa((HOLE + 1) * PAGE_SIZE), SIZE - (HOLE + 1) * PAGE_SIZE), "zero");
}

/* From one place to another: all of it, or a prefix and whose fault it was. */
static void one_move(u32 t, u32 f, u32 len)
{
	u32 from_run = ram_run(f, len), to_run = ram_run(t, len);
	enum gmem_copied how = gmem_copy(&g, gpa(t), &g, gpa(f), len);

	CHECK((how == GMEM_COPIED) == (from_run == len && to_run == len), "move of %u from %#x to %#x", len, f, t);
	CHECK(from_run == len || to_run < len || how == GMEM_BAD_SOURCE, "from %#x: not the source's fault", f);
	CHECK(to_run == len || from_run < len || how == GMEM_BAD_TARGET, "to %#x: not the target's fault", t);
	if (how == GMEM_COPIED) {
		memmove(model + t, model + f, len);
		CHECK(gmem_read(&g, gpa(t), buf, len) && !memcmp(buf, model + t, len), "move of %u from %#x to %#x: other bytes", len, f, t);
		return;
	}
	/* Some of it may have been moved: what is there now is what is there. */
	gmem_read(&g, gpa(t), model + t, to_run);
}

static void moves(void)
{
	u32 i, half = SIZE / 2;

	for (i = 0; i < 2000; i++) {	/* never onto itself */
		u32 low = rnd(half - 9000), high = half + rnd(half - 9000), n = rnd(9000);

		if (one_in(2))
			one_move(high, low, n);
		else
			one_move(low, high, n);
	}
	for (i = 0; i < 9000; i += 100) {
		one_move(0, SIZE - 4500, i);
		one_move(SIZE - 4500, 0, i);
	}
}

int main(int argc, char **argv)
{
	u32 i, before;

	seed_from(argc, argv, 99);
	before = frames_used;
	g.mem_pages = PAGES;
	CASE("frame map");
	for (i = 0; i < PAGES; i++) {
		hfn_t h = frame_alloc();

		if (i == HOLE) {
			frame_free(h);
			continue;
		}
		CHECK(p2m_set(&g, gfn(i), h), "p2m_set");
		CHECK_EQ(hfn_x(p2m_lookup(&g, gfn(i))), hfn_x(h));
	}
	for (i = 0; i < 20; i++) {
		static const u32 none[] = { HOLE, PAGES, PAGES + 1, 1023, 1024, 1025, 0xFFFFF, 0x100000,
					    0x7FFFFFFF, 0xFFFFFFFF };
		CHECK(!hfn_x(p2m_lookup(&g, gfn(none[i % 10]))), "frame %#x", none[i % 10]);
	}

	/* Even if the map has something there: memory ends where it ends. */
	{
		hfn_t h = frame_alloc();

		CHECK(p2m_set(&g, gfn(PAGES), h) && !hfn_x(p2m_lookup(&g, gfn(PAGES))), "the frame after the last");
		frame_free(h);
	}

	CASE("frames in a row");
	for (i = 0; i < 3000; i++) {
		struct p2m_run r = { 0 };
		u32 n, f = one_in(2) ? rnd(PAGES + 4) : rnd(1u << 20);

		for (n = 0; n < 8; n++, f += rnd(3) * (one_in(2) ? 1 : 600))
			CHECK(hfn_x(p2m_run_lookup(&g, &r, gfn(f))) == hfn_x(p2m_lookup(&g, gfn(f))), "frame %#x", f);
	}
	CASE("rows");
	for (i = 0; i < 3000; i++) {
		u32 a = rnd((PAGES + 2) * PAGE_SIZE) & ~(one_in(4) ? 3u : 63u), row[GMEM_ROW], want[GMEM_ROW];
		bool ok = gmem_read_row(&g, gpa(a), row);

		CHECK(ok == (!(a & 63) && gmem_read(&g, gpa(a), want, sizeof(want))), "row at %#x", a);
		CHECK(!ok || !memcmp(row, want, sizeof(row)), "another row than that at %#x", a);
	}
	CASE("words");
	words();
	CASE("copies at the edges");
	for (i = 0; i < 40; i++) {
		u32 a = i - 20;

		one_copy(SIZE + a, 20);
		one_copy(HOLE * PAGE_SIZE + a, 20);
		one_copy((HOLE + 1) * PAGE_SIZE + a, 20);
		one_copy(a, 20);	/* wraps at 4 GiB */
	}
	one_copy(0, SIZE);
	one_copy(0, 0);
	one_copy(SIZE, 0);
	one_copy(0xFFFFFFFF, 0);
	CHECK(!gmem_read(&g, gpa(SIZE - 1), buf, SIZE), "past the end");
	CHECK(!gmem_zero(&g, gpa(PAGE_SIZE), 0xFFFFFFFF), "all of memory");
	memset(model + PAGE_SIZE, 0, (HOLE - 1) * PAGE_SIZE);

	CASE("random copies");
	for (i = 0; i < 2000; i++)
		one_copy(rnd(SIZE + 0x2000), rnd(one_in(8) ? 40000 : 9000));

	CASE("moves");
	moves();

	CASE("all comes back");
	for (i = 0; i < PAGES; i++) {
		hfn_t h = p2m_clear(&g, gfn(i));

		CHECK(hfn_x(h) != 0 || i == HOLE, "frame %u", i);
		CHECK(!hfn_x(p2m_lookup(&g, gfn(i))), "frame %u is still there", i);
		if (hfn_x(h))
			frame_free(h);
	}
	p2m_free_map(&g);
	CHECK_EQ(frames_used, before);
	p2m_free_map(&g);		/* and is not there to come back again */
	for (i = 0; i < 2 * 1024 + 5; i += 41)
		CHECK(!hfn_x(p2m_lookup(&g, gfn(i))), "frame %u of an empty map", i);
	g.mem_pages = 2 * 1024;		/* a guest that is just built: the map has no second leaf yet */
	CHECK(p2m_set(&g, gfn(0), HFN_NONE), "p2m_set");
	CHECK(!hfn_x(p2m_lookup(&g, gfn(1024))) && !hfn_x(p2m_lookup(&g, gfn(7))), "a frame that nobody set");
	p2m_free_map(&g);
	CHECK_EQ(frames_used, before);
	return passed();
}
