/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came with us: options, modules, the configuration, and kernels into guests' memory. */
#ifndef HV_LOAD_LOAD_H
#define HV_LOAD_LOAD_H

#include "hv/load/config.h"
#include "hv/mem/mem.h"

struct boot_info;

/* ---- cmdline.c: the hypervisor's own command line, "key=value key=value flag" ---- */
void cmdline_init(const char *line);	/* which stays where it is */
/* Copies the value of key into buf, cut to len, and returns buf; NULL: key is not there.  A word
 * that is just the key has the value "". */
const char *hv_cmdline_get(const char *key, char *buf, u32 len);
void cmdline_complain(void);		/* of words that nobody has asked for */

/* ---- images.c: Multiboot modules by name ---- */
struct image {			/* machine memory we own */
	const char *name;	/* last path component of its first word */
	const u8 *data;
	u32 size;
};
void images_init(const struct boot_info *bi);
u32 images_bytes(void);			/* of all */
const struct image *image_find(const char *name);	/* NULL: there is none */

/* ---- load.c: kernel and initrd into guest memory ---- */
/* Checks kernel and initrd before any memory is given out.  false: msg says what is wrong. */
bool load_check(const struct guest_config *cfg, char *msg, u32 len);
/* Writes kernel, initrd, boot_params and command line, at whose end `devices` stands; sets the
 * entry point. */
bool load_guest(struct guest *g, const char *devices, u32 *entry, char *msg, u32 len);

#endif
