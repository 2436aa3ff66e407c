# SPDX-License-Identifier: GPL-2.0-or-later
"""The harness, tested: what fails is seen to fail.  One that cannot fail proves nothing."""
import importlib.machinery
import importlib.util
import io
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

import guests
import harness
import journey
from harness import Group
from ringlet import BUILD, DESCRIPTORS_OK, ROOT, Failure, Ringlet, Skip, by_wall_clock, check, elf, sh, work_file


class Quiet(harness.Report):
    def add(self, name, verdict, seconds, text=""):
        self.seen = getattr(self, "seen", []) + [(name, verdict, text)]
        setattr(self, {"ok": "passed", "FAIL": "failed", "skip": "skipped"}[verdict],
                getattr(self, {"ok": "passed", "FAIL": "failed", "skip": "skipped"}[verdict]) + 1)


def verdicts(_):
    """Good, bad, skipped, broken, and the one after a bad one, which gets a machine of its own."""
    def bad(_):
        raise Failure("on purpose")

    def broken(_):
        return 1 // 0

    def skipped(_):
        raise Skip("not here")

    made = []

    class G(Group):
        layer = "x"

        def setup(self):
            made.append(1)
            return object()

    class NoSetup(Group):
        layer = "y"

        def setup(self):
            raise Failure("no machine")

    r = Quiet()
    harness.run_group(G([("good", lambda _: None), ("bad", bad), ("after", lambda _: None), ("broken", broken),
                         ("skipped", skipped)]), lambda _: True, r)
    harness.run_group(NoSetup([("never", lambda _: None)]), lambda _: True, r)
    want = ["ok", "FAIL", "ok", "FAIL", "skip", "FAIL"]
    check([v for _, v, _ in r.seen] == want, f"{r.seen}")
    check(r.summary() == "2 passed, 3 failed, 1 skipped", r.summary())
    check(len(made) == 3, "a failure did not cost its machine")
    check("on purpose" in r.seen[1][2] and "ZeroDivisionError" in r.seen[3][2], "the reasons are lost")


def bare_guest(_):
    """A guest that says FAILURE, one that says nothing, and wrong expectations of death are all failures."""
    source = """/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes of it depends on the variant.
 *
 * Outcome: SUCCESS
 */
#include "guest.h"
void test_main(void)
{
	if (variant_is("fails")) EXPECT(0, "on purpose");
	if (variant_is("nothing")) return;
	if (variant_is("dies")) hcall(1000, 0, 0, 0);
	if (variant_is("silent")) hcall(HC_SHUTDOWN, 0, SHUTDOWN_POWEROFF, 0);
	EXPECT(ram_bytes(), "no memory");
}
"""
    path = os.path.join(guests.HERE, "selftest-guest.c")

    cases = [("fails", "SUCCESS", False), ("nothing", "SUCCESS", False), ("dies", "SUCCESS", False),
             ("silent", "SUCCESS", False), ("good", "SUCCESS", True), ("good", "killed no such hypercall", False),
             ("dies", "killed no such hypercall", True), ("dies", "killed no stack", False), ("good", "running", False)]
    try:
        with open(path, "w") as f:
            f.write(source)
        story = guests.Story(path)
        batch = guests.Batch("selftest", [(story, f"{i}", [(v, o)]) for i, (v, o, _) in enumerate(cases)])
        r = batch.setup()
        try:
            for (name, test), (v, o, good) in zip(batch.tests, cases):
                try:
                    test(r)
                    passed = True
                except Failure:
                    passed = False
                check(passed == good, f"variant {v}, outcome {o}: {'passed' if passed else 'failed'}")
        finally:
            r.kill()
    finally:
        os.remove(path)


def timeout(_):
    """What does not come is a failure that shows what did come; QEMU is gone afterwards."""
    with Ringlet("selftest", kernel=elf(), modules=[work_file("selftest", "ringlet.conf", "")], memory=64) as r:
        r.expect("Ringlet", 60)
        try:
            r.expect("this never comes", 1)
            raise Failure("expect() did not fail") from None
        except Failure as e:
            check("this never comes" in str(e), str(e))
        qemu = r.qemu
    check(qemu.poll() is not None, "QEMU is still there")


def endless(_):
    """A test that waits for something in a way that has no limit ends all the same, and so does its machine."""
    with Ringlet("selftest", kernel=elf(), modules=[work_file("selftest", "ringlet.conf", "")], memory=64) as r:
        def waits(r):
            while True:
                r._receive(1)
        try:
            harness.run_test(waits, r, 3)
            raise Failure("run_test() did not fail") from None
        except Failure as e:
            check("took more than 3 s" in str(e) and "closed the serial line" in str(e), str(e))


