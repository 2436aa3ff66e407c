/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The emulation, instruction by instruction: each case says what becomes of the whole virtual CPU,
 * and is run plain, with EFLAGS.TF, from ring 3, with a lock prefix, and cut off by a missing page
 * and by the code segment's limit.  Moves, cmov and string I/O beside the build machine's own.
 */
#include "arch/x86/cpu.h"
#include "hv/cpu/emulate.h"
#include "tests/unit/vcpu.h"


/* All that an instruction may touch. */
static struct world {
	struct vcpu_regs regs;
	u32 cr0, cr2, cr3, cr4, dr[8], esp1, ss1, irq_on, halted, hold, hold_eip;
	u32 idt_base, idt_limit, gdt_base, gdt_limit, roots, flushes, flushed, controls, stopped, absent, killed;
	u32 traps, vector, has_error, error;
	u32 bus_reads, bus_writes, bus_size, bus_value;
} rec, want;
static u32 bus_gives;
static bool waiting, gate_open;

void trap_inject(struct vcpu *who, u32 vector, bool has_error, u32 error)
{
	(void)who;
	rec.traps++;
	rec.vector = vector;
	rec.has_error = has_error;
	rec.error = has_error ? error : 0;
}

void trap_inject_pf(struct vcpu *who, u32 cr2, u32 error)
{
	who->page->cr2 = cr2;
	trap_inject(who, VEC_PF, true, error);
}

struct desc trap_direct_gate(const struct vcpu *who) { (void)who; return (struct desc){ 0 }; }
bool trap_gate_open(struct vcpu *who, u32 vector) { (void)who, (void)vector; return gate_open; }
bool virq_enabled(struct vcpu *who) { return who->irq_on; }
void virq_enable(struct vcpu *who, bool on) { who->irq_on = on; }
bool virq_waiting(struct vcpu *who) { (void)who; return waiting; }
void virq_hold(struct vcpu *who) { who->hold = true; who->hold_eip = regs.eip; }
void vcpu_new_control(struct vcpu *who) { (void)who; rec.controls++; }
void shadow_flush_all(struct guest *who) { (void)who; rec.flushes++; }
void shadow_flush_one(struct vcpu *who, gva_t a) { (void)who; rec.flushed = gva_x(a); }
void shadow_new_root(struct vcpu *who, u32 cr3, int asid, bool flush) { CHECK(asid == -1 && flush, "a root"); who->cr3 = cr3; rec.roots++; }
void hv_log(const char *fmt, ...) { (void)fmt; }
void guest_stopped(struct guest *who, u32 how, const char *words) { (void)words; who->state = GUEST_ENDED; rec.stopped = how; }
void idt_load(struct vcpu *who, gva_t base, u16 limit) { (void)who; rec.idt_base = gva_x(base); rec.idt_limit = limit; }
static u32 bus_read(struct guest *who, gpa_t a, u32 size) { (void)who, (void)a; rec.bus_reads++; rec.bus_size = size; return bus_gives; }

static void bus_write(struct guest *who, gpa_t a, u32 size, u32 value)
{
	(void)who, (void)a;
	rec.bus_writes++;
	rec.bus_size = size;
	rec.bus_value = size == 4 ? value : value & (BIT(8 * size) - 1);
}

static const struct guest_bus bus = { .read = bus_read, .write = bus_write };

static struct world world(void)
{
	struct world w = rec;

	w.regs = regs;
	w.cr0 = v.cr0, w.cr2 = page.cr2, w.cr3 = v.cr3, w.cr4 = v.cr4;
	memcpy(w.dr, v.dr, sizeof(w.dr));
	w.esp1 = v.esp1, w.ss1 = v.ss1, w.irq_on = v.irq_on, w.halted = v.halted, w.hold = v.hold, w.hold_eip = v.hold_eip;
	w.gdt_base = gva_x(v.gdt_base), w.gdt_limit = v.gdt_limit, w.killed = *killed != 0;
	w.absent = g.absent_ports.count + g.absent_msrs.count;
	return w;
}

static void same(const struct world *is, const struct world *should, const char *what, u32 n)
{
	const u32 *a = (const u32 *)is, *b = (const u32 *)should;
	u32 i;

	for (i = 0; i < sizeof(*is) / 4; i++)
		CHECK(a[i] == b[i], "%s, way %u: word %u of the world is %08x and not %08x", what, n, i, a[i], b[i]);
}

