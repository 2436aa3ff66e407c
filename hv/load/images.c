/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiboot modules by name: kernels, initrds, disk images, ringlet.conf; and whether they are what the
 * manifest says, if there is one. */
#include <string.h>
#include "hv/boot_info.h"
#include "hv/lib/lib.h"
#include "hv/load/load.h"
#include "hv/load/manifest.h"

#define MANIFEST	"ringlet.manifest"

static struct image images[BOOT_MAX_MODULES];
static char names[BOOT_MAX_MODULES][BOOT_STRING];
static u32 count;

/* "/boot/linux-6.1 whatever" gets the name linux-6.1.  GRUB passes what follows the file name, QEMU
 * the file name as well. */
static void name_of(const char *string, char *name)
{
	size_t end = strcspn(string, " \t"), start = end;

	while (start > 0 && string[start - 1] != '/')
		start--;
	memcpy(name, string + start, end - start);
	name[end - start] = '\0';
}

static struct image *image_named(const char *name)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (!strcmp(images[i].name, name))
			return &images[i];
	return NULL;
}

const struct image *image_find(const char *name)
{
	return image_named(name);
}

static void image_judge(const struct manifest_entry *e)
{
	struct image *i = image_named(e->name);

	if (!i) {
		hv_log("Module %s is missing: " MANIFEST " has it.", e->name);
		return;
	}
	i->wrong = i->size != e->size || manifest_sum(i->data, i->size) != e->sum;
	if (i->wrong)
		hv_log("Module %s came in wrong: its %u bytes are not the %u bytes of " MANIFEST ".", e->name, i->size, e->size);
}

static void manifest_bad(u32 line)
{
	hv_log(MANIFEST ":%u: this is no line of `cksum FILE`", line);
}

void images_init(const struct boot_info *bi)
{
	const struct image *manifest;
	u32 i;

	for (i = 0; i < bi->modules; i++) {
		const struct boot_module *m = &bi->module[i];

		name_of(m->string, names[count]);
		if (!names[count][0]) {
			hv_log("Module %u has no name: write `module FILE NAME` in grub.cfg.",
			       i + 1);
			continue;
		}
		if (image_find(names[count])) {
			hv_log("There are two modules %s: the second one is ignored.", names[count]);
			continue;
		}
		hv_log("module %s %08x-%08x", names[count], m->start, m->end);
		images[count] = (struct image){ names[count], hpa_ptr(hpa(m->start)), m->end - m->start, false };
		count++;
	}
	manifest = image_find(MANIFEST);
	if (manifest)
		manifest_parse((const char *)manifest->data, manifest->size, image_judge, manifest_bad);
}

const struct image *image_at(u32 i)
{
	return i < count ? &images[i] : NULL;
}

u32 images_bytes(void)
{
	u32 i, n = 0;

	for (i = 0; i < count; i++)
		n += images[i].size;
	return n;
}
