#!/usr/bin/env python3
"""Finds instructions in a guest kernel and its modules that x86 does not report at ring 1.

usage: scan-kernel.py ALLOW VMLINUX [MODULE.ko]...

A privileged instruction faults at ring 1 and Ringlet carries it out.  The ones looked
for here do not fault: they quietly do nothing (popf, iret with the interrupt flag), or
quietly tell something that is not so (pushf, sgdt, cpuid).  cli and sti do fault, but a
guest that still has one has been adapted badly: its popf will not undo it.

Each that is found must be in ALLOW, one per line:

    INSTRUCTION FUNCTION    reason why it is harmless there

Anything else ends with status 1.
"""
import collections
import os
import re
import subprocess
import sys

# What objdump prints, without its size suffix -> what we call it.
SENSITIVE = {
    'cli', 'sti',                                   # the interrupt flag, by name
    'pushf', 'popf', 'iret',                        # and in silence
    'sysenter', 'sysexit',                          # entry and exit that know only rings 0 and 3
    'sgdt', 'sidt', 'sldt', 'str', 'smsw',          # show the hypervisor's own state
    'lar', 'lsl', 'verr', 'verw',                   # look into its descriptors
    'cpuid',                                        # the real processor's features
}
PREFIXES = {'rep', 'repz', 'repnz', 'lock', 'data16', 'addr16', 'notrack', 'bnd',
            'cs', 'ds', 'es', 'fs', 'gs', 'ss'}
SEGMENT_READ = re.compile(r'^%(cs|ss)\b')           # mov %cs,x and push %ss show the ring


def classify(text):
    words = text.split()
    while len(words) > 1 and words[0] in PREFIXES:
        words.pop(0)
    name, operands = words[0], ' '.join(words[1:])
    for candidate in (name, name[:-1] if name[-1] in 'lw' else name):
        if candidate in SENSITIVE:
            return candidate
        if candidate in ('mov', 'push'):
            segment = SEGMENT_READ.match(operands)
            if segment:
                return candidate + '-' + segment[1]
    return None


def scan(binaries):
    """Yields (instruction, function, address) for each sensitive instruction."""
    objdump = subprocess.Popen(['objdump', '-d', '--no-show-raw-insn', *binaries],
                               stdout=subprocess.PIPE, text=True)
    section = function = module = ''
    instructions = 0
    for line in objdump.stdout:
        if line.endswith('file format elf32-i386\n'):
            path = line.split(':')[0]
            module = f' of {os.path.basename(path)}' if path.endswith('.ko') else ''
        elif line.startswith('Disassembly of section '):
            section = function = line.split()[-1].rstrip(':')
        elif line.endswith('>:\n'):
            # gcc splits and clones functions: name.part.0, name.cold, name.isra.0
            function = re.sub(r'\.(part|cold|isra|constprop)\b.*', '', line.split('<')[1][:-3])
        elif ':\t' in line:
            instructions += 1
            address, text = line.split(':\t', 1)
            kind = classify(text)
            if kind:
                where = section if section == '.altinstr_replacement' else function
                yield kind, where, address.strip() + module
    if objdump.wait() or not instructions:
        sys.exit(f'scan-kernel: cannot disassemble {binaries[0]}, or one of its modules')


def read_allowed(path):
    allowed = {}
    for number, line in enumerate(open(path), 1):
        line = line.split('#')[0].strip()
        if line:
            words = line.split(None, 2)
            if len(words) < 3:
                sys.exit(f'scan-kernel: {path}:{number}: no reason given')
            allowed[words[0], words[1]] = words[2]
    return allowed


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.split('\n\n')[1])
    allowed = read_allowed(sys.argv[1])
    found = collections.defaultdict(list)
    for kind, function, address in scan(sys.argv[2:]):
        found[kind, function].append(address)

    bad = {where: at for where, at in found.items() if where not in allowed}
    for kind, function in sorted(bad):
        print(f'scan-kernel: {kind} in {function} at {", ".join(bad[kind, function])}')
    for kind, function in sorted(set(allowed) - set(found)):
        print(f'scan-kernel: note: no {kind} in {function} any more')
    if bad:
        sys.exit(f'scan-kernel: {len(bad)} places not allowed for by {sys.argv[1]}')
    print(f'scan-kernel: {sum(map(len, found.values()))} silent instructions in '
          f'{len(found)} places, all allowed')


if __name__ == '__main__':
    main()
