/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What GRUB and QEMU hand over: words on Ringlet's own line, and modules by their names. */
#include <stdarg.h>
#include "hv/boot_info.h"
#include "hv/lib/lib.h"
#include "hv/load/load.h"
#include "tests/unit/test.h"

static char logged[300];
static u32 told;
static u8 memory[512];


void hv_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(logged, sizeof(logged), fmt, ap);
	va_end(ap);
	told += !strncmp(logged, "module ", 7) ? 0 : 1;
}

void *hpa_ptr(hpa_t a) { return memory + hpa_x(a); }

static u32 complaints(const char *line)
{
	char buf[20];

	told = 0;
	cmdline_init(line);
	hv_cmdline_get("escape", buf, sizeof(buf));
	cmdline_complain();
	return told;
}

static void own_line(void)
{
	char buf[8], *guard = malloc(4);

	cmdline_init("  a=1 escape=^X\tbc flag xa=2 empty= a=3");
	CHECK_STR(hv_cmdline_get("a", buf, sizeof(buf)), "1");
	CHECK_STR(hv_cmdline_get("escape", buf, sizeof(buf)), "^X");
	CHECK_STR(hv_cmdline_get("flag", buf, sizeof(buf)), "");
	CHECK_STR(hv_cmdline_get("empty", buf, sizeof(buf)), "");
	CHECK(!hv_cmdline_get("fla", buf, sizeof(buf)) && !hv_cmdline_get("flags", buf, sizeof(buf)), "half a key is none");
	CHECK(!hv_cmdline_get("b", buf, sizeof(buf)), "half a key is none");
	cmdline_init("long=123456789");
	CHECK_STR(hv_cmdline_get("long", guard, 4), "123");
	free(guard);
	cmdline_init("");
	CHECK(!hv_cmdline_get("a", buf, sizeof(buf)), "nothing is there");
}

static void complained(void)
{
	CHECK_EQ(complaints("escape=^T"), 0);
	CHECK_EQ(complaints(""), 0);
	CHECK_EQ(complaints("/boot/ringlet.elf escape=^T"), 0);
	CHECK_EQ(complaints("escape=^T /boot/x"), 1);
	CHECK_EQ(complaints("root=/dev/vda"), 1);
	CHECK_EQ(complaints("quiet escape=^T nosmp"), 2);
	CHECK_EQ(complaints("escpae=^T"), 1);
	CHECK_HAS(logged, "escpae=^T");
	CHECK_EQ(complaints("escape=^T 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34"), 33);
	CHECK_EQ(complaints("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34"), 34);
}

static struct boot_info bi;

static void module(const char *string, u32 start, u32 end)
{
	struct boot_module *m = &bi.module[bi.modules++];

	snprintf((char *)m->string, BOOT_STRING, "%s", string);
	m->start = start;
	m->end = end;
}

static void modules(void)
{
	/* As cksum has it: 16 zeros for linux-6.1; for the others another checksum, another size. */
	static const char manifest[] = "3018728591 16 linux-6.1\n4215202377 1 initrd\n4135437457 3 disk\n1 2 absent\nnonsense\n";
	char far[BOOT_STRING];

	memset(far, 'x', sizeof(far));
	far[sizeof(far) - 1] = 0;
	module("/boot/linux-6.1 quiet /a/b", 8, 24);
	module("initrd", 24, 25);
	module("", 25, 26);
	module("/boot/", 26, 27);
	module("elsewhere/initrd\tx", 27, 60);
	module("disk", 60, 62);
	module(far, 60, 60);
	module("ringlet.manifest", 64, 64 + sizeof(manifest) - 1);
	memcpy(memory + 64, manifest, sizeof(manifest) - 1);
	told = 0;
	images_init(&bi);
	CHECK_EQ(told, 3 + 4);			/* two have no name, and one name is taken; and the manifest's */
	CHECK(image_find("linux-6.1") && image_find("linux-6.1")->data == memory + 8 && image_find("linux-6.1")->size == 16,
	      "the kernel is another");
	CHECK(image_find("initrd") && image_find("initrd")->data == memory + 24 && image_find("initrd")->size == 1,
	      "the first of a name counts");
	CHECK(image_find(far) && !image_find(far)->size, "a long name");
	CHECK(!image_find("") && !image_find("linux") && !image_find("linux-6.11") && !image_find("b"), "there is no such");
	CHECK_EQ(images_bytes(), 17 + sizeof(manifest) - 1 + 2);
	CHECK(!image_find("linux-6.1")->wrong && !image_find("ringlet.manifest")->wrong, "nothing is wrong with them");
	CHECK(image_find("initrd")->wrong, "another checksum");
	CHECK(image_find("disk")->wrong, "another size");
	CHECK_HAS(logged, "ringlet.manifest:5: ");
}

int main(void)
{
	CASE("our own line");
	own_line();
	CASE("what means nothing");
	complained();
	CASE("modules");
	modules();
	return passed();
}
