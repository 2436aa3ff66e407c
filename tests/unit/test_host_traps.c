/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traps in our own code: the machine's interrupts and NMIs are taken, all else is a bug of ours; and no sleep is gone to
 * sleep in that one of them was to end. */
#include <setjmp.h>
#include "arch/x86/irq.h"
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"
#include "hv/lib/lib.h"
#include "tests/unit/test.h"

__attribute__((regparm(1))) void host_trap(struct host_frame *f);

static struct cpu cpu;
static jmp_buf out;
static u32 dispatched;

struct cpu *this_cpu(void) { return &cpu; }
void irq_dispatch(u32 vector) { dispatched = vector; }
void panic_trap(const struct host_frame *f) { (void)f; longjmp(out, 1); }

/* Is it our bug? */
static bool trapped(u32 trap, u32 eip, u32 goes_on)
{
	static struct host_frame f;

	f = (struct host_frame){ .trap = trap, .eip = eip };
	dispatched = 0;
	if (setjmp(out))
		return true;
	host_trap(&f);
	CHECK_EQ(f.eip, goes_on);
	return false;
}

int main(void)
{
	u32 hlt = (u32)(uintptr_t)wait_hlt, n;

	CASE("all vectors");
	for (n = 0; n < 256; n++) {
		bool line = n >= IRQ_BASE && n < IRQ_BASE + IRQ_LINES;

		CHECK_EQ(trapped(n, 0x1000, 0x1000), !line && n != VEC_NMI);
		CHECK_EQ(dispatched, line ? n : 0);
	}
	CHECK_EQ(cpu.nmis, 1);
	CASE("asleep");
	trapped(VEC_NMI, hlt, hlt + 1);
	trapped(IRQ_BASE, hlt, hlt + 1);
	trapped(IRQ_BASE, hlt + 1, hlt + 1);
	return passed();
}
