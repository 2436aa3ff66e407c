/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyboard.  First the translation: keymaps.c knows the keys that type a character, here are
 * those that send a sequence.  Then the few lines that touch the port.
 */
#include <string.h>
#include "arch/x86/irq.h"
#include "arch/x86/regs.h"
#include "drivers/ps2/kbd.h"
#include "drivers/ps2/keymaps.h"
#include "hv/lib/ring.h"

#define RELEASED	0x80
#define SC_EXTENDED	0xE0
#define SC_PAUSE	0xE1		/* followed by five codes to ignore */
#define SC_CTRL		0x1D
#define SC_SHIFT_L	0x2A
#define SC_SHIFT_R	0x36
#define SC_ALT		0x38
#define SC_CAPS		0x3A
#define SC_NUM		0x45
#define SC_F1		0x3B
#define SC_F10		0x44
#define SC_F11		0x57
#define SC_F12		0x58
#define SC_KP_SLASH	0x35		/* extended */
#define SC_KP_ENTER	0x1C
#define SC_KP_FIRST	0x47		/* 7 */
#define SC_PAGE_UP	0x49		/* 9 */
#define SC_PAGE_DOWN	0x51		/* 3 */
#define SC_KP_LAST	0x53		/* ., Del */

/* Keys that type the same in every layout, by scan code. */
static const struct { u8 code, types; } common[] = {
	{ 0x01, 033 }, { 0x0E, 0x7F }, { 0x0F, '\t' }, { 0x1C, '\r' }, { 0x37, '*' }, { 0x39, ' ' },
};

static const struct keymap *keymap = &keymaps[0];

/* The keypad from 7 to ".", as digits and as the cursor keys printed below them.  The separate
 * cursor keys send the same codes after SC_EXTENDED. */
static const char keypad[] = "789-456+1230.";
static const char *const cursor_keys[] = {
	"[1~", "[A", "[5~", NULL, "[D", NULL, "[C", NULL, "[4~", "[B", "[6~", "[2~", "[3~",
};
static const char *const function_keys[12] = {
	"OP", "OQ", "OR", "OS", "[15~", "[17~", "[18~", "[19~", "[20~", "[21~", "[23~", "[24~",
};

static bool is_ctrl(const struct kbd_state *s) { return s->ctrl_l || s->ctrl_r; }
static bool is_altgr(const struct kbd_state *s) { return s->alt_r && keymap->altgr; }
static bool is_alt(const struct kbd_state *s) { return s->alt_l || (s->alt_r && !is_altgr(s)); }
static bool is_shift(const struct kbd_state *s) { return s->shift_l || s->shift_r; }

/* A character, less than 0x800, in UTF-8. */
static bool type_char(const struct kbd_state *s, u32 c, struct kbd_event *e)
{
	memset(e, 0, sizeof(*e));
	if (is_alt(s))
		e->bytes[e->len++] = '\033';
	if (c >= 0x80)
		e->bytes[e->len++] = (u8)(0xC0 | c >> 6);
	e->bytes[e->len++] = (u8)(c < 0x80 ? c : 0x80 | (c & 0x3F));
	return true;
}

static bool type_sequence(const char *sequence, struct kbd_event *e)
{
	memset(e, 0, sizeof(*e));
	if (!sequence)
		return false;
	e->len = (u8)(1 + strlen(sequence));
	e->bytes[0] = '\033';
	memcpy(e->bytes + 1, sequence, e->len - 1u);
	return true;
}

static bool type_function(const struct kbd_state *s, u32 n, struct kbd_event *e)
{
	if (!is_alt(s) && !is_altgr(s))
		return type_sequence(function_keys[n - 1], e);
	memset(e, 0, sizeof(*e));
	e->kind = KBD_SWITCH;
	e->number = (u8)n;
	return true;
}

/* What a key types with Ctrl, by its character; -1: nothing. */
static int control_of(u32 c)
{
	if (c >= 'a' && c <= 'z')
		return c & 0x1F;
	switch (c) {
	case ' ': case '@': case '2': return 0;
	case '[': case '3': return 0x1B;
	case '\\': case '4': return 0x1C;
	case ']': case '5': return 0x1D;
	case '^': case '6': return 0x1E;
	case '-': case '_': case '/': case '7': return 0x1F;
	case 0x7F: case '8': return c == '8' ? 0x7F : '\b';
	case '\r': case '\t': case 0x1B: return (int)c;
	}
	return -1;
}

/* Caps Lock is for letters: keys whose character with Shift is the same in upper case. */
static bool is_letter(u8 code)
{
	u32 c = keymap_type(keymap, code, KEYMAP_PLAIN);

	return ((c >= 'a' && c <= 'z') || c >= 0xE0) && keymap_type(keymap, code, KEYMAP_SHIFT) == c - 0x20;
}

/* What the key types; 0: nothing. */
static u32 character_of(const struct kbd_state *s, u8 code)
{
	bool shift = is_shift(s) != (s->caps && is_letter(code));
	u32 i, c = is_altgr(s) ? keymap_type(keymap, code, KEYMAP_ALTGR) : 0;

	for (i = 0; i < ARRAY_SIZE(common); i++)
		if (common[i].code == code)
			return common[i].types;
	return c ?: keymap_type(keymap, code, shift ? KEYMAP_SHIFT : KEYMAP_PLAIN);
}

