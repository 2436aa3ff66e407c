/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot: turns what the loader left in memory into a struct boot_info.  Pure: it reads memory
 * only through the function it is given, so it is unit-tested and fuzzed unchanged.
 */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include "hv/boot_info.h"

#define MULTIBOOT_MAGIC		0x2BADB002	/* in %eax at entry */

/* Returns len bytes of machine memory at pa, valid until the next call; NULL: they cannot be
 * read. */
typedef const void *(*boot_read_fn)(u32 pa, u32 len);

/* Fills bi from the two words the loader passed.  Returns NULL, or a sentence that says why we
 * cannot boot. */
const char *multiboot_parse(struct boot_info *bi, u32 magic, u32 mbi, boot_read_fn read);

#endif
