/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before the subject: its TSC becomes a function of the test's. */
#include "arch/x86/regs.h"

u64 fake_rdtsc(void);
#define rdtsc fake_rdtsc
