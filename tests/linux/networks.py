# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux guests on LANs: who reaches whom, by which name, with all bytes; and what one guest's bad manners cost the others.

alpha, beta and delta are on `lan`; gamma on `other`, and delta's second card too; delta's first is strict."""
import os
import re
import shutil
import subprocess
import time

from linux import NAMES, Guests, finish, idle, section, wait_shell
from ringlet import BUILD, PATIENCE, ROOT, Skip, by_wall_clock, check, sh, tail

LINE = os.path.join(BUILD, "tests", "work", "networks-com2")
MAC = "02:52:4c:00:{:02x}:00"


def wait_address(r, guest, card, address):
    """Until DHCP has given that card its address."""
    limit = time.monotonic() + 120 * PATIENCE
    while f"inet {address}/24" not in r.shell(guest, f"ip -4 addr show {card}")[1]:
        check(time.monotonic() < limit, f"guest {guest} never got {address} on {card}:\n" + r.command("net"))
        time.sleep(0.3)


def ping(r, guest, target, ok=True, count=2):
    status, said = r.shell(guest, f"ping -c {count} -W 3 {target}")
    check((status == 0) == ok, f"guest {guest} pings {target}, status {status}:\n{said}\n" + r.command("net"))
    return said


def port(r, guest, card="eth0"):
    """What `net` says of a port."""
    said = r.command("net")
    m = re.search(rf"^  {guest} +{card} .*\n(    .*\n?)*", said, re.M)
    check(m, f"{guest}'s {card} is not in net:\n{said}")
    return m.group(0)


def number(r, guest, words, card="eth0"):
    m = re.search(rf"{words} (\d+)", port(r, guest, card))
    return int(m.group(1)) if m else 0


class Networks(Guests):
    def setup(self):
        r = super().setup()
        for guest, card, address in ADDRESSES:
            wait_address(r, guest, card, address)
        return r


ADDRESSES = ((1, "eth0", "10.77.1.1"), (2, "eth0", "10.77.1.2"), (3, "eth0", "10.77.2.3"),
             (4, "eth0", "10.77.1.4"), (4, "eth1", "10.77.2.4"))


def addresses(r):
    for guest, card, address in ADDRESSES:
        name = NAMES[guest - 1]
        check(re.search(rf"{card} .* {address} +up", port(r, name, card)), port(r, name, card))
    check("strict" in port(r, "delta") and "strict" not in port(r, "delta", "eth1"), r.command("net"))
    check(r.run(2, "cat /sys/class/net/eth0/address").strip() == MAC.format(2), "beta has another address")
    ping(r, 1, "10.77.1.2")
    ping(r, 1, "10.77.1.254")
    ping(r, 3, "10.77.2.4")
    for size in (8, 598, 599, 1472):        # the host answers whatever a frame holds
        ping(r, 1, f"-s {size} 10.77.1.254")


def ipv6(r):
    """By link-local addresses, which nobody gives out: pings, and 4 MiB by TCP."""
    beta = "fe80::52:4cff:fe00:200%eth0"
    check("0% packet loss" in r.run(1, f"ping6 -c 3 -W 3 {beta}"), "no answer")
    ping(r, 1, f"-s 20000 {beta}")
    r.run(2, "mkfifo /tmp/none; nc -l -p 2006 <> /tmp/none > /tmp/in & sleep 1")
    sent = r.run(1, f"dd if=/dev/urandom of=/tmp/out bs=1M count=4 2>/dev/null; nc {beta} 2006 < /tmp/out; md5sum < /tmp/out; rm /tmp/out")
    finish(r, 2)
    check(r.run(2, "md5sum < /tmp/in; rm /tmp/in /tmp/none") == sent, "other bytes came:\n" + r.command("net"))


def names(r):
    for guest, target, address in ((1, "beta", "10.77.1.2"), (1, "BETA.ringlet", "10.77.1.2"), (2, "alpha", "10.77.1.1"),
                                   (2, "delta.ringlet", "10.77.1.4"), (3, "delta", "10.77.2.4")):
        check(address in ping(r, guest, target), f"{target} is not {address}")
    check("beta.ringlet" in r.run(1, "nslookup 10.77.1.2"), "no name for an address")
    for nobody in ("nobody", "gamma", "example.org"):
        ping(r, 1, nobody, ok=False)


def transfer(r):
    """8 MiB each way, at once; what was sent is what came."""
    sums = []
    for g, port in ((1, 2001), (2, 2002)):
        r.run(g, "dd if=/dev/urandom of=/tmp/out bs=1M count=8 2>/dev/null")
        sums.append(r.run(g, "md5sum < /tmp/out"))
        r.run(g, f"mkfifo /tmp/none; nc -l -p {port} <> /tmp/none > /tmp/in & sleep 1")
    for g, other, port in ((1, "beta", 2002), (2, "alpha", 2001)):
        r.run(g, f"nc {other} {port} < /tmp/out &")
    for g in (1, 2):
        finish(r, g)
        check(r.run(g, "md5sum < /tmp/in") == sums[2 - g], f"guest {g} got something else:\n" + r.command("net"))
        r.run(g, "rm /tmp/in /tmp/out /tmp/none")
    s = r.stats("alpha")
    check(s["net-bytes-sent"] > 8 << 20 and s["net-bytes-received"] > 8 << 20, f"stats count otherwise: {s}")


def isolated(r):
    """gamma, on another LAN, takes an address of this one: it reaches nobody, and nobody hears of it."""
    r.run(3, "ip addr add 10.77.1.99/24 dev eth0")
    before = number(r, "beta", "received")
    ping(r, 3, "10.77.1.2", ok=False)
    ping(r, 1, "10.77.1.99", ok=False)
    check(number(r, "beta", "received") - before <= 3, "beta hears of gamma")     # who has .99? asks alpha
    r.run(3, "ip addr del 10.77.1.99/24 dev eth0")


def paused(r):
    """beta stands still: what is sent to it is lost, to it alone, and counted."""
    before, others = number(r, "beta", "no-buffer"), number(r, "delta", "no-buffer")
    r.command("pause beta")
    r.run(1, f"flood eth0 {MAC.format(2)} 2000")
    check("0% packet loss" in ping(r, 1, "delta"), "delta suffers")
    check(number(r, "beta", "no-buffer") > before + 1000, "what beta lost is not counted:\n" + port(r, "beta"))
    check(number(r, "delta", "no-buffer") == others, "delta lost something")
    r.command("unpause beta")
    ping(r, 1, "beta")
    check(r.stats("beta")["net-packets-dropped"] > 1000, "stats do not count what beta lost")


def flood(r):
    """alpha sends to everybody without a pause; the others work and talk."""
    before = number(r, "beta", "received")
    r.run(1, "flood eth0 ff:ff:ff:ff:ff:ff 0 &")
    for _ in range(3):
        ping(r, 2, "delta", count=3)
        check(r.run(4, "seq 1 3000 | md5sum") == r.run(2, "seq 1 3000 | md5sum"), "wrong sums")
    check(number(r, "beta", "received") > before + 1000, "there was no flood:\n" + r.command("net"))
    r.run(1, "kill %1; true")
    finish(r, 1)
    ping(r, 1, "beta")


def set_mac(r, guest, mac):
    r.run(guest, f"ip link set eth0 down; ip link set eth0 address {mac}; ip link set eth0 up; "
                 f"ifconfig eth0 10.77.1.{guest} netmask 255.255.255.0")


def strict(r):
    """A strict port sends from its own address only; elsewhere an address is learned, but never a neighbour's."""
    before = number(r, "delta", "bad-source")
    set_mac(r, 4, "02:00:00:00:00:99")
    ping(r, 4, "10.77.1.2", ok=False)
    check(number(r, "delta", "bad-source") > before, "what delta made up is not counted:\n" + port(r, "delta"))
    set_mac(r, 4, MAC.format(4))
    ping(r, 4, "10.77.1.2")

    set_mac(r, 1, "02:00:00:00:00:77")
    ping(r, 1, "10.77.1.2")
    check(re.search(r"learned 02:00:00:00:00:77 behind alpha eth0, \d+ s ago", r.command("net")), r.command("net"))
    set_mac(r, 1, MAC.format(2))        # beta's!
    r.shell(1, "ping -c 1 -W 1 10.77.1.4")
    check("learned " + MAC.format(2) not in r.command("net"), "alpha has taken beta's address")
    ping(r, 4, "10.77.1.2")
    set_mac(r, 1, MAC.format(1))
    ping(r, 1, "beta")


