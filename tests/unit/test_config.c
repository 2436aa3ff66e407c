/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ringlet.conf: what a right one means, that each wrong line is told once with its number and costs no
 * other, and that anything at all is survived.
 */
#include "hv/load/config.h"
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

static void devices(void)
{
	static const u8 mac[6] = { 2, 0xAB, 0, 0, 0, 1 };
	const struct guest_config *g = &c.guest[0];

	p("[a]\nkernel = k\ndisk = a.img\ndisk=b.img cow\ndisk = ram:64M\ndisk=c ro\nnet = lan0\n"
	  "net = x-1 strict mac=02:aB:00:00:00:01\n[b]\nkernel = k\nnet = lan0");
	CHECK(!lines_said, "%s", said);
	CHECK_EQ(g->disks, 4);
	CHECK(!strcmp(g->disk[0].image, "a.img") && !g->disk[0].ro && !g->disk[0].cow, "vda");
	CHECK(!strcmp(g->disk[1].image, "b.img") && !g->disk[1].ro && g->disk[1].cow, "vdb");
	CHECK(!g->disk[2].image[0] && g->disk[2].ram == 64u << 20 && !g->disk[2].ro, "vdc");
	CHECK(!strcmp(g->disk[3].image, "c") && g->disk[3].ro && !g->disk[3].cow, "vdd");
	CHECK_EQ(g->nets, 2);
	CHECK(!strcmp(g->net[0].lan, "lan0") && !g->net[0].strict && !g->net[0].have_mac, "eth0");
	CHECK(!strcmp(g->net[1].lan, "x-1") && g->net[1].strict && !memcmp(g->net[1].mac, mac, 6), "eth1");
	CHECK(c.guest[1].nets == 1 && !c.guest[1].disks, "b");
	p("[a]\nkernel=k\ndisk=1\ndisk=2\ndisk=3\ndisk=4\ndisk=5\ndisk=6\nnet=1\nnet=2\nnet=3\nnet=4\nnet=5\nnet=6\n");
	CHECK(!lines_said && g->disks == CONFIG_MAX_DISKS && g->nets == CONFIG_MAX_NETS, "%s", said);
	p("[a]\nkernel=k\nnet=1\nnet=2\nnet=3\nnet=4\nnet=5\nnet=6\nnet=7\n[b]\nkernel=k\n");
	CHECK(lines_said == 1 && g->nets == 6 && g->error[0] && !c.guest[1].error[0], "%s", said);
	p("[a]\nkernel=k\ndisk=1\ndisk=2\ndisk=3\ndisk=4\ndisk=5\ndisk=6\ndisk=7\n[b]\nkernel=k\n");
	CHECK(lines_said == 1 && g->disks == 6 && g->error[0] && !c.guest[1].error[0], "%s", said);
}

