/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Switcher: the one page of code that is mapped at the same address in the hypervisor's address
 * space and in every guest's.  On the way in it switches stack, CR3 and registers and does an iret;
 * on the way out it switches registers, CR3 and stack.  GDT, IDT and TSS stay as they are.
 *
 *	u32 switch_to_guest(u32 pages, u32 cr3);	(%eax, %edx -> %eax)
 *
 * The ring-0 stack is the register page, mapped at the same address on both sides, so %esp is valid
 * at every instruction here, and an NMI may come anywhere.
 *
 * Frame at the end of the register page, high to low:
 *
 *	ss esp eflags cs eip	pushed by the processor on the way out of ring 1 or 3
 *	error			pushed by it for some vectors, otherwise by the stub
 *	trap			pushed by the stub
 *	(4 words of slack)	see below
 *	es ds fs gs ebp edi esi edx ecx ebx eax		pushed by exit_common
 *
 * Some processors (QEMU's) let an iret in ring 1 or 3 set EFLAGS.VM.  A trap from virtual-8086 mode
 * pushes gs, fs, ds and es before ss, so the frame is four words lower; and cs is not a selector.
 * So VM is checked before cs.
 *
 * If the final iret faults, six words are pushed below the five that iret was about to pop: eflags,
 * cs, eip and an error code by the processor, the trap number by the stub, and %eax by in_switcher.
 * They land in error, trap and the slack, so the guest's registers are still there to be shown when
 * it is killed.
 */
#include "switcher/layout.h"
#include "arch/x86/regs.h"
#include "asm-offsets.h"

	.section .switcher, "ax"

/* %eax: this CPU's lguest_pages, %edx: the guest's cr3. */
	.globl	switch_to_guest
switch_to_guest:
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ebp
	movl	%esp, LP_HOST + HOST_ESP(%eax)
	leal	LP_REGS + REGS_OFFSET(%eax), %esp
	movl	%edx, %cr3

	/* The hypervisor never uses %fs and %gs, so they still hold what this guest left in them;
	 * vcpu_load() zeroes them when another guest ran before.  Not reloading them is also what
	 * hardware does when the guest has changed a descriptor in use: the old one stays. */
	movl	%gs, %ecx
	cmpw	R_GS(%esp), %cx
	je	1f
load_gs:
	movw	R_GS(%esp), %gs
1:	movl	%fs, %ecx
	cmpw	R_FS(%esp), %cx
	je	1f
load_fs:
	movw	R_FS(%esp), %fs
1:
load_ds:
	movw	R_DS(%esp), %ds
load_es:
	movw	R_ES(%esp), %es
	movl	R_EBP(%esp), %ebp
	movl	R_EDI(%esp), %edi
	movl	R_ESI(%esp), %esi
	movl	R_EDX(%esp), %edx
	movl	R_ECX(%esp), %ecx
	movl	R_EBX(%esp), %ebx
	movl	R_EAX(%esp), %eax
	leal	R_EIP(%esp), %esp
enter_guest:
	iret

/* Every vector comes here: trap number and error code are on the stack. */
exit_common:
	testl	$EFLAGS_VM, 16(%esp)		/* eflags: is cs a selector at all? */
	jnz	from_v86
	testb	$3, 12(%esp)			/* cs: who was interrupted? */
	jz	from_ring0
from_guest:
	subl	$R_SLACK_SIZE, %esp
	pushl	%es
	pushl	%ds
	pushl	%fs
	pushl	%gs
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
	pushl	%eax
	movl	R_TRAP(%esp), %eax

/* %eax: the result; %esp: in the register page.  The address of our page directory is a constant
 * here.  It is no secret, and so nothing else of ours is needed before CR3 changes. */
to_host:
	movl	$HV_DS, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	movl	$hv_pgd, %ecx
	movl	%ecx, %cr3
	movl	%esp, %ebx
	andl	$~0xFFF, %ebx
	movl	LP_HOST + HOST_ESP(%ebx), %esp
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	cld					/* C wants DF clear; the guest may have set it */
	ret

/* We left the guest, but the frame at the end of the page is four words off: tell C. */
from_v86:
	orl	$EXIT_V86, (%esp)		/* trap */
	jmp	from_guest

/* The hypervisor itself was interrupted, in the Switcher or in C. */
from_ring0:
	cmpl	$SWITCHER_BASE, 8(%esp)		/* eip */
	jae	in_switcher
host_common:
	pushal
	pushl	%ds
	pushl	%es
	movl	$HV_DS, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	cld
	movl	%esp, %eax
	call	host_trap
	popl	%es
	popl	%ds
	popal
	addl	$8, %esp
	iret

/*
 * In the Switcher.  On the host's stack, CR3 is the host's, too: nothing special.  On the register
 * page, %ds may be the guest's and CR3 either side's; only %ss can be trusted.
 */
in_switcher:
	cmpl	$SWITCHER_BASE, %esp
	jb	host_common
	pushl	%eax
	movl	4(%esp), %eax			/* trap */
	cmpl	$VEC_NMI, %eax
	je	skip
	cmpl	$VEC_DB, %eax			/* a single step delayed by mov %ss; nothing to do */
	je	skip
	movl	12(%esp), %eax			/* eip: did a guest's segment register fault? */
	cmpl	$load_gs, %eax
	je	null_gs
	cmpl	$load_fs, %eax
	je	null_fs
	cmpl	$load_ds, %eax
	je	null_ds
	cmpl	$load_es, %eax
	je	null_es
	cmpl	$enter_guest, %eax
	je	entry_failed
	movl	$hv_pgd, %eax			/* our own bug: C will panic */
	movl	%eax, %cr3
	popl	%eax
	jmp	host_common

skip:
	movl	%esp, %eax
	andl	$~0xFFF, %eax
	incl	%ss:REGS_NMIS(%eax)
	popl	%eax
	addl	$8, %esp
	iret

/* The selector names no usable descriptor any more, because the guest changed its GDT.  Hardware
 * would have kept the cached one.  The nearest we can do is the null selector: it faults in the
 * guest, and only if it is used.  The register frame is above our 6 words. */
#define FRAME 24
null_gs:
	movl	$0, FRAME + R_GS(%esp)
	jmp	nulled
null_fs:
	movl	$0, FRAME + R_FS(%esp)
	jmp	nulled
null_ds:
	movl	$0, FRAME + R_DS(%esp)
	jmp	nulled
null_es:
	movl	$0, FRAME + R_ES(%esp)
nulled:
	movl	%esp, %eax
	andl	$~0xFFF, %eax
	incl	%ss:REGS_NULLED(%eax)
	popl	%eax
	addl	$8, %esp
	iret

/* The processor refused the guest's cs, ss or eip: tell C, which kills the guest. */
entry_failed:
	movl	4(%esp), %eax
	orl	$SWITCH_FAILED, %eax
	jmp	to_host

/* The stubs, one per vector.  They differ only in the vector and in whether an error code was
 * pushed. */
	.altmacro
.macro STUB vector
	.pushsection .rodata.stubs, "a"
	.long	stub_\vector
	.popsection
stub_\vector:
	.if !((VEC_HAS_ERROR >> \vector) & 1) || \vector > 31
	pushl	$0
	.endif
	pushl	$\vector
	jmp	exit_common
.endm

	.pushsection .rodata.stubs, "a"
	.balign	4
	.globl	switcher_stubs
switcher_stubs:
	.popsection
	.set	vec, 0
	.rept	48
	STUB	%vec
	.set	vec, vec + 1
	.endr
	.section .note.GNU-stack, "", @progbits
