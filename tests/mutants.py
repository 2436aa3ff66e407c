#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bugs planted on purpose, one at a time: for each decision that isolation or fairness rests on, some test must fail.

    make mutants                        all that were not seen yet, as long as it takes
    tests/mutants.py shadow unit/ring   what has that in its file or its tests
    tests/mutants.py -a                 those seen before, too
    tests/mutants.py -j 2               two at a time

A test that cannot fail proves nothing.  An entry names the tests that should see it, what is there, and what it
becomes; a fourth word explains why none can.  One that no longer fits the source is an error, so the list keeps up
with it.  `build` as a test: it must not compile.
"""
import argparse
import hashlib
import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
    sys.dont_write_bytecode = True

import mutate
from ringlet import ROOT, Failure, check

EXPLAINED = 0.05    # at most so many of them
SAMPLE = 36         # as many are tried with all other tests, ...
SAMPLE_SECONDS = 120    # ... if that takes no longer
QUICK = ("unit/", "guests/")    # tests whose layers are that quick, ...
SLOW = ("guests/worst", "guests/timely")    # ... but for these
# These among them: a bit that no shadow entry may have, in each; only the audit, asked after a bare guest, can see it.
ALWAYS = [("hv/mem/shadow.c", "return hpa_x(hfn_hpa(frame)) | PTE_P | PTE_A | rights;")]

MUTANTS = {
    "hv/lib/chacha20.c": [
        ("unit/entropy", "(i + 3) % 4", "(i + 1) % 4"),
        ("unit/entropy", "round < 10", "round < 9"),
        ("unit/entropy", "x[i] + in[i]", "x[i]"),
        ("unit/entropy", "rol(x[d] ^ x[a], 16)", "rol(x[d] ^ x[a], 15)"),
        ("unit/entropy", "rol(x[b] ^ x[c], 12)", "rol(x[b] ^ x[c], 11)"),
        ("unit/entropy", "v >> (32 - n)", "v >> (31 - n)"),
    ],
    "hv/lib/log.c": [
        ("unit/log", "(*s < ' ' || *s > '~')", "(*s < ' ')"),
        ("unit/log", "(*s < ' ' || *s > '~')", "(*s > '~')"),
        ("unit/log", "\tplain_text(line);\n", ""),
        ("unit/log", "line[strcspn(line, \"\\r\\n\")] = '\\0';", ";"),
        ("unit/log", "sizeof(line) - (size_t)n", "sizeof(line)"),
        ("unit/log", "ring_head > RING ? ring_head - RING : 0", "0"),
        ("unit/log", "while (at != end && ring[at++ % RING] != '\\n')", "while (0)"),
        ("unit/log", "if (n < LINE - 1)", "if (1)", "no line in the ring is longer: each was LINE bytes at most when it was kept"),
    ],
    "hv/mem/audit.c": [
        ("unit/shadow", "if (!e)\n\t\t\tcontinue;\n\t\ta->entries++;", "if (!(e & PTE_P))\n\t\t\tcontinue;\n\t\ta->entries++;"),
        ("unit/shadow", "if ((e & ~(PTE_FRAME | PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)) ||\n\t\t    ", "if ("),
        ("unit/shadow", "(e & (PTE_P | PTE_A)) != (PTE_P | PTE_A))\n\t\t\tviolation", "0)\n\t\t\tviolation"),
        ("unit/shadow", "else if (!owned_has(", "else if (0 && !owned_has("),
        ("unit/shadow", "if (links != r->links)", "if (0)"),
        ("unit/shadow", "if (r->entries[SWITCHER_DIR] & PTE_US)", "if (0)"),
        ("unit/shadow", "if (count_links(s, t) != t->parents)", "if (0)"),
        ("unit/shadow", "a->tables != s->pages || ", ""),
        ("unit/shadow", "(e & PTE_FRAME) != hpa_x(hfn_hpa(t->page)) ||", ""),
        ("unit/shadow", "a->lagging++;", ";"),
    ],
    "hv/mem/gmem.c": [
        ("unit/gmem", "PAGE_SIZE - offset", "PAGE_SIZE"),
        ("unit/gmem", "hfn_x(h) == hfn_x(HFN_NONE)", "0"),
        ("unit/gmem", "memset(to, 0, len);", ";"),
        ("unit/gmem", "gpa_x(a) & 3 ? NULL : ", ""),
        ("unit/gmem", "*v = p ? *p : 0;", "if (p)\n\t\t*v = *p;"),
        ("unit/gmem", "return p && __sync_bool_compare_and_swap(p, old, new);", "if (p)\n\t\t*p = new;\n\treturn p;"),
        ("unit/gmem", "\t\tt = gpa(gpa_x(t) + n);\n", ""),
        ("unit/gmem", "return GMEM_BAD_TARGET;", "return GMEM_BAD_SOURCE;"),
        ("unit/gmem", "memset(p, 0, n);", ";"),
    ],
    "hv/mem/guest.c": [
        ("unit/guest", "\tif (!guest_has_life(g))\n\t\treturn;\t\t\t/* only the first reason is kept */", ""),
        ("unit/guest", "\tg->restart = false;\n\tguest_end(g, GUEST_CRASHED);", "\tguest_end(g, GUEST_CRASHED);"),
        ("unit/guest", "how == SHUTDOWN_CRASH ? GUEST_CRASHED", "how == SHUTDOWN_HALT ? GUEST_CRASHED"),
        ("unit/guest", "\tg->work_at = 0;\n", ""),
        ("unit/guest", "- (g->mem_pages - g->work_at)", "- g->work_at"),
        ("unit/guest", "(mem_pages + 1023) / 1024", "mem_pages / 1024"),
        ("unit/guest", "else if (ending && g->restart)", "else if (ending)"),
    ],
    "hv/mem/gva.c": [
        ("unit/shadow", "w->flags &= w->pte;", ";"),
        ("unit/shadow", "if (gva_x(a) >= SWITCHER_BASE)", "if (0)"),
        ("unit/shadow guests/stack.read-only", "access | ACCESS_WRITE", "access"),
        ("unit/shadow guests/stack.misaligned", "PAGE_SIZE - (gva_x(a) & ~PAGE_MASK)", "PAGE_SIZE"),
        ("unit/shadow", "((access & ACCESS_USER) && !(w->flags & PTE_US))", "0"),
        ("unit/shadow", "((access & ACCESS_WRITE) && !(w->flags & PTE_RW))", "0"),
        ("unit/shadow", "w->present = w->pte & PTE_P;", "w->present = true;"),
        ("unit/shadow", "\tif (!(w->pde & PTE_P))\n\t\treturn NULL;\n", ""),
        ("unit/shadow", "\t\tw->table = gfn(gfn_x(w->table) & ~1023u);\n", ""),
        ("unit/shadow", "access & ACCESS_WRITE ? PTE_A | PTE_D : PTE_A", "PTE_A"),
        ("unit/shadow", "set_bits(v, w->pde_addr, &w->pde, PTE_A);", ";"),
        ("guests/fetch guests/emulate", "*at = gva_x(a);", "*at = 0;"),
    ],
    "hv/mem/hostmap.c": [
        ("system/own-memory", "a == (u32)stack_guard || ", ""),
        ("system/own-memory guests/hello", "\tinvlpg((const void *)va);\n", "", "nothing was cached there when it changes, but the register page between guests: and QEMU empties its TLB with CR3"),
    ],
    "hv/mem/mem.c": [
        ("unit/mem", "+ PAGE_SIZE - 1) >> PAGE_SHIFT), false)", ") >> PAGE_SHIFT), false)"),
        ("unit/mem", "\tif (!unused)\n\t\treturn HFN_NONE;\n", "\tif (!unused)\n\t\treturn hfn(1);\n"),
        ("unit/mem", "free_bits[cursor] &= ~BIT(bit);", ";"),
        ("unit/mem", "memset(frame_ptr(f), 0, PAGE_SIZE);", ";"),
        ("unit/mem", "if (is_free(n))", "if (0)"),
        ("unit/mem", "n < FIRST_MIB >> PAGE_SHIFT || ", ""),
        ("unit/mem", "reserve((u32)hv_start, (u32)hv_end);", ";"),
        ("unit/mem", "reserve(0, FIRST_MIB);", ";"),
        ("unit/mem", "reserve(bi->module[i].start, bi->module[i].end);", ";"),
        ("unit/mem", "MIN(bi->ram[i].end, SWITCHER_BASE)", "bi->ram[i].end"),
        ("unit/mem", "set_range(first, first + pages, false);", ";"),
        ("unit/mem", "run = is_free(f) ? run + 1 : 0;", "run = run + is_free(f);"),
    ],
    "hv/mem/p2m.c": [
        ("unit/gmem", "gfn_x(f) >= g->mem_pages", "gfn_x(f) > g->mem_pages"),
        ("unit/gmem", " || !g->p2m[LEAF(f)]", ""),
        ("unit/gmem guests/hello", "g->p2m[LEAF(f)][SLOT(f)] = HFN_NONE;", ";"),
        ("unit/gmem guests/hello", "% LEAF_FRAMES", "% 512"),
        ("unit/gmem guests/hello", "\t\tg->p2m[i] = NULL;\n", ""),
        ("unit/gmem guests/hello", "frame_free(ptr_frame(g->p2m[i]));", ";"),
        ("unit/gmem guests/hello", "hfn_t leaf = frame_alloc_zeroed();", "hfn_t leaf = frame_alloc();"),
    ],
    "hv/mem/shadow.c": [
        ("guests/gate.gate", "\t\tpde &= ~PTE_US;", "\t\t;"),
        ("guests/low-shut", "if (shadow_low_shut && ", "if (0 && "),
        ("guests/shadow-model", "((u32 *)frame_ptr(t->page))[index_of(a)] = 0;", ";"),
        ("unit/shadow", "(gpte & (PTE_RW | PTE_D)) == (PTE_RW | PTE_D)", "(gpte & PTE_RW)"),
        ("unit/shadow", "if ((gpde & PTE_RW) && (!t->large || (gpde & PTE_D)))", "if (gpde & PTE_RW)"),
        ("unit/shadow", "\t\tflush = true;\n", ""),
        ("unit/shadow", "\tr->entries[dir] = 0;\n\tr->spt[dir] = NULL;", "\tr->spt[dir] = NULL;"),
        ("guests/hello", "return hpa_x(hfn_hpa(frame)) | PTE_P | PTE_A | rights;", "return hpa_x(hfn_hpa(frame)) | PTE_P | PTE_A | 0x008 | rights;"),
        ("unit/shadow", "u32 rights = gpte & PTE_US;", "u32 rights = PTE_US;"),
        ("unit/shadow", "u32 rights = gpde & PTE_US;", "u32 rights = PTE_US;"),
        ("unit/shadow guests/tlb guests/roots guests/selfmap guests/storm", "else if (user || t->user ||", "else if (user ||", "a kernel address may show what a user one had cached: nobody had asked to flush it there"),
        ("unit/shadow", "\t\t((u32 *)frame_ptr(t->page))[index_of(a)] = 0;\n", ""),
        ("unit/shadow", "if (dir_of(a) >= kernel_dir(v->guest))", "if (0)"),
        ("unit/shadow", "(e & (PTE_P | PTE_A)) != (PTE_P | PTE_A)", "!(e & PTE_P)"),
        ("unit/shadow guests/frames.last", "\t\th = p2m_lookup(g, f);\n\t\tif (hfn_x(h) == hfn_x(HFN_NONE))\n\t\t\tcontinue;\n", "\t\th = p2m_lookup(g, f);\n"),
        ("unit/shadow", "\twalk_touch(v, &w, access);\n", ""),
        ("guests/hello", "| PTE_P | PTE_RW | PTE_A;\n\treturn hfn_hpa(r->pgd);", "| PTE_P | PTE_RW | PTE_US | PTE_A;\n\treturn hfn_hpa(r->pgd);"),
        ("unit/shadow", "\tspt_empty(t);\n\tg->stats.shadow_tables++;", "\tg->stats.shadow_tables++;"),
        ("guests/hello", "frame_free(s->pool[i].page);", ";"),
        ("unit/shadow guests/frames.beyond", "if (g->bus && g->bus->has(g, *mmio))", "if (g->bus)"),
        ("guests/links", "user || t->user || !linked_at(s, t, dir, make_pde(t, w->pde))", "user || t->user"),
        ("guests/links", "user || t->user || !linked_at(s, t, dir, make_pde(t, w->pde))", "!linked_at(s, t, dir, make_pde(t, w->pde))"),
    ],
    "hv/cpu/watchdog.c": [
        ("guests/v86.spin", "\tpresent = true;", ""),
        ("guests/v86.spin", "DELIVER_NMI | PERIODIC", "PERIODIC"),
    ],
    "hv/mem/mem.h": [
        ("guests/v86.iopl-direct", "entries[V86_DIR] & PTE_US", "entries[V86_DIR] & 0"),
    ],
    "hv/cpu/cpuid.c": [
        ("guests/cpuid@max", "\t\t*d &= LEAF1_EDX;", "\t\t;"),
        ("guests/cpuid@max", "(*c & LEAF1_ECX)", "*c"),
        ("guests/cpuid@max", "*b &= LEAF7_EBX;", ";"),
        ("guests/cpuid@max", "\t\t\t*d &= LEAF81_EDX;", "\t\t\t;"),
        ("guests/cpuid@max", "max = MIN(max, 0x80000004u);", ";"),
        ("unit/cpuid", "(*c & LEAF1_ECX) |", "*c |"),
        ("unit/cpuid", "\t\t*d &= LEAF1_EDX;", ""),
        ("unit/cpuid", "\t\t\t*b &= LEAF7_EBX;", ""),
        ("unit/cpuid", "*a = MIN(max, 7u);", "*a = max;"),
        ("unit/cpuid", "if (leaf > max || leaf > 7)", "if (leaf > 7)"),
        ("unit/cpuid", "*d &= LEAF81_EDX;", ""),
        ("unit/cpuid", "MIN(max, 0x80000004u)", "max"),
        ("unit/cpuid", "*b &= 0x0000FFFF;", ""),
        ("guests/cpuid", "*d &= LEAF1_EDX;", ";"),
    ],
    "hv/cpu/segments.c": [
        ("guests/gate.later", "\tv->gdt[index] = descriptor_approve(index, d);\n\tv->tables_changed = true;", "\tv->gdt[index] = descriptor_approve(index, d);"),
        ("guests/gate.lgdt", "\t\tv->gdt[i] = new;\n\t}\n\tv->tables_changed = true;", "\t\tv->gdt[i] = new;\n\t}"),
        ("guests/gate.ring3", "SEL_RPL(sel) >= 1 && SEL_RPL(sel) == desc_dpl(*d)", "SEL_RPL(sel) >= 1"),
        ("unit/segments", "index >= GDT_ENTRIES || descriptor_reserved(index)", "descriptor_reserved(index)"),
        ("unit/segments", "(!new.hi && in_use(v, i))", "0"),
        ("unit/segments", "d && (d->hi & DESC_CODE) && SEL_RPL(sel) >= 1 &&", "d && SEL_RPL(sel) >= 1 &&"),
        ("unit/segments", "!(d->hi & DESC_CODE) && (d->hi & DESC_RW) && SEL_RPL(sel) == SEL_RPL(cs)", "!(d->hi & DESC_CODE) && SEL_RPL(sel) == SEL_RPL(cs)"),
        ("unit/segments", "if (!d || last < offset)", "if (!d)"),
        ("unit/segments", "offset > desc_limit(*d) && last", "offset >= desc_limit(*d) && last"),
        ("unit/segments", "MIN(limit + 1u, sizeof(d))", "MIN(limit + 8u, sizeof(d))"),
        ("guests/limits", "if (!d || last < offset)", "if (!d)"),
        ("guests/limits", "return !write && (d->hi & DESC_RW) && last", "return (d->hi & DESC_RW) && last"),
        ("guests/limits", "return !write && (d->hi & DESC_RW) && last", "return !write && last"),
        ("guests/limits", "if (write && !(d->hi & DESC_RW))", "if (0)"),
        ("guests/limits", "return offset > desc_limit(*d)", "return offset >= desc_limit(*d)"),
        ("guests/limits", "(d->hi & DESC_DB ? ~0u : 0xFFFF)", "~0u"),
        ("guests/limits", "\treturn last <= desc_limit(*d);", "\treturn offset <= desc_limit(*d);"),
        ("guests/limits", "MIN(desc_limit(*d) - offset, most - 1) + 1", "most"),
    ],
    "hv/cpu/descriptors.c": [
        ("guests/gate.gate", "\t    desc_dpl(to) != ring || (type", "\t    (type"),
        ("guests/gate.gate", "(type != GATE_TASK && !desc_is_code(to))", "0"),
        ("guests/gate.later", "MAX(desc_dpl(d), 1u)", "desc_dpl(d)"),
        ("guests/descriptors", "\t\tkeep &= ~DESC_EC;", "\t\t;"),
        ("guests/descriptors", "(d.hi & (DESC_P | DESC_S)) != (DESC_P | DESC_S)", "!(d.hi & DESC_P)"),
        ("guests/descriptors", "\t\tif (!descriptor_reserved(i))\n\t\t\ts->gdt[i] = v->gdt[i];", "\t\ts->gdt[i] = v->gdt[i];"),
        ("guests/swint", "GATE_INTERRUPT, i == RINGLET_TRAP, HV_CS", "GATE_INTERRUPT, 3, HV_CS"),
        ("guests/descriptors", "GATE_INTERRUPT, i == RINGLET_TRAP, HV_CS", "GATE_INTERRUPT, i == RINGLET_TRAP ? 3 : 0, HV_CS"),
        ("guests/gate.gate", "build_gate(s->gdt, 1, GATE_TRAP,", "build_gate(s->gdt, 1, GATE_INTERRUPT,"),
        ("guests/gate.stack", "selector_ok_ss(v, v->ss1, 1) ? v->ss1 : 0", "v->ss1"),
        ("guests/emulate", "s->tss.iomap = sizeof(struct tss);", "s->tss.iomap = 0;"),
        ("guests/gate.gate", "\t\ts->idt[c->direct_vector] = (struct desc){ 0 };", "\t\t;"),
        ("unit/segments", "SEL_RPL(sel) != ring ||\n\t    desc_dpl(to) != ring || ", ""),
        ("unit/segments", "\t\tkeep &= ~DESC_EC;\t/* conforming code: nobody needs it */", "\t\t;"),
        ("unit/segments", "MAX(desc_dpl(d), 1u), desc_base(d)", "desc_dpl(d), desc_base(d)"),
        ("unit/segments", "if ((d.hi & (DESC_P | DESC_S)) != (DESC_P | DESC_S))\n\t\treturn (struct desc){ 0 };", "if (!(d.hi & DESC_P))\n\t\treturn (struct desc){ 0 };"),
        ("unit/segments", "selector_ok_ss(v, v->ss1, 1) ? v->ss1 : 0", "v->ss1"),
        ("unit/segments", "\tif (c->direct_vector)\n\t\ts->idt[c->direct_vector] = (struct desc){ 0 };\n", ""),
        ("unit/segments guests/swint", "i == RINGLET_TRAP, HV_CS", "i == RINGLET_TRAP ? 1 : 3, HV_CS"),
        ("unit/segments guests/descriptors", "i == RINGLET_TRAP, HV_CS", "i == RINGLET_TRAP ? 3 : 0, HV_CS"),
        ("unit/segments guests/emulate guests/switcher.pages", "s->tss.iomap = sizeof(struct tss);", "s->tss.iomap = 0;"),
    ],
    "hv/cpu/shared.c": [
        ("unit/shared", "extended ? sizeof(s) : OFF(version);", "OFF(version);"),
        ("unit/shared", "(gpa_x(a) & 3) || ", ""),
        ("unit/shared", "s.kernel_address < 256) {", "s.kernel_address <= 256) {"),
        ("unit/shared", "extended ? s.guest_features : 0", "s.guest_features"),
        ("unit/shared", "\tv->next_async = 0;\n", ""),
        ("unit/shared", "\tshadow_flush_all(v->guest);\n", ""),
        ("unit/shared", "if (v->extended && !sys_clock.mult)", "if (!sys_clock.mult)"),
        ("unit/shared", "if (v->extended && !sys_clock.mult)", "if (0)"),
        ("unit/shared", "u32 len = extended ? sizeof(s) : OFF(version);", "u32 len = sizeof(s);"),
        ("guests/shared.askew", "(gpa_x(a) & 3) || ", ""),
    ],
    "hv/cpu/decode.c": [
        ("unit/decode", "if (bytes == 1)", "if (bytes == 9)"),
        ("unit/decode", "if (c->at >= c->n)", "if (c->at > c->n)"),
        ("unit/decode", "((sib >> 3) & 7) != 4", "1"),
        ("unit/decode", "if (i->mod == 0 && i->base == 5) {", "if (i->mod == 0 && i->rm == 5) {"),
        ("unit/decode", "n < INSN_MAX ? n : INSN_MAX", "n"),
        ("unit/decode", "i->mod == 1 ? 1 : 4", "4"),
        ("unit/decode", "case 0x67: return false;", "case 0x67: break;"),
        ("unit/decode", "i->op16 ? 2 : 4); break;", "4); break;"),
    ],
    "hv/cpu/emulate.c": [
        ("guests/step", "\t\tinsn_done(v, i.len);\n\treturn EXIT_EMULATE;", "\t\tv->regs->eip += i.len;\n\treturn EXIT_EMULATE;"),
        ("guests/emulate", "\tif (cpl(v) == 1)\n", ""),
        ("guests/emulate", "if (val & ~CR4_ALLOWED)", "if (0)"),
        ("guests/ldt-dr", "DR7_FIXED | (val & ~DR7_ENABLES)", "val"),
        ("guests/sti", "\tif (!were_on)\n\t\tvirq_hold(v);\n", ""),
        ("guests/sti", "\tv->regs->eip += i->len;\n\tvirq_hold(v);", "\tv->regs->eip += i->len;"),
        ("guests/limits", "return operand_get(v, i, 2, &msw) && write", "operand_get(v, i, 2, &msw); return write"),
        ("guests/triple.protected", "if (!(val & CR0_PE)) {", "if (0) {"),
        ("guests/emulate", "if (cpl(v) == 1)", "if (1)"),
        ("guests/swint", "!is_int || !trap_gate_open(v, vector)", "!is_int"),
        ("guests/tlb", "shadow_flush_one(v, operand_linear(v, i));", ";"),
        ("guests/pending", "v->halted = !(virq_waiting(v) && virq_enabled(v));", "v->halted = true;"),
        ("guests/emulate", "if (*count == 8)\n\t\treturn false;", "if (0)\n\t\treturn false;"),
    ],
    "hv/cpu/emulate_io.c": [
        ("guests/step", "r->eflags & EFLAGS_TF ? 1 : STRING_CHUNK", "STRING_CHUNK"),
        ("guests/emulate", "EFLAGS_DF ? -size : size", "0 ? -size : size"),
        ("guests/limits", "if (!segment_write(v, SEG_ES, r->edi, &data, size))", "if (!segment_write(v, SEG_DS, r->edi, &data, size))"),
        ("guests/limits", "\t\t\treturn false;\n\t\tr->ecx--;", "\t\t\t;\n\t\tr->ecx--;"),
        ("guests/worst.rep-out", "#define STRING_CHUNK\t64", "#define STRING_CHUNK\t6400000"),
        ("guests/emulate", "reg_set(v, 0, size, ~0u);", ";"),
        ("guests/emulate", "r->eflags & EFLAGS_DF ? -size : size", "size"),
        ("guests/emulate", "r->ecx--;", ";"),
    ],
    "hv/cpu/emulate_mmio.c": [
        ("guests/limits", "if (!operand_allowed(v, &i, size, write))", "if (0)"),
        ("guests/limits", "operand_allowed(v, &i, size, write)", "operand_allowed(v, &i, size, false)"),
        ("guests/step", "\tinsn_done(v, i.len);", "\tv->regs->eip += i.len;"),
        ("guests/virtio-rings", "insn_done(v, i.len);", ";"),
        ("guests/virtio-rings", "case OP_MOV_IMMEDIATE: return i->imm;", "case OP_MOV_IMMEDIATE: return 0;"),
    ],
    "hv/cpu/emulate_old.c": [
        ("guests/limits@pentium", "\t\tif (!operand_get(v, &i, size, &val))\n\t\t\treturn true;", "\t\tif (!operand_get(v, &i, size, &val))\n\t\t\treturn false;"),
        ("guests/limits@pentium", "if (emulate_condition(i.op & 15, v->regs->eflags))", "if (0)"),
        ("guests/cmov@pentium", "if (cpu_has(CPU_CMOV))", "if (1)"),
    ],
    "hv/cpu/host_traps.c": [
        ("guests/hello", "if (f->trap >= IRQ_BASE && f->trap < IRQ_BASE + IRQ_LINES)", "if (0)"),
        ("guests/timely", "\tif (f->eip == (uintptr_t)wait_hlt)\n\t\tf->eip++;\n", "", "an interrupt between sti and hlt waits for the next: never by QEMU, where sti covers one instruction and the line is polled after it"),
    ],
    "hv/cpu/operand.c": [
        ("guests/limits", "seg == SEG_SS ? VEC_SS : VEC_GP", "VEC_GP"),
        ("guests/limits", "i->base == REG_ESP || i->base == REG_EBP ? SEG_SS : SEG_DS", "SEG_DS"),
        ("guests/limits", "offset, len, true, &a))", "offset, len, false, &a))"),
        ("guests/step", "\tv->dr[6] |= DR6_BS;\n", ""),
        ("guests/step", "\tv->halted = false;\n", ""),
        ("guests/fetch", "\tn = at - a;", "\tn = 0;"),
        ("guests/limits", "if (segment_at(v, sel, offset, len, write, a))", "if (segment_at(v, sel, offset, len, write, a) || 1)"),
    ],
    "hv/cpu/percpu.c": [
        ("guests/switcher.pages guests/descriptors", "hpa_x(hfn_hpa(c->state_frame)) | PTE_P | PTE_A;", "hpa_x(hfn_hpa(c->state_frame)) | PTE_P | PTE_A | PTE_RW;"),
        ("guests/switcher.pages", "hpa_x(hfn_hpa(text)) | PTE_P | PTE_A;", "hpa_x(hfn_hpa(text)) | PTE_P | PTE_A | PTE_RW;"),
    ],
    "hv/cpu/traps.c": [
        ("guests/v86.iopl-direct", " && !shadow_low_open(v->guest)", ""),
        ("guests/v86.ring3-cs0", "\t\tv->ring3_cs = r->cs;\n", ""),
        ("guests/gate.reset", "v->syscall_vec >= SWITCHER_VECTORS && ", ""),
        ("guests/sti", "segment_base(v, ss) + (sp & mask)", "segment_base(v, ss) + sp"),
        ("guests/swint", "MAX(desc_dpl(v->idt[vector]), 1u) >= ", "desc_dpl(v->idt[vector]) >= "),
        ("guests/swint", "MAX(desc_dpl(v->idt[vector]), 1u) >= ", "3 >= "),
    ],
    "hv/cpu/vcpu.c": [
        ("guests/hidden", "\tasm volatile(\"movl %0, %%fs; movl %0, %%gs\" : : \"r\"(0));\n", ""),
        ("guests/hidden", "\tset_control(c, c->cr0 & ~(CR0_EM | CR0_TS), c->cr4);", ";"),
        ("guests/tsd", "\t\twrite_cr4(c->cr4 = cr4);", "\t\tc->cr4 = cr4;"),
        ("guests/tsd", "#define CR4_GUESTS\tCR4_TSD", "#define CR4_GUESTS\t0"),
        ("system/bochs-guests", "CR0_TS | CR0_AM)", "CR0_TS)"),
        ("guests/fpu", "\tfpu_restore(v);\n", "\n"),
    ],
    "hv/cpu/watchdog.c": [
        ("guests/low-shut", "shadow_low_shut = true;", ";"),
    ],
    "hv/cpu/virq.c": [
        ("guests/iret-window", " || !selector_ok_cs(v, f[1])", ""),
        ("guests/iret-window", "!selector_ok_ss(v, f[4], f[1])", "0"),
        ("guests/sti", "while (is_prefix(op));", "while (0);"),
        ("guests/sti", "(b & 0xE7) == 0x26", "b == 0x26"),
        ("guests/sti", "\tcase OP_POP_SS:\n", ""),
        ("guests/sti", "== SEG_SS ? STEP_NONE : STEP_PLAIN", "== SEG_SS ? STEP_PLAIN : STEP_PLAIN"),
        ("guests/sti", "next == OP_LSS ? STEP_NONE", "next == OP_LSS ? STEP_PLAIN"),
        ("guests/sti", "(r->esp & stack_mask(v, r->ss)) + 1", "r->esp + 1"),
        ("guests/dead-halt", "virq_waiting(v) && virq_enabled(v)) {", "virq_waiting(v)) {"),
        ("guests/late-gates", "if (!trap_has_gate(v, RINGLET_FIRST_VECTOR + __builtin_ctz(left)))", "if (!gate_type(v->idt[RINGLET_FIRST_VECTOR + __builtin_ctz(left)]))"),
        ("guests/late-gates", "\t\t\tready &= ~(left & -left);", "\t\t\tready = 0;"),
        ("guests/late-gates", "\t\t\tready &= ~(left & -left);", "\t\t\t;"),
        ("guests/syscall-window", "else if (!at_syscall_entry(v))", "else"),
        ("guests/syscall-window", "gate_type(v->idt[v->syscall_vec]) == GATE_INTERRUPT;", "true;"),
        ("guests/sti", "\t\tif (held(v))\n\t\t\tstep(v);\n\t\telse if", "\t\tif"),
        ("guests/sti", "trap == VEC_DB && kind == STEP_PUSHF &&", "0 &&"),
        ("guests/sti", "\tcase OP_INT3 ... OP_INTO:\n", ""),
        ("guests/sti", "\tif (trap == VEC_DB)\n\t\tv->hold = false;\n", ""),
        ("guests/sti", "\t\tr->eflags &= ~EFLAGS_TF;", "\t\t;"),
        ("guests/pending guests/storm", "v->irq_pending &= ~BIT(irq);", ";"),
    ],
    "hv/load/cmdline.c": [
        ("unit/boot", "n >= key_len && ", ""),
        ("unit/boot", "(n == key_len || word[key_len] == '=')", "1"),
        ("unit/boot", "MIN((size_t)(word + n - value), (size_t)len - 1)", "(size_t)(word + n - value)"),
        ("unit/boot", "i < 32 ? BIT(i) : 0", "~0u"),
        ("unit/boot", "bool file = !i && ", "bool file = "),
        ("unit/boot", " && !memchr(word, '=', n)", ""),
    ],
    "hv/load/config.c": [
        ("unit/config", "if (n % PAGE_SIZE)", "if (0)"),
        ("unit/config", "return any && !(mac[0] & 1);", "return any;"),
        ("unit/config", "if (n < least)", "if (0)"),
        ("unit/config", "if (n > MEMORY_MAX)", "if (0)"),
        ("unit/config", "if (p->guest->disks == CONFIG_MAX_DISKS) {", "if (0) {"),
        ("unit/config", "if (p->guest->nets == CONFIG_MAX_NETS) {", "if (0) {"),
        ("unit/config", "if (c->guests == CONFIG_MAX_GUESTS) {", "if (0) {"),
    ],
    "hv/load/images.c": [
        ("unit/boot", "string[start - 1] != '/'", "string[start - 1]"),
        ("unit/boot", "strcspn(string, \" \\t\")", "strcspn(string, \" \")"),
        ("unit/boot", "if (image_find(names[count])) {", "if (0) {"),
        ("unit/boot", "if (!names[count][0]) {", "if (0) {"),
        ("unit/boot", "m->end - m->start };", "m->end };"),
        ("unit/boot", "if (!strcmp(images[i].name, name))", "if (!strncmp(images[i].name, name, strlen(name)))"),
    ],
    "hv/load/kernel_image.c": [
        ("unit/kernel", "n.len > n.size || ", ""),
        ("unit/kernel", "n.offset > size || ", ""),
        ("unit/kernel", "n.len > size - n.offset", "0"),
        ("unit/kernel", "phnum > (size - phoff) / PH_SIZE", "0"),
        ("unit/kernel", "if (n->gpa < KERNEL_LOWEST)", "if (0)"),
        ("unit/kernel", "n->gpa > RAM_LIMIT || n->size > RAM_LIMIT - n->gpa", "n->gpa + n->size > RAM_LIMIT"),
        ("unit/kernel", "a - k->piece[i].gpa < k->piece[i].len", "a - k->piece[i].gpa <= k->piece[i].len"),
        ("unit/kernel", "MIN(0x202u + data[BZ_JUMP_BYTES], SETUP_END)", "(0x202u + data[BZ_JUMP_BYTES])"),
        ("unit/kernel", "size >= MAX(BZ_LEAST, SETUP_END) && ", ""),
        ("unit/kernel", "if (k->pieces == KERNEL_PIECES)", "if (0)"),
        ("unit/kernel", "if (start >= size)", "if (0)"),
        ("unit/kernel", "need > RAM_LIMIT - at", "0"),
    ],
    "hv/load/load.c": [
        ("guests/hello", "put(bp, BP_E820_TABLE + 8, g->cfg->memory, 4);", "put(bp, BP_E820_TABLE + 8, g->cfg->memory + 4096, 4);"),
    ],
    "hv/dev/console.c": [
        ("guests/hello", "c->said++ % CONSOLE_SCROLLBACK", "c->said % CONSOLE_SCROLLBACK"),
    ],
    "hv/dev/disk.c": [
        ("unit/blk", "frames_free() > guests_promised()", "1"),
        ("unit/blk", "*e = d->image ? ZERO : AS_IMAGE;", "*e = AS_IMAGE;"),
        ("unit/blk", "memcpy(frame_ptr(f), old, image_bytes(d, n));", ";"),
        ("unit/blk", "return *e == ZERO ? NULL :", "return *e == ZERO ? image_block(d, n) :"),
        ("unit/blk", "\t\tframe_free(hfn(*e));\n\t\td->changed--;", "\t\td->changed--;"),
        ("unit/blk", "MIN(BLK_BLOCK, d->bytes - n * BLK_BLOCK)", "BLK_BLOCK"),
        ("unit/blk", "d->in_place = d->image && !cfg->ro && !cfg->cow;", "d->in_place = d->image && !cfg->ro;"),
        ("unit/blk", "if (leaf[i] > ZERO)", "if (0)"),
    ],
    "hv/dev/disk_save.c": [
        ("unit/blk", "0xEDB88320", "0xEDB88321"),
        ("unit/blk", "n + 1 < save.disk->blocks || ", ""),
        ("unit/blk", "if (export_room() < 2 * sizeof(struct header) + BLK_BLOCK)", "if (0)"),
        ("unit/blk", "save.crc = crc32(save.crc, &h.crc, sizeof(h.crc));", ";"),
    ],
    "hv/dev/entropy.c": [
        ("unit/entropy", "\tmemcpy(key, block, sizeof(key));\n", ""),
        ("unit/entropy", "memcpy(out, block + WORDS, sizeof(key))", "memcpy(out, block + WORDS, sizeof(key) - 1)"),
        ("unit/entropy", " || same == 2", ""),
        ("unit/entropy", "key[i] ^= moments[i] ^ processors_own();", "key[i] = moments[i] ^ processors_own();", "what was in the pool before is lost: no output shows that"),
        ("unit/entropy", "n = MIN(len - done, sizeof(out));", "n = sizeof(out);"),
        ("unit/entropy", "if (failed || !(cpu_info", "if (!(cpu_info"),
    ],
    "hv/dev/lan.c": [
        ("guests/worst.net-empty", "flooded && to->guest->work.done - to->work_before > FLOOD_COST", "false"),
        ("guests/net", "\tif (!switch_learn(", "\tif (0 && !switch_learn("),
        ("guests/net", "\t\tif (i != from->index)\n", ""),
    ],
    "hv/dev/vdev.c": [
        ("guests/virtio-rings", "return a + len >= a && a + len <= 0xFFFFFFFFull;", "return true;"),
    ],
    "hv/run/devices.c": [
        ("guests/worst.net-doze", "\tsched_charge(g->vcpu, ns);\n", ""),
        ("guests/worst.blk-doze", "if (v->slice_left_ns > 0)", "if (1)", "one piece a round, which it owes all the same, is little beside a slice"),
        ("guests/worst.console-reset", "\tif (v->devices_wait)\n\t\twork_for(c, v->guest);\n", ""),
        ("guests/blk-freeze guests/virtio-odd", "guest_alive(g) && (g->vdevs_due || console_pending(g))", "guest_alive(g)", "polls devices that have nothing to do: only slower"),
    ],
    "hv/run/loop.c": [
        ("guests/worst.console-reset", "\t\t\telse\n\t\t\t\tsched_charge(v, sched_account(c));\n", ""),
        ("guests/worst.loop", "\t\t\tsched_account(c);\t/* nobody's", "\t\t\t/* nobody's"),
    ],
    "hv/run/exits.c": [
        ("guests/v86.ring1-cs3 guests/v86.ring3-cs3", "\t\treturn virtual_8086(v, trap & 0xFF);", "\t\ttrap &= 0xFF;"),
        ("guests/v86.registers", "\tmemmove(r, (u8 *)(r + 1) - sizeof(struct v86_regs), sizeof(*r));", ""),
        ("guests/v86.ring3-cs0 guests/v86.iopl-direct", "\tr->eflags &= ~(EFLAGS_VM | EFLAGS_IOPL);", ""),
        ("guests/v86.never-ring3", "selector_ok_cs(v, r->cs) && selector_ok_ss(v, r->ss, r->cs)", "1"),
        ("guests/v86.interrupt", "trap >= IRQ_BASE || trap == VEC_NMI || trap == VEC_MC ?", "0 ?"),
        ("system/bochs-guests", "\tasm volatile(\"mov %0, %%dr6\" : : \"r\"(DR6_FIXED));\n", ""),
        ("guests/segments.cs-gone", "if (trap & SWITCH_FAILED) {", "if (0) {"),
        ("guests/step", "v->dr[6] |= causes;", ";"),
        ("guests/sti", "\tif (ours)\n\t\treturn;\n", ""),
    ],
    "hv/run/hcall.c": [
        ("guests/worst.console-ring", "rdtsc() > until || console_too_far(v->guest)", "0"),
        ("guests/last-words", "i + 1 < len", "i < len"),
        ("guests/badcalls", "if (c->nr >= HC_MAX || !calls[c->nr]) {", "if (c->nr >= HC_MAX) {"),
        ("guests/badcalls", "if (c->nr >= HC_MAX || !calls[c->nr]) {", "if (c->nr > HC_MAX || !calls[c->nr]) {"),
        ("guests/badcalls", "if (len > PAGE_SIZE) {", "if (len > PAGE_SIZE + 1) {"),
        ("guests/async", "status == free)", "0)"),
        ("guests/async", "v->next_async = (i + 1) % RINGLET_RING_SIZE;", "v->next_async = 0;"),
        ("guests/badcalls.asid", "if (asid > RINGLET_ASIDS) {", "if (asid > RINGLET_ASIDS + 1) {"),
        ("guests/badcalls.shutdown", "if (how < SHUTDOWN_POWEROFF || how > SHUTDOWN_HALT) {", "if (0) {"),
        ("guests/stack.ss-ring3", "if ((ss & 3) != 1) {", "if ((ss & 3) == 0) {"),
        ("guests/stack.ss-null", "if ((ss & 3) != 1) {", "if ((ss & 3) == 3) {"),
        ("guests/last-words", "for (i = 0; i + 1 < len; i++)", "for (i = 0; i < len; i++)"),
        ("unit/hcall", "i + 1 < len", "i < len"),
        ("unit/hcall", "if (c->nr >= HC_MAX || !calls[c->nr]) {", "if (c->nr > HC_MAX || !calls[c->nr]) {"),
        ("unit/hcall", "\tif (c->direct)\n\t\tguest_cpuid(", "\tguest_cpuid("),
        ("unit/hcall", "!c->direct || !gva_read(", "!gva_read("),
        ("unit/hcall", "if (asid > RINGLET_ASIDS)", "if (asid > RINGLET_ASIDS + 1)"),
        ("unit/hcall", "if ((ss & 3) != 1)", "if ((ss & 3) == 0)"),
        ("unit/hcall", "\tv->tables_changed = true;\n", ""),
        ("unit/hcall", "if (len > PAGE_SIZE)", "if (0)"),
        ("unit/hcall", "gpa(text + done)", "gpa(text)"),
        ("unit/hcall", "how > SHUTDOWN_HALT", "how > SHUTDOWN_HALT + 1"),
        ("unit/hcall", "\tplain_text(words);\n", ""),
        ("unit/hcall", "\tif (v->have_shared)\n\t\thcall_bad", "\tif (0)\n\t\thcall_bad"),
        ("unit/hcall", "v->halted = !virq_waiting(v);", "v->halted = true;"),
        ("unit/hcall", "n < RINGLET_RING_SIZE && guest_alive(v->guest)", "n < RINGLET_RING_SIZE"),
        ("unit/hcall", "n < RINGLET_RING_SIZE && guest_alive(v->guest)", "n < 4000 && guest_alive(v->guest)"),
        ("unit/hcall", "(i + 1) % RINGLET_RING_SIZE", "(i + 1) % (RINGLET_RING_SIZE + 1)"),
        ("unit/hcall", "if (rdtsc() > until || ", "if ("),
        ("unit/hcall", " || console_too_far(v->guest))", ")"),
        ("unit/hcall", "status == free)", "status)"),
        ("unit/hcall", "\t\tshared_write(v, OFF(hcall_status) + i, &free, 1);\n", ""),
        ("unit/hcall", "v->regs->eip -= INT_BYTES;", ";"),
        ("unit/hcall", "\tif (guest_alive(v->guest))\n\t\thcall_perform(v, &c);", "\thcall_perform(v, &c);"),
        ("unit/hcall", "a.eax, a.ebx, a.ecx, a.edx, a.esi, false", "a.eax, a.ebx, a.ecx, a.edx, a.esi, true"),
        ("unit/hcall", "if (v->have_shared && !async_calls(v))", "if (!async_calls(v))"),
    ],
    "hv/run/life.c": [
        ("guests/fresh", "hfn_t h = frame_alloc_zeroed();", "hfn_t h = frame_alloc();"),
        ("guests/hello", "\t\tif (g->shadow.pool)\n\t\t\tshadow_destroy(g);\n", ""),
        ("guests/hello", "\tp2m_free_map(g);\n", ""),
        ("guests/hello", "\t\tif (hfn_x(h) != hfn_x(HFN_NONE))\n\t\t\tframe_free(h);\n", ""),
        ("fuzz/monitor-1", "if (g->state != GUEST_BUILDING && !guest_has_life(g))", "if (0)"),
        ("fuzz/monitor-1", "if (g->state == GUEST_BUILDING || g->state == GUEST_ENDED || g->state == GUEST_DYING)", "if (0)"),
        ("unit/life", "hfn_t h = frame_alloc_zeroed();", "hfn_t h = frame_alloc();"),
        ("unit/life", "\t\t\tframe_free(h);\n\t\t\treturn false;", "\t\t\treturn false;"),
        ("unit/life", "\tleft -= MIN(left, promised);\n", "\t(void)promised;\n"),
        ("unit/life", "if (need > left)", "if (pages > left)"),
        ("unit/life", "\tg->restart = false;\n\tguest_end(g, GUEST_OFF);", "\tguest_end(g, GUEST_OFF);"),
        ("unit/life", "\tg->restart = false;\n\tif (g->state != GUEST_BUILDING", "\tif (g->state != GUEST_BUILDING"),
        ("unit/life", "g->state != GUEST_BUILDING && !guest_has_life(g)", "!guest_has_life(g)"),
        ("unit/life", "\t\tvdevs_destroy(g);\n", ""),
        ("unit/life", "\t\tif (g->shadow.pool)\n\t\t\tshadow_destroy(g);\n", ""),
        ("unit/life", "\t\tsched_remove(g->vcpu);\n\t\tg->vcpu->event_ns = 0;", "\t\tg->vcpu->event_ns = 0;"),
        ("unit/life", "\t\tg->vcpu->event_ns = 0;\n", ""),
        ("unit/life", "\tp2m_free_map(g);\n", ""),
        ("unit/life", "g->restart && now - g->started_ns < HASTY_NS ? g->hasty + 1 : 0;", "0;"),
        ("unit/life", "g->restart && now - g->started_ns < HASTY_NS ?", "g->restart ?"),
        ("unit/life", "\tif (g->hasty < HASTY_MOST)\n\t\thv_log(\"%s: %s\"", "\thv_log(\"%s: %s\""),
        ("unit/life", "(g->state == GUEST_DYING && !is_pausing(g))", "g->state == GUEST_DYING"),
        ("unit/life", "g->work_at == g->mem_pages && g->restart && time_ns()", "g->work_at == g->mem_pages && time_ns()"),
        ("unit/life", "MIN(g->work_at + BUILD_PIECE, g->mem_pages)", "g->mem_pages"),
        ("unit/life", "MIN(g->work_at + FREE_PIECE, g->mem_pages)", "MIN(g->work_at + FREE_PIECE, g->mem_pages - 1)"),
        ("unit/life", "disks_resetting(g) || !wall_known()", "!wall_known()"),
        ("unit/life", "\tif (g->state != GUEST_PAUSED) {", "\tif (0) {"),
        ("unit/life", "\tif (g->state != GUEST_RUNNING) {", "\tif (0) {"),
        ("unit/life", "\tsched_remove(g->vcpu);\n\tg->state = GUEST_PAUSED;", "\tg->state = GUEST_PAUSED;"),
        ("unit/life", "guest_count < MAX_GUESTS ?", "guest_count <= MAX_GUESTS ?"),
        ("unit/life", "\tg->state = g->next_state;", "\tg->state = GUEST_SHUTOFF;"),
        ("unit/life", "\tif (g->cfg->error[0]) {", "\tif (0) {"),
    ],
    "hv/run/loop.c": [
        ("guests/pending", "\t\t\tsched_wake(v);\n", "\t\t\t;\n"),
        ("guests/spin guests/timely", "\tif (loop_urgent())\n\t\tc->resched = true;\n", "", "only a person at the keyboard or a terminal waits for it, and the slice's end is no later than 30 ms"),
    ],
    "hv/run/run.c": [
        ("guests/v86.spin-later", "\twatchdog_set(c->low_open);\n\tshared_update", "\tshared_update"),
        ("guests/iret-window", "EFLAGS_IF | EFLAGS_FIXED;", "EFLAGS_FIXED;"),
        ("guests/v86.iopl-late", " || c->low_open != shadow_low_open(v->guest)", ""),
        ("guests/triple guests/badcalls", "while (guest_alive(v->guest) && sched_ready(v) && !c->resched)", "while (sched_ready(v) && !c->resched)"),
        ("guests/worst.loop", "sched_charge(v, sched_account(c));", "sched_account(c);"),
        ("guests/worst.loop", "c->slice_end_ns = time_ns() + v->slice_left_ns;", "c->slice_end_ns = time_ns() + 10 * v->slice_left_ns;"),
    ],
    "hv/run/sched.c": [
        ("unit/sched", "bool front = v->slice_left_ns >= SLICE_MIN_NS;", "bool front = true;"),
        ("unit/sched", "bool front = v->slice_left_ns >= SLICE_MIN_NS;", "bool front = false;"),
        ("unit/sched", "MIN(v->slice_left_ns + SLICE_NS, SLICE_NS)", "SLICE_NS"),
        ("unit/sched", "\tv->slice_left_ns -= ns;", "\tif ((int64_t)ns < v->slice_left_ns)\n\t\tv->slice_left_ns -= ns;"),
        ("unit/sched", "v->queued || c->running == v ||", "c->running == v ||"),
        ("unit/sched", "!guest_alive(v->guest) || ", ""),
        ("unit/sched", "\tif (c->queue_tail == v)\n\t\tc->queue_tail = last;", ""),
        ("unit/sched", " || v->devices_wait)", ")"),
        ("guests/spin", "if (c->queue_tail == v)", "if (0)"),
        ("guests/worst.loop", "v->slice_left_ns -= ns;", ";"),
    ],
    "hv/run/timer.c": [
        ("unit/timer", "time_ns() + delta_ns : 0;\n\ttimer_program();", "time_ns() + delta_ns : 0;"),
        ("unit/timer", "\tif (c->running)\n\t\tt = MIN(t, c->slice_end_ns);", ""),
        ("unit/timer", "v->event_ns > now)", "v->event_ns > now + 1)"),
        ("unit/timer", "\t\tv->event_ns = 0;", ""),
        ("unit/timer", "c->running && now >= c->slice_end_ns", "c->running && now > c->slice_end_ns + 1000"),
        ("unit/timer", "programmed_ns <= t &&", "programmed_ns <= t + 1000 &&"),
        ("unit/timer", "\tprogrammed_ns = 0;\n", ""),
        ("unit/timer", "if (programmed_ns && programmed_ns <= t && now < programmed_ns + LOST_NS)", "if (0)"),
        ("guests/timely", "\tv->event_ns = delta_ns ? time_ns() + delta_ns : 0;\n\ttimer_program();", "\tv->event_ns = delta_ns ? time_ns() + delta_ns : 0;"),
        ("guests/timer", "v->event_ns > now)", "0)"),
        ("guests/timer", "\t\tv->event_ns = 0;\n\t\tvirq_raise", "\t\tvirq_raise"),
    ],
    "hv/ui/lineedit.c": [
        ("unit/lineedit", "if (e->len == LINE_SIZE - 1)", "if (e->len == LINE_SIZE)"),
        ("unit/lineedit", "e->len - e->pos + 1);\n\te->buf[e->pos++]", "e->len - e->pos);\n\te->buf[e->pos++]"),
        ("unit/lineedit", "if (back > MIN(e->lines, (u32)LINE_HISTORY))", "if (0)"),
        ("unit/lineedit", "e->history[e->lines++ % LINE_HISTORY]", "e->history[e->lines++]"),
        ("unit/lineedit", "if (second || in_escape(e, c))", "if (in_escape(e, c))"),
        ("unit/lineedit", "c == 7 || c == CTRL('c') ||", "c == 7 ||"),
    ],
    "switcher/switcher.S": [
        ("guests/v86.ring3-cs0", "\tjnz\tfrom_v86\n", ""),
        ("guests/v86.registers", "\torl\t$EXIT_V86, (%esp)\t\t/* trap */\n", ""),
        ("guests/hello", "\tmovl\t%edx, %cr3\n", ""),
        ("guests/segments.data", "\tmovl\t$0, FRAME + R_ES(%esp)\n", ""),
    ],
    "switcher/switcher.h": [
        ("guests/bad-entry", "slack[4];\n\tu32 trap, error;\n\tu32 eip, cs, eflags, esp, ss;\n};\n_Static_assert(sizeof(struct vcpu_regs) == 88,", "slack[3];\n\tu32 trap, error;\n\tu32 eip, cs, eflags, esp, ss;\n};\n_Static_assert(1,"),
    ],
    "drivers/virtio/blk.c": [
        ("guests/worst.blk", "i < PIECES_PER_POLL && virtio_may(d) && virtio_live(d)", "i < PIECES_PER_POLL && virtio_live(d)"),
        ("unit/blk", "bytes / BLK_SECTOR > b->disk.sectors - sector", "0"),
        ("unit/blk", "if (writes && b->disk.ro)", "if (0)"),
        ("unit/blk", "bytes % BLK_SECTOR || ", ""),
        ("unit/blk", "sector > b->disk.sectors || ", ""),
        ("unit/blk", "if (r.sectors > MAX_RANGE_SECTORS)", "if (0)"),
        ("unit/blk", "b->done += n;", "b->done += BLK_BLOCK;"),
        ("unit/blk", "if (r.flags & ~(b->type == WRITE_ZEROES ? UNMAP : 0))", "if (0)"),
        ("unit/blk", "MIN(writable - 1, BLK_ID_BYTES)", "writable - 1"),
        ("unit/blk", "blk_of(d)->in_work = false;", ";"),
    ],
    "drivers/virtio/console.c": [
        ("guests/virtio-odd", "i < PIECES_PER_POLL && virtio_may(&c->dev) && more && !c->blocked", "more && !c->blocked"),
    ],
    "drivers/virtio/mmio.c": [
        ("unit/virtio", "\tif (!(value & FEATURES_OK))\n\t\tvalue &= ~DRIVER_OK;\n", ""),
        ("unit/virtio", "(value & DRIVERS_OWN) | d->status", "(value & DRIVERS_OWN)"),
        ("unit/virtio", "if (!(d->status & FEATURES_OK) && d->driver", "if (d->driver"),
        ("unit/virtio", "\tif (vq->ready == value)\n\t\treturn;\n", ""),
        ("unit/virtio", "\tif (vq->ready)\t\t\t/* a live queue does not move */\n\t\treturn;\n", ""),
        ("unit/virtio", "d->isr &= ~value", "d->isr = 0"),
        ("unit/virtio", "\td->generation++;\n", ""),
        ("unit/virtio", "(value & (value - 1))", "0"),
        ("unit/virtio", "(vq->used & 3)", "(vq->used & 1)"),
        ("unit/virtio", "(u64)value << 32", "0 * value"),
        ("unit/virtio", "(d->accepted & ~d->features) || ", ""),
        ("unit/virtio", " || !virtio_has(d, VIRTIO_F_VERSION_1))", ")"),
        ("unit/virtio", "d->queue_sel < d->ops->queues ? &d->queue[d->queue_sel] : NULL", "&d->queue[d->queue_sel]"),
        ("unit/virtio", "if (offset < len)\n", ""),
        ("unit/virtio", "MIN(size, len - offset)", "size"),
        ("unit/virtio", "value > VIRTIO_QUEUE_SIZE || ", ""),
        ("unit/virtio", "q >= d->ops->queues || ", ""),
        ("unit/virtio", "\tif (d->status & NEEDS_RESET)\n\t\treturn;\n", ""),
        ("unit/virtio unit/ring", "== DRIVER_OK;", "& DRIVER_OK;"),
        ("unit/virtio", "memset(d->queue, 0, sizeof(d->queue));", ";"),
        ("unit/virtio unit/ring", "if (!d->queue[q].kicked || !virtio_live(d))", "if (!d->queue[q].kicked)"),
        ("unit/virtio unit/ring", "vq->next_avail = vq->seen_avail = vq->next_used = vq->signalled = 0;", ";"),
    ],
    "drivers/virtio/net.c": [
        ("guests/worst.net-pieces", "bytes < BATCH_BYTES && virtio_may(&n->dev)", "bytes < BATCH_BYTES"),
        ("unit/net", "virtq_unpop(&n->dev, NET_RX, b.count);", ";"),
        ("unit/net", "bytes > sizeof(p->hdr) + NET_MOST", "0"),
        ("unit/net", "p->hdr.flags &= NET_NEEDS_CSUM;", ";"),
        ("unit/net", "if (b->count == MOST_BUFFERS)", "if (0)"),
        ("unit/net", "packets < BATCH && bytes < BATCH_BYTES", "bytes < BATCH_BYTES"),
        ("unit/net", "segments <= MOST_SEGMENTS", "1"),
        ("guests/net-hoard", "\tif (c.readable) {", "\tif (0) {"),
        ("unit/net", "net_hdr_ok(p, n->dev.accepted) ? NET_OK : NET_BAD_HEADER", "NET_OK"),
        ("unit/net", "fate != NET_OK && p->from && !virtio_live(p->from) ? NET_BAD_BUFFER : fate", "fate"),
        ("unit/net", "(gso_type & NET_GSO_ECN) && !virtio_has(&n->dev, NET_F_GUEST_ECN)", "0"),
        ("unit/net", "\tif (q == NET_RX)\n\t\tnet_of(d)->up = false;", ""),
        ("unit/net", "d->guest.settle_within(d->guest.opaque, HOLD_NS);", ";"),
    ],
    "drivers/virtio/offload.c": [
        ("unit/net", "(u32)h->csum_start + h->csum_offset + 2 > p->len", "h->csum_start + 2u > p->len"),
        ("unit/net", "s->head[tcp + 13] &= ~TCP_CWR;", ";"),
        ("unit/net", "h->csum_start < ETH_HEADER ||", ""),
        ("unit/net fuzz/net", "n > NET_HEAD || n > p->len || ", "n > p->len || "),
        ("unit/net", "h->gso_size >= LEAST_GSO", "1"),
        ("unit/net", "(i + 1) * gso < payload", "0"),
        ("unit/net", "put16(ip + 4, be16(ip + 4) + i);", ";"),
        ("unit/net", "s->len = all + MIN(gso, payload - i * gso);", "s->len = all + gso;"),
        ("unit/net", "p->hdr.csum_start != tcp || ", ""),
        ("unit/net", "all >= tcp + 20 && ", ""),
    ],
    "drivers/virtio/ring.c": [
        ("unit/virtio", "if (c->readable + c->writable == VIRTIO_SEGMENTS)", "if (0)"),
        ("unit/virtio", "if (i >= n)", "if (i > n)"),
        ("unit/virtio", "> vq->size) {", "> 2 * vq->size) {"),
        ("unit/ring", "word - 1) >= fresh", "word - 1) > fresh"),
        ("unit/ring", "if (offset < p.base)", "if (0)"),
        ("unit/ring", "\t\tp->base += s->len;\n", ""),
        ("unit/ring", "&vq->next_avail, 2) ||", "&vq->seen_avail, 1) ||"),
        ("unit/ring", "\td->queue[q].next_avail -= n;", ""),
        ("unit/ring", "vq->signalled = vq->next_used;", ""),
        ("unit/ring", "n = MIN(n, len - done);\n\t\tif (!n)", "if (!n)"),
        ("unit/ring", "if (indirect || (s.flags & DESC_NEXT)", "if (indirect || (s.flags & 3)"),
        ("unit/virtio", "else if (!writable && c->writable)", "else if (0)"),
        ("unit/virtio", "if (indirect || (s.flags", "if ((s.flags"),
        ("unit/virtio unit/ring", "s.len % sizeof(s) || ", ""),
        ("unit/virtio unit/ring fuzz/virtio", " || s.len / sizeof(s) > VIRTIO_QUEUE_SIZE", ""),
        ("unit/virtio unit/ring", "!virtio_has(d, VIRTIO_F_INDIRECT_DESC) ||", ""),
        ("unit/ring", "(word & AVAIL_NO_INTERRUPT)", "0"),
        ("unit/virtio", "if (vq->ready && ring_wr(", "if (ring_wr("),
        ("unit/virtio", "s->addr + s->len < s->addr || s->addr + s->len > 0xFFFFFFFFull", "0"),
        ("unit/virtio", "if (!vq->ready || !virtio_live(d))\n\t\treturn false;\n\tif (vq->seen_avail", "if (!vq->ready)\n\t\treturn false;\n\tif (vq->seen_avail"),
        ("unit/virtio", "if (!fresh || !virtio_live(d))", "if (!fresh)"),
    ],
    "drivers/virtio/rng.c": [
        ("unit/entropy", "r->spent_ns += n * NS_PER_BYTE;", ""),
        ("unit/entropy", "MAX(r->spent_ns, now - MIN(now, SAVED_NS))", "r->spent_ns"),
        ("unit/entropy", "MIN(virtio_writable_bytes(&r->chain), MOST)", "virtio_writable_bytes(&r->chain)"),
        ("unit/entropy", ">= MOST * NS_PER_BYTE", ">= 0"),
        ("unit/entropy", " && rng_affordable(rng_of(d))", ""),
    ],
    "drivers/net/inet.c": [
        ("unit/net", "sum += len ? (u32)*d << 8 : 0;", ";"),
        ("unit/net", "(sum & 0xFFFF) + (sum >> 16);\n}\n\nu16", "sum & 0xFFFF;\n}\n\nu16"),
        ("unit/net", "v = (u16)~((sum & 0xFFFF) + (sum >> 16));", "v = (u16)((sum & 0xFFFF) + (sum >> 16));"),
        ("unit/net", "return v ? v : 0xFFFF;", "return v;"),
    ],
    "drivers/net/lanhost.c": [
        ("unit/lanhost", "i + 2 + t->f[i + 1] > t->len", "0"),
        ("unit/lanhost", "(!name[n] || ", "(1 || "),
        ("unit/lanhost", "len < ETH_HEADER || ", ""),
        ("unit/lanhost", "len > LANHOST_FRAME || ", ""),
        ("unit/lanhost", "if (part > 63 || at + part >= t->len)", "if (part > 63)", "reads up to 62 bytes behind the frame, which nobody sees: the sanitizer does not follow %.*s"),
        ("unit/lanhost", "t->len > LANHOST_FRAME || ", ""),
        ("unit/lanhost", "if (target != t->h->ip && target != 0xFFFFFFFF)", "if (0)"),
    ],
    "drivers/net/switch.c": [
        ("unit/switch", "e->seen < best->seen", "e->seen > best->seen"),
        ("unit/switch", "if (switch_owner(s, source) == SWITCH_ALL)\n\t\t*switch_slot", "*switch_slot"),
        ("unit/switch", "if (s->port[port].strict || ", "if ("),
        ("unit/switch", " || mac_is_group(source)", ""),
        ("unit/switch", "if (s->ports == SWITCH_PORTS)", "if (0)"),
        ("unit/switch", "s->learned[i].mac == target && switch_knows(&s->learned[i], now)", "s->learned[i].mac == target"),
        ("unit/switch", "\t\tif (e->mac == mac)\n\t\t\treturn e;\n", ""),
    ],
    "drivers/ps2/kbd.c": [
        ("unit/kbd", "s->skip = 5;", "s->skip = 1;"),
    ],
    "drivers/serial/filter.c": [
        ("unit/filter", "if (s[i] < '0' || s[i] > ';')", "if (s[i] < '0')"),
        ("unit/filter", "static const u32 least[] = { 0, 0, 0xA0,", "static const u32 least[] = { 0, 0, 0x80,"),
        ("unit/filter", "b == CAN || b == SUB)", "b == CAN)"),
    ],
    "drivers/vga/vt.c": [
        ("unit/vt", "was.cells + (row + up) * was.cols", "was.cells + row * was.cols"),
        ("unit/vt", "\tfit_cursor(vt, &vt->saved, up);\n", ""),
    ],
    "boot/multiboot.c": [
        ("unit/multiboot", "if (!s->ram)\n\t\t\treturn false;", ""),
        ("unit/multiboot", "base + len < base ? UINT64_MAX : base + len", "base + len"),
    ],
    "arch/x86/desc.h": [
        ("guests/limits", "limit << 12 | 0xFFF", "limit << 12"),
    ],
    "arch/x86/rtc.c": [
        ("unit/rtc", "year % 4 == 0 &&", "year % 4 == 1 &&"),
        ("unit/rtc", "hour % 12 + (raw[2]", "hour + (raw[2]"),
        ("unit/rtc", "raw[2] & ~HOUR_PM", "raw[2]"),
        ("unit/rtc", "!day || day > 31", "day > 31"),
        ("unit/rtc", "year < 80 ? 2000", "year < 70 ? 2000"),
        ("unit/rtc", "(i == 2 && rtc_leap(year))", "(i == 1 && rtc_leap(year))"),
    ],
    "arch/x86/tsc.c": [
        ("unit/clock", "if ((int64_t)d < 0)", "if (0)"),
        ("unit/clock", " + (d >> 32) * c->mult", ""),
        ("unit/clock", "(u64)(u32)d * c->mult", "(u64)((u32)d * c->mult)"),
        ("unit/clock", "error < best_error)", "error > best_error)"),
        ("unit/clock", "c->shift++", "c->shift += 2"),
        ("unit/clock", "i < MOST_TRIES && best_error > best / GOOD", "0"),
    ],
}


def judged():
    """The list itself: it fits the source, and few are explained away."""
    mutants = mutate.listed(MUTANTS)
    explained = [m for m in mutants if m.why]
    check(len(explained) <= EXPLAINED * len(mutants), f"{len(explained)} of {len(mutants)} mutants are only explained")
    return mutants


def sample():
    """Some of them: the same for the same source, others when it changes."""
    mutants = [m for m in judged() if not m.why]
    always = [m for m in mutants if (m.file, m.old) in ALWAYS]
    check(len(always) == len(ALWAYS), "not all that are always tried are in the list")
    quick = (m for m in mutants if all(t.startswith(QUICK) and not t.startswith(SLOW) for t in m.tests))
    rest = sorted((m for m in quick if m not in always), key=lambda m: m.key())
    return always + rest[:SAMPLE - len(always)]


def report(alive, wrong):
    if alive:
        wrong = wrong + ["no test saw:\n" + "\n".join(f"{m}  ({' '.join(m.tests)})" for m in alive)]
    if wrong:
        raise Failure("\n".join(wrong))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("words", nargs="*")
    p.add_argument("-a", "--all", action="store_true")
    p.add_argument("-j", "--jobs", type=int, default=1)
    args = p.parse_args()
    os.chdir(ROOT)
    try:
        before = set() if args.all else mutate.seen_before()
        mutants = judged()
        chosen = [m for m in mutants if not m.why and (not args.words or any(w in t for w in args.words for t in [m.file] + m.tests))]
        todo = [m for m in chosen if m.key() not in before]
        print(f"{len(chosen)} mutants, {len(chosen) - len(todo)} of them seen before; "
              f"{sum(bool(m.why) for m in mutants)} more are explained", flush=True)
        if todo:
            mutate.untouched(todo)
        alive, wrong = mutate.run(todo, args.jobs, lambda line: print(line, flush=True))
        print(f"{len(chosen) - len(alive) - len(wrong)} seen, {len(alive)} survived, {len(wrong)} wrong")
        report(alive, wrong)
    except Failure as e:
        print(e)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
