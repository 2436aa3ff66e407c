# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux guests on disks: what they write is there again, whoever ends them and when; nobody sees another's."""
import hashlib
import os
import random
import re
import signal
import subprocess
import time

from linux import Guests, finish, restarts, section, wait_shell
from ringlet import BUILD, PATIENCE, ROOT, check, plain, sh, tail

WORK = os.path.join(BUILD, "tests", "work", "disks")
LINE = os.path.join(WORK, "com2")
IMAGE_MIB = 24


def image():
    """An ext4 file system with one file on it."""
    os.makedirs(WORK, exist_ok=True)
    path, tree = os.path.join(WORK, "data.img"), os.path.join(WORK, "tree")
    os.makedirs(tree, exist_ok=True)
    with open(os.path.join(tree, "hello"), "w") as f:
        f.write("from the image\n")
    if os.path.exists(path):
        os.remove(path)
    sh(["/sbin/mke2fs", "-q", "-t", "ext4", "-d", tree, path, f"{IMAGE_MIB}M"])
    plain_image = os.path.join(WORK, "plain.img")
    with open(path, "rb") as a, open(plain_image, "wb") as b:
        b.write(a.read())
    return [path, plain_image]


def again(r, how="destroy"):
    """Ends alpha and starts it once more."""
    if how == "destroy":
        r.command("destroy alpha")
        r.wait_state("alpha", ("off",))
        r.command("start alpha")
    else:
        r.console(1)
        starts = r.command("info alpha")
        starts = re.search(r"starts +(\d+)", starts).group(1)
        r.console(1)
        r.send("reboot\n")
        limit = time.monotonic() + 120 * PATIENCE
        while re.search(r"starts +(\d+)", r.command("info alpha")).group(1) == starts:
            check(time.monotonic() < limit, "it does not reboot")
    wait_shell(r, 1, "alpha")


