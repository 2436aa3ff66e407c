# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests in the Debian of tools/build-rootfs.sh: one image, what each changes its own, a LAN between them; and containers."""
import os
import re
import time

from linux import GUESTS, PROMPT, Guests, finish, linux_debian, section
from ringlet import PATIENCE, ROOT, Failure, Ringlet, check, conf, elf, sh, tail, work_file

NAMES = ("alpha", "beta")
BOTH = tuple(enumerate(NAMES, 1))


def image(name="debian.img", packages=()):
    """Without it nothing is tested here, and that is a failure: no network is no excuse."""
    out = os.path.join(GUESTS, name)
    sh([os.path.join(ROOT, "tools", "build-rootfs.sh"), out, *packages], timeout=1800)
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
        modules = [work_file(self.name, "ringlet.conf", conf(self.sections)), *linux_debian(), *self.modules()]
        r = Ringlet(self.name, kernel=elf(), modules=modules, memory=self.memory)
        r.__enter__()
        try:
            for number, (name, _) in enumerate(self.sections, 1):
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
    on_both(r, "set -e; mount -o ro /dev/vdc /mnt; cd /root; LD_LIBRARY_PATH=/mnt/lib /mnt/stress-ng --hdd 2 "
               "--hdd-bytes 4M --hdd-opts fsync,rd-rnd,wr-rnd --hdd-ops 3000 --verify --temp-path /root; umount /mnt")
    for number, _ in BOTH:
        said = r.run(number, "cat /tmp/said")
        check("successful run completed" in said and "fail" not in said, said)


# What stress-ng does, one to three of each of its classes: cpu, vm, scheduler, interrupt, pipe, io, network, os; then what
# only a kernel like Debian's can.
SAMPLE = ("cpu matrix mmap mremap vm brk fork clone signal timer itimer futex sem switch pipe splice "
          "aio readahead sock udp-flood epoll poll eventfd dentry procfs ptrace "
          "af-alg rseq secretmem userfaultfd fanotify netlink-proc netlink-task loop tun dccp sctp apparmor landlock cyclic").split()

# All that it knows to do, for `tests/soak`.  But io-uring asks for a file's status in a way that fails on the bare machine, too.
CLASSES = "cpu vm memory interrupt scheduler pipe io network os"
LEFT_OUT = ("io-uring",)


# By default they want 256 MiB, and whether the guest's 64 run out within the second depends on the machine's speed.
BOUNDED = "--vm-bytes 8M --mmap-bytes 8M --mremap-bytes 8M --userfaultfd-bytes 8M"

# A kernel with memfd_secret, too: in 6.1 that is to be asked for.
CMDLINE = "root=/dev/vda rw quiet secretmem.enable=y"


def stressors(r, number):
    """The names of all, each once."""
    names = []
    for c in CLASSES.split():
        names += r.run(number, f"/mnt/stress-ng --class {c}? 2>&1").split(":")[-1].split()
    return [n for n in dict.fromkeys(names) if n not in LEFT_OUT]


def mount_stress(r, number):
    """Restartable sequences are left to it by the C library; DCCP, which Debian's kernel does not load by itself, is there; and
    one processor has bounds for SCHED_DEADLINE that cyclic exceeds."""
    r.run(number, "mount -o ro /dev/vdc /mnt; export LD_LIBRARY_PATH=/mnt/lib GLIBC_TUNABLES=glibc.pthread.rseq=0; cd /root; "
                  "modprobe dccp_ipv4; echo -1 > /proc/sys/kernel/sched_rt_runtime_us")


def stressor(r, number, name):
    """For a second, and what can be verified is; returns what it said.  What it cannot have it skips: status 3, 4 or 0; and
    what may hang any machine, which it calls pathological."""
    status, said = r.shell(number, f"/mnt/stress-ng --{name} 1 {BOUNDED} -t 1 --verify --temp-path /root 2>&1", 900)
    check((status in (0, 3, 4) or "--pathological" in said) and "stress-ng: fail" not in said, f"stress-ng --{name}: status {status}\n{said}")
    return said


def well(r, number):
    """The kernel has complained of nothing since the last time, and Ringlet does not either."""
    said = r.run(number, "dmesg --read-clear")
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


def modules(r):
    """What is used loads its module; what each is for works."""
    check("overlay" not in r.run(1, "cat /proc/modules"), "a module is there before anybody wants it")
    r.run(1, "(set -e; cd /root; dd if=/dev/zero of=small bs=1M count=4 2>&1; mke2fs -q small; mkdir lower upper work all; "
             "mount -o loop small lower; echo low > lower/file; mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work x all; "
             "echo high >> all/file; cat lower/file upper/file | tr '\\n' ' ' | grep -qx 'low low high '; "
             "umount all lower; rm -r small lower upper work all)")
    r.run(1, "(set -e; ip netns add other; ip link add here type veth peer name there netns other; "
             "ip link add bridge type bridge; ip link set here master bridge; ip addr add 192.0.2.1/24 dev bridge; "
             "ip link set bridge up; ip link set here up; ip -n other addr add 192.0.2.2/24 dev there; "
             "ip -n other link set there up; ping -c 3 192.0.2.2; ip netns del other; ip link del bridge)", 120)
    r.run(1, "(set -e; mkswap /dev/vdd; swapon /dev/vdd; grep -q vdd /proc/swaps; swapoff /dev/vdd)")
    loaded = r.run(1, "cut -d' ' -f1 /proc/modules").split()
    check({"loop", "overlay", "veth", "bridge"} <= set(loaded), f"loaded are: {loaded}")


