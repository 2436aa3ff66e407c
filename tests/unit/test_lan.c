/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LANs against a model that knows only the rules: who gets a frame, what is counted at which side, who is interrupted, and who
 * pays.  The cards are made up: what becomes of a frame in one is decided here, and they come and go.
 */
#include <stdarg.h>
#include "arch/x86/time.h"
#include "hv/dev/lan.h"
#include "hv/lib/lib.h"
#include "tests/unit/test.h"

#define GUESTS	5u
#define CARDS	9u
#define ANY	(~0u)
#define HOST	99u
#define AGE	300000000000ull
#define ALL	0xFFFFFFFFFFFFull

/* ---- the machine ---- */

struct guest *guests[MAX_GUESTS];
u32 guest_count;
static struct guest g[GUESTS];
static struct guest_config cfg[GUESTS];
static u64 now = 1;
static u32 logs;

u64 time_ns(void) { return now; }
void hv_log(const char *fmt, ...) { (void)fmt; logs++; }
void panic(const char *fmt, ...) { printf("panic: %s\n", fmt); exit(1); }

#define CARD(g, n, l, m, s, i) { .guest = g, .eth = n, .lan = l, .mac = m, .strict = s, .ip = i }
/* A card: guest and which of its, LAN, the address it is to have. */
static struct card {
	u32 guest, eth, lan;
	u64 mac;
	bool strict;
	u32 ip;
	struct virtio_net *net;
	/* what the next frame meets here */
	enum net_fate next;
	u32 cost;
	/* by the model */
	u64 sent, sent_bytes, received, received_bytes, fate[NET_FATE_MAX];
	bool touched;
	u32 signals, got, due;
} card[CARDS] = {
	CARD(0, 0, 0, 0x02524C000100, false, 0x0A4D0101), CARD(0, 1, 1, 0x02524C000101, false, 0x0A4D0201),
	CARD(1, 0, 0, 0x02524C000200, false, 0x0A4D0102), CARD(2, 0, 0, 0x02524C000300, true, 0x0A4D0103),
	CARD(2, 1, 0, 0x02524C000301, false, 0x0A4D0113), CARD(2, 2, 1, 0x02524C000302, true, 0x0A4D0203),
	CARD(3, 0, 1, 0x021122334455, false, 0x0A4D0204), CARD(3, 1, 0, 0x02524C000401, false, 0x0A4D0104),
	CARD(4, 0, 0, 0x02524C000500, false, 0x0A4D0105),
};
static const char *const lan_names[] = { "office", "lab" };
static const u64 host_mac[] = { 0x02524CFF0001, 0x02524CFF0002 };

static struct card *sender;
static u32 captured, answer_len, asked, breaks_after = ANY;
static bool unreadable;

static struct card *card_of(const struct virtio_net *n)
{
	u32 i;

	for (i = 0; i < CARDS; i++)
		if (card[i].net == n)
			return &card[i];
	CHECK(0, "a card that is no more");
	return NULL;
}

struct virtio_net *virtio_net_create(const struct virtio_guest *a, const struct net_backend *b, u64 mac)
{
	struct virtio_net *n = calloc(1, sizeof(*n));

	n->dev.guest = *a;
	n->dev.status = 1;
	n->backend = *b;
	put16(n->mac, (u16)(mac >> 32));
	put32(n->mac + 2, (u32)mac);
	return n;
}

bool virtio_live(const struct virtio_dev *d) { return d->status; }

void virtq_signal(struct virtio_dev *d, u32 q)
{
	CHECK_EQ(q, NET_RX);
	card_of((struct virtio_net *)d)->signals++;
}

enum net_fate virtio_net_receive(struct virtio_net *n, struct net_packet *p)
{
	struct card *c;

	if (!n)
		return NET_NO_DRIVER;
	c = card_of(n);
	c->got++;
	work_spend(&g[c->guest].work, c->cost);
	if (!--breaks_after)
		p->from->status = 0;
	return c->next;
}

u32 net_read(const struct net_packet *p, u32 offset, void *dst, u32 len)
{
	CHECK(!offset && len == MIN(p->len, LANHOST_FRAME), "%u bytes are read", len);
	memset(dst, 0, len);
	return unreadable ? len - 1 : len;
}

