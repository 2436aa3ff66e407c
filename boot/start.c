/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first line of C: turns what the boot loader passed into a struct boot_info and starts the
 * hypervisor. */
#include "boot/multiboot.h"

void boot_main(u32 magic, u32 mbi) NORETURN;	/* called by head.S */

static struct boot_info boot_info;

/* Paging is off, so a physical address is a pointer. */
static const void *boot_read(u32 pa, u32 len)
{
	(void)len;
	return hpa_ptr(hpa(pa));
}

void boot_main(u32 magic, u32 mbi)
{
	hv_main(&boot_info, multiboot_parse(&boot_info, magic, mbi, boot_read));
}
