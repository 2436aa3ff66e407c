/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a bare guest begins, and where its traps come in.
 *
 * Frame that the stubs build, high to low (struct frame in guest.h is the same, turned round):
 *
 *	ss esp			if it came out of ring 3
 *	eflags cs eip		pushed for us by Ringlet, as hardware would
 *	error			for some vectors by it, else by the stub
 *	vector			by the stub
 *	eax ecx edx ebx esp ebp esi edi ds es fs gs
 */
#define HAS_ERROR ((1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 17))
#define KERNEL_DS 0x69
#define USER_CS 0x73
#define USER_DS 0x7b

	.section .text.head, "ax"
	.globl	_start
_start:
	movl	%esp, start_regs + 0
	movl	$stack_top, %esp
	pushfl
	popl	start_regs + 4
	movl	%esi, start_regs + 8
	movl	%cs, %eax
	movl	%eax, start_regs + 12
	movl	%ds, %eax
	movl	%eax, start_regs + 16
	movl	%ss, %eax
	movl	%eax, start_regs + 20
	cld
	call	guest_start
1:	jmp	1b

	.text
	.globl	trap_common
trap_common:
	pushal
	pushl	%ds
	pushl	%es
	pushl	%fs
	pushl	%gs
	movl	$KERNEL_DS, %eax	/* whatever they were: a test may have spoilt them */
	movl	%eax, %ds
	movl	%eax, %es
	cld
	pushl	%esp
	call	trap_entry
	addl	$4, %esp
	popl	%gs
	popl	%fs
	popl	%es
	popl	%ds
	popal
	addl	$8, %esp
	.globl	trap_iret
trap_iret:
	iret

	.altmacro
.macro STUB vector
	.pushsection .data
	.long	stub_\vector
	.popsection
stub_\vector:
	.if \vector > 31
	pushl	$0
	.elseif !((HAS_ERROR >> \vector) & 1)
	pushl	$0
	.endif
	pushl	$\vector
	jmp	trap_common
.endm
	.pushsection .data
	.globl	stubs
stubs:
	.popsection
	.set	vec, 0
	.rept	256
	STUB	%vec
	.set	vec, vec + 1
	.endr

/* u32 exec_user(u32 (*fn)(u32), u32 arg): runs fn at ring 3; it comes back by int $0x40. */
	.globl	exec_user
exec_user:
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ebp
	movl	20(%esp), %eax
	movl	24(%esp), %ecx
	movl	%esp, user_back
	movl	$user_return, user_stack_top - 8
	movl	%ecx, user_stack_top - 4
	movl	$USER_DS, %edx
	pushl	%edx
	pushl	$user_stack_top - 8
	pushfl
	pushl	$USER_CS
	pushl	%eax
	movl	%edx, %ds
	movl	%edx, %es
	iret
user_return:
	int	$0x40
	ud2

/* void user_exit(u32 value): from a trap handler, makes exec_user return. */
	.globl	user_exit
user_exit:
	movl	4(%esp), %eax
	movl	user_back, %esp
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	ret

/* int guard(void (*fn)(void)): runs fn; 0, or 1 if a fault that nobody else expected ended it. */
	.globl	guard
guard:
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ebp
	movl	20(%esp), %eax
	movl	%esp, guard_esp
	call	*%eax
	movl	guard_esp, %esp		/* in case fn has gone astray and come back */
	xorl	%eax, %eax
	jmp	1f
	.globl	guard_out
guard_out:			/* from the trap handler; its stack is left behind */
	movl	guard_esp, %esp
	movl	$1, %eax
1:	movl	$0, guard_esp
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	ret

	.bss
	.balign	4096
	.globl	stack_bottom, stack_top, user_stack_top, trap_stack, trap_stack_top
stack_bottom:
	.skip	8192
stack_top:
	.skip	4096
user_stack_top:
trap_stack:
	.skip	8192
trap_stack_top:
	.globl	start_regs, guard_esp, user_back
start_regs:
	.skip	24
guard_esp:
	.skip	4
user_back:
	.skip	4
	.section .note.GNU-stack, "", @progbits
