#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Do the includes keep to the structure of the house?  Prints each that does not, and fails if there is one.

A folder may include its own headers, those of every folder named for it here, and hv/types.h.
"""
import os
import re
import subprocess
import sys

GROUND = ["hv/types.h", "hv/lib"]
BASE = ["hv/types.h", "arch/x86", "switcher"]
ROOMS = ["hv/lib", "hv/mem", "hv/cpu", "hv/load", "hv/dev", "hv/run", "hv/ui"]
# What lies beside the rooms, below all that hold a guest.
SHARED = ["hv/abi.h", "hv/stats.h", "hv/boot_info.h"]
MAY = {
    "arch/x86": GROUND,
    "switcher": ["hv/types.h", "arch/x86"],
    "boot": ["hv/types.h", "hv/boot_info.h"],
    "drivers/ps2": GROUND + ["arch/x86"],
    "drivers/serial": GROUND + ["arch/x86"],
    "drivers/vga": GROUND + ["arch/x86"],
    "drivers/net": GROUND,
    "drivers/virtio": GROUND + ["drivers/net"],
    "hv": BASE + SHARED + ["drivers", *ROOMS],
}
for i, room in enumerate(ROOMS):
    MAY[room] = BASE + ["drivers"] + (SHARED if i else []) + ROOMS[:i]


def allowed(folder, target):
    return any(target == a or target.startswith(a + "/") for a in [folder, *MAY[folder]])


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    bad = 0
    for path in subprocess.check_output(["git", "ls-files", "arch", "boot", "drivers", "hv", "switcher"], text=True).split():
        folder = os.path.dirname(path)
        with open(path, encoding="utf-8") as f:
            includes = re.findall(r'^#\s*include "([^"]+)"', f.read(), re.M)
        for target in includes:
            if target in ("asm-offsets.h",) or (folder in MAY and allowed(folder, target)):
                continue
            print(f"{path} includes {target}, which is not below it")
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
