/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line editor: what is typed, taken back, recalled and completed is the line that comes out, what a terminal
 * shows of it (our own vt, cross-checked) is that line too; any bytes are survived.
 */
#include "drivers/vga/vt.h"
#include "hv/ui/lineedit.h"
#include "tests/unit/test.h"

static struct lineedit e;
static struct vt screen;
static u16 cells[80 * 25];

static void put(void *arg, const char *data, u32 len)
{
	(void)arg;
	vt_write(&screen, data, len);
}

static const char *complete(void *arg, const char *buf, u32 start, u32 len)
{
	(void)arg;
	return !start && len == 3 && !strncmp(buf, "des", 3) ? "troy " : NULL;
}

static void begin(void)
{
	memset(&e, 0, sizeof(e));
	vt_init(&screen, cells, 80, 25);
	e.prompt = "> ";
	e.put = put;
	e.complete = complete;
	line_start(&e);
}

/* Types, and returns the line if it ended one. */
static const char *type(const char *s)
{
	static char line[LINE_SIZE];
	const char *got = NULL;

	for (; *s; s++)
		if (line_key(&e, (u8)*s) == LINE_READY) {
			strcpy(line, e.buf);
			got = line;
			line_start(&e);
		}
	return got;
}

static void shows(const char *want)
{
	char text[81];
	u32 i, r = screen.now.row;

	for (i = 0; i < 80; i++)
		text[i] = (char)(screen.cells[r * 80 + i] & 0xFF);
	while (i && (text[i - 1] == ' ' || !text[i - 1]))
		i--;
	text[i] = 0;
	CHECK(!strcmp(text, want), "the screen shows \"%s\", not \"%s\"", text, want);
}

static void known(void)
{
	u32 i;

	begin();
	CHECK_STR(type("list\r"), "list");
	CHECK(!type("\n"), "LF after CR is a second line");
	CHECK_STR(type("lost\b\b\bist\n"), "list");
	CHECK_STR(type("bc\033[Da\033[Hx\033[Fy\r"), "xbacy");
	type("abc\033[D\033[DX");
	shows("> aXbc");
	CHECK_STR(type("\r"), "aXbc");
	CHECK_STR(type("\033[A\033[A\r"), "xbacy");
	CHECK_STR(type("garbage\025ok\r"), "ok");
	CHECK_STR(type("one two\027three\r"), "one three");
	type("des\t");
	shows("> destroy");
	CHECK_STR(type("a\r"), "destroy a");
	CHECK_STR(type("\033[A\033[B\r"), "");
	begin();			/* nothing older than the first, nothing newer than none */
	type("\033[A");
	shows(">");
	type("one\rtwo\r\033[A\033[A\033[A\033[A");
	shows("> one");
	CHECK_STR(type("\r"), "one");
	type("word\033[D\033[D\033[3~\033[3~\033[3~");
	shows("> wo");
	CHECK_STR(type("\025\025\033[3~\027ab\001\025\027\r"), "ab");
	/* What a program asked the terminal and its answer, in a string, is not typed; Ctrl-C ends that. */
	CHECK_STR(type("\033]11;rgb:00/00\rlist\r\007x\r"), "x");
	CHECK_STR(type("\033Plist\r\033\\y\r"), "y");
	CHECK_STR(type("\033_list\r\003z\r"), "z");
	/* Longer than there is room for. */
	for (i = 0; i < LINE_SIZE + 100; i++)
		CHECK(!type("x") && e.len == MIN(i + 1, LINE_SIZE - 1u) && strlen(e.buf) == e.len, "%u characters", e.len);
	CHECK_EQ(strlen(type("\r")), LINE_SIZE - 1);
}

static void random_keys(void)
{
	static const char *const keys[] = { "\033[A", "\033[B", "\033[C", "\033[D", "\033[H", "\033[F", "\033[3~", "\b",
		"\177", "\001", "\005", "\013", "\025", "\027", "\t", "a", "b", " ", "word", "\r", "\n", "\003", "\004", "\014",
		"\033", "\033[", "\033O", "9", "~", "\377", "\033[99999~" };
	u32 i, n;

	begin();
	for (i = 0; i < 200000; i++) {
		const char *k = keys[rnd(ARRAY_SIZE(keys))];
		enum line_event ev;

		if (one_in(50)) {
			u8 c = (u8)rnd(256);

			ev = line_key(&e, c);
		} else {
			ev = LINE_NOTHING;
			for (; *k && ev == LINE_NOTHING; k++)
				ev = line_key(&e, (u8)*k);
		}
		CHECK(e.len < LINE_SIZE && e.pos <= e.len && strlen(e.buf) == e.len, "len %u pos %u, text of %u", e.len, e.pos,
		      (u32)strlen(e.buf));
		for (n = 0; n < e.len; n++)
			CHECK((u8)e.buf[n] >= ' ' && e.buf[n] != 0x7F, "control character %#x in the line", (u8)e.buf[n]);
		if (ev != LINE_NOTHING)
			line_start(&e);
	}
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 17);
	CASE("known keys");
	known();
	CASE("random keys");
	random_keys();
	return passed();
}