u32 lanhost_answer(const struct lanhost *h, u32 port, const u8 *frame, u32 len, u8 out[LANHOST_FRAME])
{
	(void)frame;
	(void)len;
	CHECK(h->port[port].ip == sender->ip, "the host was asked by %x, which is at port %u", sender->ip, port);
	asked++;
	memset(out, 1, LANHOST_FRAME);
	return answer_len;
}

void capture_packet(const struct lan *lan, const struct net_packet *p)
{
	(void)p;
	CHECK_STR(lan->name, lan_names[sender->lan]);
	captured++;
}

/* ---- the model ---- */

static struct { u64 mac, at; u32 card; } known[2][40];

/* The card that this address is behind, HOST, or ANY. */
static u32 behind(u32 lan, u64 mac)
{
	u32 i;

	if (mac >> 40 & 1)
		return ANY;
	if (mac == host_mac[lan])
		return HOST;
	for (i = 0; i < CARDS; i++)
		if (card[i].lan == lan && card[i].mac == mac)
			return i;
	for (i = 0; i < 40; i++)
		if (known[lan][i].mac == mac && mac && now - known[lan][i].at < AGE)
			return known[lan][i].card;
	return ANY;
}

static bool may_send_as(struct card *c, u64 mac)
{
	u32 i, owner;

	if (mac == c->mac)
		return true;
	if (c->strict || !mac || mac >> 40 & 1)
		return false;
	for (owner = 0; owner < CARDS; owner++)
		if (card[owner].lan == c->lan && card[owner].mac == mac)
			return true;		/* it may, but gets nothing by it */
	if (mac == host_mac[c->lan])
		return true;
	for (i = 0; known[c->lan][i].mac && known[c->lan][i].mac != mac; i++)
		;
	known[c->lan][i].mac = mac;
	known[c->lan][i].at = now;
	known[c->lan][i].card = (u32)(c - card);
	return true;
}

/* What the frame should do at one card; returns false if it has to wait. */
static bool arrives(struct card *to, u32 len, bool flooded, const u32 *spent)
{
	enum net_fate f = to->net ? to->next : NET_NO_DRIVER;

	if (flooded && spent[to->guest] > 30000)
		f = NET_TOO_HARD;
	else if (to->net)
		to->due++;
	if (f == NET_LATER && !flooded)
		return false;
	if (f == NET_OK) {
		to->received++;
		to->received_bytes += len;
		to->touched = true;
	} else if (f == NET_BAD_BUFFER) {
		sender->fate[f]++;
	} else if (f != NET_NO_DRIVER || !flooded) {
		to->fate[f == NET_LATER ? NET_TOO_HARD : f]++;
	}
	return true;
}

static void counters(void)
{
	u32 i, f;
	u64 sent[GUESTS] = { 0 }, received[GUESTS] = { 0 }, bytes[GUESTS] = { 0 }, dropped[GUESTS] = { 0 };

	for (i = 0; i < CARDS; i++) {
		struct card *c = &card[i];
		struct lan *lan = lan_find(lan_names[c->lan]);
		struct lan_port *port = NULL;
		u32 n;

		for (n = 1; n < lan->sw.ports; n++)
			if (lan->port[n]->guest == &g[c->guest] && lan->port[n]->eth == c->eth)
				port = lan->port[n];
		CHECK_EQ(port->sent, c->sent);
		CHECK_EQ(port->sent_bytes, c->sent_bytes);
		CHECK_EQ(port->received, c->received);
		CHECK_EQ(port->received_bytes, c->received_bytes);
		for (f = 0; f < NET_FATE_MAX; f++) {
			CHECK(port->fate[f] == c->fate[f], "card %u: fate %u is %llu, should be %llu", i, f, (unsigned long long)port->fate[f],
			      (unsigned long long)c->fate[f]);
			if (f >= NET_NO_DRIVER)
				dropped[c->guest] += c->fate[f];
		}
		sent[c->guest] += c->sent;
		received[c->guest] += c->received;
		bytes[c->guest] += c->received_bytes;
		CHECK(c->got == c->due, "card %u got %u frames, should have got %u", i, c->got, c->due);
	}
	for (i = 0; i < GUESTS; i++) {
		CHECK_EQ(g[i].stats.net_sent, sent[i]);
		CHECK_EQ(g[i].stats.net_received, received[i]);
		CHECK_EQ(g[i].stats.net_received_bytes, bytes[i]);
		CHECK_EQ(g[i].stats.net_dropped, dropped[i]);
	}
}

