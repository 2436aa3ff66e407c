/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel file: any bytes; what is accepted keeps the header's promises. */
#include <stdlib.h>
#include "hv/load/kernel_image.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct kernel_image k;
	u32 i;

	if (kernel_image_parse(&k, data, size))
		return 0;
	for (i = 0; i < k.pieces; i++) {
		const struct kernel_piece *p = &k.piece[i];

		if (p->offset > size || p->len > size - p->offset || p->len > p->size ||
		    p->gpa < KERNEL_LOWEST || (u64)p->gpa + p->size > 0xF0000000u)
			abort();
	}
	return 0;
}
