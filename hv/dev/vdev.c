/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio devices of a guest: which it has, where their registers are, and the few things they
 * may do to the guest.  Device 0 is the console, then comes the entropy device, then the disks and
 * networks in the order of ringlet.conf, so that each keeps its place from boot to boot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/time.h"
#include "drivers/virtio/console.h"
#include "hv/cpu/cpu.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"

#define MOST_LOGGED 4		/* a guest can break and reset a device as often as it likes */

struct vdev_guest {		/* what a device sees as its guest */
	struct guest *guest;
	u32 index;
	u32 logged;
};

static bool in_reach(u64 a, u32 len)
{
	return a + len >= a && a + len <= 0xFFFFFFFFull;
}

static bool guest_read(void *opaque, u64 a, void *dst, u32 len)
{
	struct vdev_guest *v = opaque;

	return in_reach(a, len) && gmem_read(v->guest, gpa(a), dst, len);
}

static bool guest_write(void *opaque, u64 a, const void *src, u32 len)
{
	struct vdev_guest *v = opaque;

	return in_reach(a, len) && gmem_write(v->guest, gpa(a), src, len);
}

static enum virtio_copied guest_copy(void *to, u64 to_gpa, void *from, u64 from_gpa, u32 len)
{
	struct vdev_guest *t = to, *f = from;

	if (!in_reach(from_gpa, len))
		return VIRTIO_BAD_SOURCE;
	if (!in_reach(to_gpa, len))
		return VIRTIO_BAD_TARGET;
	switch (gmem_copy(t->guest, gpa(to_gpa), f->guest, gpa(from_gpa), len)) {
	case GMEM_COPIED: return VIRTIO_COPIED;
	case GMEM_BAD_SOURCE: return VIRTIO_BAD_SOURCE;
	default: return VIRTIO_BAD_TARGET;
	}
}

static void raise_irq(void *opaque, u32 why)
{
	struct vdev_guest *v = opaque;

	v->guest->stats.vdev_irqs++;
	shared_device_status(v->guest->vcpu, v->index, why);
	virq_raise(v->guest, RINGLET_IRQ_DEVICE + v->index);
}

static void poll_soon(void *opaque)
{
	struct vdev_guest *v = opaque;

	v->guest->vdevs_due |= BIT(v->index);
}

/* If several ask, the first one counts. */
static void settle_within(void *opaque, u32 ns)
{
	struct vdev_guest *v = opaque;

	if (!v->guest->settle_ns)
		v->guest->settle_ns = time_ns() + ns;
}

static void device_log(void *opaque, const char *line)
{
	struct vdev_guest *v = opaque;

	if (v->logged < MOST_LOGGED)
		hv_log("%s: virtio device %u needs a reset: %s", v->guest->name, v->index, line);
	v->logged++;
}

/* ---- the console ---- */

static u32 con_room(void *g) { return console_room(g); }
static void con_output(void *g, const void *data, u32 len) { console_write(g, data, len); }
static u32 con_input(void *g, void *data, u32 len) { return console_input(g, data, len); }
static bool con_typed(void *g) { return console_typed(g); }

static struct virtio_dev *make_console(struct guest *g, u32 n, const struct virtio_guest *access)
{
	struct virtio_console_backend b = { g, con_room, con_output, con_input, con_typed };
	u32 cols, rows;

	(void)n;
	console_size(g, &cols, &rows);
	return virtio_console_create(access, &b, cols, rows);
}

void vdev_console_resized(struct guest *g)
{
	u32 cols, rows;

	console_size(g, &cols, &rows);
	if (g->vdevs)
		virtio_console_resize(g->vdev[0], cols, rows);
}

/* ---- registers ---- */

static struct virtio_dev *device_at(const struct guest *g, gpa_t a)
{
	u32 i = (gpa_x(a) - VDEV_BASE) / PAGE_SIZE;

	return gpa_x(a) >= VDEV_BASE && i < g->vdevs ? g->vdev[i] : NULL;
}

static bool vdev_has(const struct guest *g, gpa_t a)
{
	return device_at(g, a);
}

static u32 vdev_read(struct guest *g, gpa_t a, u32 size)
{
	struct virtio_dev *d = device_at(g, a);

	return d ? virtio_mmio_read(d, gpa_x(a) & ~PAGE_MASK, size) : ~0u;
}

