# SPDX-License-Identifier: GPL-2.0-or-later
"""A process without privileges, and virtual-8086 mode: the way to it, and what could be done there."""
import os

from linux import Guests, section
from ringlet import BUILD, ROOT, check, sh


def attack(r, cs, flags, code):
    status, said = r.shell(1, f"v86 {cs} {flags} {code}")
    check(status == 139 and "in" in said and "came back" not in said, f"v86 {cs} {flags} {code}: status {status}\n{said}")
    check("6" in r.run(2, "echo $((2 * 3))"), "the neighbour does not calculate")


def halts(r):
    """Each of the low bits that cs can have: none of them is a ring."""
    for cs in range(4):
        attack(r, cs, "200", "f4")
        attack(r, cs, "200", "90f4")


def traps(r):
    """Every other way out: a trap, a step, a page that is not there, the machine's own timer."""
    for code in ("cc", "ce", "f1", "cd03", "cd1f", "cd80", "0f0b", "a1fcff", "ebfe", "f7f0"):
        attack(r, 3, "200", code)
        attack(r, 0, "300", code)
        attack(r, 1, "4b00", code)


def ports(r):
    """With IOPL 3, through the system call's gate or not: no port, and the kernel is none the wiser."""
    for code in ("cd80", "e464f4", "eef4", "fa90f4", "fbf4"):
        attack(r, 2, "3200", code)
    for _ in range(3):
        check("uid=0" in r.run(1, "id"), "system calls of others fail")


def off(r):
    """With interrupts off, and nothing to come out for: beta goes on."""
    for cs in range(4):
        attack(r, cs, "0", "ebfe")
        attack(r, cs, "3000", "ebfe")


def tools():
    out = os.path.join(BUILD, "tests", "work", "v86")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    sh(["gcc", "-m32", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", out,
        os.path.join(ROOT, "tests", "linux", "v86.c")])
    return [out]


def groups():
    keys = section(ird="initrd-v86.gz")
    return [Guests("linux-v86", [("alpha", keys), ("beta", keys)],
                   [("v86-halts", halts), ("v86-traps", traps), ("v86-ports", ports), ("v86-off", off)],
                   extra=tools)]
