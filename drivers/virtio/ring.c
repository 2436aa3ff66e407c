/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The split virtqueue, device side.  Each descriptor is read once into a local variable and then
 * checked.  A chain is bounded by VIRTIO_SEGMENTS, so a loop ends there.
 */
#include <string.h>
#include "drivers/virtio/virtio.h"

struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};
_Static_assert(sizeof(struct desc) == 16, "descriptor");

#define DESC_NEXT	1
#define DESC_WRITE	2
#define DESC_INDIRECT	4

/* Costs for virtio_spend(); one instruction moves four bytes. */
enum { POP_COST = 300, DESC_COST = 160, SEGMENT_COST = 130, PUT_COST = 100, BYTES_MOVED = 4 };

#define DESCS_AT_ONCE	8u	/* mostly they follow one another */
#define AVAIL_NO_INTERRUPT 1
#define AVAIL_RING	4	/* offsets: flags, idx, ring[] */
#define USED_RING	4

static bool ring_rd(struct virtio_dev *d, u64 a, void *dst, u32 len)
{
	if (d->guest.read(d->guest.opaque, a, dst, len))
		return true;
	virtio_broken(d, "a ring lies outside the guest's memory");
	return false;
}

static bool ring_wr(struct virtio_dev *d, u64 a, const void *src, u32 len)
{
	if (d->guest.write(d->guest.opaque, a, src, len))
		return true;
	virtio_broken(d, "a ring lies outside the guest's memory");
	return false;
}

static bool add_segment(struct virtio_dev *d, struct virtio_chain *c, const struct desc *s)
{
	bool writable = s->flags & DESC_WRITE;

	if (c->readable + c->writable == VIRTIO_SEGMENTS)
		virtio_broken(d, "a descriptor chain is too long, or a loop");
	else if (!writable && c->writable)
		virtio_broken(d, "a readable descriptor follows a writable one");
	else if (s->addr + s->len < s->addr || s->addr + s->len > 0xFFFFFFFFull)
		virtio_broken(d, "a descriptor reaches beyond the address space");
	else {
		c->seg[c->readable + c->writable] = (struct virtio_seg){ s->addr, s->len };
		if (writable)
			c->writable++;
		else
			c->readable++;
		return true;
	}
	return false;
}

/* Follows the descriptors in a table of n entries at `table`, starting at index i. */
static bool ring_walk(struct virtio_dev *d, struct virtio_chain *c, u64 table, u32 n, u16 i, bool indirect)
{
	struct desc some[DESCS_AT_ONCE], s;
	u32 first = 0, count = 0;

	do {
		if (i >= n) {
			virtio_broken(d, "a descriptor index is beyond its table");
			return false;
		}
		if (i - first >= count) {
			first = i;
			count = MIN(n - i, DESCS_AT_ONCE);
			if (!ring_rd(d, table + i * sizeof(s), some, count * sizeof(s)))
				return false;
		}
		s = some[i - first];
		if (s.flags & DESC_INDIRECT) {
			if (indirect || (s.flags & DESC_NEXT) || !virtio_has(d, VIRTIO_F_INDIRECT_DESC) ||
			    !s.len || s.len % sizeof(s) || s.len / sizeof(s) > VIRTIO_QUEUE_SIZE) {
				virtio_broken(d, "an indirect descriptor is malformed");
				return false;
			}
			return ring_walk(d, c, s.addr, s.len / sizeof(s), 0, true);
		}
		if (!add_segment(d, c, &s))
			return false;
		virtio_spend(d, DESC_COST);
		i = s.next;
	} while (s.flags & DESC_NEXT);
	return true;
}

bool virtq_waiting(struct virtio_dev *d, u32 q)
{
	struct virtqueue *vq = &d->queue[q];

	if (!vq->ready || !virtio_live(d))
		return false;
	if (vq->seen_avail != vq->next_avail)
		return true;
	if (!ring_rd(d, vq->avail + 2, &vq->seen_avail, 2))
		return false;
	if ((u16)(vq->seen_avail - vq->next_avail) > vq->size) {
		virtio_broken(d, "the available index jumped");
		return false;
	}
	return vq->seen_avail != vq->next_avail;
}