static void vdev_write(struct guest *g, gpa_t a, u32 size, u32 value)
{
	struct virtio_dev *d = device_at(g, a);

	work_begin(&g->work);
	if (d && (gpa_x(a) & ~PAGE_MASK) == VIRTIO_MMIO_NOTIFY)
		g->stats.vdev_kicks++;
	if (d)
		virtio_mmio_write(d, gpa_x(a) & ~PAGE_MASK, size, value);
}

bool vdev_kick(struct guest *g, u32 n, u32 queue)
{
	if (n >= g->vdevs)
		return false;
	vdev_write(g, gpa(VDEV_BASE + n * PAGE_SIZE + VIRTIO_MMIO_NOTIFY), 4, queue);
	return true;
}

static const struct guest_bus vdev_bus = { vdev_has, vdev_read, vdev_write };

/* ---- all devices ---- */

static bool vdev_add(struct guest *g, u32 n,
		     struct virtio_dev *(*make)(struct guest *g, u32 n, const struct virtio_guest *access))
{
	struct vdev_guest *v = malloc(sizeof(*v));
	struct virtio_guest access = {
		v, guest_read, guest_write, raise_irq, device_log, guest_copy, poll_soon, settle_within,
		&g->work,
	};
	struct virtio_dev *d;

	if (!v)
		return false;
	*v = (struct vdev_guest){ .guest = g, .index = g->vdevs };
	d = make(g, n, &access);
	if (!d) {
		free(v);
		return false;
	}
	g->vdev[g->vdevs++] = d;
	return true;
}

bool vdevs_create(struct guest *g, char *msg, u32 len)
{
	bool ok = vdev_add(g, 0, make_console) && vdev_add(g, 0, entropy_make);
	u32 i;

	g->bus = &vdev_bus;
	for (i = 0; i < g->cfg->disks; i++)
		ok = ok && vdev_add(g, i, disk_make);
	for (i = 0; i < g->cfg->nets; i++)
		ok = ok && vdev_add(g, i, lan_make);
	if (!ok)
		snprintf(msg, len, "no memory for its devices");
	return ok;
}

void vdevs_destroy(struct guest *g)
{
	g->vdevs_due = 0;
	g->settle_ns = 0;
	while (g->vdevs) {
		struct virtio_dev *d = g->vdev[--g->vdevs];

		free(d->guest.opaque);
		d->ops->destroy(d);
	}
}

/* A device with work left in a queue is polled again, though it may have nothing to do right
 * now. */
bool vdevs_poll(struct guest *g)
{
	u32 due = g->vdevs_due, i, at;
	bool more = false, first = true;

	work_begin(&g->work);
	console_show(g);
	g->vdevs_due = 0;
	for (i = 0; due && i < g->vdevs; i++) {
		struct virtio_dev *d;

		at = (g->vdev_first + i) % g->vdevs;
		if (!(due & BIT(at)))
			continue;
		due &= ~BIT(at);
		d = g->vdev[at];
		more |= d->ops->poll ? d->ops->poll(d) : virtio_poll(d);
		if (virtio_pending(d))
			g->vdevs_due |= BIT(at);
		if (g->work.left > 0) {
			first = false;
			continue;
		}
		/* Next time begin with this device, unless it had this piece all to itself. */
		g->vdev_first = first ? at + 1 : at;
		g->vdevs_due |= due;
		return true;
	}
	return more || console_pending(g);	/* the guest may just have written something */
}

void vdev_console_typed(struct guest *g)
{
	if (g->vdevs)
		g->vdevs_due |= BIT(0);
}

void vdevs_settle(struct guest *g)
{
	u32 i;

	g->settle_ns = 0;
	for (i = 0; i < g->vdevs; i++)
		if (g->vdev[i]->ops->settle)
			g->vdev[i]->ops->settle(g->vdev[i]);
}

void vdev_cmdline(const struct guest *g, char *buf, u32 len)
{
	u32 i, n = strlen(buf);

	for (i = 0; i < g->vdevs && n < len; i++)
		n += snprintf(buf + n, len - n, " virtio_mmio.device=4K@0x%x:%u",
			      (VDEV_BASE + i * PAGE_SIZE), RINGLET_IRQ_DEVICE + i);
}
