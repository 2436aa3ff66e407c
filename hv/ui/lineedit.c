/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line editor for people at any terminal, and for scripts with none.  A character typed at the
 * end is just echoed, so that output without a terminal stays readable; everything else redraws the
 * line.
 */
#include <stdio.h>
#include <string.h>
#include "hv/ui/lineedit.h"

#define CTRL(c) ((c) & 0x1F)

static void line_out(struct lineedit *e, const char *s)
{
	e->put(e->arg, s, strlen(s));
}

void line_redraw(struct lineedit *e)
{
	char left[16];

	line_out(e, "\r");
	line_out(e, e->prompt);
	line_out(e, e->buf);
	line_out(e, "\033[K");
	if (e->len > e->pos) {
		snprintf(left, sizeof(left), "\033[%uD", (e->len - e->pos));
		line_out(e, left);
	}
}

void line_start(struct lineedit *e)
{
	e->len = e->pos = e->back = e->escape = 0;
	e->buf[0] = 0;
	line_out(e, e->prompt);
}

static void line_insert(struct lineedit *e, char c)
{
	if (e->len == LINE_SIZE - 1) {
		line_out(e, "\a");
		return;
	}
	memmove(e->buf + e->pos + 1, e->buf + e->pos, e->len - e->pos + 1);
	e->buf[e->pos++] = c;
	e->len++;
	if (e->pos == e->len)
		e->put(e->arg, &c, 1);
	else
		line_redraw(e);
}

/* Removes [from, to) and puts the cursor there. */
static void line_cut(struct lineedit *e, u32 from, u32 to)
{
	bool at_end = e->pos == e->len && to == e->len;

	if (from >= to)
		return;
	memmove(e->buf + from, e->buf + to, e->len - to + 1);
	e->len -= to - from;
	e->pos = from;
	if (!at_end)
		line_redraw(e);
	for (; at_end && from < to; from++)
		line_out(e, "\b \b");
}

static u32 word_start(const struct lineedit *e)
{
	u32 i = e->pos;

	while (i && e->buf[i - 1] == ' ')
		i--;
	while (i && e->buf[i - 1] != ' ')
		i--;
	return i;
}

static void line_remember(struct lineedit *e)
{
	if (!e->len || (e->lines && !strcmp(e->history[(e->lines - 1) % LINE_HISTORY], e->buf)))
		return;
	strcpy(e->history[e->lines++ % LINE_HISTORY], e->buf);
}

/* back: how many lines ago; 0 is an empty line. */
static void line_recall(struct lineedit *e, u32 back)
{
	if (back > MIN(e->lines, (u32)LINE_HISTORY))
		return;
	e->back = back;
	strcpy(e->buf, back ? e->history[(e->lines - back) % LINE_HISTORY] : "");
	e->len = e->pos = strlen(e->buf);
	line_redraw(e);
}

static void line_complete(struct lineedit *e)
{
	u32 start = e->pos;
	const char *rest;

	while (start && e->buf[start - 1] != ' ')
		start--;
	rest = e->complete ? e->complete(e->arg, e->buf, start, e->pos - start) : NULL;
	if (!rest)
		line_out(e, "\a");
	for (; rest && *rest; rest++)
		line_insert(e, *rest);
}

static void line_move(struct lineedit *e, u32 to)
{
	e->pos = to;
	line_redraw(e);
}

static void line_arrow(struct lineedit *e, u8 c)
{
	switch (c) {
	case 'A': line_recall(e, e->back + 1); break;
	case 'B': if (e->back) line_recall(e, e->back - 1); break;
	case 'C': if (e->pos < e->len) line_move(e, e->pos + 1); break;
	case 'D': if (e->pos) line_move(e, e->pos - 1); break;
	case 'H': line_move(e, 0); break;
	case 'F': line_move(e, e->len); break;
	case '~':
		if (e->param == 1 || e->param == 7)
			line_move(e, 0);
		else if (e->param == 4 || e->param == 8)
			line_move(e, e->len);
		else if (e->param == 3 && e->pos < e->len)
			line_cut(e, e->pos, e->pos + 1);
		break;
	}
}

enum { NONE, AFTER_ESC, IN_CSI, IN_STRING, STRING_ESC };

/* True while c belongs to an escape sequence.  Not all of them come from keys: the terminal may
 * answer a guest's query only after the person has come back here.  An answer that is a string can
 * be text the guest chose, so a string ends only at its own end or with Ctrl-C. */
static bool in_escape(struct lineedit *e, u8 c)
{
	switch (e->escape) {
	case NONE:
		if (c != 033)
			return false;
		e->escape = AFTER_ESC;
		return true;
	case AFTER_ESC:
		e->param = 0;
		e->escape = c == '[' || c == 'O' ? IN_CSI : c && strchr("]PX^_", c) ? IN_STRING :
			    c == 033 ? AFTER_ESC : NONE;
		return true;
	case IN_CSI:
		if (c >= '0' && c <= '9')
			e->param = e->param * 10 + (c - '0');
		if (c >= '@' || c < ' ') {
			e->escape = NONE;
			line_arrow(e, c);
		}
		return true;
	default:
		e->escape = c == 7 || c == CTRL('c') || (e->escape == STRING_ESC && c == '\\') ? NONE :
			    c == 033 ? STRING_ESC : IN_STRING;
		return true;
	}
}

enum line_event line_key(struct lineedit *e, u8 c)
{
	bool second = c == '\n' && e->after_cr;

	e->after_cr = c == '\r';
	if (second || in_escape(e, c))
		return LINE_NOTHING;
	switch (c) {
	case '\r':
	case '\n':
		line_out(e, "\r\n");
		line_remember(e);
		return LINE_READY;
	case CTRL('c'):
		line_out(e, "^C\r\n");
		return LINE_CANCELLED;
	case '\b':
	case 0x7F:
		if (e->pos)
			line_cut(e, e->pos - 1, e->pos);
		break;
	case CTRL('u'): line_cut(e, 0, e->pos); break;
	case CTRL('k'): e->len = e->pos; e->buf[e->len] = 0; line_redraw(e); break;
	case CTRL('w'): line_cut(e, word_start(e), e->pos); break;
	case CTRL('a'): line_move(e, 0); break;
	case CTRL('e'): line_move(e, e->len); break;
	case CTRL('l'):
		line_out(e, "\033[H\033[2J");
		line_redraw(e);
		break;
	case CTRL('p'): line_recall(e, e->back + 1); break;
	case CTRL('n'): if (e->back) line_recall(e, e->back - 1); break;
	case '\t': line_complete(e); break;
	default:
		if (c >= ' ' && c < 0x7F)
			line_insert(e, c);
	}
	return LINE_NOTHING;
}
