/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edits one line over a plain serial line.  Pure: bytes in, bytes out through a function. */
#ifndef HV_LINEEDIT_H
#define HV_LINEEDIT_H

#include "hv/types.h"

#define LINE_SIZE	320		/* `new` with many words */
#define LINE_HISTORY	16

struct lineedit {
	char buf[LINE_SIZE];		/* always NUL-ended */
	u32 len, pos;
	char history[LINE_HISTORY][LINE_SIZE];
	u32 lines;			/* how many were ever kept; the newest LINE_HISTORY are there */
	u32 back;			/* how far up in it we are: 0 is the line being typed */
	u8 escape;			/* whether we are in an escape sequence, and in which kind */
	u8 param;
	bool after_cr;			/* a LF right after a CR is not a second line */
	const char *prompt;
	void (*put)(void *arg, const char *data, u32 len);
	void *arg;
	/* How the word before the cursor, `len` bytes at buf[start], must go on; NULL: no word
	 * begins like this.  It may print the possible words, and then calls line_redraw(). */
	const char *(*complete)(void *arg, const char *buf, u32 start, u32 len);
};

enum line_event { LINE_NOTHING, LINE_READY, LINE_CANCELLED };

void line_start(struct lineedit *e);	/* begins an empty line and prints the prompt */
void line_redraw(struct lineedit *e);	/* after something else was printed */
/* Takes one typed byte.  LINE_READY: buf is the line, until line_start(). */
enum line_event line_key(struct lineedit *e, u8 c);

#endif
