/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal made of screen and keyboard: what is shown of a console of any size, and which keys lead where. */
#include <stdarg.h>
#include "arch/x86/time.h"
#include "drivers/ps2/kbd.h"
#include "drivers/vga/vga.h"
#include "hv/dev/console.h"
#include "hv/run/run.h"
#include "hv/ui/terminal.h"
#include "tests/unit/test.h"

#define MS	1000000ull

struct guest *guests[MAX_GUESTS];
u32 guest_count;
static struct guest g;
static struct console console;
static struct cpu cpu;
static u64 now = 1000 * MS;
static struct kbd_event keys[20];
static u32 pressed, looked_at, drawn, at_row, at_col;
static u16 shown[VGA_ROWS * VGA_COLS];
static char typed[50];
static struct guest *focused;
static bool focus_changed;

struct cpu *this_cpu(void) { return &cpu; }
u64 time_ns(void) { return now; }
static char logged[100];
const char *hv_cmdline_get(const char *key, char *buf, u32 len)
{
	CHECK_STR(key, "keymap");
	snprintf(buf, len, "xx");
	return buf;
}
void hv_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(logged, sizeof(logged), fmt, ap);
	va_end(ap);
}
bool kbd_set_layout(const char *name) { return !strcmp(name, "de"); }
bool kbd_waiting(void) { return looked_at < pressed; }
void terminal_fit(struct terminal *t, u32 cols, u32 rows) { (void)t; CHECK(cols == VGA_COLS && rows == VGA_ROWS, "%ux%u", cols, rows); }

int kbd_get(struct kbd_event *e)
{
	if (looked_at == pressed)
		return 0;
	*e = keys[looked_at++];
	return 1;
}

void vga_show(const u16 *cells, unsigned row, unsigned col)
{
	memcpy(shown, cells, sizeof(shown));
	at_row = row;
	at_col = col;
	drawn++;
}

void terminal_key(struct terminal *t, u8 c)
{
	u32 n = (u32)strlen(typed);

	CHECK(t == &terminal_screen && n < sizeof(typed) - 1, "%s", typed);
	typed[n] = (char)c;
	typed[n + 1] = 0;
}

void terminal_hint(struct terminal *t, const char *fmt, ...) { (void)t; (void)fmt; }
void terminal_focus(struct terminal *t, struct guest *to)
{
	CHECK(t == &terminal_screen, "the other one");
	focused = to;
	focus_changed = true;
}

static void press(struct kbd_event e)
{
	*typed = 0;
	focus_changed = false;
	keys[0] = e;
	looked_at = 0;
	pressed = 1;
	CHECK(screen_busy(), "a key waits");
	screen_poll();
}

static void size(u32 cols, u32 rows)
{
	u32 i;

	free(console.vt.cells);
	vt_init(&console.vt, malloc(cols * rows * sizeof(u16)), cols, rows);
	for (i = 0; i < cols * rows; i++)
		console.vt.cells[i] = (u16)i;
}

static void window(void)
{
	u32 i, r, c;

	screen_start();
	screen_put("prompt", 6);
	screen_draw();
	CHECK((shown[0] & 0xFF) == 'p' && at_row == 0 && at_col == 6, "the monitor, with its cursor at %u, %u", at_row, at_col);
	terminal_screen.focus = &console;
	size(20, 5);				/* smaller than the screen */
	screen_draw();
	for (i = 0; i < VGA_ROWS * VGA_COLS; i++) {
		r = i / VGA_COLS;
		c = i % VGA_COLS;
		CHECK_EQ(shown[i], r < 5 && c < 20 ? r * 20 + c : 0x0720);
	}
	size(200, 60);				/* larger: the cursor is always on the screen */
	console.vt.now.row = 59;
	console.vt.now.col = 199;
	screen_draw();
	CHECK(at_row == VGA_ROWS - 1 && at_col == VGA_COLS - 1, "%u, %u", at_row, at_col);
	CHECK_EQ(shown[0], (u16)((60 - VGA_ROWS) * 200 + 200 - VGA_COLS));
	console.vt.cursor_visible = false;
	screen_draw();
	CHECK_EQ(at_row, VGA_ROWS);
	console.vt.now.row = console.vt.now.col = 0;
}

/* While somebody else wants the processor it is drawn now and then, and only if something changed. */
static void when(void)
{
	static struct vcpu v;

	cpu.queue_head = &v;
	screen_draw();
	drawn = 0;
	screen_changed();
	screen_poll();
	CHECK(!drawn && !screen_busy(), "drawn again at once");
	now += 30 * MS;
	CHECK(screen_busy(), "it is time");
	screen_poll();
	screen_poll();
	now += 100 * MS;
	screen_poll();
	CHECK_EQ(drawn, 1);
	screen_changed();
	cpu.queue_head = NULL;
	screen_poll();
	screen_changed();
	screen_poll();
	CHECK_EQ(drawn, 3);
}

static void pressed_keys(void)
{
	struct kbd_event up = { .kind = KBD_BYTES, .bytes = "\033[A", .len = 3 }, end = { .kind = KBD_BYTES, .bytes = "\033[F", .len = 3 };
	u32 i;

	guests[0] = &g;
	g.console = &console;
	guest_count = 1;
	press(up);
	CHECK_STR(typed, "\033[A");
	console.vt.app_cursor = true;
	press(up);
	CHECK_STR(typed, "\033OA");
	press(end);
	CHECK_STR(typed, "\033[F");
	terminal_screen.focus = NULL;
	press(up);
	CHECK_STR(typed, "\033[A");
	for (i = 1; i <= 12; i++) {
		press((struct kbd_event){ .kind = KBD_SWITCH, .number = (u8)i });
		CHECK(focus_changed == (i == 1 || i == 12), "Alt-F%u", i);
		CHECK(!focus_changed || focused == (i == 1 ? &g : NULL), "Alt-F%u", i);
		CHECK_STR(typed, "");
	}
}

int main(void)
{
	CASE("window");
	window();
	CASE("when");
	when();
	CASE("keys");
	pressed_keys();
	free(console.vt.cells);
	CHECK_STR(logged, "keymap=xx: there are us, uk, de, fr");
	return passed();
}
