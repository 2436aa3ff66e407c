/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's console: its output is kept and shown in order and in pieces, one that is too far ahead leaves the processor
 * and waits until all is shown; input comes in order, a paste finds room, answers of its terminal come first.
 */
#include "drivers/vga/vga.h"
#include "hv/cpu/cpu.h"
#include "hv/dev/console.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"
#include "tests/unit/test.h"

static struct cpu cpu;
static struct guest g = { .name = "one" };
static struct console *c;
static u8 seen[2 * CONSOLE_SCROLLBACK];
static u32 seen_len, room, told_typed, told_size, redrawn;
static char lines[1000];
static u32 empty_lines;

struct cpu *this_cpu(void) { return &cpu; }
void vdev_console_typed(struct guest *who) { CHECK(who == &g, "another"); told_typed++; }
void vdev_console_resized(struct guest *who) { CHECK(who == &g, "another"); told_size++; }
void panic(const char *fmt, ...) { CHECK(0, "panic: %s", fmt); abort(); }

static void says(const struct console *which, const void *data, u32 len)
{
	CHECK(which == c && seen_len + len <= sizeof(seen), "%u bytes", len);
	memcpy(seen + seen_len, data, len);
	seen_len += len;
}
static u32 viewer_room(const struct console *which) { (void)which; return room; }
static void redraw(const struct console *which) { (void)which; redrawn++; }
static const struct console_viewer viewer = { says, viewer_room, redraw };

static void show_all(void)
{
	u32 n;

	for (n = 0; console_pending(&g); n++) {
		work_begin(&g.work);
		CHECK(n < 10000 && (console_show(&g), 1), "it never ends");
		CHECK(console_pending(&g) || !console_too_far(&g), "all is shown, and it still has to wait");
	}
}

static void output(void)
{
	static u8 text[CONSOLE_AHEAD];
	u32 i, done;

	for (i = 0; i < sizeof(text); i++)
		text[i] = (u8)('a' + rnd(26));
	console_write(&g, text, CONSOLE_AHEAD - 1);
	CHECK(!console_too_far(&g) && !cpu.resched, "not so far");
	CHECK_EQ(console_room(&g), 1);
	console_write(&g, text + CONSOLE_AHEAD - 1, 1);
	CHECK(console_too_far(&g), "too far ahead");
	CHECK(cpu.resched, "it keeps the processor");
	CHECK_EQ(console_room(&g), 0);
	/* As much as the guest's work allows, and it is its work. */
	g.work.left = 1000;
	done = g.work.done;
	CHECK(console_show(&g), "not all of it for a thousand instructions");
	CHECK(seen_len && seen_len <= 1024, "%u bytes", seen_len);
	CHECK(g.work.left <= 0 && g.work.done - done >= 1000, "it is nobody's work");
	i = seen_len;
	CHECK(console_show(&g) && seen_len == i && console_too_far(&g), "nothing is left of the work");
	show_all();
	CHECK(seen_len == sizeof(text) && !memcmp(seen, text, sizeof(text)), "%u bytes", seen_len);
	CHECK_EQ(g.stats.console_out, sizeof(text));
	room = 10;
	CHECK_EQ(console_room(&g), 10);
	room = CONSOLE_SCROLLBACK;
	cpu.resched = false;
	/* Around the ring's end. */
	for (seen_len = 0; seen_len < CONSOLE_SCROLLBACK; show_all())
		console_write(&g, text, 3000);
	for (i = 0; i < seen_len; i++)
		CHECK(seen[i] == text[i % 3000], "byte %u", i);
}

static void shows(const char *said, u32 len, const char *want)
{
	seen_len = 0;
	console_print(&g, said, len);
	show_all();
	seen[seen_len] = 0;
	CHECK_STR((char *)seen, want);
}

static void printed(void)
{
	char many[300];

	shows("one\ntwo\r\n", 9, "one\r\ntwo\r\n");
	shows("three\r", 6, "three\r");
	shows("\nfour", 5, "\nfour");		/* the CR was in the piece before */
	memset(many, '\n', sizeof(many));		/* nearly twice as long by its CRs */
	many[0] = 'x';
	console_print(&g, many, sizeof(many));
	seen_len = 0;
	show_all();
	CHECK_EQ(seen_len, 2 * sizeof(many) - 1);
}

