/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two terminals, guests and the monitor: who gets what is typed, that the escape key is always ours, whose output is shown
 * where, what the log may disturb.
 */
#include <stdarg.h>
#include "hv/dev/console.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"
#include "hv/run/run.h"
#include "hv/ui/monitor.h"
#include "hv/ui/terminal.h"
#include "hv/ui/ui.h"
#include "tests/unit/test.h"

#define N	2
#define ESC	"\x14"

struct guest *guests[MAX_GUESTS];
u32 guest_count;
static struct guest g[N];
static struct console console[N];
static u16 cells[N][4];
static const struct console_viewer *viewer;
static void (*sink)(const char *line);
static void (*crashed)(const struct guest *who, const char *line);
static const char *option;

/* What came where. */
static char typed[N][50], to_monitor[50], put[2][500], hints[2][500], logged[200], serial_text[100];
static u32 lost, fits, left, joined, entered, redrawn, changed, cols, rows;
static bool full;

static void add(char *to, u32 size, const void *data, u32 len)
{
	u32 n = (u32)strlen(to);

	CHECK(n + len < size, "%s", to);
	memcpy(to + n, data, len);
	to[n + len] = 0;
}

static void serial_put(const void *data, u32 len) { add(put[0], sizeof(put[0]), data, len); }
void screen_put(const void *data, u32 len) { add(put[1], sizeof(put[1]), data, len); }
static void serial_hint(const char *text, u32 len) { add(hints[0], sizeof(hints[0]), text, len); }
static void screen_hint(const char *text, u32 len) { add(hints[1], sizeof(hints[1]), text, len); }
static void leave(void) { left++; }
static void join(void) { joined++; }
static void fit(void) { fits++; }
static void lose(struct guest *who) { CHECK(who == &g[0], "another"); lost++; }
static const struct terminal_ops serial_ops = {
	.put = serial_put, .hint = serial_hint, .leave = leave, .join = join, .fit = fit, .lost = lose,
};
static const struct terminal_ops screen_ops = {
	.put = screen_put, .hint = screen_hint, .leave = leave, .join = join, .fit = fit, .lost = lose,
};
struct terminal terminal_serial = { .ops = &serial_ops }, terminal_screen = { .ops = &screen_ops };

void serial_guest_says(const void *data, u32 len) { add(serial_text, sizeof(serial_text), data, len); }
u32 serial_guest_room(void) { return 17; }
static u64 now = 5000000000ull;
u64 time_ns(void) { return now; }
void serial_poll(void) { }
bool serial_busy(void) { return false; }
void serial_drain(void) { }
void screen_start(void) { }
void screen_changed(void) { changed++; }
void screen_draw(void) { }
void screen_poll(void) { }
bool screen_busy(void) { return false; }

void monitor_key(struct terminal *t, u8 c) { CHECK(!t->focus, "it shows a guest"); add(to_monitor, sizeof(to_monitor), &c, 1); }
void monitor_enter(struct terminal *t) { (void)t; entered++; }
void line_redraw(struct lineedit *e) { (void)e; redrawn++; }
void console_set_viewer(const struct console_viewer *v) { viewer = v; }
void console_print(struct guest *who, const char *text, u32 len) { (void)who; (void)text; (void)len; }
const char *guest_is(const struct guest *who) { (void)who; return "is off"; }
void guests_on_crash(void (*tell)(const struct guest *g, const char *line)) { crashed = tell; }
void hv_log_sink(void (*to)(const char *line)) { sink = to; }
void hv_log_each(void (*each)(const char *line)) { each("early"); }

bool console_type(struct console *c, const u8 *data, u32 len)
{
	if (full)
		return false;
	add(typed[c - console], sizeof(typed[0]), data, len);
	return true;
}

bool console_resize(struct guest *who, u32 c, u32 r)
{
	CHECK(who == &g[0], "another");
	cols = c;
	rows = r;
	return true;
}

void hv_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(logged, sizeof(logged), fmt, ap);
	va_end(ap);
}

const char *hv_cmdline_get(const char *key, char *buf, u32 len)
{
	CHECK_STR(key, "escape");
	return option && snprintf(buf, len, "%s", option) >= 0 ? buf : NULL;
}

