/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Internet checksum. */
#include "drivers/net/inet.h"

u32 inet_sum(u32 sum, const void *data, u32 len)
{
	const u8 *d = data;
	u64 words = 0;
	u32 w;

	/* Words in our own order: their sum is the same number with its bytes swapped. */
	for (; len > 3; d += 4, len -= 4) {
		__builtin_memcpy(&w, d, 4);
		words += w;
	}
	w = (words & 0xFFFF) + (words >> 16 & 0xFFFF) + (words >> 32 & 0xFFFF) + (words >> 48);
	w = (w & 0xFFFF) + (w >> 16);
	w = (w & 0xFFFF) + (w >> 16);
	sum += (w & 0xFF) << 8 | w >> 8;
	for (; len > 1; d += 2, len -= 2)
		sum += be16(d);
	sum += len ? (u32)*d << 8 : 0;
	return (sum & 0xFFFF) + (sum >> 16);
}

u16 inet_fold(u32 sum)
{
	u16 v;

	sum = (sum & 0xFFFF) + (sum >> 16);
	v = (u16)~((sum & 0xFFFF) + (sum >> 16));
	return v ? v : 0xFFFF;		/* the same number in ones' complement; in UDP a 0 means no checksum */
}
