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
	card_kick(&card[0]);
	if (card[1].broken)			/* who sends hurts nobody */
		abort();
	return 0;
}
