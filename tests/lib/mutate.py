# SPDX-License-Identifier: GPL-2.0-or-later
"""Plants bugs, one at a time, in a copy of the tree, and asks the tests that should see them.

The list is tests/mutants.py.  A mutant is seen when one of its tests fails; what none sees has survived.
What was seen once is not tried again until its file or its line in the list changes: build/mutants/seen remembers.
"""
import ast
import atexit
import hashlib
import os
import queue
import re
import resource
import shutil
import subprocess
import tempfile
import threading
import time

from ringlet import BUILD, ROOT, Failure, die_with_parent, tail

OUT = os.path.join(BUILD, "mutants")
SEEN = os.path.join(OUT, "seen")
SOURCES = ("arch", "boot", "docs", "drivers", "guest-patches", "hv", "iso", "switcher", "tests", "tools")
# What is slow to make and the same for all.
MADE = ("newlib", "obj", "asm-offsets.h", "asm-offsets.d", "asm-offsets.s", "linker.ld", "ringlet.elf", "ringlet.stripped.elf", "tests/guests")
PATIENCE = os.environ.get("TEST_PATIENCE", "0.3")
LIMIT = 600
UNIT_LIMIT = 30     # of the processor's time: the longest takes a few, and a bug may be a loop without end


class Mutant:
    """In `file`, the first `old` becomes `new`; one of `tests` fails then, or (`why`) none can."""

    def __init__(self, file, tests, old, new, why=""):
        self.file, self.tests, self.old, self.new, self.why = file, tests.split(), old, new, why
        with open(os.path.join(ROOT, file)) as f:
            self.text = f.read()
        if old not in self.text:
            raise Failure(f"mutants.py: {file} has no {old!r} any more")
        if not self.tests:
            raise Failure(f"mutants.py: {file}: no test is named for {old!r}")

    def key(self):
        return hashlib.sha1(repr((self.file, self.tests, self.old, self.new, self.text)).encode()).hexdigest()

    def __str__(self):
        def short(s):
            s = " ".join(s.split())
            return s if len(s) <= 48 else s[:45] + "..."
        return f"{self.file}: {short(self.old)} -> {short(self.new) or '(nothing)'}"


def listed(mutants):
    """From the list as it is written, {file: [(tests, old, new[, why])]}."""
    with open(os.path.join(ROOT, "tests", "mutants.py")) as f:
        files = [k.value for d in ast.walk(ast.parse(f.read())) if isinstance(d, ast.Dict)
                 for k in d.keys if isinstance(k, ast.Constant)]
    twice = {f for f in files if files.count(f) > 1}
    if twice:               # Python would keep the second and say nothing
        raise Failure(f"mutants.py: {', '.join(sorted(twice))} is there twice")
    return [Mutant(file, *m) for file, ms in mutants.items() for m in ms]