/* If there is none, asks for a kick with the next one.  Only now: while there was something to do,
 * no kick was needed. */
static bool none_waiting(struct virtio_dev *d, u32 q)
{
	struct virtqueue *vq = &d->queue[q];

	if (virtq_waiting(d, q))
		return false;
	if (!vq->ready || !virtio_live(d) || !virtio_has(d, VIRTIO_F_EVENT_IDX))
		return true;
	return !ring_wr(d, vq->used + USED_RING + vq->size * 8, &vq->next_avail, 2) || !virtq_waiting(d, q);
}

bool virtq_pop(struct virtio_dev *d, u32 q, struct virtio_chain *c)
{
	struct virtqueue *vq = &d->queue[q];
	u16 slot = vq->next_avail & (vq->size - 1);

	if (none_waiting(d, q) || !ring_rd(d, vq->avail + AVAIL_RING + slot * 2, &c->head, 2))
		return false;
	virtio_spend(d, POP_COST);
	c->readable = c->writable = 0;
	memset(c->at, 0, sizeof(c->at));
	if (!ring_walk(d, c, vq->desc, vq->size, c->head, false))
		return false;
	vq->next_avail++;
	return true;
}

void virtq_unpop(struct virtio_dev *d, u32 q, u32 n)
{
	d->queue[q].next_avail -= n;
}

void virtq_put(struct virtio_dev *d, u32 q, u16 head, u32 written)
{
	struct virtqueue *vq = &d->queue[q];
	u32 elem[2] = { head, written };

	virtio_spend(d, PUT_COST);
	if (vq->ready && ring_wr(d, vq->used + USED_RING + (vq->next_used & (vq->size - 1)) * 8, elem, sizeof(elem)))
		vq->next_used++;
}

void virtq_publish(struct virtio_dev *d, u32 q)
{
	struct virtqueue *vq = &d->queue[q];

	if (vq->ready)
		ring_wr(d, vq->used + 2, &vq->next_used, 2);
}

void virtq_push(struct virtio_dev *d, u32 q, u16 head, u32 written)
{
	virtq_put(d, q, head, written);
	virtq_publish(d, q);
}

void virtq_signal(struct virtio_dev *d, u32 q)
{
	struct virtqueue *vq = &d->queue[q];
	u16 word, fresh = vq->next_used - vq->signalled;

	if (!fresh || !virtio_live(d))
		return;
	vq->signalled = vq->next_used;
	if (virtio_has(d, VIRTIO_F_EVENT_IDX)) {
		if (!ring_rd(d, vq->avail + AVAIL_RING + vq->size * 2, &word, 2))
			return;
		/* Is the one the guest waits for among these? */
		if ((u16)(vq->next_used - word - 1) >= fresh)
			return;
	} else if (!ring_rd(d, vq->avail, &word, 2) || (word & AVAIL_NO_INTERRUPT)) {
		return;
	}
	virtio_interrupt(d, VIRTIO_INT_USED);
}

/* ---- the buffers ---- */

static u32 ring_sum(const struct virtio_seg *s, u32 n)
{
	u64 total = 0;

	while (n--)
		total += s++->len;
	return MIN(total, 0xFFFFFFFFull);
}

u32 virtio_readable_bytes(const struct virtio_chain *c) { return ring_sum(c->seg, c->readable); }
u32 virtio_writable_bytes(const struct virtio_chain *c) { return ring_sum(c->seg + c->readable, c->writable); }

/* A place in one part of a chain, where a copy has got to. */
struct cursor {
	struct virtio_chain *c;
	u32 part;		/* 0 readable, 1 writable */
	const struct virtio_seg *first, *end;	/* of the part */
	const struct virtio_seg *seg;
	u32 offset, base;	/* base: where seg begins in the part */
};

