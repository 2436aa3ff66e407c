/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host that answers and never asks: ARP, ping, DHCP, DNS.  Everything it says follows from the
 * configuration, so it keeps no state: whoever asks gets the address that belongs to the port the
 * question came from.  The answer is made from a copy of the question, turned round.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "drivers/net/inet.h"
#include "drivers/net/lanhost.h"

enum { ETH_TYPE = 12, ARP = 14, IP = 14, L4 = 34, UDP_DATA = 42 };	/* offsets in a frame */
#define DHCP_OPTIONS	(UDP_DATA + 240)
#define DNS_QUESTION	(UDP_DATA + 12)

struct talk {				/* one question */
	const struct lanhost *h;
	u32 port;			/* where it came from */
	u8 *f;				/* the frame that becomes the answer */
	u32 len;			/* of the question; only its first LANHOST_FRAME bytes are in f */
	u32 to;				/* the IP address the answer goes to */
};

static u32 answer_arp(struct talk *t)
{
	static const u8 request[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	u8 *a = t->f + ARP;

	if (t->len < ARP + 28 || memcmp(a, request, 8) || be32(a + 24) != t->h->ip)
		return 0;
	a[7] = 2;
	memcpy(a + 18, a + 8, 10);	/* the sender's two addresses */
	memcpy(a + 8, t->h->mac, 6);
	put32(a + 14, t->h->ip);
	return ARP + 28;
}

static u32 answer_ping(struct talk *t)
{
	u8 *icmp = t->f + L4;

	if (t->len < L4 + 8 || icmp[0] != 8 || icmp[1])
		return 0;
	/* Update the checksum only for what changes (RFC 1624).  So the rest need not be here, and
	 * damage to it still shows. */
	icmp[0] = 0;
	put16(icmp + 2, inet_fold((~be16(icmp + 2) & 0xFFFF) + (~0x0800 & 0xFFFF)));
	return t->len;
}

/* ---- DHCP ---- */

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM };	/* message types */
enum { MASK = 1, DNS = 6, HOST_NAME = 12, DOMAIN = 15, WANTED = 50, LEASE = 51, MESSAGE = 53, SERVER = 54, END = 255 };
#define LEASE_SECONDS	86400
#define BOOTP_LEAST	300		/* bytes; some clients reject less */

/* An option of at least len bytes, or NULL. */
static const u8 *lanhost_option(const struct talk *t, u8 which, u32 len)
{
	u32 i = DHCP_OPTIONS, n;

	for (; i < t->len && t->f[i] != END; i += n) {
		n = 1;
		if (!t->f[i])		/* a pad */
			continue;
		if (i + 2 > t->len || i + 2 + t->f[i + 1] > t->len)
			return NULL;
		if (t->f[i] == which)
			return t->f[i + 1] >= len ? t->f + i + 2 : NULL;
		n = 2 + t->f[i + 1];
	}
	return NULL;
}

/* Decides what to answer: a message type, or 0 for nothing. */
static u8 lanhost_judge(const struct talk *t, u32 mine)
{
	const u8 *type = lanhost_option(t, MESSAGE, 1), *server = lanhost_option(t, SERVER, 4), *wanted = lanhost_option(t, WANTED, 4);
	u32 ciaddr = be32(t->f + UDP_DATA + 12);

	if (!type || (server && be32(server) != t->h->ip))
		return 0;
	switch (*type) {
	case DISCOVER:	return OFFER;
	case REQUEST:	return (wanted ? be32(wanted) : ciaddr) == mine ? ACK : NAK;
	case INFORM:	return ACK;
	}
	return 0;
}

static u8 *lanhost_add(u8 *o, u8 which, const void *data, u32 len)
{
	*o++ = which;
	*o++ = (u8)len;
	memcpy(o, data, len);
	return o + len;
}

static u8 *add32(u8 *o, u8 which, u32 v)
{
	u8 bytes[4];

	put32(bytes, v);
	return lanhost_add(o, which, bytes, 4);
}

