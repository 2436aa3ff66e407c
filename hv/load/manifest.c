/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manifest: its lines, and the checksum in them. */
#include <string.h>
#include "hv/load/manifest.h"

/* ---- lines ---- */

/* Reads a number that ends with a space; returns what follows, or NULL if it is none. */
static const char *manifest_number(const char *at, const char *end, u32 *n)
{
	const char *start = at;
	u64 v = 0;

	for (; at < end && *at >= '0' && *at <= '9' && v <= UINT32_MAX; at++)
		v = v * 10 + (u64)(*at - '0');
	if (at == start || at == end || *at != ' ' || v > UINT32_MAX)
		return NULL;
	*n = (u32)v;
	return at + 1;
}

static bool manifest_line(const char *at, const char *end, struct manifest_entry *e)
{
	at = manifest_number(at, end, &e->sum);
	if (at)
		at = manifest_number(at, end, &e->size);
	if (!at || at == end || end - at >= MANIFEST_NAME_MAX || memchr(at, '\0', (size_t)(end - at)))
		return false;
	memcpy(e->name, at, (size_t)(end - at));
	e->name[end - at] = '\0';
	return true;
}

void manifest_parse(const char *text, u32 len, void (*each)(const struct manifest_entry *e), void (*bad)(u32 line))
{
	const char *end = text + len, *newline;
	struct manifest_entry e;
	u32 line = 1;

	for (; text < end; text = newline + 1, line++) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			newline = end;
		if (manifest_line(text, newline, &e))
			each(&e);
		else
			bad(line);
		if (newline == end)
			return;
	}
}

/* ---- the checksum: a CRC with the highest bit first, over the data and then its length ---- */

#define POLYNOMIAL	0x04C11DB7u

/* sum_of[n][b]: what the byte b adds with n bytes of zeros after it.  So four bytes take four look-ups. */
static u32 sum_of[4][256];

static void make_tables(void)
{
	u32 b, n;

	for (b = 0; b < 256; b++) {
		u32 sum = b << 24;

		for (n = 0; n < 8; n++)
			sum = sum << 1 ^ (sum >> 31 ? POLYNOMIAL : 0);
		sum_of[0][b] = sum;
	}
	for (n = 1; n < 4; n++)
		for (b = 0; b < 256; b++)
			sum_of[n][b] = sum_of[n - 1][b] << 8 ^ sum_of[0][sum_of[n - 1][b] >> 24];
}

static u32 add_byte(u32 sum, u32 byte)
{
	return sum << 8 ^ sum_of[0][sum >> 24 ^ byte];
}

u32 manifest_sum(const u8 *data, u32 len)
{
	u32 sum = 0, i = 0, word;

	if (!sum_of[0][1])
		make_tables();
	for (; len - i >= 4; i += 4) {
		__builtin_memcpy(&word, data + i, 4);	/* not a call, as memcpy is in freestanding code */
		sum ^= __builtin_bswap32(word);
		sum = sum_of[3][sum >> 24] ^ sum_of[2][sum >> 16 & 0xFF] ^ sum_of[1][sum >> 8 & 0xFF] ^ sum_of[0][sum & 0xFF];
	}
	for (; i < len; i++)
		sum = add_byte(sum, data[i]);
	for (; len; len >>= 8)
		sum = add_byte(sum, len & 0xFF);
	return ~sum;
}
