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
 * Some traps need nobody else: see "the second speed" below.
 *
 * Frame at the end of the register page, high to low:
 *
 *	ss esp eflags cs eip	pushed by the processor on the way out of ring 1 or 3
 *	error			pushed by it for some vectors, otherwise by the stub
 *	trap			pushed by the stub
 *	(4 words of slack)	see below
 *	eax ecx edx ebx - ebp esi edi, es ds fs gs	pushed by exit_common
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
	addl	$R_EDI, %esp
	popal
	addl	$R_EIP - R_SLACK, %esp
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
	pushal
	pushl	%es
	pushl	%ds
	pushl	%fs
	pushl	%gs
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
	subl	$guest_words, %eax
	cmpl	$guest_words_end - guest_words, %eax
	jb	guest_word_failed
our_bug:
	movl	$hv_pgd, %eax			/* C will panic */
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

/*
 * The second speed: traps that belong to the guest, above all the page faults of its own tables, go
 * to its handler from here, without C and without a change of CR3.  hv/cpu/fast.c says in the state
 * page which, and what it has approved: handlers, their code and stack segments, where the guest has
 * its memory, its page directory and the shared page.  The rules:
 *
 *  - Anything in doubt goes the slow way, with all registers and CR2 as they were.  C can do it all.
 *  - What is read and written for the guest is below SWITCHER_BASE, and is reached through the
 *    guest's own shadow tables.  There ring 0 may do no more than ring 1, since CR0.WP is on.  So the
 *    guest could do the same itself, and if it lies about its tables it deceives only itself.
 *  - All of that stands between guest_words and guest_words_end.  A page fault there is a doubt.
 *  - The processor's frame, from which we return, changes only after the last of these words.
 *  - No loop, and no register but those saved first.
 */
#define F_CR2		0
#define F_REGS		20			/* ebp ebx edx ecx eax */
#define F_TRAP		(F_CR2 + 4 + F_REGS)
#define F_ERROR		(F_TRAP + 4)
#define F_EIP		(F_TRAP + 8)
#define F_CS		(F_TRAP + 12)
#define F_EFLAGS	(F_TRAP + 16)
#define F_ESP		(F_TRAP + 20)
#define F_SS		(F_TRAP + 24)
/* Of these only IF may be set. */
#define ODD_EFLAGS	(EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP | EFLAGS_IOPL | EFLAGS_NT | EFLAGS_TF | EFLAGS_IF)
#define FRAME_MAX	24			/* ss esp eflags cs eip error */

exit_fast:
	pushl	%eax
	pushl	%ecx
	pushl	%edx
	pushl	%ebx
	pushl	%ebp
	movl	%cr2, %eax
	pushl	%eax
	movl	F_EFLAGS(%esp), %ecx
	andl	$ODD_EFLAGS, %ecx
	cmpl	$EFLAGS_IF, %ecx
	jne	doubt
	testb	$1, F_CS(%esp)			/* ring 1 or 3; ring 0 is the Switcher itself, or C */
	jz	doubt
	movl	%esp, %ebp
	andl	$~0xFFF, %ebp			/* %ebp: this CPU's pages */
	movl	F_TRAP(%esp), %ecx
	cmpl	$0, FAST_HANDLER(%ebp, %ecx, 4)
	je	doubt
	cmpl	$VEC_PF, %ecx
	jne	reflect

	/* A page fault at %eax: what do the guest's tables say of it?  %ebx: the error code for it. */
	cmpl	$SWITCHER_BASE, %eax
	jae	doubt
	movl	FAST_PGD(%ebp), %ecx
	testl	%ecx, %ecx
	jz	doubt
	movl	F_ERROR(%esp), %ebx
	andl	$PFERR_W | PFERR_U, %ebx
	movl	%eax, %edx
	shrl	$22, %edx
