/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyboard's translation: what keys type with and without modifiers, and that no codes upset it. */
#include "arch/x86/irq.h"
#include "drivers/ps2/kbd.h"
#include "drivers/ps2/keymaps.h"
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

static u32 length(const u16 *s)
{
	u32 n = 0;

	while (s[n])
		n++;
	return n;
}

/* As they come from a keyboard with these caps: with Shift (2a), with AltGr (e0 38), Ctrl (1d) and Caps Lock (3a). */
static void layouts(void)
{
	const struct keymap *k;

	for (k = keymaps; k->name; k++)
		CHECK(length(k->plain) == KEYMAP_KEYS && length(k->shift) == KEYMAP_KEYS &&
		      (!k->altgr || length(k->altgr) == KEYMAP_KEYS), "%s has a string of another length", k->name);
	memset(&s, 0, sizeof(s));
	CHECK(!kbd_set_layout("dee") && !kbd_set_layout("") && !kbd_set_layout("d"), "there is none of that name");
	CHECK(kbd_set_layout("uk"), "uk");
	CHECK_STR(K("\x2b\x56\x29\x15\x2a\x03\x04\x28\x2b\x56\x29\xaa"), "#\\`y\"\xc2\xa3@~|\xc2\xac");
	CHECK_STR(K("\xe0\x38\x12\x10\xe0\xb8\x1d\x28\x9d"), "\xc3\xa9q");
	CHECK(kbd_set_layout("de"), "de");
	CHECK_STR(K("\x15\x2c\x27\x0c\x0d\x29\x1b\x2b\x35\x56"), "zy\xc3\xb6\xc3\x9f\xc2\xb4^+#-<");
	CHECK_STR(K("\x2a\x15\x28\x08\x0b\x0c\x0d\x29\x35\x56\xaa"), "Z\xc3\x84/=?`\xc2\xb0_>");
	CHECK_STR(K("\xe0\x38\x10\x08\x09\x0a\x0b\x0c\x1b\x56\x1e\x39\xe0\xb8"), "@{[]}\\~|a ");
	CHECK_STR(K("\x3a\xba\x27\x15\x0c\x02\x2a\x1a\xaa\x3a\xba"), "\xc3\x96Z\xc3\x9f" "1\xc3\xbc");
	CHECK_STR(K("\x1d\x2c\x15\x29\xe0\x38\x09\xe0\xb8\x9d"), "\x19\x1a\x1e\x1b");
	CHECK_STR(K("\x38\x15\xb8\x15"), "\033zz");		/* the left Alt is still one */
	K("\xe0\x38\x3b\xbb\xe0\xb8");
	CHECK_EQ(switched, 1);
	CHECK(kbd_set_layout("fr"), "fr");
	CHECK_STR(K("\x10\x11\x1e\x2c\x27\x32\x33\x02\x03\x0a\x0b\x35\x28"), "azqwm,;&\xc3\xa9\xc3\xa7\xc3\xa0!\xc3\xb9");
	CHECK_STR(K("\x2a\x02\x0b\x33\x34\x35\x1b\x28\x32\xaa"), "10./\xc2\xa7\xc2\xa3%?");
	CHECK_STR(K("\xe0\x38\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\xe0\xb8"), "~#{[|`\\^@]}");
	CHECK_STR(K("\x1d\x10\x04\x06\xe0\x38\x0c\xe0\xb8\x9d"), "\001\x1b\x1d\x1d");	/* Ctrl-A, Ctrl-3, Ctrl-5, Ctrl-] */
	CHECK(kbd_set_layout("us"), "us");
	CHECK_STR(K("\x2b\x56\x29\x15\x2a\x03\x28\xaa\xe0\x38\x15\xe0\xb8"), "\\`y@\"\033y");
}

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
	CASE("layouts");
	layouts();
	CASE("any codes");
	for (i = 0; i < 500000; i++) {
		char c = (char)rnd(256);

		if (one_in(1000))
			kbd_set_layout(keymaps[rnd(4)].name);
		keys(&c, 1);
		CHECK(switched <= 12, "console %u", switched);
	}
	return passed();
}