/* One frame, sent and foretold. */
static void frame(struct card *from, u64 to, u64 as, u32 len)
{
	struct net_packet p = { .len = len, .head_len = 14, .from = &from->net->dev };
	u32 spent[GUESTS] = { 0 }, done[GUESTS], i, target, worth, captures = 0, asks = 0, lives = breaks_after;
	s32 left[GUESTS];
	bool waits = false;

	sender = from;
	put16(p.head, (u16)(to >> 32));
	put32(p.head + 2, (u32)to);
	put16(p.head + 6, (u16)(as >> 32));
	put32(p.head + 8, (u32)as);
	for (i = 0; i < GUESTS; i++) {
		done[i] = g[i].work.done;
		left[i] = g[i].work.left;
	}
	captured = asked = 0;
	if (!may_send_as(from, as)) {
		from->fate[NET_BAD_SOURCE]++;
	} else {
		target = behind(from->lan, to);
		if (target == ANY && g[from->guest].work.left <= WORK_PIECE / 4 * 3)
			waits = true;
		else if (target == HOST || target == ANY)
			asks = 1;
		else if (&card[target] != from)
			waits = !arrives(&card[target], len, false, spent);
		if (!waits) {
			captures = 1;
			from->sent++;
			from->sent_bytes += len;
		}
		if (asks && !unreadable && answer_len) {
			captures++;
			arrives(from, answer_len, true, spent);
			if (from->net)
				lives--;
			spent[from->guest] += from->cost;
		}
		/* In the order of the switch's ports, which is that of the configuration. */
		for (i = 0; target == ANY && !waits && lives && i < CARDS; i++)
			if (card[i].lan == from->lan && &card[i] != from) {
				u32 got = card[i].due;

				arrives(&card[i], len, true, spent);
				if (card[i].due != got) {
					spent[card[i].guest] += card[i].cost;
					lives--;
				}
			}
	}
	worth = from->net->backend.send(from->net->backend.opaque, &p);
	CHECK_EQ(worth == NET_WAITS, waits);
	CHECK_EQ(captured, captures);
	CHECK_EQ(asked, asks && !unreadable);
	counters();
	/* Who pays: each its own, but out of what the sender may do now. */
	for (i = 0; i < GUESTS; i++)
		if (i != from->guest)
			CHECK_EQ((u32)g[i].work.left, (u32)left[i]);
	for (i = 0, worth = 0; i < GUESTS; i++)
		worth += g[i].work.done - done[i];
	CHECK_EQ((u32)(left[from->guest] - g[from->guest].work.left), worth);
	CHECK(!asks || g[from->guest].work.done - done[from->guest] >= 1000, "asking the host costs nothing");
}

static void batch_over(struct card *from)
{
	u32 i;

	for (i = 0; i < CARDS; i++)
		card[i].signals = 0;
	from->net->backend.sent(from->net->backend.opaque);
	for (i = 0; i < CARDS; i++) {
		bool here = card[i].lan == from->lan;

		CHECK(card[i].signals == (here && card[i].touched), "card %u has %u interrupts", i, card[i].signals);
		card[i].touched &= !here;
	}
}

/* ---- the cases ---- */

static void come(struct card *c)
{
	struct virtio_guest access = { .opaque = c, .work = &g[c->guest].work };

	c->net = (struct virtio_net *)lan_make(&g[c->guest], c->eth, &access);
	CHECK(c->net && mac_number(c->net->mac) == c->mac, "card %u has the address %llx", (u32)(c - card),
	      (unsigned long long)mac_number(c->net->mac));
}

static void go(struct card *c)
{
	struct virtio_net *n = c->net;

	n->backend.gone(n->backend.opaque);
	c->net = NULL;
	c->touched = false;
	free(n);
}

