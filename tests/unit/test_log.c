/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our own messages: what a stranger's words become in them, and what the ring has of them when it is full. */
#include "drivers/ps2/kbd.h"
#include "drivers/serial/uart.h"
#include "hv/lib/lib.h"
#include "tests/unit/test.h"

struct uart com1;
static char serial[4096], last[1000];
static u32 serial_len, lines, longest;

void uart_putc(struct uart *u, char c) { (void)u; serial[serial_len++ % sizeof(serial)] = c; }
void vga_putc(char c) { (void)c; }
void vga_clear(void) { }
void kbd_await_restart(void) { abort(); }
u64 time_ns(void) { return 12345678901ull; }
const char *symbol_at(u32 a, u32 *offset) { return *offset = a, "?"; }

static void keep(const char *line)
{
	snprintf(last, sizeof(last), "%s", line);
	longest = MAX(longest, (u32)strlen(line));
	lines++;
}

static u32 count(void)
{
	lines = longest = 0;
	hv_log_each(keep);
	return lines;
}

static void words(void)
{
	char s[] = "a\033[2J\177\200~ \n\t\001z";
	char every[256];
	u32 i;

	plain_text(s);
	CHECK_STR(s, "a?[2J??~ \n??z");
	for (i = 0; i < 255; i++)
		every[i] = (char)(i + 1);
	every[255] = 0;
	plain_text(every);
	for (i = 0; i < 255; i++)
		CHECK(every[i] == '\n' || (every[i] >= ' ' && every[i] <= '~'), "byte %u is %#x", i + 1, (u8)every[i]);
}

static void kept(void)
{
	char much[400];
	u32 i;

	hv_log("hello %u", 1u);
	CHECK(!memcmp(serial, "[   12.345] hello 1\r\n", serial_len) && serial_len == 21, "the line got \"%.*s\"",
	      (int)serial_len, serial);
	hv_log_sink(keep);
	hv_log("the guest says \033[31mred\033[m");
	CHECK_STR(last, "[   12.345] the guest says ?[31mred?[m");
	CHECK_EQ(serial_len, 21);
	/* A name cannot forge a second line. */
	hv_log("one\n[    0.000] alpha: killed");
	CHECK_STR(last, "[   12.345] one");
	hv_log("one\rtwo");
	CHECK_STR(last, "[   12.345] one");
	CHECK_EQ(count(), 4);
	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = 0;
	hv_log("%s", much);
	CHECK_EQ(strlen(last), 255);
	CHECK_EQ(count(), 5);
	/* The ring forgets whole lines, the oldest first. */
	for (i = 0; i < 1000; i++)
		hv_log("number %u", i);
	CHECK(count() > 700 && lines < 1000, "%u lines are kept", lines);
	CHECK_STR(last, "[   12.345] number 999");
	CHECK(longest == strlen(last), "a line of %u", longest);
	hv_log("%s", "");
	count();
	CHECK_STR(last, "[   12.345] ");
}

static u32 shortest;

static void measure(const char *line)
{
	shortest = MIN(shortest, (u32)strlen(line));
}

/* Whatever the ring's end cuts. */
static void cut(void)
{
	u32 i;

	for (i = 0; i < 300; i++) {
		hv_log("%.*s", (int)(i % 50), "01234567890123456789012345678901234567890123456789");
		shortest = 1000;
		hv_log_each(measure);
		CHECK(shortest >= 12, "a line of %u: its beginning is lost", shortest);
	}
}

int main(void)
{
	CASE("plain text");
	words();
	CASE("what is kept");
	kept();
	CASE("what is cut");
	cut();
	return passed();
}
