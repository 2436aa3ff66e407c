# SPDX-License-Identifier: GPL-2.0-or-later
"""The third layer: Linux guests, driven by typing at their consoles and at the monitor.

One boot serves many tests; after each the audit walks every guest's shadows.  Where time
matters, clocks inside are compared with each other, never with ours.
"""
import hashlib
import os
import random
import re
import threading
import time

from harness import Group
from ringlet import (BUILD, ESCAPE, PATIENCE, PROMPT as PROMPT_OF_MONITOR, ROOT, Failure, Ringlet, by_wall_clock, check, conf, elf, plain, sh, tail,
                     work_file)

GUESTS = os.path.join(BUILD, "guests")
PROMPT = r"{}:[^\r\n]*# "
GAPS = os.path.join(ROOT, "tests", "linux", "selftests.gaps")


one_at_a_time = threading.Lock()    # groups run side by side, but the build scripts do not


def linux(version="6.1", variant="guest"):
    with one_at_a_time:
        sh([os.path.join(ROOT, "tools", "build-kernel.sh"), version, variant, GUESTS], timeout=3000)
    return os.path.join(GUESTS, f"linux-{version}" + ("-debian" if variant == "debian" else ""))


def linux_debian():
    """The kernel with what Debian's has, and the disk of its modules."""
    return [linux(variant="debian"), os.path.join(GUESTS, "modules-6.1.img")]


def initrd(*extra, name="initrd.gz"):
    out = os.path.join(GUESTS, name)
    os.makedirs(GUESTS, exist_ok=True)
    with one_at_a_time:
        sh([os.path.join(ROOT, "tools", "build-initrd.sh"), out, *extra], timeout=600)
    return out


def selftests(version="6.1"):
    out = os.path.join(BUILD, "tests", "selftests")
    if not os.path.exists(os.path.join(out, "selftests-x86")):
        sh([os.path.join(ROOT, "tools", "build-selftests.sh"), version, out], timeout=900)
    return [os.path.join(out, f) for f in sorted(os.listdir(out))]


def section(version="6.1", ird="initrd.gz", **more):
    return {"kernel": f"linux-{version}", "initrd": ird, **{"memory": "48M", "start": "yes", **more}}


class Guests(Group):
    """Several Linux guests in one boot."""
    layer = "linux"

    def __init__(self, name, sections, tests, version="6.1", memory=512, extra=(), modules=lambda: [], com2=None, cpu=None,
                 options=""):
        super().__init__(tests)
        self.name, self.sections, self.version = name, sections, version
        self.memory, self.extra, self.modules, self.com2 = memory, extra, modules, com2
        self.cpu, self.options = cpu, options

    def setup(self):
        files = [linux(self.version), initrd(*(self.extra() if callable(self.extra) else self.extra),
                                             name=self.sections[0][1]["initrd"])]
        modules = [work_file(self.name, "ringlet.conf", conf(self.sections)), *files]
        r = Ringlet(self.name, kernel=elf(), modules=modules + self.modules(), memory=self.memory,
                    com2=self.com2, cpu=self.cpu, cmdline=f"check-descriptors {self.options}".strip())
        r.__enter__()
        try:
            for i, (guest, keys) in enumerate(self.sections, 1):
                if keys.get("start") == "yes":
                    wait_shell(r, i, guest)
        except Exception:
            r.kill()
            raise
        return r

    def after(self, r, name):
        if r.qemu.poll() is None:
            r.audit()


def wait_shell(r, number, name, timeout=180):
    """Until the guest's shell does what it is told.  A prompt alone may be from its last life, and what is typed
    before there is a shell may be lost."""
    limit = time.monotonic() + timeout * PATIENCE
    while True:
        Ringlet.marks += 1
        r.console(number)
        r.seen = len(r.text)
        r.send(f"echo U''P{r.marks}\n")
        try:
            r.expect(rf"UP{r.marks}\r?\n", 3 * PATIENCE, f"{name}'s shell")
            return
        except Failure:
            check(time.monotonic() < limit, f"{name} never came to its shell:\n" + tail(r.text))


def finish(r, guest, timeout=300):
    """Waits for what runs in the background there; the shell's own words about it go by."""
    r.run(guest, "wait; true", timeout)
    r.run(guest, "true")


