/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's `start`, `set` and `new`: what a guest is, for one life or for good, in the words of
 * ringlet.conf.
 */
#include <stdio.h>
#include <string.h>
#include "hv/lib/lib.h"
#include "hv/load/load.h"
#include "hv/run/run.h"
#include "hv/ui/monitor.h"

static void say_wrong(const char *line)
{
	say("%s\n", line);
}

static u32 count_words(char **w)
{
	u32 n = 0;

	while (w[n][0])
		n++;
	return n;
}

/* A guest's disks and cards are made with it, and when it starts by itself is over. */
static bool may_change(char **w)
{
	static const char *const fixed[] = { "disk=", "net=", "start=" };
	u32 i;

	for (; **w; w++)
		for (i = 0; i < ARRAY_SIZE(fixed); i++)
			if (!strncmp(*w, fixed[i], strlen(fixed[i]))) {
				say("%.*s cannot be changed while Ringlet runs: that is for ringlet.conf, or `new`\n",
				    (int)strlen(fixed[i]) - 1, fixed[i]);
				return false;
			}
	return true;
}

static bool need_image(const char *key, const char *name)
{
	const struct image *image;
	u32 i;

	if (!name[0] || image_find(name))
		return true;
	say("%s: no file %s (there are:", key, name);
	for (i = 0; (image = image_at(i)); i++)
		say("%s %s", i ? "," : "", image->name);
	say(")\n");
	return false;
}

/* Takes the words into *cfg; false: what is wrong was printed. */
static bool take_words(struct guest_config *cfg, char **w)
{
	bool ok = config_words(cfg, w, count_words(w), say_wrong);
	u32 i;

	ok = ok && need_image("kernel", cfg->kernel) && need_image("initrd", cfg->initrd);
	for (i = 0; ok && i < cfg->disks; i++)
		ok = need_image("disk", cfg->disk[i].image);
	return ok;
}

void cmd_start(char **w)
{
	struct guest *g = need_guest(w[1]);
	struct guest_config cfg;
	char msg[160];

	if (!g || !may_change(w + 2))
		return;
	cfg = *g->config;
	if (w[2][0] && !take_words(&cfg, w + 2))
		return;
	if (w[2][0] ? !guest_start_as(g, &cfg, msg, sizeof(msg)) : !guest_start(g, msg, sizeof(msg)))
		say("%s cannot start: %s\n", g->name, msg);
}

/* As lines of ringlet.conf. */
static void say_size(const char *key, const char *before, u32 bytes)
{
	bool mib = !(bytes & ((1u << 20) - 1));

	say("%-7s = %s%u%c", key, before, mib ? bytes >> 20 : bytes >> 10, mib ? 'M' : 'K');
}

static void say_disk(const struct disk_config *d)
{
	if (d->image[0])
		say("disk    = %s", d->image);
	else
		say_size("disk", "ram:", d->ram);
	say("%s%s\n", d->ro ? " ro" : "", d->cow ? " cow" : "");
}

static void say_net(const struct net_config *n)
{
	const u8 *m = n->mac;

	say("net     = %s", n->lan);
	if (n->have_mac)
		say(" mac=%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	say("%s\n", n->strict ? " strict" : "");
}

static void say_config(const struct guest_config *c)
{
	u32 i;

	say("[%s]\n", c->name);
	if (c->error[0])
		say("# %s\n", c->error);
	say("kernel  = %s\n", c->kernel);
	if (c->initrd[0])
		say("initrd  = %s\n", c->initrd);
	say_size("memory", "", c->memory);
	say("\n");
	if (c->cmdline[0])
		say("cmdline = %s\n", c->cmdline);
	for (i = 0; i < c->disks; i++)
		say_disk(&c->disk[i]);
	for (i = 0; i < c->nets; i++)
		say_net(&c->net[i]);
	if (c->start)
		say("start   = yes\n");
}

void cmd_set(char **w)
{
	struct guest_config cfg;
	struct guest *g;
	char msg[160];
	u32 i;

	for (i = 0; !w[1][0] && i < guest_count; i++)
		say_config(guests[i]->config);
	g = w[1][0] || !guest_count ? need_guest(w[1]) : NULL;
	if (!g || !may_change(w + 2))
		return;
	cfg = *g->config;
	if (!w[2][0])
		say_config(&cfg);
	else if (take_words(&cfg, w + 2) && !guest_configure(g, &cfg, msg, sizeof(msg)))
		say("%s\n", msg);
}

void cmd_new(char **w)
{
	struct guest_config cfg;
	struct guest *g;
	char msg[160];

	if (!w[1][0]) {
		say("new NAME kernel=FILE [KEY=VALUE]...: the keys are those of ringlet.conf\n");
		return;
	}
	if (!config_new(&cfg, w[1], say_wrong) || !take_words(&cfg, w + 2))
		return;
	if (!cfg.kernel[0]) {
		say("%s needs a kernel: new %s kernel=FILE\n", cfg.name, cfg.name);
		return;
	}
	g = guest_new(&cfg, msg, sizeof(msg));
	if (!g)
		say("%s\n", msg);
	else if (!cfg.start)
		say("%s is guest %u; `start %s` starts it\n", g->name, g->id, g->name);
	else if (!guest_start(g, msg, sizeof(msg)))
		say("%s cannot start: %s\n", g->name, msg);
}
