/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's memory as its devices reach it: RAM bytes, as many as the test has defined, from 0 on. */
#ifndef TEST_RAM_H
#define TEST_RAM_H

#include <string.h>
#include "hv/types.h"

static u8 ram[RAM];

static bool ram_has(u64 a, u32 len)
{
	return a <= RAM && len <= RAM - a;
}

static bool ram_read(void *o, u64 a, void *dst, u32 len)
{
	(void)o;
	if (!ram_has(a, len))
		return memset(dst, 0, len), false;
	memcpy(dst, ram + a, len);
	return true;
}

static bool ram_write(void *o, u64 a, const void *src, u32 len)
{
	(void)o;
	if (!ram_has(a, len))
		return false;
	memcpy(ram + a, src, len);
	return true;
}

#endif
