/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a kernel file: which of its bytes go where in the guest.  Pure, so it is tested and fuzzed
 * unchanged. */
#ifndef HV_KERNEL_IMAGE_H
#define HV_KERNEL_IMAGE_H

#include "hv/types.h"

#define KERNEL_PIECES	16
#define KERNEL_LOWEST	0x10000u	/* below it are boot_params and the command line */

struct kernel_piece {
	u32 gpa;		/* where in the guest */
	u32 offset, len;	/* from where in the file */
	u32 size;		/* in the guest; what the file does not fill is zero */
};

struct kernel_image {
	struct kernel_piece piece[KERNEL_PIECES];	/* no two overlap */
	u32 pieces;
	u32 entry;
	u32 end;		/* guest-physical: it needs the memory below this to start */
	u32 setup_len;		/* bzImage: bytes of the setup header at SETUP_HEADER; else 0 */
};

/* The setup header is at the same offset in a bzImage and in boot_params. */
#define SETUP_HEADER	0x1F1u
#define SETUP_END	0x290u

/* Parses size bytes of anything.  Returns NULL, or half a sentence that says what is wrong. */
const char *kernel_image_parse(struct kernel_image *k, const u8 *data, u32 size);

#endif