static void forget(void)
{
	memset(typed, 0, sizeof(typed));
	memset(put, 0, sizeof(put));
	memset(hints, 0, sizeof(hints));
	*to_monitor = *serial_text = *logged = 0;
	lost = fits = left = joined = entered = redrawn = changed = 0;
}

static void start(const char *opt, bool first, bool second)
{
	u32 i;

	guest_count = N;
	for (i = 0; i < N; i++) {
		guests[i] = &g[i];
		snprintf(g[i].name, sizeof(g[i].name), "g%u", i + 1);
		g[i].id = i + 1;
		g[i].console = &console[i];
		g[i].state = (i ? second : first) ? GUEST_RUNNING : GUEST_OFF;
		console[i].guest = &g[i];
		console[i].vt = (struct vt){ .cells = cells[i], .cols = 2, .rows = 2 };
	}
	option = opt;
	terminals_start();
	forget();
}

static void type(const char *s)
{
	for (forget(); *s; s++)
		terminal_key(&terminal_serial, (u8)*s);
}

static void who_gets_it(void)
{
	static const bool takes[] = { [GUEST_BUILDING] = true, [GUEST_RUNNING] = true, [GUEST_PAUSED] = true, [GUEST_CRASHED] = false };
	u32 i;

	start(NULL, true, true);
	CHECK(terminal_serial.focus == &console[0] && terminal_screen.focus == &console[0], "the first that starts is shown");
	type("ls\r");
	CHECK_STR(typed[0], "ls\r");
	CHECK(!*typed[1] && !*to_monitor, "it went elsewhere, too");
	for (i = 0; i < ARRAY_SIZE(takes); i++) {
		g[0].state = i;
		type("x\r");
		CHECK_STR(typed[0], takes[i] ? "x\r" : "");
		CHECK(takes[i] == !*hints[0], "state %u: it says '%s'", i, hints[0]);
	}
	g[0].state = GUEST_RUNNING;
	full = true;
	type("abc");
	CHECK_EQ(lost, 3);
	full = false;
	terminal_serial.focus = NULL;
	type("help");
	CHECK_STR(to_monitor, "help");
	CHECK(!*typed[0], "a guest hears what is typed at the monitor");
}

static void escape_key(void)
{
	start(NULL, true, true);
	type("a" ESC "mb");
	CHECK(!terminal_serial.focus && entered == 1 && left == 1, "ESC m: the monitor");
	CHECK_STR(typed[0], "a");
	CHECK_STR(to_monitor, "b");
	CHECK(terminal_screen.focus == &console[0], "the other terminal, too");
	type(ESC ESC);
	CHECK(!*to_monitor && !terminal_serial.escaped && !left, "the monitor has no use for one");
	type(ESC "2" "c" ESC ESC);
	CHECK_STR(typed[1], "c" ESC);
	type(ESC "3");
	CHECK(terminal_serial.focus == &console[1], "there is no third guest");
	CHECK_HAS(hints[0], "there are 2");
	type(ESC "n");
	CHECK(terminal_serial.focus == &console[0], "after the last comes the first");
	type(ESC "n");
	CHECK(terminal_serial.focus == &console[1], "and then the second");
	type(ESC "x");
	CHECK_HAS(hints[0], "Ctrl-T and then  m: monitor");
	CHECK(!*typed[1], "an unknown key is not for the guest");
	full = true;				/* no guest keeps us from it by not reading */
	type(ESC "m");
	CHECK(!terminal_serial.focus, "ESC m");
	full = false;
	guest_count = 0;
	type(ESC "n" ESC "1");
	CHECK(!terminal_serial.focus, "there are no guests");
}

