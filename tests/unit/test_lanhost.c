/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The LAN's own host, asked by hand-made frames, its answers looked at byte by byte; and then asked the same
 * with bytes changed and ends cut off, when it may say anything that fits.
 */
#include "drivers/net/lanhost.h"
#include "drivers/virtio/net.h"
#include "tests/unit/test.h"

static struct lanhost host = {
	.ip = 0x0A4D03FE, .mac = { 2, 'R', 'L', 255, 0, 3 },
	.port = { [1] = { 0x0A4D0301, "alpha" }, [2] = { 0x0A4D0302, "beta" }, [3] = { 0x0A4D0312, "beta" } }, .ports = 4,
};
static const u8 mine[6] = { 2, 1, 2, 3, 4, 5 }, all[6] = { 255, 255, 255, 255, 255, 255 };
static u8 f[NET_MOST], *out;		/* out is a heap block: a byte too far is seen */
static u32 len, got;

static void ask(u32 port)
{
	u8 *exact = malloc(len);

	memcpy(exact, f, len);
	got = lanhost_answer(&host, port, exact, len, out);
	free(exact);
	CHECK(got <= MAX(len, LANHOST_FRAME), "an answer of %u", got);
}

static void eth(const u8 *to, u16 type)
{
	memset(f, 0, 2000);
	memcpy(f, to, 6);
	memcpy(f + 6, mine, 6);
	put16(f + 12, type);
}

static void ip(u32 from, u32 to, u8 protocol, u32 payload)
{
	f[14] = 0x45;
	put16(f + 16, 20 + payload);
	f[22] = 64;
	f[23] = protocol;
	put32(f + 26, from);
	put32(f + 30, to);
	len = 34 + payload;
}

static void udp(u32 from, u32 to, u16 sport, u16 dport, u32 data)
{
	ip(from, to, 17, 8 + data);
	put16(f + 34, sport);
	put16(f + 36, dport);
	put16(f + 38, 8 + data);
}

static u16 sum_of(const u8 *p, u32 n)
{
	u32 s = 0, i;

	for (i = 0; i < n; i++)
		s += i % 2 ? p[i] : p[i] << 8;
	while (s >> 16)
		s = (s & 0xFFFF) + (s >> 16);
	return (u16)s;
}

static void answered_by_ip(u32 to, u8 protocol)
{
	CHECK(!memcmp(out, mine, 6) && !memcmp(out + 6, host.mac, 6), "Ethernet addresses");
	CHECK(out[14] == 0x45 && out[23] == protocol && sum_of(out + 14, 20) == 0xFFFF, "IP header");
	CHECK_EQ(be16(out + 16), got - 14);
	CHECK_EQ(be32(out + 26), host.ip);
	CHECK_EQ(be32(out + 30), to);
}

static void arp_and_ping(void)
{
	static const u8 request[28] = { 0, 1, 8, 0, 6, 4, 0, 1, 2, 1, 2, 3, 4, 5, 10, 77, 3, 1, 0, 0, 0, 0, 0, 0, 10, 77, 3, 254 };
	static const u8 reply[28] = { 0, 1, 8, 0, 6, 4, 0, 2, 2, 'R', 'L', 255, 0, 3, 10, 77, 3, 254, 2, 1, 2, 3, 4, 5, 10, 77, 3, 1 };

	eth(all, 0x0806);
	memcpy(f + 14, request, 28);
	len = 60;
	ask(1);
	CHECK(got == 42 && !memcmp(out + 14, reply, 28) && !memcmp(out, mine, 6), "ARP");
	f[41] = 2;
	ask(1);
	CHECK(!got, "ARP for beta's address is beta's to answer");

	eth(host.mac, 0x0800);
	ip(0x0A4D0301, host.ip, 1, 41);
	f[34] = 8;
	memcpy(f + 42, "the quick brown fox jumps over the", 33);
	put16(f + 36, ~sum_of(f + 34, 41));
	len += 7;			/* what is behind the IP packet is not sent back */
	ask(1);
	CHECK_EQ(got, 34 + 41);
	answered_by_ip(0x0A4D0301, 1);
	CHECK(!out[34] && sum_of(out + 34, 41) == 0xFFFF && !memcmp(out + 42, f + 42, 33), "ping");
	f[20] = 0x20;
	ask(1);
	CHECK(!got, "a fragment");
	f[20] = 0;
	put16(f + 16, len - 14 + 1);
	ask(1);
	CHECK(!got, "more than there is");
	put16(f + 16, len - 14);
	ask(1);
	CHECK_EQ(got, len);
	f[33] ^= 1;
	ask(1);
	CHECK(!got, "for another address");
	f[33] ^= 1;
	f[5] ^= 1;
	ask(1);
	CHECK(!got, "for somebody else");
}