/* With Ctrl a digit does the same whether it is typed with Shift, as in France, or without. */
static bool type_control(const struct kbd_state *s, u8 code, struct kbd_event *e)
{
	struct kbd_state no_shift = { .alt_r = s->alt_r };
	u32 shifted = keymap_type(keymap, code, KEYMAP_SHIFT);
	int control = control_of(character_of(&no_shift, code));

	if (control < 0 && shifted >= '0' && shifted <= '9')
		control = control_of(shifted);
	return control >= 0 && type_char(s, (u32)control, e);
}

static bool type_key(const struct kbd_state *s, u8 code, struct kbd_event *e)
{
	u32 c = character_of(s, code);

	return is_ctrl(s) ? type_control(s, code, e) : c && type_char(s, c, e);
}

/* Keeps track of modifier keys and locks; true: code was one of them. */
static bool kbd_modifier(struct kbd_state *s, u8 code, bool extended, bool down)
{
	switch (code) {
	case SC_CTRL:
		*(extended ? &s->ctrl_r : &s->ctrl_l) = down;
		return true;
	case SC_ALT:
		*(extended ? &s->alt_r : &s->alt_l) = down;
		return true;
	case SC_SHIFT_L:
	case SC_SHIFT_R:
		/* As extended codes they come along with the cursor keys and mean nothing. */
		if (!extended)
			*(code == SC_SHIFT_L ? &s->shift_l : &s->shift_r) = down;
		return true;
	case SC_CAPS:
		s->caps ^= down;
		return true;
	case SC_NUM:
		s->num ^= down;
		return true;
	}
	return false;
}

bool kbd_set_layout(const char *name)
{
	const struct keymap *k;

	for (k = keymaps; k->name; k++)
		if (!strcmp(k->name, name)) {
			keymap = k;
			return true;
		}
	return false;
}

bool kbd_translate(struct kbd_state *s, u8 scancode, struct kbd_event *e)
{
	u8 code = scancode & ~RELEASED;
	bool extended = s->extended, down = !(scancode & RELEASED);

	if (s->skip) {
		s->skip--;
		return false;
	}
	if (scancode == SC_PAUSE) {
		s->skip = 5;
		return false;
	}
	s->extended = scancode == SC_EXTENDED;
	if (s->extended || kbd_modifier(s, code, extended, down) || !down)
		return false;
	if (code >= SC_F1 && code <= SC_F10)
		return type_function(s, code - SC_F1 + 1u, e);
	if (code == SC_F11 || code == SC_F12)
		return type_function(s, code - SC_F11 + 11u, e);
	if (code >= SC_KP_FIRST && code <= SC_KP_LAST) {
		const char *sequence = cursor_keys[code - SC_KP_FIRST];
		bool digit = !extended && (s->num != is_shift(s) || !sequence);

		if (code == SC_KP_LAST && is_ctrl(s) && is_alt(s)) {
			*e = (struct kbd_event){ .kind = KBD_RESTART };
			return true;
		}
		if (is_shift(s) && !digit && (code == SC_PAGE_UP || code == SC_PAGE_DOWN)) {
			*e = (struct kbd_event){ .kind = code == SC_PAGE_UP ? KBD_PAGE_UP : KBD_PAGE_DOWN };
			return true;
		}
		return digit ? type_char(s, (u8)keypad[code - SC_KP_FIRST], e) : type_sequence(sequence, e);
	}
	if (extended && code != SC_KP_SLASH && code != SC_KP_ENTER)
		return false;
	if (extended && code == SC_KP_SLASH)
		return type_char(s, '/', e);
	return type_key(s, code, e);
}

/* ---- the port ---- */

#define KBD_DATA	0x60
#define KBD_STATUS	0x64
#define RESET_LINE	0xFE		/* a command to the controller: pulse the processor's reset */
#define STATUS_FULL	0x01
#define STATUS_MOUSE	0x20
#define STATUS_ABSENT	0xFF
#define BIOS_NUM	0x20		/* in the BIOS's keyboard flags */
#define BIOS_CAPS	0x40
#define RING		64		/* scan codes */

static struct kbd_state state;
static u8 kbd_codes[RING];
static struct byte_ring kbd_ring = { .byte = kbd_codes, .size = RING };

bool kbd_present(void)
{
	return inb(KBD_STATUS) != STATUS_ABSENT;
}

void kbd_poll(void)
{
	u32 n;
	u8 status;

	for (n = 0; n < RING && ((status = inb(KBD_STATUS)) & STATUS_FULL); n++) {
		u8 code;

		if (status == STATUS_ABSENT)
			return;
		code = inb(KBD_DATA);
		if (!(status & STATUS_MOUSE) && ring_room(&kbd_ring))
			ring_push(&kbd_ring, code);
	}
}

void kbd_init(u8 bios_flags)
{
	state.num = bios_flags & BIOS_NUM;
	state.caps = bios_flags & BIOS_CAPS;
	kbd_poll();
	kbd_ring.tail = kbd_ring.head;
	irq_register(IRQ_KEYBOARD, kbd_poll);
}

bool kbd_waiting(void)
{
	return ring_used(&kbd_ring);
}

int kbd_get(struct kbd_event *e)
{
	while (ring_used(&kbd_ring))
		if (kbd_translate(&state, ring_pull(&kbd_ring), e))
			return 1;
	return 0;
}

void kbd_await_restart(void)
{
	struct kbd_event e;

	cli();
	do
		kbd_poll();
	while (!kbd_get(&e) || e.kind != KBD_RESTART);
	for (;;)
		outb(KBD_STATUS, RESET_LINE);
}
