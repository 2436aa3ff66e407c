/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in a kernel file: which bytes go where.  Pure, so that it can be tested and fuzzed as it
 * is. */
#ifndef HV_KERNEL_IMAGE_H
#define HV_KERNEL_IMAGE_H

#include "hv/types.h"

#define KERNEL_PIECES	16
#define KERNEL_LOWEST	0x10000u	/* below it are boot_params and the command line */

struct kernel_piece {
	u32 gpa;		/* where in the guest */
	u32 offset, len;	/* from where in the file */
	u32 size;		/* with what follows it as zeroes */
};

struct kernel_image {
	struct kernel_piece piece[KERNEL_PIECES];	/* no two overlap */
	u32 pieces;
	u32 entry;
	u32 end;		/* guest-physical: the first byte it does not need to start */
	u32 setup_len;		/* bzImage: bytes of the setup header at SETUP_HEADER; else 0 */
};

/* The setup header, at the same place in a bzImage and in boot_params. */
#define SETUP_HEADER	0x1F1u
#define SETUP_END	0x290u

/* Looks at size bytes of anything.  NULL, or half a sentence that says what is wrong. */
const char *kernel_image_parse(struct kernel_image *k, const u8 *data, u32 size);

#endif