/* Frames of all sizes that a card takes: what the host looks at is its answer's beginning, the rest is the question's. */
static void large_pings(void)
{
	static const u32 sizes[] = { 8, 9, 599, 605, 606, 607, 608, 1480, 1481, 9000, NET_MOST - 34 };
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *whole = malloc(NET_MOST);

		eth(host.mac, 0x0800);
		ip(0x0A4D0301, host.ip, 1, MIN(sizes[i], 65515u));
		for (n = 34; n < len; n++)
			f[n] = (u8)rnd(256);
		f[34] = 8;
		f[35] = f[36] = f[37] = 0;
		put16(f + 36, ~sum_of(f + 34, len - 34));
		ask(1);
		CHECK_EQ(got, len);
		answered_by_ip(0x0A4D0301, 1);
		memcpy(whole, f, len);
		memcpy(whole, out, MIN(len, LANHOST_FRAME));
		CHECK(!whole[34] && sum_of(whole + 34, len - 34) == 0xFFFF, "the checksum of %u bytes", len);
		CHECK(!memcmp(whole + 38, f + 38, len - 38), "what came back of %u bytes", len);
		f[36] ^= 1;			/* damaged on the way there: it is not mended on the way back */
		ask(1);
		memcpy(whole, out, MIN(len, LANHOST_FRAME));
		CHECK(sum_of(whole + 34, len - 34) != 0xFFFF, "a wrong checksum has become a right one");
		free(whole);
	}
	memset(f, 0, sizeof(f));
}

/* ---- DHCP ---- */

static u8 *dhcp(u32 ciaddr, u8 type)
{
	u8 *b = f + 42;

	eth(ciaddr ? host.mac : all, 0x0800);
	udp(ciaddr, ciaddr ? host.ip : 0xFFFFFFFF, 68, 67, 300);
	memcpy(b, "\1\1\6\0wxyz", 8);
	put32(b + 12, ciaddr);
	memcpy(b + 28, mine, 6);
	memcpy(b + 236, "\x63\x82\x53\x63\x35\1", 6);
	b[242] = type;
	b[243] = 255;
	return b + 243;
}

static u8 *with(u8 *o, u8 which, u32 ip)
{
	*o++ = which;
	*o++ = 4;
	put32(o, ip);
	o[4] = 255;
	return o + 4;
}

static void dhcp_answer(u8 type, u32 yiaddr, u32 to, const char *name)
{
	char options[120];
	u32 n = 0;

	CHECK(got >= 42 + 300, "%u bytes", got);
	answered_by_ip(to, 17);
	CHECK(be16(out + 34) == 67 && be16(out + 36) == 68 && be16(out + 38) == got - 34 && !be16(out + 40), "UDP header");
	CHECK(out[42] == 2 && !memcmp(out + 46, "wxyz", 4) && !memcmp(out + 70, mine, 6), "BOOTP header");
	CHECK_EQ(be32(out + 58), yiaddr);
	n += snprintf(options, sizeof(options), "\x35\1%c\x36\4\x0A\x4D\3\xFE", type);
	if (type != 6) {
		if (yiaddr)
			n += (memcpy(options + n, "\x33\4\0\1\x51\x80", 6), 6);
		n += (memcpy(options + n, "\1\4\xFF\xFF\xFF\0\6\4\x0A\x4D\3\xFE", 12), 12);
		n += snprintf(options + n, sizeof(options) - n, "\x0C%c%s\x0F\7ringlet", (int)strlen(name), name);
	}
	CHECK(!memcmp(out + 278, "\x63\x82\x53\x63", 4) && !memcmp(out + 282, options, n) && out[282 + n] == 255,
	      "the options of a %u", type);
}

