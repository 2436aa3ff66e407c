/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process without any privilege tries to enter virtual-8086 mode by iret, and from there to do what it must not:
 *
 *	v86 CS FLAGS CODE	CS: two bits, FLAGS: what EFLAGS has beside VM (in hexadecimal), CODE: bytes of its program
 *
 * A processor gives it a general protection fault for the selector, QEMU takes it there.  Its end is SIGSEGV
 * either way.  "came back" is said by nobody.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOW 0x10000

int main(int argc, char **argv)
{
	unsigned cs, flags, i;
	unsigned char *low;

	if (argc < 4)
		return 2;
	cs = LOW >> 4 | (atoi(argv[1]) & 3);
	flags = (unsigned)strtoul(argv[2], NULL, 16) | 0x20002;
	if (getuid() == 0 && (setgid(65534) || setuid(65534)))
		return 3;
	low = mmap((void *)LOW, 0x2000, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (low == MAP_FAILED)
		return 4;
	memset(low, 0xF4, 0x2000);
	for (i = 0; i < 4; i++) {
		unsigned n, b;
		const char *c = argv[3];

		for (n = 0; sscanf(c, "%2x", &b) == 1; c += 2, n++)
			low[16 * i + n] = (unsigned char)b;
	}
	printf("in\n");
	fflush(stdout);
	asm volatile("pushl $0; pushl $0; pushl $0; pushl $0; pushl %0; pushl $0x1800\n"
		     "pushl %1; pushl %2; pushl $0; iret" : : "r"(LOW >> 4), "r"(flags), "r"(cs) : "memory");
	printf("came back\n");
	return 0;
}