def uptime(r, guest):
    return float(r.run(guest, "cat /proc/uptime").split()[0])


# ---- the pair ----

def boot(r):
    said = r.command("dmesg alpha")
    check(re.search(r"Running on Ringlet", said), "the kernel does not say what it runs on")
    check(re.search(r"ringlet", r.run(1, "cat /proc/interrupts")), "the interrupts are not ours")
    check(r.run(1, "hostname").strip() == "alpha" and r.run(2, "hostname").strip() == "beta",
          "the guests have each other's names")


def interleaved(r):
    """Work on both at once; every answer is the right guest's."""
    for i in range(5):
        for g in (1, 2):
            r.console(g)
            r.send(f"(k=0; while [ $k -lt 40 ]; do k=$((k+1)); echo $k; done | md5sum; hostname) > /tmp/w{i} &\n")
    want = None
    for g in (1, 2):
        finish(r, g)
    for i in range(5):
        for g, name in ((1, "alpha"), (2, "beta")):
            said = r.run(g, f"cat /tmp/w{i}").split()
            want = want or said[0]
            check(said[0] == want and said[-1] == name, f"guest {g}, round {i}: {said}")


def neighbour(r):
    """One is destroyed and started again while the other works."""
    r.console(1)
    r.send("k=0; while [ $k -lt 2000 ]; do k=$((k+1)); echo $k; done | md5sum > /tmp/sum &\n")
    for _ in range(3):
        r.command("destroy beta")
        r.wait_state("beta", ("off",))
        r.command("start beta")
        r.wait_state("beta", ("running", "idle"))
    finish(r, 1)
    again = r.run(1, "k=0; while [ $k -lt 2000 ]; do k=$((k+1)); echo $k; done | md5sum; cat /tmp/sum", 300)
    sums = re.findall(r"[0-9a-f]{32}", again)
    check(len(sums) == 2 and sums[0] == sums[1], f"alpha miscounted: {again}")
    wait_shell(r, 2, "beta")


@by_wall_clock
def clock(r):
    now = int(r.run(1, "date -u +%s"))
    check(abs(now - time.time()) < 600, f"date is {now}, here it is {time.time():.0f}")

    # The second begins when the machine's does.  (By our clock; half a second is what a busy machine may take to see it.)
    def machine():
        return r.qmp("qom-get", path="/machine", property="rtc-time")["tm_sec"]

    second = machine()
    while True:
        before = time.monotonic()
        if machine() != second:
            break
    second = (second + 1) % 60
    said = r.run(1, "adjtimex | sed -n 's/.*tv_[su].*: *//p'").split()
    took = time.monotonic() - before
    ahead = (int(said[0]) % 60 + int(said[1]) / 1e6 - second + 30) % 60 - 30
    check(-0.5 < ahead < took + 0.5, f"asked for within {took:.3f} s after a second of the machine's, the guest says {ahead:.3f}")

    def both():
        """(the guest's, Ringlet's) idea of how long alpha is up."""
        said = r.command("list")
        m = re.search(r"\balpha\b.*?([\d.]+) s\s*$", said, re.M)
        return uptime(r, 1), float(m.group(1))

    g0, h0 = both()
    said = r.run(1, "cat /proc/uptime; sleep 10; cat /proc/uptime").split()
    slept = float(said[2]) - float(said[0])
    check(10 <= slept < 15, f"sleep 10 took {slept:.2f} s by the guest's clock")
    g1, h1 = both()
    check(abs((g1 - g0) - (h1 - h0)) < 5, f"the guest counted {g1 - g0:.2f} s, Ringlet {h1 - h0:.2f} s")


def signals(r):
    said = r.run(1, "sh -c 'trap \"echo caught\" USR1; kill -USR1 $$; kill -USR1 $$; echo end'")
    check(said.split() == ["caught", "caught", "end"], said)
    status, _ = r.shell(1, "sh -c 'kill -SEGV $$'")
    check(status == 139, f"SIGSEGV gave status {status}")
    status, said = r.shell(1, "timeout 1 sleep 100")
    check(status in (124, 143), f"timeout gave status {status}")


