/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table is in ascending order, so this is a binary search. */
#include "hv/lib/lib.h"

struct symbol {
	u32 address;
	const char *name;
};
extern const struct symbol symbol_table[];
extern const u32 symbol_count;

const char *symbol_at(u32 a, u32 *offset)
{
	u32 low = 0, high = symbol_count;	/* low: the last symbol not above a, if there is one */

	while (high - low > 1) {
		u32 middle = (low + high) / 2;

		if (symbol_table[middle].address <= a)
			low = middle;
		else
			high = middle;
	}
	if (!symbol_count || symbol_table[low].address > a) {
		*offset = a;
		return "?";
	}
	*offset = a - symbol_table[low].address;
	return symbol_table[low].name;
}
