# SPDX-License-Identifier: GPL-2.0-or-later
"""The fourth layer: the ISO itself, through GRUB, on several machines; and what people do wrong."""
import functools
import os
import re
import shutil
import struct
import subprocess
import textwrap
import threading
import time

from harness import Group
from ringlet import BUILD, LOGS, PATIENCE, ROOT, Ringlet, check, conf, elf, plain, sh, tail, work_file

import debugger
import guests
import linux
import media
import own
import ringlet
import web
from bochs import Bochs

OUT = os.path.join(BUILD, "tests", "system")


def iso(name, sections, modules=None, text=None, extra=()):
    """An ISO with this configuration; the usual kernel and initrd, unless modules says otherwise, and extra."""
    os.makedirs(OUT, exist_ok=True)
    elf()
    modules = modules or [linux.linux(), linux.initrd()]
    out = os.path.join(OUT, name + ".iso")
    command = [os.path.join(ROOT, "tools", "make-iso.sh"), "-o", out, "-t", "0",
               "-k", os.path.join(BUILD, "ringlet.stripped.elf")]
    if sections is not None or text is not None:
        command += ["-c", work_file("system-" + name, "ringlet.conf", text or conf(sections))]
    sh(command + modules + list(extra), timeout=300)
    return out


PAIR = [("alpha", linux.section()), ("beta", linux.section())]


made = threading.Lock()


@functools.lru_cache
def make_standard():
    """As `make iso` does it."""
    text = sh([os.path.join(ROOT, "tools", "make-config.sh"), "2", "6.1", "48M", "busybox"])
    return iso("standard", None, text=text)


def standard():
    """The one that most tests boot: made once a run, though groups that run side by side ask for it."""
    with made:
        return make_standard()


def works(r, name="alpha", number=1):
    linux.wait_shell(r, number, name, 600)
    check("Linux" in r.run(number, "uname -a; ls /bin | wc -l", 300), "no Linux")


def devices(r, neighbour):
    """The first guest has a disk, randomness, and a network with a neighbour."""
    said = r.run(1, "mke2fs /dev/vda && mount /dev/vda /mnt && echo kept > /mnt/f && umount /mnt", 300)
    check("kept" in r.run(1, "mount /dev/vda /mnt && cat /mnt/f && umount /mnt", 300), "no disk:\n" + said)
    check(r.run(1, "head -c 20 /dev/hwrng | wc -c", 300).strip() == "20", "no entropy")
    if neighbour:			# once DHCP is through
        r.run(1, f"until ping -c 1 -W 10 {neighbour}; do sleep 1; done", 300)


def on(name, second="works", **machine):
    """A test: the standard ISO on this machine, both guests at work, the power turned off at the end."""
    def test(_):
        with Ringlet("system-" + name, **({} if "disk" in machine else {"iso": standard()}), **machine) as r:
            works(r)
            if second == "works":
                works(r, "beta", 2)
            else:
                check(re.search(second, r.command("dmesg")), "beta is not refused:\n" + r.command("dmesg"))
                check(r.state("beta") == "off", "beta runs")
            devices(r, second == "works" and "beta")
            r.audit()
            r.monitor()
            r.send("poweroff now\r")
            try:
                r.qemu.wait(60 * PATIENCE)
            except subprocess.TimeoutExpired:
                check(False, "poweroff does not turn the machine off")
    return name, test


def stick(_):
    image = os.path.join(OUT, "stick.img")
    shutil.copyfile(standard(), image)
    return on("stick", disk=image)[1](None)


def screen_and_keyboard(_):
    """On VGA and with a PS/2 keyboard alone: the guest, vi, Alt-F2, the monitor."""
    with Ringlet("system-screen", iso=standard(), memory=256) as r:
        works(r)
        works(r, "beta", 2)

        r.type_keys("echo A1_b-C/$((6*7))\n")
        sees(r, r"A1_b-C/42")
        r.hmp("sendkey alt-f2")
        sees(r, r"beta:")
        r.hmp("sendkey alt-f12")
        sees(r, r"ringlet>")
        r.type_keys("list\n")
        sees(r, r"alpha +(idle|running)")
        r.hmp("sendkey alt-f1")
        sees(r, r"A1_b-C/42")
        # The serial line went its own way all the while.
        check("alpha" in r.run(1, "hostname"), "the serial line is lost")


