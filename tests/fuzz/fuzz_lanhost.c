/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames to the LAN's own host: the first byte says from which port, and whether the usual beginning is put before. */
#include <stdlib.h>
#include <string.h>
#include "drivers/net/lanhost.h"

static struct lanhost host = {
	.ip = 0x0A4D01FE, .mac = { 2, 'R', 'L', 255, 0, 1 },
	.port = { [1] = { 0x0A4D0101, "alpha" }, [2] = { 0x0A4D0102, "fifteen-letters" } }, .ports = 3,
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u8 begin[] = "\2RL\xFF\0\1\2xxxxx\x8\0\x45\0\0\0\0\0\0\0\x40\x11\0\0\x0A\x4D\1\1\x0A\x4D\1\xFE"
				  "\x20\0\0\x35\0\0\0";
	u8 *frame = malloc(size + sizeof(begin)), *out = malloc(LANHOST_FRAME);
	u32 len = 0;

	if (size && (data[0] & 4)) {
		len = sizeof(begin);		/* a UDP header and all before */
		memcpy(frame, begin, len);
		frame[16] = (u8)((len - 14 + size - 1) >> 8);
		frame[17] = (u8)(len - 14 + size - 1);
		frame[38] = (u8)((8 + size - 1) >> 8);
		frame[39] = (u8)(8 + size - 1);
		if (data[0] & 8)
			memcpy(frame + 34, "\0\x44\0\x43", 4);
	}
	if (size)
		memcpy(frame + len, data + 1, size - 1);
	len += size - 1;
	if (size && lanhost_answer(&host, data[0] % 3, frame, len, out) > MAX(len, LANHOST_FRAME))
		abort();
	free(frame);
	free(out);
	return 0;
}
