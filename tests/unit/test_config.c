/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ringlet.conf: what a right one means, that each wrong line is told once with its number and costs no
 * other, and that anything at all is survived.
 */
#include "hv/config.h"
#include "tests/unit/test.h"

static struct config c;
static char said[20000];
static u32 lines_said;

static void complain(const char *line)
{
	lines_said++;
	CHECK(!strncmp(line, "ringlet.conf:", 13) && line[13] >= '1' && line[13] <= '9', "%s", line);
	CHECK(!strchr(line, '\n'), "two lines in one: %s", line);
	if (strlen(said) + strlen(line) + 2 < sizeof(said)) {
		strcat(said, line);
		strcat(said, "\n");
	}
}

static void parse(const char *text, u32 len)
{
	char *exact = malloc(len ? len : 1);

	memcpy(exact, text, len);
	memset(&c, 0xEE, sizeof(c));
	said[0] = 0;
	lines_said = 0;
	config_parse(&c, exact, len, complain);
	free(exact);
	CHECK(c.guests <= CONFIG_MAX_GUESTS, "%u guests", c.guests);
}

static void p(const char *text) { parse(text, strlen(text)); }

static void right(void)
{
	p("# comment\n\n[alpha]\nkernel = linux-6.1\r\n  initrd=initrd.gz\nmemory = 48M\ncmdline = quiet a=b ; c\n"
	  "start = yes\n[beta]\nkernel=k\nmemory=4096K\nstart=no");
	CHECK(!lines_said, "%s", said);
	CHECK_EQ(c.guests, 2);
	CHECK_STR(c.guest[0].name, "alpha");
	CHECK_STR(c.guest[0].kernel, "linux-6.1");
	CHECK_STR(c.guest[0].initrd, "initrd.gz");
	CHECK_STR(c.guest[0].cmdline, "quiet a=b");
	CHECK_EQ(c.guest[0].memory, 48 << 20);
	CHECK(c.guest[0].start && !c.guest[0].error[0], "alpha");
	CHECK_EQ(c.guest[0].line, 3);
	CHECK_EQ(c.guest[1].memory, 4 << 20);
	CHECK(!c.guest[1].start, "beta");
	parse("", 0);
	CHECK_EQ(c.guests, 0);
}

static void wrong(void)
{
	static const struct { const char *line, *word; bool spoils; } bad[] = {
		{ "memory = lots", "memory", true }, { "memory = 99999999999G", "memory", true },
		{ "memory = 48", "memory", true }, { "memory = 1M", "memory", true },
		{ "memory = 4097K", "memory", true }, { "memory = -3M", "memory", true },
		{ "colour = red", "colour", false }, { "start = maybe", "start", false },
		{ "nonsense", "nonsense", false }, { "[", "section", false }, { "[]", "name", false },
		{ "[a b]", "name", false }, { "[twelve-letters-and-more]", "name", false },
		{ "[alpha]", "already", false }, { "[7]", "name", false }, { "kernel =", "kernel", false },
		{ "kernel = 0123456789012345678901234567890123456789", "kernel", true },
	};
	char text[400];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		bool section = bad[i].line[0] == '[';

		snprintf(text, sizeof(text), "[alpha]\n%s%s\n[omega]\nkernel = k\n",
			 section || bad[i].word[0] == 'k' ? "" : "kernel = k\n", bad[i].line);
		p(text);
		CHECK(lines_said == 1, "%s: told %u times: %s", bad[i].line, lines_said, said);
		CHECK(strstr(said, bad[i].word), "%s: %s", bad[i].line, said);
		CHECK(!strcmp(c.guest[c.guests - 1].name, "omega") && !c.guest[c.guests - 1].error[0],
		      "%s has hurt the next guest", bad[i].line);
		if (bad[i].spoils)
			CHECK(c.guest[0].error[0], "%s: alpha would start nevertheless", bad[i].line);
	}
	/* A guest without a kernel cannot start, and knows why. */
	p("[alpha]\nmemory = 8M\n");
	CHECK(c.guest[0].error[0], "no kernel, and no complaint");
	p("kernel = k\n");
	CHECK(lines_said == 1 && !c.guests, "%s", said);
	text[0] = 0;
	for (i = 0; i < 20; i++)
		sprintf(text + strlen(text), "[g%u]\nkernel=k\n", i);
	p(text);
	CHECK_EQ(c.guests, CONFIG_MAX_GUESTS);
	CHECK_EQ(lines_said, 4);
}

static void anything(void)
{
	static const char *const bits[] = { "[", "]", "\n", "=", "kernel", "memory", "48M", " ", "#", "\0x", "a", "\r",
					    "start", "yes", "cmdline", "99999999999999999999", "\xFF", "disk", "initrd" };
	char text[2000];
	u32 i, n, len;

	for (i = 0; i < 20000; i++) {
		for (len = 0, n = rnd(100); n--;) {
			const char *b = bits[rnd(ARRAY_SIZE(bits))];
			u32 l = MAX((u32)strlen(b), 1u);

			memcpy(text + len, b, l);
			len += l;
		}
		parse(text, len);
	}
	for (i = 0; i < 3000; i++) {	/* one endless line, and bytes */
		len = rnd(sizeof(text));
		for (n = 0; n < len; n++)
			text[n] = i & 1 ? 'x' : (char)rnd(256);
		parse(text, len);
	}
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 8);
	CASE("right");
	right();
	CASE("wrong");
	wrong();
	CASE("anything");
	anything();
	return passed();
}
