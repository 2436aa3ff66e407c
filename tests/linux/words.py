# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests changed and added at the monitor, as ringlet.conf's words typed there."""
import re

import linux
from ringlet import ESCAPE, check


def memory(r, guest):
    return int(r.run(guest, "sed -n 's/MemTotal: *//p' /proc/meminfo").split()[0]) >> 10


def for_one_life(r):
    """start with words: this life and its reboots are so, the next start is as configured."""
    r.command('start beta memory=24M cmdline="quiet once=yes  two=yes"')
    linux.wait_shell(r, 2, "beta")
    check(memory(r, 2) < 24 and "once=yes  two=yes " in r.run(2, "cat /proc/cmdline"), "the words do not count")
    check("is idle" in r.command("set beta memory=20M"), "a running guest is changed")
    linux.restarts(r, 2, "beta", lambda: r.command("reboot beta"))
    check(memory(r, 2) < 24, "a reboot has forgotten the words")
    check("memory  = 48M\ncmdline = quiet\n" in r.command("set beta"), "one life's words are in the configuration")
    r.command("destroy beta")
    r.wait_state("beta", ("off",))
    r.command("start beta")
    linux.wait_shell(r, 2, "beta")
    check(memory(r, 2) > 30 and "once" not in r.run(2, "cat /proc/cmdline"), "the next start is not as configured")
    r.command("destroy beta")
    r.wait_state("beta", ("off",))


def for_good(r):
    """set: shown as ringlet.conf would have it, changed while the guest is off."""
    check(r.command("set beta").split("\n")[:2] == ["[beta]", "kernel  = linux-6.1"], r.command("set beta"))
    for line, want in (("set beta memory=1M", "too little"), ("set beta kernel=linux-9", r"no file linux-9.*linux-6\.1"),
                       ("set beta memroy=3M", "unknown key"), ("set beta memory = 3M", "no spaces around ="),
                       ("set beta disk=ram:1M", "disk cannot be changed"), ('set beta cmdline="x', "not closed"),
                       ("start beta net=lan1", "net cannot be changed"), ("start beta memory=3M", "too little memory"),
                       ("set nobody memory=3M", "no guest 'nobody'"), ("start beta nonsense", "not KEY=VALUE")):
        check(re.search(want, r.command(line)), f"{line} says:\n" + r.command(line))
    check("memory  = 48M" in r.command("set beta"), "a refused word counts nevertheless")
    check(not r.command('set beta memory=28M cmdline="quiet for=good"'), "set says something")
    r.command("start beta")
    linux.wait_shell(r, 2, "beta")
    check(memory(r, 2) < 28 and "for=good" in r.run(2, "cat /proc/cmdline"), "it was not changed")


def added(r):
    """new: with Tab for keys and files; a disk, a card and a console like any other's."""
    said = r.command("new gamma ker\tlinu\tini\tini\tmem\t20M disk=ram:2M net=lan0 cmdline=quiet")
    check("gamma is guest 3" in said, said)
    for line, want in (("new gamma kernel=linux-6.1", "there already"), ("new 7 kernel=linux-6.1", "cannot be a guest's name"),
                       ("new delta", "needs a kernel"), ("new delta kernel=nowhere", "no file nowhere"), ("new", "new NAME")):
        check(want in r.command(line), f"{line} says:\n" + r.command(line))
    r.command("start gamma")
    linux.wait_shell(r, 3, "gamma")
    check(r.run(3, "hostname; blockdev --getsize64 /dev/vda").split() == ["gamma", str(2 << 20)], "its name or its disk")
    r.run(3, "until ping -c 1 -W 5 alpha; do sleep 1; done")
    check("10.77.1.3" in r.run(1, "until ping -c 1 -W 5 gamma; do sleep 1; done"), "alpha does not know gamma")
    check(re.search(r"gamma\.vda +ram +2048 KiB", r.command("disk")) and "gamma" in r.command("net"), "disk or net")
    linux.restarts(r, 3, "gamma", lambda: r.command("reboot gamma"))


def up_to_sixteen(r):
    """As many as there may be, and Ctrl-T with two digits shows the last; nobody waits for a second digit that cannot be."""
    for n in range(len(r.states()) + 1, 17):
        check(f"guest{n} is guest {n}" in r.command(f"new guest{n} kernel=linux-6.1 initrd=initrd.gz memory=16M cmdline=quiet"), n)
    check("16 guests already" in r.command("new more kernel=linux-6.1"), "a seventeenth")
    r.command("start guest16")
    linux.wait_shell(r, 16, "guest16")
    check(r.run(16, "hostname").strip() == "guest16", "Ctrl-T 16 is not guest 16")
    check(r.run(1, "hostname").strip() == "alpha", "Ctrl-T 1 is not guest 1")
    check(r.run(3, "hostname").strip() == "gamma", "Ctrl-T 3 is not guest 3")
    r.monitor()
    r.send(ESCAPE + b"1")
    r.expect(r"alpha:", 20, "alpha's console, though no second digit comes")
    r.at = 1
    r.send(ESCAPE + b"19")
    r.expect("there is no guest 19: there are 16", 20)
    r.command("destroy guest16")


def groups():
    from linux import Guests, section
    sections = [("alpha", section(net="lan0")), ("beta", section(start="no", cmdline="quiet", net="lan0"))]
    return [Guests("linux-words", sections, [("words-once", for_one_life), ("words-set", for_good), ("words-new", added),
                                                  ("words-sixteen", up_to_sixteen)], memory=320)]
