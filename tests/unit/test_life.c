/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests' lives: started, failed at each allocation, ended in each state and in each way, restarted; and several of them at
 * random.  Each frame is counted: who is off has none, whatever happened.
 */
#define MACHINE_FRAMES	6000
#define MACHINE_GUESTS
#include "tests/unit/machine.h"
#include "arch/x86/time.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"
#include "hv/run/run.h"

#define N		3
#define TABLES		40u		/* frames of a guest's shadows, beside its roots' */
#define DEVICES		4u
#define MOST_GIVEN	200u		/* frames in one piece */
#define MOST_TAKEN	3000u
#define PIECES		3u		/* of loading */
#define ENTRY		0x1000054u
#define SECOND		1000000000ull

/* ---- what is above and beside it ---- */

static struct guest_config cfg[MAX_GUESTS + 1];
static struct guest *g[N];
static struct parts {		/* of a guest, as the rooms below have made them */
	hfn_t shadow[TABLES];
	u32 shadows, devices, admitted;
	bool queued;
} part[MAX_GUESTS];
static u64 now;
static u32 logged, forgotten, device_fails = ~0u, load_fails = ~0u;
static char last_log[400], said[400];
static bool clock_known = true, resetting, disks_bad, kernel_bad;

static struct parts *of(const struct guest *x) { return &part[x->id - 1]; }

u64 time_ns(void) { return now; }
bool wall_known(void) { return clock_known; }
u32 shadow_pages_for(u32 mem_pages) { (void)mem_pages; return TABLES; }
bool disks_add(struct guest *x) { (void)x; return true; }
bool lan_add(struct guest *x) { (void)x; return true; }
bool disks_resetting(const struct guest *x) { (void)x; return resetting; }
struct console *console_create(struct guest *x) { return (struct console *)x; }
void console_destroy(struct console *x) { (void)x; }
void console_forget_typed(struct guest *x) { (void)x; forgotten++; }

void console_print(struct guest *x, const char *text, u32 len)
{
	(void)x;
	snprintf(said, sizeof(said), "%.*s", (int)len, text);
}

void hv_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last_log, sizeof(last_log), fmt, ap);
	va_end(ap);
	logged++;
}

bool disks_check(const struct guest *x, char *msg, u32 len)
{
	(void)x;
	snprintf(msg, len, "a disk is away");
	return !disks_bad;
}

bool load_check(const struct guest_config *c, char *msg, u32 len)
{
	(void)c;
	snprintf(msg, len, "a kernel is none");
	return !kernel_bad;
}

bool load_piece(struct guest *x, u32 *at, char *msg, u32 len)
{
	static const u8 zeros[PAGE_SIZE];
	u32 i;

	for (i = 0; !*at && i < x->mem_pages; i++)
		CHECK(!memcmp(frame_ptr(p2m_lookup(x, gfn(i))), zeros, PAGE_SIZE), "page %u is not fresh", i);
	snprintf(msg, len, "piece %u is bad", *at);
	if (*at == load_fails && *at < PIECES)
		return false;
	*at = MIN(*at + 1, PIECES);
	return true;
}

bool load_guest(struct guest *x, const char *devices, u32 *entry, char *msg, u32 len)
{
	CHECK_EQ(x->load_at, PIECES);
	CHECK_STR(devices, "DEVICES");
	*entry = ENTRY;
	snprintf(msg, len, "no room for the rest");
	return load_fails != PIECES;
}

bool vcpu_create(struct guest *x)
{
	hfn_t f = frame_alloc_zeroed();

	CHECK(!x->vcpu, "it has one");
	if (hfn_x(f) == hfn_x(HFN_NONE))
		return false;
	x->vcpu = calloc(1, sizeof(*x->vcpu));
	*x->vcpu = (struct vcpu){ .guest = x, .regs_frame = f, .page = frame_ptr(f) };
	x->vcpu->regs = &x->vcpu->page->regs;
	return true;
}

