# SPDX-License-Identifier: GPL-2.0-or-later
"""What Ringlet is booted from: a stick behind each kind of USB controller, a disk that fails to read once, the network,
and a firmware that does not boot it.

The image is small, for some of these are slow: a bare guest, and a module that lies at the very end.
"""
import functools
import os
import re
import shutil
import threading

from harness import Group
from ringlet import BUILD, ROOT, Ringlet, check, conf, elf, sh, tail, work_file

import guests

OUT = os.path.join(BUILD, "tests", "system")
CONTROLLERS = {"uhci": "piix3-usb-uhci", "ohci": "pci-ohci", "ehci": "usb-ehci", "xhci": "qemu-xhci"}
# On two processors QEMU's UHCI and the BIOS get in each other's way: now and then a packet is taken twice, the BIOS
# waits five seconds and gives up.  That is how reads fail; failed_read() does it at will.
ONE_CPU = f"taskset -c {min(os.sched_getaffinity(0))} qemu-system-i386"
LAST = os.urandom(700 << 10)


made = threading.Lock()


def image():
    """Made once a run, though groups that run side by side ask for it."""
    with made:
        return make_image()


@functools.lru_cache
def make_image():
    os.makedirs(OUT, exist_ok=True)
    elf()
    out = os.path.join(OUT, "media.iso")
    hello = {"kernel": "hello", "memory": "8M", "start": "yes"}
    text = conf([("hello", hello), ("last", {**hello, "disk": "zz-last ro"})])
    sh([os.path.join(ROOT, "tools", "make-iso.sh"), "-o", out, "-t", "0", "-c", work_file("media", "ringlet.conf", text),
        "-k", os.path.join(BUILD, "ringlet.stripped.elf"), guests.build("hello"), work_file("media", "zz-last", LAST)])
    return out


def boots(r):
    """All modules are there and as they ought to be, and the guests come to their end."""
    m = r.expect(r"module zz-last|Ringlet does not start.*", 600, "Ringlet")
    check(m[0].startswith("module"), "GRUB says:\n" + tail(r.text))
    for name in ("hello", "last"):
        r.wait_state(name, ("off",))
        check("Test result: SUCCESS" in r.command("dmesg " + name), f"{name} says:\n" + r.command("dmesg " + name))
    said = r.command("dmesg")
    check("module ringlet.manifest" in said and "Module" not in said, said)


def stick(name, controller):
    def test(_):
        args = ["-device", controller, "-drive", f"file={image()},format=raw,if=none,id=stick,snapshot=on",
                "-device", "usb-storage,drive=stick,bootindex=0"]
        with Ringlet("system-stick-" + name, memory=64, qemu=ONE_CPU, args=args) as r:
            boots(r)
    return "stick-" + name, test


def failed_read(_):
    """GRUB asks by cylinder, head and sector once a read has failed; the last file is within reach then, too."""
    with open(image(), "rb") as f, open(os.path.join(BUILD, "ringlet.stripped.elf"), "rb") as kernel:
        at = f.read().find(kernel.read(2048))
    check(at > 0 and at % 2048 == 0, "the kernel is not on the image")
    drive = (f"driver=raw,if=ide,file.driver=blkdebug,file.image.filename={image()},file.image.locking=off"
             ",file.image.driver=file"
             f",file.inject-error.0.event=read_aio,file.inject-error.0.sector={at // 512}"
             ",file.inject-error.0.errno=5,file.inject-error.0.once=on")
    with Ringlet("system-failed-read", memory=64, args=["-drive", drive]) as r:
        boots(r)


def cut_short(_):
    """An image that was not written to its end: GRUB says which file it is, and starts nothing."""
    with open(image(), "rb") as f:
        data = f.read()
    cut = work_file("media", "cut.img", data[:data.find(LAST[:2048]) + 4096])
    with Ringlet("system-cut-short", memory=64, disk=cut) as r:
        r.expect(r'Ringlet does not start: "module [^"]*zz-last', 300)
        r.expect("Press Esc")


def came_in_wrong(_):
    """A byte of the last file is another one: Ringlet names it, and starts the guests that do not use it."""
    with open(image(), "rb") as f:
        data = bytearray(f.read())
    data[data.find(LAST[:2048]) + len(LAST) - 1] ^= 4
    with Ringlet("system-came-in-wrong", memory=64, disk=work_file("media", "wrong.img", bytes(data))) as r:
        r.expect("module zz-last", 300)
        r.wait_state("hello", ("off",))
        check("Test result: SUCCESS" in r.command("dmesg hello"), "hello does not run")
        said = r.command("dmesg")
        check(len(re.findall(r"Module \S+ came in wrong", said)) == 1 and "Module zz-last came in wrong" in said, said)
        check("last cannot start: disk zz-last came in wrong" in said, said)
        check("disk zz-last came in wrong" in r.command("start last"), "last starts")


