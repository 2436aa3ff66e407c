/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ringlet.conf.  A wrong line is reported and ignored; every other line counts.  A guest with a
 * wrong line in its section does not start, because it may not be what its author meant.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hv/load/config.h"

#define LINE_BYTES	320
#define MEMORY_DEFAULT	(48u << 20)
/* A kernel is loaded at 1 MiB or above, and needs at least another MiB to run.  The most a guest
 * can have ends below the device registers, and is counted in 32 bits. */
#define MEMORY_MIN	(2u << 20)
#define MEMORY_MAX	(CONFIG_MOST_MIB << 20)

struct parser {
	struct config *config;
	struct guest_config *guest;	/* the section we are in; NULL: none, or an ignored one */
	bool ignoring;			/* the section's header was wrong: already reported */
	u32 line;			/* 0: words at run time, which have no place */
	u32 seen;			/* a bit for each key in this section */
	bool bad;			/* something was wrong */
	void (*complain)(const char *line);
};

/* The guest may not be what was meant, and might write to the wrong disk: it must not start. */
static void config_spoil(const struct parser *p, struct guest_config *g)
{
	if (!g->error[0])
		snprintf(g->error, sizeof(g->error), "line %u of ringlet.conf is wrong", p->line);
}

/* Reports a bad line; the guest in whose section it is will not start. */
static void config_bad(struct parser *p, const char *fmt, ...) PRINTF(2, 3);
static void config_bad(struct parser *p, const char *fmt, ...)
{
	char text[200];
	va_list ap;
	int n = p->line ? snprintf(text, sizeof(text), "ringlet.conf:%u: ", p->line) : 0;

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	p->complain(text);
	p->bad = true;
	if (p->guest && p->line)
		config_spoil(p, p->guest);
}

/* ---- values ---- */

/* Reads "48M" as bytes, whole pages.  Returns NULL, or what is wrong with it. */
static const char *parse_bytes(const char *s, u64 least, u64 *bytes)
{
	u64 n = 0;

	if (*s < '0' || *s > '9')
		return "is not a size";
	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (u64)(*s - '0');
		if (n > 0xFFFFFFFF)
			return "is too much";
	}
	switch (*s) {
	case 'k': case 'K': n <<= 10; break;
	case 'm': case 'M': n <<= 20; break;
	case 'g': case 'G': n <<= 30; break;
	case 0: return "lacks its unit";
	default: return "is not a size";
	}
	if (s[1])
		return "is not a size";
	if (n < least)
		return "is too little";
	if (n > MEMORY_MAX)
		return "is too much";
	if (n % PAGE_SIZE)
		return "is not a multiple of 4K";
	*bytes = n;
	return NULL;
}

static void set_memory(struct parser *p, char *value)
{
	u64 bytes;
	const char *wrong = parse_bytes(value, MEMORY_MIN, &bytes);

	if (wrong) {
		config_bad(p, "memory = %.16s %s; from 2M to 3G, such as 48M", value, wrong);
		return;
	}
	p->guest->memory = (u32)bytes;
}

static void set_start(struct parser *p, char *value)
{
	p->guest->start = !strcmp(value, "yes");
	if (!p->guest->start && strcmp(value, "no"))
		config_bad(p, "start = %.16s: yes or no", value);
}

static bool disk_option(struct disk_config *d, const char *word)
{
	if (!strcmp(word, "ro"))
		d->ro = true;
	else if (!strcmp(word, "cow"))
		d->cow = true;
	else
		return false;
	return true;
}

static const char *disk_image(struct disk_config *d, const char *image)
{
	const char *wrong;
	u64 bytes = 0;

	if (strncmp(image, "ram:", 4)) {
		if (strlen(image) >= sizeof(d->image))
			return "has too long a name";
		strcpy(d->image, image);
		return NULL;
	}
	wrong = parse_bytes(image + 4, PAGE_SIZE, &bytes);
	d->ram = (u32)bytes;
	return wrong;
}

/* A guest whose disks may not be the ones that were meant does not start: it might write to the
 * wrong one. */
static void set_disk(struct parser *p, char *value)
{
	struct disk_config *d = &p->guest->disk[p->guest->disks];
	const char *wrong;
	char *word;

	if (p->guest->disks == CONFIG_MAX_DISKS) {
		config_bad(p, "one disk too many; a guest can have %u", CONFIG_MAX_DISKS);
		return;
	}
	memset(d, 0, sizeof(*d));
	d->line = p->line;
	word = strtok(value, " \t");
	wrong = disk_image(d, word);
	if (wrong) {
		config_bad(p, "disk: %.40s %s; disk = IMAGE [ro|cow], or disk = ram:64M", word, wrong);
		return;
	}
	while ((word = strtok(NULL, " \t")))
		if (!disk_option(d, word)) {
			config_bad(p, "disk: unknown word \"%.16s\"; disk = IMAGE [ro|cow], or disk = ram:64M",
				   word);
			return;
		}
	if (d->ro && (d->cow || d->ram)) {
		config_bad(p, "disk: ro cannot go with %s", d->ram ? "ram:SIZE, which would stay empty" : "cow");
		return;
	}
	if (d->cow && d->ram) {
		config_bad(p, "disk: cow is for an image; ram:SIZE is this guest's own already");
		return;
	}
	p->guest->disks++;
}

