/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One card sends to another.  The input: features of both, sizes of buffers to receive into, descriptors
 * to send, and the frames in the sender's memory.
 */
#include "tests/unit/card.h"

/* 16 bits as the 16 lowest features and the two of the ring. */
static u64 features(const u8 *d)
{
	u64 offered = card[0].n->dev.features, f = (u64)d[0] | (u64)d[1] << 8;

	return (f | (u64)(d[2] & 3) << VIRTIO_F_INDIRECT_DESC) & offered;
}

/* What is at the beginning of the sender's memory is changed from this: TCP that wants to be cut up. */
static void start_with(u8 *at, bool v4)
{
	static const u8 head4[] = "\1\1\x36\0\x20\0\x22\0\x10\0\0\0" "ABCDEFabcdef\x8\0"
				  "\x45\0\0\0\0\0\0\0\x40\6\0\0\x0A\x4D\1\1\x0A\x4D\1\2" "SDsdSEQNACKN\x50\x18",
			head6[] = "\1\4\x4A\0\x20\0\x36\0\x10\0\0\0" "ABCDEFabcdef\x86\xDD"
				  "\x60\0\0\0\0\0\6\x40" "1234567890123456ABCDEFGHIJKLMNOP" "SDsdSEQNACKN\x50\x18";
	u32 i;

	for (i = 0; i < (v4 ? sizeof(head4) : sizeof(head6)); i++)
		at[i] ^= v4 ? head4[i] : head6[i];
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 i, n, buffers, at = 8, used = TX_BUFFERS;

	if (size < at)
		return 0;
	if (!card[0].ram)
		cards_create();
	card_up(&card[0], features(data));
	card_up(&card[1], features(data + 3));
	buffers = data[6];
	for (i = 0; i < buffers && at < size; i++)
		card_buffer(&card[1], data[at++] * 24u);
	n = data[7] % 32;
	for (i = 0; i < n && at + 4 <= size; i++, at += 4) {
		u32 len = data[at] | (data[at + 1] & 0x3F) << 8, flags = data[at + 1] >> 6 & 1;

		/* Mostly one behind the other, as a driver would have them. */
		card_desc(&card[0], NET_TX, i, data[at + 2] ? used : TX_BUFFERS + data[at + 3] * 64, len, flags, (u16)(i + 1));
		used += data[at + 2] ? len : 0;
		if (!flags)
			card_offer(&card[0], NET_TX, (u16)(i & data[at + 3]));
	}
	memcpy(card[0].ram + TX_BUFFERS, data + at, MIN(size - at, 0x20000u));
	if (data[2] & 0x80)
		start_with(card[0].ram + TX_BUFFERS, data[2] & 0x40);
	card_kick(&card[0]);
	if (card[1].broken)			/* who sends hurts nobody */
		abort();
	return 0;
}