/* ---- the cases ---- */

#define CODE	0x5000u
#define ERROR	0x1234u			/* of the #GP */
#define DATA	0x3000u
enum { PLAIN, STEP, RING3, LOCK, CUT, LIMIT, WAYS };
static u32 way, len, cut;
static u8 code[16];
static struct world was;

static bool prepare(const char *bytes, u32 n)
{
	u32 i;

	vcpu_born();
	memset(&rec, 0, sizeof(rec));
	g.bus = &bus;
	for (i = 0; i < sizeof(memory); i++)
		memory[i] = (u8)rnd(256);
	any_registers();
	regs.cs = way == RING3 ? 0x73 : 0x61;
	regs.ds = regs.es = way == RING3 ? 0x7B : 0x69;
	regs.ss = regs.ds;
	regs.eflags = (regs.eflags & ~EFLAGS_TF) | (way == STEP ? EFLAGS_TF : 0);
	code[0] = 0xF0;
	memcpy(code + (way == LOCK), bytes, n);
	len = n + (way == LOCK);
	cut = rnd(len);
	regs.eip = way == CUT ? CODE - cut : CODE + rnd(100);
	memcpy(memory + regs.eip, code, len);
	if (way == CUT)
		rights[CODE / PAGE_SIZE] = 0;
	if (way == LIMIT) {
		gdt_set(&v, 27, seg_desc(0, regs.eip + cut - 1, DESC_P | DESC_S | DESC_CODE | DESC_RW | DESC_DB | 1 << DESC_DPL_SHIFT));
		regs.cs = 27 << 3 | 1;
	}
	v.cr0 = CR0_PE | CR0_PG | (a_word() & (CR0_TS | CR0_WP));
	page.cr2 = a_word();
	v.cr3 = a_word();
	for (i = 0; i < 8; i++)
		v.dr[i] = a_word() & ~DR6_BS;
	v.irq_on = rnd(2);
	waiting = rnd(2);
	gate_open = true;
	return true;
}

/* The body has set what goes in; what comes out follows. */
static void goes_in(void)
{
	want = was = world();
	want.regs.eip += len;
}

static void faults(u32 vector, u32 error)
{
	want = was;
	want.traps = 1, want.vector = vector, want.has_error = true, want.error = error;
}

static void stepped(void)
{
	want.traps = 1, want.vector = VEC_DB;
	want.dr[6] |= DR6_BS;
	want.halted = false;
}

/* Runs it, judges it, and goes on with the next way; false after the last. */
static bool judge(const char *what)
{
	struct world is;

	if (way == RING3 || way == LOCK || way == LIMIT)
		faults(VEC_GP, ERROR);
	if (way == CUT) {
		faults(VEC_PF, 0);
		want.cr2 = CODE;
	}
	if (way == STEP && !want.traps && !want.killed && want.regs.eip != was.regs.eip && what[0] != '!')
		stepped();
	emulate_gp(&v, ERROR);
	is = world();
	same(&is, &want, what, way);
	way = (way + 1) % WAYS;
	return way != 0;
}

#define INSN(bytes, what) for (bool go_ = prepare(bytes, sizeof(bytes) - 1); go_; go_ = judge(what) && prepare(bytes, sizeof(bytes) - 1))

static void put(u32 a, const void *p, u32 n) { memcpy(memory + a, p, n); }

static void interrupts(void)
{
	INSN("\xFA", "cli") { goes_in(); want.irq_on = false; }
	INSN("\xFB", "sti") {
		goes_in();
		want.irq_on = true;
		if (!was.irq_on)
			want.hold = true, want.hold_eip = want.regs.eip;
	}
	INSN("\xF4", "hlt") { goes_in(); want.halted = !(waiting && v.irq_on); }
	INSN("\x8E\xD0", "! mov ss") {
		regs.eax = 0x68;
		goes_in();
		want.regs.ss = 0x69, want.hold = true, want.hold_eip = want.regs.eip;
	}
	INSN("\x8E\x13", "! mov ss from memory") {
		regs.ebx = DATA;
		put(DATA, "\x98\0", 2);
		goes_in();
		want.regs.ss = 0x99, want.hold = true, want.hold_eip = want.regs.eip;
	}
	INSN("\x8E\xD0", "ring 3's stack") { regs.eax = 0x78; goes_in(); faults(VEC_GP, ERROR); }
	INSN("\x8E\xD0", "RPL 2") { regs.eax = 0x6A; goes_in(); faults(VEC_GP, ERROR); }
	INSN("\x8E\xD0", "RPL 1") { regs.eax = 0x69; goes_in(); faults(VEC_GP, ERROR); }
	INSN("\x8E\xD8", "mov ds") { regs.eax = 0x68; goes_in(); faults(VEC_GP, ERROR); }
}

