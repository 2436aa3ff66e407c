/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal: any bytes, on a screen of a size taken from the first two. */
#include <stdlib.h>
#include "drivers/vga/vt.h"

static void put(void *arg, const void *data, u32 len) { vt_write(arg, data, len); }

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct vt *vt = malloc(sizeof(*vt)), *other = malloc(sizeof(*other));

	if (size > 2) {
		vt_init(vt, data[0], data[1]);
		vt_init(other, data[0], data[1]);
		vt_write(vt, data + 2, size - 2);
		if (vt->now.row >= vt->rows || vt->now.col >= vt->cols)
			abort();
		vt_repaint(vt, put, other);
	}
	free(vt);
	free(other);
	return 0;
}
