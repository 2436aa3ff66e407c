/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How guests end: marked once, the first reason counts, whatever comes after; and the frames that are promised to those which
 * are being built or come again, counted one by one.
 */
#include "hv/mem/mem.h"
#include "tests/unit/test.h"

static u32 shadow_pages;
u32 shadow_pages_for(u32 mem_pages) { (void)mem_pages; return shadow_pages; }

static const char *const state_of[] = { "off", "building", "running", "paused", "ended", "dying", "shut off", "crashed" };

static struct guest one[MAX_GUESTS];
static struct vcpu vcpus[MAX_GUESTS];
static struct regs_page pages[MAX_GUESTS];

static void any_guest(u32 i)
{
	struct guest *g = &one[i];

	memset(g, 0, sizeof(*g));
	guests[i] = g;
	g->state = (enum guest_state)rnd(GUEST_CRASHED + 1);
	g->restart = rnd(2);
	g->mem_pages = 1 + rnd(20000);
	g->work_at = rnd(g->mem_pages + 1);
	g->vcpu = rnd(2) || guest_has_life(g) ? &vcpus[i] : NULL;
	vcpus[i].page = &pages[i];
	vcpus[i].regs = &pages[i].regs;
	pages[i].regs.eip = rnd(1u << 31);
	pages[i].cr2 = rnd(1u << 31);
	vcpus[i].cr3 = rnd(1u << 31);
	strcpy(g->reason, "an older reason");
}

static void ended(const struct guest *was, const struct guest *g, enum guest_state next, const char *reason, bool restart)
{
	bool alive = was->state == GUEST_RUNNING || was->state == GUEST_PAUSED;

	if (!alive) {
		CHECK(!memcmp(was, g, sizeof(*g)), "it was %s: nothing more can happen to it", state_of[was->state]);
		return;
	}
	CHECK(g->state == GUEST_ENDED && !guest_alive(g) && !guest_has_life(g), "still %s", state_of[g->state]);
	CHECK_EQ(g->next_state, next);
	CHECK_STR(g->reason, reason);
	CHECK_EQ(g->restart, restart);
	CHECK_EQ(g->work_at, 0);
	CHECK(g->have_last_regs && g->last_regs.eip == g->vcpu->regs->eip && g->last_cr2 == g->vcpu->page->cr2 &&
	      g->last_cr3 == g->vcpu->cr3, "its last registers");
}

static void one_end(void)
{
	static const struct { u32 how; enum guest_state next; const char *bare, *worded; } ways[] = {
		{ SHUTDOWN_POWEROFF, GUEST_SHUTOFF, "powered off", "powered off: bye" },
		{ SHUTDOWN_RESTART, GUEST_SHUTOFF, "restarting", "restarting: bye" },
		{ SHUTDOWN_CRASH, GUEST_CRASHED, "kernel panic", "kernel panic: bye" },
		{ SHUTDOWN_HALT, GUEST_SHUTOFF, "halted", "halted: bye" },
	};
	u32 n = rnd(4), words = rnd(2);
	struct guest was;

	any_guest(0);
	was = one[0];
	guest_stopped(&one[0], ways[n].how, words ? "bye" : "");
	ended(&was, &one[0], ways[n].next, words ? ways[n].worded : ways[n].bare, ways[n].how == SHUTDOWN_RESTART);
	was = one[0];
	guest_kill(&one[0], "too late");	/* the first reason counts */
	CHECK(!memcmp(&was, &one[0], sizeof(was)), "killed though it was over");

	any_guest(0);
	was = one[0];
	guest_kill(&one[0], "it did %u %s", 7, "things");
	ended(&was, &one[0], GUEST_CRASHED, "it did 7 things", false);
}

static void a_long_reason(void)
{
	char words[400];

	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = 0;
	any_guest(0);
	one[0].state = GUEST_RUNNING;
	one[0].vcpu = &vcpus[0];
	guest_kill(&one[0], "%s", words);
	CHECK_EQ(strlen(one[0].reason), sizeof(one[0].reason) - 1);
}

/* Frame by frame: what each guest still lacks, of its memory, its map, its shadows and its registers. */
static u32 lacking(const struct guest *g)
{
	u32 map = 0, page, all, had;

	for (page = 0; page < g->mem_pages; page += 1024)
		map++;
	all = g->mem_pages + map + shadow_pages + 1;
	CHECK_EQ(guest_frames(g->mem_pages), all);
	switch (g->state) {
	case GUEST_BUILDING:
		had = g->work_at;			/* so many are given out */
		break;
	case GUEST_ENDED:
	case GUEST_DYING:
		if (!g->restart)
			return 0;
		had = g->mem_pages - g->work_at;	/* so many are not given back yet */
		break;
	default:
		return 0;
	}
	return all - had;
}

static void promises(void)
{
	u32 i, n = 0;

	shadow_pages = rnd(1000);
	guest_count = rnd(MAX_GUESTS + 1);
	for (i = 0; i < guest_count; i++) {
		any_guest(i);
		n += lacking(&one[i]);
	}
	CHECK_EQ(guests_promised(), n);
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	CASE("ends");
	for (i = 0; i < 5000; i++)
		one_end();
	a_long_reason();
	CASE("promises");
	for (i = 0; i < 5000; i++)
		promises();
	return passed();
}
