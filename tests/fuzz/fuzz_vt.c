/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal: any bytes, on a screen of a size taken from the first two, and then another one. */
#include <stdlib.h>
#include "drivers/vga/vt.h"

static void put(void *arg, const void *data, u32 len) { vt_write(arg, data, len); }

static u32 size_of(u8 byte, u32 most)
{
	return 1 + byte % most;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u16 other_cells[VT_MAX_COLS * VT_MAX_ROWS];
	struct vt vt, other;
	struct history history = { 0 };
	u32 cols, rows, half, i;
	u16 *cells, *then;

	if (size <= 4)
		return 0;
	cols = size_of(data[0], VT_MAX_COLS);
	rows = size_of(data[1], VT_MAX_ROWS);
	half = (u32)(size - 4) / 2;
	vt_init(&vt, cells = malloc(cols * rows * sizeof(u16)), cols, rows);
	vt.history = &history;
	vt_write(&vt, data + 4, half);
	cols = size_of(data[2], VT_MAX_COLS);
	rows = size_of(data[3], VT_MAX_ROWS);
	vt_resize(&vt, then = malloc(cols * rows * sizeof(u16)), cols, rows);
	free(cells);
	vt_write(&vt, data + 4 + half, (u32)size - 4 - half);
	if (vt.now.row >= vt.rows || vt.now.col >= vt.cols)
		abort();
	vt_init(&other, other_cells, cols, rows);
	vt_repaint(&vt, put, &other);
	for (i = history.start; i != history.end; i++)
		if (!history_line(&history, i, other_cells, cols) || (other_cells[0] && !other_cells[cols - 1]))
			abort();
	history_clear(&history);
	free(then);
	return 0;
}
