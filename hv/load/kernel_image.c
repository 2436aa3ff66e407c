/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel files: an ELF (vmlinux, or a bare test kernel) or a bzImage.  No number in them is
 * trusted.  All are checked here, so that the copying code needs to check only the guest's memory
 * size.
 */
#include <string.h>
#include "hv/load/kernel_image.h"

#define RAM_LIMIT	0xF0000000u	/* device registers begin there */

static u32 kernel_get(const u8 *p, u32 bytes)
{
	u32 v = 0;

	memcpy(&v, p, bytes);		/* little endian, like us */
	return v;
}

static const char *add_piece(struct kernel_image *k, const struct kernel_piece *n)
{
	u32 i;

	if (n->gpa < KERNEL_LOWEST)
		return "loads below 64 KiB, where its boot parameters are";
	if (n->gpa > RAM_LIMIT || n->size > RAM_LIMIT - n->gpa)
		return "loads above what a guest can have";
	for (i = 0; i < k->pieces; i++)
		if (n->gpa < k->piece[i].gpa + k->piece[i].size &&
		    k->piece[i].gpa < n->gpa + n->size)
			return "loads two parts to the same place";
	if (k->pieces == KERNEL_PIECES)
		return "has more than 16 parts to load";
	k->piece[k->pieces++] = *n;
	k->end = MAX(k->end, n->gpa + n->size);
	return NULL;
}

static bool in_pieces(const struct kernel_image *k, u32 a)
{
	u32 i;

	for (i = 0; i < k->pieces; i++)
		if (a >= k->piece[i].gpa && a - k->piece[i].gpa < k->piece[i].len)
			return true;
	return false;
}

/* ---- ELF ---- */

#define EH_CLASS	4		/* 1: 32 bit */
#define EH_DATA		5		/* 1: little endian */
#define EH_TYPE		16
#define ET_REL		1
#define ET_EXEC		2
#define EH_MACHINE	18		/* 3: EM_386 */
#define EH_ENTRY	24
#define EH_PHOFF	28
#define EH_PHENTSIZE	42
#define EH_PHNUM	44
#define EH_SIZE		52
#define PH_TYPE		0
#define PT_LOAD		1
#define PT_INTERP	3
#define PT_TLS		7
#define PH_OFFSET	4
#define PH_VADDR	8
#define PH_PADDR	12
#define PH_FILESZ	16
#define PH_MEMSZ	20
#define PH_SIZE		32

#define MULTIBOOT_MAGIC	0x1BADB002u
#define MULTIBOOT_WITHIN 8192u
#define PROGRAMS	0x08000000u	/* where a linker puts them, unless told otherwise */

static const char *elf_kind(const u8 *data, u32 size)
{
	if (size < EH_SIZE)
		return "is cut off: it ends within the ELF header";
	if (data[EH_CLASS] == 2)
		return "is a 64-bit kernel or program; guests are 32-bit x86";
	if (data[EH_CLASS] != 1 || data[EH_DATA] != 1 || kernel_get(data + EH_MACHINE, 2) != 3)
		return "is an ELF file, but not for 32-bit x86";
	if (kernel_get(data + EH_TYPE, 2) == ET_REL)
		return "is an object file, which is not linked yet, and no kernel";
	if (kernel_get(data + EH_TYPE, 2) != ET_EXEC)
		return "is a shared library or a position-independent program, and no kernel";
	return NULL;
}

/* Magic, flags, and a sum that makes all three 0. */
static bool is_multiboot(const u8 *data, u32 size)
{
	u32 at, end = MIN(size, MULTIBOOT_WITHIN);

	for (at = 0; at + 12 <= end; at += 4)
		if (kernel_get(data + at, 4) == MULTIBOOT_MAGIC &&
		    !(MULTIBOOT_MAGIC + kernel_get(data + at + 4, 4) + kernel_get(data + at + 8, 4)))
			return true;
	return false;
}

