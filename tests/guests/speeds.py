# SPDX-License-Identifier: GPL-2.0-or-later
"""Exits of two speeds, compared.

The same random traps (fast.c, same seed) in a guest whose traps the Switcher delivers, in one that
has promised nothing, so that C delivers all, and in the first again on a machine booted with `slow`.
What the three saw must be the same, to the last word of the last frame; and the Switcher must have
delivered a good part in the first, and nothing in the others.
"""
import re
import threading
import time

from harness import Group
from ringlet import Ringlet, check, conf, elf, tail, work_file

STEPS = 100000
LEAST = 5       # of the traps one in so many must have come without an exit


def boot(name, build, seed, steps, options=""):
    sections = [("witness", {"kernel": "witness", "memory": "8M", "start": "yes"})]
    sections += [(v, {"kernel": "fast", "memory": "8M", "start": "no",
                      "cmdline": f"seed={seed} count={steps} variant={v}"}) for v in ("quick", "slow")]
    return Ringlet(name, kernel=elf(), cmdline=f"check-descriptors {options}", memory=64,
                   modules=[work_file(name, "ringlet.conf", conf(sections)), build("fast"), build("witness")])


def seen(r, guest):
    """What it saw, and how many traps came without an exit."""
    if not r.at:
        r.expect(r"beat \d+", 120)
    r.command(f"start {guest}")
    r.wait_state(guest, ("off", "crashed"), 300)
    said = r.command(f"dmesg {guest}")
    m = re.search(r"digest (\w+) of (\d+) traps\s+Test result: SUCCESS", said)
    check(m, f"{guest}:\n" + tail(said, 30) + r.command(f"info {guest}"))
    r.audit()
    return m[1], int(m[2]), r.stats(guest)["traps-without-exit"]


def compare(build, seed, steps):
    with boot("speeds", build, seed, steps) as r:
        quick, slow = seen(r, "quick"), seen(r, "slow")
    with boot("speeds-slow", build, seed, steps, "slow") as r:
        off = seen(r, "quick")
    check(quick[:2] == slow[:2] == off[:2], f"seed {seed}: the Switcher {quick}, C {slow}, with `slow` {off}")
    check(slow[2] == off[2] == 0, f"without an exit: {slow[2]} that were not promised, {off[2]} with `slow`")
    check(quick[2] * LEAST > quick[1], f"only {quick[2]} of {quick[1]} without an exit")
    return quick


def storm(build):
    """The same while NMIs come as fast as QEMU sends them."""
    with boot("speeds-nmi", build, 7, STEPS) as r:
        want = seen(r, "slow")
        over = threading.Event()
        sent = [0]

        def send():
            while not over.is_set():
                r.qmp("inject-nmi")
                sent[0] += 1
                time.sleep(0.0005)

        t = threading.Thread(target=send)
        t.start()
        try:
            got = seen(r, "quick")
        finally:
            over.set()
            t.join()
        check(sent[0] > 100, f"only {sent[0]} NMIs")
        check(got[:2] == want[:2], f"with NMIs {got}, without {want}")


class Speeds(Group):
    layer = "guests"

    def __init__(self, build):
        super().__init__([("speeds", lambda _: compare(build, 1, STEPS)), ("speeds.nmi", lambda _: storm(build))])
