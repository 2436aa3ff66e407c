# SPDX-License-Identifier: GPL-2.0-or-later
"""The harness, tested: what fails is seen to fail.  One that cannot fail proves nothing."""
import os
import subprocess

import guests
import harness
from harness import Group
from ringlet import BUILD, Failure, Ringlet, Skip, check, elf, work_file


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
    source = """#include "guest.h"
void test_main(void)
{
	if (variant_is("fails")) EXPECT(0, "on purpose");
	if (variant_is("nothing")) return;
	if (variant_is("dies")) hcall(1000, 0, 0, 0);
	if (variant_is("silent")) hcall(HC_SHUTDOWN, 0, SHUTDOWN_POWEROFF, 0);
	EXPECT(1, " ");
}
"""
    path = os.path.join(guests.HERE, "selftest-guest.c")

    class Fake:
        name, repeat, config, logged = "selftest-guest", 1, [], []

    cases = [("fails", "SUCCESS", False), ("nothing", "SUCCESS", False), ("dies", "SUCCESS", False),
             ("silent", "SUCCESS", False), ("good", "SUCCESS", True), ("good", "killed .", False),
             ("dies", "killed hypercall", True), ("dies", "killed banana", False), ("good", "running", False)]
    try:
        with open(path, "w") as f:
            f.write(source)
        batch = guests.Batch("selftest", [(Fake, f"{i}", [(v, o)]) for i, (v, o, _) in enumerate(cases)])
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


class Selftest(Group):
    layer = "selftest"


def groups():
    return [Selftest([("verdicts", verdicts), ("unit-test", unit_test), ("timeout", timeout),
                      ("bare-guest", bare_guest)])]
