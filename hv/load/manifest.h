/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manifest, a module that tells what the others ought to be: for each a line as `cksum` prints it,
 * "CHECKSUM SIZE NAME".  Pure: no hypervisor state, so it is unit-tested and fuzzed unchanged.
 */
#ifndef HV_MANIFEST_H
#define HV_MANIFEST_H

#include "hv/types.h"

#define MANIFEST_NAME_MAX	128

struct manifest_entry {
	u32 sum, size;
	char name[MANIFEST_NAME_MAX];
};

/* Calls each() for every line of `text` (len bytes of anything; no NUL at the end needed), and bad() with
 * the number of every line that is not one. */
void manifest_parse(const char *text, u32 len, void (*each)(const struct manifest_entry *e), void (*bad)(u32 line));

/* The checksum of POSIX's cksum. */
u32 manifest_sum(const u8 *data, u32 len);

#endif
