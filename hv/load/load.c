/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads a kernel and its initrd into the memory of a fresh guest, with what else the Linux boot
 * protocol wants there.  A new guest's memory is zeroed, so only what is not zero is written.
 */
#include <stdio.h>
#include <string.h>
#include "hv/load/kernel_image.h"
#include "hv/load/load.h"

/* struct boot_params, by the offsets of the boot protocol (Documentation/x86/boot.rst and
 * zero-page.rst). */
#define BP_ALT_MEM_K		0x1E0
#define BP_E820_ENTRIES		0x1E8
#define BP_BOOT_FLAG		0x1FE
#define BP_HEADER		0x202
#define BP_VERSION		0x206
#define BP_TYPE_OF_LOADER	0x210
#define BP_LOADFLAGS		0x211
#define BP_RAMDISK_IMAGE	0x218
#define BP_RAMDISK_SIZE		0x21C
#define BP_CMD_LINE_PTR		0x228
#define BP_INITRD_ADDR_MAX	0x22C
#define BP_HARDWARE_SUBARCH	0x23C
#define BP_E820_TABLE		0x2D0
#define BP_SIZE			4096

#define LOADED_HIGH		0x01
#define KEEP_SEGMENTS		0x40
#define LOADER_UNDEFINED	0xFF
#define SUBARCH_LGUEST		1
#define E820_RAM		1

#define LOAD_PIECE	(512u << 10)	/* bytes copied at a time */
#define CMDLINE_AT		0x1000u
/* A kernel with 3 GiB of user space and no high memory can always reach what is below this. */
#define INITRD_CEILING		0x30000000u

struct plan {
	struct kernel_image kernel;
	const struct image *kernel_file, *initrd_file;	/* initrd_file may be NULL */
	u32 initrd_at;
};

static const struct image *load_find(const char *what, const char *name, char *msg, u32 len)
{
	const struct image *i = image_find(name);

	if (!i)
		snprintf(msg, len, "%s %s is not a module; grub.cfg needs a line `module /boot/%s %s`",
			 what, name, name, name);
	else if (i->wrong)
		snprintf(msg, len, "%s %s " IMAGE_WRONG, what, name);
	return i && !i->wrong ? i : NULL;
}

static u32 load_mib(u32 bytes)
{
	return (bytes >> 20) + !!(bytes & ((1u << 20) - 1));
}

static bool plan_fits(const struct plan *p, u32 memory)
{
	u32 top = MIN(memory, INITRD_CEILING), initrd = p->initrd_file ? p->initrd_file->size : 0;

	return p->kernel.end <= memory && initrd <= top && ((top - initrd) & PAGE_MASK) >= (initrd ? p->kernel.end : 0);
}

/* An initrd unpacks to about three times its size, and the kernel wants some memory for itself.
 * What is advised must fit, and this machine must have it. */
static void advise_memory(const struct plan *p, const struct guest_config *cfg, char *msg, u32 len)
{
	u32 initrd = p->initrd_file ? p->initrd_file->size : 0;
	u32 mib = load_mib(p->kernel.end) + 4 * load_mib(initrd) + 8;
	bool would_do = mib <= CONFIG_MOST_MIB && plan_fits(p, mib << 20) && guest_frames(mib << 8) <= frames_free();
	int n = snprintf(msg, len, "too little memory: kernel up to %u KiB and initrd of %u KiB in %u KiB; ",
			 p->kernel.end >> 10, initrd >> 10, cfg->memory >> 10);

	snprintf(msg + n, len - n, would_do ? "memory = %uM would do" : "this machine does not have enough for it", mib);
}

/* Decides everything, changes nothing. */
static bool make_plan(struct plan *p, const struct guest_config *cfg, char *msg, u32 len)
{
	u32 initrd;
	const char *wrong;

	memset(p, 0, sizeof(*p));
	if (!cfg->kernel[0]) {
		snprintf(msg, len, "it has no kernel; write kernel = FILE into its section");
		return false;
	}
	p->kernel_file = load_find("kernel", cfg->kernel, msg, len);
	if (!p->kernel_file)
		return false;
	wrong = kernel_image_parse(&p->kernel, p->kernel_file->data, p->kernel_file->size);
	if (wrong) {
		snprintf(msg, len, "%s %s", cfg->kernel, wrong);
		return false;
	}
	if (cfg->initrd[0]) {
		p->initrd_file = load_find("initrd", cfg->initrd, msg, len);
		if (!p->initrd_file)
			return false;
	}
	if (!plan_fits(p, cfg->memory)) {
		advise_memory(p, cfg, msg, len);
		return false;
	}
	initrd = p->initrd_file ? p->initrd_file->size : 0;
	p->initrd_at = initrd ? (MIN(cfg->memory, INITRD_CEILING) - initrd) & PAGE_MASK : 0;
	return true;
}

