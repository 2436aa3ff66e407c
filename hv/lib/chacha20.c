/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ChaCha20's block function, written for size, not speed. */
#include <string.h>
#include "hv/lib/lib.h"

static u32 chacha_rol(u32 v, u32 n)
{
	return v << n | v >> (32 - n);
}

static void chacha_quarter(u32 *x, u32 a, u32 b, u32 c, u32 d)
{
	x[a] += x[b]; x[d] = chacha_rol(x[d] ^ x[a], 16);
	x[c] += x[d]; x[b] = chacha_rol(x[b] ^ x[c], 12);
	x[a] += x[b]; x[d] = chacha_rol(x[d] ^ x[a], 8);
	x[c] += x[d]; x[b] = chacha_rol(x[b] ^ x[c], 7);
}

void chacha20(const u32 in[16], u32 out[16])
{
	u32 x[16], round, i;

	memcpy(x, in, sizeof(x));
	for (round = 0; round < 10; round++) {
		for (i = 0; i < 4; i++)			/* columns */
			chacha_quarter(x, i, 4 + i, 8 + i, 12 + i);
		for (i = 0; i < 4; i++)			/* diagonals */
			chacha_quarter(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
	}
	for (i = 0; i < 16; i++)
		out[i] = x[i] + in[i];
}
