# SPDX-License-Identifier: GPL-2.0-or-later
"""One's own image: `make iso CONF=... FILES=...`, and what it says about a configuration before anything is built."""
import os
import re
import shutil
import subprocess
import time

from harness import Group
from ringlet import BUILD, PATIENCE, ROOT, Ringlet, check, conf, elf, sh, work_file

import linux

WORK = os.path.join(BUILD, "tests", "work", "own")
ISO = os.path.join(WORK, "mine.iso")


def make(*args):
    """(exit status, what it said)"""
    p = subprocess.run(["make", "-s", f"BUILD={os.path.relpath(BUILD, ROOT)}", "iso", f"ISO={ISO}", *args], cwd=ROOT,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
    return p.returncode, p.stdout.decode()


def refusals(_):
    """Each fault is one line that says where it is, and nothing is built."""
    kernel = linux.linux()
    work_file("own", "data.img", b"x" * 8192)

    def refused(text, want, *args):
        conf = work_file("own", "my.conf", text)
        if os.path.exists(ISO):
            os.remove(ISO)
        status, said = make(f"CONF={conf}", *args)
        lines = [l for l in said.split("\n") if l and not l.startswith("make")]
        check(status and not os.path.exists(ISO), f"{text!r} is taken:\n{said}")
        check(len(lines) == 1 and re.search(want, lines[0]), f"{text!r} with {args} says, instead of {want!r}:\n{said}")

    good = "[alpha]\nkernel = mine\n"
    mine = f"FILES=mine={kernel} {WORK}/data.img"
    refused("[alpha]\nmemroy = 3M\nkernel = mine\n", r"my\.conf:2: .*memroy", mine)
    refused("# one\n" + good, r"my\.conf:3: \[alpha\] kernel = mine: no such file; .* make builds linux-6\.1")
    refused(good + "disk = date.img\n", r"my\.conf:3: \[alpha\] disk = date\.img: .*FILES has mine, data\.img", mine)
    refused(good + "initrd = i.gz\n", r"my\.conf:3: \[alpha\] initrd = i\.gz: no such file", mine)
    refused("[alpha]\nkernel = data.img\n", r"my\.conf:2: \[alpha\] could not start: data\.img is not a Linux kernel", mine)
    refused(good + "memory = 4M\n", r"my\.conf:2: \[alpha\] could not start: too little memory", mine)
    refused("[alpha]\n", r"my\.conf:1: \[alpha\] .*kernel")
    refused("", r"names no guest")
    refused(good + "start = yes\nmemory = 200M\n", r"need \d\d\d MiB \(alpha 2\d\d, files \d, Ringlet \d\), and MEMORY is 128",
            mine, "MEMORY=128M")
    refused(good + "start = yes\nmemory = 2G\n[b]\nkernel=mine\nstart=yes\nmemory=2G\n", r"a 32-bit PC has at most 3584", mine)
    refused(good, r"MEMORY=much", mine, "MEMORY=much")
    refused(good, r"FILES: .*nowhere.* not a file", f"FILES=mine={kernel} {WORK}/nowhere")
    refused(good, r"FILES: two files would be called mine", f"FILES=mine={kernel} {WORK}/my.conf mine={WORK}/data.img")
    check(make(f"CONF={WORK}/my.conf", "GUESTS=3")[1].count("GUESTS=3: CONF="), "GUESTS beside CONF is taken")
    check(make(f"CONF={WORK}/none.conf")[1].count("no such file"), "a CONF that is not there")


def boots(_):
    """A kernel and a disk from somewhere else, under a name of one's own, beside make's initrd; none of the files is
    touched, and the machine may be as small as make says."""
    kernel = linux.linux()
    shutil.copyfile(kernel, os.path.join(WORK, "vmlinux"))
    disk = work_file("own", "data.img", b"Kept data.\n" + bytes(65536))
    conf = work_file("own", "my.conf", "[left]\nkernel = my-kernel\ninitrd = initrd.gz\ndisk = data.img\nnet = lan0\nstart = yes\n"
                     "[right]\nkernel = my-kernel   # linux-6.12\ninitrd = initrd.gz\nstart = yes\n")
    times = [os.stat(f) for f in (conf, disk, WORK + "/vmlinux")]
    status, said = make(f"CONF={conf}", f"FILES=my-kernel={WORK}/vmlinux {disk}")
    check(status == 0, said)
    needs = re.search(r"takes a PC with (\d+) MiB", said)
    check(needs, said)
    with Ringlet("system-own", iso=ISO, memory=int(needs[1])) as r:
        r.expect("Ctrl-T m: the monitor", 600)      # what is typed at GRUB's menu would stop it
        linux.wait_shell(r, 1, "left", 600)
        check("Kept data." in r.run(1, "head -n 1 /dev/vda"), "the disk is another one")
        linux.wait_shell(r, 2, "right", 600)
        said = r.command("dmesg")
        names = set(re.findall(r"module (\S+) [0-9a-f]{8}-", said)) - {"ringlet.manifest"}
        check(names == {"ringlet.conf", "my-kernel", "data.img", "initrd.gz"}, "not just these files are on it:\n" + said)
    check([os.stat(f).st_mtime_ns for f in (conf, disk, WORK + "/vmlinux")] == [t.st_mtime_ns for t in times], "files were changed")


def keymap(_):
    """A German keyboard: `keymap=de` on our own line, keys pressed as they lie there; another layout from the monitor."""
    modules = [work_file("own", "ringlet.conf", conf([("alpha", linux.section())])), linux.linux(), linux.initrd()]
    with Ringlet("system-keymap", kernel=elf(), modules=modules, cmdline="keymap=de", memory=128) as r:
        linux.wait_shell(r, 1, "alpha")

        def press(*keys):
            for k in keys:
                r.hmp(f"sendkey {k}")
                time.sleep(0.15)

        def sees(want):
            limit = time.monotonic() + 60 * PATIENCE
            while want not in r.vga_text():
                check(time.monotonic() < limit, f"the screen does not show {want!r}:\n{r.vga_text()}")
                time.sleep(0.2)

        press("e", "c", "h", "o", "spc", "shift-2", "y", "z", "shift-7", "alt_r-q", "alt_r-7", "alt_r-8", "alt_r-9", "alt_r-0",
              "alt_r-minus", "alt_r-less", "alt_r-bracket_right", "slash", "shift-slash", "less", "shift-0", "backslash", "shift-2", "ret")
        sees("zy/@{[]}\\|~-_<=#\n")
        press("alt-f12")
        sees("ringlet>")
        press(*"kezmap", "spc", "x", "x", "ret")
        sees("keymap=xx: there are us, uk, de, fr")
        press(*"kezmap", "spc", *"us", "ret", "z", "y", "x")
        sees("ringlet> zyx")


class Own(Group):
    layer = "system"

    def setup(self):
        elf()
        os.makedirs(WORK, exist_ok=True)
        sh(["make", "-s", f"BUILD={os.path.relpath(BUILD, ROOT)}", "elf", os.path.relpath(os.path.join(BUILD, "check-config"), ROOT)])


def groups():
    return [Own([("own-refusals", refusals), ("own-boots", boots), ("keymap", keymap)])]
