/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiboot information: the input is the machine's memory from 4 KiB on, the information at its beginning. */
#include <stdlib.h>
#include "boot/multiboot.h"

static const u8 *memory;
static size_t bytes;

static const void *read_memory(u32 pa, u32 len)
{
	return pa >= 4096 && pa - 4096 <= bytes && len <= bytes - (pa - 4096) ? memory + (pa - 4096) : NULL;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct boot_info bi;
	u32 i;

	memory = data;
	bytes = size;
	multiboot_parse(&bi, MULTIBOOT_MAGIC, 4096, read_memory);
	for (i = 0; i < bi.regions; i++)
		if (bi.ram[i].start >= bi.ram[i].end || (i && bi.ram[i - 1].end >= bi.ram[i].start))
			abort();
	for (i = 0; i < bi.modules; i++)
		if (bi.module[i].start > bi.module[i].end)
			abort();
	return 0;
}