def again(r):
    """beta is taken away and comes again: the same address, and the port's numbers go on."""
    before = number(r, "beta", "received")
    r.command("destroy beta")
    r.wait_state("beta", ("off",))
    check(re.search(r" down$", port(r, "beta"), re.M), port(r, "beta"))
    ping(r, 1, "beta", ok=False)
    r.command("start beta")
    wait_shell(r, 2, "beta")
    wait_address(r, 2, "eth0", "10.77.1.2")
    ping(r, 1, "beta")
    check(number(r, "beta", "received") > before, "the port has forgotten what it counted")


@by_wall_clock
def capture(r):
    """The file that leaves on COM2, as tshark reads it."""
    if not shutil.which("tshark"):
        raise Skip("tshark is not installed")
    check("no LAN" in r.command("net capture nowhere"), "a LAN that is not there is captured")
    check("recorded on COM2" in r.command("net capture lan"), "it does not say what begins")
    check("in use: capture of lan" in r.command("net capture other"), "two at once")
    ping(r, 1, "beta", count=3)
    r.run(2, "mkfifo /tmp/none; nc -l -p 2003 <> /tmp/none > /tmp/in & sleep 1")
    r.run(1, "seq 1 20000 | nc beta 2003")
    finish(r, 2)
    m = re.search(r"captured (\d+) packets; (\d+) did not fit", r.command("net capture off"))
    check(m, "net capture off does not say how it went")
    check("nothing" in r.command("net capture off"), "it goes on")
    r.drain(1)      # its ring empties
    p = subprocess.run(["tshark", "-r", LINE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120 * PATIENCE)
    said = p.stdout.decode()
    check(p.returncode == 0 and "cut short" not in p.stderr.decode(), p.stderr.decode() + tail(said))
    check(len(said.splitlines()) == int(m.group(1)), f"{m.group(0)}, and the file has {len(said.splitlines())}")
    for want in (r"ICMP .*Echo \(ping\) request", r"Echo \(ping\) reply", r"DNS .*A beta", r"response .* A 10\.77\.1\.2",
                 r"TCP .*\[SYN\]", r"2003.*\[FIN"):
        check(re.search(want, said), f"no {want}:\n{tail(said, 60)}")
    check("alformed" not in said, tail(said, 60))
    check(abs(float(subprocess.run(["tshark", "-r", LINE, "-T", "fields", "-e", "frame.time_epoch", "-c", "1"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout) - time.time()) < 1200,
          "its time is another")
    return f"{m.group(0)}"


def everybody(r):
    """Eight on one LAN: each pings each by name."""
    for g in range(1, 9):
        wait_address(r, g, "eth0", f"10.77.1.{g}")
    for g in range(1, 9):
        for other in NAMES:
            ping(r, g, other, count=1)


def tools():
    out = os.path.join(BUILD, "tests", "work", "flood")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    sh(["gcc", "-m32", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", out,
        os.path.join(ROOT, "tests", "linux", "flood.c")])
    return [out]


def groups():
    ird = {"ird": "initrd-net.gz"}
    return [Networks("linux-net", [
        ("alpha", section(**ird, net="lan")), ("beta", section(**ird, net="lan")), ("gamma", section(**ird, net="other")),
        ("delta", section(**ird, net=["lan strict", "other"]))],
        [("net-addresses", addresses), ("net-names", names), ("net-transfer", transfer), ("net-ipv6", ipv6), ("net-isolated", isolated),
         ("net-paused", paused), ("net-flood", flood), ("net-strict", strict), ("net-again", again),
         ("net-capture", capture), ("net-idle", idle)],
        extra=tools, com2=LINE)]
