/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traps that are the guest's own, at random: page faults of every kind and the exceptions of programs,
 * from ring 1 and ring 3, while gates, stacks, flags and the shadows change.  Each must arrive as on
 * hardware, whether the Switcher delivers it or C does: vector, error, address, frame, stack, registers,
 * the interrupt flag.  All that was seen goes into a digest, which must not depend on who delivered.
 *
 * The Switcher's way needs a promise (RINGLET_F_LINEAR).  speeds.py runs this guest both ways.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"

#define LINEAR		0xC0000000u
#define OTHER_DS	0xA1		/* another stack segment of ring 1, flat */
#define SHORT_DS	0xA9		/* one with a limit: only C delivers there */
#define FLAGS		0x244CD5	/* ID AC NT OF DF SF ZF AF PF CF */

static const u32 places[] = { 0x40000000, 0x80400000, 0xE0000000, 0xFF800000 };
static const u8 vectors[] = { VEC_DE, VEC_BR, VEC_UD, VEC_NM, VEC_PF };
enum { READ, WRITE, FETCH, DIVIDE, UNDEFINED, BOUND, FPU, KINDS };

static u32 tables[4][1024] __attribute__((aligned(4096)));
static u32 digest = 2166136261u, trapped;
static void mix(u32 v) { digest = (digest ^ v) * 16777619u; digest ^= digest >> 15; }

static const int limits[2] __attribute__((used)) = { 10, 20 };

/* What the trap must look like. */
static struct { int vector; u32 error, cr2; } want;
/* What was in force when it came. */
static struct { u32 ring, flags, irq, stack, ss, ss1; bool closes; } now;
static bool lagging;			/* tables have changed, and nothing was flushed */
static struct { u32 at, bx, dx, si, di, bp; } regs;

u32 act_flags, act_esp, act_kind;
void act(void);
extern u8 act_done[];

/*
 * Runs one instruction of act_table at whatever ring we are in, with known flags and registers.  The
 * hook goes on at act_done.
 */
asm(".text\nact:\n"
    "pushal\nmovl %esp, act_esp\n"
    "movl regs, %eax\nmovl regs+4, %ebx\nmovl regs+8, %edx\nmovl regs+12, %esi\nmovl regs+16, %edi\nmovl regs+20, %ebp\n"
    "movl act_kind, %ecx\nmovl act_table(,%ecx,4), %ecx\npushl act_flags\njmp *%ecx\n"
    "0: popfl\nmovl (%eax), %ecx\njmp act_done\n"
    "1: popfl\nmovl %ecx, (%eax)\njmp act_done\n"
    "2: popfl\njmp *%eax\n"
    "3: popfl\ndivl zero\njmp act_done\n"
    "4: popfl\nud2\n"
    "5: popfl\nbound %edx, limits\njmp act_done\n"
    "6: popfl\nfnop\n"
    "act_done:\npushl $2\npopfl\nmovl act_esp, %esp\npopal\nret\n"
    ".data\nact_table: .long 0b, 1b, 2b, 3b, 4b, 5b, 6b\nzero: .long 0\n.text\n");

