/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop, a round at a time.  What it does is written down, a letter for each; after some rounds the test leaves
 * it by a jump.  Each round takes 100 ns, an interrupt is waited for 1000.
 */
#include <setjmp.h>
#include "hv/dev/dev.h"
#include "hv/run/run.h"
#include "tests/unit/test.h"

static struct cpu cpu;
static struct vcpu v;
static jmp_buf out;
static u64 now, charged;
static u32 rounds;
static char did[200];
static bool more[2], urgent, settles, wants, ready;

static void note(char c)
{
	u32 n = (u32)strlen(did);

	CHECK(n + 1 < sizeof(did), "%s", did);
	did[n] = c;
	did[n + 1] = 0;
}

struct cpu *this_cpu(void) { return &cpu; }
void entropy_stir(void) { note('e'); }
void timer_run(void) { note('t'); }
void fake_take_interrupts(void) { note('i'); }
bool sched_ready(const struct vcpu *one) { (void)one; return ready; }
void sched_wake(struct vcpu *one) { (void)one; note('w'); }
void devices_turn(struct cpu *c, struct vcpu *one) { (void)c; (void)one; note('d'); now += 7; }

void wait_for_interrupt(void)
{
	note('H');
	now += 1000;
}

u64 sched_account(struct cpu *c)
{
	u64 ns = now - c->accounted_ns;

	c->accounted_ns = now;
	return ns;
}

void sched_charge(struct vcpu *one, u64 ns)
{
	(void)one;
	charged += ns;
}

struct vcpu *sched_next(struct cpu *c)
{
	(void)c;
	return wants ? &v : NULL;
}

void vcpu_run(struct cpu *c, struct vcpu *one)
{
	(void)one;
	note('R');
	sched_account(c);
}

static bool work_one(void)
{
	if (!rounds--)
		longjmp(out, 1);
	note('1');
	now += 100;
	return more[0];
}

static bool work_two(void) { note('2'); return more[1]; }
static bool is_urgent(void) { return urgent; }
static bool settle(void) { note('s'); now += 7; return settles; }

static const struct worker workers[] = { { work_one, NULL, NULL }, { work_two, is_urgent, settle }, { NULL, NULL, NULL } };

/* What is done in so many rounds. */
static const char *in(u32 n)
{
	*did = 0;
	rounds = n;
	cpu.idle_ns = charged = 0;
	cpu.accounted_ns = now;
	if (!setjmp(out))
		loop_run(workers);
	return did;
}

static void idle(void)
{
	/* The clock is looked at when it wakes: a guest may be due. */
	CHECK_STR(in(1), "12itsHet");
	CHECK(cpu.idle_ns == 1000 && !charged, "%llu ns of rest, and %llu charged", cpu.idle_ns, charged);
	settles = true;
	CHECK_STR(in(2), "12its12its");	/* somebody has something to do after all */
	settles = false;
	urgent = true;
	CHECK_STR(in(1), "12it");
	urgent = false;
	more[0] = true;
	CHECK_STR(in(2), "12it12it");	/* whichever worker it is that has more to do */
	more[0] = false;
	more[1] = true;
	CHECK_STR(in(2), "12it12it");
	CHECK(cpu.accounted_ns == now, "the workers' time is left to whoever runs next");
	more[1] = false;
}

static void busy(void)
{
	wants = ready = true;
	CHECK_STR(in(2), "12itdRw12itdRw");
	CHECK_EQ(charged, 0);
	/* Its devices' turn was all it wanted. */
	ready = false;
	CHECK_STR(in(1), "12itdw");
	CHECK_EQ(charged, 107);
}

static void interrupted(void)
{
	*did = 0;
	cpu.resched = false;
	loop_interrupted(&cpu);
	CHECK_STR(did, "et");
	CHECK(!cpu.resched, "nobody is in a hurry");
	urgent = true;
	loop_interrupted(&cpu);
	CHECK(cpu.resched, "a worker is");
}

int main(void)
{
	CASE("idle");
	idle();
	CASE("busy");
	busy();
	CASE("interrupted");
	interrupted();
	return passed();
}