def receive(out):
    receiver = subprocess.Popen([os.path.join(ROOT, "tools", "receive-disk"), LINE, out], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
    check("waiting" in receiver.stdout.readline(), "receive-disk does not wait")
    return receiver


def cancelled(r, name):
    """In the middle, because the receiver does not go on; it is told."""
    receiver = receive(os.path.join(WORK, "cancelled"))
    try:
        receiver.send_signal(signal.SIGSTOP)
        r.command(f"disk save {name}")
        check("being sent" in r.command("disk"), "it is over already")
        check("cancelled" in r.command("disk cancel"), "it is not cancelled")
        receiver.send_signal(signal.SIGCONT)
        said = receiver.communicate(timeout=300 * PATIENCE)[0]
    finally:
        receiver.kill()
    check(receiver.returncode and "cancelled at the other end" in said, "receive-disk: " + said)


def received(r, name):
    """Has a disk sent, as a person would, and returns the image's path."""
    out = os.path.join(WORK, name)
    receiver = receive(out)
    try:
        r.command(f"disk save {name}")
        said = receiver.communicate(timeout=300 * PATIENCE)[0]
    finally:
        receiver.kill()
    check(receiver.returncode == 0, "receive-disk: " + said)
    sent = re.findall(rf"{name} is on the line: .* checksum ([0-9a-f]+)", r.command("dmesg"))
    with open(out, "rb") as f:
        sha = hashlib.sha256(f.read()).hexdigest()
    check(sent and f"checksum {sent[-1]} as sent" in said and sha in said, "the checksums differ:\n" + said)
    return out


def fsck(path):
    p = subprocess.run(["/sbin/e2fsck", "-fn", path], capture_output=True, text=True)
    check(p.returncode == 0, f"e2fsck -fn {path}: {p.returncode}\n" + tail(p.stdout))


# ---- the tests ----

def names(r):
    """Order, size, number, read-only and everybody's own view."""
    check(r.run(1, "cat /sys/block/vd?/size").split() == [str(IMAGE_MIB << 11), str(16 << 11), str(IMAGE_MIB << 11),
                                                          str(IMAGE_MIB << 11)], "sizes")
    check(r.run(1, "cat /sys/block/vd?/ro").split() == ["0", "0", "1", "0"], "which one is read-only")
    check(r.run(1, "cat /sys/block/vdb/serial; echo").strip() == "alpha.vdb", "its id")
    check(r.shell(1, "dd if=/dev/zero of=/dev/vdc bs=4k count=1 conv=fsync 2>&1")[0] != 0, "vdc can be written")
    r.run(1, "mount -o ro /dev/vdc /mnt; cat /mnt/hello; umount /mnt")
    for g, word in ((1, "one"), (2, "two")):
        r.run(g, f"mount /dev/vda /mnt; echo {word} > /mnt/mine; umount /mnt")
    for g, word in ((1, "one"), (2, "two")):
        check(r.run(g, "mount /dev/vda /mnt; cat /mnt/mine; umount /mnt").split()[-1] == word, "another's file")
    listed = r.command("disk")
    changed = re.findall(r"(\S+\.vd.) .*?(\d+) KiB *$", listed, re.M)
    check(len(changed) == 8 and 0 < int(dict(changed)["alpha.vda"]) < 2000, "memory not as the changes:\n" + listed)


def beyond(r):
    """Past the end there is nothing."""
    check(r.run(1, f"dd if=/dev/vdb bs=1k skip=$((16*1024-1)) count=9 2>/dev/null | wc -c").strip() == "1024", "the end")
    said = r.shell(1, "dd if=/dev/zero of=/dev/vdb bs=1k seek=$((16*1024-1)) count=2 2>&1")[1]
    check("No space left" in said, said)


def verify(r):
    """Written by several at once, read back without the cache."""
    for g in (1, 2):
        r.run(g, "mount /dev/vda /mnt")
        r.console(g)
        r.send("for i in 1 2 3; do (dd if=/dev/urandom of=/tmp/r$i bs=1k count=1500 2>/dev/null; "
               "cp /tmp/r$i /mnt/r$i; md5sum < /tmp/r$i > /tmp/s$i; rm /tmp/r$i) & done\n")
    for g in (1, 2):
        finish(r, g)
        r.run(g, "sync; echo 3 > /proc/sys/vm/drop_caches")
        for i in (1, 2, 3):
            read, written = r.run(g, f"md5sum < /mnt/r{i}"), r.run(g, f"cat /tmp/s{i}")
            check(read == written, f"guest {g}, file {i}: {written!r} was written, {read!r} is read")
        r.run(g, "umount /mnt")


def discard(r):
    """What is discarded gives its memory back."""
    def changed():
        return int(re.search(r"alpha\.vdb .*?(\d+) KiB *$", r.command("disk"), re.M).group(1))
    r.run(1, "dd if=/dev/urandom of=/dev/vdb bs=64k count=100 conv=fsync")
    check(changed() >= 6400, "it takes no memory")
    listed = r.command("mem")
    m = re.search(r"alpha\.vdb +(\d+) KiB of changes", listed)
    check(m and int(m.group(1)) > 6400 and re.search(r"modules: \d{4,} KiB", listed), "mem does not say what takes it:\n" + listed)
    free = r.free_kib()
    r.run(1, "blkdiscard /dev/vdb; echo 3 > /proc/sys/vm/drop_caches")
    check(changed() == 0 and r.free_kib() >= free + 6400, "its memory is not back")
    check(r.run(1, "md5sum < /dev/vdb").split()[0] == hashlib.md5(bytes(16 << 20)).hexdigest(), "it is not zero")


def outlives(r):
    """reboot, destroy and start find the data again, on a cow disk, on ram, and in an image that is written in place."""
    for dev in ("vda", "vdd"):
        r.run(1, f"mount /dev/{dev} /mnt; echo kept > /mnt/kept; umount /mnt")
    r.run(1, "dd if=/proc/config.gz of=/dev/vdb conv=fsync")
    want = r.run(1, "head -c 16384 /dev/vdb | md5sum")
    for how in ("reboot", "destroy"):
        again(r, how)
        for dev in ("vda", "vdd"):
            check(r.run(1, f"mount /dev/{dev} /mnt; cat /mnt/kept; umount /mnt").split()[-1] == "kept", f"{how}: {dev}")
        got = r.run(1, "head -c 16384 /dev/vdb | md5sum")
        check(got == want, f"{how}: vdb: {want!r} was written, {got!r} is read")


def torn(r):
    """Destroyed in the middle of writing; the journal is replayed and the file system is whole."""
    chance = random.Random(6)
    for i in range(4):
        r.run(1, "mount /dev/vda /mnt; mkdir -p /mnt/d")
        r.console(1)
        r.send("k=0; while :; do k=$((k+1)); seq $k 3000 > /mnt/d/$((k%50)); mv /mnt/d/$((k%50)) /mnt/d/m$((k%31)); "
               "[ $((k%7)) = 0 ] && sync; done\n")
        time.sleep(0.5 + chance.random())
        again(r)
        r.run(1, "mount /dev/vda /mnt; ls /mnt/d | wc -l; umount /mnt")
        r.command("destroy alpha")
        r.wait_state("alpha", ("off",))
        if i in (0, 3):
            fsck(received(r, "alpha.vda"))
        r.command("start alpha")
        wait_shell(r, 1, "alpha")


def saved(r):
    """What is sent is what was there; dropped changes are gone; and the mistakes one can make."""
    sum = r.run(1, "umount /mnt 2>/dev/null; mount /dev/vdd /mnt; seq 1 50000 > /mnt/seq; "
                   "dd if=/dev/urandom of=/mnt/random bs=1M count=4 2>/dev/null; umount /mnt; md5sum < /dev/vdd")
    check("shutdown or destroy it first" in r.command("disk save alpha.vdd"), "a running guest's disk is sent")
    check("shutdown or destroy it first" in r.command("disk reset alpha.vda"), "a running guest's disk is reset")
    r.command("destroy alpha")
    r.wait_state("alpha", ("off",))
    with open(received(r, "alpha.vdd"), "rb") as f:
        check(hashlib.md5(f.read()).hexdigest() == sum.split()[0], "another image came than the guest saw")
    check("in place" in r.command("disk reset alpha.vdd"), "an image written in place is reset")
    check("no disk 'alpha.vdz'" in r.command("disk reset alpha.vdz"), "a disk that is not there")
    check("which disk" in r.command("disk save"), "no name")
    check("disk save NAME" in r.command("disk svae alpha.vda"), "a wrong word")
    check("no disk is being sent" in r.command("disk cancel"), "nothing to cancel")
    cancelled(r, "alpha.vdd")
    free = r.free_kib()
    check("dropped" in r.command("disk reset alpha.vda"), "it is not reset")
    r.command("start alpha")
    wait_shell(r, 1, "alpha")
    check(r.free_kib() < free and re.search(r"alpha\.vda .* 0 KiB *$", r.command("disk"), re.M), "the changes are there")
    check(r.run(1, "mount /dev/vda /mnt; ls /mnt; cat /mnt/hello; umount /mnt").split() ==
          ["hello", "lost+found", "from", "the", "image"], "it is not as the image")
    check("two" in r.run(2, "mount /dev/vda /mnt; cat /mnt/mine; umount /mnt"), "and beta's is gone with it")


def full(r):
    """No memory for changes: writes fail, with one line about it, and everybody goes on."""
    r.console(3)
    status, said = r.shell(3, "dd if=/dev/urandom of=/dev/vda bs=1M count=400 conv=fsync 2>&1", 600)
    check(status != 0 and re.search(r"[Ee]rror|No space", said), "the writes went somewhere:\n" + said)
    check(r.command("dmesg").count("no memory left for its changes") == 1, "it is not said once")
    check(r.run(1, "echo alive").strip() == "alive" and r.run(2, "echo alive").strip() == "alive", "a neighbour suffers")
    # Who starts again finds its memory, though somebody waits for some.
    r.console(3)
    r.send("while :; do dd if=/dev/zero of=/dev/vda bs=1M seek=100 count=300 oflag=direct; done > /dev/null 2>&1 &\n")
    for _ in range(3):
        restarts(r, 2, "beta", lambda: r.command("reboot beta"))
    r.command("destroy gamma")
    r.wait_state("gamma", ("off",))
    r.command("disk reset gamma")
    r.command("start gamma")
    wait_shell(r, 3, "gamma")
    check(r.run(3, "dd if=/dev/urandom of=/dev/vda bs=1M count=8 conv=fsync 2>&1; echo fine").split()[-1] == "fine", "")


def refused(r):
    """A section that cannot be what was meant starts nothing, and says so."""
    for name, words in (("rival", "already; write `cow`"), ("absent", "nowhere.img is not a module"),
                        ("thief", "is what alpha boots from; write `cow`")):
        said = r.command(f"start {name}")
        check(words in plain(said), f"{name}: {said}")


def lean(r):
    """A request alone is one exit, the kick: none for its interrupt."""
    before = r.stats("alpha")
    r.run(1, "dd if=/dev/vdb of=/dev/null bs=4k count=1000 iflag=direct 2>/dev/null")
    after = r.stats("alpha")
    kicks, registers = (after[key] - before[key] for key in ("hypercall.kick", "exit.mmio.count"))
    check(1000 <= kicks < 1300 and registers < 50, f"{kicks} kicks and {registers} accesses to registers for 1000 requests")


def groups():
    quiet = {"cmdline": "loglevel=1"}       # no kernel lines between what is read here
    alpha = section(**quiet, disk=["data.img cow", "ram:16M", "data.img ro", "plain.img"])
    return [Guests("linux-disks", [
        ("alpha", alpha), ("beta", section(**quiet, disk="data.img cow")), ("gamma", section(**quiet, disk="ram:400M")),
        ("rival", section(disk="plain.img cow", start="no")), ("absent", section(disk="nowhere.img", start="no")),
        ("thief", section(disk="linux-6.1", start="no"))],
        [("disk-names", names), ("disk-lean", lean), ("disk-end", beyond), ("disk-verify", verify), ("disk-discard", discard),
         ("disk-outlives", outlives), ("disk-torn", torn), ("disk-saved", saved), ("disk-full", full),
         ("disk-refused", refused)],
        memory=400, modules=image, com2=f"unix:{LINE},server=on,wait=off")]
