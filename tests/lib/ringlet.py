# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives Ringlet in QEMU from outside, as a person would: by its serial line.

    from ringlet import Ringlet     # after `make iso`: PYTHONPATH=tests/lib python3
    with Ringlet("two-guests", iso="build/ringlet.iso") as r:
        r.expect("alpha:~# ")
        print(r.run(1, "uname -r"))

Everything that comes over the line is in build/test-logs/NAME/serial.log.  Nothing here
judges the wall clock: every wait names what it waits for and has a generous limit,
stretched by TEST_PATIENCE (default 1) on slow machines.  A test that does judge it says so: @by_wall_clock.
"""
import atexit
import ctypes
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
LOGS = os.path.join(BUILD, "test-logs")
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))
PROMPT = "ringlet> "
ESCAPE = b"\x14"  # Ctrl-T
ANSI = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78cDEHM])")


# A line of Ringlet's log, which may come in between the lines of an answer.
LOG_LINE = re.compile(r"\[ *\d+\.\d{3}\] ")
# What `list` can say of a guest, and whether it has shadows then: yes, no, or either.
STATES = {"running": [True], "idle": [True], "paused": [True], "off": [False], "crashed": [False],
          "starting": [True, False], "stopping": [True, False]}


class Failure(AssertionError):
    """The subject of the test is wrong."""


class Skip(Exception):
    """The test cannot run here, and why."""


def check(ok, message):
    if not ok:
        raise Failure(message)


def by_wall_clock(test):
    """Marks a test whose verdict depends on how fast this machine is, or what its clock says; its failure tells that."""
    @functools.wraps(test)
    def run(*args):
        try:
            return test(*args)
        except Failure as e:
            raise Failure(f"{e}\n(this test judges the wall clock: is this machine busy, or its clock wrong?)") from None
    return run


def plain(text):
    """Without escape sequences and carriage returns."""
    return ANSI.sub("", text).replace("\r", "")


def tail(text, lines=25):
    return "\n".join("    | " + l for l in plain(text).split("\n")[-lines:])


DESCRIPTORS_OK = "audit of the descriptors: ok"


def judge_audit(said, states):
    """The real tables are well, each other line has the form we know, there is one for each guest, and only who is off is off.

    `states`: {name: its states in `list`, before and after}."""
    seen = set()
    tables, *lines = [line for line in said.split("\n") if not LOG_LINE.match(line)] or [""]
    check(tables == DESCRIPTORS_OK, f"audit says: {tables}")
    for line in lines:
        m = re.fullmatch(r"audit (\S+): (off|ok: \d+ roots, \d+ tables, \d+ entries, \d+ lagging)", line)
        check(m, f"audit says: {line}")
        name, alive = m.group(1), m.group(2) != "off"
        check(name in states and name not in seen, f"audit tells of {name}:\n{said}")
        check(any(alive in STATES[s] for s in states[name]), f"{name} is {' then '.join(states[name])}, but audit says: {line}")
        seen.add(name)
    check(seen == set(states), f"audit is silent about {', '.join(sorted(set(states) - seen))}:\n{said}")


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


_running = []


@atexit.register
def _kill_all():
    for r in list(_running):
        r.kill()


def stop_machines(thread):
    """Ends the QEMUs of the test that this thread runs; the test notices when it next reads from one."""
    for r in list(_running):
        if r.thread == thread:
            r.stop()


class Ringlet:
    """One QEMU with Ringlet in it."""

    def __init__(self, name, iso=None, disk=None, kernel=None, modules=(), cmdline="check-descriptors",
                 memory=512, cpu=None, machine=None, icount=None, com2=None, qemu="qemu-system-i386", args=()):
        """Boots `iso`, or `disk` (the same image, as a stick), or `kernel` (an ELF) with `modules`
        (paths; QEMU's own Multiboot loader, no GRUB: quick).  What COM2 sends goes to the file
        `com2`, which may also be one of QEMU's other names for a character device.  `qemu` is its
        command."""
        self.name = name
        self.dir = os.path.join(LOGS, name)
        os.makedirs(self.dir, exist_ok=True)
        self.sockets = tempfile.mkdtemp(prefix="ringlet-")  # socket paths must be short
        self.text = ""      # all that came
        self.seen = 0       # how far expect() has read
        self.at = None      # "monitor" or a guest's number, as far as we know
        self.log = open(os.path.join(self.dir, "serial.log"), "wb", buffering=0)
        self.argv = [*qemu.split(), "-accel", "tcg", "-display", "none", "-no-reboot",
                     "-m", str(memory), "-nic", "none",
                     "-serial", f"unix:{self.sockets}/com1,server=on,wait=on",
                     "-qmp", f"unix:{self.sockets}/qmp,server=on,wait=off"]
        if com2:
            self.argv += ["-serial", com2 if ":" in com2 else f"file:{com2}"]
        if cpu:
            self.argv += ["-cpu", cpu]
        if machine:
            self.argv += ["-machine", machine]
        if icount:
            self.argv += ["-icount", icount]
        if iso:
            self.argv += ["-cdrom", iso, "-boot", "d"]
        if disk:
            self.argv += ["-drive", f"file={disk},format=raw,readonly=off,snapshot=on"]
        if kernel:
            self.argv += ["-kernel", kernel, "-append", cmdline]
            if modules:
                self.argv += ["-initrd", ",".join(modules)]
        self.argv += list(args)
        self.qemu = self.line = self.qmp_line = None
        self.thread = threading.get_ident()

    # ---- life ----

    def __enter__(self):
        with open(os.path.join(self.dir, "qemu.command"), "w") as f:
            f.write(" ".join(self.argv) + "\n")
        self.qemu = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent,
                                     stdout=open(os.path.join(self.dir, "qemu.log"), "wb"),
                                     stderr=subprocess.STDOUT)
        _running.append(self)
        try:
            self.line = self._connect("com1")
        except Exception:
            self.kill()
            raise
        return self

    def __exit__(self, *exc):
        self.kill()

    def stop(self):
        """Ends QEMU; reading from its line fails from now on."""
        self.qemu.kill()

    def kill(self):
        if self.qemu and self.qemu.poll() is None:
            self.stop()
            self.qemu.wait()
        for s in (self.line, self.qmp_line):
            if s:
                s.close()
        self.line = self.qmp_line = None
        shutil.rmtree(self.sockets, ignore_errors=True)
        if self in _running:
            _running.remove(self)

    def _connect(self, which):
        path = f"{self.sockets}/{which}"
        for _ in range(int(300 * PATIENCE)):
            if self.qemu.poll() is not None:
                raise Failure("QEMU ended: " + open(os.path.join(self.dir, "qemu.log")).read())
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(path)
                return s
            except OSError:
                s.close()
                time.sleep(0.1)
        raise Failure(f"no {which} socket from QEMU")

    # ---- the serial line ----

    def _receive(self, seconds):
        """Takes in what comes within that time; False: nothing did."""
        self.line.settimeout(max(seconds, 0.01))
        try:
            data = self.line.recv(65536)
        except socket.timeout:
            return False
        if not data:
            raise Failure("QEMU closed the serial line (it ended or was reset)\n" + tail(self.text))
        self.log.write(data)
        self.text += data.decode("latin-1")
        return True

    def drain(self, seconds=0.3):
        """Reads until the line is quiet for that long.  One that never is (a guest whose time flies, since nobody else
        needs the processor) is read for ten times as long."""
        end = time.monotonic() + 10 * seconds
        while self._receive(seconds) and time.monotonic() < end:
            pass

    def send(self, data):
        if isinstance(data, str):
            data = data.encode("latin-1")
        for i in range(0, len(data), 16):  # a UART's FIFO at a time
            self.line.sendall(data[i:i + 16])

    def paste(self, data, timeout=300):
        """All at once, as fast as it is taken."""
        self.line.settimeout(timeout * PATIENCE)
        self.line.sendall(data)

    def expect(self, pattern, timeout=60, what=None):
        """Waits for a regular expression in what has not been read yet; returns the match."""
        return self._wait(lambda fresh: re.search(pattern, fresh, re.S | re.M), timeout, what or repr(pattern),
                          "panic" in pattern)

    def _wait(self, look, timeout, what, panics=False):
        """Receives until look() finds a match in what has not been read yet."""
        limit = time.monotonic() + timeout * PATIENCE
        while True:
            fresh = self.text[self.seen:]
            m = look(fresh)
            if m:
                self.seen += m.end() if m.string == fresh else len(fresh)
                return m
            if "Ringlet panic:" in fresh and not panics:
                self.drain(1)
                raise Failure("the hypervisor panicked\n" + tail(self.text, 40))
            left = limit - time.monotonic()
            if left <= 0:
                raise Failure(f"waited {timeout * PATIENCE:.0f} s for {what}, and the line said:\n" +
                              (tail(fresh) or "    | (nothing)"))
            self._receive(min(left, 5))

    # ---- the monitor ----

    def monitor(self):
        """To the monitor's prompt, wherever we are."""
        if self.at != "monitor":
            self.drain(0.05)
            self.seen = len(self.text)
            self.send(ESCAPE + b"m")
            self.expect(r"ringlet> ", 60, "the monitor's prompt")
            self.at = "monitor"

    def command(self, line, timeout=60):
        """Runs one monitor command; returns what it printed."""
        self.monitor()
        self.drain(0.02)
        self.seen = len(self.text)
        self.send(line + "\r")
        # The answer is between the echo's end of line and the next prompt, once the escape sequences are gone: a
        # line of the log may come in between what we type, and then the prompt and all that was typed are drawn anew.
        echo = re.escape(line) if line.isprintable() else ""
        answer = re.compile(echo + r" *\n(.*?)^ringlet> \Z", re.S | re.M)
        m = self._wait(lambda fresh: answer.search(plain(fresh)), timeout, f"the answer to {line!r}")
        return re.split(r"^ringlet> ", m.group(1), flags=re.M)[0].strip("\n")

    def console(self, guest):
        """To a guest's console (its number, 1..9)."""
        self.drain(0.05)
        self.seen = len(self.text)
        self.send(ESCAPE + str(guest).encode())
        self.at = guest
        self.drain(0.2)

    def stats(self, guest):
        out = {}
        for line in self.command(f"stats {guest} -m").split("\n"):
            w = line.split()
            if len(w) >= 2 and re.fullmatch(r"\d+", w[-1]):
                out[" ".join(w[:-1])] = int(w[-1])
        check(out, f"stats {guest} -m printed no numbers")
        return out

    def audit(self, guest=""):
        """Runs `audit` and judges every line of it."""
        before = self.states()
        said = self.command(f"audit {guest}".strip(), 120)
        after = self.states()
        judge_audit(said, {n: (s, after[n]) for n, s in before.items() if guest in ("", n)})
        return said

    def free_kib(self):
        """Free machine memory in KiB, from `mem`."""
        said = self.command("mem")
        m = re.search(r"(\d+) KiB\s+(?:are )?free|free:?\s+(\d+) KiB", said)
        check(m, "mem does not say how much is free:\n" + said)
        return int(m.group(1) or m.group(2))

    def heap(self):
        """Bytes of Ringlet's own heap in use, from `mem`, without the scrollback: that has bounds of its own."""
        used, scrollback = re.search(r"^heap: (\d+) of \d+ bytes, (\d+) of them", self.command("mem"), re.M).groups()
        return int(used) - int(scrollback)

    def states(self):
        """{name: state} of all guests, from `list`."""
        said = self.command("list")
        head, *lines = [l for l in said.split("\n") if not LOG_LINE.match(l)]
        check(head.split() == ["id", "name", "state", "memory", "starts", "ran", "uptime"], f"list says:\n{said}")
        rows = [l.split() for l in lines]
        for r in rows:
            check(len(r) > 2 and r[2] in STATES, f"list says:\n{said}")
        return {r[1]: r[2] for r in rows}

    def times(self, guest):
        """For how many seconds `list` says that it ran, and has lived."""
        m = re.search(rf"^ *\d+ {guest} .* (\d+\.\d+) s +(\d+\.\d+) s$", self.command("list"), re.M)
        check(m, f"list does not tell {guest}'s times")
        return float(m[1]), float(m[2])

    def state(self, guest):
        """The state word of a guest in `list`."""
        states = self.states()
        check(guest in states, f"list does not show {guest}: {states}")
        return states[guest]

    def wait_state(self, guest, states, timeout=120):
        limit = time.monotonic() + timeout * PATIENCE
        while True:
            s = self.state(guest)
            if s in states:
                return s
            check(time.monotonic() < limit, f"{guest} is {s}, not {' or '.join(states)}:\n" + tail(self.text))
            time.sleep(0.1)

    # ---- a guest's shell ----

    def shell(self, guest, command, timeout=120):
        """Runs a command in a guest's shell; returns (exit status, output)."""
        if self.at != guest:
            self.console(guest)
        mark = str(self.marks)
        Ringlet.marks += 1
        # One line, so that none is echoed while the command runs; its own echo cannot match: there the marks
        # are not together.  The editor asks where the cursor is, and what it did not wait for is echoed, too.
        self.seen = len(self.text)
        end = "" if command.endswith("&") else ";"
        self.send(f"printf 'BEGIN%s\\n' {mark}; {command}{end} printf 'END%s:%s\\n' {mark} $?\n")
        m = self.expect(rf"BEGIN{mark}\r?\n(.*?)END{mark}:(\d+)\r?\n", timeout, f"{command!r} in guest {guest}")
        return int(m.group(2)), re.sub(r"\^\[\[\d+;\d+R", "", plain(m.group(1)))

    marks = 1000

    def run(self, guest, command, timeout=120):
        """The same, and it must succeed; returns the output."""
        status, out = self.shell(guest, command, timeout)
        check(status == 0, f"guest {guest}: {command!r} gave status {status}:\n{tail(out)}")
        return out

    # ---- the machine from outside ----

    def qmp(self, command, **arguments):
        if not self.qmp_line:
            self.qmp_line = self._connect("qmp")
            self.qmp_line.settimeout(60 * PATIENCE)
            self.qmp_file = self.qmp_line.makefile("r")
            self.qmp_file.readline()
            self.qmp("qmp_capabilities")
        self.qmp_line.sendall((json.dumps({"execute": command, "arguments": arguments}) + "\n").encode())
        while True:
            answer = json.loads(self.qmp_file.readline())
            if "error" in answer:
                raise Failure(f"QMP {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def hmp(self, line):
        return self.qmp("human-monitor-command", **{"command-line": line})

    def cpu_seconds(self):
        """What QEMU has used of the host's processors."""
        with open(f"/proc/{self.qemu.pid}/stat") as f:
            w = f.read().rsplit(")", 1)[1].split()
        return (int(w[11]) + int(w[12])) / os.sysconf("SC_CLK_TCK")

    def vga_text(self):
        """The text screen: 25 lines."""
        words = re.findall(r"0x([0-9a-f]{4})\b", self.hmp("xp /2000hx 0xb8000"))
        chars = [chr(int(w, 16) & 0xFF) for w in words]
        return "\n".join("".join(chars[i:i + 80]).rstrip("\0 ") for i in range(0, 2000, 80))

    def type_keys(self, text):
        """On the PS/2 keyboard."""
        names = {" ": "spc", "\n": "ret", "-": "minus", ".": "dot", "/": "slash", "\t": "tab", ",": "comma",
                 ";": "semicolon", "'": "apostrophe", "=": "equal"}
        shifted = dict(zip("!@#$%^&*()_+:\"<>?", "1 2 3 4 5 6 7 8 9 0 minus equal semicolon apostrophe comma dot "
                           "slash".split()))
        for c in text:
            key = "shift-" + (shifted.get(c) or c.lower()) if c in shifted or c.isupper() else names.get(c, c)
            said = self.hmp(f"sendkey {key}")
            check(not said.strip(), f"sendkey {key}: {said}")
            time.sleep(0.15)  # sendkey holds a key for 100 ms


# ---- images ----

def sh(argv, log=None, timeout=1800, **kw):
    """Runs a build step; its output is shown only if it fails."""
    p = subprocess.run(argv, cwd=kw.pop("cwd", ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       timeout=timeout, **kw)
    text = p.stdout.decode("latin-1")
    if log:
        with open(log, "w") as f:
            f.write(text)
    check(p.returncode == 0, f"{' '.join(argv)} failed:\n{tail(text)}")
    return text


def elf():
    path = os.path.join(BUILD, "ringlet.elf")
    if not os.path.exists(path):
        raise Skip("build/ringlet.elf is not built")
    return path


def conf(sections):
    """ringlet.conf from [(name, {key: value})]; several lines of a key are a list of values."""
    def lines(k, v):
        return "".join(f"{k} = {one}\n" for one in (v if isinstance(v, list) else [v]))
    return "".join(f"[{name}]\n" + "".join(lines(k, v) for k, v in keys.items()) + "\n" for name, keys in sections)


def work_file(test, name, content):
    d = os.path.join(BUILD, "tests", "work", test)
    os.makedirs(d, exist_ok=True)
    path = os.path.join(d, name)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return path