def sees(r, want, timeout=60):
    """Until the screen shows that; returns all that is on it."""
    limit = time.monotonic() + timeout * PATIENCE
    while not re.search(want, r.vga_text(), re.M):
        check(time.monotonic() < limit, f"the screen does not show {want!r}:\n{r.vga_text()}")
        time.sleep(0.2)
    return r.vga_text()


def scrollback(_):
    """On the screen: what has scrolled off a guest's console and the monitor, and the pager for a long answer, which the
    serial line does not meet."""
    files = [work_file("system-scrollback", "ringlet.conf", conf([("witness", {"kernel": "witness", "memory": "8M", "start": "yes"})])),
             guests.build("witness")]
    with Ringlet("system-scrollback", kernel=elf(), modules=files, memory=64) as r:
        r.expect(r"beat 60\b", 120)
        sees(r, r"^beat 60")
        r.hmp("sendkey shift-pgup")
        said = sees(r, r"^ \d+ lines below\.")
        first = int(re.search(r"^beat (\d+)", said, re.M)[1])
        r.expect(rf"beat {first + 60}\b", 120)
        check(re.search(r"^beat (\d+)", r.vga_text(), re.M)[1] == str(first), "it does not stand still:\n" + r.vga_text())
        for _ in range(9):
            r.hmp("sendkey shift-pgup")
            time.sleep(0.2)
        sees(r, r"^beat 1$")
        r.hmp("sendkey shift-pgdn")
        check("beat 1\n" not in sees(r, r"^beat 24$"), r.vga_text())
        r.type_keys("x")
        sees(r, r"\A(?!(.|\n)* lines below)")
        r.hmp("sendkey alt-f12")
        sees(r, r"^ringlet> \Z|ringlet>$")
        r.type_keys("stats witness\n")
        sees(r, r"^ \d+ more lines\.  Space")
        check("exits " in r.vga_text(), "the answer's first line is not the first:\n" + r.vga_text())
        r.type_keys("q")
        sees(r, r"^ringlet>$")
        check("exits " not in r.vga_text(), "the answer's end is not shown:\n" + r.vga_text())
        r.type_keys("stats witness\n")
        sees(r, r"^ \d+ more lines")
        r.type_keys(" list\n")
        sees(r, r"^ringlet> list$")
        check("more lines" not in r.command("stats witness"), "there is a pager on the serial line")