static void addresses(void)
{
	u32 i;

	for (i = 0; i < GUESTS; i++) {
		guests[guest_count++] = &g[i];
		g[i].cfg = &cfg[i];
		g[i].id = i + 1;
		snprintf(g[i].name, sizeof(g[i].name), "guest%u", i);
	}
	for (i = 0; i < CARDS; i++) {
		struct net_config *c = &cfg[card[i].guest].net[cfg[card[i].guest].nets++];

		strcpy(c->lan, lan_names[card[i].lan]);
		c->strict = card[i].strict;
		if (card[i].mac == 0x021122334455)
			c->have_mac = true, memcpy(c->mac, "\2\x11\x22\x33\x44\x55", 6);
	}
	for (i = 0; i < GUESTS; i++)
		CHECK(lan_add(&g[i]), "no memory");
	CHECK(lan_at(0) == lan_find("office") && lan_at(1) == lan_find("lab") && !lan_at(2) && !lan_find("of"), "the LANs");
	CHECK(lan_at(0)->host.ip == 0x0A4D01FE && lan_at(1)->host.ip == 0x0A4D02FE, "their hosts");
	CHECK(mac_number(lan_at(0)->host.mac) == host_mac[0] && mac_number(lan_at(1)->host.mac) == host_mac[1], "their addresses");
	CHECK(lan_at(0)->sw.ports == 7 && lan_at(1)->sw.ports == 4 && lan_at(0)->host.ports == 7 && !lan_at(0)->host.port[0].ip, "ports");
	for (i = 0; i < CARDS; i++) {
		struct lan *lan = lan_at(card[i].lan);
		u32 n;

		for (n = 1; n < lan->sw.ports && lan->host.port[n].ip != card[i].ip; n++)
			;
		CHECK(n < lan->sw.ports, "nobody has %x", card[i].ip);
		CHECK_STR(lan->host.port[n].name, g[card[i].guest].name);
		CHECK_EQ(lan->sw.port[n].mac, card[i].mac);
	}
	CHECK_EQ(logs, 0);
	counters();
	for (i = 0; i < CARDS; i++)
		come(&card[i]);
}

static u64 an_address(void)
{
	static const u64 odd[] = { 0, ALL, 0x01005E000001, 0x020000000000 };

	switch (rnd(5)) {
	case 0: return odd[rnd(ARRAY_SIZE(odd))];
	case 1: return 0x0600000000A0 + rnd(12);		/* of machines behind the cards */
	case 2: return host_mac[rnd(2)];
	default: return card[rnd(CARDS)].mac;
	}
}

static void at_random(void)
{
	static const enum net_fate fates[] = { NET_NO_BUFFER, NET_TOO_LARGE, NET_TOO_HARD, NET_NO_DRIVER, NET_BAD_BUFFER, NET_LATER };
	u32 n, i;

	for (n = 0; n < 60000; n++) {
		struct card *c = &card[rnd(CARDS)];

		for (i = 0; i < CARDS; i++) {
			card[i].next = one_in(4) ? fates[rnd(ARRAY_SIZE(fates))] : NET_OK;
			card[i].cost = one_in(5) ? 40000 + rnd(20000) : rnd(900);
		}
		answer_len = one_in(2) ? 0 : 14 + rnd(LANHOST_FRAME - 13);
		unreadable = one_in(10);
		for (i = 0; i < GUESTS; i++)
			g[i].work.left = one_in(4) ? (s32)rnd(WORK_PIECE) - 1000 : WORK_PIECE;
		now += one_in(50) ? rnd(4) * (AGE / 2) : rnd(1000000);
		if (!c->net) {
			if (one_in(4))
				come(c);
			continue;
		}
		breaks_after = one_in(6) ? 1 + rnd(4) : ANY;
		frame(c, an_address(), one_in(3) ? an_address() : c->mac, 14 + rnd(NET_MOST - 13));
		if (one_in(8))
			c->net->backend.dropped(c->net->backend.opaque, NET_BAD_HEADER), c->fate[NET_BAD_HEADER]++;
		if (!c->net->dev.status) {
			c->net->dev.status = 1;		/* it is reset */
		} else if (one_in(20)) {
			i = rnd(CARDS);
			go(card[i].net ? &card[i] : c);
		}
		if (c->net && one_in(2))
			batch_over(c);
	}
}

int main(int argc, char **argv)
{
	u32 i, n;

	seed_from(argc, argv, 0);
	CASE("addresses");
	addresses();
	CASE("at random");
	at_random();
	for (i = 0; i < CARDS; i++)
		if (card[i].net)
			go(&card[i]);
	counters();
	for (i = 0; lan_at(i); i++) {
		for (n = 1; n < lan_at(i)->sw.ports; n++)
			free(lan_at(i)->port[n]);
		free(lan_at(i));
	}
	return passed();
}
