/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sender leaves to the receiver's card: checksums, and cutting TCP into segments.  Most
 * receivers want neither, since nothing gets lost on the way; for those that do, it is done here.
 */
#include <string.h>
#include "drivers/virtio/net.h"

#define LEAST_GSO	8		/* TCP never agrees on less */

bool net_hdr_ok(const struct net_packet *p, u64 features)
{
	const struct net_hdr *h = &p->hdr;
	u8 type = h->gso_type & ~NET_GSO_ECN;

	if (h->flags & NET_NEEDS_CSUM) {
		if (!(features >> NET_F_CSUM & 1) || h->csum_start < ETH_HEADER ||
		    (u32)h->csum_start + h->csum_offset + 2 > p->len)
			return false;
	}
	if (!h->gso_type)
		return true;
	if (!(type == NET_GSO_TCPV4 && features >> NET_F_HOST_TSO4 & 1) &&
	    !(type == NET_GSO_TCPV6 && features >> NET_F_HOST_TSO6 & 1))
		return false;
	if ((h->gso_type & NET_GSO_ECN) && !(features >> NET_F_HOST_ECN & 1))
		return false;
	return (h->flags & NET_NEEDS_CSUM) && h->gso_size >= LEAST_GSO && h->hdr_len <= p->len;
}

bool net_pull(struct net_packet *p, u32 n)
{
	u32 more = n - p->head_len;

	if (n <= p->head_len)
		return true;
	if (n > NET_HEAD || n > p->len || net_read(p, p->head_len, p->head + p->head_len, more) < more)
		return false;
	p->head_len = n;
	p->at += more;
	return true;
}

/* ---- checksums ---- */

bool net_checksum(struct net_packet *p)
{
	u32 at = p->hdr.csum_start, field = at + p->hdr.csum_offset, sum = 0, n;
	u8 piece[512];				/* an even size, so each piece begins at an even offset */

	if (!net_pull(p, field + 2))
		return false;
	for (; at < p->len; at += n) {
		n = net_read(p, at, piece, MIN(p->len - at, sizeof(piece)));
		if (!n)
			return false;
		sum = inet_sum(sum, piece, n);
	}
	put16(p->head + field, inet_fold(sum));
	p->hdr.flags = 0;
	p->hdr.csum_start = p->hdr.csum_offset = 0;
	return true;
}

/* ---- segments ---- */

#define IP		ETH_HEADER	/* where the IP header begins */
#define TCP_CHECKSUM	16
#define TCP_FIN_PSH	0x09
#define TCP_CWR		0x80

/* Pulls all headers into p->head and returns their length; 0: it is not TCP over IP as
 * announced. */
static u32 offload_headers(struct net_packet *p)
{
	bool v4 = (p->hdr.gso_type & ~NET_GSO_ECN) == NET_GSO_TCPV4;
	u32 tcp, all;

	if (!net_pull(p, IP + 20) || be16(p->head + 12) != (v4 ? 0x0800u : 0x86DDu))
		return 0;
	tcp = IP + (v4 ? (p->head[IP] & 15) * 4u : 40u);
	if (p->head[IP] >> 4 != (v4 ? 4 : 6) || p->head[IP + (v4 ? 9 : 6)] != 6 || tcp < IP + 20 ||
	    p->hdr.csum_start != tcp || p->hdr.csum_offset != TCP_CHECKSUM || !net_pull(p, tcp + 20))
		return 0;
	all = tcp + (p->head[tcp + 12] >> 4) * 4u;
	return all >= tcp + 20 && net_pull(p, all) ? all : 0;
}

u32 net_segments(const struct net_packet *p)
{
	struct net_packet s = *p;
	u32 all = offload_headers(&s);

	return all ? MAX((p->len - all + p->hdr.gso_size - 1) / p->hdr.gso_size, 1u) : 0;
}

/* Fixes the IP header of s for its length, and puts the sum of the pseudo header where TCP's
 * checksum goes. */
static void fix_ip(struct net_packet *s, u32 i)
{
	u32 tcp = s->hdr.csum_start, len = s->len - tcp;
	u8 *ip = s->head + IP, pseudo[4] = { 0, 6 };
	bool v4 = ip[0] >> 4 == 4;
	u32 sum;

	if (v4) {
		put16(ip + 2, s->len - IP);
		put16(ip + 4, be16(ip + 4) + i);
		put16(ip + 10, 0);
		put16(ip + 10, inet_fold(inet_sum(0, ip, tcp - IP)));
	} else {
		put16(ip + 4, len);
	}
	put16(pseudo + 2, len);
	sum = inet_sum(inet_sum(0, pseudo, 4), ip + (v4 ? 12 : 8), v4 ? 8 : 32);
	put16(s->head + tcp + TCP_CHECKSUM, (u16)~inet_fold(sum));
}

bool net_segment(const struct net_packet *p, u32 i, struct net_packet *s)
{
	u32 gso = p->hdr.gso_size, all, payload, tcp = p->hdr.csum_start;

	*s = *p;
	all = offload_headers(s);
	if (!all)
		return false;
	payload = p->len - all;
	if (i)
		s->head[tcp + 13] &= ~TCP_CWR;
	if ((i + 1) * gso < payload)
		s->head[tcp + 13] &= ~TCP_FIN_PSH;
	put32(s->head + tcp + 4, be32(s->head + tcp + 4) + i * gso);
	s->len = all + MIN(gso, payload - i * gso);
	s->at += i * gso;		/* head ends with the headers: nobody has read further */
	s->hdr.gso_type = 0;
	s->hdr.gso_size = s->hdr.hdr_len = 0;
	fix_ip(s, i);
	return true;
}
