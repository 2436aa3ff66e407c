/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's `info`: what one guest is made from, how it is, and where it is or was. */
#include <stdio.h>
#include <string.h>
#include "hv/dev/dev.h"
#include "hv/load/kernel_map.h"
#include "hv/run/run.h"
#include "hv/ui/monitor.h"

#define SYMBOL_BYTES	0x10000	/* none is longer; beyond the last one there is only memory */
#define PIECE	200		/* say() takes no longer ones */

/* "  eax is do_idle+0x13", if the kernel's map is a module, called as the kernel and ".map", and
 * something in it is not far below. */
static void say_symbol(const struct guest *g, const char *what, u32 address)
{
	char name[sizeof(g->cfg->kernel) + 4], symbol[64];
	const struct image *map;
	u32 offset;

	snprintf(name, sizeof(name), "%s.map", g->cfg->kernel);
	map = image_find(name);
	if (map && kernel_map_find((const char *)map->data, map->size, address, symbol, sizeof(symbol), &offset) &&
	    offset < SYMBOL_BYTES)
		say("  %s %s+0x%x\n", what, symbol, offset);
}

static void say_regs(const struct guest *g, const struct vcpu_regs *r, u32 cr2, u32 cr3)
{
	say_symbol(g, "at", r->eip);
	say("  eip %08x  eflags %08x  esp %08x  cs %04x  ss %04x\n", r->eip,
	    r->eflags, r->esp, r->cs & 0xFFFF, r->ss & 0xFFFF);
	say("  eax %08x  ebx %08x  ecx %08x  edx %08x\n", r->eax, r->ebx,
	    r->ecx, r->edx);
	say("  esi %08x  edi %08x  ebp %08x  ds %04x  es %04x  fs %04x  gs %04x\n", r->esi,
	    r->edi, r->ebp, r->ds & 0xFFFF, r->es & 0xFFFF,
	    r->fs & 0xFFFF, r->gs & 0xFFFF);
	say("  cr2 %08x  cr3 %08x\n", cr2, cr3);
	say_symbol(g, "eax is", r->eax);
	say_symbol(g, "ebx is", r->ebx);
	say_symbol(g, "ecx is", r->ecx);
	say_symbol(g, "edx is", r->edx);
	say_symbol(g, "esi is", r->esi);
	say_symbol(g, "edi is", r->edi);
	say_symbol(g, "ebp is", r->ebp);
	say_symbol(g, "esp is", r->esp);
	say_symbol(g, "cr2 is", cr2);
}

/* All of it, as the kernel sees it; the places of devices are known only while it runs. */
static void say_cmdline(const struct guest *g)
{
	char line[LOAD_CMDLINE], devices[DEVICES_CMDLINE] = "";
	const char *at;

	vdev_cmdline(g, devices, sizeof(devices));
	load_cmdline(g, devices, line, sizeof(line));
	say("cmdline  ");
	for (at = line; *at; at += strnlen(at, PIECE))
		say("%.*s", PIECE, at);
	say("\n");
}

static void say_config(const struct guest_config *cfg)
{
	u32 i;

	if (cfg->error[0])
		say("config   %s\n", cfg->error);
	say("kernel   %s\ninitrd   %s\n", cfg->kernel, cfg->initrd[0] ? cfg->initrd : "(none)");
	for (i = 0; i < cfg->disks; i++)
		say("disk     %s%s%s\n", cfg->disk[i].image[0] ? cfg->disk[i].image : "ram",
		    cfg->disk[i].ro ? " ro" : "", cfg->disk[i].cow ? " cow" : "");
	for (i = 0; i < cfg->nets; i++)
		say("net      %s\n", cfg->net[i].lan);
}

void cmd_info(char **w)
{
	struct guest *g = need_guest(w[1]);

	if (!g)
		return;
	say("name     %s (%u)\nstate    %s\n", g->name, g->id, guest_state_name(g));
	if (g->reason[0])
		say("reason   %s\n", g->reason);
	say_config(g->cfg);
	say_cmdline(g);
	say("memory   %u KiB\nstarts   %u\n", (g->cfg->memory >> 10), g->starts);
	if (g->vcpu) {
		say("shadow   %u of %u page tables\nregisters when it was last out\n",
		    g->shadow.pages, g->shadow.max_pages);
		say_regs(g, g->vcpu->regs, g->vcpu->page->cr2, g->vcpu->cr3);
	} else if (g->have_last_regs) {
		say("last registers\n");
		say_regs(g, &g->last_regs, g->last_cr2, g->last_cr3);
	}
}