def quick(r):
    """A new page costs a fault of the guest's own, which is no exit."""
    before = r.stats("alpha")
    r.run(1, "dd if=/dev/zero of=/dev/null bs=4M count=1 2>/dev/null")
    after = r.stats("alpha")
    quick, slow = (after[k] - before[k] for k in ("traps-without-exit", "exit.pf-guest.count"))
    check(quick > 1000 and quick > 10 * slow, f"{quick} traps without an exit, {slow} page faults with one")


def slow(r):
    """With the option `slow` each is one."""
    r.run(1, "dd if=/dev/zero of=/dev/null bs=4M count=1 2>/dev/null")
    s = r.stats("alpha")
    check(not s["traps-without-exit"] and s["exit.pf-guest.count"] > 1000, f"{s['traps-without-exit']} without an exit")


def storm(r):
    """fork and exec on both guests at once."""
    for g in (1, 2):
        r.console(g)
        r.send("for j in 1 2 3 4 5 6; do (k=0; while [ $k -lt 60 ]; do /bin/true; k=$((k+1)); done; echo fin) & "
               "done > /tmp/storm\n")
    for g in (1, 2):
        finish(r, g, 600)
        check(r.run(g, "cat /tmp/storm").split() == ["fin"] * 6, f"guest {g} lost a process")


def pipes(r):
    said = r.run(1, "dd if=/dev/zero bs=1k count=4096 2>/dev/null | md5sum | md5sum")
    check(said == r.run(2, "dd if=/dev/zero bs=4k count=1024 2>/dev/null | md5sum | md5sum"), said)
    r.run(1, "seq 1 20000 | sort -rn | sort -n | tail -n 1 | grep -qx 20000")
    r.run(1, "seq 1 50000 > /tmp/big; cp /tmp/big /tmp/big2; cmp /tmp/big /tmp/big2; rm /tmp/big /tmp/big2")


def shares(r):
    """Both spin: each gets half, by what Ringlet counts."""
    for g in (1, 2):
        r.console(g)
        r.send("while :; do :; done &\n")
    a0, b0 = r.stats("alpha")["run-ns"], r.stats("beta")["run-ns"]
    time.sleep(4)
    a1, b1 = r.stats("alpha")["run-ns"], r.stats("beta")["run-ns"]
    for g in (1, 2):
        r.run(g, "kill $!; wait 2>/dev/null; true")
    share = (a1 - a0) / max(1, a1 - a0 + b1 - b0)
    check(0.4 < share < 0.6, f"alpha got {share:.0%} of the time")


@by_wall_clock
def idle(r):
    """Waiting guests cost the machine nothing: QEMU itself uses next to no processor."""
    r.run(1, "true")
    r.run(2, "true")
    r.drain(1)
    before, start = r.cpu_seconds(), time.monotonic()
    time.sleep(8)
    used = (r.cpu_seconds() - before) / (time.monotonic() - start)
    check(used < 0.15, f"QEMU used {used:.0%} of a processor with all guests idle")


def screen(r):
    check(r.run(1, "stty size").split() == ["25", "80"], "the console has another size than 25 by 80")
    r.send("vi /tmp/poem\r")
    r.expect(r"poem", 60)
    r.send("iroses are red\033")
    r.drain(1)      # or vi would take Escape and : for one key
    r.send(":wq\r")
    r.expect(PROMPT.format("alpha"), 60)
    check(r.run(1, "cat /tmp/poem").strip() == "roses are red", "vi did not write what was typed")
    said = r.run(1, "top -b -n 1 | head -n 4")
    check("Load average" in said, said)


def pause(r):
    r.command("pause alpha")
    check(r.state("alpha") == "paused", "alpha is not paused")
    before = r.stats("alpha")["run-ns"]
    r.run(2, "seq 1 3000 | md5sum")
    check(r.stats("alpha")["run-ns"] == before, "a paused guest ran")
    r.command("unpause alpha")
    r.run(1, "true")


