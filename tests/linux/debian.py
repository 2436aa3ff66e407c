# SPDX-License-Identifier: GPL-2.0-or-later
"""Two guests in the Debian of tools/build-rootfs.sh: one image, what each changes its own, a LAN between them."""
import os
import re
import time

from linux import GUESTS, PROMPT, Guests, finish, linux
from ringlet import PATIENCE, ROOT, Failure, Ringlet, check, conf, elf, sh, tail, work_file

NAMES = ("alpha", "beta")
BOTH = tuple(enumerate(NAMES, 1))


def image():
    """Without it nothing is tested here, and that is a failure: no network is no excuse."""
    out = os.path.join(GUESTS, "debian.img")
    sh([os.path.join(ROOT, "tools", "build-rootfs.sh"), out], timeout=1800)
    return out


def stress_image():
    out = os.path.join(GUESTS, "stress.img")
    sh([os.path.join(ROOT, "tools", "build-stress.sh"), out], timeout=600)
    return out


def login(r, number, name, password="ringlet", then=PROMPT, timeout=300):
    """Types name and password as soon as the guest asks; then it says `then`."""
    limit = time.monotonic() + timeout * PATIENCE
    while True:
        r.console(number)
        r.seen = len(r.text)
        r.send("\n")
        try:
            r.expect(f"{name} login: ", 3 * PATIENCE, f"{name}'s question who is there")
            break
        except Failure:
            check(time.monotonic() < limit, f"{name} never asked who is there:\n" + tail(r.text))
    r.drain(1)      # each newline is a question more
    r.send("root\n")
    r.expect("Password: ", 60)
    r.drain(0.5)    # what is typed before the echo is off would be thrown away
    r.send(password + "\n")
    r.expect(then.format(name), 60, f"{name}, after the password")


class Debian(Guests):
    """Not logged in by the boot, but by a name and a password typed."""

    def setup(self):
        modules = [work_file(self.name, "ringlet.conf", conf(self.sections)), linux(self.version), image(), stress_image()]
        r = Ringlet(self.name, kernel=elf(), modules=modules, memory=self.memory)
        r.__enter__()
        try:
            for number, name in BOTH:
                login(r, number, name)
        except Exception:
            r.kill()
            raise
        return r


def on_both(r, command, timeout=600):
    """At the same time; it must succeed on each."""
    for number, _ in BOTH:
        r.console(number)
        r.send(f"({command}) > /tmp/said 2>&1; echo $? > /tmp/status &\n")
    for number, name in BOTH:
        finish(r, number, timeout)
        check(r.run(number, "cat /tmp/status").strip() == "0", f"{name}:\n" + r.run(number, "tail -n 25 /tmp/said"))


def password(r):
    r.console(2)
    r.send("exit\n")
    login(r, 2, "beta", password="Ringlet", then="Login incorrect")
    login(r, 2, "beta")
    check(r.run(2, "whoami; tty").split() == ["root", "/dev/hvc0"], "that is not root on hvc0")


def apt(r):
    installed = int(r.run(1, "apt list --installed 2>/dev/null | wc -l"))
    known = int(r.run(1, "apt list 2>/dev/null | wc -l"))
    check(50 < installed < known, f"{installed} packages installed, {known} known")
    r.run(1, "dpkg -s openssh-server iperf3 > /dev/null && apt-cache show bash | grep -q ^Description && apt-get check")


def apart(r):
    """What one writes the other never sees: new files, changed ones, removed ones."""
    for number, name in BOTH:
        r.run(number, f"echo {name} > /root/mine; echo {name} >> /etc/issue; touch /root/of-{name}; "
                      f"rm /usr/bin/{'diff' if number == 1 else 'cmp'}; sync; echo 3 > /proc/sys/vm/drop_caches")
    for number, name in BOTH:
        other = NAMES[number % 2]
        said = r.run(number, f"cat /root/mine; tail -n 1 /etc/issue; ls /root /usr/bin/diff /usr/bin/cmp 2>/dev/null; true")
        check(said.split()[:2] == [name, name] and f"of-{name}" in said and f"of-{other}" not in said and
              ("bin/cmp" in said, "bin/diff" in said) == (number == 1, number == 2), f"{name} has:\n{said}")


def ext4(r):
    """Files copied by several at once and patterns written in place, on both; all read again from the disk."""
    on_both(r, "set -e; cd /root; find /usr/lib/i386-linux-gnu/perl-base -type f -exec sha256sum {} + > sums; "
               "for i in 1 2 3; do cp -r /usr/lib/i386-linux-gnu/perl-base copy$i & done; wait; sync; "
               "echo 3 > /proc/sys/vm/drop_caches; "
               "for i in 1 2 3; do sed s,/usr/lib/i386-linux-gnu/perl-base,copy$i, sums | sha256sum --quiet -c; done; "
               "rm -r copy2 copy3; dd if=/dev/zero of=patterns bs=1M count=8; "
               "badblocks -v -w -b 4096 -c 256 -t 0xaa -t random patterns 2047 > bad; cat bad; [ ! -s bad ]; rm patterns")
    check(not re.search(r"EXT4-fs.*error|I/O error", r.run(1, "dmesg") + r.run(2, "dmesg")), "the kernel saw errors")


