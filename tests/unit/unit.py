# SPDX-License-Identifier: GPL-2.0-or-later
"""The first layer: the hypervisor's own modules, compiled for the build machine with sanitizers."""
import glob
import os
import subprocess

from harness import Group
from ringlet import BUILD, LOGS, PATIENCE, ROOT, check, sh, tail

HERE = os.path.join(ROOT, "tests", "unit")
OUT = os.path.join(BUILD, "tests", "unit")


def run(path, name, *args):
    os.makedirs(os.path.join(LOGS, "unit"), exist_ok=True)
    p = subprocess.run([path, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT,
                       timeout=600 * PATIENCE)
    text = p.stdout.decode("latin-1")
    with open(os.path.join(LOGS, "unit", name + ".log"), "w") as f:
        f.write(text)
    check(p.returncode == 0, f"exit status {p.returncode}:\n{tail(text)}")


class Unit(Group):
    layer = "unit"

    def __init__(self):
        names = sorted(os.path.basename(f)[5:-2] for f in glob.glob(f"{HERE}/test_*.c"))
        super().__init__([(n, lambda _, n=n: self.one(n)) for n in names])

    def one(self, name):
        sh(["make", "-s", "-f", "tests/unit/Makefile", f"BUILD={BUILD}", f"{OUT}/test_{name}"])
        run(f"{OUT}/test_{name}", name)


class Mutants(Group):
    """Some of the bugs in mutants.py, planted: each must be seen."""
    layer = "unit"

    def __init__(self):
        super().__init__([("mutants", self.sample)])

    def sample(self, _):
        import mutants
        import mutate
        tried = []
        mutants.report(*mutate.run(mutants.sample(), say=tried.append, seconds=mutants.SAMPLE_SECONDS))
        return f"{len(tried)} bugs planted, {len(tried)} seen"


def groups():
    return [Unit(), Mutants()]
