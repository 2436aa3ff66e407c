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
SAMPLE = 36         # as many are tried with all other tests
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
        ("guests/segments.cs-gone", "g->last_regs = *g->vcpu->regs;", ";"),
        ("guests/badcalls", "\tif (!guest_has_life(g))\n\t\treturn;\t\t\t/* the first reason counts */\n", ""),
        ("guests/triple guests/badcalls", "\tguest_end(g, GUEST_CRASHED);", "\tguest_end(g, GUEST_SHUTOFF);"),
        ("selftest/bare-guest guests/hello", "how == SHUTDOWN_CRASH ? GUEST_CRASHED : GUEST_SHUTOFF", "GUEST_CRASHED"),
        ("guests/hello", "how == SHUTDOWN_RESTART", "true"),
        ("guests/worst.restart guests/hello", "\tg->work_at = 0;\n", ""),
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
        ("system/own-memory", "\t\tif (image && a < (u32)hv_readonly_end)\n", "\t\tif (0)\n"),
        ("system/own-memory", "for (a = PAGE_SIZE; a < SLOT_SIZE; a += PAGE_SIZE)", "for (a = 0; a < SLOT_SIZE; a += PAGE_SIZE)"),
        ("system/own-memory", "!(a < FIRST_MIB || image || ram_until(bi, a))", "0"),
        ("system/own-memory", "end - a >= SLOT_SIZE", "1"),
        ("system/own-memory", "(writable ? PTE_RW | PTE_D : 0)", "PTE_RW | PTE_D"),
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
        ("unit/shadow", "(gpte & (PTE_RW | PTE_D)) == (PTE_RW | PTE_D)", "(gpte & PTE_RW)"),
        ("unit/shadow", "if ((gpde & PTE_RW) && (!t->large || (gpde & PTE_D)))", "if (gpde & PTE_RW)"),
        ("unit/shadow", "\t\tflush = true;\n", ""),
        ("unit/shadow", "\tr->entries[dir] = 0;\n\tr->spt[dir] = NULL;", "\tr->spt[dir] = NULL;"),
        ("guests/shadow-model", "((u32 *)frame_ptr(t->page))[index_of(a)] = 0;", ";"),
        ("guests/shadow-model", "flush_range(&g->shadow, g->shadow.current, 0, kernel_dir(g));", "flush_range(&g->shadow, g->shadow.current, 0, kernel_dir(g) - 1);"),
        ("guests/shadow-model", "\tif (flush)\n\t\tflush_range(s, r, 0, kernel_dir(g));", "\tif (flush)\n\t\tflush_range(s, r, 0, kernel_dir(g) - 1);"),
        ("guests/shadow-model", "\t\tif (dir_of(a) != SWITCHER_DIR)", "\t\tif (dir_of(a) != SWITCHER_DIR && &g->shadow.root[i] == g->shadow.current)"),
        ("guests/shadow-model", "(e & (PTE_P | PTE_A)) != (PTE_P | PTE_A)", "!(e & PTE_P)"),
        ("guests/hello", "return hpa_x(hfn_hpa(frame)) | PTE_P | PTE_A | rights;", "return hpa_x(hfn_hpa(frame)) | PTE_P | PTE_A | 0x008 | rights;"),
        ("unit/shadow", "u32 rights = gpte & PTE_US;", "u32 rights = PTE_US;"),
        ("unit/shadow", "u32 rights = gpde & PTE_US;", "u32 rights = PTE_US;"),
        ("unit/shadow guests/tlb guests/roots guests/selfmap guests/storm", "else if (user || t->user ||", "else if (user ||"),
        ("unit/shadow guests/tlb guests/roots guests/selfmap guests/storm", "else if (user || t->user ||", "else if (t->user ||"),
        ("unit/shadow guests/tlb guests/roots guests/selfmap guests/storm", "user || t->user || !linked_at(s, t, dir)", "user || t->user"),
        ("unit/shadow guests/tlb guests/roots guests/selfmap guests/storm", "if (r->entries[dir] && (pde & ~r->entries[dir]))", "if (0)"),
        ("unit/shadow guests/tlb guests/roots guests/selfmap guests/storm", "!t || t->user || r->spt[dir]", "!t || r->spt[dir]"),
        ("unit/shadow", "\t\t((u32 *)frame_ptr(t->page))[index_of(a)] = 0;\n", ""),
        ("unit/shadow guests/tlb guests/roots guests/selfmap guests/storm", " || gpde >> PAGE_SHIFT != gfn_x(t->table)", ""),
        ("unit/shadow guests/tlb guests/roots guests/selfmap guests/storm", "r->entries[dir] &= make_pde(t, gpde);", ";"),
        ("unit/shadow", "if (dir_of(a) >= kernel_dir(v->guest))", "if (0)"),
        ("unit/shadow", "(e & (PTE_P | PTE_A)) != (PTE_P | PTE_A)", "!(e & PTE_P)"),
        ("unit/shadow guests/frames.last", "\t\th = p2m_lookup(g, f);\n\t\tif (hfn_x(h) == hfn_x(HFN_NONE))\n\t\t\tcontinue;\n", "\t\th = p2m_lookup(g, f);\n"),
        ("unit/shadow", "\twalk_touch(v, &w, access);\n", ""),
        ("guests/hello", "| PTE_P | PTE_RW | PTE_A;\n\treturn hfn_hpa(r->pgd);", "| PTE_P | PTE_RW | PTE_US | PTE_A;\n\treturn hfn_hpa(r->pgd);"),
        ("unit/shadow", "\tspt_empty(t);\n\tg->stats.shadow_tables++;", "\tg->stats.shadow_tables++;"),
        ("unit/shadow guests/tlb guests/roots guests/selfmap guests/storm", " || r == s->current ||", " ||"),
        ("guests/hello", "frame_free(s->pool[i].page);", ";"),
        ("unit/shadow guests/tlb guests/roots guests/selfmap guests/storm", "gfn_x(t->table) == gfn_x(table) && t->large == large", "gfn_x(t->table) == gfn_x(table)"),
        ("unit/shadow guests/frames.beyond", "if (g->bus && g->bus->has(g, *mmio))", "if (g->bus)"),
        ("guests/badcalls.edges", "dir < SWITCHER_DIR && r->spt[dir]", "r->spt[dir]"),
    ],
    "hv/cpu/cpuid.c": [
        ("guests/emulate", "*d &= LEAF1_EDX;", ";"),
        ("guests/emulate", "(*c & LEAF1_ECX) | LEAF1_ECX_HYPERVISOR", "*c | LEAF1_ECX_HYPERVISOR"),
        ("guests/emulate", "*b &= LEAF7_EBX;", ";"),
        ("guests/emulate", "*d &= LEAF81_EDX;", ";"),
        ("guests/emulate", "if (leaf > max || leaf > 7)", "if (leaf > max)"),
        ("guests/emulate", "*b &= 0x0000FFFF;", ";"),
    ],
    "hv/cpu/decode.c": [
        ("unit/decode", "if (bytes == 1)", "if (bytes == 9)"),
        ("unit/decode", "if (c->at >= c->n)", "if (c->at > c->n)"),
    ],
    "hv/cpu/host_traps.c": [
        ("guests/hello", "if (f->trap >= IRQ_BASE && f->trap < IRQ_BASE + IRQ_LINES)", "if (0)"),
        ("guests/timely", "\tif (f->eip == (uintptr_t)wait_hlt)\n\t\tf->eip++;\n", "", "an interrupt between sti and hlt waits for the next: never by QEMU, where sti covers one instruction and the line is polled after it"),
    ],
    "hv/cpu/percpu.c": [
        ("guests/swint", "switcher_stubs[i], GATE_INTERRUPT, 0)", "switcher_stubs[i], GATE_INTERRUPT, 3)"),
        ("guests/swint guests/descriptors", "switcher_stubs[RINGLET_TRAP], GATE_INTERRUPT, 1)", "switcher_stubs[RINGLET_TRAP], GATE_INTERRUPT, 3)"),
        ("guests/emulate guests/switcher.pages", "s->tss.iomap = sizeof(struct tss);", "s->tss.iomap = 0;"),
        ("guests/switcher.pages guests/descriptors", "hpa_x(hfn_hpa(c->state_frame)) | PTE_P | PTE_A;", "hpa_x(hfn_hpa(c->state_frame)) | PTE_P | PTE_A | PTE_RW;"),
        ("guests/switcher.pages", "hpa_x(hfn_hpa(text)) | PTE_P | PTE_A;", "hpa_x(hfn_hpa(text)) | PTE_P | PTE_A | PTE_RW;"),
        ("guests/switcher.pages", "\thostmap_set_top(c->pages + LP_HOST, host, true);", "\thostmap_set_top(c->pages + LP_HOST, host, true);\n\t((u32 *)frame_ptr(c->guest_table))[((c->pages + LP_HOST) >> PAGE_SHIFT) & 1023] = hpa_x(hfn_hpa(host)) | PTE_P | PTE_A;"),
    ],
    "hv/cpu/segments.c": [
        ("guests/descriptors", "u32 dpl = MAX(desc_dpl(d), 1u);", "u32 dpl = desc_dpl(d);"),
        ("guests/descriptors", "if ((d.hi & (DESC_P | DESC_S)) != (DESC_P | DESC_S))", "if (!(d.hi & DESC_P))"),
        ("guests/descriptors", "\t\tkeep &= ~DESC_EC;\n", "\t\t;\n"),
        ("guests/descriptors guests/tasks", "if (index >= GDT_ENTRIES || segment_reserved(index))", "if (index >= GDT_ENTRIES)"),
        ("guests/segments.lgdt-empty", "|| SEL_INDEX(r->es & 0xFFFF) == index", ""),
        ("guests/segments.lgdt-empty", "SEL_INDEX(r->ds & 0xFFFF) == index ||", ""),
        ("guests/segments.lgdt-empty", "SEL_INDEX(r->cs & 0xFFFF) == index ||", ""),
        ("guests/descriptors guests/triple.user-cs", "SEL_RPL(sel) >= 1 && SEL_RPL(sel) == desc_dpl(*d)", "SEL_RPL(sel) >= 1"),
        ("guests/stack guests/triple", "(d->hi & DESC_RW) && ", ""),
        ("guests/stack guests/triple guests/descriptors", "(sel & SEL_TI) || ", ""),
    ],
    "hv/cpu/shared.c": [
        ("guests/shared.askew", "(gpa_x(a) & 3) || ", ""),
        ("guests/shared.beyond guests/shared.crossing", " || !gmem_read(v->guest, a, &s, len)", ""),
        ("guests/shared.lguest", "\tif (extended) {\n\t\tshared_put(v, OFF(version)", "\tif (1) {\n\t\tshared_put(v, OFF(version)"),
        ("guests/async guests/shared.lguest", "memset(s.hcall_status, 0xFF, sizeof(s.hcall_status));", ";"),
        ("guests/timer", "if (v->extended && !sys_clock.mult)", "if (0)", "where the clock is not to be trusted: no QEMU machine is so"),
        ("guests/tlb guests/roots", "\tshadow_flush_all(v->guest);\n\tv->tables_changed = true;\n\treturn true;", "\tv->tables_changed = true;\n\treturn true;"),
        ("guests/syscall.feature", "v->guest_features = extended ? s.guest_features : 0;", "v->guest_features = 0;"),
        ("guests/shared.lguest", "u32 len = extended ? sizeof(s) : OFF(version);", "u32 len = sizeof(s);", "reads more than lguest's part: only at the very end of memory, where lguest's page never is"),
    ],
    "hv/cpu/traps.c": [
        ("guests/descriptors", "if (vector >= ARRAY_SIZE(v->idt))", "if (0)"),
        ("guests/tasks.taskgate", "if (!(d.hi & DESC_P) || (type != GATE_INTERRUPT && type != GATE_TRAP))", "if (!(d.hi & DESC_P))"),
        ("guests/descriptors guests/emulate", "vector * 8 + 7 >= v->idt_bytes", "vector * 8 >= v->idt_bytes"),
        ("guests/swint", "desc_dpl(v->idt[vector]) >= (v->regs->cs & 3)", "true"),
        ("guests/shared.vectors", "v->syscall_vec >= SWITCHER_VECTORS && ", ""),
        ("guests/syscall.plain guests/syscall.feature", " && !(v->guest_features & RINGLET_F_SYSCALL_IF)", ""),
        ("guests/iflag", "(r->eflags & ~EFLAGS_IF) | (virq_enabled(v) ? EFLAGS_IF : 0)", "r->eflags"),
        ("guests/triple.bad-cs guests/triple.user-cs", "!selector_ok_cs(v, gate_selector(gate)) || ", ""),
        ("guests/stack.ss-ringlet", " || !selector_ok_ss(v, ss, gate_selector(gate))", ""),
        ("guests/iflag guests/pending", "\tif (gate_type(gate) == GATE_INTERRUPT)\n\t\tvirq_enable(v, false);\n", ""),
        ("guests/exceptions", "r->eflags &= ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM);", ";"),
        ("guests/pagefault", "shared_put(v, RSH_CR2, cr2);", ";"),
    ],
    "hv/cpu/vcpu.c": [
        ("guests/fpu", "\tfpu_restore(v);\n", "\n"),
        ("guests/fpu", "\tif (c->loaded)\n\t\tfpu_save(c->loaded);\n", ""),
        ("guests/fpu", "fninit; fxrstor %0", "fxrstor %0"),
        ("guests/descriptors guests/tasks", "if (i != HV_CS_INDEX && i != HV_DS_INDEX &&", "if (i != HV_DS_INDEX &&"),
        ("guests/syscall guests/shared.vectors", "s->idt[c->direct_vector] = (struct desc){ 0 };", ";"),
        ("guests/segments guests/hello", "movl %0, %%fs; movl %0, %%gs\" : : \"r\"(0)", "\" : : \"r\"(0)"),
        ("guests/stack guests/exceptions", "s->tss.esp1 = v->esp1;", ";"),
        ("guests/fpu", "\tvcpu_set_ts(c, false);\n\tif (c->loaded)", "\tif (c->loaded)"),
        ("guests/hello", "\tframe_free(v->regs_frame);\n", ""),
    ],
    "hv/cpu/virq.c": [
        ("guests/pending", "return v->irq_pending & ~blocked;", "return v->irq_pending;"),
        ("guests/pending guests/storm", "v->irq_pending &= ~BIT(irq);", ";"),
        ("guests/pending guests/iflag", "ready && virq_enabled(v) && !at_syscall_entry", "ready && !at_syscall_entry"),
        ("guests/spin.cli-hlt guests/pending", "if (v->halted && virq_waiting(v) && virq_enabled(v)) {", "if (v->halted && virq_waiting(v)) {"),
        ("guests/pending", "shared_put(v, OFF(irq_pending), ready ? RINGLET_IF : 0);", ";"),
        ("guests/descriptors guests/iflag guests/pending guests/stack", "u32 keep = ~(EFLAGS_IOPL |", "u32 keep = ~(0 |"),
    ],
    "hv/load/config.c": [
        ("unit/config", "if (n % PAGE_SIZE)", "if (0)"),
        ("unit/config", "return any && !(mac[0] & 1);", "return any;"),
    ],
    "hv/load/kernel_image.c": [
        ("unit/kernel", "n.len > n.size || ", ""),
        ("unit/kernel", "n.offset > size || ", ""),
        ("unit/kernel", "n.len > size - n.offset", "0"),
        ("unit/kernel", "phnum > (size - phoff) / PH_SIZE", "0"),
        ("unit/kernel", "if (n->gpa < KERNEL_LOWEST)", "if (0)"),
        ("unit/kernel", "n->gpa > RAM_LIMIT || n->size > RAM_LIMIT - n->gpa", "n->gpa + n->size > RAM_LIMIT"),
        ("unit/kernel", "if (k->pieces == KERNEL_PIECES)", "if (0)"),
        ("unit/kernel", "a - k->piece[i].gpa < k->piece[i].len", "a - k->piece[i].gpa <= k->piece[i].len"),
        ("unit/kernel", "if (start >= size)", "if (0)"),
        ("unit/kernel", "MIN(0x202u + data[BZ_JUMP_BYTES], SETUP_END)", "(0x202u + data[BZ_JUMP_BYTES])"),
        ("unit/kernel", "need > RAM_LIMIT - at", "0"),
        ("unit/kernel", "size >= MAX(BZ_LEAST, SETUP_END) && ", ""),
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
        ("unit/blk", "memset(last, 0, sizeof(last));", ";"),
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
        ("guests/net", "\tif (!switch_learn(", "\tif (0 && !switch_learn("),
        ("guests/net", "if (to == from->index)\n\t\treturn 0;", ""),
        ("guests/net", "\t\tif (i != from->index)\n", ""),
        ("guests/net guests/net-hoard", "\tport->net = NULL;\n", ""),
    ],
    "hv/dev/vdev.c": [
        ("guests/virtio-rings", "return a + len >= a && a + len <= 0xFFFFFFFFull;", "return true;"),
        ("guests/frames.mmio-empty guests/virtio-storm", "gpa_x(a) >= VDEV_BASE && i < g->vdevs ? g->vdev[i] : NULL", "gpa_x(a) >= VDEV_BASE ? g->vdev[i] : NULL"),
        ("guests/hello", "\t\tfree(d->guest.opaque);\n", ""),
        ("guests/virtio-rings guests/virtio-storm", "virq_raise(v->guest, 1 + v->index);", "virq_raise(v->guest, 2 + v->index);"),
        ("guests/virtio-storm", "if (v->logged < MOST_LOGGED)", "if (1)"),
        ("guests/hello", "d->ops->destroy(d);", ";"),
    ],
    "hv/run/devices.c": [
        ("guests/blk-freeze", "sched_charge(g->vcpu, ns);", ";"),
        ("guests/blk-freeze", "in_debt || vdevs_poll(g)", "vdevs_poll(g)"),
        ("guests/blk-freeze guests/virtio-odd", "guests[i]->vdevs_due && guest_alive(guests[i])", "guest_alive(guests[i])", "polls devices that have nothing to do: only slower"),
        ("guests/net guests/virtio-odd", "if (guests[i]->settle_ns && guest_alive(guests[i]))", "if (0)"),
        ("guests/worst.hop guests/blk-freeze", "\tc->accounted_ns -= others;\n", ""),
    ],
    "hv/run/exits.c": [
        ("guests/pagefault guests/accessed", "error & (PFERR_P | PFERR_W | PFERR_U)", "error & (PFERR_W | PFERR_U)"),
        ("guests/exceptions", "(VEC_HAS_ERROR >> trap) & 1, error)", "false, error)"),
        ("guests/exceptions guests/ldt-dr", "asm volatile(\"mov %0, %%dr6\" : : \"r\"(0xFFFF0FF0));", ";"),
        ("guests/exceptions guests/ldt-dr", "v->dr[6] |= dr6 & 0xE00F;", "v->dr[6] |= 0;"),
        ("guests/segments.cs-gone", "if (trap & SWITCH_FAILED) {", "if (0) {"),
    ],
    "hv/run/hcall.c": [
        ("guests/badcalls", "if (c->c > RINGLET_ASIDS) {", "if (c->c > RINGLET_ASIDS + 1) {"),
        ("guests/badcalls", "if (c->c < SHUTDOWN_POWEROFF || c->c > SHUTDOWN_HALT) {", "if (0) {"),
        ("guests/badcalls", "if (c->nr >= HC_MAX || !calls[c->nr]) {", "if (c->nr >= HC_MAX) {"),
        ("guests/badcalls", "if (c->nr >= HC_MAX || !calls[c->nr]) {", "if (c->nr > HC_MAX || !calls[c->nr]) {"),
        ("guests/stack.ss-ring3 guests/stack.ss-null", "if ((c->b & 3) == 0 || (c->b & 3) > 1) {", "if ((c->b & 3) > 1) {"),
        ("guests/stack.ss-ring3 guests/stack.ss-null", "if ((c->b & 3) == 0 || (c->b & 3) > 1) {", "if ((c->b & 3) == 0) {"),
        ("guests/badcalls", "if (len > PAGE_SIZE) {", "if (len > PAGE_SIZE + 1) {"),
        ("guests/badcalls", "n < RINGLET_RING_SIZE && guest_alive(v->guest)", "n < RINGLET_RING_SIZE"),
        ("guests/async", "status == free)", "0)"),
        ("guests/async", "v->next_async = (i + 1) % RINGLET_RING_SIZE;", "v->next_async = 0;"),
        ("guests/async", "\t\tv->regs->eax = val;\n", "\t\t;\n"),
        ("guests/async", "\tif (c->direct)\n\t\tv->regs->eax", "\tv->regs->eax"),
    ],
    "hv/run/life.c": [
        ("guests/fresh", "hfn_t h = frame_alloc_zeroed();", "hfn_t h = frame_alloc();"),
        ("guests/hello", "\t\tif (g->shadow.pool)\n\t\t\tshadow_destroy(g);\n", ""),
        ("guests/hello", "\t\tvdevs_destroy(g);\n", ""),
        ("guests/hello", "\tp2m_free_map(g);\n", ""),
        ("guests/hello", "\t\tif (hfn_x(h) != hfn_x(HFN_NONE))\n\t\t\tframe_free(h);\n", ""),
        ("guests/hello", "\t\tsched_remove(g->vcpu);\n\t\tg->vcpu->event_ns = 0;", "\t\tg->vcpu->event_ns = 0;"),
    ],
    "hv/run/run.c": [
        ("guests/triple guests/badcalls", "while (guest_alive(v->guest) && !v->halted && !c->resched)", "while (!v->halted && !c->resched)"),
        ("guests/tasks.popf guests/emulate", "(r->eflags & ~(EFLAGS_IOPL | EFLAGS_VM", "(r->eflags & ~(EFLAGS_VM"),
        ("guests/pending guests/spin.cli-loop", "\t\t    EFLAGS_IF | EFLAGS_FIXED;", "\t\t    EFLAGS_FIXED;"),
        ("guests/exceptions guests/fpu", "\tvcpu_set_ts(c, v->ts);\n", ""),
        ("guests/descriptors guests/segments", "\tif (v->tables_changed)\n\t\tvcpu_load_tables(c, v);\n", ""),
        ("guests/worst.loop guests/worst.faults", "sched_charge(v, sched_account(c));", "sched_account(c);"),
        ("guests/worst.loop", "c->slice_end_ns = time_ns() + v->slice_left_ns;", "c->slice_end_ns = time_ns() + 10 * v->slice_left_ns;"),
    ],
    "hv/run/sched.c": [
        ("guests/spin", "if (front || !c->queue_head) {", "if (1) {"),
        ("guests/spin", "if (c->queue_tail == v)", "if (0)"),
        ("guests/worst.loop guests/worst.hop", "bool front = v->slice_left_ns >= SLICE_MIN_NS;", "bool front = true;"),
        ("guests/worst.loop guests/worst.hop", "v->slice_left_ns -= ns;", ";"),
        ("guests/spin guests/worst.hop", "!guest_alive(v->guest) || ", ""),
        ("guests/blk-freeze guests/worst.rep-out", "MIN(v->slice_left_ns + SLICE_NS, SLICE_NS)", "SLICE_NS"),
        ("guests/hello", "v->guest->stats.run_ns += ns;", ";"),
    ],
    "hv/run/timer.c": [
        ("guests/timely", "\tv->event_ns = delta_ns ? time_ns() + delta_ns : 0;\n\ttimer_program();", "\tv->event_ns = delta_ns ? time_ns() + delta_ns : 0;"),
        ("guests/spin", "\tif (c->running)\n\t\tt = MIN(t, c->slice_end_ns);\n", ""),
        ("guests/spin", "\tif (c->running && now >= c->slice_end_ns)\n\t\tc->resched = true;\n", ""),
        ("guests/timer", "v->event_ns > now)", "0)"),
        ("guests/timer", "\t\tv->event_ns = 0;\n\t\tvirq_raise", "\t\tvirq_raise"),
        ("guests/timer", "delta_ns ? time_ns() + delta_ns : 0", "time_ns() + delta_ns"),
    ],
    "hv/ui/lineedit.c": [
        ("unit/lineedit", "if (e->len == LINE_SIZE - 1)", "if (e->len == LINE_SIZE)"),
    ],
    "switcher/switcher.S": [
        ("guests/hello", "\tmovl\t%edx, %cr3\n", ""),
        ("guests/segments.data", "\tmovl\t$0, FRAME + R_FS(%esp)\n", ""),
        ("guests/segments.data", "\tmovl\t$0, FRAME + R_ES(%esp)\n", ""),
        ("guests/segments.data", "\tmovl\t$0, FRAME + R_DS(%esp)\n", ""),
        ("guests/segments.cs-gone guests/segments.ss-gone", "\torl\t$SWITCH_FAILED, %eax\n", ""),
        ("guests/exceptions", "\tcld\t\t\t\t\t/* C wants it clear; the guest may have had it set */\n", ""),
        ("guests/segments.data guests/hello", "\tje\t1f\nload_fs:", "\tjmp\t1f\nload_fs:"),
        ("guests/segments.data guests/hello", "\tje\t1f\nload_gs:", "\tjmp\t1f\nload_gs:"),
        ("guests/segments.data", "\tcmpl\t$load_es, %eax\n\tje\tnull_es\n", ""),
    ],
    "drivers/virtio/blk.c": [
        ("unit/blk", "bytes / BLK_SECTOR > b->disk.sectors - sector", "0"),
        ("unit/blk", "if (writes && b->disk.ro)", "if (0)"),
        ("unit/blk", "bytes % BLK_SECTOR || ", ""),
        ("unit/blk", "sector > b->disk.sectors || ", ""),
        ("unit/blk", "if (r.sectors > MAX_RANGE_SECTORS)", "if (0)"),
        ("unit/blk", "MIN(writable - 1, BLK_ID_BYTES)", "writable - 1"),
        ("unit/blk", "b->done += n;", "b->done += BLK_BLOCK;"),
        ("unit/blk", "blk_of(d)->in_work = false;", ";"),
        ("unit/blk", "if (r.flags & ~(b->type == WRITE_ZEROES ? UNMAP : 0))", "if (0)"),
    ],
    "drivers/virtio/console.c": [
        ("guests/virtio-odd guests/spin.console", "i < PIECES_PER_POLL && more && !c->blocked", "more && !c->blocked"),
        ("guests/virtio-odd", "\t\tconsole_of(d)->in_work = false;\n", "\t\t;\n"),
        ("guests/virtio-rings guests/virtio-odd", "MIN(virtio_writable_bytes(chain), sizeof(buf))", "sizeof(buf)"),
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
        ("unit/net", "virtq_unpop(&n->dev, NET_RX, b.count);", ";"),
        ("unit/net", "bytes > sizeof(p->hdr) + NET_MOST", "0"),
        ("unit/net", "p->hdr.flags &= NET_NEEDS_CSUM;", ";"),
        ("unit/net", "if (b->count == MOST_BUFFERS)", "if (0)"),
        ("unit/net guests/net-hoard", "if (b->all.writable + c.writable > VIRTIO_SEGMENTS)", "if (0)"),
        ("unit/net", "segments <= MOST_SEGMENTS", "1"),
        ("guests/net-hoard", "\tif (c.readable) {", "\tif (0) {"),
        ("unit/net", "packets < BATCH && bytes < BATCH_BYTES", "bytes < BATCH_BYTES"),
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
    ],
    "drivers/virtio/ring.c": [
        ("unit/virtio", "if (c->readable + c->writable == VIRTIO_SEGMENTS)", "if (0)"),
        ("unit/virtio", "if (i >= n)", "if (i > n)"),
        ("unit/virtio", "if (vq->ready && ring_wr(", "if (ring_wr("),
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
        ("unit/virtio unit/ring fuzz/virtio", "s->addr + s->len < s->addr || s->addr + s->len > 0xFFFFFFFFull", "0"),
        ("unit/virtio", "if (indirect || (s.flags", "if ((s.flags"),
        ("unit/virtio unit/ring", "s.len % sizeof(s) || ", ""),
        ("unit/virtio unit/ring fuzz/virtio", " || s.len / sizeof(s) > VIRTIO_QUEUE_SIZE", ""),
        ("unit/virtio unit/ring", "!virtio_has(d, VIRTIO_F_INDIRECT_DESC) ||", ""),
        ("unit/virtio unit/ring", "if (!vq->ready || !virtio_live(d))\n\t\treturn false;\n\tif (vq->seen_avail", "if (!vq->ready)\n\t\treturn false;\n\tif (vq->seen_avail"),
        ("unit/ring unit/virtio", "if (!fresh || !virtio_live(d))", "if (!fresh)"),
        ("unit/ring", "total += s++->len;\n\treturn MIN(total, 0xFFFFFFFFull);", "total += s++->len;\n\treturn total;"),
        ("unit/ring", "(word & AVAIL_NO_INTERRUPT)", "0"),
    ],
    "drivers/virtio/rng.c": [
        ("unit/entropy", "r->spent_ns += n * NS_PER_BYTE;", ""),
        ("unit/entropy", "MAX(r->spent_ns, now - MIN(now, SAVED_NS))", "r->spent_ns"),
        ("unit/entropy", " && rng_affordable(rng_of(d))", ""),
        ("unit/entropy", "MIN(virtio_writable_bytes(&r->chain), MOST)", "virtio_writable_bytes(&r->chain)"),
        ("unit/entropy", ">= MOST * NS_PER_BYTE", ">= 0"),
    ],
    "drivers/net/inet.c": [
        ("unit/net", "sum += len ? (u32)*d << 8 : 0;", ";"),
        ("unit/net", "(sum & 0xFFFF) + (sum >> 16);\n}\n\nu16", "sum & 0xFFFF;\n}\n\nu16"),
        ("unit/net", "return v ? v : 0xFFFF;", "return v;"),
        ("unit/net", "v = (u16)~((sum & 0xFFFF) + (sum >> 16));", "v = (u16)((sum & 0xFFFF) + (sum >> 16));"),
    ],
    "drivers/net/lanhost.c": [
        ("unit/lanhost", "i + 2 + t->f[i + 1] > t->len", "0"),
        ("unit/lanhost", "(!name[n] || ", "(1 || "),
        ("unit/lanhost", "len < ETH_HEADER || ", ""),
        ("unit/lanhost", "len > LANHOST_FRAME || ", ""),
        ("unit/lanhost", "IP + be16(ip + 2) > t->len || ", ""),
        ("unit/lanhost", "be16(t->f + L4 + 4) < 8 || ", ""),
        ("unit/lanhost", "if (part > 63 || at + part >= t->len)", "if (part > 63)"),
        ("unit/lanhost", "end + 4 + NAME_MOST > LANHOST_FRAME", "0"),
        ("unit/lanhost", "i + 2 > t->len || ", ""),
        ("unit/lanhost", "t->f[i + 1] >= len ? t->f + i + 2 : NULL", "t->f + i + 2"),
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
    rest = sorted((m for m in mutants if m not in always), key=lambda m: m.key())
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