void vcpu_destroy(struct guest *x)
{
	struct parts *p = of(x);

	CHECK(!p->queued, "it may still be chosen to run");
	CHECK(!p->shadows && !p->devices, "its devices and shadows need it");
	frame_free(x->vcpu->regs_frame);
	free(x->vcpu);
	x->vcpu = NULL;
}

void shadow_destroy(struct guest *x)
{
	struct parts *p = of(x);

	while (p->shadows)
		frame_free(p->shadow[--p->shadows]);
	x->shadow.pool = NULL;
}

bool shadow_init(struct guest *x)
{
	struct parts *p = of(x);

	for (; p->shadows < ARRAY_SIZE(p->shadow); p->shadows++) {
		p->shadow[p->shadows] = frame_alloc();
		if (hfn_x(p->shadow[p->shadows]) == hfn_x(HFN_NONE)) {
			shadow_destroy(x);
			return false;
		}
	}
	x->shadow.pool = (struct spt *)p;
	return true;
}

bool vdevs_create(struct guest *x, char *msg, u32 len)
{
	struct parts *p = of(x);

	CHECK(x->vcpu && p->shadows, "too early");
	for (p->devices = 0; p->devices < DEVICES && p->devices < device_fails; p->devices++)
		;
	snprintf(msg, len, "no device %u", device_fails);
	return p->devices == DEVICES;
}

void vdevs_destroy(struct guest *x) { of(x)->devices = 0; }

void vdev_cmdline(const struct guest *x, char *buf, u32 len)
{
	CHECK_EQ(of(x)->devices, DEVICES);
	snprintf(buf, len, "DEVICES");
}

void sched_admit(struct vcpu *v) { of(v->guest)->admitted++; }
void sched_remove(struct vcpu *v) { of(v->guest)->queued = false; }
void sched_wake(struct vcpu *v)
{
	CHECK(guest_alive(v->guest) && of(v->guest)->admitted, "one that is %s woken", guest_state_name(v->guest));
	of(v->guest)->queued = true;
}

static struct cpu cpu;
static u32 forgotten;		/* how often time was charged to nobody */

struct cpu *this_cpu(void) { return &cpu; }
u64 sched_account(struct cpu *c)
{
	CHECK(c == &cpu, "another processor's time");
	forgotten++;
	return 0;
}

/* ---- helpers ---- */

static hfn_t taken[MACHINE_FRAMES];	/* frames that somebody else has */
static u32 takens;

static void leave_only(u32 n)
{
	while (frames_free() > n)
		taken[takens++] = frame_alloc();
}

static void leave_all(void)
{
	while (takens)
		frame_free(taken[--takens]);
}

/* One piece, which is bounded, and leaves everybody whole. */
static bool piece(void)
{
	u32 before = frames_used, i, working = 0, known = forgotten;
	bool more;

	for (i = 0; i < guest_count; i++)
		working += guests[i]->state == GUEST_BUILDING || guests[i]->state == GUEST_ENDED || guests[i]->state == GUEST_DYING;
	more = guests_work();
	CHECK(forgotten > known || frames_used == before, "whoever runs next pays for a piece");
	CHECK(frames_used <= before + working * MOST_GIVEN && before <= frames_used + working * MOST_TAKEN,
	      "%u frames used before, %u after a piece", before, frames_used);
	for (i = 0; i < guest_count; i++) {
		enum guest_state s = guests[i]->state;

		CHECK(s != GUEST_ENDED, "nobody has seen that it ended");
		CHECK(!part[i].queued || s == GUEST_RUNNING, "one that does not run may be chosen");
		if (s == GUEST_OFF || s == GUEST_SHUTOFF || s == GUEST_CRASHED)
			CHECK(!guests[i]->vcpu && !part[i].devices && !part[i].shadows, "%s has parts of a life", guests[i]->name);
	}
	return more;
}

static void settle(void)
{
	u32 n;

	for (n = 0; piece(); n++)
		CHECK(n < 1000, "it never ends");
}

static char msg[160];

static void start(struct guest *x)
{
	CHECK(guest_start(x, msg, sizeof(msg)), "%s", msg);
	CHECK_EQ(x->state, GUEST_BUILDING);
}

