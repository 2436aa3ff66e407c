/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CP437, the PC's character set, against Unicode and the DEC line drawing set. */
#ifndef VGA_GLYPHS_H
#define VGA_GLYPHS_H

#include "hv/types.h"

#define GLYPH_UNKNOWN	'?'

u8 glyph_of(u32 unicode);	/* GLYPH_UNKNOWN: it is not in the set */
u32 glyph_unicode(u8 glyph);	/* 0: nobody draws with it */
u8 glyph_drawing(u8 c);		/* what c means while line drawing is on */

#endif