static void dhcp_talk(void)
{
	dhcp(0, 1);
	memset(f + 42 + 44, 'x', 192);
	ask(1);
	dhcp_answer(2, 0x0A4D0301, 0xFFFFFFFF, "alpha");
	CHECK(!out[86] && !out[277], "a file name out of nowhere");
	ask(3);
	dhcp_answer(2, 0x0A4D0312, 0xFFFFFFFF, "beta");
	with(with(dhcp(0, 3), 54, host.ip), 50, 0x0A4D0302);
	ask(2);
	dhcp_answer(5, 0x0A4D0302, 0xFFFFFFFF, "beta");
	ask(1);
	dhcp_answer(6, 0, 0xFFFFFFFF, "");
	with(with(dhcp(0, 3), 54, 0x0A4D0301), 50, 0x0A4D0302);
	ask(2);
	CHECK(!got, "it took somebody else's offer");
	dhcp(0x0A4D0302, 3);		/* a lease goes on */
	ask(2);
	dhcp_answer(5, 0x0A4D0302, 0x0A4D0302, "beta");
	dhcp(0x0A4D0302, 8);
	ask(2);
	dhcp_answer(5, 0, 0x0A4D0302, "beta");
	dhcp(0x0A4D0302, 7);
	ask(2);
	CHECK(!got, "a release needs no answer");
	dhcp(0, 1);			/* an option over the end */
	f[42 + 241] = 255;
	ask(1);
	CHECK(!got, "an option over the end");
	dhcp(0, 1);
	f[42 + 241] = 0;		/* of which nothing is there; a 1 follows */
	ask(1);
	CHECK(!got, "an option too short");
	dhcp(0, 1);			/* one whose length would be behind the frame */
	udp(0, 0xFFFFFFFF, 68, 67, LANHOST_FRAME - 42);
	memset(f + 42 + 243, 0, LANHOST_FRAME);
	f[LANHOST_FRAME - 1] = 54;
	ask(1);
	dhcp_answer(2, 0x0A4D0301, 0xFFFFFFFF, "alpha");
}

/* ---- DNS ---- */

static void dns(const char *question, u32 n, u16 type)
{
	u8 *d = f + 42;

	eth(host.mac, 0x0800);
	udp(0x0A4D0301, host.ip, 4000, 53, 12 + n + 4);
	memcpy(d, "ID\1\0\0\1\0\0\0\0\0\1", 12);	/* and an additional record, which is ignored */
	memcpy(d + 12, question, n);
	put16(d + 12 + n, type);
	put16(d + 14 + n, 1);
	ask(1);
}

static void dns_answer(u16 flags, u32 question, const char *answer, u32 n)
{
	CHECK_EQ(got, 42 + 12 + question + 4 + n);
	answered_by_ip(0x0A4D0301, 17);
	CHECK(be16(out + 34) == 53 && be16(out + 36) == 4000 && be16(out + 38) == got - 34, "UDP header");
	CHECK(!memcmp(out + 42, "ID", 2) && !memcmp(out + 46, n ? "\0\1\0\1\0\0\0\0" : "\0\1\0\0\0\0\0\0", 8), "counts");
	CHECK_EQ(be16(out + 44), flags);
	CHECK(!memcmp(out + 54, f + 54, question + 4) && !memcmp(out + 58 + question, answer, n), "the records");
}

#define DNS_IS(question, type, flags, answer) (dns(question, sizeof(question), type), \
	dns_answer(flags, sizeof(question), answer, sizeof(answer) - 1))
#define ASKED "\xC0\x0C"