static u32 answer_dhcp(struct talk *t)
{
	static const u8 begin[3] = { 1, 1, 6 }, magic[4] = { 99, 130, 83, 99 };
	u8 *b = t->f + UDP_DATA, *o = b + 240, say;
	const char *name = t->h->port[t->port].name;
	u32 mine = t->h->port[t->port].ip;
	bool inform;

	if (t->len < DHCP_OPTIONS || memcmp(b, begin, 3) || memcmp(b + 236, magic, 4) || !mine)
		return 0;
	say = lanhost_judge(t, mine);
	if (!say)
		return 0;
	inform = *lanhost_option(t, MESSAGE, 1) == INFORM;
	b[0] = 2;
	put32(b + 16, say == NAK || inform ? 0 : mine);
	put32(b + 20, t->h->ip);
	memset(b + 44, 0, 192);			/* no server name, no boot file */
	o = lanhost_add(o, MESSAGE, &say, 1);
	o = add32(o, SERVER, t->h->ip);
	if (say != NAK) {
		if (!inform)
			o = add32(o, LEASE, LEASE_SECONDS);
		o = add32(o, MASK, 0xFFFFFF00);
		o = add32(o, DNS, t->h->ip);
		o = lanhost_add(o, HOST_NAME, name, strlen(name));
		o = lanhost_add(o, DOMAIN, LANHOST_DOMAIN, strlen(LANHOST_DOMAIN));
	}
	*o++ = END;
	for (; o < b + BOOTP_LEAST; o++)
		*o = 0;
	/* A client without an address receives only broadcasts. */
	t->to = say != NAK && be32(b + 12) ? be32(b + 12) : 0xFFFFFFFF;
	return (u32)(o - t->f);
}

/* ---- DNS ---- */

enum { TYPE_A = 1, TYPE_PTR = 12, CLASS_IN = 1, NXDOMAIN = 3, NOT_IMPLEMENTED = 4 };
#define OPCODE		0x78u		/* in the first byte of the flags */
#define RECURSION	0x01u
#define IS_ANSWER	0x8480u		/* authoritative; recursion available, though there is nobody to ask */
#define NAME_MOST	64		/* no name we know is longer */
#define TTL		60

/* Reads the question's name as text, cut to size.  Returns the offset after it; 0: malformed. */
static u32 lanhost_read_name(const struct talk *t, char *name, u32 size)
{
	u32 at = DNS_QUESTION, n = 0, part;

	name[0] = 0;			/* the root has the empty name */
	for (; at < t->len; at += part) {
		part = t->f[at++];
		if (!part)
			break;
		if (part > 63 || at + part >= t->len)
			return 0;
		n += snprintf(name + MIN(n, size - 1), size - MIN(n, size - 1), "%s%.*s", n ? "." : "",
			      (int)part, t->f + at);
	}
	return at + 4 <= t->len ? at : 0;
}

/* Finds a guest's port by name, with or without our domain; 0: no guest has this name. */
static u32 by_name(const struct lanhost *h, const char *name)
{
	u32 i;

	for (i = 1; i < h->ports; i++) {
		u32 n = strlen(h->port[i].name);

		if (!strncasecmp(name, h->port[i].name, n) && (!name[n] || !strcasecmp(name + n, "." LANHOST_DOMAIN)))
			return i;
	}
	return 0;
}

/* Finds a guest's port by a name like "1.1.77.10.in-addr.arpa". */
static u32 by_address(const struct lanhost *h, const char *name)
{
	char want[NAME_MOST];
	u32 i;

	for (i = 1; i < h->ports; i++) {
		u32 ip = h->port[i].ip;

		snprintf(want, sizeof(want), "%u.%u.%u.%u.in-addr.arpa", (ip & 255), (ip >> 8 & 255),
			 (ip >> 16 & 255), (ip >> 24));
		if (!strcasecmp(name, want))
			return i;
	}
	return 0;
}

static u8 *add_name(u8 *o, const char *name)
{
	u32 n = strlen(name);

	*o++ = (u8)n;
	memcpy(o, name, n);
	return o + n;
}

