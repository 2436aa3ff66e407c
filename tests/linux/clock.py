# SPDX-License-Identifier: GPL-2.0-or-later
"""The time, as a guest's programs read it (clock.c): without a system call where the machine's counter is steady, and
right in both cases."""
import os
import re
import time

from linux import Guests, finish, linux, section, uptime
from ringlet import BUILD, ROOT, check, sh

SOURCE = "cat /sys/devices/system/clocksource/clocksource0/current_clocksource"
UNSURE = "qemu32,tcg-cpuid=off"     # a machine that does not say that its counter is steady


def by_vdso(r):
    for guest in (1, 2):
        check(r.run(guest, SOURCE).strip() == "tsc", f"guest {guest} has another clock: {r.run(guest, SOURCE)}")
        said = r.run(guest, "clock calls")
        check(said.strip() == "without a system call", f"guest {guest} reads the time {said}")


def by_call(r):
    check(r.run(1, SOURCE).strip() == "ringlet", f"the machine's counter is trusted: {r.run(1, SOURCE)}")
    check("tsc" not in r.run(1, SOURCE.replace("current", "available")), "the counter can be chosen")
    check(r.run(1, "clock calls").strip() == "by system calls", "the time is read without a system call")


def agree(r):
    for guest in (1, 2):
        said = r.run(guest, "clock compare", 300)
        check(re.search(r"^0 of 100000 readings out of order", said, re.M), f"guest {guest}: {said}")


def alive(r):
    """How long alpha is up, as Ringlet says."""
    return float(re.search(r"\balpha\b.*?([\d.]+) s\s*$", r.command("list"), re.M)[1])


def forward(r):
    """While alpha's processes read, a neighbour spins, alpha is paused again and again, and the neighbour destroyed: nothing
    goes back, and the pauses count."""
    r.console(2)
    r.send("while :; do :; done &\n")
    inside, outside = uptime(r, 1), alive(r)
    r.console(1)
    r.send("clock watch 12 > /tmp/watch &\n")
    for _ in range(6):
        time.sleep(0.5)
        r.command("pause alpha")
        time.sleep(0.7)
        r.command("unpause alpha")
    r.command("destroy beta")
    finish(r, 1)
    said = r.run(1, "cat /tmp/watch")
    found = re.search(r"^0 of (\d+) readings went back", said, re.M)
    check(found and int(found[1]) > 1000, f"the clock: {said}")
    inside, outside = uptime(r, 1) - inside, alive(r) - outside
    check(abs(inside - outside) < 2, f"alpha counted {inside:.2f} s with its pauses, Ringlet {outside:.2f} s")
    return f"{found[1]} readings"


def slept(r, guest):
    said = r.run(guest, "clock sleep 300", 300)
    found = re.search(r"^least (\d+) us, median (\d+) us", said, re.M)
    check(found and int(found[1]) >= 1000, f"guest {guest} woke too early: {said}")
    return int(found[2])


def sleeps(r):
    """Alone it takes two calls to sleep, the one that waits and the one that sets the tick again."""
    calls = ("set-clockevent", "sleep", "halt")
    for guest, name in ((1, "alpha"), (2, "beta")):
        before = r.stats(name)
        slept(r, guest)
        after = r.stats(name)
        n = sum(after[f"hypercall.{call}"] - before[f"hypercall.{call}"] for call in calls)
        check(590 < n < 700, f"{name} took {n} calls for 300 sleeps")


def sleeps_beside(r):
    """While another process computes, the end of a sleep does not wait for the next tick, which is 10 ms away."""
    for guest in (1, 2):
        r.run(guest, "(while :; do :; done) & echo $! > /tmp/pid")
        median = slept(r, guest)
        r.run(guest, "kill $(cat /tmp/pid); wait 2>/dev/null; true")
        check(median < 4000, f"guest {guest} sleeps {median} us instead of 1000")


def tools():
    out = os.path.join(BUILD, "tests", "work", "clock")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    sh(["gcc", "-m32", "-static", "-O2", "-D_TIME_BITS=64", "-D_FILE_OFFSET_BITS=64", "-Wall", "-Wextra", "-Werror", "-o", out,
        os.path.join(ROOT, "tests", "linux", "clock.c")])
    return [out]


def groups():
    keys = {"ird": "initrd-clock.gz"}
    return [Guests("linux-clock", [("alpha", section(**keys)), ("beta", section("6.12", **keys))],
                   [("clock-vdso", by_vdso), ("clock-agree", agree), ("clock-sleeps", sleeps), ("clock-sleeps-beside", sleeps_beside),
                    ("clock-forward", forward)],
                   extra=tools, modules=lambda: [linux("6.12")]),
            Guests("linux-clock-unsure", [("alpha", section(**keys)), ("beta", section(**keys))],
                   [("clock-call", by_call), ("clock-call-agree", agree), ("clock-call-forward", forward)],
                   extra=tools, cpu=UNSURE)]
