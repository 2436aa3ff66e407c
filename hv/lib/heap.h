/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory behind malloc(): one piece, given at boot.  See libc.c. */
#ifndef HV_HEAP_H
#define HV_HEAP_H

#include "hv/types.h"

void heap_init(void *start, u32 size);
/* Bytes: how far malloc() has grown less what it got back, and the bound. */
void heap_stats(u32 *used, u32 *size);

#endif