static const char *parse_elf(struct kernel_image *k, const u8 *data, u32 size)
{
	const char *wrong = elf_kind(data, size);
	u32 phoff, phnum, i, lowest = RAM_LIMIT, virtual = 0;

	if (wrong)
		return wrong;
	if (is_multiboot(data, size))
		return "is a Multiboot kernel, made for the whole machine, like Ringlet itself; a guest's is made for Ringlet";
	phoff = kernel_get(data + EH_PHOFF, 4);
	phnum = kernel_get(data + EH_PHNUM, 2);
	if (kernel_get(data + EH_PHENTSIZE, 2) != PH_SIZE || phoff > size || phnum > (size - phoff) / PH_SIZE)
		return "is cut off or damaged: its program headers are not in the file";
	for (i = 0; i < phnum; i++) {
		const u8 *ph = data + phoff + i * PH_SIZE;
		struct kernel_piece n = {
			.gpa = kernel_get(ph + PH_PADDR, 4), .offset = kernel_get(ph + PH_OFFSET, 4),
			.len = kernel_get(ph + PH_FILESZ, 4), .size = kernel_get(ph + PH_MEMSZ, 4),
		};
		u32 type = kernel_get(ph + PH_TYPE, 4);

		if (type == PT_INTERP || type == PT_TLS)
			return "is a program that runs under Linux, and no kernel";
		if (type != PT_LOAD || !n.size)
			continue;
		if (n.len > n.size || n.offset > size || n.len > size - n.offset)
			return "is cut off or damaged: a part to load is not in the file";
		wrong = add_piece(k, &n);
		if (wrong)
			return wrong;
		if (n.gpa < lowest) {
			lowest = n.gpa;
			virtual = kernel_get(ph + PH_VADDR, 4);
		}
	}
	if (k->pieces && lowest == virtual && lowest >= PROGRAMS)
		return "loads where programs do, above 128 MiB, and is no kernel";
	k->entry = kernel_get(data + EH_ENTRY, 4);
	return in_pieces(k, k->entry) ? NULL : "has its entry point outside of what it loads";
}

/* ---- bzImage ---- */

#define BZ_SETUP_SECTS	0x1F1
#define BZ_SYSSIZE	0x1F4		/* of what follows the setup sectors, in 16 bytes */
#define BZ_BOOT_FLAG	0x1FE
#define BZ_JUMP_BYTES	0x201		/* the header ends this far after 0x202 */
#define BZ_VERSION	0x206
#define BZ_LOADFLAGS	0x211
#define BZ_CODE32_START	0x214
#define BZ_XLOADFLAGS	0x236		/* from protocol 2.12 on */
#define XLF_KERNEL_64	0x01
#define BZ_PAYLOAD_LEN	0x24C		/* from protocol 2.08 on: the compressed kernel */
#define BZ_PREF_ADDRESS	0x258		/* from protocol 2.10 on, like the fields after it */
#define BZ_INIT_SIZE	0x260
#define BZ_LEAST	0x264
#define BZ_LOAD		0x100000u

static const char *parse_bzimage(struct kernel_image *k, const u8 *data, u32 size)
{
	u32 sectors = data[BZ_SETUP_SECTS] ? data[BZ_SETUP_SECTS] : 4;
	u32 version = kernel_get(data + BZ_VERSION, 2), start = (sectors + 1) * 512;
	struct kernel_piece n = { .gpa = BZ_LOAD, .offset = start };
	const char *wrong;

	if (version >= 0x20C && (data[BZ_XLOADFLAGS] & XLF_KERNEL_64))
		return "is a 64-bit kernel; guests are 32-bit x86";
	if (version < 0x207)
		return "is too old a bzImage: boot protocol 2.07 (Linux 2.6.24) is the first that can say it is a guest";
	if (!(data[BZ_LOADFLAGS] & 1))
		return "is a zImage; a bzImage is needed";
	if (start >= size)
		return "is cut off: the kernel itself is not in the file";
	if ((size - start + 15) / 16 < kernel_get(data + BZ_SYSSIZE, 4))
		return "is cut off: its header says that the kernel is longer than the file";
	if (version >= 0x208 && !kernel_get(data + BZ_PAYLOAD_LEN, 4))
		return "has Linux's boot header, but no Linux in it (is it memtest86+?)";
	n.len = n.size = size - start;
	wrong = add_piece(k, &n);
	if (wrong)
		return wrong;
	k->entry = kernel_get(data + BZ_CODE32_START, 4);
	if (!in_pieces(k, k->entry))
		return "has its entry point outside of what it loads";
	if (version >= 0x20A) {		/* the file says how much it needs to unpack itself, and where */
		u32 at = MAX(kernel_get(data + BZ_PREF_ADDRESS, 4), BZ_LOAD), need = kernel_get(data + BZ_INIT_SIZE, 4);

		if (at > RAM_LIMIT || need > RAM_LIMIT - at || kernel_get(data + BZ_PREF_ADDRESS + 4, 4))
			return "needs more memory than a guest can have";
		k->end = MAX(k->end, at + need);
	}
	k->setup_len = MIN(0x202u + data[BZ_JUMP_BYTES], SETUP_END) - SETUP_HEADER;
	return NULL;
}

const char *kernel_image_parse(struct kernel_image *k, const u8 *data, u32 size)
{
	memset(k, 0, sizeof(*k));
	if (size >= 4 && !memcmp(data, "\177ELF", 4))
		return parse_elf(k, data, size);
	if (size >= MAX(BZ_LEAST, SETUP_END) && kernel_get(data + BZ_BOOT_FLAG, 2) == 0xAA55)
		return memcmp(data + 0x202, "HdrS", 4) ?
		       "has a boot sector, but not Linux's boot protocol: a disk image, or a boot loader?" :
		       parse_bzimage(k, data, size);
	return "is not a Linux kernel: neither ELF nor bzImage";
}
