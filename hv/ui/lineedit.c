/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line editor for people at any terminal and for scripts at none: a character typed at the
 * end is just echoed, so that a dumb line stays readable; everything else redraws the line.
 */
#include <stdio.h>
#include <string.h>
#include "hv/ui/lineedit.h"

#define CTRL(c) ((c) & 0x1F)

static void put(struct lineedit *e, const char *s)
{
	e->put(e->arg, s, strlen(s));
}

void line_redraw(struct lineedit *e)
{
	char left[16];

	put(e, "\r");
	put(e, e->prompt);
	put(e, e->buf);
	put(e, "\033[K");
	if (e->len > e->pos) {
		snprintf(left, sizeof(left), "\033[%uD", (e->len - e->pos));
		put(e, left);
	}
}

void line_start(struct lineedit *e)
{
	e->len = e->pos = e->back = e->escape = 0;
	e->buf[0] = 0;
	put(e, e->prompt);
}

static void insert(struct lineedit *e, char c)
{
	if (e->len == LINE_SIZE - 1) {
		put(e, "\a");
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

/* Takes out [from, to), and puts the cursor there. */
static void cut(struct lineedit *e, u32 from, u32 to)
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
		put(e, "\b \b");
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

static void remember(struct lineedit *e)
{
	if (!e->len || (e->lines && !strcmp(e->history[(e->lines - 1) % LINE_HISTORY], e->buf)))
		return;
	strcpy(e->history[e->lines++ % LINE_HISTORY], e->buf);
}

/* back: 0 is an empty line again. */
static void recall(struct lineedit *e, u32 back)
{
	if (back > MIN(e->lines, (u32)LINE_HISTORY))
		return;
	e->back = back;
	strcpy(e->buf, back ? e->history[(e->lines - back) % LINE_HISTORY] : "");
	e->len = e->pos = strlen(e->buf);
	line_redraw(e);
}

static void complete(struct lineedit *e)
{
	u32 start = e->pos;
	const char *rest;

	while (start && e->buf[start - 1] != ' ')
		start--;
	rest = e->complete ? e->complete(e->arg, e->buf, start, e->pos - start) : NULL;
	if (!rest)
		put(e, "\a");
	for (; rest && *rest; rest++)
		insert(e, *rest);
}

static void move(struct lineedit *e, u32 to)
{
	e->pos = to;
	line_redraw(e);
}

static void arrow(struct lineedit *e, u8 c)
{
	switch (c) {
	case 'A': recall(e, e->back + 1); break;
	case 'B': if (e->back) recall(e, e->back - 1); break;
	case 'C': if (e->pos < e->len) move(e, e->pos + 1); break;
	case 'D': if (e->pos) move(e, e->pos - 1); break;
	case 'H': move(e, 0); break;
	case 'F': move(e, e->len); break;
	case '~':
		if (e->param == 1 || e->param == 7)
			move(e, 0);
		else if (e->param == 4 || e->param == 8)
			move(e, e->len);
		else if (e->param == 3 && e->pos < e->len)
			cut(e, e->pos, e->pos + 1);
		break;
	}
}

enum { NONE, AFTER_ESC, IN_CSI, IN_STRING, STRING_ESC };

/* True while c belongs to an escape sequence.  Not all come from keys: what a guest's program asked
 * the terminal may be answered after the person has come here.  An answer in a string can be
 * text of that program's choice, so a string ends by its own end or by Ctrl-C only. */
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
			arrow(e, c);
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
		put(e, "\r\n");
		remember(e);
		return LINE_READY;
	case CTRL('c'):
		put(e, "^C\r\n");
		return LINE_CANCELLED;
	case '\b':
	case 0x7F:
		if (e->pos)
			cut(e, e->pos - 1, e->pos);
		break;
	case CTRL('u'): cut(e, 0, e->pos); break;
	case CTRL('k'): e->len = e->pos; e->buf[e->len] = 0; line_redraw(e); break;
	case CTRL('w'): cut(e, word_start(e), e->pos); break;
	case CTRL('a'): move(e, 0); break;
	case CTRL('e'): move(e, e->len); break;
	case CTRL('l'): line_redraw(e); break;
	case CTRL('p'): recall(e, e->back + 1); break;
	case CTRL('n'): if (e->back) recall(e, e->back - 1); break;
	case '\t': complete(e); break;
	default:
		if (c >= ' ' && c < 0x7F)
			insert(e, c);
	}
	return LINE_NOTHING;
}
