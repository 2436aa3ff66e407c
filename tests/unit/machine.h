/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine's memory for unit tests, in an array, and the frame allocator over it: which
 * frame comes is random, its content is garbage, freeing what is not out fails at once.
 * Include it once, in the test's only C file; define MACHINE_FRAMES first, and MACHINE_GUESTS if guest.c is in the test.
 */
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include <stdarg.h>
#include "hv/mem/mem.h"
#include "tests/unit/test.h"

#define MACHINE_FIRST 0x1234u	/* frame number of machine[0] */

static u8 machine[MACHINE_FRAMES][PAGE_SIZE] __attribute__((aligned(4096)));
static bool frame_out[MACHINE_FRAMES];
static u32 frames_used;

void *hpa_ptr(hpa_t a)
{
	u32 n = (hpa_x(a) >> PAGE_SHIFT) - MACHINE_FIRST;

	CHECK(n < MACHINE_FRAMES, "machine address %#x", (unsigned)hpa_x(a));
	return machine[n] + (hpa_x(a) & ~PAGE_MASK);
}

u32 frames_free(void) { return MACHINE_FRAMES - frames_used; }

hfn_t ptr_frame(const void *p)
{
	return hfn((u32)(((const u8 *)p - machine[0]) / PAGE_SIZE) + MACHINE_FIRST);
}

hfn_t frame_alloc(void)
{
	u32 i, n = rnd(MACHINE_FRAMES);

	for (i = 0; i < MACHINE_FRAMES; i++, n = (n + 1) % MACHINE_FRAMES)
		if (!frame_out[n]) {
			frame_out[n] = true;
			frames_used++;
			memset(machine[n], 0xA5, PAGE_SIZE);
			return hfn(n + MACHINE_FIRST);
		}
	return HFN_NONE;
}

hfn_t frame_alloc_zeroed(void)
{
	hfn_t f = frame_alloc();

	if (hfn_x(f) != hfn_x(HFN_NONE))
		memset(frame_ptr(f), 0, PAGE_SIZE);
	return f;
}

void frame_free(hfn_t f)
{
	u32 n = hfn_x(f) - MACHINE_FIRST;

	CHECK(n < MACHINE_FRAMES && frame_out[n], "frame %#x freed, was not out", (unsigned)hfn_x(f));
	frame_out[n] = false;
	frames_used--;
	memset(machine[n], 0x5A, PAGE_SIZE);
}

#ifndef MACHINE_GUESTS
static char killed[200];	/* the reason of the last guest_kill, "" if none */

void guest_kill(struct guest *g, const char *fmt, ...)
{
	va_list ap;

	(void)g;
	va_start(ap, fmt);
	vsnprintf(killed, sizeof(killed), fmt, ap);
	va_end(ap);
}
#endif

#endif
