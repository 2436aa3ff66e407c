/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page a guest shares with us (struct ringlet_shared).  The guest may change any of it at any
 * time, so each word is read once, by these functions, and then checked.
 */
#include <string.h>
#include "arch/x86/cpu.h"
#include "arch/x86/time.h"
#include "hv/cpu/cpu.h"

#define OFF(field)	offsetof(struct ringlet_shared, field)
/* First the offsets that assembly uses, then those that old lguest kernels use, then the clock,
 * which is written in one piece. */
_Static_assert(OFF(irq_enabled) == RSH_IRQ_ENABLED, "shared page");
_Static_assert(OFF(blocked_interrupts) == RSH_BLOCKED, "shared page");
_Static_assert(OFF(cr2) == RSH_CR2, "shared page");
_Static_assert(OFF(irq_pending) == RSH_IRQ_PENDING, "shared page");
_Static_assert(sizeof(struct ringlet_async_call) == 20, "shared page");
_Static_assert(OFF(hcall_status) == 24 && OFF(hcalls) == OFF(hcall_status) + RINGLET_RING_SIZE, "shared page");
_Static_assert(OFF(reserve_mem) == OFF(hcalls) + RINGLET_RING_SIZE * 20, "shared page");
_Static_assert(OFF(noirq_start) == OFF(reserve_mem) + 8 && OFF(syscall_vec) == OFF(noirq_start) + 12, "shared page");
_Static_assert(OFF(version) == OFF(syscall_vec) + 4 && OFF(guest_features) == OFF(version) + 8, "shared page");
_Static_assert(OFF(clock_seq) == OFF(guest_features) + 4, "shared page");
_Static_assert(OFF(clock_tsc) == OFF(clock_seq) + 12 && OFF(clock_ns) == OFF(clock_tsc) + 8, "shared page");
_Static_assert(OFF(wall_sec) == OFF(clock_ns) + 8 && OFF(device_status) == OFF(wall_sec) + 8, "shared page");
_Static_assert(OFF(device_status) == RSH_DEVICE_STATUS && RINGLET_DEVICES == MAX_VDEVS, "shared page");
_Static_assert(sizeof(struct ringlet_shared) <= PAGE_SIZE, "shared page");

static gpa_t shared_at(const struct vcpu *v, u32 offset)
{
	return gpa(gpa_x(v->shared) + offset);
}

bool shared_get(struct vcpu *v, u32 offset, u32 *val)
{
	return gmem_read_u32(v->guest, shared_at(v, offset), val);
}

bool shared_put(struct vcpu *v, u32 offset, u32 val)
{
	return gmem_write_u32(v->guest, shared_at(v, offset), val);
}

bool shared_read(struct vcpu *v, u32 offset, void *dst, u32 len)
{
	return gmem_read(v->guest, shared_at(v, offset), dst, len);
}

bool shared_write(struct vcpu *v, u32 offset, const void *src, u32 len)
{
	return gmem_write(v->guest, shared_at(v, offset), src, len);
}

static void put_clock(struct vcpu *v)
{
	struct {	/* clock_seq to wall_nsec, in one piece */
		u32 seq, mult, shift;
		u64 tsc, ns;
		u32 wall_sec, wall_nsec;
	} __attribute__((packed)) c = {
		.mult = sys_clock.mult, .shift = sys_clock.shift,
		.tsc = sys_clock.tsc0, .ns = sys_clock.ns0, .wall_sec = wall_at_boot() / 1000000000,
		.wall_nsec = wall_at_boot() % 1000000000,
	};

	_Static_assert(sizeof(c) == OFF(device_status) - OFF(clock_seq), "shared page");
	/* The calibration never changes, so once is enough and the sequence stays even. */
	shared_write(v, OFF(clock_seq), &c, sizeof(c));
}

bool shared_register(struct vcpu *v, gpa_t a, bool extended)
{
	struct ringlet_shared s;
	u32 len = extended ? sizeof(s) : OFF(version);

	if ((gpa_x(a) & 3) || !gmem_read(v->guest, a, &s, len))
		return false;
	v->shared = a;
	v->extended = extended;
	v->noirq_start = s.noirq_start;
	v->noirq_end = s.noirq_end;
	v->kernel_address = s.kernel_address;
	v->syscall_vec = s.syscall_vec;
	if (!extended && s.kernel_address < 256) {
		/* Linux 4.x: one word noirq_iret, then kernel_address and syscall_vec. */
		v->noirq_end = s.noirq_start + 1;
		v->kernel_address = s.noirq_end;
		v->syscall_vec = s.kernel_address;
	}
	v->guest_features = extended ? s.guest_features : 0;
	v->next_async = 0;
	v->have_shared = true;

	memset(s.hcall_status, 0xFF, sizeof(s.hcall_status));
	shared_write(v, OFF(hcall_status), s.hcall_status, sizeof(s.hcall_status));
	shared_put(v, OFF(reserve_mem), RINGLET_HOLE);
	shared_put(v, OFF(tsc_khz), sys_clock.mult ? sys_clock.tsc_khz : 0);
	shared_put(v, OFF(irq_enabled), v->irq_on ? RINGLET_IF : 0);
	shared_put(v, OFF(irq_pending), 0);
	if (extended) {
		shared_put(v, OFF(version), RINGLET_VERSION);
		shared_put(v, OFF(features), RINGLET_F_SYSCALL_IF | RINGLET_F_ASID | RINGLET_F_CLOCK |
			   RINGLET_F_DEVICE_STATUS | RINGLET_F_LINEAR | (cpu_info.steady_tsc ? RINGLET_F_TSC : 0));
		put_clock(v);
	}
	shared_update_time(v);
	/* Only now do we know which part of the address space is the kernel's. */
	shadow_flush_all(v->guest);
	v->tables_changed = true;
	return true;
}

void shared_update_time(struct vcpu *v)
{
	u64 ns = time_ns(), wall = wall_at_boot() + ns;

	if (!v->have_shared)
		return;
	shared_put(v, OFF(time_sec), wall / 1000000000);
	shared_put(v, OFF(time_nsec), wall % 1000000000);
	if (v->extended && !sys_clock.mult)
		shared_write(v, OFF(clock_ns), &ns, sizeof(ns));
}

void shared_device_status(struct vcpu *v, u32 device, u32 why)
{
	u32 at = OFF(device_status) + device * sizeof(u32), status;

	if ((v->guest_features & RINGLET_F_DEVICE_STATUS) && shared_get(v, at, &status))
		shared_put(v, at, status | why);
}
