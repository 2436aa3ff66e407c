/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registering the shared page: where it may lie, which of the guest's words are taken and from where in each of its
 * three shapes, and that nothing outside what that shape has is written.
 */
#define MACHINE_FRAMES 64
#include "tests/unit/machine.h"
#include "arch/x86/cpu.h"
#include "arch/x86/time.h"
#include "hv/cpu/cpu.h"

#define PAGES	3
#define BYTES	(PAGES * PAGE_SIZE)
#define OFF(f)	((u32)offsetof(struct ringlet_shared, f))

struct clock sys_clock;
struct cpu_info cpu_info;
static u64 now_ns;
static u32 flushes;
u64 time_ns(void) { return now_ns; }
u64 wall_at_boot(void) { return 1700000000600000000; }
void shadow_flush_all(struct guest *g) { (void)g; flushes++; }

static struct guest g;
static struct vcpu v;
static u8 before[BYTES], after[BYTES];

static void memory(bool in)
{
	CHECK(in ? gmem_write(&g, gpa(0), before, BYTES) : gmem_read(&g, gpa(0), after, BYTES), "the guest's memory");
}

static void born(void)
{
	u32 i;

	memset(&v, 0, sizeof(v));
	v.guest = &g;
	g.vcpu = &v;
	v.irq_on = rnd(2);
	v.next_async = rnd(64);
	for (i = 0; i < BYTES; i++)
		before[i] = (u8)rnd(256);
	now_ns = (u64)rnd(1u << 31) << rnd(20);
	sys_clock = (struct clock){ .tsc0 = 1ull << 40 | rnd(9999), .ns0 = rnd(9), .mult = rnd(2) * 0x80001234, .shift = 1,
				    .tsc_khz = 2600000 };
	cpu_info.steady_tsc = rnd(2);
	flushes = 0;
}

static u32 get(const u8 *m, u32 a)
{
	u32 x;

	memcpy(&x, m + a, 4);
	return x;
}

