# SPDX-License-Identifier: GPL-2.0-or-later
"""libFuzzer harnesses for whatever reads what a stranger wrote.

In the tests each does a fixed number of runs.  `tests/fuzz/fuzz.py SECONDS [NAME...]` lets each run for so
long, and keeps what it finds in build/fuzz.
"""
import os
import subprocess
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from harness import Group
from ringlet import BUILD, LOGS, PATIENCE, ROOT, Failure, Skip, sh, tail

OUT = os.path.join(BUILD, "fuzz")
RUNS = 20000
# Two programs of each, for the two cannot be one: the second sees what is judged by before it was written.
SANITIZERS = ("address,undefined", "memory")
NET = ["drivers/net/inet.c"] + [f"drivers/virtio/{f}.c" for f in ("net", "offload", "mmio", "ring")]
SUBJECTS = {
    "config": ["hv/load/config.c"],
    "manifest": ["hv/load/manifest.c"],
    "kernel": ["hv/load/kernel_image.c"],
    "decode": ["hv/cpu/decode.c"],
    "multiboot": ["boot/multiboot.c"],
    "filter": ["drivers/serial/filter.c"],
    "vt": [f"drivers/vga/{f}.c" for f in ("vt", "cells", "history", "glyphs", "repaint")],
    "net": NET,
    "lanhost": ["drivers/net/lanhost.c", *NET],
    "virtio": ["drivers/virtio/mmio.c", "drivers/virtio/ring.c"],
}


def fuzz(name, *options):
    if subprocess.run(["which", "clang"], stdout=subprocess.DEVNULL).returncode:
        raise Skip("clang is not installed")
    for sanitizers in SANITIZERS:
        fuzz_under(sanitizers, name, *options)


def fuzz_under(sanitizers, name, *options):
    corpus = os.path.join(OUT, name)
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(os.path.join(LOGS, "fuzz"), exist_ok=True)
    which = f"{name}-{sanitizers.split(',')[0]}"
    binary, log = os.path.join(OUT, "fuzz_" + which), os.path.join(LOGS, "fuzz", which + ".log")
    sh(["clang", "-g", "-O1", f"-fsanitize=fuzzer,{sanitizers}", "-fno-sanitize-recover=all", "-I.", "-DHPA_PTR_OVERRIDE",
        "-o", binary, f"tests/fuzz/fuzz_{name}.c", *SUBJECTS[name]])
    seeds = os.path.join(ROOT, "tests", "fuzz", "seeds", name)
    with open(log, "wb") as f:
        p = subprocess.run([binary, *options, "-seed=1", "-timeout=60", f"-artifact_prefix={OUT}/{name}-", corpus] +
                           [seeds] * os.path.isdir(seeds), stdout=f, stderr=subprocess.STDOUT, cwd=ROOT,
                           timeout=7200 * PATIENCE)
    if p.returncode:
        raise Failure(tail(open(log, errors="replace").read(), 40))


class Fuzz(Group):
    layer = "fuzz"


def groups():
    import monitor
    return [Fuzz([(n, lambda _, n=n: fuzz(n, f"-runs={RUNS}", "-max_len=4096")) for n in SUBJECTS])] + monitor.groups()


if __name__ == "__main__":
    os.chdir(ROOT)
    for n in sys.argv[2:] or SUBJECTS:
        print(f"fuzz {n} for {sys.argv[1]} s", flush=True)
        fuzz(n, f"-max_total_time={int(sys.argv[1])}", "-max_len=8192")