def unit_test(_):
    """A CHECK that does not hold, and an access out of bounds, end a unit test with a status."""
    out = os.path.join(BUILD, "tests", "unit")
    os.makedirs(out, exist_ok=True)
    for body in ("CHECK(1 == 2, \"on purpose\");", "char *p = malloc(argc); p[argc + 3] = 1; CHECK(p, \"x\");",
                 "int x = 0x7FFFFFFF; CHECK(x + argc, \"y\");"):
        source = work_file("selftest", "unit.c", '#include "tests/unit/test.h"\nint main(int argc, char **argv)\n'
                           "{ (void)argv; (void)argc; " + body + " return passed(); }\n")
        make = subprocess.run(["make", "-s", "-f", "tests/unit/Makefile", "--eval",
                               f"{out}/selftest: {source}; $(CC) $(CFLAGS) -o $@ $<", "-B", f"{out}/selftest"])
        check(make.returncode == 0, "it does not compile")
        p = subprocess.run([f"{out}/selftest"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        check(p.returncode != 0, f"{body} passed")


class Fake(Ringlet):
    """A monitor with answers made up: {command: answer, or a list of answers, one after the other}."""

    def __init__(self, **answers):
        self.text, self.answers = "", answers

    def command(self, line, timeout=60):
        said = self.answers[re.sub(r"[ -]", "_", line)]
        return said.pop(0) if isinstance(said, list) else said


LIST = """ id name            state     memory  starts        ran      uptime
  1 witness         running  8192 KiB     1      0.100 s     1.000 s
  2 t1              off      8192 KiB     0      0.000 s """
OK = "audit {}: ok: 1 roots, 2 tables, 3 entries, 0 lagging"


def condemns(name, judge, *args):
    """The judge must fail, and by its own words."""
    try:
        judge(*args)
    except Failure:
        return
    raise Failure(f"{name}: condemned by nobody")


def audit(_):
    """Whatever an audit may say but what it should."""
    good = [OK.format("witness"), "audit t1: off"]

    def judge(*lines, which="", tables=DESCRIPTORS_OK):
        Fake(list=LIST, **{f"audit {which}".strip().replace(" ", "_"): "\n".join((tables, *lines))}).audit(which)

    judge(*good)
    judge("[   12.345] a line of the log", *good)
    for tables in ("", "audit of the descriptors: VIOLATION: GDT entry 20 is 00cf9b00:0000ffff", good[0]):
        condemns(f"of the tables: {tables}", lambda tables=tables: judge(*good, tables=tables))
    judge(good[0], which="witness")
    for name, lines in {
            "a violation": ("audit witness: VIOLATION: table of gfn 00100 entry 3: odd bits 0000002f", good[1]),
            "a second line": (*good, "GDT entry 10: DPL 3"), "a violation of another kind": (*good, "audit gdt: VIOLATION"),
            "nothing": ("",), "one too few": good[:1], "one twice": (good[0], *good), "a stranger": (*good, OK.format("t9")),
            "off, but ok": (good[0], OK.format("t1")), "running, but off": ("audit witness: off", good[1]),
            "numbers that are none": (good[0].replace("1 roots", "no roots"), good[1]), "an unknown command": ("no command 'audit'",),
            "more on the line": (good[0] + ", 1 VIOLATION", good[1])}.items():
        condemns(name, judge, *lines)


def judges(_):
    """What else judges a bare guest: its verdict, the log, the witness, and what is counted."""
    batch = guests.Batch("selftest", [])

    def verdict(outcome, state="off", said="Test result: SUCCESS\n", reason="powered off"):
        batch.verdict(Fake(list=LIST.replace("off     ", f"{state:8}"), dmesg_t1=said, info_t1=f"name     t1\nreason   {reason}\n"),
                      "t1", outcome)

    verdict("SUCCESS")
    verdict("killed no stack", "crashed", "", "double fault: no stack at 0")
    verdict("running", "running")
    for name, args in {
            "a failure": ("SUCCESS", "off", "Test result: FAILURE\n"), "nothing said": ("SUCCESS", "off", ""),
            "success, and then a failure": ("SUCCESS", "off", "Test result: SUCCESS\nTest result: FAILURE\n"),
            "success, and then death": ("SUCCESS", "crashed"), "another reason": ("killed no stack", "crashed", "", "no handler for trap 6"),
            "no reason": ("killed no stack", "crashed", "", ""), "a reason, but alive": ("killed powered", "off"),
            "off, not running": ("running", "off"), "another case": ("killed No Stack", "crashed", "", "no stack")}.items():
        condemns(name, verdict, *args)

    log = "[    1.000] t1: virtio device 1 needs a reset: a loop\n[    1.001] t2: killed"
    batch.log_says(Fake(dmesg=log), "t1", ["needs a reset: a loop"])
    condemns("not in the log", batch.log_says, Fake(dmesg=log), "t1", ["killed"])
    condemns("one of two in the log", batch.log_says, Fake(dmesg=log), "t1", ["needs a reset", "never"])
    condemns("of nobody in the log", batch.log_says, Fake(dmesg=""), "t1", ["needs"])

    check(batch.beat(Fake(dmesg_witness="beat 1\nbeat 17")) == 17, "beats are not read")
    condemns("a silent witness", batch.beat, Fake(dmesg_witness=""))
    patience, guests.PATIENCE = guests.PATIENCE, 0.001
    try:
        batch.witness_goes_on(Fake(dmesg_witness=["beat 5", "beat 6"], list=LIST), 5)
        condemns("a witness that stopped", batch.witness_goes_on, Fake(dmesg_witness="beat 5", list=LIST), 5)
    finally:
        guests.PATIENCE = patience

    check(Fake(stats_t1__m="exits  12\ntrap injected 14  3").stats("t1") == {"exits": 12, "trap injected 14": 3}, "stats are not read")
    condemns("stats without numbers", Fake(stats_t1__m="no guest 't1'").stats, "t1")
    check(Fake(mem="65536 KiB of memory, 512 KiB free\nheap: 1 of 2 bytes").free_kib() == 512, "mem is not read")
    condemns("mem without a number", Fake(mem="heap: 1 of 2 bytes").free_kib)
    condemns("a state that is none", Fake(list=LIST.replace("running", "burning")).state, "witness")
    condemns("a guest that is not there", Fake(list=LIST).state, "t7")


def stories(_):
    """An outcome that any death would do for, or that nobody knows, is none."""
    for outcome in ("killed .", "killed .*", "killed", "killed |stack", "killed a", "SUCCES", "SUCCESS or killed ..", ""):
        path = work_file("selftest", "story.c", f"/* SPDX */\n/*\n * A story.\n *\n * Outcome: {outcome}\n */\n")
        try:
            guests.Story(path)
        except AssertionError:
            continue
        raise Failure(f"outcome '{outcome}' was taken")


def answers(_):
    """What is typed and what is answered, through a line that redraws, scrolls the log past and splits escape sequences."""
    redraw = b"\r\x1b[Kringlet> "
    log = b"\r\x1b[K[    3.141] beta: running\r\n"
    cases = {"quiet": [b"list\r\n", b"one\r\ntwo\r\n", redraw], "nothing said": [b"list\r\n" + redraw],
             "log while typing": [b"li", log + redraw + b"li\x1b[K", b"st\r\none\r\ntwo\r\n" + redraw],
             "log before Enter": [b"list", log + redraw + b"list\x1b[", b"K\r\none\r\ntwo\r\n" + redraw],
             "log after the prompt": [b"list\r\none\r\ntwo\r\n" + redraw + log + redraw],
             "log and prompt in pieces": [b"list\r\none\r\ntwo\r\n\rringlet", b"> \x1b[1", b"0D", log, redraw]}
    for name, pieces in cases.items():
        ours, theirs = socket.socketpair()
        r = Ringlet.__new__(Ringlet)
        r.line, r.text, r.seen, r.at, r.log = ours, "", 0, "monitor", io.BytesIO()

        def monitor():
            while b"\r" not in theirs.recv(64):
                pass
            for p in pieces:
                theirs.sendall(p)
                time.sleep(0.01)
        thread = threading.Thread(target=monitor)
        thread.start()
        said = r.command("list", 2)
        thread.join()
        check(said == ("" if name == "nothing said" else "one\ntwo"), f"{name}: {said!r}")
        ours.close()
        theirs.close()


def wall_clock(_):
    """A test that judges the wall clock says so when it fails."""
    def test(_):
        raise Failure("too slow")
    try:
        by_wall_clock(test)(None)
    except Failure as e:
        check("too slow" in str(e) and "wall clock" in str(e), str(e))
        return
    raise Failure("it did not fail")


class Selftest(Group):
    layer = "selftest"


def pruned(_):
    """Of each thing in the cache the newest versions stay, and what is no version of anything."""
    with tempfile.TemporaryDirectory() as cache:
        for i in range(7):
            for name in ("kernel/linux-6.1-guest-%016x", "kernel/linux-6.12-guest-%016x", "rootfs/debian-%016x.img"):
                path = os.path.join(cache, name % i)
                os.makedirs(path)
                os.utime(path, (1000 + i, 1000 + i))
        os.makedirs(os.path.join(cache, "busybox", "busybox"))
        subprocess.run([os.path.join(ROOT, "tools", "prune-cache.sh")], env={**os.environ, "RINGLET_CACHE": cache}, check=True)
        left = {d: sorted(os.listdir(os.path.join(cache, d))) for d in os.listdir(cache)}
    check(left == {"kernel": [f"linux-{v}-guest-{i:016x}" for v in ("6.1", "6.12") for i in range(3, 7)], "busybox": ["busybox"],
                   "rootfs": [f"debian-{i:016x}.img" for i in range(3, 7)]}, f"what is left: {left}")


def page(_):
    """What docs/journey.md might say wrongly of the source, or show wrongly, is seen."""
    sys.path.insert(0, os.path.join(ROOT, "tools"))
    import references
    c = "static void act(int a)\n{\n\tgo(a);\n\tstop();\n}\n\nvoid other(void)\n{\n\tend();\n}\n"
    for words, gone in (("act()", []), ("go()", ["go()"]), ("struct act", ["struct"]), ("other() end", [])):
        check(references.missing(c, words) == gone, f"{words!r}: {references.missing(c, words)} is missing")
    for lines, there in ((["go(a);", "stop();"], True), (["go(a);", "}"], False), (["static void act(int a)", "...", "stop();"], True),
                         (["go(a);", "...", "end();"], False), (["stop();", "go(a);"], False), (["go(b);"], False)):
        check(references.quoted(c, lines) == there, f"{lines} {'is there' if there else 'is not there'}")
    files, texts = {"hv/a.c", "docs/b.md"}, {"hv/a.c": c}
    for span, wrong in (("hv/a.c", None), ("hv", None), ("hv/b.c", "there is no hv/b.c"), ("hv/a.c: other()", None), ("act()", None),
                        ("hv/a.c: go()", "hv/a.c has no go()"), ("go()", "no file has go()"), ("int $0x80", None),
                        ("no_such", "no file has no_such")):
        check(references.judge(span, files, texts) == wrong, f"{span}: {references.judge(span, files, texts)}")
    pages = {"docs/b.md": "# One\n## 2. A guest's `end`\n", "hv/a.c": c}
    for target, leads in (("b.md", True), ("../hv/a.c", True), ("b.md#2-a-guests-end", True), ("b.md#two", False), ("c.md", False),
                          ("#one", True), ("https://example.org/x", True)):
        check(not list(references.broken_links("docs/b.md", f"[x]({target})", pages.get)) == leads, target)

    said = "exits   count\n  mmio   12\n  nmi   3\nhalts  7\n  eip c0125c2e"
    for lines, fits in ((["exits count", "...", "  nmi 1", "..."], True), (["exits count", "  nmi 1"], False), (["...", "  fills 1"], False),
                        (["exits count", "...", "  eip c047a741"], True), (["  nmi one"], False), (["halts 70", "..."], True)):
        check(bool(journey.pattern(lines).search(said)) == fits, f"{lines} {'does not fit' if fits else 'fits'}")


def load(path):
    """A program of ours as a module."""
    loader = importlib.machinery.SourceFileLoader(os.path.basename(path), path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def bench(_):
    """The benchmark asks for the rows that its program has, and a row that did not come is seen."""
    run = load(os.path.join(ROOT, "tests", "bench", "run"))
    program = work_file("selftest", "bench", "")
    run.build_program(program)
    rows = sh([program, "-list"]).split()
    check(rows == list(run.ROWS), f"the program's rows: {rows}\nthose asked for: {list(run.ROWS)}")

    said = "bench fork 2.0 0\r\nbench exec 8.0 4096\r\nbench-clock 200 100\r\nbench-end\r\n"
    check(run.results(said, ["fork", "exec"], "x") == ({"fork": 1.0, "exec": 4.0}, 2.0), "ns are not turned into ticks")
    for text, rows in ((said, ["fork", "pipe"]), (said.replace("bench-clock", "x"), ["fork"]),
                       (said + "bench-error fork: on purpose", ["fork"])):
        try:
            run.results(text, rows, "x")
        except Failure:
            continue
        check(False, f"{rows} were found in {text!r}")


def groups():
    return [Selftest([("page", page), ("verdicts", verdicts), ("audit", audit), ("judges", judges), ("stories", stories), ("answers", answers),
                      ("wall-clock", wall_clock), ("unit-test", unit_test), ("timeout", timeout), ("endless", endless), ("bare-guest", bare_guest),
                      ("pruned", pruned), ("bench", bench)])]