/* With ten guests or more the second digit counts, or another key, or that none comes. */
static void two_digits(void)
{
	u32 i;

	start(NULL, true, true);
	for (i = N; i < MAX_GUESTS; i++)
		guests[i] = &g[0];
	guests[11] = &g[1];
	guest_count = 9;
	type(ESC "2" ESC "1");
	CHECK(terminal_serial.focus == &console[0], "nobody waits for a digit that cannot be");
	guest_count = 12;
	type(ESC "2");
	CHECK(terminal_serial.focus == &console[1], "there is no guest 20");
	type(ESC "1" "1");
	CHECK(terminal_serial.focus == &console[0] && !*typed[0] && !*typed[1], "11");
	type(ESC "1" "2" "3");
	CHECK(terminal_serial.focus == &console[1] && !strcmp(typed[1], "3"), "12, and then a 3 for it");
	type(ESC "1");
	terminals_work();
	CHECK(terminal_serial.focus == &console[1], "it still waits");
	type("x");
	CHECK(terminal_serial.focus == &console[0] && !strcmp(typed[0], "x"), "another key is for guest 1");
	type(ESC "2" ESC "1" ESC "m");
	CHECK(!terminal_serial.focus, "the escape key, too");
	type(ESC "2" ESC "1");
	now += 800000000;
	terminals_work();
	CHECK(terminal_serial.focus == &console[0], "none comes");
	forget();
	type(ESC "1" "3");
	CHECK(terminal_serial.focus == &console[0] && strstr(hints[0], "there is no guest 13: there are 12"), "%s", hints[0]);
	guest_count = N;
}

static void sizes(void)
{
	start(NULL, true, true);
	type(ESC "r");
	CHECK_EQ(fits, 1);
	terminal_fit(&terminal_serial, 1, 1);
	CHECK(cols == CONSOLE_MIN_COLS && rows == CONSOLE_MIN_ROWS, "%ux%u", cols, rows);
	terminal_fit(&terminal_serial, 4000000000u, 4000000000u);
	CHECK(cols == CONSOLE_MAX_COLS && rows == CONSOLE_MAX_ROWS, "%ux%u", cols, rows);
	type(ESC "m" ESC "r");
	CHECK_EQ(fits, 0);
}

static void output(void)
{
	start(NULL, true, true);
	viewer->says(&console[1], "two", 3);
	CHECK(!*serial_text && !changed, "nobody looks at it");
	CHECK_EQ(viewer->room(&console[1]), CONSOLE_SCROLLBACK);
	viewer->says(&console[0], "one", 3);
	CHECK_STR(serial_text, "one");
	CHECK_EQ(changed, 1);
	CHECK_EQ(viewer->room(&console[0]), 17);
}

static void the_log(void)
{
	start(NULL, true, true);
	terminal_focus(&terminal_serial, NULL);
	forget();
	sink("line");
	CHECK_STR(put[0], "\r\033[Kline\r\n");
	CHECK(!*put[1] && redrawn == 1, "a guest's console is not disturbed");
	forget();
	crashed(&g[1], "g2: killed");		/* wherever another guest is shown */
	CHECK(!*hints[0] && strstr(hints[1], "g2: killed"), "%s, %s", hints[0], hints[1]);
	forget();
	crashed(&g[0], "g1: killed");		/* it has said so itself */
	CHECK(!*hints[1], "%s", hints[1]);
	terminal_serial.in_command = true;
	forget();
	sink("line");
	CHECK(!strcmp(put[0], "line\r\n") && !redrawn, "there is no prompt while a command runs");
	terminal_serial.in_command = false;
	forget();
	terminal_hint(&terminal_serial, "%s", "x");
	CHECK_EQ(redrawn, 1);
}

static void options(void)
{
	static const char *const bad[] = { "^", "A", "^AB", "^1", "^H", "^I", "^J", "^M", "^[", "^@", "" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		option = bad[i];
		*logged = 0;
		terminals_start();
		CHECK(terminal_escape_key() == 'T' - '@', "escape=%s", bad[i]);
		CHECK_HAS(logged, "like escape=^T");
	}
	start("^a", false, false);
	CHECK_EQ(terminal_escape_key(), 1);
	CHECK(!terminal_serial.focus && !terminal_screen.focus, "nobody starts: the monitor");
	start("^a", false, true);
	CHECK(terminal_serial.focus == &console[1], "the first that starts");
	type("\x14\x01m");
	CHECK_STR(typed[1], "\x14");
	CHECK(!terminal_serial.focus, "the monitor");
}

int main(void)
{
	CASE("who gets it");
	who_gets_it();
	CASE("the escape key");
	escape_key();
	CASE("two digits");
	two_digits();
	CASE("sizes");
	sizes();
	CASE("output");
	output();
	CASE("the log");
	the_log();
	CASE("options");
	options();
	return passed();
}
