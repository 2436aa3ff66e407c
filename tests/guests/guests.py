# SPDX-License-Identifier: GPL-2.0-or-later
"""The second layer: bare guests, one small kernel per question.

Each tests/guests/NAME.c says in its first comment what shall come of it (see lib/guest.h).
Many share a boot: they are guests of one ringlet.conf, started one after the other from the monitor
beside a witness, which must go on whatever they do. After each: the verdict, the audit,
the witness, and the machine's memory, which must be what it was before.
"""
import functools
import glob
import os
import re
import threading
import time

import bounds
import speeds
from harness import Group
from ringlet import BUILD, PATIENCE, ROOT, Ringlet, check, conf, elf, sh, tail, work_file

HERE = os.path.join(ROOT, "tests", "guests")
OUT = os.path.join(BUILD, "tests", "guests")
OLD = ("accessed", "cmov", "emulate", "exceptions", "fpu", "limits", "pse", "segments", "step", "syscall", "v86")
NEW = ("cpuid",)
PER_BOOT = 15       # and the witness makes 16
FLAGS = ("-m32 -std=gnu11 -march=i586 -O2 -g -ffreestanding -fno-pic -fno-pie -fno-stack-protector "
         "-fcf-protection=none -mgeneral-regs-only -fno-asynchronous-unwind-tables -fno-strict-aliasing "
         "-Wall -Wextra -Werror -I. -Itests/guests/lib -nostdlib -static -no-pie -Wl,--build-id=none "
         "-Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments "
         "-Wl,-T,tests/guests/lib/guest.ld").split()


class Story:
    """What the comment on top of a guest says."""

    def __init__(self, path):
        self.name = os.path.basename(path)[:-2]
        text = open(path).read().split("*/", 2)[1]
        self.outcome = (re.findall(r"^ \* Outcome: (.*)$", text, re.M) or [None])[0]
        self.variants = re.findall(r"^ \* Variant (\S+): (.*)$", text, re.M)
        self.icount = bool(re.search(r"^ \* Icount$", text, re.M))
        self.no_apic = bool(re.search(r"^ \* No APIC$", text, re.M))
        self.together = bool(re.search(r"^ \* Together$", text, re.M))
        self.repeat = int((re.findall(r"^ \* Repeat: (\d+)$", text, re.M) or ["1"])[0])
        self.config = re.findall(r"^ \* Config: (\S+) = (.*)$", text, re.M)
        self.logged = re.findall(r"^ \* Logged: (.*)$", text, re.M)
        self.info = re.findall(r"^ \* Info: (.*)$", text, re.M)
        self.measures = re.findall(r"^ \* Measures: (.*)$", text, re.M)
        assert self.outcome or self.variants or self.measures, f"{path} does not say what shall come of it"
        for outcome in [self.outcome] if self.outcome else [o for _, o in self.variants]:
            for want in outcome.split(" or "):
                m = re.fullmatch(r"SUCCESS|FAILURE|ERROR|SKIP|running|killed (.{4,})", want)
                assert m and not (m.group(1) and re.search(m.group(1), "any reason at all")), f"{path}: outcome {want}?"

    def runs(self):
        """[(name of the test, [(variant, outcome)] that run together)]"""
        if self.together:
            return [(self.name, self.variants)]
        if self.variants:
            return [(f"{self.name}.{v}", [(v, o)]) for v, o in self.variants]
        return [(self.name, [("", self.outcome)])]


def newest(paths):
    return max(os.path.getmtime(p) for p in paths)


@functools.lru_cache
def image_range():
    """Where Ringlet's image lies, so that a guest can look for pointers into it."""
    symbols = {name: value for value, _, name in (l.split()[-3:] for l in sh(["nm", elf()]).splitlines())}
    return f"{symbols['hv_start']}-{symbols['hv_end']}"


building = threading.Lock()


def build(name):
    """Compiles one guest, if it is not up to date; returns its path."""
    with building:      # groups that run side by side share guests
        os.makedirs(OUT, exist_ok=True)
        out = os.path.join(OUT, name)
        lib = glob.glob(f"{HERE}/lib/*") + [os.path.join(ROOT, "hv", "abi.h"), __file__]
        source = f"{HERE}/{name}.c"
        if not os.path.exists(out) or os.path.getmtime(out) < newest(lib + [source]):
            libgcc = sh(["gcc", "-m32", "-print-libgcc-file-name"]).strip()
            sh(["gcc", *FLAGS, "-o", out + ".new", source, f"{HERE}/lib/entry.S", f"{HERE}/lib/guest.c",
                f"{HERE}/lib/virtio.c", libgcc])
            os.replace(out + ".new", out)
        return out


