/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How we get back from a guest that has turned the machine's interrupts off.  Only QEMU's processor
 * lets a guest do that: it obeys EFLAGS.VM in an iret from any ring, and loads IF with it.  On the
 * other hand, QEMU's local APIC can deliver its timer as an NMI, which real ones cannot.  So while
 * ring 3 has pages where virtual-8086 code can begin (shadow_low_open), an NMI comes every
 * millisecond.  A QEMU without a local APIC has no such NMI; there ring 3 gets no such pages.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"
#include "hv/lib/lib.h"

#define APIC_BASE	0xFEE00000u
#define APIC_TIMER	0x320
#define APIC_COUNT	0x380
#define APIC_DIVIDE	0x3E0

#define DELIVER_NMI	0x400
#define MASKED		0x10000
#define PERIODIC	0x20000
#define DIVIDE_BY_1	0xB
#define PERIOD		1000000		/* of QEMU's 1 GHz: 1 ms */

static bool present, armed;

static void apic_write(u32 reg, u32 v)
{
	*(volatile u32 *)(APIC_BASE + reg) = v;
}

void watchdog_init(void)
{
	if (!cpu_info.tcg)
		return;
	if (!cpu_has(CPU_APIC)) {
		hv_log("QEMU without a local APIC: guests' processes may use no address below 4 MiB.");
		shadow_low_shut = true;
		return;
	}
	hostmap_device(APIC_BASE);
	apic_write(APIC_DIVIDE, DIVIDE_BY_1);
	present = true;
}

void watchdog_set(bool on)
{
	if (!present || on == armed)
		return;
	apic_write(APIC_TIMER, DELIVER_NMI | PERIODIC | (on ? 0 : MASKED));
	apic_write(APIC_COUNT, on ? PERIOD : 0);
	armed = on;
}
