# SPDX-License-Identifier: GPL-2.0-or-later
"""What one guest can do to another's time, in instructions.

Under -icount an instruction takes one nanosecond, so these numbers repeat.  Beside each of the worst guests
(worst.c) runs one that wants the processor all the time and looks at what it gets (neighbour.c).
"""
import os
import re

from harness import Group
from ringlet import Ringlet, check, conf, elf, work_file

ICOUNT = "shift=0,sleep=off"
SLICE_US = 10000
GAP_US = 1000           # beyond the other's turn
PIECE = 200000          # instructions in one exit, or one piece of device work
SHARE = 490             # of 1000: a half, but for what the machine itself needs
WINDOWS = 4
UNSEEN_S = 0.01         # the last piece of its start is its own
INITRD = 24 << 20       # for one that restarts: it has to be loaded again


class Bounds(Group):
    """The neighbour and up to 15 others, one after the other."""
    layer = "guests"

    def __init__(self, number, story, variants, build):
        self.number, self.build, self.variants = number, build, variants
        self.sections = [("neighbour", {"kernel": "neighbour", "memory": "96M", "start": "yes"})]
        tests = []
        for v in variants:
            keys = {"kernel": "worst", "start": "no", "cmdline": f"variant={v}"}
            for key, value in story.config:
                keys.setdefault(key, []).append(value)
            if v == "restart":
                keys.update(initrd="initrd", memory="48M")
            self.sections.append((v, keys))
            tests.append((f"worst.{v}", lambda r, v=v: self.one(r, v)))
        super().__init__(tests)

    def setup(self):
        name = f"guests-worst-{self.number}"
        modules = [work_file(name, "ringlet.conf", conf(self.sections)), self.build("neighbour"), self.build("worst")]
        if "restart" in self.variants:
            modules.append(work_file(name, "initrd", b"\0" * INITRD))
        r = Ringlet(name, kernel=elf(), modules=modules, memory=256, icount=ICOUNT)
        r.__enter__()
        try:
            self.windows(r, 1)
            # The time before anybody ran, in which the wall clock was waited for, is nobody's.
            ran, lived = r.times("neighbour")
            check(ran <= lived + UNSEEN_S, f"in {lived} s of life the neighbour ran {ran} s")
        except Exception:
            r.kill()
            raise
        return r

    def windows(self, r, n):
        """The longest wait in us, and the mean share, of n windows."""
        r.console(1)
        # Not those that the screen shows anew, nor those in which somebody typed and the screen was drawn.
        last = max((int(w) for w in re.findall(r"window (\d+):", r.text)), default=0) + 2
        r.seen, found = len(r.text), []
        while len(found) < n:
            m = r.expect(r"window (\d+): longest wait (\d+) us, share (\d+) of", 300)
            if int(m[1]) > last:
                found.append(m)
        return max(int(m[2]) for m in found), sum(int(m[3]) for m in found) / n

    def one(self, r, v):
        said = r.command(f"start {v}")
        check("cannot" not in said, said)
        r.wait_state(v, ("stopping",) if v == "restart" else ("running", "idle"))
        wait, share = self.windows(r, WINDOWS)
        stats = r.stats(v)
        r.command(f"destroy {v}")
        state = r.wait_state(v, ("off", "crashed"))
        check(state == "off", f"{v} is {state}:\n" + r.command(f"dmesg {v}")[-500:])
        longest = {k: n for k, n in stats.items() if k.startswith("longest.")}
        piece = max(longest.items(), key=lambda i: i[1], default=("", 0))
        said = (f"longest wait {wait} us, share {share:.0f} of 1000; pieces: " +
                ", ".join(f"{k[8:]} {n}" for k, n in sorted(longest.items()) if n))
        with open(os.path.join(r.dir, "bounds.txt"), "a") as f:
            f.write(f"{v:16} {said}\n")
        check(wait <= SLICE_US + GAP_US, f"a neighbour waits too long: {said}")
        check(share >= SHARE, f"a neighbour has less than its half: {said}")
        check(piece[1] <= PIECE, f"a piece of work is too long: {said}")


def groups(story, build):
    variants = [v for line in story.measures for v in line.split()]
    return [Bounds(i // 15, story, variants[i:i + 15], build) for i in range(0, len(variants), 15)]
