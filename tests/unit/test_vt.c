/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal: what vi, top and a shell send looks as it should, and no bytes whatever lead outside
 * of the cells, or make two terminals of the same history look different.
 */
#include "drivers/vga/vt.h"
#include "tests/unit/test.h"

static struct vt vt;
static u16 cells[VT_MAX_COLS * VT_MAX_ROWS];

static void w(const char *s) { vt_write(&vt, s, strlen(s)); }

static const char *row(u32 r)
{
	static char text[4][VT_MAX_COLS + 1];
	static u32 turn;
	char *t = text[turn++ % 4];
	u32 i;

	for (i = 0; i < vt.cols; i++)
		t[i] = (char)(vt.cells[r * vt.cols + i] & 0xFF);
	while (i && (t[i - 1] == ' ' || !t[i - 1]))
		i--;
	t[i] = 0;
	return t;
}

static void begin(void) { vt_init(&vt, cells, 80, 25); }

static void known(void)
{
	char digits[200];
	u32 i;

	begin();
	w("one\r\ntwo\r\n\tthree\b\b\bX");
	CHECK_STR(row(0), "one");
	CHECK_STR(row(1), "two");
	CHECK_STR(row(2), "        thXee");
	w("\033[2J\033[H\033[5;10Hhere\033[Aup\033[1K");
	CHECK_STR(row(4), "         here");
	CHECK_STR(row(3), "");
	begin();
	w("abcdef\033[3G\033[2P");
	CHECK_STR(row(0), "abef");
	w("\033[2@");
	CHECK_STR(row(0), "ab  ef");
	w("\033[K");
	CHECK_STR(row(0), "ab");
	/* Wraps only when something comes after the last column. */
	begin();
	for (i = 0; i < 80; i++)
		digits[i] = (char)('0' + i % 10);
	digits[80] = 0;
	w(digits);
	CHECK_EQ(vt.now.row, 0);
	w("\r\nnext");
	CHECK_STR(row(1), "next");
	w("\033[H");
	w(digits);
	w("z");
	CHECK_EQ(vt.cells[80] & 0xFF, 'z');
	/* Scrolling, whole and in a region. */
	begin();
	for (i = 0; i < 30; i++) {
		sprintf(digits, "%sline %u", i ? "\r\n" : "", i);
		w(digits);
	}
	CHECK_STR(row(0), "line 5");
	CHECK_STR(row(24), "line 29");
	w("\033[5;10r\033[10;1H\n\n\033[r");
	CHECK_STR(row(3), "line 8");
	CHECK_STR(row(4), "line 11");
	CHECK_STR(row(9), "");
	CHECK_STR(row(10), "line 15");
	w("\033[6;1H\033[2L");
	CHECK_STR(row(5), "");
	w("\033[2M");
	/* Colours end up in the attribute; m alone is plain. */
	begin();
	w("a\033[1;31;44mb\033[mc");
	CHECK_EQ(vt.cells[0] >> 8, vt.cells[2] >> 8);
	CHECK_EQ((vt.cells[1] >> 8) & 0xF0, 0x10);	/* blue, in VGA's order */
	CHECK_EQ((vt.cells[1] >> 8) & 0x07, 0x04);
	w("\033[?25l");
	CHECK(!vt.cursor_visible, "cursor");
	w("\033c");
	CHECK(vt.cursor_visible && !row(0)[0], "reset");
	/* The other screen begins empty, once. */
	w("old\033[?1049h");
	CHECK_STR(row(0), "");
	w("\033[Hnew\033[?47;1047;1049h");
	CHECK_STR(row(0), "new");
}

static void same(const struct vt *a, const struct vt *b)
{
	CHECK(!memcmp(a->cells, b->cells, a->rows * a->cols * sizeof(u16)) && a->now.row == b->now.row && a->now.col == b->now.col,
	      "two terminals of one history differ");
}

static u8 painted[200000];
static u32 painted_len;
static void paint(void *arg, const void *data, u32 len)
{
	(void)arg;
	CHECK(painted_len + len <= sizeof(painted), "a repaint of more than 200 kB");
	memcpy(painted + painted_len, data, len);
	painted_len += len;
}

static void replied(void *arg, const void *data, u32 len)
{
	u32 i;

	(void)arg;
	CHECK(len <= 64, "answer of %u bytes", len);
	for (i = 0; i < len; i++)	/* answers go in as if typed: nothing but harmless text */
		CHECK(((const char *)data)[i] == 033 || (((const u8 *)data)[i] >= ' ' && ((const u8 *)data)[i] < 0x7F),
		      "byte %#x in an answer", ((const u8 *)data)[i]);
}