static void running(struct guest *x)
{
	start(x);
	settle();
	CHECK_EQ(x->state, GUEST_RUNNING);
}

static void refused(struct guest *x, const char *why)
{
	struct guest was = *x;

	msg[0] = 0;
	CHECK(!guest_start(x, msg, sizeof(msg)), "it starts");
	CHECK_HAS(msg, why);
	CHECK(!memcmp(&was, x, sizeof(was)), "refused, and yet something of it changed");
}

static void off(struct guest *x)
{
	guest_destroy(x, "destroyed");
	settle();
	CHECK(x->state == GUEST_SHUTOFF || x->state == GUEST_OFF || x->state == GUEST_CRASHED, "%s", guest_state_name(x));
	CHECK_EQ(frames_used, takens);
	x->hasty = 0;
}

/* ---- the cases ---- */

static void names(void)
{
	struct guest *extra;
	u32 i;

	for (i = 0; i <= MAX_GUESTS; i++) {
		snprintf(cfg[i].name, sizeof(cfg[i].name), "guest%u", i + 1);
		cfg[i].memory = (1500 + 300 * i) * PAGE_SIZE;
	}
	strcpy(cfg[2].name, "2nd");
	for (i = 0; i < N; i++)
		g[i] = guest_add(&cfg[i]);
	CHECK(guest_find("guest1") == g[0] && guest_find("1") == g[0] && guest_find("2") == g[1] && guest_find("2nd") == g[2], "by name");
	CHECK(!guest_find("guest") && !guest_find("guest11") && !guest_find("0") && !guest_find("4") && !guest_find(""), "nobody");
	for (; i < MAX_GUESTS; i++)
		CHECK(guest_add(&cfg[i]), "the %u th", i + 1);
	extra = guest_add(&cfg[i]);
	CHECK(!extra, "one more than there may be");
	while (guest_count > N)
		free(guests[--guest_count]);
}

static void one_life(void)
{
	struct guest *x = g[0];
	u32 pieces, forgot = forgotten;

	x->stats.halts = 5;
	x->have_last_regs = true;
	strcpy(x->reason, "old");
	resetting = true;
	start(x);
	CHECK(!x->stats.halts && !x->have_last_regs && !x->reason[0] && forgotten == forgot + 1, "of its last life");
	CHECK_STR(guest_state_name(x), "starting");
	refused(x, "it is just starting");
	CHECK(piece() && piece() && !frames_used, "its disks are not ready");
	resetting = clock_known = false;
	CHECK(piece() && piece() && !frames_used, "nobody knows what time it is");
	clock_known = true;
	now = 77;
	for (pieces = 0; piece(); pieces++)
		CHECK(x->state == GUEST_BUILDING && !of(x)->queued && !x->vcpu, "half there");
	CHECK(pieces >= 1500 / MOST_GIVEN + PIECES, "%u pieces", pieces);
	CHECK(x->state == GUEST_RUNNING && of(x)->queued && x->vcpu->regs->eip == ENTRY && x->started_ns == 77, "it runs");
	CHECK_EQ(frames_used, guest_frames(x->mem_pages));
	CHECK_EQ(x->mem_pages, cfg[0].memory / PAGE_SIZE);
	CHECK_STR(guest_state_name(x), "running");
	x->vcpu->halted = true;
	CHECK_STR(guest_state_name(x), "idle");
	refused(x, "running already");
	CHECK(!guest_unpause(x, msg, sizeof(msg)) && guest_pause(x, msg, sizeof(msg)), "%s", msg);
	CHECK(x->state == GUEST_PAUSED && !of(x)->queued, "paused");
	refused(x, "running already");
	CHECK(!guest_pause(x, msg, sizeof(msg)), "twice");
	CHECK(guest_unpause(x, msg, sizeof(msg)) && x->state == GUEST_RUNNING && of(x)->queued, "goes on");
	x->vcpu->event_ns = 5;
	CHECK(guest_destroy(x, "the reason"), "destroy");
	refused(x, "it is just stopping");
	CHECK(!guest_pause(x, msg, sizeof(msg)) && !guest_unpause(x, msg, sizeof(msg)), "it has ended");
	CHECK(piece() && x->state == GUEST_DYING && !of(x)->queued && !x->vcpu->event_ns, "it dies");
	CHECK_STR(said, "\n[guest1: the reason]\n");
	CHECK_HAS(last_log, "guest1: the reason");
	refused(x, "it is just stopping");
	settle();
	CHECK(x->state == GUEST_SHUTOFF && !frames_used, "%u frames are left", frames_used);
	CHECK(!guest_destroy(x, "again"), "there is nothing to destroy");
	CHECK_STR(x->reason, "the reason");
}

