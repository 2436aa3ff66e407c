/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two terminals: COM1 (serial.c), and the VGA screen with the keyboard (screen.c).  Each shows
 * one guest's console or the monitor.  Input goes to what is shown, except for the escape key and
 * the key after it, which are ours.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "arch/x86/time.h"
#include "drivers/vga/vga.h"
#include "hv/dev/console.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"
#include "hv/run/run.h"
#include "hv/ui/monitor.h"
#include "hv/ui/terminal.h"
#include "hv/ui/ui.h"

#define DIGIT_NS	700000000ull	/* so long a second digit may take */

static u8 escape_key = 'T' & 0x1F;

void terminal_put(struct terminal *t, const char *data, u32 len)
{
	t->ops->put(data, len);
}

void terminal_hint(struct terminal *t, const char *fmt, ...)
{
	char text[360];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	t->ops->hint(text, strlen(text));
	if (!t->focus)
		line_redraw(&t->edit);
}

/* ---- what is shown ---- */

static bool terminal_blank(const struct vt *vt)
{
	u32 i;

	for (i = 0; i < vt->cols * vt->rows; i++)
		if ((vt->cells[i] & 0xFF) != ' ' && (vt->cells[i] & 0xFF))
			return false;
	return true;
}

static void say_keys(struct console *c)
{
	char line[160], key = escape_key + '@';

	snprintf(line, sizeof(line), "[%s.  Ctrl-%c m: the monitor, Ctrl-%c 1..16: a guest, Ctrl-%c ?: help]\n",
		 c->guest->name, key, key, key);
	console_print(c->guest, line, strlen(line));
}

void terminal_focus(struct terminal *t, struct guest *g)
{
	if (t->focus)
		t->ops->leave();
	t->focus = g ? g->console : NULL;
	t->ops->join();
	if (!g)
		monitor_enter(t);
	if (g && terminal_blank(&t->focus->vt))
		say_keys(t->focus);
}

u8 terminal_escape_key(void)
{
	return escape_key;
}

/* ---- guests' output ---- */

static void terminals_show(const struct console *c, const void *data, u32 len)
{
	if (terminal_screen.focus == c)
		screen_changed();
	if (terminal_serial.focus == c)
		serial_guest_says(data, len);
}

static u32 terminals_room(const struct console *c)
{
	return terminal_serial.focus == c ? serial_guest_room() : CONSOLE_SCROLLBACK;
}

static void terminals_redraw(const struct console *c)
{
	if (terminal_screen.focus == c)
		screen_changed();
}

static const struct console_viewer terminals_viewer = { terminals_show, terminals_room, terminals_redraw };

/* ---- input ---- */

static void next_guest(struct terminal *t)
{
	u32 i = t->focus ? t->focus->guest->id % guest_count : 0;	/* id counts from 1 */

	if (guest_count)
		terminal_focus(t, guests[i]);
}

static void escape_help(struct terminal *t)
{
	char k = escape_key + '@';

	terminal_hint(t, "\r\n[Ctrl-%c and then  m: monitor  1..16: that guest  n: next guest  r: this terminal's size  "
		      "Ctrl-%c: sends one  ?: this.  On the screen also Alt-F1..F11 and Alt-F12.]\r\n", k, k);
}

void terminal_fit(struct terminal *t, u32 cols, u32 rows)
{
	cols = MIN(MAX(cols, CONSOLE_MIN_COLS), CONSOLE_MAX_COLS);
	rows = MIN(MAX(rows, CONSOLE_MIN_ROWS), CONSOLE_MAX_ROWS);
	if (console_resize(t->focus->guest, cols, rows))
		terminal_hint(t, "\r\n[%s: %ux%u]\r\n", t->focus->guest->name, cols, rows);
}

static void show_number(struct terminal *t, u32 number)
{
	t->number = 0;
	if (number <= guest_count)
		terminal_focus(t, guests[number - 1]);
	else
		terminal_hint(t, "\r\n[there is no guest %u: there are %u]\r\n", number, guest_count);
}

/* A digit shows its guest at once, unless there are guests whose numbers begin with it: then the
 * next key decides, or a moment in which none comes. */
static void first_digit(struct terminal *t, u32 digit)
{
	if (digit * 10 > guest_count) {
		show_number(t, digit);
		return;
	}
	t->number = digit;
	t->number_ns = time_ns();
}

/* true: c was the second digit. */
static bool second_digit(struct terminal *t, u8 c)
{
	bool digit = c >= '0' && c <= '9';

	show_number(t, digit ? t->number * 10 + (c - '0') : t->number);
	return digit;
}

static void no_second_digit(struct terminal *t)
{
	if (t->number && time_ns() - t->number_ns > DIGIT_NS)
		show_number(t, t->number);
}

