/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for addresses in our own text: a table made by tools/symbols.sh from the first link. */
#ifndef HV_SYMBOLS_H
#define HV_SYMBOLS_H

#include "hv/types.h"

/* The function that a lies in and how far into it; "?" if none is known. */
const char *symbol_at(u32 a, u32 *offset);

#endif