static u32 input(u8 *buf, u32 len)
{
	return console_input(&g, buf, len);
}

static void typed(void)
{
	static u8 paste[200000], got[sizeof(paste)];
	u32 i, n;

	for (i = 0; i < sizeof(paste); i++)
		paste[i] = (u8)(i * 7 + (i >> 8));
	CHECK(!console_typed(&g) && !input(got, 10), "nobody typed");
	CHECK(console_type(c, paste, 100) && console_typed(&g) && told_typed == 1, "typed");
	CHECK(input(got, 60) == 60 && input(got + 60, 60) == 40 && !memcmp(got, paste, 100), "in order");
	CHECK_EQ(g.stats.console_in, 100);
	/* A paste, after some was read, which is not forgotten: what does not fit is told. */
	console_type(c, paste, CONSOLE_INPUT);
	CHECK(!console_full(c), "there is memory");
	CHECK_EQ(c->typed.tail, 100);
	CHECK(!console_type(c, paste + CONSOLE_INPUT, sizeof(paste) - CONSOLE_INPUT), "not all of it can fit");
	CHECK(console_full(c), "it is full");
	n = input(got, sizeof(got));
	CHECK(n >= 100000 && n < sizeof(paste) && !memcmp(got, paste, n), "%u bytes", n);
	CHECK(c->typed.byte == c->few && c->typed.size == CONSOLE_INPUT, "the memory was not given back");
	console_type(c, paste, CONSOLE_INPUT);
	console_type(c, paste, 1);
	console_forget_typed(&g);
	CHECK(!console_typed(&g) && c->typed.byte == c->few, "forgotten");
}

static void answers(void)
{
	static const char where[] = "\033[6n";
	u8 got[CONSOLE_REPLIES + 1];
	u32 i;

	console_type(c, (const u8 *)"x", 1);
	told_typed = 0;
	console_write(&g, "\r\033[2J\033[H\033[6n", 12);
	show_all();
	CHECK_EQ(told_typed, 1);
	CHECK(input(got, 2) == 2 && !memcmp(got, "\033[", 2), "the answer comes first");
	CHECK(input(got, 10) == 5 && !memcmp(got, "1;1Rx", 5), "and then what was typed");
	for (i = 0; i < 100; i++) {		/* who does not read them gets whole ones, as many as fit */
		console_write(&g, where, 4);
		show_all();
	}
	i = input(got, sizeof(got));
	CHECK(i > CONSOLE_REPLIES - 6 && i % 6 == 0, "%u bytes of answers", i);
	CHECK(!input(got, 1), "and no more");
}

static void put_line(const char *text)
{
	empty_lines += !*text;
	if (*text)
		strcat(strcat(lines, text), "|");
}

static void read_back(void)
{
	u32 i;

	static const char text[] = "\033[1mone\033[0m\r\ntwo\b\b\bsix\r\nold\rnew\r\nlast";

	for (i = 0; i < CONSOLE_SCROLLBACK; i++)	/* more than is kept */
		console_write(&g, "\n", 1);
	console_write(&g, text, sizeof(text) - 1);
	show_all();
	console_each_line(&g, put_line);
	CHECK_STR(lines, "one|six|new|last|");
	CHECK_EQ(empty_lines, CONSOLE_SCROLLBACK - (sizeof(text) - 1));
}

static void sizes(void)
{
	u32 cols, rows;

	told_size = redrawn = 0;
	CHECK(console_resize(&g, 255, 100), "there is memory");
	console_size(&g, &cols, &rows);
	CHECK(cols == 255 && rows == 100 && told_size == 1 && redrawn == 1, "%ux%u", cols, rows);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 0);
	c = g.console = console_create(&g);
	console_write(&g, "early", 5);		/* nobody looks yet */
	show_all();
	room = CONSOLE_SCROLLBACK;
	CHECK_EQ(console_room(&g), CONSOLE_AHEAD);
	console_set_viewer(&viewer);
	g.stats.console_out = 0;
	CASE("output");
	output();
	CASE("printed");
	printed();
	CASE("typed");
	typed();
	CASE("answers");
	answers();
	CASE("read back");
	read_back();
	CASE("sizes");
	sizes();
	history_clear(&c->history);
	free(c->vt.cells);
	free(c);
	return passed();
}