def silent_kernel():
    """An ELF file with one instruction, a jump to itself."""
    header = struct.pack("<4sBBB9xHHIIIIIHHHHHH", b"\x7fELF", 1, 1, 1, 2, 3, 1, 0x100000, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    return header + struct.pack("<8I", 1, 84, 0xC0100000, 0x100000, 2, 2, 5, 4096) + b"\xeb\xfe"


def seen(_):
    """What happened is seen: a crash from another console, a kernel that was not made for Ringlet, names in info, and
    what poweroff would end."""
    names = ("witness", "triple", "mute", "multi", "ls")
    kernels = [guests.build("witness"), guests.build("triple"), work_file("system-seen", "mute", silent_kernel()),
               work_file("system-seen", "multi", open(elf(), "rb").read()), work_file("system-seen", "ls", open("/bin/ls", "rb").read())]
    config = conf([(n, {"kernel": n, "memory": "8M", "cmdline": "variant=no-idt", "start": "yes" if n == "witness" else "no"})
                   for n in names])
    files = [work_file("system-seen", "ringlet.conf", config),
             work_file("system-seen", "witness.map", sh(["nm", "-n", kernels[0]])), *kernels]
    with Ringlet("system-seen", kernel=elf(), modules=files, memory=128) as r:
        r.expect(r"beat 5\b", 120)
        crash = r"triple crashed: .*; `info triple` says more, `start triple` starts it again"
        r.monitor()
        r.send("start triple\r")
        r.expect(crash, 60)                     # at the prompt
        sees(r, r"^\[triple crashed: ")         # on the screen, which shows another guest
        r.seen = len(r.text)
        check(re.search(crash, r.command("dmesg")), "the log does not say so")
        for name, want in (("multi", "Multiboot"), ("ls", "64-bit")):
            said = r.command(f"start {name}")
            check(re.search(rf"{name} cannot start: .*{want}", said), said)
        r.send("start mute\r")
        r.expect(r"mute runs, but has not spoken to Ringlet \(is its kernel built for Ringlet\?", 60)
        r.seen = len(r.text)
        r.command("destroy mute")
        info = r.command("info witness")
        check(re.search(r"^  at \w+\+0x", info, re.M), "no names in info:\n" + info)
        check(re.search(r"^cmdline .*hostname=witness .*virtio_mmio\.device=", info, re.M), "not the whole line:\n" + info)
        said = r.command("stats witness hypercalls")
        check("console-write" in said and "world-switches" not in said, said)
        check("no section 'cow'" in r.command("stats witness cow"), "any section will do")
        for answer in ("n", "", "\x03"):
            r.send("poweroff\r")
            r.expect(r"witness is running\.\s+Turn the machine off\? \(y/n\) ", 60)
            r.send(answer + "\r")
            r.expect(r"The machine stays on\.\s+ringlet> ", 60)
        r.send("poweroff\r")
        r.expect(r"\(y/n\) ", 60)
        r.send("y\r")
        r.expect(r"witness: stopped by poweroff", 60)
        r.qemu.wait(60 * PATIENCE)


def panic_ends(_):
    """After a panic of ours the screen holds, until Ctrl-Alt-Del restarts the machine."""
    with Ringlet("system-panic", kernel=elf(), memory=2) as r:
        r.expect(r"Ringlet panic: .*Ctrl-Alt-Del", 60)
        r.type_keys("a\n")
        r.hmp("sendkey delete")
        check(r.qemu.poll() is None and "Ringlet panic" in r.vga_text(), "the screen is gone:\n" + r.vga_text())
        r.hmp("sendkey ctrl-alt-delete")
        r.qemu.wait(60 * PATIENCE)


def says(name, want, sections=PAIR, alive=None, **how):
    """A test: something is wrong with the ISO; one line tells, and the guests that can start do."""
    memory = how.pop("memory", 256)

    def test(_):
        with Ringlet("system-" + name, iso=iso(name, sections, **how), memory=memory) as r:
            if alive:
                works(r, alive, [s[0] for s in sections].index(alive) + 1)
            r.monitor()
            said = r.command("dmesg")
            lines = [l for l in said.split("\n") if re.search(want, l)]
            check(len(lines) == 1, f"wanted one line with {want!r}:\n{said}")
    return name, test


def big(name, mib):
    return work_file("system-fillers", name, os.urandom(1 << 20) * mib)


def example(_):
    """The harness's own, at the top of lib/ringlet.py, is run as it stands there."""
    text = textwrap.dedent("".join(re.findall(r"^    .*\n", ringlet.__doc__, re.M)))
    said = sh(["python3", "-Bc", text.replace("build/ringlet.iso", standard())],
              env={**os.environ, "PYTHONPATH": os.path.join(ROOT, "tests", "lib")})
    check(re.fullmatch(r"6\.1\S*\s*", said), "it says:\n" + said)


def module_places(_):
    """A kernel across 16 MiB and an initrd near the top of memory are loaded whole."""
    kernel, initrd = linux.linux(), linux.initrd()
    filler = big("filler", 13)
    with Ringlet("system-cross-16m", iso=iso("cross-16m", PAIR, [filler, kernel, initrd]), memory=256) as r:
        works(r)
        m = re.search(r"linux-6\.1\S* +([0-9a-f]{8})-([0-9a-f]{8})", r.command("dmesg"))
        check(m, "dmesg does not say where modules lie:\n" + r.command("dmesg"))
        start, end = (int(x, 16) for x in m.groups())
        check(start < 16 << 20 < end, f"the kernel lies at {start:x}-{end:x}: this tests nothing")
    top = big("top", 110)
    with Ringlet("system-near-top", iso=iso("near-top", PAIR[:1], [kernel, top, initrd]), memory=192) as r:
        works(r)
        m = re.search(r"initrd\.gz +([0-9a-f]{8})-([0-9a-f]{8})", r.command("dmesg"))
        check(m and int(m.group(1), 16) > 100 << 20, "the initrd does not lie high: this tests nothing")


def nmi_storm(_):
    """A thousand NMIs at any moment of two busy guests."""
    with Ringlet("system-nmi", iso=standard(), memory=256) as r:
        works(r)
        works(r, "beta", 2)
        for g in (1, 2):
            r.console(g)
            r.send("(k=0; while [ $k -lt 150 ]; do ls /bin | md5sum; k=$((k+1)); done | sort -u > /tmp/n) &\n")
        for _ in range(1000):
            r.hmp("nmi")
        check(r.stats("alpha")["exit.nmi.count"] + r.stats("beta")["exit.nmi.count"] > 20, "hardly any NMI arrived")
        for g in (1, 2):
            linux.finish(r, g)
            sums = r.run(g, "cat /tmp/n")
            check(len(sums.split()) == 2, f"guest {g} did not get the same sum each time:\n{sums}")
        r.audit()


def bochs(_):
    """The ISO in Bochs, which checks what QEMU does not: until a guest's shell says so on COM1."""
    d = os.path.join(LOGS, "system-bochs")
    os.makedirs(d, exist_ok=True)
    image = iso("bochs", [("alpha", linux.section(disk="ram:4M", net="lan0", cmdline=
                           "ringlet.run=mke2fs,/dev/vda&&head,-c,20,/dev/hwrng|wc,-c&&until,ping,-c,1,10.77.1.254;do,sleep,1;done"))])
    log, rc = os.path.join(d, "serial.log"), os.path.join(d, "bochsrc")
    with open(rc, "w") as f:
        f.write("megs: 128\ncpu: model=p3_katmai, ips=50000000\ndisplay_library: term\n"
                "romimage: file=/usr/share/bochs/BIOS-bochs-latest\n"
                "vgaromimage: file=/usr/share/vgabios/vgabios.bin\n"
                f"ata0-master: type=cdrom, path={image}, status=inserted\nboot: cdrom\n"
                f"com1: enabled=1, mode=file, dev={log}\nlog: {d}/bochs.log\npanic: action=fatal\n")
    with open(os.path.join(d, "go"), "w") as f:
        f.write("c\n")
    open(log, "w").close()
    p = subprocess.Popen(["script", "-qfc", f"bochs -q -f {rc} -rc {d}/go", "/dev/null"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         env={**os.environ, "TERM": "vt100"}, start_new_session=True)
    try:
        limit = time.monotonic() + 420 * PATIENCE
        while not re.search(r"ringlet\.run: exit 0", plain(open(log, errors="replace").read())):
            check(p.poll() is None and time.monotonic() < limit,
                  "no guest came up in Bochs:\n" + tail(open(log, errors="replace").read()))
            time.sleep(1)
    finally:
        os.killpg(p.pid, 9)
        p.wait()


STRICT = ("align", "limits", "step", "sti", "swint", "emulate", "exceptions")


# Where Bochs and QEMU are not the same processor, and a guest that gets out of the one might not get out of the other.
GATES = [("gate", v) for v in ("gate", "later", "tls", "stack", "reset")] + [
    ("v86", v) for v in ("ring1-cs0", "ring1-cs3", "ring3-cs0", "ring3-cs3", "iopl-direct", "spin")] + [("tasks", "nt")]


def bochs_guests(_):
    """Bare guests on a processor that looks at segment limits, alignment and all of EFLAGS."""
    runs = [(name, "strict") for name in STRICT] + GATES
    built = [guests.build(name) for name in sorted({"witness", *(name for name, _ in runs)})]
    sections = [("witness", {"kernel": "witness", "memory": "8M", "start": "yes"})] + [
        (name if v == "strict" else f"{name}-{v}", {"kernel": name, "memory": "8M", "start": "no", "cmdline": "variant=" + v})
        for name, v in runs]
    for boot in sections[1:10], sections[10:]:
        image = iso("bochs-guests", sections[:1] + boot, built)
        with Bochs("system-bochs-guests", image) as r:
            r.expect(r"beat \d+", 300, "the witness's first beat")
            for name, _ in boot:
                r.command(f"start {name}")
                check(r.wait_state(name, ("off", "crashed"), 300) == "off" and
                      "Test result: SUCCESS" in r.command(f"dmesg {name}"),
                      f"{name}:\n" + tail(r.command(f"dmesg {name}") + "\n" + r.command(f"info {name}"), 40))
                r.audit()


def bochs_pentium(_):
    """A processor without fxsave: a guest that ends with an exception of its FPU pending does nothing to the next one.
    No other guest is there, whose turn would save it."""
    sections = [("pending", {"kernel": "fpu-pending", "memory": "8M"})]
    with Bochs("system-bochs-pentium", iso("bochs-pentium", sections, [guests.build("fpu-pending")]), model="pentium") as r:
        r.expect(r"Ctrl-T m:|ringlet> ", 300, "Ringlet")
        for _ in range(3):
            r.command("start pending")
            check(r.wait_state("pending", ("off", "crashed"), 300) == "off" and "SUCCESS" in r.command("dmesg pending"),
                  r.command("dmesg pending"))


def own_memory(_):
    """The hypervisor's own address space, as the processor has it: all RAM, the local APIC's page and nothing else, no
    page 0, no guard page, text and constants read-only, and at the top the Switcher with its three pages."""
    at = {n: int(v, 16) for v, _, n in (l.split()[-3:] for l in sh(["nm", elf()]).splitlines())}
    for name, machine in (("new", {}), ("old", {"cpu": "pentium,-pse"})):     # with pages of 4 MiB and without
        with Ringlet("system-own-memory", kernel=elf(), modules=[work_file("own-memory", "ringlet.conf", "")], memory=64,
                     **machine) as r:
            r.monitor()
            r.drain(1)          # nobody is there: it halts, in its own address space
            said = r.hmp("info mem")
        ranges = [(int(a, 16), int(b, 16), how) for a, b, how in re.findall(r"(\w+)-(\w+) \w+ (...)", said)]
        ram = ranges[3][1] if len(ranges) > 3 else 0
        check(ranges == [
            (0x1000, at["hv_start"], "-rw"), (at["hv_start"], at["hv_readonly_end"], "-r-"),
            (at["hv_readonly_end"], at["stack_guard"], "-rw"), (at["stack_guard"] + 4096, ram, "-rw"),
            (0xFEE00000, 0xFEE01000, "-rw"),        # the local APIC, which is the watchdog's
            (0xFFC00000, 0xFFC01000, "-r-"), (0xFFC01000, 0xFFC04000, "-rw")], f"{name}: {said}")
        check(60 << 20 < ram <= 64 << 20, f"{name}: {said}")


def own_line(_):
    """Words on Ringlet's own line that mean nothing are told; those that do are not."""
    with Ringlet("system-own-line", kernel=elf(), cmdline="escpae=^X escape=^Y quiet", memory=64) as r:
        r.expect("ringlet> ", 60)
        r.send(b"\x19m")
        r.at = "monitor"
        said = r.command("dmesg")
        check(sorted(re.findall(r"unknown option (\S+) on Ringlet's own line", said)) == ["escpae=^X", "quiet"], said)


def waiting_costs_nothing(_):
    """Fifteen idle guests of fourteen devices each, beside one that works.  Each costs it some looks in the list of all
    guests, about 200 instructions a round, and no look at its devices (410).  A round waits for 20 us, so that the
    processor is idle before its timer fires, with and without the others.  sleep=off: else what it waits is the
    host's time."""
    def cycles(idle):
        sections = [("worker", {"kernel": "rounds", "memory": "8M", "start": "no"})]
        sections += [(f"idle{n}", {"kernel": "spin", "cmdline": "variant=cli-hlt", "memory": "8M", "start": "yes",
                                   "disk": ["ram:64K"] * 6, "net": [f"lan{n}"] * 6}) for n in range(idle)]
        modules = [work_file("system-waiting", "ringlet.conf", conf(sections)), guests.build("rounds"), guests.build("spin")]
        with Ringlet("system-waiting", kernel=elf(), modules=modules, memory=256, icount="shift=0,sleep=off") as r:
            r.expect("ringlet> |Ctrl-T m:", 60)
            r.monitor()
            for n in range(idle):
                r.wait_state(f"idle{n}", ("idle",))
            r.command("start worker")
            r.wait_state("worker", ("off", "crashed"))
            return int(re.search(r"a round takes (\d+) cycles", r.command("dmesg worker")).group(1))
    alone, among = cycles(0), cycles(15)
    each = (among - alone) // 15
    check(0 <= each < 300, f"a round takes {alone} instructions alone, and {each} more for each idle guest")
    return f"{alone} instructions alone, {each} more for each idle guest"


class Machines(Group):
    layer = "system"


def groups():
    no_kernel = work_file("system-fillers", "not-a-kernel", "This is no kernel.\n" * 100)
    small = linux.section(memory="48M")
    return [
        Machines([on("m64", second=r"beta cannot start: too little memory", memory=64),
                  on("m3500", memory=3500), on("q35", memory=256, machine="q35"), ("stick", stick)]),
        Machines([on("pentium", memory=256, cpu="pentium"), on("pentium3", memory=256, cpu="pentium3"),
                  on("qemu32", memory=256, cpu="qemu32"), on("max", memory=256, cpu="max")]),
        Machines([("screen", screen_and_keyboard), ("scrollback", scrollback), ("seen", seen), ("panic", panic_ends), ("module-places", module_places), ("nmi-storm", nmi_storm),
                  ("example", example)]),
        Machines([
            says("no-config", r"No guests: .*ringlet\.conf", None),
            says("empty-config", r"No guests: ringlet\.conf \(0 bytes\) has no section", []),
            says("half-config", r"ringlet\.conf:3: .*disk ram:8M", PAIR, alive="beta",
                 text="[alpha]\nkernel = linux-6.1\ndisk ram:8M\nstart = yes\n\n" + conf(PAIR[1:])),
            ("own-line", own_line), ("waiting", waiting_costs_nothing),
            says("no-kernel-module", r"alpha cannot start: .*linux-9\.9",
                 [("alpha", linux.section("9.9")), ("beta", small)], alive="beta"),
            says("not-a-kernel", r"alpha cannot start: .*not-a-kernel is not a Linux kernel",
                 [("alpha", {**small, "kernel": "not-a-kernel"}), ("beta", small)], alive="beta",
                 extra=[no_kernel]),
            says("bad-line", r"ringlet\.conf:3: .*memroy", PAIR, alive="beta",
                 text="[alpha]\nkernel = linux-6.1\nmemroy = 48M\ninitrd = initrd.gz\n\n" + conf(PAIR[1:])),
            says("too-large", r"alpha cannot start: too little memory",
                 [("alpha", linux.section(memory="2000M")), ("beta", small)], alive="beta"),
        ]),
        Machines([("bochs", bochs), ("bochs-guests", bochs_guests), ("bochs-pentium", bochs_pentium)]),
        Machines([("own-memory", own_memory), ("gdb", debugger.gdb), ("run", debugger.run)]),
    ] + media.groups() + own.groups() + web.groups()
