/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the rest of the kernel needs to know to run as a Ringlet guest: the shared
 * page and the call.  All of the kernel is compiled anew when this changes, so it has of the
 * agreement, ringlet-abi.h, only the numbers that are named here and in the patches; the build
 * copies both from the hypervisor's own source.
 */
#ifndef _ASM_X86_RINGLET_H
#define _ASM_X86_RINGLET_H

#ifdef CONFIG_RINGLET_GUEST
#include <asm/ringlet-numbers.h>

#ifndef __ASSEMBLY__
extern struct ringlet_shared ringlet_shared;

/* A word of the shared page, by its RSH_ offset. */
#define ringlet_word(offset)	(*(unsigned int *)((char *)&ringlet_shared + (offset)))

/* The hypervisor keeps every register but %eax. */
static __always_inline unsigned long ringlet_call(unsigned long call, unsigned long a,
						  unsigned long b, unsigned long c)
{
	asm volatile("int %1"
		     : "+a" (call)
		     : "i" (RINGLET_TRAP), "b" (a), "c" (b), "d" (c)
		     : "memory");
	return call;
}

/* The next clock event is not told yet; tells it. */
extern bool ringlet_event_untold;
void ringlet_tell_event(void);
void ringlet_idle(void);	/* enables interrupts and waits for one */

void ringlet_init(void);
#endif

#else	/* the same source without the option is an ordinary kernel */
#define RINGLET_HOLE	0

#ifndef __ASSEMBLY__
static inline void ringlet_init(void) { }
#endif
#endif

#endif /* _ASM_X86_RINGLET_H */
