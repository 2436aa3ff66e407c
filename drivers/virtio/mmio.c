/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of a virtio-mmio device, version 2, and the states a driver goes through. */
#include <string.h>
#include "drivers/virtio/virtio.h"

enum {	/* register offsets */
	MAGIC = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, VENDOR_ID = 0x00C,
	DEVICE_FEATURES = 0x010, DEVICE_FEATURES_SEL = 0x014,
	DRIVER_FEATURES = 0x020, DRIVER_FEATURES_SEL = 0x024,
	QUEUE_SEL = 0x030, QUEUE_NUM_MAX = 0x034, QUEUE_NUM = 0x038, QUEUE_READY = 0x044,
	QUEUE_NOTIFY = VIRTIO_MMIO_NOTIFY, INTERRUPT_STATUS = 0x060, INTERRUPT_ACK = 0x064, STATUS = 0x070,
	QUEUE_DESC = 0x080, QUEUE_DRIVER = 0x090, QUEUE_DEVICE = 0x0A0,	/* low, then high word */
	SHM = 0x0B0, SHM_END = 0x0BF, CONFIG_GENERATION = 0x0FC, CONFIG = 0x100,
};

#define MAGIC_VALUE	0x74726976	/* "virt" */
#define VENDOR_VALUE	0x474C4E52	/* "RNLG" */

#define FEATURES_OK	0x08		/* status bits */
#define DRIVER_OK	0x04
#define NEEDS_RESET	0x40
#define FAILED		0x80
#define DRIVERS_OWN	0x8F		/* bits the driver may set */

void virtio_init(struct virtio_dev *d, const struct virtio_ops *ops, const struct virtio_guest *g,
		 u64 features)
{
	memset(d, 0, sizeof(*d));
	d->ops = ops;
	d->guest = *g;
	d->features = features | 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_F_INDIRECT_DESC |
		      1ull << VIRTIO_F_EVENT_IDX;
}

bool virtio_live(const struct virtio_dev *d)
{
	return (d->status & (DRIVER_OK | NEEDS_RESET | FAILED)) == DRIVER_OK;
}

void virtio_interrupt(struct virtio_dev *d, u32 why)
{
	d->isr |= why;
	d->guest.raise_irq(d->guest.opaque, why);
}

void virtio_config_changed(struct virtio_dev *d)
{
	d->generation++;
	virtio_interrupt(d, VIRTIO_INT_CONFIG);
}

void virtio_broken(struct virtio_dev *d, const char *why)
{
	if (d->status & NEEDS_RESET)
		return;
	d->status |= NEEDS_RESET;
	d->guest.log(d->guest.opaque, why);
	if (d->status & DRIVER_OK)
		virtio_config_changed(d);
}

static void mmio_reset(struct virtio_dev *d)
{
	u32 q;

	d->accepted = 0;
	d->features_sel = d->driver_features_sel = d->queue_sel = 0;
	d->status = d->isr = 0;
	memset(d->queue, 0, sizeof(d->queue));
	for (q = 0; d->ops->reset && q < d->ops->queues; q++)
		d->ops->reset(d, q);
}

static void mmio_poll_soon(struct virtio_dev *d)
{
	if (d->guest.poll_soon)
		d->guest.poll_soon(d->guest.opaque);
}

static void set_status(struct virtio_dev *d, u32 value)
{
	bool was = virtio_live(d);

	if (!(value & 0xFF)) {
		mmio_reset(d);
		return;
	}
	value = (value & DRIVERS_OWN) | d->status;	/* only a reset clears bits */
	/* If it accepts features we did not offer, or is an old driver, FEATURES_OK does not stick,
	 * and without that nothing works. */
	if ((d->accepted & ~d->features) || !virtio_has(d, VIRTIO_F_VERSION_1))
		value &= ~FEATURES_OK;
	if (!(value & FEATURES_OK))
		value &= ~DRIVER_OK;
	d->status = value;
	if (was || !virtio_live(d))
		return;
	if (d->ops->started)
		d->ops->started(d);
	mmio_poll_soon(d);
}

static struct virtqueue *mmio_selected(struct virtio_dev *d)
{
	return d->queue_sel < d->ops->queues ? &d->queue[d->queue_sel] : NULL;
}

static u32 read_config(struct virtio_dev *d, u32 offset, u32 size)
{
	u32 len, v = 0;
	const u8 *config = d->ops->config(d, &len);

	if (offset < len)
		memcpy(&v, config + offset, MIN(size, len - offset));
	return v;
}

