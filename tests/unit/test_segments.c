/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors and gates: a guest asks for anything, and after each load the finished GDT, IDT and TSS are judged as the processor
 * would read them: who may go where, and in which ring he then is.  What a guest may have it has as it asked, with no
 * ring under 1; and accesses through its segments are judged byte by byte.
 */
#include <stdarg.h>
#include "arch/x86/cpu.h"
#include "hv/cpu/cpu.h"
#include "tests/unit/test.h"

#define PAGES 0xFFC01000u

static struct cpu cpu = { .pages = PAGES };
struct cpu_info cpu_info;
static struct regs_page page;
static struct state_page state;
static struct guest g;
static struct shadow_root root;
static u32 root_entries[1024];
static struct vcpu v;
static struct vcpu_regs regs;
static u8 memory[4096];			/* all that the guest has, at 0 */
static bool faulted;
static u32 direct_gates, stacks;		/* that there were */
const u32 switcher_stubs[SWITCHER_VECTORS] = { [0 ... SWITCHER_VECTORS - 1] = 0xFFC00010 };

struct state_page *cpu_state(struct cpu *c) { (void)c; return &state; }
void panic(const char *fmt, ...) { CHECK(0, "panic: %s", fmt); abort(); }
void guest_kill(struct guest *who, const char *fmt, ...) { (void)who; (void)fmt; faulted = true; }
bool virq_enabled(struct vcpu *who) { return who->irq_on; }
void virq_enable(struct vcpu *who, bool on) { who->irq_on = on; }
bool shared_put(struct vcpu *who, u32 offset, u32 val) { (void)who; (void)offset; (void)val; return true; }

bool gva_read(struct vcpu *who, gva_t a, void *dst, u32 len, u32 access, u32 *err, u32 *at)
{
	(void)who, (void)access;
	*err = 0;
	*at = gva_x(a);
	if (gva_x(a) > sizeof(memory) || len > sizeof(memory) - gva_x(a))
		return false;
	memcpy(dst, memory + gva_x(a), len);
	return true;
}

bool gva_write(struct vcpu *who, gva_t a, const void *src, u32 len, u32 access, u32 *err, u32 *at)
{
	(void)who, (void)src, (void)len, (void)access;
	*err = 0;
	*at = gva_x(a);
	return false;
}

/* ---- as the manual says ---- */

struct segment { bool there, system, code, conforming, down, rw, big; u32 dpl, base, limit; };

static struct segment read_segment(struct desc d)
{
	u8 b[8];
	u32 limit;

	memcpy(b, &d, 8);
	limit = b[0] | b[1] << 8 | (b[6] & 15u) << 16;
	return (struct segment){
		.there = b[5] & 0x80, .system = !(b[5] & 0x10), .code = b[5] & 8, .conforming = (b[5] & 8) && (b[5] & 4),
		.down = !(b[5] & 8) && (b[5] & 4), .rw = b[5] & 2, .big = b[6] & 0x40, .dpl = b[5] >> 5 & 3,
		.base = b[2] | b[3] << 8 | b[4] << 16 | (u32)b[7] << 24,
		.limit = b[6] & 0x80 ? limit * 4096 + 4095 : limit,
	};
}

static bool ours(u32 i) { return i == 0 || i == 10 || i == 11 || i == 16 || i == 31; }

static void judge_gdt(void)
{
	u32 i;

	for (i = 0; i < GDT_ENTRIES; i++) {
		struct segment s = read_segment(state.gdt[i]);

		if (!s.there) {
			CHECK(!state.gdt[i].lo && !state.gdt[i].hi, "entry %u is not empty", i);
			continue;
		}
		CHECK((s.dpl == 0) == ours(i), "entry %u is of ring %u", i, s.dpl);
		CHECK(!s.system || i == 16 || i == 31, "entry %u is a system descriptor", i);
		CHECK(ours(i) || (!s.conforming && state.gdt[i].hi & 0x100), "entry %u: %08x", i, state.gdt[i].hi);
	}
}