static void not_at_all(void)
{
	strcpy(cfg[0].error, "line 7 is odd");
	refused(g[0], "line 7 is odd");
	cfg[0].error[0] = 0;
	disks_bad = true;
	refused(g[0], "a disk is away");
	disks_bad = false;
	kernel_bad = true;
	refused(g[0], "a kernel is none");
	kernel_bad = false;
	leave_only(guest_frames(1500) - 1);
	refused(g[0], "too little memory");
	leave_all();
	leave_only(guest_frames(1500));		/* exactly enough */
	running(g[0]);
	CHECK_EQ(frames_free(), 0);
	off(g[0]);
	leave_all();
}

static void half_way(struct guest *x, const char *why)
{
	settle();
	CHECK(x->state == GUEST_OFF && !x->restart, "%s", guest_state_name(x));
	CHECK_HAS(x->reason, "cannot start: ");
	CHECK_HAS(x->reason, why);
	CHECK_EQ(frames_used, takens);
}

static void fails_at_each(void)
{
	struct guest *x = g[0];
	u32 i, need;

	cfg[0].memory = 1100 * PAGE_SIZE;	/* two leaves of its map */
	need = guest_frames(1100);
	for (i = 0; i < need; i += i < 5 || i > need - 60 || (i > 1018 && i < 1030) ? 1 : 1 + rnd(60)) {
		start(x);
		x->restart = true;
		leave_only(i);
		half_way(x, i < 1102 ? "out of memory" : "no memory for its tables");
		leave_all();
	}
	for (i = 0; i < DEVICES; i++) {
		device_fails = i;
		start(x);
		half_way(x, "no device");
	}
	device_fails = ~0u;
	for (load_fails = 0; load_fails <= PIECES; load_fails++) {
		start(x);
		half_way(x, load_fails < PIECES ? "is bad" : "no room for the rest");
	}
	load_fails = ~0u;
	running(x);
	off(x);
	cfg[0].memory = 1500 * PAGE_SIZE;
}

/* Each way to end, in each state and after each piece. */
enum end { DESTROYED, KILLED, POWEROFF, RESTART, CRASH, HALT, ENDS };

static void end(struct guest *x, enum end how)
{
	if (how == DESTROYED)
		guest_destroy(x, "destroyed");
	else if (how == KILLED)
		guest_kill(x, "killed");
	else
		guest_stopped(x, SHUTDOWN_POWEROFF + how - POWEROFF, "");
}