static void control(void)
{
	INSN("\x0F\x20\xC3", "mov ebx, cr0") { goes_in(); want.regs.ebx = v.cr0; }
	INSN("\x0F\x20\xD1", "mov ecx, cr2") { goes_in(); want.regs.ecx = page.cr2; }
	INSN("\x0F\x20\x1F", "mov edi, cr3") { goes_in(); want.regs.edi = v.cr3; }
	INSN("\x0F\x22\xC0", "cr0") { regs.eax = v.cr0 ^ CR0_TS; goes_in(); want.cr0 = regs.eax | CR0_ET; want.controls = 1; }
	INSN("\x0F\x22\xC0", "paging") {
		regs.eax = v.cr0 & ~CR0_PG;
		goes_in();
		want.cr0 = regs.eax | CR0_ET, want.controls = want.flushes = want.roots = 1;
	}
	INSN("\x0F\x22\xC0", "real mode") {
		regs.eax = v.cr0 & ~CR0_PE;
		goes_in();
		want = was;
		want.killed = 1;
	}
	INSN("\x0F\x22\xD5", "cr2") { goes_in(); want.cr2 = regs.ebp; }
	INSN("\x0F\x22\xDE", "cr3") { goes_in(); want.cr3 = regs.esi; want.flushes = want.roots = 1; }
	INSN("\x0F\x22\xE0", "cr4") { regs.eax = CR4_TSD; goes_in(); want.cr4 = CR4_TSD; want.controls = 1; }
	INSN("\x0F\x22\xE0", "cr4 pages") { regs.eax = CR4_PSE; goes_in(); want.cr4 = CR4_PSE; want.controls = want.flushes = 1; }
	INSN("\x0F\x22\xE0", "PAE") { regs.eax = CR4_PAE; goes_in(); faults(VEC_GP, 0); }
	INSN("\x0F\x22\xC8", "cr1") { goes_in(); faults(VEC_GP, 0); }
	INSN("\x0F\x06", "clts") { goes_in(); want.cr0 &= ~CR0_TS; want.controls = 1; }
	INSN("\x0F\x01\xF0", "lmsw") {
		regs.eax &= ~CR0_PE;
		goes_in();
		want.cr0 = (v.cr0 & ~0xEu) | (regs.eax & 0xE) | CR0_ET;
		want.controls = 1;
	}
	INSN("\x0F\x21\xDA", "mov edx, dr3") { goes_in(); want.regs.edx = v.dr[3]; }
	INSN("\x0F\x23\xCA", "dr1") { goes_in(); want.dr[1] = regs.edx; }
	INSN("\x0F\x23\xFA", "dr7") { goes_in(); want.dr[7] = (regs.edx & ~0xFFu) | 0x400; }
	INSN("\x0F\x23\xF2", "dr6") { goes_in(); want.dr[6] = 0xFFFF0FF0 | (regs.edx & 0xE00F); }
	INSN("\x0F\x08", "invd") { goes_in(); }
	INSN("\x0F\x09", "wbinvd") { goes_in(); }
	INSN("\x0F\x33", "rdpmc") { goes_in(); faults(VEC_GP, ERROR); }
	INSN("\x0F\x32", "rdmsr") { goes_in(); want.regs.eax = want.regs.edx = 0; want.absent = 1; }
	INSN("\x0F\x30", "wrmsr") { goes_in(); want.absent = 1; }
	INSN("\x90", "nop") { goes_in(); faults(VEC_GP, ERROR); }
}

