/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Says before the build what Ringlet would say at boot: reads a configuration with Ringlet's own
 * parser, looks for the files it names, and counts the memory.
 *
 *	check-config [-m MEMORY] CONF [NAME=]FILE... -- OWN...
 *
 * -m	the machine's memory, such as 256M; without it, the most that a 32-bit PC can use
 * OWN	files that make builds; one that is not there yet is taken for granted
 *
 * Prints two numbers of MiB: the least memory the machine must have, and what it gets in QEMU: MEMORY,
 * or a comfortable size.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "hv/load/load.h"

#define MOST_FILES	64
#define MOST_MIB	3584u		/* above it 32-bit PCs have devices */
/* What is not for guests: the first MiB, Ringlet, its heap, and what the firmware keeps. */
#define OWN_MIB		6u
#define COW_MIB		64u		/* for what a guest changes on a copy-on-write disk, comfortably */
#define SPARE_MIB	64u		/* for the monitor's `new` and `set`, and what else comes to mind */

static struct file {
	const char *name;
	struct image image;		/* data NULL: not built yet */
	bool own, used;
} file[MOST_FILES];
static u32 files;

static const char *conf_path;
static struct config config;
static u32 machine_mib = MOST_MIB;
static u32 wrong;

static void fault(const char *fmt, ...) PRINTF(1, 2);
static void fault(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	wrong++;
}

static void complain(const char *line)
{
	fault("%s:%s", conf_path, line + strlen("ringlet.conf:"));
}

/* ---- files ---- */

/* Its bytes; NULL: it cannot be read, and errno says why. */
static const void *map(const char *path, u32 *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *at;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	*size = (u32)st.st_size;
	if (!S_ISREG(st.st_mode))
		return NULL;
	at = st.st_size ? mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : "";
	close(fd);
	return at == MAP_FAILED ? NULL : at;
}

static struct file *file_named(const char *name)
{
	u32 i;

	for (i = 0; i < files; i++)
		if (!strcmp(file[i].name, name))
			return &file[i];
	return NULL;
}

const struct image *image_find(const char *name)
{
	struct file *f = file_named(name);

	return f ? &f->image : NULL;
}

/* Nothing else is in this machine yet. */
u32 frames_free(void)
{
	return (machine_mib - MIN(OWN_MIB, machine_mib)) << (20 - PAGE_SHIFT);
}

static void add_file(char *arg, bool own)
{
	char *equals = strchr(arg, '='), *path = equals ? equals + 1 : arg;
	char *slash = strrchr(path, '/'), *name = equals ? arg : slash ? slash + 1 : path;
	struct file *f = &file[files];

	if (equals)
		*equals = 0;
	if (file_named(name)) {
		if (!own)
			fault("FILES: two files would be called %s; OTHER-NAME=%s gives this one another name", name, path);
		return;
	}
	if (files == MOST_FILES) {
		fault("FILES: %s is one too many; up to %u are possible", path, MOST_FILES);
		return;
	}
	*f = (struct file){ .name = name, .own = own };
	f->image.name = name;
	f->image.data = map(path, &f->image.size);
	if (!f->image.data && !own)
		fault("FILES: %s is not a file that can be read", path);
	files++;
}

static void list_files(char *text, u32 len, bool own)
{
	u32 i, n = 0;

	text[0] = 0;
	for (i = 0; i < files && n < len; i++)
		if (file[i].own == own)
			n += snprintf(text + n, len - n, "%s%s", n ? ", " : "", file[i].name);
}

/* The file that a line names. */
static void need_file(const struct guest_config *g, u32 line, const char *key, const char *name)
{
	struct file *f = file_named(name);
	char given[400], own[200];

	if (f) {
		f->used = true;
		return;
	}
	list_files(given, sizeof(given), false);
	list_files(own, sizeof(own), true);
	fault("%s:%u: [%s] %s = %s: no such file; FILES has %s, and make builds %s", conf_path, line, g->name, key, name,
	      given[0] ? given : "nothing", own);
}

/* ---- guests ---- */

static void check_guest(const struct guest_config *g)
{
	u32 i, before = wrong;
	char msg[160];

	if (g->error[0])
		return;			/* its wrong line has been told */
	if (g->kernel[0])
		need_file(g, g->kernel_line, "kernel", g->kernel);
	if (g->initrd[0])
		need_file(g, g->initrd_line, "initrd", g->initrd);
	for (i = 0; i < g->disks; i++) {
		const struct disk_config *d = &g->disk[i];

		if (d->image[0])
			need_file(g, d->line, "disk", d->image);
	}
	if (wrong > before || (g->kernel[0] && !file_named(g->kernel)->image.data) ||
	    (g->initrd[0] && !file_named(g->initrd)->image.data))
		return;
	if (!load_check(g, msg, sizeof(msg)))
		fault("%s:%u: [%s] could not start: %s", conf_path, g->kernel_line ? g->kernel_line : g->line, g->name, msg);
}

