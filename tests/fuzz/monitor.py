# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor, typed at as a script or a cat would: thousands of commands, right, nearly right and wrong, many in one paste.

Whatever is typed, Ringlet does not panic, its guests are as sound as before, and what they held comes back.
"""
import os
import random
import re

from harness import Group
from guests import build
from ringlet import BUILD, ESCAPE, Failure, Ringlet, check, conf, elf, work_file

PASTES = 120            # of up to 40 commands each
GUESTS = [("alpha", {"kernel": "witness", "disk": ["ram:1M", "data.img cow"], "net": "lan", "start": "yes"}),
          ("beta", {"kernel": "spin", "cmdline": "variant=timer", "disk": "data.img ro", "net": ["lan", "other"], "start": "yes"}),
          ("gamma", {"kernel": "hello", "disk": "absent.img"}),
          ("delta", {"kernel": "triple", "cmdline": "variant=loop", "disk": ["plain.img", "ram:64K"]}),
          ("epsilon", {"kernel": "nowhere", "disk": ["absent.img cow", "empty.img ro", "plain.img cow"]}),
          ("zeta", {"kernel": "spin", "cmdline": "variant=loop", "memory": "2000M"}),
          ("eta", {"kernel": "spin", "cmdline": "variant=console"}),
          ("theta", {"kernel": "replies"})]
DISKS = [f"{name}.vd{letter}" for name, _ in GUESTS for letter in "abc"]
FILES = ["witness", "spin", "hello", "triple", "nowhere", "data.img", "plain.img", "ringlet.conf"]
NEW = ["iota", "kappa", "mu", "9", ""]
WORDS = ["set", "new", "list", "console", "resize", "info", "stats", "start", "shutdown", "reboot", "destroy", "pause", "unpause", "dmesg",
         "mem", "disk", "net", "audit", "help", "trace", "sysrq", "poweroff later", ""]
SIZES = ["80x25", "255x100", "20x5", "0x0", "256x101", "80x", "x", "-1x-1", "99999999999x1", "100x40"]
JUNK = [b"\x00", b"\xff" * 3, b"\x1b[A", b"\x1b[1;1R", b"\x1b]", b"\x07", b"\t", b"\t\t", b"\x15", b"\x17", b"\x01\x0b", b"\x03", b"\x1b[3~",
        b"%s%n", b"a" * 400, b" ", b"\n", b"\x1b[D" * 5, b"\x10" * 20, b"\x0e", b"\x7f" * 9, b"4294967296", b"-1", b"\x0c"]


def settings(chance):
    """Words that may follow start, set and new."""
    return " ".join(chance.choice([
        f"kernel={chance.choice(FILES)}", f"kernel={chance.choice(FILES)}", f"initrd={chance.choice(FILES + [''])}",
        f"memory={chance.choice(['4M', '8M', '9M', '1M', '2000M', '', 'x'])}", f"cmdline={chance.choice(['variant=loop', '', 'a'])}",
        'cmdline="variant=timer b  c"', 'disk="ram:64K"', 'disk="data.img cow"', "disk=plain.img", "net=lan", 'net="other strict"',
        "net=n mac=02:00:00:00:00:01", "start=yes", "memory", "=", '"', "\t", "ke\t"]) for _ in range(chance.randrange(6)))


def command(chance):
    """One line, most often one that means something."""
    name = chance.choice([g for g, _ in GUESTS] + ["1", "2", "7", "8", "0", "nobody", ""])
    disk = chance.choice(DISKS + [name] * 4)
    line = chance.choice([
        f"{chance.choice(WORDS)} {name}", f"start {name}", f"destroy {name}", f"pause {name}", f"unpause {name}",
        f"reboot {name}", f"disk save {disk}", f"disk save {disk}", f"disk reset {disk}", "disk cancel", "disk", "disk", "mem", "list",
        f"stats {name} -m", f"stats {name} {chance.choice(['exits', 'absent', 'time', 'nothing'])}", f"resize {name} {chance.choice(SIZES)}", f"dmesg {name}", f"info {name}", f"audit {name}",
        f"net capture {chance.choice(['lan', 'other', 'none', 'off', 'off'])}", "net",
        f"start {name} {settings(chance)}", f"set {name} {settings(chance)}", f"new {chance.choice(NEW + [name])} {settings(chance)}",
        " ".join(chance.choice(WORDS + DISKS) for _ in range(chance.randrange(6)))]).encode()
    if chance.random() < 0.1:
        at = chance.randrange(len(line) + 1)
        line = line[:at] + chance.choice(JUNK) + line[at:]
    if chance.random() < 0.05:      # to another console and, mostly, back
        line += b"\r" + ESCAPE + chance.choice([b"1", b"2", b"5", b"9", b"n", b"?", b"r", b"x", ESCAPE])
        line += b"list\r" + ESCAPE + chance.choice([b"m", b"m", b"m", b"n"])
    return line + b"\r"


def answered(r, mark):
    """Until the monitor has heard that; an answer for which the line has no room is lost, and told."""
    for last in (False, False, False, True):
        r.paste(b"\x07\x03" + ESCAPE + b"m\x03" + mark.encode() + b"\r")     # out of whatever it is in
        try:
            r.expect(f"no command '{mark}'", 20)
            return
        except Failure as e:
            if last or "panicked" in str(e):
                raise


def escape(r):
    """Away from a guest whose input is full of what its own terminal has answered it, again and again."""
    r.command("start theta")
    for _ in range(3):
        r.console(8)
        r.expect("full.*full", 60)
        r.send(ESCAPE + b"m")
        r.expect("ringlet> ", 20, "the monitor")
    r.at = None
    r.command("destroy theta")
    r.wait_state("theta", ("off",))


def typed(seed):
    def test(r):
        chance = random.Random(seed)
        for n in range(PASTES):
            r.paste(ESCAPE + b"m\x03" + b"".join(command(chance) for _ in range(chance.randrange(1, 41))))
            answered(r, f"mark{seed}x{n}")
        r.at = "monitor"
        r.command("disk cancel")
        r.command("net capture off")
        for name in r.states():
            r.command(f"destroy {name}")
            r.wait_state(name, ("off", "crashed"))
        for disk in DISKS + re.findall(r"^((?:iota|kappa|mu)\.vd.)", r.command("disk"), re.M):
            r.command(f"disk reset {disk}")
        for name, keys in GUESTS:       # what has been changed; the heap keeps what was added
            r.command(f"set {name} kernel={keys['kernel']} memory=8M" if keys["kernel"] != "nowhere" else "")
        now = r.free_kib()
        check(abs(now - r.free) < 512, f"{r.free} KiB were free at the beginning, {now} KiB are at the end")
        for name in ("alpha", "beta"):
            r.command(f"start {name}")
            r.wait_state(name, ("running", "idle"))
        r.audit()
    return f"monitor-{seed}", test


class Monitor(Group):
    """One boot of bare guests for all of it."""
    layer = "fuzz"

    def setup(self):
        files = [work_file("fuzz-monitor", "ringlet.conf", conf([(n, {"memory": "8M", **k}) for n, k in GUESTS]))]
        files += [build(k) for k in ("witness", "spin", "hello", "triple", "replies")]
        files += [work_file("fuzz-monitor", n, bytes(s)) for n, s in (("data.img", 300 << 10), ("plain.img", 512 * 9), ("empty.img", 0))]
        r = Ringlet("fuzz-monitor", kernel=elf(), modules=files, memory=96, com2=os.path.join(BUILD, "tests", "work", "fuzz-monitor", "com2"))
        r.__enter__()
        r.expect(r"beat \d+", 120, "the first beat")
        for name in ("alpha", "beta"):
            r.command(f"destroy {name}")
            r.wait_state(name, ("off",))
        r.free = r.free_kib()
        return r


def groups():
    return [Monitor([("monitor-escape", escape)] + [typed(seed) for seed in (1, 2, 3)])]