def panic(r):
    """gamma's init is /bin/false: the kernel panics.  Last words kept, marked crashed, alpha not concerned."""
    before = r.free_kib()
    r.command("start gamma")
    r.wait_state("gamma", ("crashed",), 180)
    said = r.command("dmesg gamma")
    check("Kernel panic" in said and "Attempted to kill init" in said, "the last words are lost:\n" + tail(said))
    check("kill init" in r.command("info gamma"), "info does not tell why")
    check(r.run(1, "echo here").strip() == "here", "alpha suffered")
    check(r.free_kib() == before, "memory was lost")


def restarts(r, number, name, act):
    """What act does makes the guest start again; until its shell works."""
    starts = lambda: int(re.search(r"^starts\s+(\d+)", r.command(f"info {name}"), re.M).group(1))
    before = starts()
    act()
    limit = time.monotonic() + 120 * PATIENCE
    while starts() == before:
        check(time.monotonic() < limit, f"{name} did not start again:\n" + r.command(f"info {name}"))
        time.sleep(0.2)
    wait_shell(r, number, name)


def ways_out(r):
    """poweroff, halt and reboot typed in the guest; shutdown and reboot asked for at the monitor."""
    for words in ("poweroff", "halt"):
        r.console(2)
        r.send(words + "\n")
        r.wait_state("beta", ("off",))
        r.command("start beta")
        wait_shell(r, 2, "beta")
    restarts(r, 2, "beta", lambda: (r.console(2), r.send("reboot\n")))
    restarts(r, 2, "beta", lambda: r.command("reboot beta"))
    r.command("shutdown beta")
    r.wait_state("beta", ("off",))
    check("powered off" in r.command("info beta"), r.command("info beta"))
    r.command("start beta")
    wait_shell(r, 2, "beta")


def cycles(r):
    """A hundred times started and destroyed, at any moment of its boot: all memory comes back."""
    before, heap = r.free_kib(), r.heap()
    for i in range(100):
        check("cannot" not in r.command("start delta"), f"delta did not start the {i + 1}th time")
        time.sleep((i * 7 % 10) / 50)
        r.command("destroy delta")
        r.wait_state("delta", ("off",))
    check(r.free_kib() == before, f"{before} KiB were free before, {r.free_kib()} KiB after")
    check(r.heap() < heap + 8 * 100, f"the heap has grown from {heap} to {r.heap()}")   # what is lost is 16 bytes or more


def monitor(r):
    """Every command says something sensible, and what is wrong with a wrong one."""
    for line, want in (("list", r"alpha.*\n.*beta"), ("info alpha", r"kernel\s+linux-6\.1"),
                       ("info 1", r"name\s+alpha"), ("stats alpha", r"hypercall"), ("mem", r"KiB free"),
                       ("dmesg", r"Ringlet"), ("dmesg beta", r"Linux version"), ("help", r"destroy"),
                       ("help stats", r"-m"), ("audit alpha", r"ok"), ("audit", r"beta: ok"),
                       ("frobnicate", r"frobnicate"), ("info nobody", r"nobody.*alpha"), ("info", r"which|NAME"),
                       ("start alpha", r"running"), ("unpause alpha", r"not paused"), ("destroy gamma", r"gamma"),
                       ("help nonsense", r"nonsense"), ("list a b c d", r"list"), ("", r"^$")):
        said = r.command(line)
        check(re.search(want, said, re.S), f"{line!r} says: {said}")
    # Line editing: what is taken back does not count; CR LF is one line's end.
    check("alpha" in r.command("lizx\x7f\x7fst"), "backspace")
    check("alpha" in r.command("garbage\x15list"), "Ctrl-U")
    check("alpha" in r.command("lis\t"), "Tab")
    check("alpha" in r.command("\x1b[A"), "the last line again")


def escapes(r):
    """The escape key: guests, the monitor, help; twice sends it through."""
    r.console(1)
    r.send(ESCAPE + b"?")
    r.expect(r"monitor", 30, "the help line")
    r.send("cat -v\n")
    r.drain(0.5)
    r.seen = len(r.text)
    r.send(ESCAPE + ESCAPE + b"\n")
    r.expect(r"\^T", 30, "the key sent through")
    r.send(b"\x03")
    r.send(ESCAPE + b"2")
    r.at = 2
    check(r.run(2, "hostname").strip() == "beta", "Ctrl-T 2 does not lead to beta")
    r.send(ESCAPE + b"n")
    r.drain(0.5)
    r.monitor()
    r.run(1, "true")


