/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of all guests, and how one is marked as ended.  The code that finds a guest doing wrong
 * is usually deep inside work for that guest, so all it does is set the mark.  The main loop does
 * the rest.
 */
#include <stdarg.h>
#include <stdio.h>
#include "hv/mem/mem.h"

#define VCPU_FRAMES	1

struct guest *guests[MAX_GUESTS];
u32 guest_count;

void guest_end(struct guest *g, enum guest_state next)
{
	if (g->vcpu) {
		g->last_regs = *g->vcpu->regs;
		g->last_cr2 = g->vcpu->page->cr2;
		g->last_cr3 = g->vcpu->cr3;
		g->have_last_regs = true;
	}
	g->state = GUEST_ENDED;
	g->next_state = next;
	g->work_at = 0;
}

void guest_kill(struct guest *g, const char *fmt, ...)
{
	va_list ap;

	if (!guest_has_life(g))
		return;			/* only the first reason is kept */
	va_start(ap, fmt);
	vsnprintf(g->reason, sizeof(g->reason), fmt, ap);
	va_end(ap);
	g->restart = false;
	guest_end(g, GUEST_CRASHED);
}

void guest_stopped(struct guest *g, u32 how, const char *words)
{
	static const char *const what[] = {
		[SHUTDOWN_POWEROFF] = "powered off", [SHUTDOWN_RESTART] = "restarting",
		[SHUTDOWN_CRASH] = "kernel panic", [SHUTDOWN_HALT] = "halted",
	};

	if (!guest_has_life(g))
		return;
	snprintf(g->reason, sizeof(g->reason), "%s%s%s", what[how], words[0] ? ": " : "", words);
	g->restart = how == SHUTDOWN_RESTART;
	guest_end(g, how == SHUTDOWN_CRASH ? GUEST_CRASHED : GUEST_SHUTOFF);
}

/* ---- frames ---- */

u32 guest_frames(u32 mem_pages)
{
	return mem_pages + (mem_pages + 1023) / 1024 + shadow_pages_for(mem_pages) +
	       VCPU_FRAMES;
}

u32 guests_promised(void)
{
	u32 i, n = 0;

	for (i = 0; i < guest_count; i++) {
		const struct guest *g = guests[i];
		bool ending = g->state == GUEST_ENDED || g->state == GUEST_DYING;

		if (g->state == GUEST_BUILDING)
			n += guest_frames(g->mem_pages) - g->work_at;
		else if (ending && g->restart)
			n += guest_frames(g->mem_pages) - (g->mem_pages - g->work_at);
	}
	return n;
}
