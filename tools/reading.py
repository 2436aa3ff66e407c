#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does docs/reading.md name every source file once, and each after what it includes?

Prints what is wrong, and fails if something is.  Files of one line of the page may include each other.
"""
import os
import re
import subprocess
import sys

PAGE = "docs/reading.md"
FOLDERS = ["arch", "boot", "drivers", "hv", "switcher"]


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    files = set(subprocess.check_output(["git", "ls-files", *FOLDERS], text=True).split())
    line_of, faults = {}, []
    with open(PAGE, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if not line.startswith("- `"):
                continue
            for path in re.findall(r"`([\w./-]+)`", line):
                if path.split("/")[0] not in FOLDERS:
                    continue
                if path in line_of:
                    faults.append(f"{PAGE}:{number}: {path} is here a second time")
                if path not in files:
                    faults.append(f"{PAGE}:{number}: there is no {path}")
                line_of[path] = number
    for path in sorted(files):
        if path not in line_of:
            faults.append(f"{PAGE} does not name {path}")
            continue
        with open(path, encoding="utf-8") as f:
            includes = re.findall(r'^#\s*include "([^"]+)"', f.read(), re.M)
        faults += [f"{PAGE}: {path} comes before {target}, which it includes" for target in includes
                   if target in line_of and line_of[target] > line_of[path]]
    print("\n".join(faults), end="\n" if faults else "")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