def resize(r):
    """The console's size, by the monitor and by asking the person's terminal; the foreground is told."""
    r.console(1)
    r.drain(1)
    r.send("sh -c 'trap \"stty size; exit\" WINCH; echo WAIT\"\"ING; while :; do sleep 0.1; done'\n")
    r.expect("WAITING", 30)
    r.command("resize alpha 132x43")
    r.seen = len(r.text)
    r.send(ESCAPE + b"1")
    r.at = 1
    r.expect(r"43 132", 30, "the size after SIGWINCH")
    check(r.run(1, "stty size").split() == ["43", "132"], "resize alpha 132x43 was not taken")
    for wrong in ("132", "19x25", "80x4", "256x25", "80x101", "80x25x", "x", "80x25 more"):
        check("COLSxROWS" in r.command("resize alpha " + wrong), f"resize alpha {wrong} is no error")
    for answer, words in (("\033[50;120R", "alpha: 120x50"), ("\033[999;999R", "alpha: 255x100"), ("\033[A", "does not tell")):
        r.console(1)
        r.drain(0.5)
        r.seen = len(r.text)
        r.send(ESCAPE + b"r")
        r.expect(r"\033\[6n", 30, "the question")
        r.send(answer)
        r.expect(words, 30)
        r.send("\n")
    check(r.run(1, "stty size").split() == ["100", "255"], "Ctrl-T r did not do it")
    check("no such command" not in r.command("list"), "an answer came to the monitor")
    check(r.command("resize alpha 80x25") == "", "it does not go back")
    r.run(1, "true")


def pasted(r, data):
    """What came of it at a program that reads raw bytes, but not at once: until then it has to wait somewhere."""
    r.console(1)
    r.drain(1)      # the shell asks where the cursor is; that answer is not for us
    r.seen = len(r.text)
    r.send(f"stty raw -echo; echo REA''DY; sleep 1.5; head -c {len(data)} | md5sum; stty sane\n")
    r.expect("READY", 60)
    r.paste(data)
    return r.expect(r"([0-9a-f]{32})  -", 300, "its sum").group(1)


def paste(r):
    """100 KB, and more than there is room for, at full speed; and where nobody reads, the escape key works."""
    for size in (100 << 10, 500 << 10):
        data = random.Random(size).randbytes(size).hex()[:size].encode()
        sum = pasted(r, data)
        check(sum == hashlib.md5(data).hexdigest(), f"{size} bytes pasted, and others came")
    r.run(1, "true")
    before = r.heap()
    r.command("pause alpha")
    r.console(1)
    r.paste(b"echo lost\n" * 40000)
    r.expect(r"alpha does not read: \d+ bytes typed for it are lost", 120)
    r.send(ESCAPE + b"m")
    r.expect(PROMPT_OF_MONITOR, 60, "the monitor, with a guest that does not read")
    r.at = "monitor"
    r.command("destroy alpha")
    r.wait_state("alpha", ("off",))
    r.command("start alpha")
    wait_shell(r, 1, "alpha")
    check(r.heap() < before + 65536, f"the paste has not left the heap: {before}, then {r.heap()}")


def questions(r):
    """A guest that asks the terminal gets its own answer; the wire carries no question, and the monitor no answer."""
    r.console(1)
    r.drain(1)
    start = len(r.text)
    r.send(r"stty raw -echo; printf '\033[5n\033[c\033[3;7H\033[6n'; head -c 15 | od -An -c; stty sane; echo DO''NE" "\n")
    said = r.expect(r"stty sane.*?\n(.*)DONE", 60, "its answers").group(1)
    check("".join(plain(said).split()) == "033[0n033[?6c033[3;7R", "its answers are " + said)
    r.run(1, r"(sleep 2; for i in 1 2 3 4 5 6 7 8; do printf '\033[6n\033[c\005\033P$q"
             r"m\033\\\033[21t\033]52;c;?\007\033[?1003h\033[?2004h\302\2336n'; done) > /dev/hvc0 &")
    r.monitor()
    r.console(1)
    r.drain(4)
    sent = r.text[start:]
    for bad in ("\033[6n", "\033[c", "\005", "\033P", "\033]", "\033[21t", "\033[?1003", "\033[?2004", "\302\233"):
        check(bad not in sent.replace("printf", ""), f"{bad!r} came over the line")
    before = len(r.text)
    r.monitor()
    r.drain(1)
    check(re.fullmatch(r"\s*ringlet> ", plain(r.text[before:]).replace("\x18", "").replace("\x0f", "")),
          "the monitor was spoken to: " + repr(r.text[before:]))
    r.console(1)
    r.send(b"\x15\n")     # the shell was told what it had not asked for
    finish(r, 1)