static bool lan_ok(const char *s)
{
	u32 n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return n && !s[n] && n < CONFIG_NAME_MAX && strcmp(s, "off");	/* `net capture off` ends a capture */
}

/* "02:00:00:00:00:01": must be the address of one station, not a group address. */
static bool parse_mac(const char *s, u8 *mac)
{
	u32 i, any = 0;

	for (i = 0; i < 6; i++, s += 3) {
		char *end, two[3] = { s[0], s[0] ? s[1] : 0, 0 };

		mac[i] = (u8)strtoul(two, &end, 16);
		if (end != two + 2 || two[0] == '+' || two[0] == '-' || two[0] == ' ' || s[2] != (i < 5 ? ':' : 0))
			return false;
		any |= mac[i];
	}
	return any && !(mac[0] & 1);
}

static void set_net(struct parser *p, char *value)
{
	struct net_config *n = &p->guest->net[p->guest->nets];
	char *word;

	if (p->guest->nets == CONFIG_MAX_NETS) {
		config_bad(p, "one net too many; a guest can have %u", CONFIG_MAX_NETS);
		return;
	}
	memset(n, 0, sizeof(*n));
	n->line = p->line;
	word = strtok(value, " \t");
	if (!lan_ok(word)) {
		config_bad(p, "net: %.20s cannot be a LAN's name; 1 to %u letters, digits, - or _, and not off", word,
			   CONFIG_NAME_MAX - 1);
		return;
	}
	strcpy(n->lan, word);
	while ((word = strtok(NULL, " \t"))) {
		if (!strcmp(word, "strict")) {
			n->strict = true;
		} else if (!strncmp(word, "mac=", 4) && parse_mac(word + 4, n->mac)) {
			n->have_mac = true;
		} else if (!strncmp(word, "mac=", 4)) {
			config_bad(p, "net: %.24s is not a card's address; one is like mac=02:00:00:00:00:01", word);
			return;
		} else {
			config_bad(p, "net: unknown word \"%.16s\"; net = LAN [mac=02:00:00:00:00:01] [strict]", word);
			return;
		}
	}
	p->guest->nets++;
}

#define TEXT(field) offsetof(struct guest_config, field), sizeof(((struct guest_config *)0)->field)
#define LINE(field) offsetof(struct guest_config, field)

static const struct key {
	const char *name;
	bool may_be_empty, repeatable;
	u32 offset, size;		/* of a text; else set() handles the value */
	u32 line;			/* where its line's number is kept; 0: nowhere */
	void (*set)(struct parser *p, char *value);	/* may modify value */
} keys[] = {
	{ "kernel", false, false, TEXT(kernel), LINE(kernel_line), NULL },
	{ "initrd", true, false, TEXT(initrd), LINE(initrd_line), NULL },
	{ "cmdline", true, false, TEXT(cmdline), 0, NULL }, { "memory", false, false, 0, 0, 0, set_memory },
	{ "start", false, false, 0, 0, 0, set_start }, { "disk", false, true, 0, 0, 0, set_disk },
	{ "net", false, true, 0, 0, 0, set_net },
};

static void config_set(struct parser *p, const struct key *k, char *value)
{
	if (!value[0] && !k->may_be_empty) {
		config_bad(p, "%s has no value; %s = SOMETHING", k->name, k->name);
	} else if (k->set) {
		k->set(p, value);
	} else if (strlen(value) >= k->size) {
		config_bad(p, "%s is too long; up to %u characters", k->name, k->size - 1);
	} else {
		strcpy((char *)p->guest + k->offset, value);
		if (k->line)
			*(u32 *)((char *)p->guest + k->line) = p->line;
	}
}

/* ---- lines ---- */

static char *config_trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = 0;
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static bool name_ok(const char *s)
{
	bool number = true;
	const char *c;

	for (c = s; *c; c++) {
		bool digit = *c >= '0' && *c <= '9';
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');

		if (!digit && !letter && (c == s || (*c != '-' && *c != '_')))
			return false;
		number &= digit;
	}
	return !number && c - s < CONFIG_NAME_MAX;
}

static bool need_name(struct parser *p, const char *name)
{
	if (name_ok(name))
		return true;
	config_bad(p, "[%.20s] cannot be a guest's name; 1 to %u letters, digits, - or _, and not a number",
		   name, CONFIG_NAME_MAX - 1);
	return false;
}

static void empty_section(struct guest_config *g, const char *name)
{
	strcpy(g->name, name);
	g->memory = MEMORY_DEFAULT;
}

