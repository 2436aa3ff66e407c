/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before the subject: its cpuid instruction becomes a function of the test's. */
#include "arch/x86/regs.h"

void fake_cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d);
#define cpuid fake_cpuid
