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
    ],
    "hv/mem/audit.c": [
        ("unit/shadow", "if (!e)\n\t\t\tcontinue;\n\t\ta->entries++;", "if (!(e & PTE_P))\n\t\t\tcontinue;\n\t\ta->entries++;"),
    ],
    "hv/mem/gmem.c": [
        ("unit/gmem", "PAGE_SIZE - offset", "PAGE_SIZE"),
    ],
    "hv/mem/gva.c": [
        ("unit/shadow", "w->flags &= w->pte;", ";"),
    ],
    "hv/mem/mem.c": [
        ("unit/mem", "+ PAGE_SIZE - 1) >> PAGE_SHIFT), false)", ") >> PAGE_SHIFT), false)"),
    ],
    "hv/mem/p2m.c": [
        ("unit/gmem", "gfn_x(f) >= g->mem_pages", "gfn_x(f) > g->mem_pages"),
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
    ],
    "hv/cpu/decode.c": [
        ("unit/decode", "if (bytes == 1)", "if (bytes == 9)"),
        ("unit/decode", "if (c->at >= c->n)", "if (c->at > c->n)"),
    ],
    "hv/load/config.c": [
        ("unit/config", "if (n % PAGE_SIZE)", "if (0)"),
        ("unit/config", "return any && !(mac[0] & 1);", "return any;"),
    ],
    "hv/load/kernel_image.c": [
        ("unit/kernel", "n.len > n.size || ", ""),
    ],
    "hv/dev/disk.c": [
        ("unit/blk", "frames_free() > guests_promised()", "1"),
        ("unit/blk", "*e = d->image ? ZERO : AS_IMAGE;", "*e = AS_IMAGE;"),
        ("unit/blk", "memcpy(frame_ptr(f), old, image_bytes(d, n));", ";"),
    ],
    "hv/dev/entropy.c": [
        ("unit/entropy", "\tmemcpy(key, block, sizeof(key));\n", ""),
        ("unit/entropy", "memcpy(out, block + WORDS, sizeof(key))", "memcpy(out, block + WORDS, sizeof(key) - 1)"),
        ("unit/entropy", " || same == 2", ""),
    ],
    "hv/ui/lineedit.c": [
        ("unit/lineedit", "if (e->len == LINE_SIZE - 1)", "if (e->len == LINE_SIZE)"),
    ],
    "drivers/virtio/blk.c": [
        ("unit/blk", "bytes / BLK_SECTOR > b->disk.sectors - sector", "0"),
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
    ],
    "drivers/virtio/net.c": [
        ("unit/net", "virtq_unpop(&n->dev, NET_RX, b.count);", ";"),
        ("unit/net", "bytes > sizeof(p->hdr) + NET_MOST", "0"),
    ],
    "drivers/virtio/offload.c": [
        ("unit/net", "(u32)h->csum_start + h->csum_offset + 2 > p->len", "h->csum_start + 2u > p->len"),
        ("unit/net", "s->head[tcp + 13] &= ~TCP_CWR;", ";"),
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
    ],
    "drivers/virtio/rng.c": [
        ("unit/entropy", "r->spent_ns += n * NS_PER_BYTE;", ""),
        ("unit/entropy", "MAX(r->spent_ns, now - MIN(now, SAVED_NS))", "r->spent_ns"),
        ("unit/entropy", " && rng_affordable(rng_of(d))", ""),
    ],
    "drivers/net/lanhost.c": [
        ("unit/lanhost", "i + 2 + t->f[i + 1] > t->len", "0"),
        ("unit/lanhost", "(!name[n] || ", "(1 || "),
    ],
    "drivers/net/switch.c": [
        ("unit/switch", "e->seen < best->seen", "e->seen > best->seen"),
        ("unit/switch", "if (switch_owner(s, source) == SWITCH_ALL)\n\t\t*switch_slot", "*switch_slot"),
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
