/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal every PC has: the VGA screen and the keyboard. */
#include <stdio.h>
#include "arch/x86/time.h"
#include "drivers/ps2/kbd.h"
#include "drivers/ps2/keymaps.h"
#include "drivers/vga/vga.h"
#include "drivers/vga/vt.h"
#include "hv/dev/console.h"
#include "hv/lib/lib.h"
#include "hv/load/load.h"
#include "hv/run/run.h"
#include "hv/ui/terminal.h"
#include "hv/ui/view.h"

#define DRAW_NS		30000000ull	/* a screen that scrolls need not be drawn more often than this */
#define NO_CELL		0x0720

static struct vt monitor_vt;		/* what the monitor has printed here */
static u16 monitor_cells[VGA_ROWS * VGA_COLS];
static struct history monitor_history;
static struct view view;
static u32 answer_line;			/* where the answer to a command begins */
static bool dirty;
static u64 drawn_ns;

/* ---- the screen ---- */

/* keymap=de on our own line, or `keymap de` at the monitor.  false: msg says what is wrong. */
bool screen_keymap(const char *name, char *msg, u32 len)
{
	const struct keymap *k;
	u32 n;

	if (kbd_set_layout(name))
		return true;
	n = (u32)snprintf(msg, len, "keymap=%.16s: there are", name);
	for (k = keymaps; k->name && n < len; k++)
		n += (u32)snprintf(msg + n, len - n, "%s %s", k == keymaps ? "" : ",", k->name);
	return false;
}

static void read_keymap_option(void)
{
	char name[16], msg[80];

	if (hv_cmdline_get("keymap", name, sizeof(name)) && !screen_keymap(name, msg, sizeof(msg)))
		hv_log("%s", msg);
}

void screen_start(void)
{
	read_keymap_option();
	vt_init(&monitor_vt, monitor_cells, VGA_COLS, VGA_ROWS);
	monitor_vt.history = &monitor_history;
	dirty = true;
}

void screen_put(const void *data, u32 len)
{
	vt_write(&monitor_vt, data, len);
	dirty = true;
}

void screen_changed(void)
{
	dirty = true;
}

u32 screen_history_bytes(void)
{
	return history_bytes(&monitor_history);
}

static struct vt *shown_vt(void)
{
	return terminal_screen.focus ? &terminal_screen.focus->vt : &monitor_vt;
}

/* A hint goes to whatever is on the screen. */
static void screen_hint(const char *text, u32 len)
{
	vt_write(shown_vt(), text, len);
	dirty = true;
}

static void screen_leave(void)
{
}

static void screen_join(void)
{
	view = (struct view){ 0 };
	dirty = true;
}

static void screen_answer(bool done)
{
	if (!done)
		answer_line = view_line(&monitor_vt);
	else if (!terminal_screen.focus)
		view_page(&view, &monitor_vt, answer_line);
}

static void screen_fit(void)
{
	terminal_fit(&terminal_screen, VGA_COLS, VGA_ROWS);
}

/* Nobody types fast enough to lose anything. */
static void screen_lost(struct guest *g)
{
	(void)g;
}

static const struct terminal_ops screen_ops = {
	.put = screen_put, .hint = screen_hint, .leave = screen_leave, .join = screen_join, .fit = screen_fit,
	.lost = screen_lost, .answer = screen_answer,
};
struct terminal terminal_screen = { .ops = &screen_ops };

/* The screen is a window on a console that may be larger; it moves down and right as far as the
 * cursor needs. */
void screen_draw(void)
{
	static u16 window[VGA_ROWS * VGA_COLS];
	const struct vt *vt = shown_vt();
	u32 up = MAX(vt->now.row + 1, VGA_ROWS) - VGA_ROWS, left = MAX(vt->now.col + 1, VGA_COLS) - VGA_COLS;
	u32 i;

	for (i = 0; i < VGA_ROWS * VGA_COLS; i++) {
		u32 row = up + i / VGA_COLS, col = left + i % VGA_COLS;

		window[i] = row < vt->rows && col < vt->cols ? vt->cells[row * vt->cols + col] : NO_CELL;
	}
	if (view.on)
		view_draw(&view, vt, window);
	dirty = false;
	drawn_ns = time_ns();
	vga_show(window, vt->cursor_visible && !view.on ? vt->now.row - up : VGA_ROWS, vt->now.col - left);
}

/* Drawing is slow, so it waits a moment unless there is nothing else to do. */
static bool screen_due(void)
{
	struct cpu *c = this_cpu();

	return dirty && ((!c->running && !c->queue_head) || time_ns() - drawn_ns >= DRAW_NS);
}

/* ---- the keyboard ---- */

/* The keyboard sends what a VT100 sends in its usual mode; a program may have chosen the other. */
static void adapt_arrow(struct kbd_event *e)
{
	if (terminal_screen.focus && terminal_screen.focus->vt.app_cursor && e->len == 3 && e->bytes[0] == 033 &&
	    e->bytes[1] == '[' && e->bytes[2] >= 'A' && e->bytes[2] <= 'D')
		e->bytes[1] = 'O';
}

static void screen_listen(void)
{
	struct kbd_event e;
	u32 i;

	while (kbd_get(&e)) {
		dirty = true;
		if (e.kind == KBD_PAGE_UP) {
			view_back(&view, shown_vt());
		} else if (e.kind == KBD_PAGE_DOWN) {
			view_on(&view, shown_vt());
		} else if (e.kind == KBD_BYTES && !view_key(&view, shown_vt(), e.bytes, e.len)) {
			adapt_arrow(&e);
			for (i = 0; i < e.len; i++)
				terminal_key(&terminal_screen, e.bytes[i]);
		} else if (e.kind == KBD_RESTART) {
			terminal_hint(&terminal_screen, "\r\n[Ctrl-Alt-Del does nothing; poweroff in the monitor ends all]\r\n");
		} else if (e.kind == KBD_SWITCH && e.number == 12) {
			terminal_focus(&terminal_screen, NULL);
		} else if (e.kind == KBD_SWITCH && e.number <= 11 && e.number <= guest_count) {
			terminal_focus(&terminal_screen, guests[e.number - 1]);
		}
	}
}

/* ---- both ---- */

void screen_poll(void)
{
	screen_listen();
	if (screen_due())
		screen_draw();
}

bool screen_busy(void)
{
	return kbd_waiting() || screen_due();
}