static void ends(void)
{
	static const char *const reason[] = { "destroyed", "killed", "powered off", "restarting", "kernel panic", "halted" };
	struct guest *x = g[0];
	u32 how, pieces, paused, i;

	for (how = 0; how < ENDS; how++)
		for (pieces = 0; pieces < 20; pieces++)
			for (paused = 0; paused < 2; paused++) {
				bool alive, counts;
				u32 starts = x->starts, dying = rnd(3);

				start(x);
				for (i = 0; i < pieces; i++)
					piece();
				alive = x->state == GUEST_RUNNING;
				if (alive && paused)
					guest_pause(x, msg, sizeof(msg));
				counts = alive || how == DESTROYED;	/* only a guest that lives does anything */
				now += 10 * SECOND;
				end(x, how);
				CHECK_EQ(x->state == GUEST_ENDED, counts);
				for (i = 0; counts && i < dying; i++)
					piece();
				guest_kill(x, "too late");
				if (one_in(2) && counts)	/* a person's last word: not again */
					CHECK(!guest_destroy(x, "too late"), "twice");
				else if (counts && how == RESTART)
					starts++;
				if (counts)
					CHECK_STR(x->reason, reason[how]);
				settle();
				if (counts && x->state != GUEST_RUNNING) {
					CHECK_EQ(x->state, how == KILLED || how == CRASH ? GUEST_CRASHED : GUEST_SHUTOFF);
					CHECK_EQ(frames_used, 0);
					CHECK_EQ(x->starts, starts + alive);
				} else if (counts) {
					CHECK(how == RESTART && x->starts == starts + 1, "it came again");
				} else {
					CHECK_EQ(x->state, GUEST_RUNNING);
				}
				off(x);
			}
}

/* Restarts for a minute, each after it ran for so long; returns how often. */
static u32 restarts_for(struct guest *x, u64 each)
{
	u64 until;
	u32 before;

	running(x);
	before = x->starts;
	for (until = now + 60 * SECOND; now < until; ) {
		now += MAX(each, 1000000ull);
		if (x->state == GUEST_RUNNING)
			guest_stopped(x, SHUTDOWN_RESTART, "");
		settle();		/* so it does not keep the machine awake, either */
	}
	return x->starts - before;
}

static void back_off(void)
{
	struct guest *x = g[0], *y = g[1];
	u32 n, before = logged;
	u64 from;

	n = restarts_for(x, 0);
	CHECK(n >= 20 && n <= 40, "who never runs restarted %u times in a minute", n);
	CHECK(logged - before < 20, "%u lines in the log", logged - before);
	CHECK(x->state == GUEST_DYING, "it waits");
	CHECK_EQ(guests_promised() + frames_used, guest_frames(x->mem_pages));	/* each frame counts once */
	n = forgotten;
	CHECK(!guests_work() && forgotten == n, "that a guest waits is nobody's work");
	/* Its memory stays promised to it; what is beyond that is not. */
	leave_only(guests_promised() + guest_frames(y->cfg->memory / PAGE_SIZE) - 1);
	refused(y, "too little memory");
	leave_all();
	now += 3 * SECOND;
	settle();
	CHECK_EQ(x->state, GUEST_RUNNING);
	now += 5 * SECOND;		/* it ran for a while: all is forgotten */
	guest_stopped(x, SHUTDOWN_RESTART, "");
	settle();
	CHECK_EQ(x->state, GUEST_RUNNING);
	guest_stopped(x, SHUTDOWN_RESTART, "");
	settle();
	CHECK_EQ(x->state, GUEST_RUNNING);
	off(x);
	before = logged;
	n = restarts_for(x, SECOND * 3 / 2);
	CHECK_EQ(n, 40);
	CHECK(logged - before >= 80, "said each time");
	off(x);
	restarts_for(x, 0);		/* taken away while it waits */
	while (x->state != GUEST_DYING) {
		guest_stopped(x, SHUTDOWN_RESTART, "");
		settle();
	}
	from = now;
	CHECK(!guest_destroy(x, "enough"), "it had ended");
	settle();
	CHECK(x->state == GUEST_SHUTOFF && now == from && !frames_used, "it is still %s", guest_state_name(x));
	x->hasty = 0;
}

/* Its memory went to nobody, but its kernel is no more. */
static void restart_fails(void)
{
	struct guest *x = g[0];

	running(x);
	now += 2 * SECOND;
	guest_stopped(x, SHUTDOWN_RESTART, "");
	kernel_bad = true;
	settle();
	kernel_bad = false;
	CHECK(x->state == GUEST_SHUTOFF && !frames_used, "%s", guest_state_name(x));
	CHECK_HAS(last_log, "a kernel is none");
}

/* What it is for one life goes with that life, and not with a restart in it; and what it is for good does not change
 * while it lives. */
