# SPDX-License-Identifier: GPL-2.0-or-later
"""Ringlet in Bochs, which checks what QEMU does not: segment limits, alignment, flags.  Slow, so used with care."""
import os
import socket
import subprocess

from ringlet import PATIENCE, Failure, Ringlet, _running, die_with_parent

# script gives it the terminal that its display wants.
COMMAND = ["script", "-qfc", "exec bochs -q -f bochsrc -rc go", "/dev/null"]


class Bochs(Ringlet):
    """As Ringlet: a person on the serial line; there is no QMP."""

    def __init__(self, name, iso, memory=128, model="p3_katmai"):
        super().__init__(name)
        self.iso, self.memory, self.model = os.path.abspath(iso), memory, model

    def __enter__(self):
        listener = socket.create_server(("localhost", 0))
        with open(os.path.join(self.dir, "bochsrc"), "w") as f:
            f.write(f"megs: {self.memory}\ncpu: model={self.model}, ips=50000000\ndisplay_library: term\n"
                    "romimage: file=/usr/share/bochs/BIOS-bochs-latest\n"
                    "vgaromimage: file=/usr/share/vgabios/vgabios.bin\n"
                    f"ata0-master: type=cdrom, path={self.iso}, status=inserted\nboot: cdrom\n"
                    f"com1: enabled=1, mode=socket-client, dev=localhost:{listener.getsockname()[1]}\n"
                    "log: bochs.log\npanic: action=fatal\n")
        with open(os.path.join(self.dir, "go"), "w") as f:
            f.write("c\n")
        self.qemu = subprocess.Popen(COMMAND, cwd=self.dir, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                     env={**os.environ, "TERM": "vt100"}, start_new_session=True)
        _running.append(self)
        listener.settimeout(60 * PATIENCE)
        try:
            self.line = listener.accept()[0]
        except OSError:
            self.kill()
            raise Failure("Bochs does not open its serial line")
        finally:
            listener.close()
        return self

    def stop(self):
        os.killpg(self.qemu.pid, 9)