static void config_section(struct parser *p, char *s)
{
	struct config *c = p->config;
	char *end = strchr(s, ']');
	const char *name;
	u32 i;

	p->guest = NULL;
	p->ignoring = true;
	p->seen = 0;
	if (!end || end[1]) {
		config_bad(p, "a section begins with [NAME] alone on its line");
		return;
	}
	*end = 0;
	name = config_trim(s + 1);
	if (!need_name(p, name))
		return;
	for (i = 0; i < c->guests; i++)
		if (!strcmp(c->guest[i].name, name)) {
			config_bad(p, "[%s] begins in line %u already; a guest has one section", name,
				   c->guest[i].line);
			config_spoil(p, &c->guest[i]);
			return;
		}
	if (c->guests == CONFIG_MAX_GUESTS) {
		config_bad(p, "[%s] is one guest too many; %u are possible", name, CONFIG_MAX_GUESTS);
		return;
	}
	p->ignoring = false;
	p->guest = &c->guest[c->guests++];
	empty_section(p->guest, name);
	p->guest->line = p->line;
}

static void unknown_key(struct parser *p, const char *key)
{
	char known[80] = "";
	u32 i, n = 0;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		n += (u32)snprintf(known + n, sizeof(known) - n, "%s%s", i ? ", " : "", keys[i].name);
	config_bad(p, "unknown key \"%.20s\"; known keys: %s", key, known);
}

static void key_value(struct parser *p, char *s)
{
	char *value = strchr(s, '=');
	const char *key;
	u32 i;

	if (!value) {
		config_bad(p, "\"%.20s\" is neither [NAME] nor KEY = VALUE", s);
		return;
	}
	*value++ = 0;
	key = config_trim(s);
	value = config_trim(value);
	for (i = 0; i < ARRAY_SIZE(keys) && strcmp(keys[i].name, key); i++)
		;
	if (i == ARRAY_SIZE(keys)) {
		unknown_key(p, key);
		return;
	}
	if (!p->guest) {
		if (!p->ignoring)
			config_bad(p, "%s is in no section; a line [NAME] comes first", key);
		return;
	}
	if ((p->seen & BIT(i)) && !keys[i].repeatable) {
		config_bad(p, "%s was given already; a section has it once", key);
		return;
	}
	p->seen |= BIT(i);
	config_set(p, &keys[i], value);
}

/* A comment begins with # or ; but only where a word could begin: a command line may have them
 * inside a word. */
static void cut_comment(char *s)
{
	char *c;

	for (c = s; *c; c++)
		if ((*c == '#' || *c == ';') && (c == s || c[-1] == ' ' || c[-1] == '\t')) {
			*c = 0;
			return;
		}
}

static void one_line(struct parser *p, const char *text, u32 len)
{
	char line[LINE_BYTES], *s;
	u32 i;

	if (len && text[len - 1] == '\r')
		len--;
	/* What does not fit must be a comment, or the line is wrong. */
	for (i = 0; i < len && i < sizeof(line) - 1; i++)
		line[i] = text[i] ? text[i] : '\1';
	line[i] = 0;
	cut_comment(line);
	if (i < len && strlen(line) == i) {
		config_bad(p, "the line is too long; up to %u characters are possible", sizeof(line) - 1);
		return;
	}
	for (s = line; *s; s++)
		if ((*s < ' ' && *s != '\t') || *s > '~') {
			config_bad(p, "byte %u is %02x (hexadecimal); only plain text is possible", (s - line) + 1,
				   (u8)(*s == '\1' ? text[s - line] : *s));
			return;
		}
	s = config_trim(line);
	if (*s == '[')
		config_section(p, s);
	else if (*s)
		key_value(p, s);
}

void config_parse(struct config *c, const char *text, u32 len, void (*complain)(const char *line))
{
	struct parser p = { .config = c, .complain = complain };
	u32 at = 0;

	memset(c, 0, sizeof(*c));
	if (len >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3))	/* some editors put it at the start */
		at = 3;
	while (at < len) {
		const char *end = memchr(text + at, '\n', len - at);
		u32 n = end ? (u32)(end - (text + at)) : len - at;

		p.line++;
		one_line(&p, text + at, n);
		at += n + 1;
	}
}

bool config_new(struct guest_config *g, const char *name, void (*complain)(const char *line))
{
	struct parser p = { .complain = complain };

	if (!need_name(&p, name))
		return false;
	memset(g, 0, sizeof(*g));
	empty_section(g, name);
	return true;
}

bool config_words(struct guest_config *g, char **words, u32 n, void (*complain)(const char *line))
{
	struct parser p = { .guest = g, .complain = complain };
	u32 i;

	for (i = 0; i < n && !p.bad; i++)
		if (strchr(words[i], '='))
			key_value(&p, words[i]);
		else
			config_bad(&p, "\"%.20s\" is not KEY=VALUE; no spaces around =, and \"quotes\" around a value with spaces",
				   words[i]);
	return !p.bad;
}
