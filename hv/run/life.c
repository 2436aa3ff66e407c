/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's life.  Starting and ending one is long work (its memory is given out, zeroed, taken
 * back), so guests_work() does both in pieces, with other guests running in between.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/time.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"
#include "hv/run/run.h"

#define BUILD_PIECE	128	/* frames zeroed and given out at a time */
#define HASTY_NS	1000000000ull	/* a guest that restarts before it has run for this long, ... */
#define HASTY_MOST	4u		/* ... this often in a row, ... */
#define HASTY_PAUSE_NS	2000000000ull	/* ... waits */
#define LOW_MEMORY	(870u << 20)	/* what Linux maps if it has 1 GiB of addresses for itself */
#define SILENT_NS	1000000000ull	/* by then a kernel made for us has made its first call */
#define NOT_BUILT	" (is its kernel built for Ringlet? manual: Your own kernel)"
#define FREE_PIECE	2048	/* frames taken back at a time */

_Static_assert(CONFIG_NAME_MAX == GUEST_NAME && CONFIG_MAX_DISKS == GUEST_DISKS && CONFIG_MAX_NETS == GUEST_NETS,
	       "a guest has what ringlet.conf may name");

static bool guest_is_off(const struct guest *g)
{
	return g->state == GUEST_OFF || g->state == GUEST_SHUTOFF || g->state == GUEST_CRASHED;
}

struct guest *guest_add(struct guest_config *config)
{
	struct guest *g = guest_count < MAX_GUESTS ? calloc(1, sizeof(*g)) : NULL;

	if (!g)
		return NULL;
	g->cfg = g->config = config;
	snprintf(g->name, sizeof(g->name), "%s", config->name);
	g->id = guest_count + 1;
	g->console = console_create(g);
	if (!g->console || !disks_add(g)) {
		if (g->console)
			console_destroy(g->console);
		free(g);
		return NULL;
	}
	guests[guest_count++] = g;
	if (!lan_add(g))		/* what there is of its cards stays at the switch, and so does it */
		snprintf(config->error, sizeof(config->error), "there is no memory for its networks");
	return g;
}

struct guest *guest_new(const struct guest_config *cfg, char *msg, u32 len)
{
	struct guest_config *mine;
	struct guest *g;

	if (guest_find(cfg->name)) {
		snprintf(msg, len, "%s is there already; `set %s` changes it", cfg->name, cfg->name);
		return NULL;
	}
	if (guest_count == MAX_GUESTS) {
		snprintf(msg, len, "there are %u guests already, and no more are possible", guest_count);
		return NULL;
	}
	mine = malloc(sizeof(*mine));
	if (mine)
		*mine = *cfg;
	g = mine ? guest_add(mine) : NULL;
	if (!g) {
		free(mine);
		snprintf(msg, len, "no memory for another guest");
	}
	return g;
}

bool guest_configure(struct guest *g, const struct guest_config *cfg, char *msg, u32 len)
{
	if (!guest_is_off(g)) {
		snprintf(msg, len, "%s is %s; shutdown or destroy it first", g->name, guest_state_name(g));
		return false;
	}
	*g->config = *cfg;
	return true;
}

struct guest *guest_find(const char *name_or_id)
{
	u32 i;

	for (i = 0; i < guest_count; i++) {
		char id[12];

		snprintf(id, sizeof(id), "%u", guests[i]->id);
		if (!strcmp(guests[i]->name, name_or_id) || !strcmp(id, name_or_id))
			return guests[i];
	}
	return NULL;
}

const char *guest_state_name(const struct guest *g)
{
	static const char *const names[] = {
		[GUEST_OFF] = "off", [GUEST_BUILDING] = "starting", [GUEST_RUNNING] = "running",
		[GUEST_PAUSED] = "paused", [GUEST_ENDED] = "stopping", [GUEST_DYING] = "stopping",
		[GUEST_SHUTOFF] = "off", [GUEST_CRASHED] = "crashed",
	};

	return g->state == GUEST_RUNNING && g->vcpu->halted ? "idle" : names[g->state];
}

const char *guest_is(const struct guest *g)
{
	static char text[24];

	if (g->state == GUEST_CRASHED)
		return "has crashed";
	snprintf(text, sizeof(text), "is %s", guest_state_name(g));
	return text;
}

/* ---- starting ---- */

