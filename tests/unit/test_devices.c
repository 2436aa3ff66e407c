/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose time devices' work is: each nanosecond that passes in devices.c is charged to the guests it was for, in proportion
 * to the work, and what passed before is left to whoever it belongs to.  And who is asked at all: nobody without
 * work, nobody in debt before its turn.
 */
#include "hv/dev/dev.h"
#include "hv/run/run.h"
#include "tests/unit/test.h"

#define N	3
#define SLICE	10000000ll

static struct cpu cpu;
static struct guest g[N];
static struct vcpu v[N];
struct guest *guests[MAX_GUESTS];
u32 guest_count;

static u64 now;
static struct { u64 ns; u32 work[N]; bool more; } job[N];	/* what a poll takes, and for whom it works */
static u32 polled[N], settled[N], woken[N], shown[N];
static u64 charged[N], words_ns;
static bool output[N];

struct cpu *this_cpu(void) { return &cpu; }
u64 time_ns(void) { return now; }
bool console_pending(const struct guest *one) { return output[one - g]; }
void vdevs_settle(struct guest *one) { settled[one - g]++; }
void sched_wake(struct vcpu *one) { woken[one - v]++; }

u64 sched_account(struct cpu *c)
{
	u64 ns = now - c->accounted_ns;

	c->accounted_ns = now;
	return ns;
}

void sched_charge(struct vcpu *one, u64 ns)
{
	charged[one - v] += ns;
	one->slice_left_ns -= (s64)ns;
}

bool vdevs_poll(struct guest *one)
{
	u32 i, n = (u32)(one - g);

	polled[n]++;
	now += job[n].ns;
	for (i = 0; i < N; i++)
		g[i].work.done += job[n].work[i];
	return job[n].more;
}

bool console_show(struct guest *one)
{
	CHECK_EQ(one->work.left, WORK_PIECE);
	shown[one - g]++;
	now += words_ns;
	return false;
}

static void born(void)
{
	u32 i;

	memset(&cpu, 0, sizeof(cpu));
	memset(g, 0, sizeof(g));
	memset(v, 0, sizeof(v));
	memset(job, 0, sizeof(job));
	memset(polled, 0, sizeof(polled));
	memset(settled, 0, sizeof(settled));
	memset(woken, 0, sizeof(woken));
	memset(shown, 0, sizeof(shown));
	memset(charged, 0, sizeof(charged));
	memset(output, 0, sizeof(output));
	cpu.accounted_ns = now = 1000000;
	words_ns = 0;
	guest_count = N;
	for (i = 0; i < N; i++) {
		guests[i] = &g[i];
		g[i].vcpu = &v[i];
		g[i].state = GUEST_RUNNING;
		v[i].guest = &g[i];
		v[i].slice_left_ns = SLICE;
	}
}

static void nothing_due(void)
{
	born();
	CHECK(!devices_work(), "there is no work");
	CHECK(!polled[0] && !woken[0], "a guest whose devices want nothing was looked at");
	g[1].vdevs_due = 1;
	output[2] = true;
	devices_work();
	CHECK(!polled[0] && polled[1] == 1 && polled[2] == 1, "polled %u, %u, %u times", polled[0], polled[1], polled[2]);
}

static void who_pays(void)
{
	born();
	g[0].vdevs_due = 1;
	job[0].ns = 1000;
	job[0].work[0] = 100;
	devices_work();
	CHECK(charged[0] == 1000 && g[0].stats.devices_ns == 1000, "alone it pays %llu of 1000", charged[0]);
	job[0].work[1] = 300;			/* it fills a neighbour's buffers */
	devices_work();
	CHECK(charged[0] == 1250 && charged[1] == 750, "they pay %llu and %llu", charged[0], charged[1]);
	job[0].work[1] = 0;			/* and that is paid, once */
	job[0].ns = 10;
	devices_work();
	CHECK(charged[0] == 1260 && charged[1] == 750, "they pay %llu and %llu", charged[0], charged[1]);
	CHECK_EQ(g[0].stats.devices_longest_ns, 1000);
	job[0].work[0] = 0;			/* only a look: the one looked at pays */
	devices_work();
	CHECK_EQ(charged[0], 1270);
	job[0].work[0] = job[0].work[2] = 100;	/* the dead pay nothing */
	job[0].ns = 1000;
	g[2].state = GUEST_CRASHED;
	devices_work();
	CHECK(charged[0] == 2270 && !charged[2], "they pay %llu and %llu", charged[0], charged[2]);
}

static void in_debt(void)
{
	born();
	g[0].vdevs_due = g[1].vdevs_due = 1;
	v[0].slice_left_ns = 0;
	job[1].more = true;
	CHECK(devices_work(), "there is more");
	CHECK(!polled[0] && polled[1] == 1, "one in debt has to wait for its turn");
	CHECK(v[0].devices_wait && woken[0] && v[1].devices_wait && woken[1], "both want their turns");
	job[0].ns = 5000;
	now += 700;				/* that was somebody else's */
	devices_turn(&cpu, &v[0]);
	CHECK(polled[0] == 1 && charged[0] == 5000 && !v[0].devices_wait, "now it is its turn");
	CHECK_EQ(sched_account(&cpu), 700);
	devices_turn(&cpu, &v[0]);
	CHECK_EQ(polled[0], 1);
}

static void others_time(void)
{
	born();
	g[2].vdevs_due = 1;
	job[2].ns = 100;
	output[1] = true;
	g[1].state = GUEST_SHUTOFF;
	words_ns = 30;
	now += 700;
	CHECK(!devices_work(), "all is done");
	CHECK(shown[1] == 1 && !polled[1], "the last words of one that is off");
	CHECK(charged[2] == 100 && !charged[1], "they are not charged");
	CHECK_EQ(sched_account(&cpu), 730);
}

static void settling(void)
{
	born();
	g[0].settle_ns = now + 100;
	g[1].settle_ns = now;
	g[2].settle_ns = now;
	g[2].state = GUEST_PAUSED;
	v[0].halted = v[2].halted = true;
	CHECK(!devices_urgent(), "one is not due, one will see it anyway, one does not live");
	v[1].halted = true;
	CHECK(devices_urgent(), "one sleeps, and what was held back is due");
	devices_work();
	CHECK(!settled[0] && settled[1] == 1 && !settled[2], "only what is due");
	CHECK(!devices_settle() && settled[0] == 1 && settled[1] == 2 && !settled[2], "all who live: nobody has anything to do");
	cpu.queue_head = &v[1];
	CHECK(devices_settle(), "somebody woke");
	g[0].settle_ns = g[1].settle_ns = 0;
	devices_settle();
	CHECK(settled[0] == 2 && settled[1] == 3, "nothing is held back");
}

int main(void)
{
	CASE("nothing due");
	nothing_due();
	CASE("who pays");
	who_pays();
	CASE("in debt");
	in_debt();
	CASE("others' time");
	others_time();
	CASE("settling");
	settling();
	return passed();
}