class Batch(Group):
    """Up to PER_BOOT guests in one boot."""
    layer = "guests"

    def __init__(self, number, runs, **machine):
        self.number, self.machine = number, machine
        self.sections = [("witness", {"kernel": "witness", "memory": "8M", "start": "yes"})]
        self.kernels = {"witness"}
        assert sum(len(v) for _, _, v in runs) <= PER_BOOT
        tests = []
        for story, name, variants in runs:
            ids = []
            for v, outcome in variants:
                ids.append((f"t{len(self.sections)}", outcome))
                keys = {"kernel": story.name, "memory": "8M", "start": "no"}
                for key, value in story.config:
                    keys[key] = value if key == "memory" else keys.get(key, []) + [value]
                keys["cmdline"] = f"image={image_range()} variant={v}"
                self.sections.append((ids[-1][0], keys))
            self.kernels.add(story.name)
            tests.append((name, lambda r, ids=ids, story=story: self.one(r, ids, story)))
        super().__init__(tests)

    def setup(self):
        kernel = elf()
        name = f"guests-{self.number}"
        modules = [work_file(name, "ringlet.conf", conf(self.sections))]
        modules += [build(k) for k in sorted(self.kernels)]
        r = Ringlet(name, kernel=kernel, modules=modules, memory=256, **self.machine)
        r.__enter__()
        try:
            r.expect(r"beat \d+", 120, "the witness's first beat")
        except Exception:
            r.kill()
            raise
        return r

    def beat(self, r):
        beats = re.findall(r"^beat (\d+)", r.command("dmesg witness"), re.M)
        check(beats, "the witness says nothing")
        return int(beats[-1])

    def witness_goes_on(self, r, before):
        limit = time.monotonic() + 60 * PATIENCE
        while self.beat(r) <= before:
            check(time.monotonic() < limit, f"the witness has stopped at beat {before}: {r.state('witness')}\n" +
                  tail(r.text))
            time.sleep(0.1)

    def one(self, r, ids, story):
        heaps = []
        for _ in range(story.repeat):
            free, beat = r.free_kib(), self.beat(r)
            for guest, _ in ids:
                said = r.command(f"start {guest}")
                check("cannot" not in said, said)
            for guest, outcome in ids:
                self.verdict(r, guest, outcome)
                self.log_says(r, guest, story.logged)
                for words in story.info:
                    info = r.command(f"info {guest}")
                    check(re.search(words, info), f"info does not say {words}:\n{info}")
            self.witness_goes_on(r, beat)
            r.audit()
            for guest, outcome in ids:
                if outcome == "running":
                    check(r.state(guest) in ("running", "idle"), f"{guest} is {r.state(guest)}")
                    r.command(f"destroy {guest}")
                    r.wait_state(guest, ("off",))
                for n in range(sum(key == "disk" for key, _ in story.config)):
                    r.command(f"disk reset {guest}.vd{chr(ord('a') + n)}")
            now = r.free_kib()
            check(now == free, f"{free} KiB were free before, {now} KiB after")
            heaps.append(r.heap())
        # One life may leave holes, and so may scrollback; what grows all the time, by 16 bytes at least, is never given back.
        lives = len(heaps) - 1 - len(heaps) // 2
        check(heaps[-1] <= heaps[len(heaps) // 2] + 8 * lives, f"the heap grows from life to life: {heaps}")

    def log_says(self, r, guest, words):
        said = r.command("dmesg") if words else ""
        for w in words:
            check(re.search(rf"^.*\b{guest}\b.*{w}", said, re.M), f"the log does not say of {guest}: {w}")

    def verdict(self, r, guest, outcome):
        if outcome == "running":
            state = r.wait_state(guest, ("running", "idle", "off", "crashed"))
            check(state in ("running", "idle"), f"{guest} is {state}")
            return
        state = r.wait_state(guest, ("off", "crashed"))
        said = r.command(f"dmesg {guest}")
        info = r.command(f"info {guest}")
        results = re.findall(r"^Test result: (\w+)", said, re.M)
        result = results[-1] if results else "none"
        reason = (re.findall(r"^reason\s+(.*)$", info, re.M) or [""])[0]
        for want in outcome.split(" or "):
            if want == result and state == "off":
                return
            m = re.fullmatch(r"killed (.*)", want)
            if m and state == "crashed" and re.search(m.group(1), reason):
                return
        check(False, f"wanted {outcome}; {guest} is {state}, said '{result}', reason '{reason}'\n" + tail(said, 30))


def boots(runs):
    """In lists of up to PER_BOOT guests."""
    batches, batch, guests = [], [], 0
    for run in runs:
        if guests + len(run[2]) > PER_BOOT:
            batches.append(batch)
            batch, guests = [], 0
        batch.append(run)
        guests += len(run[2])
    return batches + [batch] if batch else batches


def groups():
    runs, measured = [], []
    for path in sorted(glob.glob(f"{HERE}/*.c")):
        story = Story(path)
        if story.name == "witness":
            continue
        if story.measures:
            measured += bounds.groups(story, build) if story.name == "worst" else []
            continue
        runs += [(story, name, variants) for name, variants in story.runs()]
    counted = [r for r in runs if r[0].icount]
    bare = [r for r in runs if r[0].no_apic]
    runs = [r for r in runs if not r[0].icount and not r[0].no_apic]
    bare += [(s, f"{n}@no-apic", v) for s, n, v in runs if n.startswith("v86.") and n.endswith("-closed")]
    # A few once more on the oldest processor: no FXSR, no PGE, no CMOV.
    old = [(s, f"{n}@pentium", v) for s, n, v in runs if s.name in OLD]
    # And on the newest that there is: with all that a guest is not told of.
    new = [(s, f"{n}@max", v) for s, n, v in runs if s.name in NEW]
    return ([Batch(i, b) for i, b in enumerate(boots(runs))] +
            [Batch(f"pentium-{i}", b, cpu="pentium") for i, b in enumerate(boots(old))] +
            [Batch("no-apic", bare, cpu="pentium,-apic")] +
            [Batch("max", new, cpu="max"), Batch("icount", counted, icount=bounds.ICOUNT),
             speeds.Speeds(build)] + measured)
