# SPDX-License-Identifier: GPL-2.0-or-later
"""Bugs planted on purpose, one at a time, in a copy: the unit test of that module must fail.

A test that cannot fail proves nothing.  A line here that no longer fits the source is an error, so
the list keeps up with it.
"""
import os
import shutil
import subprocess

from ringlet import BUILD, ROOT, Failure

COPY = os.path.join(BUILD, "tests", "mutants")

# (test, file, what is there, what it becomes)
MUTANTS = [
    ("shadow", "hv/mem/shadow.c", "(gpte & (PTE_RW | PTE_D)) == (PTE_RW | PTE_D)", "(gpte & PTE_RW)"),
    ("shadow", "hv/mem/shadow.c", "if ((gpde & PTE_RW) && (!t->large || (gpde & PTE_D)))", "if (gpde & PTE_RW)"),
    ("shadow", "hv/mem/shadow.c", "\t\tflush = true;\n", ""),
    ("shadow", "hv/mem/shadow.c", "\tr->entries[dir] = 0;\n\tr->spt[dir] = NULL;", "\tr->spt[dir] = NULL;"),
    ("shadow", "hv/mem/gva.c", "w->flags &= w->pte;", ";"),
    ("shadow", "hv/mem/audit.c", "if (!e)\n\t\t\tcontinue;\n\t\ta->entries++;", "if (!(e & PTE_P))\n\t\t\tcontinue;\n\t\ta->entries++;"),
    ("gmem", "hv/mem/gmem.c", "PAGE_SIZE - offset", "PAGE_SIZE"),
    ("gmem", "hv/mem/p2m.c", "gfn_x(f) >= g->mem_pages", "gfn_x(f) > g->mem_pages"),
    ("mem", "hv/mem/mem.c", "+ PAGE_SIZE - 1) >> PAGE_SHIFT), false)", ") >> PAGE_SHIFT), false)"),
    ("multiboot", "boot/multiboot.c", "if (!s->ram)\n\t\t\treturn false;", ""),
    ("multiboot", "boot/multiboot.c", "base + len < base ? UINT64_MAX : base + len", "base + len"),
    ("decode", "hv/cpu/decode.c", "if (bytes == 1)", "if (bytes == 9)"),
    ("decode", "hv/cpu/decode.c", "if (c->at >= c->n)", "if (c->at > c->n)"),
    ("config", "hv/load/config.c", "if (n % PAGE_SIZE)", "if (0)"),
    ("config", "hv/load/config.c", "return any && !(mac[0] & 1);", "return any;"),
    ("kernel", "hv/load/kernel_image.c", "n.len > n.size || ", ""),
    ("lineedit", "hv/ui/lineedit.c", "if (e->len == LINE_SIZE - 1)", "if (e->len == LINE_SIZE)"),
    ("filter", "drivers/serial/filter.c", "if (s[i] < '0' || s[i] > ';')", "if (s[i] < '0')"),
    ("filter", "drivers/serial/filter.c", "static const u32 least[] = { 0, 0, 0xA0,", "static const u32 least[] = { 0, 0, 0x80,"),
    ("filter", "drivers/serial/filter.c", "b == CAN || b == SUB)", "b == CAN)"),
    ("vt", "drivers/vga/vt.c", "was.cells + (row + up) * was.cols", "was.cells + row * was.cols"),
    ("vt", "drivers/vga/vt.c", "\tfit_cursor(vt, &vt->saved, up);\n", ""),
    ("kbd", "drivers/ps2/kbd.c", "s->skip = 5;", "s->skip = 1;"),
    ("blk", "drivers/virtio/blk.c", "bytes / BLK_SECTOR > b->disk.sectors - sector", "0"),
    ("blk", "hv/dev/disk.c", "frames_free() > guests_promised()", "1"),
    ("blk", "hv/dev/disk.c", "*e = d->image ? ZERO : AS_IMAGE;", "*e = AS_IMAGE;"),
    ("blk", "hv/dev/disk.c", "memcpy(frame_ptr(f), old, image_bytes(d, n));", ";"),
    ("switch", "drivers/net/switch.c", "e->seen < best->seen", "e->seen > best->seen"),
    ("switch", "drivers/net/switch.c", "if (switch_owner(s, source) == SWITCH_ALL)\n\t\t*switch_slot", "*switch_slot"),
    ("lanhost", "drivers/net/lanhost.c", "i + 2 + t->f[i + 1] > t->len", "0"),
    ("lanhost", "drivers/net/lanhost.c", "(!name[n] || ", "(1 || "),
    ("net", "drivers/virtio/net.c", "virtq_unpop(&n->dev, NET_RX, b.count);", ";"),
    ("net", "drivers/virtio/net.c", "bytes > sizeof(p->hdr) + NET_MOST", "0"),
    ("net", "drivers/virtio/offload.c", "(u32)h->csum_start + h->csum_offset + 2 > p->len", "h->csum_start + 2u > p->len"),
    ("net", "drivers/virtio/offload.c", "s->head[tcp + 13] &= ~TCP_CWR;", ";"),
    ("virtio", "drivers/virtio/ring.c", "if (c->readable + c->writable == VIRTIO_SEGMENTS)", "if (0)"),
    ("virtio", "drivers/virtio/ring.c", "if (i >= n)", "if (i > n)"),
    ("virtio", "drivers/virtio/mmio.c", "\tif (!(value & FEATURES_OK))\n\t\tvalue &= ~DRIVER_OK;\n", ""),
    ("virtio", "drivers/virtio/mmio.c", "(value & DRIVERS_OWN) | d->status", "(value & DRIVERS_OWN)"),
    ("virtio", "drivers/virtio/mmio.c", "if (!(d->status & FEATURES_OK) && d->driver", "if (d->driver"),
    ("virtio", "drivers/virtio/mmio.c", "\tif (vq->ready == value)\n\t\treturn;\n", ""),
    ("virtio", "drivers/virtio/mmio.c", "\tif (vq->ready)\t\t\t/* a live queue does not move */\n\t\treturn;\n", ""),
    ("virtio", "drivers/virtio/mmio.c", "d->isr &= ~value", "d->isr = 0"),
    ("virtio", "drivers/virtio/mmio.c", "\td->generation++;\n", ""),
    ("virtio", "drivers/virtio/mmio.c", "(value & (value - 1))", "0"),
    ("virtio", "drivers/virtio/mmio.c", "(vq->used & 3)", "(vq->used & 1)"),
    ("virtio", "drivers/virtio/mmio.c", "(u64)value << 32", "0 * value"),
    ("virtio", "drivers/virtio/ring.c", "if (vq->ready && ring_wr(", "if (ring_wr("),
    ("virtio", "drivers/virtio/ring.c", "> vq->size) {", "> 2 * vq->size) {"),
    ("ring", "drivers/virtio/ring.c", "word - 1) >= fresh", "word - 1) > fresh"),
    ("ring", "drivers/virtio/ring.c", "if (offset < p.base)", "if (0)"),
    ("ring", "drivers/virtio/ring.c", "\t\tp->base += s->len;\n", ""),
    ("ring", "drivers/virtio/ring.c", "&vq->next_avail, 2) ||", "&vq->seen_avail, 1) ||"),
    ("ring", "drivers/virtio/ring.c", "\td->queue[q].next_avail -= n;", ""),
    ("ring", "drivers/virtio/ring.c", "vq->signalled = vq->next_used;", ""),
    ("ring", "drivers/virtio/ring.c", "n = MIN(n, len - done);\n\t\tif (!n)", "if (!n)"),
    ("ring", "drivers/virtio/ring.c", "if (indirect || (s.flags & DESC_NEXT)", "if (indirect || (s.flags & 3)"),
    ("entropy", "hv/lib/chacha20.c", "(i + 3) % 4", "(i + 1) % 4"),
    ("entropy", "hv/dev/entropy.c", "\tmemcpy(key, block, sizeof(key));\n", ""),
    ("entropy", "hv/dev/entropy.c", "memcpy(out, block + WORDS, sizeof(key))", "memcpy(out, block + WORDS, sizeof(key) - 1)"),
    ("entropy", "hv/dev/entropy.c", " || same == 2", ""),
    ("entropy", "drivers/virtio/rng.c", "r->spent_ns += n * NS_PER_BYTE;", ""),
    ("entropy", "drivers/virtio/rng.c", "MAX(r->spent_ns, now - MIN(now, SAVED_NS))", "r->spent_ns"),
    ("entropy", "drivers/virtio/rng.c", " && rng_affordable(rng_of(d))", ""),
]