class Copy:
    """A tree of one's own, outside the real one."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="mutants-")
        atexit.register(self.remove)
        for d in SOURCES:
            shutil.copytree(os.path.join(ROOT, d), os.path.join(self.dir, d), ignore=shutil.ignore_patterns("__pycache__"))
        for f in ("linker.ld", "Makefile"):
            shutil.copy2(os.path.join(ROOT, f), self.dir)
        for f in MADE:
            a, b = os.path.join(BUILD, f), os.path.join(self.dir, "build", f)
            os.makedirs(os.path.dirname(b), exist_ok=True)
            if os.path.isdir(a) and not os.path.islink(a):
                shutil.copytree(a, b)
            elif os.path.exists(a):
                shutil.copy2(a, b, follow_symlinks=False)
        # A bug may leave something unused; and nobody reads the listing.
        path = os.path.join(self.dir, "Makefile")
        with open(path) as f:
            text = f.read()
        text = re.sub(r"-Werror(?=[ \n])", "", re.sub(r"\t@objdump -dl.*\n", "", text))
        with open(path, "w") as f:
            f.write(text)
        shutil.copystat(os.path.join(ROOT, "Makefile"), path)
        self.env = dict(os.environ, TEST_PATIENCE=PATIENCE)
        self.env.pop("BUILD", None)
        self.env.pop("MAKEFLAGS", None)

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def write(self, file, text):
        with open(os.path.join(self.dir, file), "w") as f:
            f.write(text)

    def do(self, *argv, cpu=None):
        """(status, what it said); what does not end has failed."""
        def begin():
            die_with_parent()
            if cpu:
                resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
        p = subprocess.Popen(argv, cwd=self.dir, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=begin)
        try:
            said, _ = p.communicate(timeout=LIMIT)
            return p.returncode, said.decode("latin-1")
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, 9)
            p.wait()
            return 1, f"FAIL (no end after {LIMIT} s)\n"

    def make(self, *goals):
        status, said = self.do("make", "-s", *goals)
        if status:
            raise Failure("it does not compile:\n" + tail(said))

    def run(self, tests):
        """Which of the tests fails first; None if all pass.  The quickest are asked first."""
        if tests == ["build"]:
            return "build" if self.do("make", "-s", "elf")[0] else None
        for t in tests:
            if t.startswith("unit/") and not self.unit(t):
                return t
        rest = [t for t in tests if not t.startswith("unit/")]
        return self.run_rest(rest) if rest else None

    def unit(self, test):
        """Whether it passes.  It is only a program: tests/run would take longer to start."""
        program = "build/tests/unit/test_" + test[len("unit/"):]
        self.make("-f", "tests/unit/Makefile", program)
        return not self.do(program, cpu=UNIT_LIMIT)[0]

    def run_rest(self, tests):
        if any(not t.startswith("fuzz/") for t in tests):
            self.make("elf")
        status, said = self.do("tests/run", "-x", "-j", "1", *tests)
        m = re.search(r"^FAIL (\S+)", said, re.M)
        if m and "does not compile" in said:
            raise Failure(said)
        if m:
            return m.group(1)
        if status or not re.search(r"^[1-9]\d* passed, 0 failed$", said, re.M):
            raise Failure(f"{' '.join(tests)} did not run:\n{tail(said)}")
        return None

    def plant(self, mutant):
        self.write(mutant.file, mutant.text.replace(mutant.old, mutant.new, 1))
        try:
            return self.run(mutant.tests)
        finally:
            self.write(mutant.file, mutant.text)


def seen_before():
    try:
        with open(SEEN) as f:
            return set(line.split()[0] for line in f if line.strip())
    except OSError:
        return set()


def run(mutants, jobs=1, say=lambda line: None, seconds=None):
    """Tries them, beginning none after so many seconds; returns (the survivors, what went wrong)."""
    end = time.monotonic() + (seconds or 1e9)
    work, lock, alive, wrong = queue.Queue(), threading.Lock(), [], []
    for m in mutants:
        work.put(m)
    os.makedirs(OUT, exist_ok=True)

    def told(m, verdict, seconds):
        with lock:
            say(f"{verdict:<8} {m} ({seconds:.0f})")

    def worker():
        copy = None
        while time.monotonic() < end:
            try:
                m = work.get_nowait()
            except queue.Empty:
                break
            start = time.monotonic()
            try:
                copy = copy or Copy()
                by = copy.plant(m)
            except Exception as e:      # a mutant that cannot be tried is as bad as one that survives
                wrong.append(f"{m}: {e}")
                told(m, "error", 0)
                continue
            if by:
                with lock, open(SEEN, "a") as f:
                    f.write(f"{m.key()} {by} {m}\n")
            else:
                alive.append(m)
            told(m, f"seen by {by}:" if by else "SURVIVED", time.monotonic() - start)
        if copy:
            copy.remove()

    threads = [threading.Thread(target=worker) for _ in range(min(jobs, len(mutants)))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return alive, wrong


def untouched(mutants):
    """Without bugs the tests of these pass in such a copy: else they would see whatever is planted."""
    copy = Copy()
    by = copy.run(sorted(set(t for m in mutants for t in m.tests if t != "build")))
    copy.remove()
    if by:
        raise Failure(f"{by} fails with no bug planted")
