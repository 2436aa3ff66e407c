/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot information, not trusted.  The memory map may be unsorted and overlapping, with odd
 * lengths, holes and parts above 4 GiB.  A page is RAM if some entry says that all of it is RAM and
 * no entry says that any of it is something else.  Strings are cut, counts are bounded, and what
 * makes no sense is dropped and counted.
 */
#include <string.h>
#include "boot/multiboot.h"

#define INFO_MEMORY	BIT(0)
#define INFO_CMDLINE	BIT(2)
#define INFO_MODULES	BIT(3)
#define INFO_MMAP	BIT(6)
#define INFO_LOADER	BIT(9)

struct info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline;
	u32 mods_count, mods_addr, syms[4], mmap_length, mmap_addr;
	u32 drives_length, drives_addr, config_table, loader_name;
};
_Static_assert(sizeof(struct info) == 68, "Multiboot information");

struct info_module {
	u32 start, end, string, reserved;
};
_Static_assert(sizeof(struct info_module) == 16, "Multiboot module");

struct info_mmap {
	u32 size;		/* of the rest of the entry; at least 20 */
	u32 base_lo, base_hi, len_lo, len_hi, type;
};
_Static_assert(sizeof(struct info_mmap) == 24, "Multiboot memory map entry");
#define MMAP_RAM	1
#define MMAP_MAX_BYTES	65536

/* The last page below 4 GiB, and anything above it, is not used. */
#define TOP		0xFFFFF000u
#define FIRST_MIB	0x100000u

struct span {			/* one memory map entry, rounded to pages */
	u32 start, end;
	bool ram;
};

/* The state of the parse that is too large for the stack. */
static struct {
	struct span span[BOOT_MAX_REGIONS];
	u32 spans;
	u32 edge[2 * BOOT_MAX_REGIONS];
	u32 edges;
} work;

static bool multiboot_fetch(boot_read_fn read, u32 pa, void *to, u32 len)
{
	const void *from = pa && pa + len >= pa ? read(pa, len) : NULL;

	if (from)
		memcpy(to, from, len);
	return from != NULL;
}

static void fetch_string(boot_read_fn read, u32 pa, char *to, u32 size)
{
	u32 i;

	for (i = 0; i < size - 1 && multiboot_fetch(read, pa + i, &to[i], 1) && to[i]; i++)
		;
	to[i] = '\0';
}

/* RAM is rounded inwards to whole pages, anything else outwards. */
static void add_span(struct boot_info *bi, u64 base, u64 len, bool ram)
{
	u64 end = base + len < base ? UINT64_MAX : base + len;
	struct span s = { .ram = ram };

	if (!len)
		return;
	end = MIN(end, (u64)TOP);
	if (ram)
		base = MIN(base, (u64)TOP) + PAGE_SIZE - 1;
	else
		end += PAGE_SIZE - 1;
	base = MIN(base, (u64)TOP);
	s.start = (u32)base & PAGE_MASK;
	s.end = (u32)MIN(end, (u64)TOP) & PAGE_MASK;
	if (s.start >= s.end)
		return;
	if (work.spans == BOOT_MAX_REGIONS) {
		bi->dropped++;
		return;
	}
	work.span[work.spans++] = s;
	work.edge[work.edges++] = s.start;
	work.edge[work.edges++] = s.end;
}

static void read_mmap(struct boot_info *bi, u32 addr, u32 length, boot_read_fn read)
{
	u32 at = 0;
	struct info_mmap e;

	length = MIN(length, (u32)MMAP_MAX_BYTES);
	while (at + sizeof(e) <= length) {
		if (!multiboot_fetch(read, addr + at, &e, sizeof(e)) || e.size < sizeof(e) - sizeof(e.size) ||
		    e.size > length) {
			bi->dropped++;
			return;
		}
		add_span(bi, (u64)e.base_hi << 32 | e.base_lo, (u64)e.len_hi << 32 | e.len_lo,
			 e.type == MMAP_RAM);
		at += e.size + sizeof(e.size);
	}
}

static void sort_edges(void)
{
	u32 i, j;

	for (i = 1; i < work.edges; i++) {
		u32 x = work.edge[i];

		for (j = i; j > 0 && work.edge[j - 1] > x; j--)
			work.edge[j] = work.edge[j - 1];
		work.edge[j] = x;
	}
}

/* The caller sees to it that no span begins or ends inside [start, end). */
static bool is_ram(u32 start, u32 end)
{
	bool ram = false;
	u32 i;

	for (i = 0; i < work.spans; i++) {
		const struct span *s = &work.span[i];

		if (s->start > start || s->end < end)
			continue;
		if (!s->ram)
			return false;
		ram = true;
	}
	return ram;
}

static void collect_ram(struct boot_info *bi)
{
	u32 i;

	sort_edges();
	for (i = 0; i + 1 < work.edges; i++) {
		u32 start = work.edge[i], end = work.edge[i + 1];
		struct boot_region *last = bi->regions ? &bi->ram[bi->regions - 1] : NULL;

		if (start == end || !is_ram(start, end))
			continue;
		if (last && last->end == start)
			last->end = end;
		else if (bi->regions < BOOT_MAX_REGIONS)
			bi->ram[bi->regions++] = (struct boot_region){ start, end };
		else
			bi->dropped++;
	}
}

static void read_modules(struct boot_info *bi, u32 count, u32 addr, boot_read_fn read)
{
	struct info_module m;
	u32 i;

	for (i = 0; i < count; i++) {
		if (i == BOOT_MAX_MODULES) {
			bi->dropped += count - i;
			return;
		}
		/* A module below 1 MiB would not be safe there, so it is dropped, unless it is
		 * empty: then its address means nothing. */
		if (!multiboot_fetch(read, addr + i * sizeof(m), &m, sizeof(m)) || m.end < m.start ||
		    (m.start < m.end && m.start < FIRST_MIB) || m.end > TOP) {
			bi->dropped++;
			continue;
		}
		bi->module[bi->modules].start = m.start;
		bi->module[bi->modules].end = m.end;
		fetch_string(read, m.string, bi->module[bi->modules].string, BOOT_STRING);
		bi->modules++;
	}
}

const char *multiboot_parse(struct boot_info *bi, u32 magic, u32 mbi, boot_read_fn read)
{
	struct info info;

	memset(bi, 0, sizeof(*bi));
	memset(&work, 0, sizeof(work));
	if (magic != MULTIBOOT_MAGIC)
		return "not started by a Multiboot loader (GRUB's command is `multiboot`, not `multiboot2`)";
	if (!multiboot_fetch(read, mbi, &info, sizeof(info)))
		return "the Multiboot information is out of reach";
	if (info.flags & INFO_CMDLINE)
		fetch_string(read, info.cmdline, bi->cmdline, sizeof(bi->cmdline));
	if (info.flags & INFO_LOADER)
		fetch_string(read, info.loader_name, bi->loader, sizeof(bi->loader));
	if (info.flags & INFO_MODULES)
		read_modules(bi, info.mods_count, info.mods_addr, read);
	if (info.flags & INFO_MMAP)
		read_mmap(bi, info.mmap_addr, info.mmap_length, read);
	if (!work.spans && (info.flags & INFO_MEMORY)) {
		add_span(bi, 0, (u64)info.mem_lower * 1024, true);
		add_span(bi, FIRST_MIB, (u64)info.mem_upper * 1024, true);
	}
	collect_ram(bi);
	return bi->regions ? NULL : "the boot loader gave no memory map";
}