static void other_words(void)
{
	struct guest_config other;
	struct guest *x = g[0];

	other = *x->config;
	other.memory = 700 * PAGE_SIZE;
	kernel_bad = true;
	CHECK(!guest_start_as(x, &other, msg, sizeof(msg)) && x->cfg == x->config, "a start that is refused");
	kernel_bad = false;
	CHECK(guest_start_as(x, &other, msg, sizeof(msg)), "%s", msg);
	CHECK(!guest_configure(x, &other, msg, sizeof(msg)) && strstr(msg, "starting"), "changed while it starts: %s", msg);
	settle();
	CHECK(x->mem_pages == 700 && x->cfg->memory == 700 * PAGE_SIZE && x->config == &cfg[0], "this life");
	CHECK(!guest_configure(x, &other, msg, sizeof(msg)) && cfg[0].memory != other.memory, "changed while it runs");
	CHECK(!guest_start_as(x, &cfg[1], msg, sizeof(msg)) && x->mem_pages == 700 && strstr(msg, "running"), "%s", msg);
	now += 2 * SECOND;
	guest_stopped(x, SHUTDOWN_RESTART, "");
	settle();
	CHECK(x->state == GUEST_RUNNING && x->mem_pages == 700, "a restart is of the same life");
	off(x);
	CHECK(x->cfg == x->config, "it is off");
	load_fails = 0;
	CHECK(guest_start_as(x, &other, msg, sizeof(msg)), "%s", msg);
	settle();
	load_fails = ~0u;
	CHECK(x->state == GUEST_OFF && x->cfg == x->config, "a start that fails");
	running(x);
	CHECK_EQ(x->mem_pages, cfg[0].memory / PAGE_SIZE);
	now += 2 * SECOND;
	off(x);
	other.memory = 800 * PAGE_SIZE;
	CHECK(guest_configure(x, &other, msg, sizeof(msg)) && x->config == &cfg[0], "%s", msg);
	running(x);
	CHECK_EQ(x->mem_pages, 800);
	now += 2 * SECOND;
	off(x);
	cfg[0].memory = 1500 * PAGE_SIZE;
}

static void added(void)
{
	struct guest_config other = { .name = "guest1", .memory = 600 * PAGE_SIZE };
	struct guest *x;
	u32 n;

	CHECK(!guest_new(&other, msg, sizeof(msg)) && strstr(msg, "already"), "%s", msg);
	strcpy(other.name, "new");
	x = guest_new(&other, msg, sizeof(msg));
	CHECK(x && guest_find("new") == x && x->config != &other && x->id == guest_count && x->state == GUEST_OFF, "%s", msg);
	memset(&other, 0xEE, sizeof(other));
	running(x);
	CHECK_EQ(x->mem_pages, 600);
	now += 2 * SECOND;
	off(x);
	for (n = guest_count; n < MAX_GUESTS; n++) {
		other = (struct guest_config){ .memory = PAGE_SIZE };
		snprintf(other.name, sizeof(other.name), "more%u", n);
		CHECK(guest_new(&other, msg, sizeof(msg)), "%s", msg);
	}
	strcpy(other.name, "one-more");
	CHECK(!guest_new(&other, msg, sizeof(msg)) && guest_count == MAX_GUESTS && strstr(msg, "16 guests"), "%s", msg);
	while (guest_count > N) {
		free(guests[--guest_count]->config);
		free(guests[guest_count]);
	}
}

/* Restarts have their memory, though others would take it at every moment. */
static void promised(void)
{
	u32 i, n;

	for (n = 0; n < 30; n++) {
		running(g[0]);
		now += 2 * SECOND;
		leave_only(guest_frames(g[1]->cfg->memory / PAGE_SIZE) - 1 - rnd(100));
		guest_stopped(g[0], SHUTDOWN_RESTART, "");
		for (i = 0; g[0]->state != GUEST_RUNNING; i++) {
			refused(g[1], "too little memory");
			piece();
			CHECK(i < 200, "%s: %s", guest_state_name(g[0]), g[0]->reason);
		}
		off(g[0]);
		leave_all();
	}
}