def busybox_modules(r):
    """The usual initrd, too, finds the disk with the modules and the nodes that load them."""
    r.run(1, "cd /root; dd if=/dev/zero of=small bs=1M count=4; mke2fs -F small; mount -o loop small /mnt && umount /mnt && "
             "ip link add bridge type bridge && ip link del bridge")
    loaded = r.run(1, "cut -d' ' -f1 /proc/modules").split()
    check({"loop", "bridge"} <= set(loaded), f"loaded are: {loaded}")


# ---- containers ----

PACKAGES = ("podman", "netavark", "iptables", "busybox-static", "systemd-container", "nftables", "nfs-kernel-server")
BOX = ("cd /root; mkdir -p box/usr/bin; ln -sfn usr/bin box/bin; cp /bin/busybox box/bin; busybox --install -s box/bin; "
       "echo hello > box/index.html")


def podman(r):
    """An image made here; containers with names, processes and a network of their own, and less memory."""
    r.run(1, f"{BOX}; tar -C box -c . | podman import - box", 300)
    check(r.run(1, "podman info --format '{{.Store.GraphDriverName}}'", 120).strip() == "overlay", "not by overlayfs")
    said = r.run(1, "podman run --rm --hostname inside --memory 32m --network none box "
                    "sh -c 'hostname; echo $$; cat /sys/fs/cgroup/memory.max; ls /sys/class/net' 2>&1", 300)
    check(said.split() == ["inside", "1", str(32 << 20), "lo"], said)
    r.run(1, "podman run -d --name server box httpd -f 2>&1", 300)
    address = r.run(1, "podman inspect --format '{{.NetworkSettings.IPAddress}}' server", 120).strip()
    said = r.run(1, f"podman run --rm box wget -q -O - http://{address}/ 2>&1", 300)
    check(said.strip() == "hello", said)
    r.run(1, "podman rm -f -t 0 server", 120)


def nspawn(r):
    r.run(1, f"{BOX}; systemd-machine-id-setup")
    said = r.run(1, "systemd-nspawn -q --register=no --keep-unit --private-network -D /root/box sh -c 'hostname; echo $$; ls /sys/class/net'", 300)
    check(said.split() == ["box", "1", "lo"], said)


def nfs(r):
    """Of NFS; the server is here, too."""
    r.run(1, "(set -e; mkdir -p /srv/nfs /mnt/nfs; mount -t tmpfs tmpfs /srv/nfs; echo '/srv/nfs *(rw,no_root_squash,no_subtree_check,fsid=1)' > /etc/exports; "
             "rpcbind; modprobe nfsd; mount -t nfsd nfsd /proc/fs/nfsd || true; exportfs -a; rpc.nfsd 1; rpc.mountd; "
             "mount -t nfs -o vers=4 127.0.0.1:/srv/nfs /mnt/nfs; echo kept > /mnt/nfs/file; grep -q kept /srv/nfs/file; umount /mnt/nfs)", 120)


def firewall(r):
    """nft refuses what it is told to."""
    r.run(1, "(set -e; nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; }'; "
             "nft add rule inet t in icmp type echo-request drop; if ping -c 1 -W 2 127.0.0.1; then exit 1; fi; "
             "nft flush ruleset; ping -c 1 127.0.0.1)", 120)


def groups():
    keys = {"kernel": "linux-6.1-debian", "disk": ["debian.img cow", "modules-6.1.img ro", "stress.img ro", "ram:16M"],
            "net": "lan0", "memory": "64M", "cmdline": CMDLINE, "start": "yes"}
    more = {**keys, "disk": ["containers.img cow", "modules-6.1.img ro"], "memory": "256M"}
    return [Debian("debian", [(name, keys) for name in NAMES],
                   [("debian-password", password), ("debian-apt", apt), ("debian-apart", apart), ("debian-modules", modules),
                    ("debian-ext4", ext4), ("debian-stress", stress), ("debian-stressors", sample),
                    ("debian-names", names), ("debian-ssh", ssh), ("debian-iperf", iperf),
                    ("debian-ways-out", ways_out)], modules=lambda: [image(), stress_image()], memory=640),
            Debian("containers", [("alpha", more)], [("containers-podman", podman), ("containers-nspawn", nspawn),
                                                        ("containers-nfs", nfs), ("containers-firewall", firewall)],
                   modules=lambda: [image("containers.img", PACKAGES)], memory=640),
            Guests("modules", [("alpha", section(kernel="linux-6.1-debian", disk="modules-6.1.img ro", memory="32M"))],
                   [("modules-busybox", busybox_modules)], modules=linux_debian)]
