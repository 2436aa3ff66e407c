/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A map has tens of thousands of lines, but they are in order: so this is a binary search for the
 * last line that is not above the address.  Nothing in the map is trusted. */
#include <string.h>
#include "hv/load/kernel_map.h"

#define DIGITS		8
#define NAME_AT		(DIGITS + 3)	/* a space, the kind, a space */

/* Where the line begins that byte `at` is in, or in front of. */
static u32 line_start(const char *text, u32 at)
{
	while (at && text[at - 1] != '\n')
		at--;
	return at;
}

static bool line_address(const char *text, u32 size, u32 at, u32 *address)
{
	u32 i, a = 0;

	if (size - at <= NAME_AT)
		return false;
	for (i = 0; i < DIGITS; i++) {
		char c = text[at + i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
		a = a << 4 | (u32)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*address = a;
	return text[at + DIGITS] == ' ' && text[at + DIGITS + 2] == ' ';
}

bool kernel_map_find(const char *text, u32 size, u32 address, char *name, u32 len, u32 *offset)
{
	u32 low = 0, high = size, found = size, a, at, i;

	while (low < high) {
		at = line_start(text, low + (high - low) / 2);
		if (!line_address(text, size, at, &a))
			return false;
		if (a > address) {
			high = at;
			continue;
		}
		found = at;
		*offset = address - a;
		while (at < size && text[at] != '\n')
			at++;
		low = at + 1;
	}
	if (found == size)
		return false;
	for (at = found + NAME_AT, i = 0; at < size && text[at] > ' ' && i + 1 < len; at++, i++)
		name[i] = text[at];
	name[i] = 0;
	return true;
}
