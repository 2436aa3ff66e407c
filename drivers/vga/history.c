/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line is kept as text, without the blanks at its end, and the runs of one attribute in it; if
 * there are too many runs, as cells.  A colourful line so takes no more than it does on the screen,
 * and the usual one half of it.
 */
#include <stdlib.h>
#include <string.h>
#include "drivers/vga/cells.h"
#include "drivers/vga/history.h"

#define MALLOC_ADDS	4
#define BLANK		(DEFAULT_ATTR << 8 | ' ')
#define AS_CELLS	0xFF

struct history_block {
	u16 lines, used;
	u8 data[HISTORY_BLOCK - MALLOC_ADDS - 4];	/* lines, one after the other */
};

struct line {			/* followed by runs (count, attribute) and text; or by cells */
	u8 cells;
	u8 runs;		/* or AS_CELLS */
};

#define LONGEST_80	(sizeof(struct line) + 80 * sizeof(u16))

_Static_assert(HISTORY_LINES <= (HISTORY_BLOCKS - 1) * (sizeof(((struct history_block *)0)->data) / LONGEST_80),
	       "there are blocks enough, also when the oldest has just been given up");

static u32 line_bytes(const struct line *l)
{
	return sizeof(*l) + (l->runs == AS_CELLS ? 2u * l->cells : 2u * l->runs + l->cells);
}

static struct history_block *history_block(const struct history *h, u32 i)
{
	return h->block[(h->first + i) % HISTORY_BLOCKS];
}

/* The oldest block becomes the newest. */
static struct history_block *use_again(struct history *h)
{
	struct history_block *b = history_block(h, 0);

	h->start += b->lines;
	h->block[h->first] = NULL;
	h->first = (h->first + 1) % HISTORY_BLOCKS;
	return b;
}

/* A block with room for so many bytes; NULL: there is no memory at all. */
static struct history_block *block_for(struct history *h, u32 bytes)
{
	struct history_block *b = h->blocks ? history_block(h, h->blocks - 1) : NULL;
	bool enough;

	if (b && b->used + bytes <= sizeof(b->data))
		return b;
	enough = h->blocks && h->end - h->start - history_block(h, 0)->lines >= HISTORY_LINES;
	b = enough || h->blocks == HISTORY_BLOCKS ? NULL : malloc(sizeof(*b));
	if (b)
		h->blocks++;
	else if (h->blocks)
		b = use_again(h);
	else
		return NULL;
	b->lines = b->used = 0;
	h->block[(h->first + h->blocks - 1) % HISTORY_BLOCKS] = b;
	return b;
}

static u32 count_runs(const u16 *cells, u32 n)
{
	u32 i, runs = n > 0;

	for (i = 1; i < n; i++)
		runs += (cells[i] ^ cells[i - 1]) >> 8 != 0;
	return runs;
}

static void pack(u8 *to, const u16 *cells, u32 n)
{
	u32 i, start;

	for (start = i = 0; i < n; i++)
		if (i + 1 == n || (cells[i + 1] ^ cells[i]) >> 8) {
			*to++ = (u8)(i + 1 - start);
			*to++ = (u8)(cells[i] >> 8);
			start = i + 1;
		}
	for (i = 0; i < n; i++)
		*to++ = (u8)cells[i];
}

void history_add(struct history *h, const u16 *cells, u32 n)
{
	struct history_block *b;
	struct line l;
	u32 runs;

	while (n && cells[n - 1] == BLANK)
		n--;
	runs = count_runs(cells, n);
	l = (struct line){ (u8)n, (u8)(2 * runs > n ? AS_CELLS : runs) };
	b = block_for(h, line_bytes(&l));
	if (!b)
		return;
	memcpy(b->data + b->used, &l, sizeof(l));
	if (l.runs == AS_CELLS)
		memcpy(b->data + b->used + sizeof(l), cells, n * sizeof(u16));
	else
		pack(b->data + b->used + sizeof(l), cells, n);
	b->used += line_bytes(&l);
	b->lines++;
	h->end++;
}

static void unpack(const u8 *from, const struct line *l, u16 *cells, u32 cols)
{
	const u8 *text = from + 2 * l->runs;
	u32 i, left = 0;
	u8 attr = 0;

	if (l->runs == AS_CELLS) {
		memcpy(cells, from, MIN((u32)l->cells, cols) * sizeof(u16));
		return;
	}
	for (i = 0; i < MIN((u32)l->cells, cols); i++) {
		if (!left) {
			left = *from++;
			attr = *from++;
		}
		left--;
		cells[i] = (u16)(attr << 8 | text[i]);
	}
}

bool history_line(const struct history *h, u32 number, u16 *cells, u32 cols)
{
	u32 i, skip = number - h->start, at = 0;
	const struct history_block *b;
	struct line l;

	if (skip >= h->end - h->start)
		return false;
	for (i = 0; skip >= (b = history_block(h, i))->lines; i++)
		skip -= b->lines;
	for (;; skip--) {
		memcpy(&l, b->data + at, sizeof(l));
		if (!skip)
			break;
		at += line_bytes(&l);
	}
	for (i = 0; i < cols; i++)
		cells[i] = BLANK;
	unpack(b->data + at + sizeof(l), &l, cells, cols);
	return true;
}

void history_clear(struct history *h)
{
	u32 i;

	for (i = 0; i < h->blocks; i++)
		free(history_block(h, i));
	*h = (struct history){ .start = h->end, .end = h->end };
}