/* Who can use this gate, and in which ring he then is. */
static void judge_idt(void)
{
	u32 vec;

	for (vec = 0; vec < 256; vec++) {
		struct desc d = state.idt[vec];
		u32 sel = d.lo >> 16, type = d.hi >> 8 & 0x1F, dpl = d.hi >> 13 & 3;
		struct segment to = read_segment(state.gdt[sel >> 3 & 31]);

		if (!(d.hi & 0x8000))
			continue;
		CHECK(!(sel & 4) && sel >> 3 < GDT_ENTRIES && to.there, "vector %02x leads to %x", vec, sel);
		if (to.dpl == 0) {
			CHECK(vec < SWITCHER_VECTORS, "vector %02x leads to ring 0", vec);
			CHECK(dpl == (vec == RINGLET_TRAP), "vector %02x into ring 0 is open to ring %u", vec, dpl);
			CHECK(type == (vec == 8 ? 5 : 14), "vector %02x has type %u", vec, type);
		} else {
			CHECK(vec == v.syscall_vec && vec >= SWITCHER_VECTORS && to.dpl == 1 && to.code && type == 15,
			      "vector %02x leads to %x of ring %u, type %u", vec, sel, to.dpl, type);
			CHECK(gate_type(v.idt[vec]) != GATE_INTERRUPT || (v.guest_features & RINGLET_F_SYSCALL_IF),
			      "direct, though the handler leaves interrupts on");
			direct_gates++;
		}
	}
}

static void judge_tss(void)
{
	struct segment s = read_segment(state.gdt[state.tss.ss1 >> 3 & 31]);

	CHECK(state.tss.ss0 == HV_DS && state.tss.esp0 == PAGES + 4096 && state.tss.iomap >= 104, "our own stack and ports");
	stacks += state.tss.ss1 != 0;
	if (state.tss.ss1)
		CHECK((state.tss.ss1 & 7) == 1 && s.there && s.dpl == 1 && !s.code && s.rw, "stack of ring 1: %x", state.tss.ss1);
	else
		CHECK(!selector_ok_ss(&v, v.ss1, 1), "a good stack was taken away");
}

/* ---- what it asks for ---- */

static u32 a_word(void) { return rnd(1u << 16) << 16 | rnd(1u << 16); }

static struct desc a_desc(void)
{
	struct desc d = { a_word(), a_word() };

	if (!one_in(4))
		d.hi |= DESC_P | DESC_S;
	return d;
}

static void judge_kept(u32 i, struct desc asked, struct desc before)
{
	struct segment want = read_segment(asked), has = read_segment(v.gdt[i]);

	if (i >= GDT_ENTRIES)
		return;
	if (ours(i)) {
		CHECK(!memcmp(&v.gdt[i], &before, 8), "entry %u is ours", i);
		return;
	}
	CHECK_EQ(has.there, want.there && !want.system);
	if (has.there)
		CHECK(has.base == want.base && has.limit == want.limit && has.code == want.code && has.rw == want.rw &&
		      has.big == want.big && has.down == want.down && has.dpl == MAX(want.dpl, 1u), "%08x:%08x became %08x:%08x",
		      asked.hi, asked.lo, v.gdt[i].hi, v.gdt[i].lo);
}

static void load_gdt(void)
{
	struct desc old[GDT_ENTRIES], d;
	u32 i, base = rnd(sizeof(memory) + 64), limit = rnd(300);
	bool readable = base + MIN(limit + 1, 256) <= sizeof(memory);

	memcpy(old, v.gdt, sizeof(old));
	for (i = 0; i + 8 <= sizeof(memory); i += 8) {
		d = a_desc();
		memcpy(memory + i, &d, 8);
	}
	regs.cs = rnd(256);
	regs.ss = rnd(256);
	regs.ds = regs.es = 0;
	CHECK_EQ(gdt_load(&v, gva(base), (u16)limit), readable);
	for (i = 0; i < GDT_ENTRIES && readable; i++) {
		u8 raw[8] = { 0 };

		if (base + i * 8 < sizeof(memory))
			memcpy(raw, memory + base + i * 8, MIN(8, sizeof(memory) - base - i * 8));
		if (i * 8 + 7 > limit)
			memset(raw + (i * 8 > limit ? 0 : limit + 1 - i * 8), 0, i * 8 > limit ? 8 : 7 - (limit - i * 8));
		memcpy(&d, raw, 8);
		if (read_segment(d).there && !read_segment(d).system)
			judge_kept(i, d, old[i]);
		else if (!ours(i) && (regs.cs >> 3 == i || regs.ss >> 3 == i))
			CHECK(!memcmp(&v.gdt[i], &old[i], 8), "entry %u is in use and was dropped", i);
	}
	if (!readable)
		CHECK(!memcmp(old, v.gdt, sizeof(old)) && faulted, "not readable, but something happened");
}

