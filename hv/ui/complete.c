/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Tab key at the monitor: commands, guests, and for those that take KEY=VALUE the keys and files. */
#include <stdio.h>
#include <string.h>
#include "hv/lib/lib.h"
#include "hv/load/load.h"
#include "hv/mem/guest.h"
#include "hv/ui/monitor.h"
#include "hv/ui/terminal.h"

/* What a word may be: the i-th possibility, NULL: there are no more. */
typedef const char *(*choices_fn)(u32 i);

static const char *choose_guest(u32 i)
{
	return i < guest_count ? guests[i]->name : NULL;
}

static const char *choose_image(u32 i)
{
	return image_at(i) ? image_at(i)->name : NULL;
}

static const char *choose_key(u32 i)
{
	static const char *const keys[] = { "kernel=", "initrd=", "memory=", "cmdline=" };

	return i < ARRAY_SIZE(keys) ? keys[i] : NULL;
}

static const char *choose_new_key(u32 i)
{
	static const char *const more[] = { "disk=", "net=", "start=yes" };

	u32 before = 0;

	while (choose_key(before))
		before++;
	return i < before ? choose_key(i) : i - before < ARRAY_SIZE(more) ? more[i - before] : NULL;
}

static const char *choose_nothing(u32 i)
{
	(void)i;
	return NULL;
}

static bool is_command(const char *buf, const char *name)
{
	u32 n = strlen(name);

	return !strncmp(buf, name, n) && buf[n] == ' ';
}

/* The possibilities for the word at buf[*start], len bytes long so far.  Of KEY=FILE only FILE is
 * looked at. */
static choices_fn complete_choices(const char *buf, u32 *start, u32 *len)
{
	static const char *const of_files[] = { "kernel=", "initrd=", "disk=" };
	const char *word = buf + *start;
	bool is_new = is_command(buf, "new"), second = strcspn(buf, " ") + 1 >= *start;
	u32 i;

	if (!*start)
		return monitor_command;
	if (second || (!is_new && !is_command(buf, "start") && !is_command(buf, "set")))
		return is_new ? choose_nothing : choose_guest;
	for (i = 0; i < ARRAY_SIZE(of_files); i++) {
		u32 n = strlen(of_files[i]);

		if (*len < n || strncmp(word, of_files[i], n))
			continue;
		*start += n;
		*len -= n;
		return choose_image;
	}
	return is_new ? choose_new_key : choose_key;
}

const char *monitor_complete(void *arg, const char *buf, u32 start, u32 len)
{
	static char rest[LINE_SIZE];
	struct terminal *t = arg;
	choices_fn choices = complete_choices(buf, &start, &len);
	const char *s, *word = buf + start;
	u32 i, found = 0, same = 0;

	for (i = 0; (s = choices(i)); i++) {
		if (strncmp(s, word, len))
			continue;
		if (!found++)
			same = (u32)snprintf(rest, sizeof(rest), "%s%s", s + len, s[strlen(s) - 1] == '=' ? "" : " ");
		while (strncmp(rest, s + len, same) && found > 1)
			same--;
	}
	rest[same] = 0;
	if (found > 1 && !same) {
		monitor_say_on(t);
		say("\n");
		for (i = 0; (s = choices(i)); i++)
			if (!strncmp(s, word, len))
				say("%s  ", s);
		say("\n");
		line_redraw(&t->edit);
	}
	return found ? rest : NULL;
}
