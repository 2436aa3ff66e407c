/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for a guest kernel's addresses, from its System.map.  Pure. */
#ifndef HV_KERNEL_MAP_H
#define HV_KERNEL_MAP_H

#include "hv/types.h"

/* Finds what address is in: the text's lines are "c1000000 T name", in ascending order.  Copies the
 * name, cut to len bytes; false: the map does not reach there, or makes no sense. */
bool kernel_map_find(const char *text, u32 size, u32 address, char *name, u32 len, u32 *offset);

#endif
