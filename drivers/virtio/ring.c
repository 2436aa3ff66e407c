/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The split virtqueue, device side.  Each descriptor is fetched once into a local and then judged; a
 * chain is bounded by VIRTIO_SEGMENTS, so a loop ends there.
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

#define AVAIL_NO_INTERRUPT 1
#define AVAIL_RING	4	/* offsets: flags, idx, ring[] */
#define USED_RING	4

static bool rd(struct virtio_dev *d, u64 a, void *dst, u32 len)
{
	if (d->guest.read(d->guest.opaque, a, dst, len))
		return true;
	virtio_broken(d, "a ring lies outside the guest's memory");
	return false;
}

static bool wr(struct virtio_dev *d, u64 a, const void *src, u32 len)
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

/* Follows descriptors in a table of n entries at `table`, from index i. */
static bool walk(struct virtio_dev *d, struct virtio_chain *c, u64 table, u32 n, u16 i, bool indirect)
{
	struct desc s;

	do {
		if (i >= n) {
			virtio_broken(d, "a descriptor index is beyond its table");
			return false;
		}
		if (!rd(d, table + i * sizeof(s), &s, sizeof(s)))
			return false;
		if (s.flags & DESC_INDIRECT) {
			if (indirect || (s.flags & DESC_NEXT) || !virtio_has(d, VIRTIO_F_INDIRECT_DESC) ||
			    !s.len || s.len % sizeof(s) || s.len / sizeof(s) > VIRTIO_QUEUE_SIZE) {
				virtio_broken(d, "an indirect descriptor is malformed");
				return false;
			}
			return walk(d, c, s.addr, s.len / sizeof(s), 0, true);
		}
		if (!add_segment(d, c, &s))
			return false;
		i = s.next;
	} while (s.flags & DESC_NEXT);
	return true;
}

bool virtq_waiting(struct virtio_dev *d, u32 q)
{
	struct virtqueue *vq = &d->queue[q];
	u16 idx;

	if (!vq->ready || !virtio_live(d) || !rd(d, vq->avail + 2, &idx, 2))
		return false;
	if ((u16)(idx - vq->next_avail) > vq->size) {
		virtio_broken(d, "the available index jumped");
		return false;
	}
	return idx != vq->next_avail;
}

bool virtq_pop(struct virtio_dev *d, u32 q, struct virtio_chain *c)
{
	struct virtqueue *vq = &d->queue[q];
	u16 slot = vq->next_avail & (vq->size - 1);

	if (!virtq_waiting(d, q) || !rd(d, vq->avail + AVAIL_RING + slot * 2, &c->head, 2))
		return false;
	c->readable = c->writable = 0;
	if (!walk(d, c, vq->desc, vq->size, c->head, false))
		return false;
	vq->next_avail++;
	if (virtio_has(d, VIRTIO_F_EVENT_IDX))	/* tell us of the very next one */
		wr(d, vq->used + USED_RING + vq->size * 8, &vq->next_avail, 2);
	return true;
}

void virtq_push(struct virtio_dev *d, u32 q, u16 head, u32 written)
{
	struct virtqueue *vq = &d->queue[q];
	u32 elem[2] = { head, written };

	if (!wr(d, vq->used + USED_RING + (vq->next_used & (vq->size - 1)) * 8, elem, sizeof(elem)))
		return;
	vq->next_used++;
	wr(d, vq->used + 2, &vq->next_used, 2);
}

void virtq_signal(struct virtio_dev *d, u32 q)
{
	struct virtqueue *vq = &d->queue[q];
	u16 word, fresh = vq->next_used - vq->signalled;

	if (!fresh || !virtio_live(d))
		return;
	vq->signalled = vq->next_used;
	if (virtio_has(d, VIRTIO_F_EVENT_IDX)) {
		if (!rd(d, vq->avail + AVAIL_RING + vq->size * 2, &word, 2))
			return;
		/* Is the one it waits for among these? */
		if ((u16)(vq->next_used - word - 1) >= fresh)
			return;
	} else if (!rd(d, vq->avail, &word, 2) || (word & AVAIL_NO_INTERRUPT)) {
		return;
	}
	d->isr |= 1;
	d->guest.raise_irq(d->guest.opaque);
}

/* ---- the buffers ---- */

static u32 sum(const struct virtio_seg *s, u32 n)
{
	u64 total = 0;

	while (n--)
		total += s++->len;
	return MIN(total, 0xFFFFFFFFull);
}

u32 virtio_readable_bytes(const struct virtio_chain *c) { return sum(c->seg, c->readable); }
u32 virtio_writable_bytes(const struct virtio_chain *c) { return sum(c->seg + c->readable, c->writable); }

static u32 copy(struct virtio_dev *d, const struct virtio_seg *s, u32 n, u32 offset, u8 *to,
		const u8 *from, u32 len)
{
	u32 done = 0;

	for (; n && done < len; n--, s++) {
		u32 part;

		if (offset >= s->len) {
			offset -= s->len;
			continue;
		}
		part = MIN(s->len - offset, len - done);
		if (!(to ? d->guest.read(d->guest.opaque, s->gpa + offset, to + done, part)
			 : d->guest.write(d->guest.opaque, s->gpa + offset, from + done, part))) {
			virtio_broken(d, "a buffer lies outside the guest's memory");
			break;
		}
		done += part;
		offset = 0;
	}
	return done;
}

u32 virtio_copy_from(struct virtio_dev *d, const struct virtio_chain *c, u32 offset, void *dst, u32 len)
{
	return copy(d, c->seg, c->readable, offset, dst, NULL, len);
}

u32 virtio_copy_to(struct virtio_dev *d, const struct virtio_chain *c, u32 offset, const void *src, u32 len)
{
	return copy(d, c->seg + c->readable, c->writable, offset, NULL, src, len);
}
