/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before the subject: taking the machine's interrupts becomes a function of the test's. */
#include "arch/x86/regs.h"

void fake_take_interrupts(void);
#define take_interrupts fake_take_interrupts
