# SPDX-License-Identifier: GPL-2.0-or-later
"""/dev/hwrng in Linux guests: what comes out is judged here, outside, by what a fair coin does."""
import base64
import time

from ringlet import by_wall_clock, check

KIB = 256
RATE, BURST = 62500, 16384      # drivers/virtio/rng.c


def squares(counts, expected):
    return sum((c - expected) ** 2 / expected for c in counts)


def judge(who, data):
    """Each limit is passed by a fair coin in all but one of a million runs."""
    bits = len(data) * 8
    n = int.from_bytes(data, "little")
    ones = bin(n).count("1")
    check((2 * ones - bits) ** 2 < 25 * bits, f"{who}: {ones} ones in {bits} bits")
    runs = bin((n ^ n >> 1) & ((1 << bits - 1) - 1)).count("1") + 1
    check((2 * runs - bits) ** 2 < 25 * bits, f"{who}: {runs} runs in {bits} bits")
    chi = squares([data.count(bytes([b])) for b in range(256)], len(data) / 256)
    check(148 < chi < 391, f"{who}: chi square of the bytes is {chi:.1f}, should be near 255")
    mean = sum(data) / len(data)
    spread = sum((b - mean) ** 2 for b in data)
    serial = sum((a - mean) * (b - mean) for a, b in zip(data, data[1:])) / spread
    check(abs(serial) < 5 / len(data) ** 0.5, f"{who}: neighbours correlate by {serial:.4f}")
    blocks = {data[i:i + 8] for i in range(len(data) - 7)}
    check(len(blocks) == len(data) - 7, f"{who}: eight bytes in a row came twice")
    return blocks


def read(r, guest, kib, seconds=600):
    return base64.b64decode(r.run(guest, f"dd if=/dev/hwrng bs=1k count={kib} iflag=fullblock 2>/dev/null | base64", seconds))


def good(r):
    """256 KiB for each of two guests."""
    check("virtio" in r.run(1, "cat /sys/class/misc/hw_random/rng_current"), "the guest has no virtio entropy")
    alpha = judge("alpha", read(r, 1, KIB))
    beta = judge("beta", read(r, 2, KIB))
    check(not alpha & beta, "alpha and beta got some of the same")
    counted = r.stats("alpha")["entropy-bytes"]
    check(KIB * 1024 <= counted < KIB * 1024 + 8192, f"alpha read {KIB} KiB, Ringlet counted {counted} bytes")


@by_wall_clock
def rate(r):
    """Neither faster than allowed, nor much work for the machine."""
    times = r.run(1, "cat /proc/uptime; dd if=/dev/hwrng of=/dev/null bs=1k count=256 iflag=fullblock 2>/dev/null; "
                     "cat /proc/uptime", 600).split()
    took = float(times[2]) - float(times[0])
    least = (KIB * 1024 - BURST) / RATE
    check(took > least * 0.95, f"{KIB} KiB came in {took:.2f} s of the guest's, at the rate it takes {least:.2f} s")
    r.console(1)
    r.send("cat /dev/hwrng > /dev/null &\n")
    start, cpu = time.monotonic(), r.cpu_seconds()
    before = r.stats("alpha")["entropy-bytes"]      # on a busy machine each answer takes its time
    time.sleep(6)
    got = r.stats("alpha")["entropy-bytes"] - before
    used, took = r.cpu_seconds() - cpu, time.monotonic() - start
    r.run(1, "kill $!; wait 2>/dev/null; true")
    check(0 < got <= RATE * took * 1.05 + BURST, f"{got} bytes in {took:.1f} s")
    check(used < 0.7 * took, f"a guest that waits for entropy costs {used / took:.0%} of a processor")


@by_wall_clock
def quiet(r):
    """Nobody asks: nothing is done."""
    r.run(1, "true")
    r.drain(1)
    before = r.stats("alpha")
    r.drain(1)
    cpu, start = r.cpu_seconds(), time.monotonic()
    time.sleep(6)
    used = (r.cpu_seconds() - cpu) / (time.monotonic() - start)
    after = r.stats("alpha")
    check(used < 0.15, f"QEMU used {used:.0%} of a processor with all guests idle")
    # The kernel's own reader comes once a minute.
    check(after["entropy-bytes"] - before["entropy-bytes"] <= 256, "the guest takes entropy though nobody asks")


def groups():
    from linux import NAMES, Guests, section
    return [Guests(f"linux-entropy-{cpu}", [(n, section()) for n in NAMES[:2]],     # with RDRAND, and without
                   [(f"entropy-{n}@{cpu}", t) for n, t in (("good", good), ("rate", rate), ("quiet", quiet))], cpu=cpu)
            for cpu in ("max", "pentium3")]
