/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal answers queries as if somebody had typed the answer, and a guest can choose its words.
 * So only what is listed here passes: text, and the sequences that full-screen programs draw with.
 * Everything else is dropped: queries, titles and other strings, mouse and focus reports, printing,
 * other character sets.
 */
#include <string.h>
#include "drivers/serial/filter.h"

enum { TEXT, IN_CHARACTER, IN_ESCAPE, IN_CSI, IN_STRING };

#define ESC		0x1B
#define CAN		0x18
#define SUB		0x1A
#define UNKNOWN		'?'

static void filter_pass(struct filter *f, u8 b)
{
	*f->to++ = b;
}

static void filter_begin(struct filter *f, u8 state, u8 b)
{
	f->state = state;
	f->held[0] = b;
	f->len = 1;
}

/* A sequence that is too long loses its end, and so does not pass. */
static void filter_hold(struct filter *f, u8 b)
{
	if (f->len < FILTER_HELD)
		f->held[f->len++] = b;
}

static void pass_held(struct filter *f)
{
	u32 i;

	for (i = 0; i < f->len; i++)
		filter_pass(f, f->held[i]);
}

/* ---- what may pass ---- */

/* Are all the numbers of a sequence in the list (which ends with 0)? */
static bool all_in(const u8 *s, u32 len, const u16 *list)
{
	u32 i, k, n = 0;

	for (i = 0; i <= len; i++) {
		if (i < len && s[i] >= '0' && s[i] <= '9') {
			n = MIN(n * 10 + (s[i] - '0'), 9999u);
			continue;
		}
		for (k = 0; list[k] && list[k] != n; k++)
			;
		if (!list[k])
			return false;
		n = 0;
	}
	return true;
}

/* s is what comes after ESC [. */
static bool csi_passes(const u8 *s, u32 len)
{
	static const u16 modes[] = { 4, 0 };				/* insert */
	static const u16 dec_modes[] = { 1, 6, 7, 25, 47, 1047, 1048, 1049, 0 };
	u8 final = s[len - 1];
	bool dec = s[0] == '?';
	u32 i;

	for (i = dec; i < len - 1; i++)
		if (s[i] < '0' || s[i] > ';')
			return false;
	if (final == 'h' || final == 'l')
		return all_in(s + dec, len - 1 - dec, dec ? dec_modes : modes);
	if (dec)
		return false;
	if (final == 's' || final == 'u')	/* with numbers these mean something else */
		return len == 1;
	if (final == 'T')
		return !memchr(s, ';', len);
	return strchr("@ABCDEFGHJKLMPSX`adefmr", final);
}

static bool escape_passes(const u8 *s, u32 len)
{
	if (len == 1)
		return strchr("78DEMc=>", s[0]);
	return len == 2 && (s[0] == '(' || s[0] == ')') && strchr("0AB", s[1]);
}

/* One UTF-8 character: not encoded longer than necessary, and not an 8-bit control character. */
static bool character_passes(const u8 *s, u32 len)
{
	static const u32 least[] = { 0, 0, 0xA0, 0x800, 0x10000 };
	u32 i, c = s[0] & (0x7F >> len);

	for (i = 1; i < len; i++)
		c = c << 6 | (s[i] & 0x3F);
	return c >= least[len] && c < 0x110000;
}

/* ---- one byte ---- */

static void end_sequence(struct filter *f, bool passes)
{
	f->state = TEXT;
	if (passes && !f->text_only)
		pass_held(f);
}

static void filter_control(struct filter *f, u8 b)
{
	bool ended_string = f->state == IN_STRING;

	/* Any control character ends a string, so that a missing end costs at most a line. */
	if (f->state == IN_STRING || f->state == IN_CHARACTER || b == CAN || b == SUB)
		f->state = TEXT;
	if (b == ESC)
		filter_begin(f, IN_ESCAPE, b);
	else if (b && strchr("\a\b\t\n\v\f\r\016\017", b) && !(b == '\a' && ended_string))
		filter_pass(f, b);
}

static void filter_one(struct filter *f, u8 b)
{
	if (b < 0x7F)
		filter_pass(f, b);
	else if (b >= 0xC2 && b <= 0xF4)
		filter_begin(f, IN_CHARACTER, b);
	else if (b != 0x7F)
		filter_pass(f, UNKNOWN);
}

static void filter_character(struct filter *f, u8 b)
{
	u8 first = f->held[0];
	u32 whole = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;

	if ((b & 0xC0) != 0x80) {		/* cut off */
		f->state = TEXT;
		filter_pass(f, UNKNOWN);
		filter_one(f, b);
		return;
	}
	filter_hold(f, b);
	if (f->len < whole)
		return;
	f->state = TEXT;
	if (character_passes(f->held, f->len))
		pass_held(f);
	else
		filter_pass(f, UNKNOWN);
}

static void filter_escape(struct filter *f, u8 b)
{
	filter_hold(f, b);
	if (f->len == 2 && b == '[')
		f->state = IN_CSI;
	else if (f->len == 2 && strchr("]PX^_", b))
		f->state = IN_STRING;
	else if (b >= 0x30)
		end_sequence(f, escape_passes(f->held + 1, f->len - 1));
}

static void filter_csi(struct filter *f, u8 b)
{
	if (b == 0x7F)
		return;
	filter_hold(f, b);
	if (b >= 0x40)
		end_sequence(f, csi_passes(f->held + 2, f->len - 2));
}

u32 filter_text(struct filter *f, const void *from, u32 len, u8 *to)
{
	const u8 *in = from;
	u32 i;

	f->to = to;
	for (i = 0; i < len; i++) {
		if (in[i] < 0x20)
			filter_control(f, in[i]);
		else if (f->state == TEXT)
			filter_one(f, in[i]);
		else if (f->state == IN_CHARACTER)
			filter_character(f, in[i]);
		else if (f->state == IN_ESCAPE)
			filter_escape(f, in[i]);
		else if (f->state == IN_CSI)
			filter_csi(f, in[i]);
	}
	return f->to - to;
}