static void wrong(void)
{
	static const struct { const char *line, *word; bool spoils; } bad[] = {
		{ "memory = lots", "memory", true }, { "memory = 99999999999G", "memory", true },
		{ "memory = 48", "memory", true }, { "memory = 1M", "memory", true },
		{ "memory = 4097K", "memory", true }, { "memory = -3M", "memory", true }, { "memory =", "memory", true }, { "memory = 8M\nmemory = 9M", "already", true },
		{ "disk ram:8M", "neither", true }, { "beta]", "neither", true }, { "start =", "start", true },
		{ "colour = red", "colour", true }, { "start = maybe", "start", true },
		{ "nonsense", "nonsense", true }, { "[", "section", false }, { "[]", "name", false },
		{ "[a b]", "name", false }, { "[twelve-letters-and-more]", "name", false },
		{ "[alpha]", "already", true }, { "[7]", "name", false }, { "kernel =", "kernel", true },
		{ "kernel = 0123456789012345678901234567890123456789", "kernel", true },
		{ "disk = a.img rw", "rw", true }, { "disk = a.img ro cow", "cow", true },
		{ "disk = ram:1M ro", "empty", true }, { "disk = ram:1M cow", "cow", true }, { "disk = ram:", "disk", true }, { "disk = ram:64", "unit", true },
		{ "disk = ram:5000", "unit", true }, { "disk = ram:4G", "too much", true }, { "disk =", "disk", true },
		{ "disk = 0123456789012345678901234567890123456789", "long", true }, { "net =", "net", true },
		{ "net = a.b", "name", true }, { "net = off", "name", true }, { "net = sixteen-letters-0", "name", true },
		{ "net = a secure", "secure", true }, { "net = a mac=", "address", true },
		{ "net = a mac=01:00:00:00:00:01", "address", true }, { "net = a mac=00:00:00:00:00:00", "address", true },
		{ "net = a mac=02:00:00:00:00", "address", true }, { "net = a mac=02:00:00:00:00:01:02", "address", true },
		{ "net = a mac=02:00:00:00:00:-1", "address", true }, { "net = a mac=2:0:0:0:0:1", "address", true },
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
	/* A guest without a kernel cannot start, but may be given one. */
	p("[alpha]\nmemory = 8M\n");
	CHECK(!lines_said && !c.guest[0].error[0] && !c.guest[0].kernel[0], "%s", said);
	p("kernel = k\n");
	CHECK(lines_said == 1 && !c.guests, "%s", said);
	text[0] = 0;
	for (i = 0; i < 20; i++)
		sprintf(text + strlen(text), "[g%u]\nkernel=k\n", i);
	p(text);
	CHECK_EQ(c.guests, CONFIG_MAX_GUESTS);
	CHECK_EQ(lines_said, 4);
}

static void say(const char *line)
{
	lines_said++;
	strcpy(said, line);
}

/* The words, at run time, for a guest that has this section. */
static bool words(const char *section, const char *line)
{
	static char copy[400];
	char *w[20], *at = strcpy(copy, line);
	u32 n = 0;

	p(section);
	for (at = strtok(at, "|"); at; at = strtok(NULL, "|"))
		w[n++] = at;
	said[0] = 0;
	return config_words(&c.guest[0], w, n, say);
}

static void at_run_time(void)
{
	static const char *const section = "[a]\nkernel = k\nmemory = 8M\ndisk = d cow\ncmdline = x y\n";
	static const struct { const char *line, *word; } bad[] = {
		{ "memory", "not KEY=VALUE" }, { "memory=", "memory" }, { "memory=1M", "little" }, { "memroy=8M", "memroy" },
		{ "memory=8M|memory=9M", "already" }, { "=", "unknown" }, { "disk= ", "disk" }, { "net= \t ", "net" },
		{ "disk=x rw", "rw" }, { "kernel=", "kernel" }, { "cmdline=1|initrd=2|start=maybe", "start" },
	};
	struct guest_config *g = &c.guest[0], fresh;
	u32 i;

	CHECK(words(section, "memory=9M| cmdline = quiet  a=b |net=lan0 strict"), "%s", said);
	CHECK(g->memory == 9 << 20 && g->nets == 1 && g->net[0].strict && !strcmp(g->kernel, "k"), "the words");
	CHECK(g->disks == 1 && g->disk[0].cow, "what no word named");
	CHECK_STR(g->cmdline, "quiet  a=b");
	CHECK(words(section, "") && words(section, "initrd=|cmdline=") && !g->cmdline[0] && !g->error[0], "nothing");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		lines_said = 0;
		CHECK(!words(section, bad[i].line), "%s is taken", bad[i].line);
		CHECK(lines_said == 1 && strstr(said, bad[i].word), "%s: %s", bad[i].line, said);
		CHECK(strncmp(said, "ringlet.conf", 12) && !g->error[0], "%s: it has no place: %s", bad[i].line, said);
	}
	memset(&fresh, 0xEE, sizeof(fresh));
	CHECK(config_new(&fresh, "gamma", say) && !strcmp(fresh.name, "gamma") && fresh.memory == 48 << 20 && !fresh.disks &&
	      !fresh.kernel[0] && !fresh.start && !fresh.error[0], "a new one");
	CHECK(!config_new(&fresh, "7", say) && !config_new(&fresh, "a b", say) && !config_new(&fresh, "", say) &&
	      !config_new(&fresh, "sixteen-letters-0", say), "names");
}

static void anything(void)
{
	static const char *const bits[] = { "[", "]", "\n", "=", "kernel", "memory", "48M", " ", "#", "\0x", "a", "\r",
					    "start", "yes", "cmdline", "99999999999999999999", "\xFF", "disk", "initrd",
					    "ram:", "64M", "cow", "ro", "net", "strict", "mac=", "02:00:00:00:00:01" };
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
	CASE("devices");
	devices();
	CASE("wrong");
	wrong();
	CASE("words at run time");
	at_run_time();
	CASE("anything");
	anything();
	return passed();
}
