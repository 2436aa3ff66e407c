/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all of Ethernet and IP needs: words in network order, and the Internet checksum. */
#ifndef NET_INET_H
#define NET_INET_H

#include "hv/types.h"

#define ETH_HEADER	14

static inline u32 be16(const u8 *p) { return (u32)p[0] << 8 | p[1]; }
static inline u32 be32(const u8 *p) { return be16(p) << 16 | be16(p + 2); }
static inline void put16(u8 *p, u32 v) { p[0] = (u8)(v >> 8); p[1] = (u8)v; }
static inline void put32(u8 *p, u32 v) { put16(p, v >> 16); put16(p + 2, v); }

/* inet_sum() adds up pieces, each of which begins at an even offset of the whole; inet_fold() makes
 * the checksum from the sum. */
u32 inet_sum(u32 sum, const void *data, u32 len);
u16 inet_fold(u32 sum);

#endif