bool load_check(const struct guest_config *cfg, char *msg, u32 len)
{
	struct plan p;

	return make_plan(&p, cfg, msg, len);
}

/* Is there a word that begins with start? */
static bool has_word(const char *line, const char *start)
{
	const char *s = line;

	while ((s = strstr(s, start))) {
		if (s == line || s[-1] == ' ' || s[-1] == '\t')
			return true;
		s++;
	}
	return false;
}

static void load_put(u8 *bp, u32 offset, u32 value, u32 bytes)
{
	memcpy(bp + offset, &value, bytes);
}

static bool write_boot_params(struct guest *g, const struct plan *p)
{
	static u8 bp[BP_SIZE];		/* too large for the stack */

	memset(bp, 0, sizeof(bp));
	load_put(bp, BP_VERSION, 0x207, 2);
	load_put(bp, BP_INITRD_ADDR_MAX, INITRD_CEILING - 1, 4);
	memcpy(bp + SETUP_HEADER, p->kernel_file->data + SETUP_HEADER, p->kernel.setup_len);
	load_put(bp, BP_BOOT_FLAG, 0xAA55, 2);
	memcpy(bp + BP_HEADER, "HdrS", 4);
	load_put(bp, BP_TYPE_OF_LOADER, LOADER_UNDEFINED, 1);
	load_put(bp, BP_LOADFLAGS, LOADED_HIGH | KEEP_SEGMENTS, 1);
	load_put(bp, BP_RAMDISK_IMAGE, p->initrd_at, 4);
	load_put(bp, BP_RAMDISK_SIZE, p->initrd_file ? p->initrd_file->size : 0, 4);
	load_put(bp, BP_CMD_LINE_PTR, CMDLINE_AT, 4);
	load_put(bp, BP_HARDWARE_SUBARCH, SUBARCH_LGUEST, 4);
	/* lguest kernels take a single e820 entry as it is.  Later kernels do not believe a map of
	 * one entry and make their own from alt_mem_k, the KiB above 1 MiB. */
	load_put(bp, BP_ALT_MEM_K, g->cfg->memory / 1024 - 1024, 4);
	load_put(bp, BP_E820_ENTRIES, 1, 1);
	load_put(bp, BP_E820_TABLE + 8, g->cfg->memory, 4);
	load_put(bp, BP_E820_TABLE + 16, E820_RAM, 4);
	return gmem_write(g, gpa(0), bp, sizeof(bp));
}

void load_cmdline(const struct guest *g, const char *devices, char *line, u32 len)
{
	const char *user = g->cfg->cmdline;

	snprintf(line, len, "%s%s%s%s%s%s", user, user[0] ? " " : "",
		 has_word(user, "console=") ? "" : "console=hvc0 ",
		 has_word(user, "hostname=") ? "" : "hostname=",
		 has_word(user, "hostname=") ? "" : g->name, devices);
}

static bool write_cmdline(struct guest *g, const char *devices)
{
	char line[LOAD_CMDLINE];

	load_cmdline(g, devices, line, sizeof(line));
	return gmem_write(g, gpa(CMDLINE_AT), line, (u32)strlen(line) + 1);
}

bool load_piece(struct guest *g, u32 *at, char *msg, u32 len)
{
	const struct kernel_piece *k;
	u32 i, n, from = *at;
	struct plan p;

	if (!make_plan(&p, g->cfg, msg, len))
		return false;
	snprintf(msg, len, "its memory is too small for what is to be loaded");
	for (i = 0; i < p.kernel.pieces; from -= k->len, i++) {
		k = &p.kernel.piece[i];
		if (from >= k->len)
			continue;
		n = MIN(k->len - from, LOAD_PIECE);
		*at += n;
		return gmem_write(g, gpa(k->gpa + from), p.kernel_file->data + k->offset + from, n);
	}
	if (!p.initrd_file || from >= p.initrd_file->size)
		return true;
	n = MIN(p.initrd_file->size - from, LOAD_PIECE);
	*at += n;
	return gmem_write(g, gpa(p.initrd_at + from), p.initrd_file->data + from, n);
}

bool load_guest(struct guest *g, const char *devices, u32 *entry, char *msg, u32 len)
{
	struct plan p;
	bool ok;

	if (!make_plan(&p, g->cfg, msg, len))
		return false;
	ok = write_boot_params(g, &p) && write_cmdline(g, devices);
	if (!ok)
		snprintf(msg, len, "its memory is too small for what is to be loaded");
	*entry = p.kernel.entry;
	return ok;
}