bool guest_start(struct guest *g, char *msg, u32 len)
{
	u32 pages = g->cfg->memory / PAGE_SIZE, need = guest_frames(pages);
	u32 promised = guests_promised(), left = frames_free();

	left -= MIN(left, promised);
	if (g->state == GUEST_RUNNING || g->state == GUEST_PAUSED) {
		snprintf(msg, len, "it is running already");
		return false;
	}
	if (g->state == GUEST_BUILDING || g->state == GUEST_ENDED || g->state == GUEST_DYING) {
		snprintf(msg, len, "it is just %s; try again in a moment", guest_state_name(g));
		return false;
	}
	if (g->cfg->error[0]) {
		snprintf(msg, len, "%s", g->cfg->error);
		return false;
	}
	if (!load_check(g->cfg, msg, len) || !disks_check(g, msg, len))
		return false;
	if (need > left) {
		snprintf(msg, len, "too little memory: it needs %u KiB (%u KiB and its tables), %u KiB are free",
			 need * 4, pages * 4, left * 4);
		return false;
	}
	g->mem_pages = pages;
	g->work_at = 0;
	g->load_at = 0;
	g->reason[0] = 0;
	g->have_last_regs = false;
	memset(&g->stats, 0, sizeof(g->stats));
	g->absent_ports.count = g->absent_msrs.count = 0;
	g->heard = false;
	console_forget_typed(g);
	g->state = GUEST_BUILDING;
	return true;
}

/* Back to what it is configured to be. */
static void end_of_words(struct guest *g)
{
	if (g->cfg != g->config)
		free((void *)(uintptr_t)g->cfg);
	g->cfg = g->config;
}

bool guest_start_as(struct guest *g, const struct guest_config *cfg, char *msg, u32 len)
{
	struct guest_config *mine;

	if (!guest_is_off(g))
		return guest_start(g, msg, len);	/* which says why not */
	mine = malloc(sizeof(*mine));
	if (!mine) {
		snprintf(msg, len, "no memory for other values");
		return false;
	}
	*mine = *cfg;
	g->cfg = mine;
	if (guest_start(g, msg, len))
		return true;
	end_of_words(g);
	return false;
}

static bool give_memory(struct guest *g)
{
	u32 end = MIN(g->work_at + BUILD_PIECE, g->mem_pages);

	for (; g->work_at < end; g->work_at++) {
		hfn_t h = frame_alloc_zeroed();

		if (hfn_x(h) == hfn_x(HFN_NONE))
			return false;
		if (!p2m_set(g, gfn(g->work_at), h)) {
			frame_free(h);
			return false;
		}
	}
	return true;
}

static void fail_start(struct guest *g, const char *why)
{
	snprintf(g->reason, sizeof(g->reason), "cannot start: %s", why);
	g->restart = false;
	guest_end(g, GUEST_OFF);
}

static void finish_start(struct guest *g)
{
	char msg[160] = "", devices[DEVICES_CMDLINE] = "";
	u32 entry = 0;

	snprintf(msg, sizeof(msg), "no memory for its tables");
	if (!vcpu_create(g) || !shadow_init(g) || !vdevs_create(g, msg, sizeof(msg))) {
		fail_start(g, msg);
		return;
	}
	vdev_cmdline(g, devices, sizeof(devices));
	if (!load_guest(g, devices, &entry, msg, sizeof(msg))) {
		fail_start(g, msg);
		return;
	}
	g->vcpu->regs->eip = entry;
	g->state = GUEST_RUNNING;
	g->started_ns = time_ns();
	g->starts++;
	if (g->hasty < HASTY_MOST)
		hv_log("%s: started, %u KiB", g->name, g->mem_pages * 4);
	if (g->hasty < HASTY_MOST && g->cfg->memory > LOW_MEMORY)
		hv_log("%s: a kernel without high memory, like those that come with Ringlet, uses only some 870 of its %u MiB",
		       g->name, g->cfg->memory >> 20);
	sched_admit(g->vcpu);
	sched_wake(g->vcpu);
}

static void build_piece(struct guest *g)
{
	u32 loaded = g->load_at;
	char msg[160];

	if (disks_resetting(g) || !wall_known())
		return;
	if (g->work_at < g->mem_pages) {
		if (!give_memory(g))
			fail_start(g, "out of memory while starting");
	} else if (!load_piece(g, &g->load_at, msg, sizeof(msg))) {
		fail_start(g, msg);
	} else if (g->load_at == loaded) {
		finish_start(g);
	}
}

/* ---- ending ---- */

/* A guest that restarts as soon as it runs would fill the log and take the machine for its
 * starts. */
static void back_off(struct guest *g)
{
	u64 now = time_ns();

	g->hasty = g->restart && now - g->started_ns < HASTY_NS ? g->hasty + 1 : 0;
	g->restart_ns = g->hasty < HASTY_MOST ? 0 : now + HASTY_PAUSE_NS;
	if (g->hasty == HASTY_MOST)
		hv_log("%s: restarts as soon as it runs; from now on it waits 2 s each time, and this is not reported again", g->name);
}

/* Has it made a call, or touched a device? */
static bool has_spoken(const struct guest *g)
{
	return g->stats.exit_count[EXIT_HYPERCALL] || g->stats.exit_count[EXIT_MMIO];
}

static void (*crash_tell)(const struct guest *g, const char *line);

