# SPDX-License-Identifier: GPL-2.0-or-later
"""What docs/journey.md gives to try: read from the page, typed, and compared with what the page shows.

In a block that begins with ```try, what follows a prompt is typed there: at the monitor, in a guest's shell, or at QEMU's
own prompt.  The lines below it are the answer.  A number stands for any other, eight hexadecimal digits for any such,
and `...` for any lines.  What a chapter says about its numbers is judged in CLAIMS.
"""
import os
import re
import time

import linux
from ringlet import LOG_LINE, PATIENCE, ROOT, check, plain, tail

PAGE = os.path.join(ROOT, "docs", "journey.md")
TYPED = re.compile(r"(ringlet>|\w+:~#|\(qemu\)) (.+)")
GUESTS = ["alpha", "beta"]


def chapters():
    """{name of a chapter: [(prompt, what to type, the answer's lines)]}"""
    found, steps, trying = {}, None, False
    with open(PAGE, encoding="utf-8") as page:
        for line in page.read().split("\n"):
            typed = TYPED.fullmatch(line)
            if line.startswith("## "):
                steps = found.setdefault("-".join(re.findall(r"[a-z]+", line.lower())), [])
            elif line.startswith("```"):
                trying = line == "```try"
            elif trying and typed:
                steps.append((*typed.groups(), []))
            elif trying:
                steps[-1][2].append(line)
    return {name: steps for name, steps in found.items() if steps}


def pattern(lines):
    """A regular expression for what these lines stand for."""
    def word(w):
        any_number = re.sub(r"\d+", r"\\d+", re.escape(w))
        return rf"(?:[0-9a-f]{{8}}|{any_number})" if re.fullmatch("[0-9a-f]{8}", w) else any_number

    whole = r"\n".join(r"[ \t]*" + r"[ \t]+".join(map(word, l.split())) + r"[ \t]*" if l != "..." else r".*" for l in lines)
    return re.compile("^" + whole.replace(r".*\n", r"(?:.*\n)?").replace(r"\n.*", r"(?:\n.*)?") + "$", re.M | re.S)


def without_log(text):
    return "\n".join(l for l in plain(text).split("\n") if not LOG_LINE.match(l))


def ends_guest(lines):
    """Is it about the guest's end?  Then its shell says nothing more."""
    return any(re.match(r"\[\w+( crashed)?: ", l) for l in lines)


def look(r, prompt, line, lines):
    """Types it; returns the answer."""
    if prompt == "ringlet>":
        return without_log(r.command(line))
    if prompt == "(qemu)":
        time.sleep(0.3)     # nobody types faster, and Ringlet has done with what was typed before
        return plain(r.hmp(line))
    guest = GUESTS.index(prompt.split(":")[0]) + 1
    if not ends_guest(lines):
        return r.shell(guest, line)[1]
    r.console(guest)
    r.send(line + "\n")
    return plain(r.expect(r"(.*^\[\w+(?: crashed)?: [^\n]*\])", 60, f"the end of guest {guest}").group(1))


def step(r, prompt, line, lines):
    """Types a line until the answer is the page's; what only looks may be asked again until things have settled."""
    log = [l for l in lines if LOG_LINE.match(l)] if prompt == "ringlet>" else []
    want = pattern([l for l in lines if l not in log])
    since = len(r.text)
    limit = time.monotonic() + 60 * PATIENCE
    while True:
        said = look(r, prompt, line, lines)
        if want.search(said):
            break
        settled = prompt != "ringlet>" or line.split()[0] not in ("list", "net")
        check(not settled and time.monotonic() < limit, f"{prompt} {line} says\n{tail(said, 80)}\nand not\n{tail(chr(10).join(lines), 80)}")
        time.sleep(0.5)
    for l in log:
        words = pattern([l.split("] ", 1)[1]]).pattern.strip("^$")
        while not re.search(words, plain(r.text[since:])):
            check(time.monotonic() < limit, f"{prompt} {line}: the log does not say {l!r}")
            r.drain(0.5)
    return said


# ---- what the chapters say about the numbers ----

def number(said, name):
    """The first one after this name at the beginning of a line."""
    m = re.search(rf"^ *{name} +(\d+)\b", said, re.M)
    check(m, f"there is no {name} in\n{said}")
    return int(m[1])


def grown(said, name):
    first, second = (number(s, name) for s in said["stats alpha"])
    return second - first


def guest_claims(said):
    (info,) = said["info alpha"]
    check(re.search(r" cs 0061 ", info) and re.search(r" eax 000000(0a|19) ", info), "alpha does not sleep in ring 1, in HC_HALT or HC_SLEEP:\n" + info)
    check(0 < grown(said, "world-switches") < 20000, f"200,000 system calls took {grown(said, 'world-switches')} exits")


def driver_claims(said):
    (disks,), (stats,) = said["disk"], said["stats alpha"]
    check(re.search(r"^alpha.* 400 KiB$", disks, re.M), disks)
    check(number(stats, "disk-requests") < 20 and number(stats, "disk-bytes-written") == 409600, stats)


def launcher_claims(said):
    free = [int(re.search(r"(\d+) KiB free", s)[1]) for s in said["mem"]]
    check([b - a for a, b in zip(free, free[1:])] == [50996, -50996], f"free memory: {free}")


def host_claims(said):
    for name in ("traps-without-exit", "pf-fill"):
        check(1024 <= grown(said, name) < 2000, f"{name} has grown by {grown(said, name)}")
    first, second = ([float(m) for m in re.findall(r"\d+ KiB +\d+ +([\d.]+) s", s)] for s in said["list"])
    a, b = (y - x for x, y in zip(first, second))
    check(0.4 < a / (a + b) < 0.6, f"alpha ran {a:.1f} s, beta {b:.1f} s")


def switcher_claims(said):
    first, second = said["stats alpha"]
    exits = re.search(r"^exits.*?\n(.*?)^hypercalls", first, re.M | re.S)[1]
    check(sum(int(n) for n in re.findall(r"^ *\S+ +(\d+)", exits, re.M)) == number(first, "world-switches"), first)
    check(" nmi " not in first and 1 <= number(second, "nmi") <= 3, second)


def mastery_claims(said):
    (info,) = said["info alpha"]
    check(re.search(r" eax 00000002 .* ecx 00000003 ", info), "alpha's last call is no SHUTDOWN_CRASH:\n" + info)


CLAIMS = {"the-guest": guest_claims, "the-drivers": driver_claims, "the-launcher-s-work": launcher_claims,
          "the-host": host_claims, "the-switcher": switcher_claims, "mastery": mastery_claims}


def chapter(name, steps):
    def test(r):
        said = {}
        for i, guest in enumerate(GUESTS, 1):
            linux.wait_shell(r, i, guest)
        for prompt, line, lines in steps:
            said.setdefault(line, []).append(step(r, prompt, line, lines))
        if name in CLAIMS:
            CLAIMS[name](said)
    return "journey-" + name, test


def every_chapter(_):
    """Each of the seven has something to try."""
    names = list(chapters())
    check(len(names) == 7 and set(CLAIMS) < set(names), f"the page gives something to try in {', '.join(names)}")


def groups():
    keys = {"disk": "ram:16M", "net": "lan0"}    # as make run has it
    sections = [(guest, linux.section(**keys)) for guest in GUESTS]
    return [linux.Guests("linux-journey", sections, [chapter(*c) for c in chapters().items()] + [("journey-whole", every_chapter)],
                         memory=256)]