static void tables(void)
{
	struct table_reg t = { 0x2FF, 0x2000 };
	struct desc tss = seg_desc(0x6000, 103, DESC_P | DESC_TYPE_TSS);
	u32 stack[2] = { 0x87654321, 0x68 };

	INSN("\x0F\x01\x1B", "lidt") { regs.ebx = DATA; put(DATA, &t, 6); goes_in(); want.idt_base = 0x2000, want.idt_limit = 0x2FF; }
	INSN("\x0F\x01\x13", "lgdt") { regs.ebx = DATA; put(DATA, &t, 6); goes_in(); want.gdt_base = 0x2000, want.gdt_limit = 0x2FF; }
	INSN("\x0F\x01\x1B", "lidt, a page") { regs.ebx = 0xFFFD; goes_in(); faults(VEC_PF, 0); want.cr2 = 0x10000; }
	INSN("\x0F\x01\xDB", "lidt ebx") { goes_in(); faults(VEC_GP, ERROR); }
	INSN("\x36\x0F\x01\x7C\x8B\xFC", "invlpg") { regs.ss = 0x99; goes_in(); want.flushed = 0x2000 + regs.ebx + regs.ecx * 4 - 4; }
	INSN("\x0F\x01\x7D\x10", "invlpg by ebp") { regs.ss = 0x99; goes_in(); want.flushed = 0x2000 + regs.ebp + 16; }
	INSN("\x0F\x00\xD0", "lldt") { regs.eax = 0xABCD0003; goes_in(); }
	INSN("\x0F\x00\xD0", "lldt") { regs.eax = 0x5F; goes_in(); faults(VEC_GP, 0x5C); }
	INSN("\x0F\x00\xD8", "ltr") {
		v.gdt_base = gva(0x2000), v.gdt_limit = 0x87;
		put(0x2080, &tss, 8);
		put(0x6004, stack, 8);
		regs.eax = 0x80;
		goes_in();
		want.esp1 = stack[0], want.ss1 = 0x69;
	}
	INSN("\x0F\x00\xD8", "ltr beyond") { put(0x2080, &tss, 8); v.gdt_base = gva(0x2000), v.gdt_limit = 0x86; regs.eax = 0x83; goes_in(); faults(VEC_GP, 0x80); }
	INSN("\x8E\x13", "a segment's limit") { regs.ds = 0x99; regs.ebx = 0x7FFF; goes_in(); faults(VEC_GP, 0); }
	INSN("\x8E\x55\x00", "a stack's limit") { regs.ss = 0x99; regs.ebp = 0x7FFF; goes_in(); faults(VEC_SS, 0); }
}

static void ports(void)
{
	INSN("\xE4\xF0", "in al") { goes_in(); want.regs.eax |= 0xFF; want.absent = 1; }
	INSN("\x66\xE5\x10", "in ax") { goes_in(); want.regs.eax |= 0xFFFF; want.absent = 1; }
	INSN("\xED", "in eax") { goes_in(); want.regs.eax = ~0u; want.absent = 1; }
	INSN("\xE6\x80", "out") { goes_in(); want.absent = 1; }
	INSN("\xE6\x64", "reset") { regs.eax = 0xABCDEFFE; goes_in(); want.stopped = SHUTDOWN_RESTART; }
	INSN("\xE7\x64", "reset, a word") { regs.eax = 0xABCDEFFE; goes_in(); want.stopped = SHUTDOWN_RESTART; }
	INSN("\xEE", "no reset") { regs.eax = 0xFEFF; regs.edx = 0x64; goes_in(); want.absent = 1; }
	INSN("\xEE", "reset") { regs.eax = 0xFE; regs.edx = 0xFFFF0064; goes_in(); want.stopped = SHUTDOWN_RESTART; }
	INSN("\x6E", "outsb") { regs.esi = DATA; regs.eflags &= ~EFLAGS_DF; goes_in(); want.regs.esi++; want.absent = 1; }
	INSN("\x6F", "outsl down") { regs.esi = DATA; regs.eflags |= EFLAGS_DF; goes_in(); want.regs.esi -= 4; want.absent = 1; }
	INSN("\x26\x6E", "outsb of es") { regs.es = 0; regs.esi = DATA; goes_in(); faults(VEC_GP, 0); }
	INSN("\x66\x6D", "insw, read-only") { regs.edi = DATA; rights[3] = PTE_P; goes_in(); faults(VEC_PF, PFERR_P | PFERR_W); want.cr2 = DATA; }
}