static u32 an_index(void) { return one_in(2) ? rnd(40) : 12 + rnd(3); }	/* a few often, so that they meet */

static void step(void)
{
	struct desc d = a_desc(), before;
	u32 i = an_index(), vec = one_in(2) ? rnd(300) : 0x7F + rnd(3);

	faulted = false;
	switch (rnd(6)) {
	case 0:
	case 1:
		before = v.gdt[i % GDT_ENTRIES];
		gdt_set(&v, i, d);
		if (i < GDT_ENTRIES)
			judge_kept(i, d, before);
		break;
	case 2:
		d = gate_desc((u16)(an_index() << 3 | (one_in(2) ? rnd(8) : 1)), a_word(), 14 + rnd(2), rnd(4));
		idt_set(&v, vec, one_in(8) ? a_desc() : d);
		break;
	case 3:
		v.ss1 = (u16)(an_index() << 3 | (one_in(3) ? rnd(8) : 1));
		break;
	case 4:
		v.syscall_vec = one_in(8) ? a_word() : one_in(4) ? rnd(256) : 0x80;
		v.guest_features = rnd(2);
		break;
	case 5:
		if (one_in(20))
			load_gdt();
		else if (one_in(20))
			segments_reset(&v);
	}
	descriptors_load(&cpu, &v);
	judge_gdt();
	judge_idt();
	judge_tss();
	CHECK(!descriptors_wrong(&cpu), "the audit: %s", descriptors_wrong(&cpu));
}

/* ---- accesses ---- */

static bool byte_allowed(const struct segment *s, u32 offset, bool write)
{
	if (!s->there || (s->code ? write || !s->rw : write && !s->rw))
		return false;
	return s->down ? offset > s->limit && offset <= (s->big ? 0xFFFFFFFF : 0xFFFF) : offset <= s->limit;
}

static void accesses(void)
{
	u32 i = rnd(36), sel = i << 3 | rnd(4) | (one_in(8) ? 4 : 0), len = 1 + rnd(8), offset, n;
	struct segment s = i < GDT_ENTRIES && !(sel & 4) ? read_segment(v.gdt[i]) : (struct segment){ 0 };
	bool write = rnd(2), want = true;
	u16 cs = (u16)rnd(4);
	gva_t a = gva(0);

	offset = one_in(4) ? a_word() : one_in(4) ? 0u - rnd(10) : one_in(4) ? 0x10000 - rnd(10) : s.limit - 10 + rnd(20);
	for (n = 0; n < len; n++)
		want &= offset + n >= offset && byte_allowed(&s, offset + n, write);
	CHECK(segment_at(&v, (u16)sel, offset, len, write, &a) == want, "%u bytes at %x %s, limit %x, %08x", len, offset,
	      write ? "written" : "read", s.limit, i < GDT_ENTRIES ? v.gdt[i].hi : 0);
	if (want)
		CHECK_EQ(gva_x(a), s.base + offset);
	CHECK_EQ(segment_base(&v, (u16)sel), s.there ? s.base : 0);
	CHECK_EQ(selector_ok_cs(&v, (u16)sel), s.there && s.code && s.dpl == (sel & 3) && s.dpl >= 1);
	CHECK_EQ(selector_ok_ss(&v, (u16)sel, cs), s.there && !s.code && s.rw && s.dpl == (sel & 3) && s.dpl == cs);
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	g.vcpu = &v;
	v.guest = &g;
	root.entries = root_entries;		/* ring 3 has nothing low */
	g.shadow.current = &root;
	v.page = &page;
	v.regs = &regs;
	v.syscall_vec = 0x80;
	descriptors_init(&state, PAGES);
	segments_reset(&v);
	regs.cs = GUEST_CS;
	CASE("whatever is asked for");
	for (i = 0; i < 40000; i++) {
		step();
		accesses();
	}
	CHECK(direct_gates > 1000 && stacks > 1000, "%u direct gates, %u stacks: that is no test", direct_gates, stacks);
	return passed();
}
