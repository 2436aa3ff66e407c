/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyboard's translation: what keys type with and without modifiers, and that no codes upset it. */
#include "arch/x86/irq.h"
#include "drivers/ps2/kbd.h"
#include "tests/unit/test.h"

/* Not used here: the part that touches the port. */
void irq_register(u32 irq, void (*handler)(void)) { (void)irq; (void)handler; }

static struct kbd_state s;
static char typed[64];
static u32 switched, event;

static const char *keys(const char *codes, u32 n)
{
	struct kbd_event e;
	u32 len = 0;

	switched = event = 0;
	while (n--)
		if (kbd_translate(&s, (u8)*codes++, &e)) {
			CHECK(e.kind != KBD_BYTES || e.len <= sizeof(e.bytes), "%u bytes", e.len);
			if (e.kind == KBD_SWITCH)
				switched = e.number;
			else if (e.kind != KBD_BYTES)
				event = e.kind;
			else
				for (u32 i = 0; i < e.len && len < 60; i++)
					typed[len++] = (char)e.bytes[i];
		}
	typed[len] = 0;
	return typed;
}
#define K(s) keys(s, sizeof(s) - 1)

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 2);
	CASE("keys");
	CHECK_STR(K("\x1e\x9e\x30\xb0"), "ab");
	CHECK_STR(K("\x2a\x1e\x9e\x02\x82\xaa\x1e"), "A!a");
	CHECK_STR(K("\x36\x1e\xb6\x1e"), "Aa");
	CHECK_STR(K("\x1d\x14\x94\x9d\x32"), "\x14m");	/* Ctrl-T m */
	CHECK_STR(K("\x3a\xba\x1e\x02\x2a\x1e\xaa\x3a\xba"), "A1a");	/* Caps Lock: letters only */
	CHECK_STR(K("\x1c\x0e\x0f\x01\x39"), "\r\x7f\t\033 ");
	CHECK_STR(K("\xe0\x48\xe0\xc8\xe0\x50"), "\033[A\033[B");
	CHECK_STR(K("\xe0\x2a\xe0\x48\xe0\xc8\xe0\xaa\x1e"), "\033[Aa");	/* the shift that comes along */
	CHECK_STR(K("\xe1\x1d\x45\xe1\x9d\xc5\x1e"), "a");	/* Pause */
	CHECK_STR(K("\x48\xc8"), "\033[A");	/* has not touched Num Lock */
	CHECK_STR(K("\x38\x3b\xbb\xb8"), "");
	CHECK_EQ(switched, 1);
	K("\x38\x58\xd8\xb8");
	CHECK_EQ(switched, 12);
	K("\xe0\x38\x42\xc2\xe0\xb8");
	CHECK_EQ(switched, 8);
	CHECK_STR(K("\xe0\x1c\xe0\x35"), "\r/");
	CHECK_STR(K("\x2a\xe0\x49\xe0\xc9\xaa"), "");
	CHECK_EQ(event, KBD_PAGE_UP);
	CHECK_STR(K("\x36\xe0\x51\xe0\xd1\xb6"), "");
	CHECK_EQ(event, KBD_PAGE_DOWN);
	CHECK_STR(K("\x36\xe0\xb6\xe0\x51\xe0\xd1\xe0\x36\xb6"), "");	/* a keyboard takes Shift back for these keys */
	CHECK_EQ(event, KBD_PAGE_DOWN);
	CHECK_STR(K("\xe0\x49\xe0\xc9"), "\033[5~");
	CHECK_STR(K("\x2a\x49\xaa"), "9");
	CASE("any codes");
	for (i = 0; i < 500000; i++) {
		char c = (char)rnd(256);

		keys(&c, 1);
		CHECK(switched <= 12, "console %u", switched);
	}
	return passed();
}
