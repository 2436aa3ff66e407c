/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VGA text screen: a line printer while we boot or panic, otherwise it shows a buffer of
 * cells. */
#ifndef VGA_VGA_H
#define VGA_VGA_H

#include "hv/types.h"

#define VGA_COLS	80
#define VGA_ROWS	25

void vga_init(void);			/* clears the screen */
void vga_clear(void);			/* blanks it; vga_putc() starts at the top again */
void vga_putc(char c);			/* "\n" goes to the start of the next line; scrolls at the bottom */
/* Makes the screen look like cells (VGA_ROWS * VGA_COLS, attribute in the high byte), writing only
 * what changed.  cursor_row >= VGA_ROWS: no cursor. */
void vga_show(const u16 *cells, unsigned cursor_row, unsigned cursor_col);

#endif
