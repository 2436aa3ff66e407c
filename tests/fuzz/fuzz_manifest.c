/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manifest: any bytes. */
#include <stdlib.h>
#include <string.h>
#include "hv/load/manifest.h"

static u32 lines;

static void each(const struct manifest_entry *e)
{
	const char *end = memchr(e->name, 0, sizeof(e->name));

	if (!end || end == e->name || memchr(e->name, '\n', (size_t)(end - e->name)))
		abort();
	lines++;
}

static void bad(u32 line)
{
	if (!line)
		abort();
	lines++;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	lines = 0;
	manifest_parse((const char *)data, size, each, bad);
	if (lines > size || manifest_sum(data, size) != manifest_sum(data, size))
		abort();
	return 0;
}
