#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is what docs/journey.md says of the source still there?  Prints what is gone, and fails if something is.

    `hv/mem/gmem.c`                     that file or folder exists
    `hv/run/run.c: run_once()`          and defines that function
    `hv/abi.h: struct ringlet_shared`   or has all of these words in it
    `run_once()`                        some file defines that function
    `irq_pending`, `HC_INIT`            some file has that word

A fenced block that begins with ```c FILE or ```asm FILE quotes FILE line by line; a line `...` leaves out some lines of
the same function.  And do the links of all pages lead to a file, and to a heading in it?
"""
import os
import re
import subprocess
import sys

PAGE = "docs/journey.md"
CODE = (".c", ".h", ".S", ".patch", ".py", ".sh")


def defines(text, name):
    """C with its return type in the first column, a label, Python; in a patch after the plus."""
    return re.search(rf"^\+?(?:{name}:|def {name}\(|[A-Za-z_](?:[^;\n]*[ *])?{name}\([^;\n]*$)", text, re.M)


def missing(text, words):
    """The words of a reference that a file does not have."""
    return [w for w in re.findall(r"\w+(?:\(\))?", words)
            if not (defines(text, w[:-2]) if w.endswith("()") else re.search(rf"\b{w}\b", text))]


def quoted(text, lines):
    """Do they stand in the text in this order, with nothing in between but at `...`?"""
    source = [l.removeprefix("+").strip() for l in text.split("\n")]
    ends = [l.startswith(("}", "+}")) for l in text.split("\n")]

    def at(i, want):
        """Does the rest of the quotation begin at line i?"""
        for k, line in enumerate(want):
            if line == "...":
                rest = want[k + 1:]
                while i < len(source):
                    if at(i, rest):
                        return True
                    if ends[i]:
                        return False
                    i += 1
                return False
            if i >= len(source) or source[i] != line:
                return False
            i += 1
        return True

    return any(at(i, lines) for i in range(len(source)))


def judge(span, files, texts):
    """What is wrong with something between backticks, or None."""
    path, colon, words = span.partition(": ")
    known = "/" in path and any(f.startswith(path.split("/")[0] + "/") for f in files)
    if re.fullmatch(r"[\w.+-]+(/[\w.+-]+)+", path) and known:
        if path not in files and not any(f.startswith(path + "/") for f in files):
            return f"there is no {path}"
        gone = missing(texts.get(path, ""), words) if colon else []
        return f"{path} has no {', '.join(gone)}" if gone else None
    if re.fullmatch(r"\w+\(\)|\w*_\w+|[A-Z][A-Z0-9]*_\w+", span) and all(missing(t, span) for t in texts.values()):
        return f"no file has {span}"
    return None


def anchors(text):
    """What a page's headings are called in links."""
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.M)}


def broken_links(page, text, read):
    """The links of a page that lead nowhere; read(path) is a file's text, or None."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        where = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        there = re.match(r"\w+:", target) or read(where) is not None and (not anchor or anchor in anchors(read(where)))
        if not there:
            yield f"{page}: the link {target} leads nowhere"


def contents(path):
    """A file's text, or None; a picture's says nothing."""
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    files = [f for f in subprocess.check_output(["git", "ls-files"], text=True).split("\n") if os.path.isfile(f)]
    texts = {f: contents(f) for f in files if f.endswith(CODE) and not f.startswith("tests/")}
    faults = [fault for f in files if f.endswith(".md") for fault in broken_links(f, contents(f), contents)]
    block = where = None
    with open(PAGE, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            fence = re.match(r"```(?:(?:c|asm) (\S+))?", line)
            if block is None and fence:
                block, where, begin = [], fence[1], number
            elif fence:
                if where and where not in texts:
                    faults.append(f"{PAGE}:{begin}: there is no {where}")
                elif where and not quoted(texts[where], block):
                    faults.append(f"{PAGE}:{begin}: {where} does not say this")
                block = None
            elif block is not None:
                block.append(line.strip())
            else:
                wrong = [judge(span, files, texts) for span in re.findall(r"`([^`]+)`", line)]
                faults += [f"{PAGE}:{number}: {w}" for w in wrong if w]
    print("\n".join(faults), end="\n" if faults else "")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
