/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction decoder: any bytes; and the same answer whatever follows the instruction. */
#include <stdlib.h>
#include <string.h>
#include "hv/cpu/decode.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct insn i, j;
	u8 *exact;

	if (!insn_decode(data, size, &i))
		return 0;
	if (!i.len || i.len > INSN_MAX || i.len > size)
		abort();
	exact = malloc(i.len);
	memcpy(exact, data, i.len);
	if (!insn_decode(exact, i.len, &j) || memcmp(&i, &j, sizeof(i)))
		abort();
	free(exact);
	return 0;
}
