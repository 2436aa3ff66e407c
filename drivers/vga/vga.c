/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VGA text mode, 80x25.  Video memory is slow, above all to read, so we keep a copy of what is on
 * the screen and write only the differences.
 */
#include "arch/x86/regs.h"
#include "drivers/vga/vga.h"

#define CELLS		(VGA_ROWS * VGA_COLS)
#define BLANK		0x0720		/* a space, light grey on black */
#define MISC_READ	0x3CC
#define MISC_COLOUR	0x01
#define CRTC_CURSOR_START 0x0A
#define CURSOR_OFF	0x20
#define CRTC_START_HI	0x0C
#define CRTC_START_LO	0x0D
#define CRTC_CURSOR_HI	0x0E
#define CRTC_CURSOR_LO	0x0F

static volatile u16 *memory = (volatile u16 *)0xB8000;
static u16 crtc = 0x3D4;
static u16 shown[CELLS];
static u32 cursor_at;			/* CELLS: hidden */
static u32 row, col;			/* of vga_putc() */

static void write_crtc(u8 index, u8 value)
{
	outb(crtc, index);
	outb(crtc + 1, value);
}

static void put_cell(u32 i, u16 cell)
{
	if (shown[i] != cell)
		memory[i] = shown[i] = cell;
}

static void set_cursor(u32 at)
{
	u8 shape;

	if (at == cursor_at)
		return;
	if (at >= CELLS || cursor_at >= CELLS) {
		outb(crtc, CRTC_CURSOR_START);
		shape = inb(crtc + 1) & ~CURSOR_OFF;
		outb(crtc + 1, at >= CELLS ? shape | CURSOR_OFF : shape);
	}
	cursor_at = at;
	if (at >= CELLS)
		return;
	write_crtc(CRTC_CURSOR_HI, at >> 8);
	write_crtc(CRTC_CURSOR_LO, at & 0xFF);
}

void vga_clear(void)
{
	u32 i;

	for (i = 0; i < CELLS; i++)
		memory[i] = shown[i] = BLANK;
	row = col = 0;
	set_cursor(0);
}

void vga_init(void)
{
	if (!(inb(MISC_READ) & MISC_COLOUR)) {
		memory = (volatile u16 *)0xB0000;
		crtc = 0x3B4;
	}
	write_crtc(CRTC_START_HI, 0);
	write_crtc(CRTC_START_LO, 0);
	cursor_at = CELLS;		/* unknown: the first set_cursor() sets everything */
	vga_clear();
}

static void vga_scroll(void)
{
	u32 i;

	for (i = 0; i < CELLS - VGA_COLS; i++)
		put_cell(i, shown[i + VGA_COLS]);
	for (; i < CELLS; i++)
		put_cell(i, BLANK);
}

void vga_putc(char c)
{
	if (c == '\n' || col == VGA_COLS) {
		col = 0;
		if (row == VGA_ROWS - 1)
			vga_scroll();
		else
			row++;
	}
	if (c == '\r')
		col = 0;
	else if (c == '\t')
		col = MIN((col + 8) & ~7u, VGA_COLS - 1u);
	else if (c != '\n')
		put_cell(row * VGA_COLS + col++, (BLANK & 0xFF00) | (u8)c);
	set_cursor(row * VGA_COLS + MIN(col, VGA_COLS - 1u));
}

void vga_show(const u16 *cells, unsigned cursor_row, unsigned cursor_col)
{
	u32 i;

	for (i = 0; i < CELLS; i++)
		put_cell(i, cells[i]);
	set_cursor(cursor_row < VGA_ROWS && cursor_col < VGA_COLS ?
		   cursor_row * VGA_COLS + cursor_col : CELLS);
}