u32 virtio_mmio_read(struct virtio_dev *d, u32 offset, u32 size)
{
	struct virtqueue *vq = mmio_selected(d);

	if (offset >= CONFIG)
		return read_config(d, offset - CONFIG, size);
	if (size != 4)
		return 0;
	switch (offset) {
	case MAGIC:		return MAGIC_VALUE;
	case VERSION:		return 2;
	case DEVICE_ID:		return d->ops->device_id;
	case VENDOR_ID:		return VENDOR_VALUE;
	case DEVICE_FEATURES:	return d->features_sel > 1 ? 0 : d->features >> (32 * d->features_sel);
	case QUEUE_NUM_MAX:	return vq ? VIRTIO_QUEUE_SIZE : 0;
	case QUEUE_READY:	return vq ? vq->ready : 0;
	case INTERRUPT_STATUS:	return d->isr;
	case STATUS:		return d->status;
	case SHM ... SHM_END:	return ~0u;	/* no shared memory: its length and address */
	case CONFIG_GENERATION:	return d->generation;
	}
	return 0;
}

static void set_half(u64 *a, bool high, u32 value)
{
	*a = high ? (*a & 0xFFFFFFFFull) | (u64)value << 32 : (*a & ~0xFFFFFFFFull) | value;
}

static void set_ready(struct virtio_dev *d, struct virtqueue *vq, u32 value)
{
	if (value && (!vq->size || (vq->desc & 15) || (vq->avail & 1) || (vq->used & 3))) {
		virtio_broken(d, "a queue is made ready without a size, or misaligned");
		return;
	}
	if (vq->ready == value)
		return;
	/* The guest takes its buffers back, so we drop what we were doing with them. */
	if (!value && d->ops->reset)
		d->ops->reset(d, d->queue_sel);
	vq->ready = value;
	vq->next_avail = vq->seen_avail = vq->next_used = vq->signalled = 0;
	vq->kicked = false;
}

static void write_queue(struct virtio_dev *d, struct virtqueue *vq, u32 offset, u32 value)
{
	if (offset == QUEUE_READY) {
		set_ready(d, vq, value & 1);
		return;
	}
	if (vq->ready)			/* a live queue does not move */
		return;
	switch (offset) {
	case QUEUE_NUM:
		if (!value || value > VIRTIO_QUEUE_SIZE || (value & (value - 1)))
			virtio_broken(d, "a queue's size is no power of two up to 256");
		else
			vq->size = value;
		break;
	case QUEUE_DESC:
	case QUEUE_DESC + 4:	set_half(&vq->desc, offset & 4, value); break;
	case QUEUE_DRIVER:
	case QUEUE_DRIVER + 4:	set_half(&vq->avail, offset & 4, value); break;
	case QUEUE_DEVICE:
	case QUEUE_DEVICE + 4:	set_half(&vq->used, offset & 4, value); break;
	}
}

static void mmio_notify(struct virtio_dev *d, u32 q)
{
	if (q >= d->ops->queues || !d->queue[q].ready || !virtio_live(d))
		return;
	d->queue[q].kicked = true;
	mmio_poll_soon(d);
	if (!d->ops->lazy)
		virtio_poll(d);
}

void virtio_mmio_write(struct virtio_dev *d, u32 offset, u32 size, u32 value)
{
	struct virtqueue *vq = mmio_selected(d);

	if (offset >= CONFIG) {
		if (d->ops->config_write)
			d->ops->config_write(d, offset - CONFIG, size, value);
		return;
	}
	if (size != 4)
		return;
	switch (offset) {
	case DEVICE_FEATURES_SEL:	d->features_sel = value; break;
	case DRIVER_FEATURES_SEL:	d->driver_features_sel = value; break;
	case DRIVER_FEATURES:
		if (!(d->status & FEATURES_OK) && d->driver_features_sel < 2)
			set_half(&d->accepted, d->driver_features_sel, value);
		break;
	case QUEUE_SEL:			d->queue_sel = value; break;
	case QUEUE_NOTIFY:		mmio_notify(d, value); break;
	case INTERRUPT_ACK:		d->isr &= ~value; break;
	case STATUS:			set_status(d, value); break;
	default:
		if (vq)
			write_queue(d, vq, offset, value);
	}
}

bool virtio_pending(const struct virtio_dev *d)
{
	u32 q;

	for (q = 0; q < d->ops->queues; q++)
		if (d->queue[q].kicked)
			return virtio_live(d);
	return false;
}

bool virtio_poll(struct virtio_dev *d)
{
	bool more = false;
	u32 q;

	for (q = 0; q < d->ops->queues; q++) {
		if (!d->queue[q].kicked || !virtio_live(d))
			continue;
		d->queue[q].kicked = d->ops->process(d, q);
		more |= d->queue[q].kicked;
	}
	return more;
}