/* As many as come at once: no more than 64, and one with TF. */
static void repeated(void)
{
	u32 n, size, left, space, i;

	for (n = 0; n < 600; n++) {
		way = PLAIN;
		size = one_in(2) ? 1 : one_in(2) ? 2 : 4;
		prepare(size == 1 ? "\xF3\x6C" : size == 2 ? "\x66\xF3\x6D" : "\xF3\x6D", size == 2 ? 3 : 2);
		space = rnd(150);
		regs.ecx = rnd(150);
		regs.edi = 0x4000 - space * size;
		regs.eflags &= ~EFLAGS_DF;
		if (one_in(3))
			regs.eflags |= EFLAGS_TF;
		rights[4] = 0;
		memset(memory + 0x3000, 0, PAGE_SIZE);
		goes_in();
		left = regs.ecx;
		for (i = 0; i < (regs.eflags & EFLAGS_TF ? 1 : 64) && left && i < space; i++, left--)
			want.regs.edi += size;
		want.regs.ecx = left;
		want.absent = i != 0;		/* each port once */
		if (left)
			want.regs.eip = was.regs.eip;
		if (left && i == space && i < (regs.eflags & EFLAGS_TF ? 1 : 64)) {
			want.traps = 1, want.vector = VEC_PF, want.has_error = true, want.error = PFERR_W, want.cr2 = 0x4000;
		} else if (regs.eflags & EFLAGS_TF) {
			stepped();
		}
		emulate_gp(&v, ERROR);
		struct world is = world();
		same(&is, &want, "rep ins", n);
		for (i = 0; i < PAGE_SIZE; i++)
			CHECK(memory[0x3000 + i] == (0x3000 + i >= was.regs.edi && 0x3000 + i < want.regs.edi ? 0xFF : 0), "byte %x", i);
	}
}

/* ---- int n ---- */

static void software(void)
{
	u32 n, vector;

	for (n = 0; n < 400; n++) {
		struct world is;

		way = PLAIN;
		vector = one_in(3) ? 3 : rnd(256);
		prepare(vector == 3 && rnd(2) ? "\xCC\x90" : "\xCD\0", 2);
		if (memory[regs.eip] == 0xCD)
			memory[regs.eip + 1] = (u8)vector;
		else
			len = 1;
		gate_open = rnd(2);
		if (rnd(2))
			regs.cs = 0x73;
		goes_in();
		if (gate_open)
			want.traps = 1, want.vector = vector;
		else
			faults(VEC_GP, vector << 3 | 2);
		CHECK_EQ(emulate_gp(&v, vector << 3 | 2), EXIT_SOFTINT);
		is = world();
		same(&is, &want, "int n", n);
	}
}

/* ---- device registers ---- */

static u32 *reg_at(struct vcpu_regs *r, u32 n)
{
	u32 *at[] = { &r->eax, &r->ecx, &r->edx, &r->ebx, &r->esp, &r->ebp, &r->esi, &r->edi };

	return at[n];
}

static u8 *part_at(struct vcpu_regs *r, u32 n, u32 size) { return (u8 *)reg_at(r, size == 1 ? n & 3 : n) + (size == 1 && n > 3); }

/* Every way to write a move; the address is in %ebx. */
static void moves(void)
{
	static const u8 extend[] = { 0xB6, 0xB7, 0xBE, 0xBF };
	u32 n;

	for (n = 0; n < 4000; n++) {
		u32 size = one_in(2) ? 1 : one_in(2) ? 2 : 4, form = rnd(5), reg = rnd(8), at = 0, to = 4, x = 0, second = extend[rnd(4)], k;
		char b[16] = { 0 };
		struct world is;

		way = one_in(3) ? STEP : PLAIN;
		if (form == 4 ? rnd(2) : size == 2)
			b[at++] = 0x66;
		if (form == 4) {			/* movzx, movsx */
			to = at ? 2 : 4;
			size = second & 1 ? 2 : 1;
			if (size == 2)
				to = 4, at = 0;
			b[at++] = 0x0F, b[at++] = (char)second, b[at++] = (char)(reg << 3 | 3);
		} else if (form == 3) {			/* immediate */
			b[at++] = (char)(0xC6 | (size > 1)), b[at++] = 3;
			for (x = a_word(), k = 0; k < size; k++)
				b[at++] = (char)(x >> (8 * k));
		} else if (form == 2) {			/* accumulator, from or to an address */
			reg = 0;
			second = rnd(2);
			b[at++] = (char)(0xA0 | second << 1 | (size > 1));
			b[at + 1] = 0x30, at += 4;
		} else {
			b[at++] = (char)((form ? 0x88 : 0x8A) | (size > 1)), b[at++] = (char)(reg << 3 | 3);
		}
		prepare(b, at);
		regs.ebx = DATA;
		bus_gives = a_word();
		goes_in();
		if (form == 1 || form == 3 || (form == 2 && second)) {
			want.bus_writes = 1;
			if (form != 3)
				memcpy(&x, part_at(&regs, reg, size), size);
			want.bus_value = form == 3 && size < 4 ? x & (BIT(8 * size) - 1) : x;
		} else if (form == 4) {
			bool sign = second & 8;

			x = size == 1 ? sign ? (u32)(int8_t)bus_gives : (u8)bus_gives : sign ? (u32)(int16_t)bus_gives : (u16)bus_gives;
			want.bus_reads = 1;
			memcpy(reg_at(&want.regs, reg), &x, to);
		} else {
			want.bus_reads = 1;
			memcpy(part_at(&want.regs, reg, size), &bus_gives, size);
		}
		want.bus_size = size;
		if (way == STEP)
			stepped();
		emulate_mmio(&v, gva(DATA), gpa(DATA));
		is = world();
		same(&is, &want, "move", form);
	}
}