def configuration_came_in_wrong(_):
    """Then nobody knows what was meant, and nobody starts."""
    modules = [work_file("media-wrong", "ringlet.conf", conf([("hello", {"kernel": "hello", "start": "yes"})])),
               work_file("media-wrong", "ringlet.manifest", "1 2 ringlet.conf\n"), guests.build("hello")]
    with Ringlet("system-wrong-conf", kernel=elf(), modules=modules, memory=64) as r:
        r.expect("ringlet> ", 60)
        said = r.command("dmesg")
        check("No guests: ringlet.conf came in wrong" in said and "hello cannot" not in said, said)
        check("hello" not in r.command("list"), "hello is there")


FIRMWARE = {
    "x64": ["-bios", "/usr/share/ovmf/OVMF.fd"],
    # The 32-bit one wants a place for its variables, and a chip set that keeps it to itself.
    "ia32": ["-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on",
             "-drive", "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd",
             "-drive", "if=pflash,format=raw,snapshot=on,file=/usr/share/OVMF/OVMF32_VARS_4M.fd"],
}


def uefi(kind, *medium):
    """A machine without a BIOS: its firmware shows why Ringlet does not start."""
    def test(_):
        with Ringlet("system-uefi-" + kind, memory=256, qemu="qemu-system-x86_64", args=FIRMWARE[kind] + [m.format(image()) for m in medium]) as r:
            r.expect(r"needs a BIOS, and this is UEFI.*Press Enter", 300)
            check("Unknown command" not in r.text, tail(r.text))
    return "uefi-" + kind, test


def pxe(_):
    """From the network, by the lines that the manual has for iPXE, which is the ROM of QEMU's cards."""
    served = os.path.join(OUT, "tftp")
    shutil.rmtree(served, ignore_errors=True)
    sh(["xorriso", "-osirrox", "on", "-indev", image(), "-extract", "/boot", served])
    names = [n for n in sorted(os.listdir(served)) if n not in ("grub", "ringlet.elf")]
    with open(os.path.join(served, "boot.ipxe"), "w") as f:
        f.write("#!ipxe\nkernel ringlet.elf\n" + "".join(f"module {n}\n" for n in names) + "boot\n")
    args = ["-netdev", f"user,id=net,tftp={served},bootfile=boot.ipxe", "-device", "e1000,netdev=net,bootindex=0"]
    with Ringlet("system-pxe", memory=64, args=args) as r:
        boots(r)


def no_keyboard(_):
    """Where no controller answers, as with a USB keyboard and no help from the BIOS, the screen says so."""
    modules = [work_file("media-keyboard", "ringlet.conf", conf([("witness", {"kernel": "witness", "start": "yes"})])),
               guests.build("witness")]
    for machine, missing in (("pc,i8042=off", True), ("pc", False)):
        with Ringlet("system-no-keyboard", kernel=elf(), modules=modules, memory=64, machine=machine) as r:
            r.expect("beat 30", 60)
            said = r.vga_text()
            check(("No keyboard answers" in said and "legacy USB support" in said) == missing, f"{machine}:\n{said}")
            check(("beat 29" in said) != missing, f"{machine}:\n{said}")


def menu(_):
    """Another entry of GRUB's menu has its own configuration, and a manifest that fits it."""
    hello = {"kernel": "hello", "memory": "8M", "start": "yes"}
    confs = [f"{title}=" + work_file("media", title + ".conf", conf([(title, hello)])) for title in ("first", "second", "third")]
    elf()
    out = os.path.join(OUT, "menu.iso")
    os.makedirs(OUT, exist_ok=True)
    sh([os.path.join(ROOT, "tools", "make-iso.sh"), "-o", out, "-t", "600", "-k", os.path.join(BUILD, "ringlet.stripped.elf"),
        *(w for c in confs for w in ("-c", c)), guests.build("hello")])
    with Ringlet("system-menu", iso=out, memory=64) as r:
        r.expect("first.*second.*third", 300)
        r.send("\033[B\033[B\r")
        r.expect("Hello from ring 1", 300)
        check(set(r.states()) == {"third"}, f"other guests: {r.states()}")
        check("came in wrong" not in r.command("dmesg"), r.command("dmesg"))
        check("Option slow" not in r.command("dmesg"), "slow without being asked")
    with Ringlet("system-menu-slow", iso=out, memory=64) as r:
        r.expect("first.*second.*third.*first, slow", 300)
        r.send("\033[B\033[B\033[B\r")
        r.expect("Hello from ring 1", 300)
        check(set(r.states()) == {"first"}, f"other guests: {r.states()}")
        check("Option slow" in r.command("dmesg"), r.command("dmesg"))


class Media(Group):
    layer = "system"


def groups():
    return [Media([stick(n, c) for n, c in CONTROLLERS.items()] + [("failed-read", failed_read), ("cut-short", cut_short), ("came-in-wrong", came_in_wrong),
                   ("wrong-conf", configuration_came_in_wrong), ("no-keyboard", no_keyboard), ("pxe", pxe),
                   ("menu", menu)]),
            Media([uefi("x64", "-cdrom", "{}"),
                   uefi("ia32", "-drive", "file={},format=raw,if=none,id=stick,snapshot=on", "-device", "qemu-xhci",
                        "-device", "usb-storage,drive=stick")])]
