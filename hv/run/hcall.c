/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls: a table of small functions.  Each takes its arguments from a copy of the registers,
 * checks them all, then acts.  As in lguest, none returns an error: a call that cannot be right
 * kills the guest, with a reason.
 */
#include <stdio.h>
#include <string.h>
#include "arch/x86/regs.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"
#include "hv/run/run.h"

#define OFF(field)	offsetof(struct ringlet_shared, field)

#define RING_CYCLES	100000u	/* for the ring's calls in one exit; the last one may go beyond */
#define RING_FREE	0xFFu
#define INT_BYTES	2u	/* int $0x1f */

struct call {
	u32 nr, b, c, d, s;
	bool direct;		/* not from the asynchronous ring, so it may return values */
};

static void hcall_bad(struct vcpu *v, const struct call *c, const char *what)
{
	guest_kill(v->guest, "hypercall %u (%x, %x, %x): %s", c->nr, c->b,
		   c->c, c->d, what);
}

static void hcall_result(struct vcpu *v, const struct call *c, u32 val)
{
	if (c->direct)
		v->regs->eax = val;
}

static void hc_nothing(struct vcpu *v, const struct call *c)
{
	(void)v;
	(void)c;
}

static void hc_init(struct vcpu *v, const struct call *c)
{
	gpa_t page = gpa(c->b);
	bool ours = c->c == RINGLET_MAGIC;

	if (v->have_shared)
		hcall_bad(v, c, "the shared page is there already");
	else if (!shared_register(v, page, ours))
		hcall_bad(v, c, "the shared page is not in its memory");
	else
		hcall_result(v, c, ours ? RINGLET_VERSION : 0);
}

/* Copies the NUL-ended string at a, cut to fit.  It also ends where the guest's RAM ends. */
static void guest_string(struct guest *g, gpa_t a, char *buf, u32 len)
{
	u32 i;

	for (i = 0; i + 1 < len; i++)
		if (!gmem_read(g, gpa(gpa_x(a) + i), &buf[i], 1) || !buf[i])
			break;
	buf[i] = 0;
}

static void hc_shutdown(struct vcpu *v, const struct call *c)
{
	u32 message = c->b, how = c->c;
	char words[128] = "", *w;

	if (how < SHUTDOWN_POWEROFF || how > SHUTDOWN_HALT) {
		hcall_bad(v, c, "no such way to shut down");
		return;
	}
	if (message)
		guest_string(v->guest, gpa(message), words, sizeof(words));
	for (w = words; (w = strchr(w, '\n')); )
		*w = ' ';
	plain_text(words);
	guest_stopped(v->guest, how, words);
}

static void hc_new_pgtable(struct vcpu *v, const struct call *c)
{
	u32 cr3 = c->b, asid = c->c;	/* 0: none; otherwise counted from 1 */
	bool flush = c->d;

	if (asid > RINGLET_ASIDS) {
		hcall_bad(v, c, "no such address-space number");
		return;
	}
	/* For lguest's guests paging is on from their first page table. */
	if (!(v->cr0 & CR0_PG))
		shadow_flush_all(v->guest);
	v->cr0 |= CR0_PG;
	shadow_new_root(v, cr3, (int)asid - 1, flush);
}

static void hc_flush_tlb(struct vcpu *v, const struct call *c)
{
	bool all = c->b;

	if (all)
		shadow_flush_all(v->guest);
	else
		shadow_flush_user(v);
}

static void hc_idt_entry(struct vcpu *v, const struct call *c)
{
	u32 vector = c->b;
	struct desc gate = { c->c, c->d };

	idt_set(v, vector, gate);
}

static void hc_set_stack(struct vcpu *v, const struct call *c)
{
	u32 ss = c->b, esp = c->c;

	if ((ss & 3) != 1) {
		hcall_bad(v, c, "the trap stack must be a ring 1 segment");
		return;
	}
	v->ss1 = ss;
	v->esp1 = esp;
	v->tables_changed = true;
}

static void hc_ts(struct vcpu *v, const struct call *c)
{
	bool on = c->b;

	v->cr0 = on ? v->cr0 | CR0_TS : v->cr0 & ~CR0_TS;
	vcpu_new_control(v);
}

static void hc_clockevent(struct vcpu *v, const struct call *c)
{
	u32 ns = c->b;

	timer_set(v, ns);
}

static void hc_halt(struct vcpu *v, const struct call *c)
{
	(void)c;
	virq_enable(v, true);
	v->guest->stats.halts++;
	v->halted = !virq_waiting(v);
}

/* Only hints: the address whose entry changed is flushed, or all addresses of the directory
 * entry. */
static void hc_set_pte(struct vcpu *v, const struct call *c)
{
	gva_t a = gva(c->c);

	shadow_flush_everywhere(v->guest, a);
}

static void hc_set_pgd(struct vcpu *v, const struct call *c)
{
	u32 cr3 = c->b, index = c->c;

	shadow_flush_directory(v->guest, cr3, index);
}

static void hc_no_pae(struct vcpu *v, const struct call *c)
{
	hcall_bad(v, c, "PAE is not offered");
}

static void hc_load_tls(struct vcpu *v, const struct call *c)
{
	gpa_t descriptors = gpa(c->b);
	struct desc d[3];
	u32 i;

	if (!gmem_read(v->guest, descriptors, d, sizeof(d))) {
		hcall_bad(v, c, "descriptors outside its memory");
		return;
	}
	for (i = 0; i < 3; i++)
		gdt_set(v, 6 + i, d[i]);
}

static void hc_gdt_entry(struct vcpu *v, const struct call *c)
{
	u32 index = c->b;
	struct desc d = { c->c, c->d };

	gdt_set(v, index, d);
}