/* What of the page we may write. */
static bool ours(u32 offset, bool extended)
{
	static const struct { u32 from, to; bool extended; } fields[] = {
		{ OFF(irq_enabled), OFF(irq_enabled) + 4, false }, { OFF(time_sec), OFF(time_nsec) + 4, false },
		{ OFF(irq_pending), OFF(irq_pending) + 4, false },
		{ OFF(hcall_status), OFF(hcall_status) + RINGLET_RING_SIZE, false },
		{ OFF(reserve_mem), OFF(reserve_mem) + 4, false }, { OFF(tsc_khz), OFF(tsc_khz) + 4, false },
		{ OFF(version), OFF(version) + 4, true }, { OFF(features), OFF(features) + 4, true },
		{ OFF(clock_seq), OFF(device_status), true },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (offset >= fields[i].from && offset < fields[i].to)
			return extended || !fields[i].extended;
	return false;
}

static void taken(u32 a, bool extended)
{
	const u8 *p = after + a;
	u64 ns;
	u32 i;

	for (i = 0; i < BYTES; i++)
		CHECK(after[i] == before[i] || (i >= a && i < a + sizeof(struct ringlet_shared) && ours(i - a, extended)),
		      "byte %#x (page at %#x, %s) was written", i, a, extended ? "whole" : "lguest's");
	for (i = 0; i < RINGLET_RING_SIZE; i++)
		CHECK_EQ(p[OFF(hcall_status) + i], 0xFF);
	CHECK_EQ(get(p, OFF(irq_enabled)), v.irq_on ? RINGLET_IF : 0);
	CHECK_EQ(get(p, OFF(irq_pending)), 0);
	CHECK_EQ(get(p, OFF(reserve_mem)), 4 << 20);
	CHECK_EQ(get(p, OFF(tsc_khz)), sys_clock.mult ? 2600000 : 0);
	CHECK_EQ(get(p, OFF(time_sec)), (u32)((1700000000600000000 + now_ns) / 1000000000));
	CHECK_EQ(get(p, OFF(time_nsec)), (u32)((1700000000600000000 + now_ns) % 1000000000));
	if (!extended)
		return;
	CHECK_EQ(get(p, OFF(version)), 1);
	CHECK_EQ(get(p, OFF(features)), cpu_info.steady_tsc ? 63 : 55);
	CHECK_EQ(get(p, OFF(wall_sec)), 1700000000);
	CHECK_EQ(get(p, OFF(wall_nsec)), 600000000);
	CHECK_EQ(get(p, OFF(clock_seq)), 0);
	CHECK_EQ(get(p, OFF(clock_mult)), sys_clock.mult);
	CHECK(!memcmp(p + OFF(clock_tsc), &sys_clock.tsc0, 8), "clock_tsc");
	memcpy(&ns, p + OFF(clock_ns), 8);
	CHECK_EQ(ns, sys_clock.mult ? sys_clock.ns0 : now_ns);
}

static void try_at(u32 a, bool extended)
{
	u32 need = extended ? sizeof(struct ringlet_shared) : OFF(version);
	bool fits = a % 4 == 0 && a <= BYTES && BYTES - a >= need;

	memory(true);
	CHECK(shared_register(&v, gpa(a), extended) == fits, "%s page at %#x", extended ? "whole" : "lguest's", a);
	memory(false);
	CHECK_EQ(v.have_shared, fits);
	if (!fits) {
		CHECK(!memcmp(before, after, BYTES), "refused, but something was written");
		return;
	}
	CHECK(flushes && v.tables_changed && v.extended == extended && v.next_async == 0, "what follows from it");
	taken(a, extended);
}

static void words(u32 a, bool extended)
{
	const u8 *p = before + a;
	u32 kernel = get(p, OFF(kernel_address));

	if (!extended && kernel < 256) {	/* Linux 4.x: a word less before it */
		CHECK_EQ(v.noirq_start, get(p, OFF(noirq_start)));
		CHECK_EQ(v.noirq_end, get(p, OFF(noirq_start)) + 1);
		CHECK_EQ(v.kernel_address, get(p, OFF(noirq_start) + 4));
		CHECK_EQ(v.syscall_vec, get(p, OFF(noirq_start) + 8));
	} else {
		CHECK_EQ(v.noirq_start, get(p, OFF(noirq_start)));
		CHECK_EQ(v.noirq_end, get(p, OFF(noirq_end)));
		CHECK_EQ(v.kernel_address, kernel);
		CHECK_EQ(v.syscall_vec, get(p, OFF(syscall_vec)));
	}
	CHECK_EQ(v.guest_features, extended ? get(p, OFF(guest_features)) : 0);
}

/* Why a device interrupts: added to its word, if the guest wants that, and nowhere else. */
static void device_status(void)
{
	u32 a = rnd(PAGES * PAGE_SIZE / 4 - 500) * 4, device = rnd(RINGLET_DEVICES), why = 1 + rnd(3);
	u32 at = a + OFF(device_status) + 4 * device, i;
	bool extended = rnd(2), wanted;

	born();
	memory(true);
	shared_device_status(&v, device, why);		/* there is no page yet: nothing happens */
	memory(false);
	CHECK(!memcmp(before, after, BYTES), "written before there was a page");
	try_at(a, extended);
	wanted = v.guest_features & RINGLET_F_DEVICE_STATUS;
	CHECK(extended || !wanted, "lguest's page wants it");
	memory(false);
	memcpy(before, after, BYTES);
	shared_device_status(&v, device, why);
	memory(false);
	for (i = 0; i < BYTES; i++)
		CHECK(after[i] == before[i] || (i >= at && i < at + 4), "byte %#x was written for %#x", i, at);
	CHECK_EQ(get(after, at), get(before, at) | (wanted ? why : 0));
}

int main(int argc, char **argv)
{
	u32 i, a;

	seed_from(argc, argv, 0);
	g.mem_pages = PAGES;
	for (i = 0; i < PAGES; i++)
		CHECK(p2m_set(&g, gfn(i), frame_alloc()), "memory");
	CASE("at the end of memory, and beyond");
	for (i = 0; i < 2; i++)
		for (a = BYTES - sizeof(struct ringlet_shared) - 64; a < BYTES + 64; a++) {
			born();
			try_at(a, i);
		}
	for (i = 0; i < 200; i++) {
		born();
		try_at(rnd(0) | (0u - 4 * rnd(600)), rnd(2));
	}
	CASE("which words count");
	for (i = 0; i < 2000; i++) {
		bool extended = rnd(2);

		born();
		a = rnd(PAGES * PAGE_SIZE / 4 - 500) * 4;
		if (rnd(2))
			memcpy(before + a + OFF(kernel_address), (u32[]){ 250 + rnd(12) }, 4);
		try_at(a, extended);
		words(a, extended);
	}
	CASE("why devices interrupt");
	for (i = 0; i < 2000; i++)
		device_status();
	CASE("the time, later");
	for (i = 0; i < 200; i++) {
		bool extended = rnd(2);

		born();
		a = rnd(100) * 4;
		memory(true);
		shared_update_time(&v);		/* there is no page yet: nothing happens */
		memory(false);
		CHECK(!memcmp(before, after, BYTES), "written before there was a page");
		try_at(a, extended);
		now_ns += rnd(1u << 31);
		shared_update_time(&v);
		memory(false);
		taken(a, extended);
	}
	return passed();
}
