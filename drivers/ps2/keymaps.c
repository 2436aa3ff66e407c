/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keyboard layouts.  A layout is three strings: what each key types, with Shift, and with AltGr; a
 * space where it types nothing.  Keys that would wait for a letter to put an accent on type the
 * accent at once.
 */
#include "drivers/ps2/keymaps.h"

/* The scan codes in the order of the strings: the four rows from left to right, without the keys
 * that type the same everywhere.  The last is the key beside the left Shift that US keyboards do
 * not have. */
static const u8 order[KEYMAP_KEYS] = {
	0x29, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D,
	0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B,
	0x1E, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x2B,
	0x56, 0x2C, 0x2D, 0x2E, 0x2F, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35,
};

const struct keymap keymaps[] = {
	{ "us",
	  u"`1234567890-=" u"qwertyuiop[]" u"asdfghjkl;'\\" u" zxcvbnm,./",
	  u"~!@#$%^&*()_+" u"QWERTYUIOP{}" u"ASDFGHJKL:\"|" u" ZXCVBNM<>?",
	  NULL },
	{ "uk",
	  u"`1234567890-=" u"qwertyuiop[]" u"asdfghjkl;'#" u"\\zxcvbnm,./",
	  u"¬!\"£$%^&*()_+" u"QWERTYUIOP{}" u"ASDFGHJKL:@~" u"|ZXCVBNM<>?",
	  u"¦            " u"  é   úíó   " u"á           " u"           " },
	{ "de",
	  u"^1234567890ß´" u"qwertzuiopü+" u"asdfghjklöä#" u"<yxcvbnm,.-",
	  u"°!\"§$%&/()=?`" u"QWERTZUIOPÜ*" u"ASDFGHJKLÖÄ'" u">YXCVBNM;:_",
	  u"  ²³   {[]}\\ " u"@          ~" u"            " u"|      µ   " },
	{ "fr",
	  u"²&é\"'(-è_çà)=" u"azertyuiop^$" u"qsdfghjklmù*" u"<wxcvbn,;:!",
	  u" 1234567890°+" u"AZERTYUIOP¨£" u"QSDFGHJKLM%µ" u">WXCVBN?./§",
	  u"  ~#{[|`\\^@]}" u"           ¤" u"            " u"           " },
	{ NULL, u"", u"", NULL },
};

u32 keymap_type(const struct keymap *k, u8 code, enum keymap_level level)
{
	const u16 *keys = level == KEYMAP_ALTGR ? k->altgr : level == KEYMAP_SHIFT ? k->shift : k->plain;
	u32 i;

	for (i = 0; keys && i < KEYMAP_KEYS; i++)
		if (order[i] == code)
			return keys[i] == ' ' ? 0 : keys[i];
	return 0;
}