static bool hook(struct frame *f)
{
	u32 irq = shared.irq_enabled, cr2 = shared.cr2, here, ss, inner = now.ring == 1;

	if (f->vector == VEC_DB) {		/* after an access that was allowed, or the jump to where none is */
		f->eflags &= ~EFLAGS_TF;
		now.flags &= ~(u32)EFLAGS_TF;
		return true;
	}
	if (f->vector == 0x40)
		return false;
	trapped++;
	/* The words that a trap from ring 1 does not push lie above the frame. */
	here = (u32)(inner ? &f->esp : &f->ss + 1);
	EXPECT_EQ("vector", f->vector, want.vector);
	EXPECT_EQ("error", f->error, want.error);
	if (want.vector == VEC_PF)
		EXPECT_EQ("cr2", cr2, want.cr2);
	EXPECT_EQ("stack", here, inner ? act_esp : now.stack);
	EXPECT_EQ("cs", f->cs, inner ? KERNEL_CS : USER_CS);
	EXPECT_EQ("flags", f->eflags & ~0x10000u, now.flags | (now.irq ? EFLAGS_IF : 0));
	EXPECT_EQ("interrupts in the handler", irq, now.closes ? 0 : now.irq);
	if (!inner) {
		EXPECT_EQ("its esp", f->esp, act_esp);
		EXPECT_EQ("its ss", f->ss, USER_DS);
	}
	EXPECT(f->eax == regs.at && f->ebx == regs.bx && f->edx == regs.dx && f->esi == regs.si && f->edi == regs.di &&
	       f->ebp == regs.bp, "a register has changed");
	asm volatile("mov %%ss, %0" : "=r"(ss));
	EXPECT_EQ("ss of the handler", ss & 0xFFFF, inner ? now.ss : now.ss1);
	EXPECT_EQ("ds", f->ds & 0xFFFF, inner ? KERNEL_DS : USER_DS);
	mix(f->vector);
	mix(f->error);
	mix(f->eip);
	mix(f->eflags);
	mix(f->esp * !inner);
	mix(cr2);
	mix(irq);
	mix(here);
	want.vector = -1;
	f->eip = (u32)act_done;
	f->eflags &= ~(EFLAGS_TF | EFLAGS_NT);
	return true;
}

static u32 any(u32 n) { return random32() % n; }
static bool one_in(u32 n) { return !any(n); }

/* What the tables say about an access. */
static void expect_access(u32 va, u32 bytes, bool write, bool user)
{
	u32 a, access = (write ? 2 : 0) | (user ? 4 : 0);

	for (a = va; a - va < bytes; a += PAGE - a % PAGE) {
		u32 pde = pgd[a >> 22], pte = PTE_P | PTE_RW | PTE_US;

		if (pde & PTE_P && !(pde & PTE_PS))
			pte = ((u32 *)(pde & ~(PAGE - 1)))[a >> 12 & 1023];
		pte &= pde;
		if (a >= SWITCHER)
			pte = 0;
		if ((pte & PTE_P) && !(access & ~pte))
			continue;
		want.vector = VEC_PF;
		want.error = access | (pte & PTE_P);
		want.cr2 = a;
		return;
	}
}

static void flush(void)
{
	load_cr3((u32)pgd);
	lagging = false;
}

static void change_tables(void)
{
	static u8 *const pages[] = { page_a, page_b, page_c };
	u32 place = any(4), index = one_in(3) ? 1023 : any(3), rights = one_in(4) ? any(8) : PTE_P | any(4) << 1;

	tables[place][index] = (u32)pages[any(3)] | any(8) | (one_in(2) ? PTE_A : 0) | (one_in(2) ? PTE_D : 0);
	if (one_in(8)) {
		lagging = true;
		return;
	}
	if (!one_in(4)) {
		invlpg(places[place] + index * PAGE);
		return;
	}
	/* The large page, of our own code and data, only to read. */
	pgd[places[place] >> 22] = one_in(8) ? (rights & ~PTE_RW) | PTE_PS : (u32)tables[place] | rights;
	flush();
}

/* What a kernel has just used is in the shadows; what it has not is a doubt, which C resolves. */
static void use_linear(void)
{
	u32 i;

	peek(LINEAR);
	for (i = 0; i < 4; i++)
		if (!one_in(8))
			peek(LINEAR + (u32)tables[i]);
	if (!one_in(8))
		peek(LINEAR + (u32)pgd);
	if (!one_in(8))
		poke(LINEAR + (u32)&shared.blocked_interrupts, 0);
	if (!one_in(8))
		poke((u32)trap_stack_top - 8, 0);
}

static void change_gates(void)
{
	u32 v = vectors[any(sizeof(vectors))];

	idt_put(v, make_gate(KERNEL_CS, stubs[v], one_in(4) ? GATE_TRAP : GATE_INTERRUPT, 0));
}

static void change_stack(void)
{
	static const u16 segments[] = { KERNEL_DS, OTHER_DS, KERNEL_DS, SHORT_DS };

	now.stack = (u32)trap_stack_top - any(64) * 4;
	now.ss1 = segments[any(4)];
	hcall(HC_SET_STACK, now.ss1, now.stack, 2);
}