static void no_move(void)
{
	way = PLAIN;
	prepare("\x0F\x01\x1B", 3);
	emulate_mmio(&v, gva(DATA), gpa(DATA));
	CHECK_HAS(killed, "no plain move");
	prepare("\x89\x03", 2);
	regs.ds = 0xA1;				/* read-only */
	goes_in();
	faults(VEC_GP, 0);
	emulate_mmio(&v, gva(DATA), gpa(DATA));
	was = world();
	same(&was, &want, "a read-only segment", 0);
}

/* ---- cmov, beside this machine's conditions ---- */

#define FLAG_SET(cc) ({ u8 r_; asm("push %1; popf; set" cc " %0" : "=q"(r_) : "r"(flags) : "cc"); (bool)r_; })

static bool condition(u32 cc, u32 flags)
{
	switch (cc) {
	case 0: return FLAG_SET("o"); case 1: return FLAG_SET("no"); case 2: return FLAG_SET("b"); case 3: return FLAG_SET("ae");
	case 4: return FLAG_SET("e"); case 5: return FLAG_SET("ne"); case 6: return FLAG_SET("be"); case 7: return FLAG_SET("a");
	case 8: return FLAG_SET("s"); case 9: return FLAG_SET("ns"); case 10: return FLAG_SET("p"); case 11: return FLAG_SET("np");
	case 12: return FLAG_SET("l"); case 13: return FLAG_SET("ge"); case 14: return FLAG_SET("le"); default: return FLAG_SET("g");
	}
}

static void old_processors(void)
{
	u32 n;

	for (n = 0; n < 4000; n++) {
		u32 cc = rnd(16), flags = a_word() & 0x8D5, size = one_in(2) ? 2 : 4;
		char b[4] = { 0x66, 0x0F, (char)(0x40 | cc), (char)0xD1 };	/* edx, ecx */
		struct world is;

		way = PLAIN;
		prepare(size == 2 ? b : b + 1, size == 2 ? 4 : 3);
		regs.eflags = flags | 2;
		cpu_info.features = one_in(5) ? CPU_CMOV : 0;
		goes_in();
		if (cpu_info.features)
			want = was;
		else if (condition(cc, flags))
			memcpy(&want.regs.edx, &regs.ecx, size);
		CHECK_EQ(emulate_ud(&v), !cpu_info.features);
		is = world();
		same(&is, &want, "cmov", cc);
	}
}

/* What is not there is remembered once each, and not without end. */
static void absent(void)
{
	struct absent *a = calloc(1, sizeof(*a));
	u32 i;

	for (i = 0; i < 100; i++)
		absent_note(a, i / 3);
	CHECK_EQ(a->count, ABSENT_KEPT);
	for (i = 0; i < ABSENT_KEPT; i++)
		CHECK_EQ(a->number[i], i);
	free(a);
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	CASE("instructions");
	for (i = 0; i < 20; i++) {
		interrupts();
		control();
		tables();
		ports();
	}
	CASE("rep ins");
	repeated();
	CASE("int n");
	software();
	CASE("moves");
	moves();
	no_move();
	CASE("cmov");
	old_processors();
	CASE("absent");
	absent();
	return passed();
}
