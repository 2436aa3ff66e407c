/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines that have scrolled off: as many as promised are kept, each as it was, whatever is in them, in no more memory
 * than is allowed; and none of that hurts when there is no memory at all.
 */
#include "drivers/vga/vt.h"
#include "tests/unit/test.h"

#define KEPT	4000

static struct history h;
static u16 model[KEPT][VT_MAX_COLS];	/* what came, by number */
static u32 model_len[KEPT];
static u32 blocks;			/* given out now */
static bool no_memory;

void *__real_malloc(size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void __wrap_free(void *p);

void *__wrap_malloc(size_t n)
{
	if (no_memory)
		return NULL;
	blocks++;
	CHECK(n <= HISTORY_BLOCK, "a block of %zu", n);
	return __real_malloc(n);
}

void __wrap_free(void *p)
{
	blocks -= p != NULL;
	__real_free(p);
}

static void compare(u32 number, u32 cols)
{
	u16 cells[VT_MAX_COLS];
	u32 i;

	CHECK(history_line(&h, number, cells, cols), "line %u is not kept; %u to %u are", number, h.start, h.end);
	for (i = 0; i < cols; i++) {
		u16 want = i < model_len[number] ? model[number][i] : 0x0720;

		CHECK(cells[i] == want, "line %u: cell %u is %#x, not %#x", number, i, cells[i], want);
	}
}

/* kind 0: text of one colour; 1: some colours; 2: each cell another one, in whole lines */
static void add(u32 number, u32 cols, u32 kind)
{
	u16 *cells = model[number];
	u8 attr = 7;
	u32 i;

	model_len[number] = kind == 2 ? cols : rnd(cols + 1);
	for (i = 0; i < model_len[number]; i++) {
		if (kind == 2 || (kind == 1 && one_in(10)))
			attr = (u8)rnd(256);
		cells[i] = (u16)(attr << 8 | (one_in(5) ? ' ' : rnd(256)));
	}
	history_add(&h, cells, model_len[number]);
}

static void many(u32 cols, u32 kind, u32 promised)
{
	u32 n;

	for (n = 0; n < KEPT; n++) {
		add(n, cols, kind == 3 ? rnd(3) : kind);
		CHECK_EQ(h.end, n + 1);
		CHECK(h.end - h.start >= MIN(n + 1, promised), "only %u lines of %u are kept", h.end - h.start, n + 1);
		CHECK(blocks <= HISTORY_BLOCKS && blocks == h.blocks, "%u blocks", blocks);
		compare(n, cols);
		if (one_in(4))
			compare(h.start + rnd(h.end - h.start), 1 + rnd(VT_MAX_COLS));
	}
	for (n = h.start; n < h.end; n++)
		compare(n, cols);
	CHECK(!history_line(&h, h.start - 1, model[0], 10) && !history_line(&h, h.end, model[0], 10), "lines that are not kept");
	history_clear(&h);
	CHECK(!blocks && h.start == KEPT && h.end == KEPT, "cleared: %u blocks, %u to %u", blocks, h.start, h.end);
	memset(&h, 0, sizeof(h));
}

static void usual_memory(void)
{
	u16 cells[60];
	u32 i, n;

	for (i = 0; i < 60; i++)
		cells[i] = 0x0700 | 'x';
	for (n = 0; n < 100000; n++)
		history_add(&h, cells, 60);
	CHECK(blocks <= 10, "%u blocks for lines of 60 characters", blocks);
	no_memory = true;
	for (n = 0; n < 100000; n++)
		history_add(&h, cells, 60);
	CHECK(h.end - h.start >= HISTORY_LINES, "%u lines", h.end - h.start);
	no_memory = false;
	history_clear(&h);
}

static void without_memory(void)
{
	u16 cells[4] = { 0x0741, 0x0742, 0x0743, 0x0744 };
	u32 n;

	memset(&h, 0, sizeof(h));
	no_memory = true;
	history_add(&h, cells, 4);
	CHECK(!h.end && !h.blocks, "kept in nothing");
	no_memory = false;
	for (n = 0; n < 100; n++)
		history_add(&h, cells, 4);
	no_memory = true;
	for (n = 0; n < 10000; n++)	/* the one block is used again and again */
		history_add(&h, cells, 4);
	CHECK(h.blocks == 1 && h.end == 10100 && history_line(&h, h.end - 1, cells, 4) && cells[3] == 0x0744, "one block");
	no_memory = false;
	history_clear(&h);
}

static void w(struct vt *vt, const char *s) { vt_write(vt, s, (u32)strlen(s)); }

/* What of a terminal goes there. */
static void from_terminal(void)
{
	static u16 screen[80 * 25], other[80 * 10];
	u16 cells[80];
	struct vt vt;
	char text[40];
	u32 i;

	memset(&h, 0, sizeof(h));
	vt_init(&vt, screen, 80, 25);
	vt.history = &h;
	for (i = 0; i < 100; i++)
		vt_write(&vt, text, (u32)sprintf(text, "line %u\r\n", i));
	CHECK_EQ(h.end, 100 + 1 - 25);
	history_line(&h, 75, cells, 80);
	CHECK((cells[5] & 0xFF) == '7' && (cells[6] & 0xFF) == '5', "line 75");
	vt_resize(&vt, other, 80, 10);		/* smaller: what leaves at the top is kept, too */
	CHECK_EQ(h.end, 100 + 1 - 10);
	w(&vt, "\033[2;5r\033[5;1H\n\n\033[r");	/* a region below the top */
	w(&vt, "\033[?1049h\033[10;1H\n\n\n\033[?1049l");	/* a program that has the whole screen */
	CHECK_EQ(h.end, 91);
	w(&vt, "\033[10;1H\n");
	CHECK_EQ(h.end, 92);
	w(&vt, "\033[3J");
	CHECK(h.start == 92 && h.end == 92 && !blocks, "forgotten when told to");
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 33);
	CASE("80 columns");
	many(80, 0, HISTORY_LINES);
	many(80, 1, HISTORY_LINES);
	many(80, 2, HISTORY_LINES);
	many(80, 3, HISTORY_LINES);
	CASE("other widths");
	many(VT_MAX_COLS, 0, HISTORY_LINES / 2);
	many(VT_MAX_COLS, 2, HISTORY_LINES / 4);
	many(1, 3, HISTORY_LINES);
	CASE("memory");
	usual_memory();
	without_memory();
	CASE("a terminal's");
	from_terminal();
	return passed();
}