/* Another size keeps what fits, and the cursor on its line. */
static void resized(void)
{
	static u16 other[VT_MAX_COLS * VT_MAX_ROWS];
	u32 i;

	begin();
	for (i = 0; i < 24; i++) {
		char line[20];

		sprintf(line, "line %u\r\n", i);
		w(line);
	}
	w("\033[5;20r\033[25;1Hlong enough to be cut\0337");
	vt_resize(&vt, other, 10, 5);
	CHECK_STR(row(0), "line 20");
	CHECK_STR(row(4), "long enoug");
	CHECK(vt.now.row == 4 && vt.now.col == 9, "the cursor is at %u, %u", vt.now.row, vt.now.col);
	w("\0338\r\n");		/* saved where there is nothing now; and the region is gone */
	CHECK_STR(row(3), "long enoug");
	w("\033[2;1Htop\0337");
	vt_resize(&vt, cells, VT_MAX_COLS, VT_MAX_ROWS);
	CHECK_STR(row(1), "tope 22");
	CHECK_STR(row(5), "");
	w("\033[999;999Hx");
	CHECK_EQ(vt.cells[VT_MAX_COLS * VT_MAX_ROWS - 1] & 0xFF, 'x');
}

static void random_bytes(void)
{
	static const char *const bits[] = { "\033", "[", ";", "?", "\033[", "H", "J", "K", "m", "r", "\n", "\r", "\b", "L", "M",
		"P", "@", "X", "\033M", "\033D", "\0337", "\0338", "\033(0", "\033(B", "h", "l", "25", "99999", "1", "0",
		"4294967296", "S", "T", "A", "B", "C", "D", "text", "\t", "\303\244", "\342\224\200", "\377", "\033[6n",
		"\033[c", "\033]0;title\007", "\033P", "\033\\", "\016", "\017", "d", "G", "7", "6", "3" };
	static u16 other_cells[VT_MAX_COLS * VT_MAX_ROWS];
	struct vt *exact = malloc(sizeof(*exact)), other;
	char buf[64];
	u32 i, n, len, round;

	for (round = 0; round < 300; round++) {
		u32 cols = 1 + rnd(one_in(8) ? VT_MAX_COLS : 90), rows = 1 + rnd(one_in(8) ? VT_MAX_ROWS : 30);
		u16 *was = malloc(cols * rows * sizeof(u16));	/* so many: ASan watches the end */

		vt_init(exact, was, cols, rows);
		vt_init(&other, other_cells, cols, rows);
		exact->reply = replied;
		for (i = 0; i < 400; i++) {
			if (one_in(4)) {
				for (len = 0; len < 20; len++)
					buf[len] = (char)rnd(256);
			} else {
				const char *b = bits[rnd(ARRAY_SIZE(bits))];

				len = (u32)strlen(b);
				memcpy(buf, b, len);
			}
			vt_write(exact, buf, len);
			for (n = 0; n < len; n++)	/* a byte at a time is the same */
				vt_write(&other, buf + n, 1);
			if (one_in(100)) {
				u32 c = 1 + rnd(90), r = 1 + rnd(30);

				was = exact->cells;
				vt_resize(exact, malloc(c * r * sizeof(u16)), c, r);
				free(was);
				was = malloc(c * r * sizeof(u16));
				vt_resize(&other, was, c, r);
				memcpy(other_cells, was, c * r * sizeof(u16));
				other.cells = other_cells;
				free(was);
			}
			CHECK(exact->now.row < exact->rows && exact->now.col < exact->cols, "cursor at %u, %u",
			      exact->now.row, exact->now.col);
			CHECK(exact->top <= exact->bottom && exact->bottom < exact->rows, "region");
		}
		same(exact, &other);
		/* A repaint makes another terminal of the same size show the same. */
		painted_len = 0;
		vt_repaint(exact, paint, NULL);
		vt_init(&other, other_cells, exact->cols, exact->rows);
		vt_write(&other, painted, painted_len);
		for (i = 0; i < exact->rows * exact->cols; i++)
			CHECK((exact->cells[i] & 0xFF) == (other.cells[i] & 0xFF) ||
			      (exact->cells[i] & 0xFF) < ' ' || (exact->cells[i] & 0xFF) > '~',
			      "repaint: cell %u is %#x, not %#x", i, other.cells[i], exact->cells[i]);
		free(exact->cells);
	}
	free(exact);
}

/* Text that is plain only to look at. */
static void not_plain(void)
{
	begin();
	w("abc\033[H\033[4h");
	w("XY");
	CHECK_STR(row(0), "XYabc");
	begin();
	w("\033(0");
	w("qa");
	CHECK((cells[0] & 0xFF) != 'q' && (cells[1] & 0xFF) != 'a', "lines are letters");
	begin();
	w("\303");
	w("xy");
	CHECK(!strcmp(row(0) + 1, "xy"), "after a cut-off sequence: %s", row(0));
}

/* Plain text goes in a row at a time, but is paid for by the byte, and ends where the work does. */
static void paid(void)
{
	s32 one = 100000, left;
	u32 n, cost;
	char text[70];

	memset(text, 'x', sizeof(text));
	begin();
	CHECK_EQ(vt_write_some(&vt, text, 1, &one), 1);
	cost = 100000 - one;
	left = 10 * cost - 1;
	n = vt_write_some(&vt, text, sizeof(text), &left);
	CHECK_EQ(n, 10);
	CHECK_EQ(left, -1);
	CHECK_EQ(strlen(row(0)), 11);
	CHECK_EQ(vt_write_some(&vt, text, sizeof(text), &left), 0);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 4);
	CASE("known sequences");
	known();
	CASE("another size");
	resized();
	CASE("plain to look at");
	not_plain();
	CASE("the work is paid for");
	paid();
	CASE("random bytes");
	random_bytes();
	return passed();
}