static void at_random(void)
{
	u32 n, i, lives = 0;

	for (n = 0; n < 15000; n++) {
		struct guest *x = g[rnd(N)];

		switch (rnd(16)) {
		case 0: case 1:
			lives += guest_start(x, msg, sizeof(msg));
			break;
		case 2:
			end(x, (enum end)rnd(ENDS));
			break;
		case 3:
			if (rnd(2))
				guest_pause(x, msg, sizeof(msg));
			else
				guest_unpause(x, msg, sizeof(msg));
			break;
		case 4:
			now += rnd(2) ? rnd(1000) : rnd(3 * SECOND);
			break;
		case 5:
			device_fails = one_in(4) ? rnd(DEVICES) : ~0u;
			load_fails = one_in(4) ? rnd(PIECES + 1) : ~0u;
			break;
		case 6:
			leave_all();
			if (one_in(4))
				leave_only(frames_free() - rnd(frames_free() / 4 + 1));
			break;
		default:
			piece();
		}
	}
	device_fails = load_fails = ~0u;
	leave_all();
	for (i = 0; i < N; i++)
		guest_destroy(g[i], "the end");
	now += 10 * SECOND;
	settle();
	CHECK_EQ(frames_used, 0);
	CHECK_EQ(guests_promised(), 0);
	CHECK(lives > 250, "only %u lives", lives);
}

static u32 crashes;
static char crash_line[400];

static void crashed(const struct guest *x, const char *line)
{
	CHECK(x->next_state == GUEST_CRASHED, "%s has not crashed", x->name);
	snprintf(crash_line, sizeof(crash_line), "%s", line);
	crashes++;
}

/* One line, wherever people look, about a guest that crashed, and about one that says nothing. */
static void told(void)
{
	struct guest *x = g[0];
	u32 before;

	guests_on_crash(crashed);
	running(x);
	x->stats.exit_count[EXIT_HYPERCALL] = 1;
	guest_kill(x, "no handler for trap 6");
	settle();
	CHECK_EQ(crashes, 1);
	CHECK_STR(crash_line, "guest1 crashed: no handler for trap 6; `info guest1` says more, `start guest1` starts it again");
	CHECK_STR(last_log, crash_line);
	CHECK_HAS(said, crash_line);
	CHECK_STR(guest_is(x), "has crashed");
	running(x);
	CHECK_STR(guest_is(x), "is running");
	guest_kill(x, "it is stock");
	settle();
	CHECK_HAS(crash_line, "starts it again (is its kernel built for Ringlet?");
	running(x);
	off(x);
	CHECK_EQ(crashes, 2);
	guests_on_crash(NULL);

	running(x);
	before = logged;
	now += 100 * SECOND;
	x->stats.run_ns = SECOND - 1;
	settle();
	CHECK(logged == before, "%s", last_log);
	x->stats.run_ns = SECOND;
	settle();
	settle();
	CHECK_EQ(logged, before + 1);
	CHECK_HAS(last_log, "guest1 runs, but has not spoken to Ringlet");
	off(x);
	running(x);		/* again in its next life, also if it only waits */
	before = logged;
	x->vcpu->halted = true;
	settle();
	CHECK_EQ(logged, before);
	now += SECOND;
	settle();
	CHECK_EQ(logged, before + 1);
	off(x);
	running(x);
	x->stats.exit_count[EXIT_MMIO] = 1;
	x->stats.run_ns = 5 * SECOND;
	before = logged;
	settle();
	CHECK_EQ(logged, before);
	off(x);
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	CASE("names");
	names();
	CASE("one life");
	one_life();
	CASE("not started at all");
	not_at_all();
	CASE("failing half way");
	fails_at_each();
	CASE("each end in each state");
	ends();
	CASE("restarts");
	back_off();
	restart_fails();
	promised();
	CASE("told");
	told();
	CASE("other words");
	other_words();
	added();
	CASE("at random");
	at_random();
	for (i = 0; i < N; i++)
		free(g[i]);
	return passed();
}
