# SPDX-License-Identifier: GPL-2.0-or-later
"""`make run` and `make gdb` as a person has them: on a terminal, where Ctrl-C is a key."""
import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time

from ringlet import BUILD, LOGS, PATIENCE, ROOT, check, plain, tail

OUT = os.path.join(BUILD, "tests", "gdb")
GDB = r"\(gdb\) "


class Terminal:
    """A program in a session of its own, on a terminal that is ours."""

    def __init__(self, name, argv):
        os.makedirs(os.path.join(LOGS, name), exist_ok=True)
        self.log = open(os.path.join(LOGS, name, "terminal.log"), "wb", buffering=0)
        self.line, theirs = pty.openpty()
        self.fresh = ""
        self.program = subprocess.Popen(argv, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                        env={**os.environ, "TERM": "dumb"})
        os.close(theirs)

    def expect(self, pattern, timeout=60):
        limit = time.monotonic() + timeout * PATIENCE
        while not (m := re.search(pattern, plain(self.fresh))):
            check(time.monotonic() < limit, f"waited {timeout * PATIENCE:.0f} s for {pattern!r}:\n{tail(self.fresh)}")
            if select.select([self.line], [], [], 1)[0]:
                try:
                    data = os.read(self.line, 65536)
                except OSError:     # what Linux says when nobody has the other end any more
                    check(False, f"it ended before it said {pattern!r}:\n{tail(self.fresh)}")
                self.log.write(data)
                self.fresh += data.decode("latin-1")
        self.fresh = plain(self.fresh)[m.end():]
        return m

    def send(self, text):
        os.write(self.line, text.encode())

    def ask(self, command, pattern, timeout=60):
        """One of gdb's commands; its answer, and then the prompt."""
        self.send(command + "\n")
        m = self.expect(pattern, timeout)
        self.expect(GDB)
        return m

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        """The terminal goes, and with it (SIGHUP) whoever is still on it."""
        os.close(self.line)
        try:
            self.program.wait(20 * PATIENCE)
        finally:
            if self.program.poll() is None:
                self.program.kill()


def gdb(_):
    """A breakpoint in the hypervisor and one in the guest's kernel, with its types; Ctrl-C, twice, after which it goes on."""
    with Terminal("system-gdb", ["make", "gdb", "GUEST=alpha", "GUESTS=1", "MEM=16M", f"BUILD={OUT}"]) as t:
        t.expect(r"Breakpoint 1, hv_main \(.*hv/main\.c", 600)
        t.expect(GDB)
        t.ask("set confirm off", "")
        t.ask("delete", "")
        t.ask("hbreak start_kernel", r"reakpoint 2 at 0xc0\w+: file .*init/main\.c")
        t.ask("continue", r"Breakpoint 2, start_kernel \(", 120)
        t.ask("print init_task.comm", r'"swapper')
        t.ask("delete", "")
        for _ in range(2):
            t.send("continue\n")
            t.expect("Continuing", 60)
            time.sleep(1)
            t.send("\x03")
            t.expect(r"received signal SIGINT")
            t.expect(GDB)
        t.ask("hbreak guests_work", "reakpoint 3 at")
        t.ask("continue", r"Breakpoint 3, guests_work")
        t.send("quit\n")
        check(t.program.wait(60 * PATIENCE) == 0, f"make gdb ends with {t.program.returncode}:\n{tail(t.fresh)}")


def run(_):
    """A guest's shell, the monitor, and the end."""
    with Terminal("system-run", ["make", "run", "GUESTS=1", "MEM=16M", f"BUILD={OUT}"]) as t:
        t.expect(r"alpha:~# ", 600)
        t.send("\x14m")
        t.expect("ringlet> ")
        t.send("poweroff\r")
        t.expect(r"\(y/n\) ")
        t.send("y\r")
        t.expect("alpha: stopped by poweroff")
        check(t.program.wait(60 * PATIENCE) == 0, f"make run ends with {t.program.returncode}:\n{tail(t.fresh)}")