static void hc_notify(struct vcpu *v, const struct call *c)
{
	gpa_t text = gpa(c->b);
	char line[256];

	guest_string(v->guest, text, line, sizeof(line));
	console_print(v->guest, line, strlen(line));
}

static void hc_iret(struct vcpu *v, const struct call *c)
{
	u32 err, at, sp = segment_base(v, v->regs->ss) + v->regs->esp, eax;

	if (!c->direct || !gva_read(v, gva(sp), &eax, sizeof(eax), 0, &err, &at)) {
		hcall_bad(v, c, "no stack to return from");
		return;
	}
	/* virq_deliver() does the rest: eip is now at the start of the no-interrupt region. */
	v->regs->eax = eax;
	v->regs->esp += 4;
}

static void hc_cpuid(struct vcpu *v, const struct call *c)
{
	u32 leaf = c->b, subleaf = c->c;
	struct vcpu_regs *r = v->regs;

	if (c->direct)
		guest_cpuid(leaf, subleaf, &r->eax, &r->ebx, &r->ecx, &r->edx);
}

static void hc_console_write(struct vcpu *v, const struct call *c)
{
	u32 text = c->b, len = c->c, done, n;
	char buf[256];

	if (len > PAGE_SIZE) {
		hcall_bad(v, c, "too long for the console");
		return;
	}
	for (done = 0; done < len; done += n) {
		n = MIN(len - done, sizeof(buf));
		if (!gmem_read(v->guest, gpa(text + done), buf, n)) {
			hcall_bad(v, c, "text outside its memory");
			return;
		}
		console_print(v->guest, buf, n);
	}
}

static void hc_invlpg(struct vcpu *v, const struct call *c)
{
	gva_t a = gva(c->b);

	shadow_flush_one(v, a);
}

static void hc_kick(struct vcpu *v, const struct call *c)
{
	u32 device = c->b, queue = c->c;

	if (!c->direct)
		hcall_bad(v, c, "a kick cannot wait in the ring");
	else if (!vdev_kick(v->guest, device, queue))
		hcall_bad(v, c, "no such device");
}

static void hc_sleep(struct vcpu *v, const struct call *c)
{
	u64 until = (u64)c->c << 32 | c->b;

	timer_set_at(v, until);
	hc_halt(v, c);
}

/* The guest has put another page in place of this one, and is about to write there. */
static void hc_refill(struct vcpu *v, const struct call *c)
{
	gva_t a = gva(c->b);
	u32 error = PFERR_W | PFERR_U;
	gpa_t reg;

	shadow_flush_one(v, a);
	shadow_fault(v, a, &error, &reg);	/* if that cannot be, a fault will show it */
}

static void hc_flush_range(struct vcpu *v, const struct call *c)
{
	u32 a = c->b, pages = c->c, i;

	if (pages > RINGLET_RANGE) {
		hcall_bad(v, c, "too many pages");
		return;
	}
	for (i = 0; i < pages; i++)
		shadow_flush_one(v, gva(a + i * PAGE_SIZE));
}

static void (*const calls[HC_MAX])(struct vcpu *, const struct call *) = {
#define X(id, name, handler) [HC_##id] = hc_##handler,
	HYPERCALLS(X)
#undef X
};

static void hcall_perform(struct vcpu *v, const struct call *c)
{
	if (c->nr >= HC_MAX || !calls[c->nr]) {
		hcall_bad(v, c, "no such hypercall");
		return;
	}
	v->guest->stats.hypercall[c->nr]++;
	calls[c->nr](v, c);
}

/* Is there a call in the ring's next slot?  Its status is read as a part of its word: quickly. */
static bool async_waiting(struct vcpu *v)
{
	u32 at = OFF(hcall_status) + v->next_async, word;

	return v->have_shared && shared_get(v, at & ~3u, &word) && (word >> at % 4 * 8 & 0xFF) != RING_FREE;
}

/* Runs the calls waiting in the ring, in order, at most one round; each slot is copied whole before
 * it is used.  None begins after RING_CYCLES, or while console output has to be shown first.
 * False: the rest is left for the next exit. */
static bool async_calls(struct vcpu *v)
{
	u64 until = rdtsc() + RING_CYCLES;
	u8 free = RING_FREE;
	u32 n;

	for (n = 0; n < RINGLET_RING_SIZE && guest_alive(v->guest); n++) {
		u32 i = v->next_async;
		struct ringlet_async_call a;
		struct call c;

		if (!async_waiting(v))
			return true;
		if (rdtsc() > until || console_too_far(v->guest))
			return false;
		v->next_async = (i + 1) % RINGLET_RING_SIZE;
		shared_read(v, OFF(hcalls) + i * sizeof(a), &a, sizeof(a));
		c = (struct call){ a.eax, a.ebx, a.ecx, a.edx, a.esi, false };
		v->guest->stats.async_calls++;
		hcall_perform(v, &c);
		shared_write(v, OFF(hcall_status) + i, &free, 1);
	}
	return true;
}

void hypercall(struct vcpu *v)
{
	const struct vcpu_regs *r = v->regs;
	struct call c = { r->eax, r->ebx, r->ecx, r->edx, r->esi, true };
	u64 before = v->guest->stats.async_calls;
	bool done = !async_waiting(v) || async_calls(v);

	/* What a kick sets off may take as long as the ring may, so it gets an exit of its own. */
	if (!done || (c.nr == HC_KICK && v->guest->stats.async_calls != before)) {
		v->regs->eip -= INT_BYTES;	/* the guest makes this call again, and we go on then */
		return;
	}
	if (guest_alive(v->guest))
		hcall_perform(v, &c);
}
