/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From GRUB to the first line of C.  Multiboot hands over in 32-bit protected mode with flat
 * segments, paging and interrupts off, its magic in %eax and the address of its information in
 * %ebx.  All that is left to do is to set up a stack.  GRUB has zeroed .bss.  Its segment registers
 * stay good until percpu_init() loads our own GDT, because nothing reloads them before that.
 */
#define HEADER_MAGIC	0x1BADB002
#define HEADER_FLAGS	0x3		/* modules on page boundaries; tell us the memory map */
#define STACK_SIZE	(32 * 1024)

	.section .multiboot, "a"
	.balign	4
	.long	HEADER_MAGIC
	.long	HEADER_FLAGS
	.long	-(HEADER_MAGIC + HEADER_FLAGS)

	.text
	.globl	start
start:
	cli
	cld
	movl	$stack_top, %esp
	pushl	$0			/* known flags: no NT, no AC, no IOPL */
	popfl
	xorl	%ebp, %ebp		/* a backtrace ends here */
	pushl	%ebx			/* boot_main(magic, mbi) */
	pushl	%eax
	call	boot_main
1:	cli				/* boot_main() does not return */
	hlt
	jmp	1b

/* The page under the stack stays unmapped, so that an overflow is a double fault at once instead of
 * silent corruption. */
	.section .bss.stack, "aw", @nobits
	.balign	4096
	.globl	stack_guard
stack_guard:
	.skip	4096
	.skip	STACK_SIZE
	.globl	stack_top
stack_top:

	.section .note.GNU-stack, "", @progbits
