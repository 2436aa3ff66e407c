/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manifest: its lines, right and wrong, and the checksum, against cksum's own. */
#include "hv/load/manifest.h"
#include "tests/unit/test.h"

static struct manifest_entry seen[8];
static u32 count, bad_lines, last_bad;

static void each(const struct manifest_entry *e)
{
	CHECK(e->name[0] && memchr(e->name, 0, sizeof(e->name)) && !strchr(e->name, '\n'), "a name of no line");
	seen[count++ % ARRAY_SIZE(seen)] = *e;
}

static void bad(u32 line)
{
	CHECK(line > last_bad, "line %u comes after %u", line, last_bad);
	last_bad = line;
	bad_lines++;
}

static void parse(const char *text, u32 len)
{
	char *exact = malloc(len ? len : 1);

	memcpy(exact, text, len);
	count = bad_lines = last_bad = 0;
	manifest_parse(exact, len, each, bad);
	free(exact);
}

static void right(void)
{
	parse("1 2 a\n4294967295 0 linux-6.1 x", 30);
	CHECK(count == 2 && !bad_lines, "%u lines, %u bad", count, bad_lines);
	CHECK(seen[0].sum == 1 && seen[0].size == 2, "the first");
	CHECK_STR(seen[0].name, "a");
	CHECK(seen[1].sum == 4294967295u && !seen[1].size, "the second");
	CHECK_STR(seen[1].name, "linux-6.1 x");
	parse("", 0);
	CHECK(!count && !bad_lines, "nothing says nothing");
}

static void wrong(void)
{
	static const char *const lines[] = {
		"", "a", "1", "1 ", "1 2", "1 2 ", " 1 2 a", "1  2 a", "x 2 a", "1 x a", "-1 2 a", "1 -2 a", "4294967296 2 a",
		"1 4294967296 a", "99999999999999999999999 2 a", "18446744073709551617 2 a", "1\t2\ta",
	};
	char text[400];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(text, sizeof(text), "%s\n5 6 b\n", lines[i]);
		parse(text, strlen(text));
		CHECK(count == 1 && bad_lines == 1 && last_bad == 1, "\"%s\": %u lines, %u bad", lines[i], count, bad_lines);
		CHECK_STR(seen[0].name, "b");
	}
	for (i = MANIFEST_NAME_MAX - 1; i <= MANIFEST_NAME_MAX; i++) {
		snprintf(text, sizeof(text), "5 6 b\n1 2 %0*u\n", i, 7);
		parse(text, strlen(text));
		CHECK(count == (i < MANIFEST_NAME_MAX ? 2 : 1), "a name of %u", i);
		CHECK(last_bad == (i < MANIFEST_NAME_MAX ? 0 : 2), "line %u is bad", last_bad);
	}
}

static void anything(void)
{
	static const char bits[] = "0123456789  \n\nab\xFF";
	char text[300];
	u32 i, n, len;

	for (i = 0; i < 50000; i++) {
		len = rnd(sizeof(text));
		for (n = 0; n < len; n++)
			text[n] = bits[rnd(sizeof(bits))];
		parse(text, len);
	}
}

/* What cksum says of the first n bytes of 0, 1, 2 ... */
static void sums(void)
{
	static const struct { u32 len, sum; } known[] = {
		{ 0, 4294967295u }, { 1, 4215202376u }, { 2, 610534733u }, { 3, 1402399662u }, { 4, 1103893833u }, { 5, 1516244960u },
		{ 7, 3694237876u }, { 8, 2196818302u }, { 255, 1407940826u }, { 256, 1313719201u }, { 4099, 2203799319u }, { 70001, 2312552483u },
	};
	static u8 data[70001];
	u32 i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (u8)i;
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		u8 *exact = malloc(known[i].len + 1);

		memcpy(exact + 1, data, known[i].len);	/* not aligned */
		CHECK_EQ(manifest_sum(exact + 1, known[i].len), known[i].sum);
		free(exact);
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
	CASE("checksums");
	sums();
	return passed();
}