/* Adds the answer's record after the question. */
static u8 *add_record(u8 *o, const struct lanhost *h, u32 port, u32 type)
{
	static const u8 begin[] = { 0xC0, 12, 0, 0, 0, CLASS_IN, 0, 0, 0, TTL, 0, 4 };
	u8 *data;

	memcpy(o, begin, sizeof(begin));	/* the name points to the question's */
	o[3] = (u8)type;
	data = o += sizeof(begin);
	if (type == TYPE_A) {
		put32(o, h->port[port].ip);
		return o + 4;
	}
	o = add_name(add_name(o, h->port[port].name), LANHOST_DOMAIN);
	*o++ = 0;
	data[-1] = (u8)(o - data);
	return o;
}

static u32 answer_dns(struct talk *t)
{
	u8 *d = t->f + UDP_DATA, *o;
	u32 end, type, port, error;
	char name[NAME_MOST];

	/* Only a query with exactly one question. */
	if (t->len < DNS_QUESTION || (d[2] & 0x80) || be16(d + 4) != 1)
		return 0;
	end = lanhost_read_name(t, name, sizeof(name));
	if (!end || end + 4 + NAME_MOST > LANHOST_FRAME)	/* no room for a record */
		return 0;
	o = t->f + end + 4;
	type = be16(o - 4);
	port = type == TYPE_PTR ? by_address(t->h, name) : by_name(t->h, name);
	error = d[2] & OPCODE ? NOT_IMPLEMENTED : port ? 0 : NXDOMAIN;
	put16(d + 2, IS_ANSWER | (d[2] & (OPCODE | RECURSION)) << 8 | error);
	memset(d + 6, 0, 6);			/* counts of the other records */
	if (!error && be16(o - 2) == CLASS_IN && (type == TYPE_A || type == TYPE_PTR)) {
		o = add_record(o, t->h, port, type);
		d[7] = 1;
	}
	return (u32)(o - t->f);
}

/* ---- dispatch ---- */

static u32 answer_udp(struct talk *t)
{
	u32 from, to, end;

	if (t->len < UDP_DATA || t->len > LANHOST_FRAME || L4 + be16(t->f + L4 + 4) > t->len)
		return 0;
	t->len = L4 + be16(t->f + L4 + 4);
	from = be16(t->f + L4);
	to = be16(t->f + L4 + 2);
	end = to == 67 && from == 68 ? answer_dhcp(t) : to == 53 ? answer_dns(t) : 0;
	put16(t->f + L4, to);
	put16(t->f + L4 + 2, from);
	put16(t->f + L4 + 4, end - L4);
	put16(t->f + L4 + 6, 0);		/* no checksum */
	return end;
}

static u32 answer_ip(struct talk *t)
{
	u8 *ip = t->f + IP;
	u32 target, end;

	/* Only a whole packet without options. */
	if (t->len < L4 || ip[0] != 0x45 || be16(ip + 2) < 20 || IP + be16(ip + 2) > t->len || (be16(ip + 6) & 0x3FFF))
		return 0;
	t->len = IP + be16(ip + 2);
	t->to = be32(ip + 12);
	target = be32(ip + 16);
	if (target != t->h->ip && target != 0xFFFFFFFF)
		return 0;
	end = ip[9] == 17 ? answer_udp(t) : ip[9] == 1 ? answer_ping(t) : 0;
	if (!end)
		return 0;
	put16(ip + 2, end - IP);
	put32(ip + 4, 0);			/* not a fragment */
	ip[8] = 64;
	put16(ip + 10, 0);
	put32(ip + 12, t->h->ip);
	put32(ip + 16, t->to);
	put16(ip + 10, inet_fold(inet_sum(0, ip, 20)));
	return end;
}

u32 lanhost_answer(const struct lanhost *h, u32 port, const u8 *frame, u32 len, u8 out[LANHOST_FRAME])
{
	static const u8 all[6] = { 255, 255, 255, 255, 255, 255 };
	struct talk t = { h, port, out, len, 0 };

	if (len < ETH_HEADER || (memcmp(frame, h->mac, 6) && memcmp(frame, all, 6)))
		return 0;
	memcpy(out, frame, MIN(len, LANHOST_FRAME));
	memcpy(out, frame + 6, 6);
	memcpy(out + 6, h->mac, 6);
	switch (be16(out + ETH_TYPE)) {
	case 0x0806:	return answer_arp(&t);
	case 0x0800:	return answer_ip(&t);
	}
	return 0;
}
