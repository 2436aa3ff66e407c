/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking back on the screen, and the pager: each page is the one that a person expects, nothing is skipped, and it stands
 * still while more is written below.
 */
#include "hv/ui/view.h"
#include "tests/unit/test.h"

static struct history h;
static struct vt vt;
static struct view view;
static u16 cells[VT_MAX_COLS * VT_MAX_ROWS], window[VGA_ROWS * VGA_COLS];

static void lines(u32 from, u32 to)
{
	char text[40];

	for (; from < to; from++)
		vt_write(&vt, text, (u32)sprintf(text, "line %u\r\n", from));
}

static void begin(u32 cols, u32 rows)
{
	history_clear(&h);
	h = (struct history){ 0 };
	view = (struct view){ 0 };
	vt_init(&vt, cells, cols, rows);
	vt.history = &h;
}

static const char *row(u32 r)
{
	static char text[VGA_COLS + 1];
	u32 i;

	view_draw(&view, &vt, window);
	for (i = 0; i < VGA_COLS; i++)
		text[i] = (char)window[r * VGA_COLS + i];
	while (i && text[i - 1] == ' ')
		i--;
	text[i] = 0;
	return text;
}

static bool key(const char *s) { return view_key(&view, &vt, (const u8 *)s, (u32)strlen(s)); }

static void back(void)
{
	u32 n;

	begin(80, 25);
	lines(0, 20);
	view_back(&view, &vt);
	CHECK(!view.on, "nothing has scrolled off");
	lines(20, 100);		/* lines 0 to 75 are in the history, 76 to 99 and the cursor on the screen */
	view_back(&view, &vt);
	CHECK(view.on, "back");
	CHECK_STR(row(0), "line 53");
	CHECK_STR(row(23), "line 76");
	CHECK_HAS(row(24), " 24 lines below");
	lines(100, 200);
	CHECK_STR(row(0), "line 53");
	view_back(&view, &vt);
	CHECK_STR(row(0), "line 30");
	for (n = 0; n < 5; n++)
		view_back(&view, &vt);
	CHECK_STR(row(0), "line 0");
	view_on(&view, &vt);
	CHECK_STR(row(0), "line 23");
	for (n = 0; view.on; n++)
		view_on(&view, &vt);
	CHECK_EQ(n, 7);			/* 46, 69, ..., 161, and then line 176, where the screen begins, is beyond */
	view_on(&view, &vt);
	CHECK(!view.on, "it is not on");
	view_back(&view, &vt);
	CHECK(!key(" ") && !view.on, "a key ends it, and is typed, unlike the pager's");
	view_back(&view, &vt);
	lines(200, 5000);		/* until what is shown is forgotten */
	row(0);
	CHECK(view.top == h.start && h.start > 200, "at line %u; %u is the first", view.top, h.start);
	history_clear(&h);
	row(0);
	CHECK_EQ(view.top, h.start);
}

/* A console larger than the screen, and one that is smaller. */
static void sizes(void)
{
	begin(100, 50);
	lines(0, 40);
	view_back(&view, &vt);
	CHECK_STR(row(0), "line 2");
	view_back(&view, &vt);
	CHECK_STR(row(0), "line 0");
	view_on(&view, &vt);
	view_on(&view, &vt);
	CHECK(!view.on, "at the end");
	begin(20, 5);
	lines(0, 30);
	view_back(&view, &vt);
	CHECK_STR(row(0), "line 3");
	CHECK_STR(row(23), "line 26");
	begin(20, 5);
	cells[20 * 5] = 'x';		/* what is behind its cells is not its own */
	lines(0, 8);
	view_back(&view, &vt);
	CHECK_STR(row(7), "line 7");
	CHECK_STR(row(9), "");
}

static void answer(u32 n)
{
	u32 from;

	begin(80, 25);
	lines(1000, 1020);
	from = view_line(&vt);
	lines(0, n);
	view_page(&view, &vt, from);
}

static void pager(void)
{
	char want[40];
	u32 n;

	answer(24);
	CHECK(!view.on, "24 lines and a prompt are on the screen");
	answer(25);
	CHECK_STR(row(0), "line 0");
	CHECK_HAS(row(24), " 1 more lines");
	CHECK(key(" ") && !view.on, "that was all");
	answer(100);
	for (n = 0; view.on; n += 24, key(" ")) {
		sprintf(want, "line %u", n);
		CHECK_STR(row(0), want);
	}
	CHECK(n == 96, "%u", n);	/* the last four are on the screen, with twenty before them */
	answer(100);
	CHECK(key("\r") && key("\033[B"), "down");
	CHECK_STR(row(0), "line 2");
	CHECK(key("\033[6~"), "down");
	CHECK_STR(row(0), "line 26");
	CHECK(key("b"), "up");
	CHECK_STR(row(0), "line 2");
	CHECK(key("\033[A") && key("\033[A") && key("b"), "up");
	CHECK_STR(row(0), "line 1000");
	CHECK(key("q") && !view.on, "q");
	answer(100);
	CHECK(key("\033") && !view.on, "Esc");
	answer(100);
	CHECK(!key("l") && !view.on, "the next command's first letter");
	answer(3000);			/* more than is kept */
	CHECK(view.on && view.top == h.start, "what is left of it");
}

static void any_keys(void)
{
	static const char *const keys[] = { " ", "b", "\r", "\033[A", "\033[B", "\033[5~", "\033[6~" };
	u32 i;

	for (i = 0; i < 20000; i++) {
		if (one_in(50))
			answer(rnd(200));
		else if (one_in(8))
			lines(0, rnd(40));
		else if (one_in(100))
			history_clear(&h);
		else if (one_in(3))
			(one_in(2) ? view_back : view_on)(&view, &vt);
		else
			key(keys[rnd(ARRAY_SIZE(keys))]);
		view_draw(&view, &vt, window);
		CHECK(!view.on || view.top - h.start <= h.end - h.start, "at line %u of %u to %u", view.top, h.start, h.end);
	}
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 34);
	CASE("back");
	back();
	CASE("sizes");
	sizes();
	CASE("pager");
	pager();
	CASE("any keys");
	any_keys();
	return passed();
}