/* ---- memory ---- */

static u32 mib(u64 bytes)
{
	return (bytes + (1 << 20) - 1) >> 20;
}

static u32 modules_mib(void)
{
	u64 bytes = 0;
	u32 i;

	for (i = 0; i < files; i++)
		if (file[i].used || !file[i].own)
			bytes += (file[i].image.size + PAGE_SIZE - 1) & PAGE_MASK;
	return mib(bytes);
}

static u32 guest_mib(const struct guest_config *g)
{
	return mib((u64)guest_frames(g->memory / PAGE_SIZE) * PAGE_SIZE);
}

/* What those that start by themselves take, in words. */
static u32 starting_mib(char *words, u32 len)
{
	u32 i, n = 0, sum = 0;

	words[0] = 0;
	for (i = 0; i < config.guests; i++)
		if (config.guest[i].start) {
			sum += guest_mib(&config.guest[i]);
			if (n < len)
				n += snprintf(words + n, len - n, "%s %u, ", config.guest[i].name, guest_mib(&config.guest[i]));
		}
	return sum;
}

static u32 comfortable_mib(void)
{
	u32 i, n, sum = OWN_MIB + SPARE_MIB + modules_mib();

	for (i = 0; i < config.guests; i++) {
		const struct guest_config *g = &config.guest[i];

		sum += guest_mib(g);
		for (n = 0; n < g->disks; n++)
			sum += g->disk[n].cow ? COW_MIB : mib(g->disk[n].ram);
	}
	return MIN((sum + 15) / 16 * 16, MOST_MIB);
}

/* "256M", "1G", or a number of MiB; 0: none of these. */
static u32 parse_mib(const char *s)
{
	char *end;
	u64 n = isdigit((unsigned char)*s) ? strtoull(s, &end, 10) : 0;

	if (!n)
		return 0;
	if (*end == 'G' || *end == 'g')
		n <<= 10;
	else if (*end && *end != 'M' && *end != 'm')
		return 0;
	return (*end && end[1]) || n > 1 << 20 ? 0 : (u32)n;
}

static void set_machine(const char *memory)
{
	machine_mib = parse_mib(memory);
	if (!machine_mib)
		fault("MEMORY=%s: write the machine's memory like 256M or 1G", memory);
	else if (machine_mib > MOST_MIB)
		fault("MEMORY=%s: a 32-bit PC can use %uM at most", memory, MOST_MIB);
}

static u32 check_memory(bool said)
{
	char words[600];
	u32 least = starting_mib(words, sizeof(words)) + modules_mib() + OWN_MIB;

	if (least > machine_mib)
		fault("%s: the guests that start by themselves need %u MiB (%sfiles %u, Ringlet %u), and %s %u; "
		      "%s", conf_path, least, words, modules_mib(), OWN_MIB,
		      said ? "MEMORY is" : "a 32-bit PC has at most", machine_mib,
		      least > MOST_MIB ? "give them less, or let fewer start" : "raise it, give them less, or let fewer start");
	return least;
}

int main(int argc, char **argv)
{
	bool said = argc > 2 && !strcmp(argv[1], "-m"), own = false;
	const char *text;
	u32 size, least;
	int i = said ? 3 : 1;

	if (i >= argc) {
		fprintf(stderr, "usage: check-config [-m MEMORY] CONF [NAME=]FILE... -- OWN...\n");
		return 2;
	}
	if (said)
		set_machine(argv[2]);
	if (wrong)
		return 1;
	conf_path = argv[i++];
	text = map(conf_path, &size);
	if (!text) {
		fault("%s is not a file that can be read", conf_path);
		return 1;
	}
	for (; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			own = true;
		else
			add_file(argv[i], own);
	config_parse(&config, text, size, complain);
	if (!config.guests && !wrong)
		fault("%s names no guest; a guest is a section [NAME] with a line kernel = FILE", conf_path);
	for (i = 0; i < (int)config.guests; i++)
		check_guest(&config.guest[i]);
	least = check_memory(said);
	if (wrong)
		return 1;
	printf("%u %u\n", least, said ? machine_mib : MAX(comfortable_mib(), least));
	return 0;
}
