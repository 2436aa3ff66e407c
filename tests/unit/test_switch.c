/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switch against an obvious one: a list of who was heard when, in that order, cut to what it may
 * remember.  The clock is ours.
 */
#include "drivers/net/switch.h"
#include "tests/unit/test.h"

#define PORTS	5
#define MACS	100
#define OWN(p)	(0x020000000100ull + (p))
#define MAC(i)	(0x060000000000ull + (i) * 0x010000000001ull * 2)

static struct eth_switch s;
static struct { u64 mac, seen; u32 port; } heard[SWITCH_LEARNED + 1];
static u32 count;

static void model_learn(u32 port, u64 mac, u64 now)
{
	u32 i;

	for (i = 0; i < count && heard[i].mac != mac; i++)
		;
	if (i == count && count == SWITCH_LEARNED)
		i = 0;			/* the oldest gives way */
	if (i < count)
		memmove(heard + i, heard + i + 1, (--count - i) * sizeof(heard[0]));
	heard[count].mac = mac;
	heard[count].seen = now;
	heard[count++].port = port;
}

static u32 model_find(u64 mac, u64 now)
{
	u32 i;

	for (i = 0; i < PORTS; i++)
		if (mac == OWN(i))
			return i;
	for (i = 0; i < count; i++)
		if (heard[i].mac == mac && now - heard[i].seen < SWITCH_AGE_NS)
			return heard[i].port;
	return SWITCH_ALL;
}

static void fresh(void)
{
	u32 i;

	memset(&s, 0, sizeof(s));
	count = 0;
	for (i = 0; i < PORTS; i++)
		CHECK_EQ(switch_add_port(&s, OWN(i), i == 1), i);
}

static void rules(void)
{
	u32 i;

	fresh();
	CHECK_EQ(switch_find(&s, OWN(3), 0), 3);
	CHECK_EQ(switch_find(&s, MAC(7), 0), SWITCH_ALL);
	CHECK(switch_learn(&s, 2, MAC(7), 5), "it may");
	CHECK_EQ(switch_find(&s, MAC(7), 5 + SWITCH_AGE_NS - 1), 2);
	CHECK_EQ(switch_find(&s, MAC(7), 5 + SWITCH_AGE_NS), SWITCH_ALL);
	CHECK(switch_learn(&s, 2, OWN(3), 6), "a bridge may forward that");
	CHECK_EQ(switch_find(&s, OWN(3), 6), 3);	/* and yet it stays where it is */
	CHECK(switch_learn(&s, 1, OWN(1), 6), "a strict port sends from its own address");
	CHECK(!switch_learn(&s, 1, OWN(2), 6), "and not from its neighbour's");
	CHECK(!switch_learn(&s, 1, MAC(8), 6), "nor from one it made up");
	CHECK_EQ(switch_find(&s, MAC(8), 6), SWITCH_ALL);
	CHECK(!switch_learn(&s, 2, 0xFFFFFFFFFFFF, 6) && !switch_learn(&s, 2, 0x010000000001, 6) &&
	      !switch_learn(&s, 2, 0, 6), "nobody is everybody");
	CHECK_EQ(switch_find(&s, 0xFFFFFFFFFFFF, 6), SWITCH_ALL);
	CHECK_EQ(switch_find(&s, 0x333300000001, 6), SWITCH_ALL);
	for (i = PORTS; i < SWITCH_PORTS; i++)
		CHECK_EQ(switch_add_port(&s, OWN(i), false), i);
	CHECK_EQ(switch_add_port(&s, OWN(i), false), SWITCH_ALL);
	CHECK_EQ(mac_number((const u8 *)"\x02\x52\x4c\xff\x80\x01"), 0x02524CFF8001ull);
}

static void at_random(void)
{
	u32 n, hits = 0, aged = 0, port;
	u64 now = 1, mac;

	fresh();
	for (n = 0; n < 300000; n++) {
		/* Now few addresses, now more than it can remember; now and then a long silence. */
		mac = one_in(8) ? OWN(rnd(PORTS)) : MAC(rnd(n / 1000 % 2 ? MACS : 20));
		now += one_in(50) ? SWITCH_AGE_NS / 3 : 1 + rnd(1000);
		port = rnd(PORTS);
		if (one_in(2)) {
			bool may = port != 1 || mac == OWN(1);

			CHECK_EQ(switch_learn(&s, port, mac, now), may);
			if (may && (mac < OWN(0) || mac > OWN(PORTS)))
				model_learn(port, mac, now);
		} else {
			CHECK_EQ(switch_find(&s, mac, now), model_find(mac, now));
			hits += model_find(mac, now) != SWITCH_ALL;
			aged += model_find(mac, now) != model_find(mac, 0);
		}
	}
	CHECK(hits > 30000 && aged > 1000, "the test did not do its work: %u, %u", hits, aged);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 11);
	CASE("rules");
	rules();
	CASE("at random");
	at_random();
	return passed();
}