static u32 at_ring3(u32 arg) { act(); return arg; }

static void one(void)
{
	u32 va = places[any(4)] + (one_in(3) ? 1023 : any(4)) * PAGE + any(PAGE / 4) * 4;
	bool user = one_in(2);

	if (one_in(16) && user)
		va = SWITCHER + any(0x10000) * 4;
	else if (!lagging && one_in(8) && (user || va < SWITCHER - PAGE))
		va |= PAGE - 2;		/* half of it on the next page */
	act_kind = one_in(3) ? any(KINDS) : any(FETCH);
	regs.at = va;
	regs.bx = random32();
	regs.dx = act_kind == DIVIDE ? 0 : 1000 + any(1000);
	regs.si = random32();
	regs.di = random32();
	regs.bp = random32();
	now.ring = user ? 3 : 1;
	now.flags = (random32() & FLAGS & (one_in(4) ? ~0u : ~(u32)EFLAGS_NT)) | 2 | (one_in(8) ? EFLAGS_TF : 0);
	now.irq = one_in(2) ? RINGLET_IF : 0;
	act_flags = now.flags;
	asm volatile("mov %%ss, %0" : "=r"(now.ss));
	now.ss &= 0xFFFF;
	want.vector = -1;
	want.error = 0;
	switch (act_kind) {
	case FETCH:
		expect_access(va, 1, false, user);
		if (want.vector < 0 || lagging)
			return;			/* who knows what stands there */
		break;
	case DIVIDE: want.vector = VEC_DE; break;
	case UNDEFINED: want.vector = VEC_UD; break;
	case BOUND: want.vector = VEC_BR; break;
	case FPU: want.vector = VEC_NM; hcall(HC_TS, 1, 0, 0); break;
	default:
		expect_access(va, 4, act_kind == WRITE, user);
	}
	now.closes = want.vector >= 0 && (idt[want.vector].hi >> 8 & 15) == GATE_INTERRUPT;
	trap_hook = hook;
	shared.irq_enabled = now.irq;
	if (user)
		exec_user(at_ring3, 0);
	else
		act();
	shared.irq_enabled = 0;
	trap_hook = NULL;
	EXPECT(want.vector < 0 || (lagging && want.vector == VEC_PF), "kind %u at %x, ring %u: no trap %d", act_kind, va, now.ring, want.vector);
	if (act_kind == FPU)
		hcall(HC_TS, 0, 0, 0);
}

static u32 number(const char *s)
{
	u32 n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (u32)(*s - '0');
	return n;
}

void test_main(void)
{
	u32 i, n = number(option("count")), a;

	random_seed = number(option("seed")) * 2654435761u | 1ull << 50;
	paging_init();
	for (a = 0; a < ram_bytes(); a += 1 << 22)
		pgd[(LINEAR + a) >> 22] = a | PTE_P | PTE_RW | PTE_PS | PTE_A | PTE_D;
	pgd[SWITCHER >> 22] = (u32)tables[0] | PTE_P;	/* which nobody may see */
	flush();
	gdt_put(OTHER_DS >> 3, 0xFFFF, SEG(2, 1));
	gdt_put(SHORT_DS >> 3, 0xFFFE, SEG(2, 1));
	shared_init(variant_is("slow") ? 0 : RINGLET_F_LINEAR);
	for (i = 0; i < sizeof(vectors); i++)
		idt_put(vectors[i], make_gate(KERNEL_CS, stubs[vectors[i]], GATE_INTERRUPT, 0));
	change_stack();
	for (i = 0; i < (n ? n : 20000); i++) {
		if (one_in(6))
			change_tables();
		if (one_in(20))
			change_gates();
		if (one_in(10))
			change_stack();
		if (one_in(30))
			flush();
		if (one_in(3))
			use_linear();
		one();
	}
	EXPECT(trapped > i / 4, "%u of %u trapped", trapped, i);
	print("digest %08x of %u traps", digest, trapped);
}
