/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run queue in a made-up machine: guests that spin, sleep, take more than their slice, let their devices work while they
 * sleep, start and stop, for minutes of its time.
 *
 * Judged is what everybody is promised: nobody is lost or in the queue twice; who always wants to run gets as much as any
 * other that does, whatever the others do; who wakes with some of its slice left is next; nobody runs longer in a row
 * than a slice; and what one took too much, it lacks later.
 */
#include "hv/run/run.h"
#include "tests/unit/test.h"

#define N	6
#define MS	1000000ll
#define SLICE	(10 * MS)
#define WORTH	(MS / 5)	/* with less left nobody starts */

static struct cpu cpu;
static struct guest g[N];
static struct vcpu v[N];
static u64 now;
static void (*waker)(struct vcpu *);

struct cpu *this_cpu(void) { return &cpu; }
u64 time_ns(void) { return now; }
bool console_too_far(const struct guest *one) { (void)one; return false; }
void virq_set_waker(void (*wake)(struct vcpu *v)) { waker = wake; }

/* What each does when it runs. */
static enum kind { SPINS, SLEEPS, GREEDY, DEVICES, KINDS } kind[N];
static long long got[N];		/* of the processor, whoever did it for them */
static u64 wakes_at[N], waited_since[N], worst_wait[N];

static u32 length(void)
{
	const struct vcpu *q, *last = NULL;
	u32 n = 0;

	for (q = cpu.queue_head; q; q = q->run_next) {
		CHECK(q->queued && guest_alive(q->guest) && q != cpu.running, "one in the queue that may not be there");
		CHECK(++n <= N, "the queue has no end");
		last = q;
	}
	CHECK(!n || cpu.queue_tail == last, "the tail");
	return n;
}

static void check_queue(void)
{
	u32 i, n = 0;

	for (i = 0; i < N; i++) {
		n += v[i].queued;
		CHECK(v[i].queued || &v[i] == cpu.running || !guest_alive(&g[i]) || (v[i].halted && !v[i].devices_wait),
		      "%u wants to run and is nowhere", i);
	}
	CHECK_EQ(length(), n);
}

static void wake(u32 i)
{
	bool front = v[i].slice_left_ns >= WORTH && !v[i].queued && cpu.running != &v[i];

	v[i].halted = false;
	waker(&v[i]);
	waited_since[i] = now;
	if (front)
		CHECK(cpu.queue_head == &v[i], "%u has %lld ns left, woke, and is not next", i, (long long)v[i].slice_left_ns);
	waker(&v[i]);			/* twice does no harm */
}

static void spend(u32 i, u64 ns)
{
	now += ns;
	sched_charge(&v[i], ns);
	got[i] += (long long)ns;
}

/* One turn, as the main loop would give it. */
static void run(u32 i)
{
	long long left = v[i].slice_left_ns, ns;

	CHECK(left >= WORTH && left <= SLICE, "it runs with %lld ns", left);
	worst_wait[i] = MAX(worst_wait[i], now - waited_since[i]);
	switch (kind[i]) {
	case SLEEPS:
		ns = 1 + rnd((u32)MIN(left, 2 * MS));
		break;
	case GREEDY:
		ns = left + rnd(30) * MS;	/* one long exit: it was not to be stopped */
		break;
	default:
		ns = left - (one_in(4) ? rnd((u32)left) : 0);	/* or it was interrupted */
	}
	spend(i, (u64)ns);
	cpu.running = NULL;
	waited_since[i] = now;
	if (kind[i] == SLEEPS || (kind[i] == DEVICES && one_in(2))) {
		v[i].halted = true;
		wakes_at[i] = now + rnd(20) * MS;
	} else {
		waker(&v[i]);
	}
}

/* What happens meanwhile. */
static void meanwhile(void)
{
	u32 i;

	for (i = 0; i < N; i++) {
		if (v[i].halted && guest_alive(&g[i]) && now >= wakes_at[i])
			wake(i);
		if (kind[i] == DEVICES && one_in(3))
			spend(i, rnd(3 * MS));		/* a neighbour's packet, a block that is done */
	}
}

static void born(u32 busy)
{
	u32 i;

	memset(&cpu, 0, sizeof(cpu));
	now = 1 + rnd(1000);
	sched_init();
	for (i = 0; i < N; i++) {
		memset(&v[i], 0, sizeof(v[i]));
		memset(&g[i], 0, sizeof(g[i]));
		v[i].guest = &g[i];
		g[i].vcpu = &v[i];
		g[i].state = GUEST_RUNNING;
		kind[i] = i < busy ? SPINS : (enum kind)rnd(KINDS);
		got[i] = 0;
		worst_wait[i] = wakes_at[i] = 0;
		waited_since[i] = now;
		sched_admit(&v[i]);
		waker(&v[i]);
	}
}

static void life(u32 busy)
{
	u32 turns, i;

	born(busy);
	for (turns = 0; turns < 5000; turns++) {
		struct vcpu *next = cpu.running = sched_next(&cpu);

		check_queue();
		if (next)
			run((u32)(next - v));
		else
			now += MS;
		meanwhile();
		check_queue();
	}
	for (i = 1; i < busy; i++) {
		long long apart = got[i] > got[0] ? got[i] - got[0] : got[0] - got[i];

		CHECK(apart <= 2 * SLICE, "two that spin: %lld and %lld ms", got[0] / MS, got[i] / MS);
	}
	for (i = 0; i < N; i++) {
		CHECK(kind[i] == SPINS || got[i] <= got[0] + 50 * MS, "kind %u had %lld ms, one that spins %lld", kind[i],
		      got[i] / MS, got[0] / MS);
		CHECK_EQ(g[i].stats.run_ns, (u64)got[i]);
	}
}

/* Pausing, ending, waking what may not run: the queue stays whole. */
static void comings_and_goings(void)
{
	u32 n, i;

	born(N);
	for (n = 0; n < 3000; n++) {
		i = rnd(N);
		switch (rnd(5)) {
		case 0:
			sched_remove(&v[i]);
			g[i].state = GUEST_PAUSED;
			break;
		case 1:
			waker(&v[i]);
			CHECK(!v[i].queued || guest_alive(&g[i]), "one that is paused was woken");
			break;
		case 2:
			g[i].state = GUEST_RUNNING;
			waker(&v[i]);
			CHECK(v[i].queued, "it was let go on");
			break;
		case 3:
			sched_remove(&v[i]);
			v[i].halted = true;
			waker(&v[i]);
			CHECK(!v[i].queued, "one that waits for an interrupt was woken");
			v[i].devices_wait = g[i].state == GUEST_RUNNING;
			waker(&v[i]);
			CHECK_EQ(v[i].queued, v[i].devices_wait);
			v[i].halted = v[i].devices_wait = false;
			waker(&v[i]);
			break;
		case 4: {
			struct vcpu *next = sched_next(&cpu);

			if (next) {
				spend((u32)(next - v), rnd(SLICE));
				waker(next);
			}
		}
		}
		now += rnd(1000);
		length();
	}
}

static void accounts(void)
{
	u64 sum = 0, from = now;
	u32 i;

	sched_account(&cpu);
	for (i = 0; i < 100; i++) {
		now += rnd(100000);
		sum += sched_account(&cpu);
	}
	CHECK_EQ(sum, now - from);
	CHECK_EQ(sched_account(&cpu), 0);
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	CASE("shares");
	for (i = 0; i < 60; i++)
		life(2 + rnd(N - 1));
	CASE("comings and goings");
	for (i = 0; i < 60; i++)
		comings_and_goings();
	CASE("accounts");
	accounts();
	return passed();
}