void guests_on_crash(void (*tell)(const struct guest *g, const char *line))
{
	crash_tell = tell;
}

/* One line, in the log, on its own console, and if it crashed wherever people look. */
static void tell_end(struct guest *g)
{
	bool crashed = g->next_state == GUEST_CRASHED;
	char line[320], words[330];

	if (crashed)
		snprintf(line, sizeof(line), "%s crashed: %s; `info %s` says more, `start %s` starts it again%s",
			 g->name, g->reason, g->name, g->name, has_spoken(g) ? "" : NOT_BUILT);
	else
		snprintf(line, sizeof(line), "%s: %s", g->name, g->reason);
	if (g->hasty < HASTY_MOST)
		hv_log("%s", line);
	snprintf(words, sizeof(words), "\n[%s]\n", line);
	console_print(g, words, strlen(words));
	if (crashed && crash_tell)
		crash_tell(g, line);
}

/* What follows once a guest is marked; the reason is in g->reason. */
static void begin_dying(struct guest *g)
{
	back_off(g);
	tell_end(g);
	if (g->vcpu) {
		sched_remove(g->vcpu);
		g->vcpu->event_ns = 0;
	}
	g->state = GUEST_DYING;
}

bool guest_destroy(struct guest *g, const char *reason)
{
	g->restart = false;
	if (g->state != GUEST_BUILDING && !guest_has_life(g))
		return false;
	snprintf(g->reason, sizeof(g->reason), "%s", reason);
	guest_end(g, GUEST_SHUTOFF);
	return true;
}

/* All its memory is free, but promised to it. */
static bool is_pausing(const struct guest *g)
{
	return g->state == GUEST_DYING && g->work_at == g->mem_pages && g->restart && time_ns() < g->restart_ns;
}

static void take_memory(struct guest *g)
{
	u32 end = MIN(g->work_at + FREE_PIECE, g->mem_pages);

	for (; g->work_at < end; g->work_at++) {
		hfn_t h = p2m_clear(g, gfn(g->work_at));

		if (hfn_x(h) != hfn_x(HFN_NONE))
			frame_free(h);
	}
	if (g->work_at == g->mem_pages)
		p2m_free_map(g);
}

static void free_piece(struct guest *g)
{
	char msg[160];

	if (g->vcpu) {
		vdevs_destroy(g);
		if (g->shadow.pool)
			shadow_destroy(g);
		vcpu_destroy(g);
		return;
	}
	if (g->work_at < g->mem_pages) {
		take_memory(g);
		return;
	}
	if (is_pausing(g))
		return;
	g->state = g->next_state;
	if (g->restart && !guest_start(g, msg, sizeof(msg)))
		hv_log("%s cannot start: %s", g->name, msg);
	g->restart = false;
	if (guest_is_off(g))
		end_of_words(g);
}

/* A kernel that was not made for us may wait for ever for what is not there. */
static void watch_silent(struct guest *g)
{
	g->heard = has_spoken(g);
	if (g->heard || (g->vcpu->halted ? time_ns() - g->started_ns : g->stats.run_ns) < SILENT_NS)
		return;
	g->heard = true;
	hv_log("%s runs, but has not spoken to Ringlet%s", g->name, NOT_BUILT);
}

/* It is on its way into a life or out of one. */
static bool is_changing(const struct guest *g)
{
	return g->state == GUEST_BUILDING || g->state == GUEST_ENDED || (g->state == GUEST_DYING && !is_pausing(g));
}

bool guests_work(void)
{
	bool did = false, more = false;
	u32 i;

	for (i = 0; i < guest_count; i++) {
		struct guest *g = guests[i];

		if (!g->heard && g->state == GUEST_RUNNING)
			watch_silent(g);
		if (!is_changing(g))
			continue;
		did = true;
		if (g->state == GUEST_BUILDING)
			build_piece(g);
		if (g->state == GUEST_ENDED)
			begin_dying(g);
		else if (g->state == GUEST_DYING)
			free_piece(g);
		more |= is_changing(g);
	}
	if (did)
		sched_account(this_cpu());	/* charged to nobody: whoever runs next did not cause it */
	return more;
}

/* ---- pausing ---- */

bool guest_pause(struct guest *g, char *msg, u32 len)
{
	if (g->state != GUEST_RUNNING) {
		snprintf(msg, len, "%s %s; it cannot be paused", g->name, guest_is(g));
		return false;
	}
	sched_remove(g->vcpu);
	g->state = GUEST_PAUSED;
	return true;
}

bool guest_unpause(struct guest *g, char *msg, u32 len)
{
	if (g->state != GUEST_PAUSED) {
		snprintf(msg, len, "%s %s, not paused", g->name, guest_is(g));
		return false;
	}
	g->state = GUEST_RUNNING;
	sched_wake(g->vcpu);
	return true;
}
