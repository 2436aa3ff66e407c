/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's `disk`: lists the disks, sends one out, drops its changes. */
#include <string.h>
#include "hv/dev/dev.h"
#include "hv/dev/disk.h"
#include "hv/run/run.h"
#include "hv/ui/monitor.h"

static const char *image_name(const struct disk *d)
{
	return d->cfg->image[0] ? d->cfg->image : "ram";
}

static void cmd_disk_list(void)
{
	const struct disk *d;
	int widest = sizeof("image") - 1;
	u32 i;

	for (i = 0; (d = disk_at(i)); i++)
		widest = MAX(widest, (int)strlen(image_name(d)));
	if (i)
		say("%-20s %-*s %11s  %-8s %11s\n", "name", widest, "image", "size", "kind", "changed");
	else
		say("no disks: a guest gets one by a line `disk = IMAGE` in ringlet.conf\n");
	for (i = 0; (d = disk_at(i)); i++) {
		say("%-20s %-*s %7u KiB  %-8s %7u KiB%s\n", d->name, widest, image_name(d), (d->bytes >> 10),
		    d->cfg->ro ? "ro" : d->cfg->cow ? "cow" : d->image ? "in place" : d->cfg->image[0] ? "-" : "ram",
		    d->changed * 4, d->image || !d->cfg->image[0] ? "" : "  (no such module)");
		if (d == disk_saving())
			say("  being sent: %u%%\n", disk_saving_percent());
	}
}

/* "alpha.vda", or "alpha" if that guest has just one. */
static struct disk *cmd_disk_named(const char *name)
{
	struct disk *d, *found = NULL;
	u32 i, hits = 0;

	for (i = 0; (d = disk_at(i)); i++) {
		if (!strcmp(d->name, name))
			return d;
		if (guest_find(name) == d->guest) {
			found = d;
			hits++;
		}
	}
	return hits == 1 ? found : NULL;
}

/* The disk of that name if nobody is using it; NULL: the reason was printed. */
static struct disk *idle_disk(const char *name)
{
	struct disk *d = cmd_disk_named(name);

	if (!d)
		say("%s%s%s: `disk` lists all, with names like alpha.vda\n", *name ? "no disk '" : "which disk",
		    name, *name ? "'" : "");
	else if (d->guest->vcpu || d->guest->state == GUEST_BUILDING)
		say("%s %s; shutdown or destroy it first\n", d->guest->name, guest_is(d->guest));
	else if (d->dropping)
		say("%s is being reset\n", d->name);
	else if (d == disk_saving())
		say("%s is being sent; `disk cancel` stops that\n", d->name);
	else
		return d;
	return NULL;
}

static void cmd_disk_save(const char *name)
{
	struct disk *d = idle_disk(name);
	const char *wrong = d ? disk_save(d) : NULL;

	if (wrong)
		say("%s cannot be sent: %s\n", d->name, wrong);
	else if (d)
		say("%s is being sent on COM2, to tools/receive-disk\n", d->name);
}

static void cmd_disk_reset(const char *name)
{
	struct disk *d = idle_disk(name);

	if (d && d->in_place)
		say("%s is written in place: its changes are in the image; `cow` in ringlet.conf keeps them apart\n",
		    d->name);
	else if (d) {
		disk_reset(d);
		say("%s: %u KiB of changes are dropped\n", d->name, d->changed * 4);
	}
}

void cmd_disk(char **w)
{
	if (!w[1][0])
		cmd_disk_list();
	else if (!strcmp(w[1], "save"))
		cmd_disk_save(w[2]);
	else if (!strcmp(w[1], "reset"))
		cmd_disk_reset(w[2]);
	else if (strcmp(w[1], "cancel"))
		say("no disk command '%s': disk, disk save NAME, disk reset NAME, disk cancel\n", w[1]);
	else
		say(disk_save_cancel() ? "cancelled\n" : "no disk is being sent\n");
}