guest_words:
	movl	%ss:(%ecx, %edx, 4), %edx	/* the directory entry */
	testb	$PTE_P, %dl
	jz	reflect
	testb	$PTE_PS, %dl
	jnz	doubt
	movl	%edx, %ecx
	andl	$PTE_FRAME, %ecx
	cmpl	FAST_BYTES(%ebp), %ecx
	jae	doubt
	addl	FAST_LINEAR(%ebp), %ecx
	shrl	$12, %eax
	andl	$1023, %eax
	movl	%ss:(%ecx, %eax, 4), %eax	/* the table entry */
	testb	$PTE_P, %al
	jz	reflect
	andl	%edx, %eax
	notl	%eax
	testl	%ebx, %eax			/* PTE_RW is where PFERR_W is, PTE_US where PFERR_U is */
	jz	doubt				/* it is allowed, so the shadow lacks it */
	orl	$PFERR_P, %ebx

	/* %ecx: the handler's stack, after a trap from ring 3 the one in the TSS. */
reflect:
	movl	F_CS(%esp), %edx
	andl	$3, %edx
	cmpl	$3, %edx
	jne	1f
	movl	FAST_ESP1(%ebp), %ecx
	jmp	2f
1:	movl	F_SS(%esp), %eax
	cmpw	FAST_SS(%ebp), %ax
	jne	doubt
	movl	F_ESP(%esp), %ecx
2:	leal	-FRAME_MAX(%ecx), %eax
	cmpl	$SWITCHER_BASE - FRAME_MAX, %eax
	ja	doubt
	cmpl	$3, %edx
	jne	3f
	movzwl	F_SS(%esp), %eax
	movl	%eax, %ss:-4(%ecx)
	movl	F_ESP(%esp), %eax
	movl	%eax, %ss:-8(%ecx)
	subl	$8, %ecx
3:	movl	F_EFLAGS(%esp), %eax
	movl	FAST_IRQ_ENABLED(%ebp), %edx
	testl	$EFLAGS_IF, %ss:(%edx)
	jnz	4f
	andl	$~EFLAGS_IF, %eax
4:	movl	%eax, %ss:-4(%ecx)
	movzwl	F_CS(%esp), %eax
	movl	%eax, %ss:-8(%ecx)
	movl	F_EIP(%esp), %eax
	movl	%eax, %ss:-12(%ecx)
	subl	$12, %ecx
	cmpl	$VEC_PF, F_TRAP(%esp)
	jne	5f
	subl	$4, %ecx
	movl	%ebx, %ss:(%ecx)
	movl	F_CR2(%esp), %eax
	movl	FAST_CR2(%ebp), %ebx
	movl	%eax, %ss:(%ebx)
	movl	%eax, REGS_CR2(%ebp)
5:	movl	$0, %ss:(%edx)			/* each approved gate is an interrupt gate */
guest_words_end:

	movl	%ecx, F_ESP(%esp)
	movl	F_TRAP(%esp), %ecx
	incl	REGS_FAST(%ebp, %ecx, 4)
	movl	FAST_HANDLER(%ebp, %ecx, 4), %eax
	movl	%eax, F_EIP(%esp)
	movl	FAST_CS(%ebp), %eax
	movl	%eax, F_CS(%esp)
	movl	FAST_SS(%ebp), %eax
	movl	%eax, F_SS(%esp)
	andl	$~EFLAGS_RF, F_EFLAGS(%esp)
	addl	$4, %esp
	popl	%ebp
	popl	%ebx
	popl	%edx
	popl	%ecx
	popl	%eax
	addl	$8, %esp
	iret

doubt:
	popl	%eax
	movl	%eax, %cr2
	popl	%ebp
	popl	%ebx
	popl	%edx
	popl	%ecx
	popl	%eax
	jmp	exit_common

/* From in_switcher, with our six words below the saved registers. */
guest_word_failed:
	cmpl	$VEC_PF, 4(%esp)		/* trap */
	jne	our_bug
	addl	$FRAME, %esp
	jmp	doubt

/* The stubs, one per vector.  They differ in the vector, in whether an error code was pushed, and
 * in whether C may be spared. */
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
	.if \vector < 32 && (FAST_TRAPS >> \vector) & 1
	jmp	exit_fast
	.else
	jmp	exit_common
	.endif
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