def stress(r):
    """Debian's stress-ng writes, reads back and compares, on both at once; the program is on a disk of its own."""
    on_both(r, "set -e; mount -o ro /dev/vdb /mnt; cd /root; LD_LIBRARY_PATH=/mnt/lib /mnt/stress-ng --hdd 2 "
               "--hdd-bytes 4M --hdd-opts fsync,rd-rnd,wr-rnd --hdd-ops 3000 --verify --temp-path /root; umount /mnt")
    for number, _ in BOTH:
        said = r.run(number, "cat /tmp/said")
        check("successful run completed" in said and "fail" not in said, said)


# What stress-ng does, one to three of each of its classes: cpu, vm, scheduler, interrupt, pipe, io, network, os.
SAMPLE = ("cpu matrix mmap mremap vm brk fork clone signal timer itimer futex sem switch pipe splice "
          "aio readahead sock udp-flood epoll poll eventfd dentry procfs ptrace").split()


# By default they want 256 MiB, and whether the guest's 64 run out within the second depends on the machine's speed.
BOUNDED = "--vm-bytes 8M --mmap-bytes 8M --mremap-bytes 8M"


def mount_stress(r, number):
    r.run(number, "mount -o ro /dev/vdb /mnt; export LD_LIBRARY_PATH=/mnt/lib; cd /root")


def stressor(r, number, name):
    """For a second, and what can be verified is; returns what it said.  What it cannot have it skips: status 3, 4 or 0."""
    status, said = r.shell(number, f"/mnt/stress-ng --{name} 1 {BOUNDED} -t 1 --verify --temp-path /root 2>&1", 900)
    check(status in (0, 3, 4) and "stress-ng: fail" not in said, f"stress-ng --{name}: status {status}\n{said}")
    return said


def well(r, number):
    """The kernel complains of nothing, and Ringlet neither."""
    said = r.run(number, "dmesg")
    said = re.sub(r"[^\n]*invoked oom-killer.*?Out of memory: Killed[^\n]*", "", said, flags=re.S)    # brk takes it all
    bad = re.search(r"BUG:|Oops|WARNING:|Call Trace|general protection fault", said)
    check(not bad, "the kernel says:\n" + tail(said, 60))
    r.audit()


def sample(r):
    """On one, while the other only waits and answers in the end."""
    mount_stress(r, 1)
    for name in SAMPLE:
        check("successful run completed" in stressor(r, 1, name), f"stress-ng --{name} does not run here")
    r.run(1, "cd; umount /mnt")
    well(r, 1)
    check(r.run(2, "hostname").strip() == "beta", "beta does not answer")


def network(r, number):
    """Until it has an address and knows the other's name: the boot did not wait for it."""
    other = NAMES[number % 2]
    r.run(number, f"k=0; until getent hosts {other}; do sleep 1; k=$((k+1)); [ $k -lt 60 ] || break; done; "
                  f"ping -c 3 {other}", 300)


def names(r):
    for number, _ in BOTH:
        network(r, number)


def ssh(r):
    """By name, with nothing typed; each has a host key of its own."""
    for number, name in BOTH:
        other = NAMES[number % 2]
        check(r.run(number, f"ssh {other} hostname 2>/dev/null", 300).strip() == other, f"{name} does not reach {other}")
    keys = {r.run(number, "cat /etc/ssh/ssh_host_*_key.pub") for number, _ in BOTH}
    check(len(keys) == 2, "both have the same host key")
    sums = r.run(1, "head -c 4000000 /usr/bin/perl > big; cat big | ssh beta sha256sum; sha256sum < big; rm big", 300)
    check(len(set(sums.split())) == 2, "it came over another: " + sums)


def iperf(r):
    r.run(2, "iperf3 -s -1 -D && sleep 1")
    said = r.run(1, "iperf3 -c beta -t 3", 300)
    check(re.search(r"bits/sec.*receiver", said), said)


def again(r, act):
    """beta goes by `act`, comes back, is what it was; the file system was left clean."""
    r.run(2, "cd /root && rm -rf kept && cp -r /etc kept && find kept -type f -exec sha256sum {} + > sums")
    last = r.run(2, "echo $RANDOM > /run/gone; tee /root/last < /run/gone")
    act()
    login(r, 2, "beta")
    check(r.run(2, "cat /root/last; ls /run/gone 2>/dev/null; true") == last, "what was written last is not there")
    r.run(2, "cd /root && sha256sum --quiet -c sums", 300)
    said = r.run(2, "dmesg | grep EXT4")
    check("mounted" in said and not re.search("recover|error|orphan", said), "it was not left clean:\n" + said)


def ways_out(r):
    def start(act):
        act()
        r.wait_state("beta", ("off",), 180)
        check("powered off" in r.command("info beta"), r.command("info beta"))
        r.command("start beta")

    again(r, lambda: start(lambda: (r.console(2), r.send("poweroff\n"))))
    again(r, lambda: start(lambda: r.command("shutdown beta")))
    again(r, lambda: (r.console(2), r.send("reboot\n")))
    network(r, 1)
    check(r.run(1, "ssh beta hostname", 300).strip().endswith("beta"), "ssh does not know beta again")


def groups():
    keys = {"kernel": "linux-6.1", "disk": ["debian.img cow", "stress.img ro"], "net": "lan0", "memory": "64M",
            "cmdline": "root=/dev/vda rw quiet", "start": "yes"}
    return [Debian("debian", [(name, keys) for name in NAMES],
                   [("debian-password", password), ("debian-apt", apt), ("debian-apart", apart), ("debian-ext4", ext4),
                    ("debian-stress", stress), ("debian-stressors", sample),
                    ("debian-names", names), ("debian-ssh", ssh), ("debian-iperf", iperf),
                    ("debian-ways-out", ways_out)], memory=640)]
