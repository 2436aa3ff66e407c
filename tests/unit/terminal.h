/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A person's terminal in UTF-8 mode, as far as it can be made to say something: NULL, or what in these bytes
 * could do that.  Believes nothing of the filter that it judges.
 */
#ifndef TESTS_UNIT_TERMINAL_H
#define TESTS_UNIT_TERMINAL_H

#include <stdio.h>
#include <string.h>
#include "hv/types.h"

static const char *terminal_mode(u32 n, bool dec)
{
	static char said[40];

	if (dec ? n == 1 || n == 6 || n == 7 || n == 25 || n == 47 || (n >= 1047 && n <= 1049) : n == 4)
		return NULL;
	snprintf(said, sizeof(said), "mode %s%u", dec ? "?" : "", (unsigned)n);
	return said;
}

/* One after ESC [, with its last byte. */
static const char *terminal_csi(const u8 *s, u32 len)
{
	static char said[40];
	u8 final = s[len - 1];
	bool dec = s[0] == '?';
	const char *bad = NULL;
	u32 i, n = 0;

	for (i = dec; i < len; i++) {
		if (s[i] >= '0' && s[i] <= '9') {
			n = n * 10 + s[i] - '0';
			continue;
		}
		if (i < len - 1 && s[i] != ';' && s[i] != ':')
			return "a CSI with a byte that is no number";
		if (!bad && (final == 'h' || final == 'l'))
			bad = terminal_mode(n, dec);
		n = 0;
	}
	snprintf(said, sizeof(said), "CSI %c", final);
	if (bad)
		return bad;
	if (dec ? final != 'h' && final != 'l' : strchr("ncitxpqyz{|}~bgIZvw", final) != NULL)
		return said;
	return (final == 's' || final == 'u') && len > 1 ? said : NULL;
}

__attribute__((unused))
static const char *terminal_provoked(const u8 *s, u32 len)
{
	u32 i, from;

	for (i = 0; i < len; i++) {
		if (s[i] == 5)
			return "ENQ";
		if (s[i] == 0xC2 && i + 1 < len && s[i + 1] >= 0x80 && s[i + 1] < 0xA0)
			return "an 8-bit control character";
		if (s[i] >= 0xC0 ? s[i] > 0xF4 || i + 1 >= len || (s[i + 1] & 0xC0) != 0x80 :
		    s[i] >= 0x80 && (!i || s[i - 1] < 0x80))
			return "broken UTF-8";
		if (s[i] != 033)
			continue;
		if (++i >= len)
			return "half a sequence";
		if (s[i] == '(' || s[i] == ')') {
			if (++i >= len || !strchr("0AB", s[i]))
				return "a strange character set";
		} else if (s[i] == '[') {
			for (from = ++i; i < len && (s[i] < 0x40 || s[i] > 0x7E); i++)
				if (s[i] < 0x20 || s[i] > 0x7E)
					return "a broken CSI";
			if (i >= len)
				return "half a CSI";
			if (terminal_csi(s + from, i + 1 - from))
				return terminal_csi(s + from, i + 1 - from);
		} else if (!strchr("78DEMc=>", s[i])) {
			return "an ESC sequence";
		}
	}
	return NULL;
}

#endif
