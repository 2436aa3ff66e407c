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
	return 0;
}
