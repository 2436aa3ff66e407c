/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ChaCha20's block function (RFC 8439, 2.3), without which words mean what. */
#ifndef HV_CHACHA20_H
#define HV_CHACHA20_H

#include "hv/types.h"

void chacha20(const u32 in[16], u32 out[16]);	/* out may be in */

#endif