def survivors(mutants):
    """The mutants that their test did not notice."""
    shutil.rmtree(COPY, ignore_errors=True)
    os.makedirs(COPY)
    for d in ("arch", "boot", "drivers", "hv", "switcher", "tests"):
        shutil.copytree(os.path.join(ROOT, d), os.path.join(COPY, d), ignore=shutil.ignore_patterns("__pycache__"))
    alive = []
    for test, file, old, new in mutants:
        path = os.path.join(COPY, file)
        with open(path) as f:
            text = f.read()
        if old not in text:
            raise Failure(f"mutants.py: {file} has no {old!r} any more")
        with open(path, "w") as f:
            f.write(text.replace(old, new, 1))
        # Exactly as the real one, but without -Wall: the bug may leave something unused.
        built = subprocess.run(["make", "-s", "-B", "-f", "tests/unit/Makefile", "BUILD=build", f"build/tests/unit/test_{test}"],
                               cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if built.returncode:
            raise Failure(f"the mutant {old!r} -> {new!r} does not compile:\n" + built.stdout.decode())
        try:
            ran = subprocess.run([f"build/tests/unit/test_{test}"], cwd=COPY, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, timeout=300)
            if ran.returncode == 0:
                alive.append(f"{file}: {old!r} -> {new!r}")
        except subprocess.TimeoutExpired:
            pass    # it hung: that would have been seen
        with open(path, "w") as f:
            f.write(text)
    return alive
