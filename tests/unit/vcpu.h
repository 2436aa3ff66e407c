/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual CPU for unit tests, with segments of every kind and 64 KiB of memory, mapped from 0 on
 * with rights for each page.  Include it once, in the test's only C file; link segments.c and
 * descriptors.c.
 */
#ifndef TESTS_UNIT_VCPU_H
#define TESTS_UNIT_VCPU_H

#include <stdarg.h>
#include "arch/x86/cpu.h"
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"
#include "tests/unit/test.h"

#define PAGES	16
#define MEMORY	(PAGES * PAGE_SIZE)
#define ALL	(PTE_P | PTE_RW | PTE_US)

struct cpu_info cpu_info;
static struct guest g;
static struct vcpu v;
static struct vcpu_regs regs;
static struct regs_page page;
static u8 memory[MEMORY], rights[PAGES];
static struct ringlet_shared shared;
static char killed[200];			/* why; "": it lives */
static struct state_page state;
static u32 low[1];				/* its root's first directory entry */
static struct shadow_root root = { .entries = low };
const u32 switcher_stubs[SWITCHER_VECTORS];

struct state_page *cpu_state(struct cpu *c) { (void)c; return &state; }
void panic(const char *fmt, ...) { CHECK(0, "panic: %s", fmt); abort(); }

void guest_kill(struct guest *who, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!*killed)
		vsnprintf(killed, sizeof(killed), fmt, ap);
	va_end(ap);
	who->state = GUEST_ENDED;
}

/* The first byte of len at a that may not be accessed so, or a + len. */
static u32 reach(u32 a, u32 len, u32 need)
{
	u32 i;

	for (i = 0; i < len; i++)
		if (a + i >= MEMORY || (rights[(a + i) / PAGE_SIZE] & need) != need)
			break;
	return a + i;
}

static bool reached(u32 a, u32 len, u32 access, u32 *err, u32 *at)
{
	*at = reach(a, len, PTE_P | access);
	*err = access | (*at < MEMORY ? rights[*at / PAGE_SIZE] & PTE_P : 0);
	return *at == a + len;
}

bool gva_read(struct vcpu *who, gva_t a, void *dst, u32 len, u32 access, u32 *err, u32 *at)
{
	(void)who;
	if (!reached(gva_x(a), len, access, err, at))
		return false;
	memcpy(dst, memory + gva_x(a), len);
	return true;
}

bool gva_write(struct vcpu *who, gva_t a, const void *src, u32 len, u32 access, u32 *err, u32 *at)
{
	(void)who;
	if (!reached(gva_x(a), len, access | ACCESS_WRITE, err, at))
		return false;
	memcpy(memory + gva_x(a), src, len);
	return true;
}

bool shared_get(struct vcpu *who, u32 offset, u32 *val)
{
	CHECK(who->have_shared && offset + 4 <= sizeof(shared), "there is no shared page, or not there");
	memcpy(val, (u8 *)&shared + offset, 4);
	return true;
}

bool shared_put(struct vcpu *who, u32 offset, u32 val)
{
	CHECK(who->have_shared && offset + 4 <= sizeof(shared), "there is no shared page, or not there");
	memcpy((u8 *)&shared + offset, &val, 4);
	return true;
}

/* Its segments, with what the tests have to know of them. */
static const struct kind { u16 sel; bool there, code, rw, big; u32 ring, base, limit; } kinds[] = {
	{ 0x61, true, true, true, true, 1, 0, 0xFFFFFFFF },
	{ 0x69, true, false, true, true, 1, 0, 0xFFFFFFFF },
	{ 0x73, true, true, true, true, 3, 0, 0xFFFFFFFF },
	{ 0x7B, true, false, true, true, 3, 0, 0xFFFFFFFF },
	{ 0x91, true, false, true, false, 1, 0x100, 0xEFFF },	/* a 16-bit stack */
	{ 0x99, true, false, true, true, 1, 0x2000, 0x7FFF },	/* a base and a limit */
	{ 0xA1, true, false, false, true, 1, 0, 0xFFFFFFFF },	/* read-only */
	{ 0xAA, true, true, true, true, 2, 0, 0xFFFFFFFF },	/* ring 2 */
	{ 0xB2, true, false, true, true, 2, 0, 0xFFFFFFFF },
	{ 0xB9, true, true, false, true, 1, 0x1000, 0xFFFFFFFF },	/* execute-only */
	{ 0xC3, true, false, true, true, 3, 0x3000, 0x2FFF },
	{ 0xCB, true, false, true, false, 3, 0x200, 0xEFFF },
	{ 0xD1, false, false, false, true, 0, 0, 0 },
	{ 0, false, false, false, true, 0, 0, 0 },
};

static const struct kind *kind_of(u32 sel)
{
	u32 i;

	for (i = 0; kinds[i].sel; i++)
		if (kinds[i].sel >> 3 == sel >> 3 && !(sel & 4))
			break;
	return &kinds[i];
}

static bool is_code(u32 sel, u32 ring)
{
	return kind_of(sel)->there && kind_of(sel)->code && kind_of(sel)->ring == ring && (sel & 3) == ring;
}

static bool is_stack(u32 sel, u32 ring)
{
	return kind_of(sel)->there && !kind_of(sel)->code && kind_of(sel)->rw && kind_of(sel)->ring == ring && (sel & 3) == ring;
}

static u16 any_selector(void) { return kinds[rnd(ARRAY_SIZE(kinds))].sel; }
static u32 a_word(void) { return rnd(1u << 16) << 16 | rnd(1u << 16); }

static void vcpu_born(void)
{
	u32 i;

	memset(&g, 0, sizeof(g));
	memset(&v, 0, sizeof(v));
	g.vcpu = &v;
	g.state = GUEST_RUNNING;
	g.shadow.current = &root;
	v.guest = &g;
	v.regs = &regs;
	v.page = &page;
	v.syscall_vec = 0x80;
	*killed = 0;
	memset(rights, ALL, sizeof(rights));
	for (i = 0; kinds[i].sel; i++) {
		const struct kind *k = &kinds[i];
		bool pages = k->limit > 0xFFFFF;

		if (k->there)
			gdt_set(&v, k->sel >> 3, seg_desc(k->base, pages ? k->limit >> 12 : k->limit, DESC_P | DESC_S | k->ring << DESC_DPL_SHIFT |
				(pages ? DESC_G : 0) | (k->big ? DESC_DB : 0) | (k->code ? DESC_CODE : 0) | (k->rw ? DESC_RW : 0)));
	}
}

static void any_registers(void)
{
	u32 *r = (u32 *)&regs, i;

	for (i = 0; i < sizeof(regs) / 4; i++)
		r[i] = a_word();
}

#endif