static void escape_command(struct terminal *t, u8 c)
{
	if (c == escape_key) {
		if (t->focus)
			console_type(t->focus, &c, 1);
	} else if (c == 'm') {
		terminal_focus(t, NULL);
	} else if (c == 'n') {
		next_guest(t);
	} else if (c == 'r') {
		if (t->focus)
			t->ops->fit();
		else
			terminal_hint(t, "\r\n[r is for a guest's console; here there is resize]\r\n");
	} else if (c >= '1' && c <= '9') {
		first_digit(t, c - '0');
	} else {
		escape_help(t);
	}
}

/* A guest that is off gets no input. */
static void type_to_guest(struct terminal *t, u8 c)
{
	struct guest *g = t->focus->guest;
	char k = escape_key + '@';

	if (g->state == GUEST_BUILDING || g->state == GUEST_RUNNING || g->state == GUEST_PAUSED) {
		if (!console_type(t->focus, &c, 1))
			t->ops->lost(g);
	} else if (c == '\r' || c == '\n')
		terminal_hint(t, "[%s %s.  Ctrl-%c m: the monitor, where `start %s` starts it]\r\n", g->name,
			      guest_is(g), k, g->name);
}

void terminal_key(struct terminal *t, u8 c)
{
	if (t->number && second_digit(t, c))
		return;
	if (t->escaped) {
		t->escaped = false;
		escape_command(t, c);
	} else if (c == escape_key) {
		t->escaped = true;
	} else if (t->focus) {
		type_to_guest(t, c);
	} else {
		monitor_key(t, c);
	}
}

/* ---- both of them ---- */

bool terminals_work(void)
{
	serial_poll();
	screen_poll();
	no_second_digit(&terminal_serial);
	no_second_digit(&terminal_screen);
	return false;
}

bool terminals_busy(void)
{
	return serial_busy() || screen_busy();
}

void terminals_drain(void)
{
	screen_draw();
	serial_drain();
}

/* ---- the log ---- */

/* In the monitor a line of the log appears above the prompt.  A guest's console is not
 * disturbed. */
static void show_log(const char *text)
{
	struct terminal *const all[] = { &terminal_serial, &terminal_screen };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		struct terminal *t = all[i];

		if (t->focus)
			continue;
		if (!t->in_command)
			terminal_put(t, "\r\033[K", 4);
		terminal_put(t, text, strlen(text));
		terminal_put(t, "\r\n", 2);
		if (!t->in_command)
			line_redraw(&t->edit);
	}
}

/* The monitor's screen begins with what was logged before it existed. */
static void show_early(const char *text)
{
	screen_put(text, strlen(text));
	screen_put("\r\n", 2);
}

/* ... but for a guest that crashed: that shows wherever a guest is shown, too.  It has said so on its
 * own console itself. */
static void show_crash(const struct guest *g, const char *line)
{
	struct terminal *const all[] = { &terminal_serial, &terminal_screen };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->focus && all[i]->focus->guest != g)
			terminal_hint(all[i], "\r\n[%s (Ctrl-%c m: the monitor)]\r\n", line, escape_key + '@');
}

static void read_escape_option(void)
{
	char buf[8];

	if (!hv_cmdline_get("escape", buf, sizeof(buf)))
		return;
	/* Not one of the characters that Enter, Tab, Backspace or the arrow keys send. */
	if (buf[0] == '^' && (buf[1] & 0x40) && !buf[2] && !strchr("\b\t\n\r\033", buf[1] & 0x1F))
		escape_key = buf[1] & 0x1F;
	else
		hv_log("escape=%s: write ^ and a letter but H, I, J or M, like escape=^T", buf);
}

static struct guest *first_starting(void)
{
	u32 i;

	for (i = 0; i < guest_count; i++)
		if (guests[i]->state != GUEST_OFF)
			return guests[i];
	return NULL;
}

void terminals_start(void)
{
	struct guest *g = first_starting();

	read_escape_option();
	console_set_viewer(&terminals_viewer);
	screen_start();
	hv_log_each(show_early);
	if (g) {
		terminal_serial.focus = terminal_screen.focus = g->console;
		say_keys(g->console);
	} else {
		terminal_focus(&terminal_serial, NULL);
		terminal_focus(&terminal_screen, NULL);
	}
	hv_log_sink(show_log);
	guests_on_crash(show_crash);
}

/* The screen stays with the monitor, where no guest's text takes these lines away. */
void terminals_no_keyboard(void)
{
	if (terminal_screen.focus)
		terminal_focus(&terminal_screen, NULL);
	hv_log("No keyboard answers, and Ringlet has no driver for USB.");
	hv_log("Turn legacy USB support on in the setup, or use COM1 (115200 8N1).");
}
