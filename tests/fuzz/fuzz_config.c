/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ringlet.conf: any bytes. */
#include <stdlib.h>
#include <string.h>
#include "hv/load/config.h"

static void complain(const char *line)
{
	if (strncmp(line, "ringlet.conf:", 13) || strchr(line, '\n'))
		abort();
}

static void complain_at_run_time(const char *line)
{
	if (strchr(line, '\n'))
		abort();
}

/* The same bytes as a name and words, as they are typed at the monitor: one a line. */
static void fuzz_words(const u8 *data, size_t size)
{
	char text[600], *w[20], *at = text;
	struct guest_config g;
	u32 n = 0;

	size = MIN(size, sizeof(text) - 1);
	memcpy(text, data, size);
	text[size] = 0;
	while (at && n < 20) {
		w[n++] = at;
		at = strchr(at, '\n');
		if (at)
			*at++ = 0;
	}
	if (config_new(&g, w[0], complain_at_run_time) && config_words(&g, w + 1, n - 1, complain_at_run_time) &&
	    (g.memory % PAGE_SIZE || g.disks > CONFIG_MAX_DISKS || g.nets > CONFIG_MAX_NETS))
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct config c;
	u32 i;

	config_parse(&c, (const char *)data, size, complain);
	if (c.guests > CONFIG_MAX_GUESTS)
		abort();
	for (i = 0; i < c.guests; i++)
		if (!memchr(c.guest[i].name, 0, sizeof(c.guest[i].name)) || c.guest[i].memory % PAGE_SIZE)
			abort();
	fuzz_words(data, size);
	return 0;
}
