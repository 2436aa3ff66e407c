/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deadlines on one hardware timer, in a made-up machine where time passes in random steps: each clock event comes once, never
 * early, never later than the step in which the timer fired; and the timer is always set to fire in time for the
 * nearest deadline, and within PIT_MAX_NS.
 */
#include "arch/x86/irq.h"
#include "arch/x86/time.h"
#include "hv/run/run.h"
#include "tests/unit/test.h"

#define N 5

static struct cpu cpu;
static struct guest g[N];
static struct vcpu v[N];
struct guest *guests[MAX_GUESTS];
u32 guest_count;

static u64 now, fires_at;		/* 0: it is not set */
static void (*handler)(void);
static u64 due[N];			/* the model: 0, none */
static u32 set_often, raised;
static u64 pit_least;			/* its shortest time */

struct cpu *this_cpu(void) { return &cpu; }
u64 time_ns(void) { return now; }

void irq_register(u32 irq, void (*f)(void))
{
	CHECK_EQ(irq, IRQ_PIT);
	handler = f;
}

void pit_oneshot(u64 ns)
{
	fires_at = now + MAX(MIN(ns, PIT_MAX_NS), pit_least);
	set_often++;
}

void virq_raise(struct guest *who, u32 irq)
{
	u32 i = (u32)(who - g);

	CHECK_EQ(irq, RINGLET_IRQ_TIMER);
	CHECK(due[i] && due[i] <= now, "guest %u: its clock event came %s", i, due[i] ? "early" : "unasked");
	due[i] = 0;
	raised++;
}

static u64 nearest(void)
{
	u64 t = now + PIT_MAX_NS;
	u32 i;

	for (i = 0; i < N; i++) {
		if (due[i])
			t = MIN(t, due[i]);
		if (g[i].vcpu && v[i].halted && g[i].settle_ns && guest_alive(&g[i]))
			t = MIN(t, g[i].settle_ns);
	}
	if (cpu.running)
		t = MIN(t, cpu.slice_end_ns);
	return t;
}

static void in_time(void)
{
	CHECK(fires_at && fires_at <= MAX(nearest(), now + 1), "%s: the timer fires in %lld ns, needed in %lld", test_case,
	      (long long)(fires_at - now), (long long)(nearest() - now));
}

/* To the point, sometimes: deadlines a nanosecond apart, and the moment itself. */
static u64 some_time(void) { return one_in(4) ? rnd(4) : one_in(3) ? rnd(2000) : one_in(3) ? rnd(300000000) : rnd(20000000); }

static void pass(void)
{
	u32 i;
	bool over;

	if (one_in(3))
		now = MAX(now, fires_at);
	else
		now += some_time() / (one_in(2) ? 10 : 1);
	if (fires_at && now >= fires_at) {
		fires_at = 0;
		handler();
	}
	over = cpu.running && !fires_at && now >= cpu.slice_end_ns;
	cpu.resched = false;
	timer_run();
	for (i = 0; i < N; i++)
		CHECK(!due[i] || due[i] > now, "guest %u: its clock event is %lld ns late", i, (long long)(now - due[i]));
	CHECK(cpu.resched || !over, "the slice is over and nobody says so");
	CHECK(!cpu.resched || now >= cpu.slice_end_ns, "the slice ends early");
	if (cpu.resched)
		cpu.running = NULL;
	timer_program(time_ns());
}

static void step(void)
{
	u32 i = rnd(N);
	u64 delta = some_time();

	switch (rnd(6)) {
	case 0:
	case 1:
		if (!guests[i]->vcpu)
			return;
		due[i] = delta ? now + delta : 0;
		if (rnd(2))
			timer_set(&v[i], delta);
		else
			timer_set_at(&v[i], due[i]);
		break;
	case 2:
		cpu.running = rnd(2) ? &v[i] : NULL;
		cpu.slice_end_ns = now + 1 + some_time();
		timer_program(time_ns());
		break;
	case 3:				/* it sleeps, and its devices hold something back */
		v[i].halted = rnd(2);
		g[i].settle_ns = rnd(2) ? now + delta : 0;
		g[i].state = rnd(4) ? GUEST_RUNNING : GUEST_PAUSED;
		timer_program(time_ns());
		break;
	default:
		pass();
		/* What is due of those that sleep, the devices see to. */
		for (i = 0; i < N; i++)
			if (g[i].settle_ns <= now)
				g[i].settle_ns = 0;
		timer_program(time_ns());
	}
	in_time();
}

/* The slice is over already when the timer is set, and it gets no time to fire before it is looked at again. */
static void never_let_alone(void)
{
	u64 over = now + 1000;

	CASE("overdue, and a guest that sets its clock event every 400 ns");
	pit_least = 1700;
	cpu.running = &v[1];
	cpu.slice_end_ns = over;
	timer_program(time_ns());
	handler();
	now = over + 1;
	timer_program(time_ns());
	while (now < fires_at) {
		now += 400;
		CHECK(now < over + 10000, "it was set %u times and has not fired", set_often);
		due[1] = now + 1;
		timer_set(&v[1], 1);
	}
	handler();
	due[1] = 0;
	v[1].event_ns = 0;
	timer_run();
	CHECK(cpu.resched, "the slice is over and nobody says so");
}

/* Each exit is longer than the timer's time, and its interrupt waits for the end of one: setting it anew takes it back. */
static void never_let_through(void)
{
	u32 often, i;

	CASE("overdue, and a guest whose exits are long");
	cpu.running = &v[1];
	cpu.slice_end_ns = now + 1000;
	timer_program(now);
	cpu.resched = false;
	often = set_often;
	for (i = 0; i < 5 && !cpu.resched; i++) {
		now += 230000;
		due[1] = now + 1;
		timer_set(&v[1], 1);
	}
	CHECK(cpu.resched && set_often == often, "set %u times more, and the main loop is not reached", set_often - often);
	due[1] = v[1].event_ns = 0;
	cpu.running = NULL;
	timer_run();
	in_time();
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	for (i = 0; i < N; i++) {
		guests[guest_count++] = &g[i];
		g[i].vcpu = i ? &v[i] : NULL;	/* one that is off */
		g[i].state = GUEST_RUNNING;
		v[i].guest = &g[i];
	}
	now = 1;
	timer_init();
	CHECK(handler && set_often, "it is not set up");
	CASE("random deadlines");
	in_time();
	for (i = 0; i < 300000; i++)
		step();
	CHECK(raised > 1000 && set_often < 600000, "%u events, the timer set %u times", raised, set_often);
	CASE("far away: the timer is left alone");
	for (i = 0; i < N; i++) {
		due[i] = v[i].event_ns = g[i].settle_ns = 0;
		v[i].halted = false;
	}
	cpu.running = NULL;
	while (fires_at && now < fires_at)
		now = fires_at;
	fires_at = 0;
	handler();
	timer_run();
	in_time();
	set_often = 0;
	for (i = 0; i < 100; i++)
		timer_set(&v[1], 1000000000);
	CHECK(!set_often, "it was set %u times", set_often);
	never_let_alone();
	never_let_through();
	return passed();
}