def kernel_selftests(r):
    """The kernel's own tests/x86 for 32 bit; what may fail is in selftests.gaps, with the reason."""
    said = plain(r.shell(1, "selftests-x86", 900)[1])
    gaps = dict(line.split(None, 1) for line in open(GAPS) if line.strip() and line[0] != "#")
    results = dict(re.findall(r"^selftest (\w+): (\w+)", said, re.M))
    check(len(results) > 10, "they did not run:\n" + tail(said))
    bad = [t for t, v in results.items() if v == "FAILED" and t not in gaps]
    check(not bad, "failed: " + ", ".join(bad) + "\n" + tail(said, 60))
    mended = [t for t in gaps if results.get(t) == "ok"]
    check(not mended, "these pass now; take them out of selftests.gaps: " + ", ".join(mended))
    return f"{sum(v == 'ok' for v in results.values())} ok, gaps: " + \
        ", ".join(t for t in results if results[t] != "ok")


# ---- eight, and the other kernel ----

NAMES = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]


def eight(r):
    for i, name in enumerate(NAMES, 1):
        r.console(i)
        r.send("seq 1 4000 | md5sum > /tmp/sum &\n")
    for i in range(1, 9):
        finish(r, i)
    sums = {r.run(i, "cat /tmp/sum") for i in range(1, 9)}
    check(len(sums) == 1, f"eight guests, {len(sums)} different sums: {sums}")
    check(len(re.findall(r"(running|idle)", r.command("list"))) == 8, r.command("list"))


def other_kernel(r):
    check(r.run(1, "uname -r").startswith("6.12"), "it is another kernel")
    check("Running on Ringlet" in r.command("dmesg alpha"), "it does not say what it runs on")


def groups():
    import clock as clocks
    import debian
    import disks
    import entropy
    import journey
    import networks
    import v86
    import words
    tests = {"ird": "initrd-tests.gz", "memory": "64M"}     # the selftests unpacked want room
    pair = [("alpha", section(**tests)), ("beta", section(**tests)),
            ("gamma", section(**tests, start="no", cmdline="rdinit=/bin/false")),
            ("delta", section(**tests, start="no"))]
    return [
        Guests("linux-pair", pair, [
            ("boot", boot), ("interleaved", interleaved), ("neighbour", neighbour), ("clock", clock),
            ("signals", signals), ("quick", quick), ("storm", storm), ("pipes", pipes), ("shares", shares), ("idle", idle),
            ("screen", screen), ("pause", pause), ("panic", panic), ("ways-out", ways_out),
            ("monitor", monitor), ("escapes", escapes), ("resize", resize), ("paste", paste),
            ("questions", questions), ("selftests", kernel_selftests),
            ("cycles", cycles)], extra=selftests),
        Guests("linux-slow", pair[:2], [
            ("slow", slow), ("slow-signals", signals), ("slow-storm", storm), ("slow-pipes", pipes),
            ("slow-selftests", kernel_selftests)], extra=selftests, options="slow"),
        Guests("linux-eight", [(n, section(net="lan")) for n in NAMES], [("eight", eight), ("net-eight", networks.everybody)]),
        Guests("linux-6.12", [(n, section("6.12")) for n in NAMES[:2]],
               [("6.12-boot", other_kernel), ("6.12-storm", storm), ("6.12-pipes", pipes),
                ("6.12-signals", signals), ("6.12-clock", clock)], version="6.12"),
    ] + clocks.groups() + debian.groups() + disks.groups() + entropy.groups() + journey.groups() + networks.groups() + v86.groups() + \
        words.groups()
