/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each processor has of its own: its struct cpu, and its lguest_pages with the GDT, IDT and
 * TSS.  These are loaded here once and never replaced by other tables.
 */
#include <string.h>
#include "arch/x86/regs.h"
#include "hv/cpu/cpu.h"
#include "hv/lib/lib.h"
#include "hv/mem/mem.h"

static struct cpu cpus[MAX_CPUS];

/* The address of the GDT tells which CPU this is: each has its own, in its own pages. */
struct cpu *this_cpu(void)
{
	struct table_reg gdtr;

	asm volatile("sgdt %0" : "=m"(gdtr));
	return &cpus[(gdtr.base - LGUEST_PAGES(0)) / LP_STRIDE];
}

struct state_page *cpu_state(struct cpu *c)
{
	return frame_ptr(c->state_frame);
}

static hfn_t need_frame(void)
{
	hfn_t f = frame_alloc_zeroed();

	if (hfn_x(f) == hfn_x(HFN_NONE))
		panic("no memory for CPU structures");
	return f;
}

void double_fault(void);
void double_fault(void)
{
	/* The processor has saved the broken task in its TSS. */
	const struct tss *t = &((struct state_page *)(LGUEST_PAGES(0) + LP_STATE))->tss;
	struct host_frame f = {
		.es = t->es, .ds = t->ds, .edi = t->edi, .esi = t->esi, .ebp = t->ebp,
		.esp_unused = t->esp, .ebx = t->ebx, .edx = t->edx, .ecx = t->ecx, .eax = t->eax,
		.trap = VEC_DF, .eip = t->eip, .cs = t->cs, .eflags = t->eflags,
	};

	panic_trap(&f);
}

static void build_tables(struct cpu *c, struct state_page *s)
{
	static u8 df_stack[8192] __attribute__((aligned(16)));
	struct host_page *host = (struct host_page *)(c->pages + LP_HOST);

	descriptors_init(s, c->pages);
	host->df_tss = (struct tss){
		.eip = (u32)double_fault, .cs = HV_CS, .eflags = EFLAGS_FIXED,
		.esp = (u32)df_stack + sizeof(df_stack), .ss = HV_DS, .ds = HV_DS, .es = HV_DS,
		.cr3 = (u32)hv_pgd, .iomap = sizeof(struct tss),
	};
}

static void load_tables(struct cpu *c)
{
	struct table_reg gdtr = { sizeof(struct desc) * GDT_ENTRIES - 1,
				  c->pages + LP_STATE + offsetof(struct state_page, gdt) };
	struct table_reg idtr = { sizeof(struct desc) * 256 - 1,
				  c->pages + LP_STATE + offsetof(struct state_page, idt) };

	asm volatile("lgdt %0\n\t"
		     "ljmp %3, $1f\n"
		     "1:\n\t"
		     "movl %2, %%ds\n\tmovl %2, %%es\n\tmovl %2, %%ss\n\t"
		     "movl %4, %%fs\n\tmovl %4, %%gs\n\t"
		     "lldt %w4\n\t"
		     "lidt %1"
		     : : "m"(gdtr), "m"(idtr), "r"(HV_DS), "i"(HV_CS), "r"(0) : "memory");
	asm volatile("ltr %w0" : : "r"(HV_TSS));
}

void percpu_init(void)
{
	struct cpu *c = &cpus[0];
	u32 *table;
	hfn_t text = hpa_hfn(hpa((u32)switcher_load)), regs = need_frame(), host = need_frame();

	c->id = 0;
	c->pages = LGUEST_PAGES(c->id);
	c->cr0 = read_cr0();
	c->cr4 = read_cr4();
	c->state_frame = need_frame();
	c->guest_table = need_frame();

	hostmap_set_top(SWITCHER_TEXT, text, false);
	hostmap_set_top(c->pages + LP_REGS, regs, true);	/* until a vcpu's register page takes its place */
	hostmap_set_top(c->pages + LP_STATE, c->state_frame, true);
	hostmap_set_top(c->pages + LP_HOST, host, true);

	/* What a guest's address space has there: no host page, and the state page read-only. */
	table = frame_ptr(c->guest_table);
	table[(SWITCHER_TEXT >> PAGE_SHIFT) & 1023] = hpa_x(hfn_hpa(text)) | PTE_P | PTE_A;
	table[((c->pages + LP_STATE) >> PAGE_SHIFT) & 1023] =
		hpa_x(hfn_hpa(c->state_frame)) | PTE_P | PTE_A;

	build_tables(c, cpu_state(c));
	load_tables(c);
}