static void dns_talk(void)
{
	u32 i;

	DNS_IS("\4beta", 1, 0x8580, ASKED "\0\1\0\1\0\0\0\x3C\0\4\x0A\x4D\3\2");
	DNS_IS("\4BeTa\7RINGLET", 1, 0x8580, ASKED "\0\1\0\1\0\0\0\x3C\0\4\x0A\x4D\3\2");
	DNS_IS("\5alpha", 1, 0x8580, ASKED "\0\1\0\1\0\0\0\x3C\0\4\x0A\x4D\3\1");
	DNS_IS("\4beta", 28, 0x8580, "");		/* there is such a name, but no such record */
	DNS_IS("\5betaa", 1, 0x8583, "");
	DNS_IS("\3bet", 1, 0x8583, "");
	DNS_IS("\4beta\3org", 1, 0x8583, "");
	DNS_IS("", 2, 0x8583, "");
	DNS_IS("\1" "2\1" "3\2" "77\2" "10\7in-addr\4arpa", 12, 0x8580,
	       ASKED "\0\x0C\0\1\0\0\0\x3C\0\x0E\4beta\7ringlet\0");
	DNS_IS("\1" "9\1" "3\2" "77\2" "10\7in-addr\4arpa", 12, 0x8583, "");
	dns("\xC0\x0C", 3, 1);
	CHECK(!got, "a question may not point");
	dns("\4beta", 6, 1);
	f[44] = 0x81;
	ask(1);
	CHECK(!got, "an answer is no question");
	f[44] = 0x11;
	ask(1);
	CHECK_EQ(be16(out + 44), 0x9584);		/* another operation: not implemented */
	/* A label that goes on behind the frame; and a name we know, so far behind that no record fits. */
	dns("\4beta", 6, 1);
	udp(0x0A4D0301, host.ip, 4000, 53, LANHOST_FRAME - 42);
	memset(f + 54, 1, LANHOST_FRAME - 54);
	f[LANHOST_FRAME - (LANHOST_FRAME - 54) % 2 - 2] = 63;
	ask(1);
	CHECK(!got, "half a label");
	dns("\4beta", 6, 1);
	udp(0x0A4D0301, host.ip, 4000, 53, LANHOST_FRAME - 42);
	memset(f + 54, 0, LANHOST_FRAME - 54);
	for (i = 54; i + 1 + 4 + 6 + 4 <= LANHOST_FRAME; i += 5)
		f[i] = 4;
	memcpy(f + i, "\4beta\0\0\1\0\1", 10);
	udp(0x0A4D0301, host.ip, 4000, 53, i + 10 - 42);
	ask(1);
	CHECK(!got, "no room for a record");
	dns("\4beta", 6, 1);		/* longer than what it looks at */
	udp(0x0A4D0301, host.ip, 4000, 53, 1000 - 42);
	memset(f + 54, 1, 1000 - 54);
	ask(1);
	CHECK(!got, "too long a question");
	/* Names of every length. */
	for (i = 0; i < 580; i++) {
		dns("\4beta", 6, 1);
		f[44] = 1;
		memset(f + 54, 1, i / 2 * 2);
		put16(f + 54 + i, 0);
		len = MIN(LANHOST_FRAME, 42 + 12 + i + 5);
		put16(f + 16, len - 14);
		put16(f + 38, len - 34);
		ask(1);
	}
}

static void at_random(void)
{
	u32 n, answers = 0;

	for (n = 0; n < 200000; n++) {
		u32 i, what = rnd(4);

		if (what == 0)
			with(with(dhcp(one_in(2) ? 0 : rnd(~0u), (u8)rnd(10)), 54, host.ip), (u8)rnd(256), 0x0A4D0301);
		else if (what == 1)
			dns("\1" "2\1" "3\2" "77\2" "10\7in-addr\4arpa", 24, 12);
		else if (what == 2)
			dns("\4beta\7ringlet", 14, 1);
		else
			arp_and_ping();
		for (i = rnd(4); i--;)
			f[rnd(len)] = (u8)rnd(256);
		if (one_in(3))
			len = rnd(LANHOST_FRAME + 20);
		ask(rnd(4));
		answers += got > 0;
	}
	CHECK(answers > 20000, "only %u answers", answers);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 12);
	out = malloc(LANHOST_FRAME);
	CASE("ARP and ping");
	arp_and_ping();
	CASE("large pings");
	large_pings();
	CASE("DHCP");
	dhcp_talk();
	CASE("DNS");
	dns_talk();
	CASE("at random");
	at_random();
	free(out);
	return passed();
}
