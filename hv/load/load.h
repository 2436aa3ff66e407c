/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot loader brought (options, modules, the configuration), and how kernels get into
 * guests. */
#ifndef HV_LOAD_LOAD_H
#define HV_LOAD_LOAD_H

#include "hv/load/config.h"
#include "hv/mem/mem.h"

struct boot_info;

/* ---- cmdline.c: the hypervisor's own command line, "key=value key=value flag" ---- */
void cmdline_init(const char *line);	/* line must stay valid */
/* Copies the value of key into buf, cut to len bytes, and returns buf; NULL: the key is not there.
 * A word that is just the key has the value "". */
const char *hv_cmdline_get(const char *key, char *buf, u32 len);
void cmdline_complain(void);		/* about words that nobody has asked for */

/* ---- images.c: Multiboot modules by name ---- */
struct image {			/* machine memory we own */
	const char *name;	/* the last path component of the module's first word */
	const u8 *data;
	u32 size;
	bool wrong;		/* the manifest says that it ought to be another */
};
#define IMAGE_WRONG	"came in wrong: read it again, or write the stick or CD anew"
void images_init(const struct boot_info *bi);
u32 images_bytes(void);			/* in all images together */
const struct image *image_find(const char *name);	/* NULL: there is none */
const struct image *image_at(u32 i);	/* the i-th; NULL: there is none */

/* ---- load.c: puts kernel and initrd into guest memory ---- */
/* Checks kernel and initrd, before the guest is given any memory.  false: msg says what is
 * wrong. */
bool load_check(const struct guest_config *cfg, char *msg, u32 len);
/* Copies a piece of kernel and initrd, beginning at byte *at, and advances *at.  If *at does not
 * move, everything is loaded.  false: msg says what is wrong. */
bool load_piece(struct guest *g, u32 *at, char *msg, u32 len);
/* The command line: the guest's own, what Ringlet adds, and `devices`. */
#define LOAD_CMDLINE	1024		/* 256 from ringlet.conf, and 38 per device */
void load_cmdline(const struct guest *g, const char *devices, char *line, u32 len);
/* After that: writes boot_params and the command line, which ends with `devices`, and sets
 * *entry. */
bool load_guest(struct guest *g, const char *devices, u32 *entry, char *msg, u32 len);

#endif
