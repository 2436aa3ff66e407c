/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why the guest came out: each trap goes to whoever handles it, with its own error code or none, and the machine's own
 * never to the guest.  (What touches DR6 is for bare guests.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include "arch/x86/irq.h"
#include "arch/x86/regs.h"
#include "hv/lib/lib.h"
#include "hv/run/run.h"
#include "tests/unit/test.h"

static struct cpu cpu;
static struct guest g;
static struct vcpu_regs frame[2];	/* [1]; from virtual-8086 mode it begins earlier */
static struct vcpu v = { .guest = &g, .regs = &frame[1] };
static char did[200];
static enum fault_result fault;
static u32 fault_err;			/* as shadow_fault() leaves it */
static bool emulates, stepped, good_selectors = true;
static jmp_buf out;

static void note(const char *fmt, ...)
{
	u32 n = (u32)strlen(did);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(did + n, sizeof(did) - n, fmt, ap);
	va_end(ap);
}

struct cpu *this_cpu(void) { return &cpu; }
void panic(const char *fmt, ...) { note("panic %s", fmt); longjmp(out, 1); }
void guest_kill(struct guest *who, const char *fmt, ...) { (void)who; (void)fmt; note("kill"); }
void irq_dispatch(u32 vector) { note("irq %x", vector); }
void hypercall(struct vcpu *who) { (void)who; note("hypercall"); }
void trap_inject(struct vcpu *who, u32 vector, bool has, u32 error) { (void)who; note(has ? "trap %u %x" : "trap %u", vector, error); }
void trap_inject_pf(struct vcpu *who, u32 cr2, u32 error) { (void)who; note("page fault %x %x", cr2, error); }
void emulate_mmio(struct vcpu *who, gva_t a, gpa_t reg) { (void)who; note("mmio %x %x", gva_x(a), gpa_x(reg)); }
enum exit_reason emulate_gp(struct vcpu *who, u32 error) { (void)who; note("gp %x", error); return EXIT_EMULATE; }
bool emulate_ud(struct vcpu *who) { (void)who; return emulates; }
bool virq_stepped(struct vcpu *who, u32 trap) { (void)who; note("step %u ", trap); return stepped; }
bool selector_ok_cs(const struct vcpu *who, u16 sel) { (void)who; (void)sel; return good_selectors; }
bool selector_ok_ss(const struct vcpu *who, u16 sel, u16 cs) { (void)who; (void)sel; (void)cs; return good_selectors; }

enum fault_result shadow_fault(struct vcpu *who, gva_t a, u32 *err, gpa_t *reg)
{
	(void)who;
	note("fault %x %x ", gva_x(a), *err);
	*reg = gpa(0xF0000010);
	*err |= fault_err;
	return fault;
}

static void gives(u32 trap, u32 error, enum exit_reason reason, const char *what)
{
	frame[1].error = error;
	*did = 0;
	if (!setjmp(out))
		CHECK_EQ(handle_exit(&v, trap, 0x1234), reason);
	CHECK_STR(did, what);
}

static void all(void)
{
	char want[40];
	u32 n;

	for (n = 0; n < 20; n++) {
		if (n == VEC_DB || n == VEC_NMI || n == VEC_GP || n == VEC_PF || n == VEC_MC)
			continue;
		sprintf(want, n == 8 || (n >= 10 && n <= 12) || n == 17 ? "trap %u 79" : "trap %u", n);
		gives(n, 0x79, EXIT_EXCEPTION, want);
	}
	emulates = true;
	gives(VEC_UD, 0, EXIT_EMULATE, "");
	gives(VEC_DE, 0, EXIT_EXCEPTION, "trap 0");
	emulates = false;
	gives(VEC_GP, 0x69, EXIT_EMULATE, "gp 69");
	gives(VEC_MC, 0, EXIT_EXCEPTION, "panic machine check");
	gives(VEC_NMI, 0, EXIT_NMI, "");
	CHECK_EQ(cpu.nmis, 1);
	gives(RINGLET_TRAP, 0, EXIT_HYPERCALL, "hypercall");
	for (n = IRQ_BASE; n < 256; n++) {
		sprintf(want, "irq %x", n);
		gives(n, 0, EXIT_INTERRUPT, want);
	}
	gives(SWITCH_FAILED | VEC_GP, 0, EXIT_BADENTRY, "kill");
	v.step = 1;				/* what we step over an instruction for is told first */
	gives(VEC_GP, 0, EXIT_EMULATE, "step 13 gp 0");
	v.step = 0;
}

static void page_faults(void)
{
	fault = FAULT_FILLED;			/* only the bits that a guest may know of */
	gives(VEC_PF, 0xFFFFFFFF, EXIT_PF_FILL, "fault 1234 7 ");
	fault = FAULT_KILLED;
	gives(VEC_PF, 2, EXIT_PF_FILL, "fault 1234 2 ");
	fault = FAULT_MMIO;
	gives(VEC_PF, 2, EXIT_MMIO, "fault 1234 2 mmio 1234 f0000010");
	fault = FAULT_GUEST;
	fault_err = 1;				/* what its own tables say */
	gives(VEC_PF, 4, EXIT_PF_GUEST, "fault 1234 4 page fault 1234 5");
}

/* The frame's words are one place further on, the machine's own traps are the machine's all the same. */
static void virtual_8086(void)
{
	v.ring3_cs = 0x73;
	v.ring3_ss = 0x7B;
	gives(EXIT_V86 | VEC_GP, 0, EXIT_EXCEPTION, "trap 13 0");
	CHECK(frame[1].cs == 0x73 && frame[1].ss == 0x7B, "%x, %x", frame[1].cs, frame[1].ss);
	CHECK(!(frame[1].eflags & (EFLAGS_VM | EFLAGS_IOPL)), "eflags %x", frame[1].eflags);
	gives(EXIT_V86 | IRQ_BASE, 0, EXIT_INTERRUPT, "trap 13 0irq 20");
	gives(EXIT_V86 | VEC_NMI, 0, EXIT_NMI, "trap 13 0");
	gives(EXIT_V86 | VEC_PF, 0, EXIT_EXCEPTION, "trap 13 0");
	good_selectors = false;
	gives(EXIT_V86 | VEC_GP, 0, EXIT_EXCEPTION, "kill");
}

int main(void)
{
	CASE("all vectors");
	all();
	CASE("page faults");
	page_faults();
	CASE("virtual-8086 mode");
	virtual_8086();
	return passed();
}