/* How many bytes follow in one piece, after skipping segments that are used up; 0: the end. */
static u32 ring_piece(struct cursor *p)
{
	for (; p->seg < p->end && p->offset >= p->seg->len; p->seg++) {
		p->offset -= p->seg->len;
		p->base += p->seg->len;
	}
	return p->seg < p->end ? p->seg->len - p->offset : 0;
}

static u64 ring_address(const struct cursor *p)
{
	return p->seg->gpa + p->offset;
}

static struct cursor ring_seek(struct virtio_chain *c, u32 part, u32 offset)
{
	const struct virtio_seg *first = part ? c->seg + c->readable : c->seg;
	const struct virtio_seg *end = first + (part ? c->writable : c->readable);
	struct cursor p = { c, part, first, end, first + c->at[part].seg, 0, c->at[part].offset };

	if (offset < p.base) {
		p.seg = first;
		p.base = 0;
	}
	p.offset = offset - p.base;
	return p;
}

static void ring_keep(const struct cursor *p)
{
	p->c->at[p->part].seg = p->seg - p->first;
	p->c->at[p->part].offset = p->base;
}

static bool ring_zero(struct virtio_dev *d, u64 a, u32 len)
{
	static const u8 zeros[4096];
	u32 n;

	for (; len; a += n, len -= n) {
		n = MIN(len, sizeof(zeros));
		if (!d->guest.write(d->guest.opaque, a, zeros, n))
			return false;
	}
	return true;
}

static const char outside[] = "a buffer lies outside the guest's memory";

u32 virtio_copy_from(struct virtio_dev *d, struct virtio_chain *c, u32 offset, void *dst, u32 len)
{
	struct cursor p = ring_seek(c, 0, offset);
	u32 n, done;

	for (done = 0; done < len && (n = ring_piece(&p)); done += n, p.offset += n) {
		n = MIN(n, len - done);
		virtio_spend(d, SEGMENT_COST + n / BYTES_MOVED);
		if (!d->guest.read(d->guest.opaque, ring_address(&p), (u8 *)dst + done, n)) {
			virtio_broken(d, outside);
			break;
		}
	}
	ring_keep(&p);
	return done;
}

u32 virtio_copy_to(struct virtio_dev *d, struct virtio_chain *c, u32 offset, const void *src, u32 len)
{
	struct cursor p = ring_seek(c, 1, offset);
	u32 n, done;

	for (done = 0; done < len && (n = ring_piece(&p)); done += n, p.offset += n) {
		n = MIN(n, len - done);
		virtio_spend(d, SEGMENT_COST + n / BYTES_MOVED);
		if (!(src ? d->guest.write(d->guest.opaque, ring_address(&p), (const u8 *)src + done, n)
			  : ring_zero(d, ring_address(&p), n))) {
			virtio_broken(d, outside);
			break;
		}
	}
	ring_keep(&p);
	return done;
}

u32 virtio_copy_across(struct virtio_dev *to, struct virtio_chain *tc, u32 to_offset,
		       struct virtio_dev *from, struct virtio_chain *fc, u32 from_offset, u32 len)
{
	struct cursor t = ring_seek(tc, 1, to_offset), f = ring_seek(fc, 0, from_offset);
	u32 n, done;

	for (done = 0; done < len; done += n, t.offset += n, f.offset += n) {
		enum virtio_copied how;

		n = MIN(ring_piece(&t), ring_piece(&f));
		n = MIN(n, len - done);
		if (!n)
			break;
		virtio_spend(from, SEGMENT_COST + n / BYTES_MOVED);
		how = to->guest.copy(to->guest.opaque, ring_address(&t), from->guest.opaque, ring_address(&f), n);
		if (how != VIRTIO_COPIED) {
			virtio_broken(how == VIRTIO_BAD_SOURCE ? from : to, outside);
			break;
		}
	}
	ring_keep(&t);
	ring_keep(&f);
	return done;
}
