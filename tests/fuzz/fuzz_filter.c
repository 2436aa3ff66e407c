/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest says to a person's terminal: any bytes, in pieces as long as the first one says. */
#include <stdlib.h>
#include "drivers/serial/filter.h"
#include "tests/unit/terminal.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct filter f = { 0 };
	u32 at, n, len;

	for (at = 1; at < size; at += n) {
		u8 *out = malloc((n = MIN(1u + data[0], size - at)) + FILTER_HELD);

		len = filter_text(&f, data + at, n, out);
		if (terminal_provoked(out, len))
			abort();
		free(out);
	}
	return 0;
}
