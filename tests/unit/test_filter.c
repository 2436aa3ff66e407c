/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest may send to a person's terminal: text and drawing pass as they are, whatever makes a terminal
 * speak does not, however the bytes are cut.
 */
#include "drivers/serial/filter.h"
#include "tests/unit/terminal.h"
#include "tests/unit/test.h"

static const struct {
	const char *in, *out;		/* out NULL: the same */
} cases[] = {
	{ "plain text\r\n\ttab\b \a", NULL },
	{ "\033[H\033[2J\033[1;31mred\033[m\033[12;40H\033[K\033[3A\033[5;20r\033M\033D\0337\0338", NULL },
	{ "\033[?1049h\033[?25l\033[?7l\033[?1h\033=\033[4h\033[38;2;255;128;0;48;5;17mx\033[?1;25h\033[4l", NULL },
	{ "\033(0lqk\033(B\033)0\016x\017", NULL },
	{ "gr\303\274n \342\224\200 \360\237\230\200", NULL },
	{ "\033[s\033[u\033[2S\033[2T\033[@\033[P\033[X\033[L\033[M", NULL },
	/* Questions. */
	{ "a\033[6nb\033[5nc\033[cd\033[0ce\033[>cf\033[=cg\033Zh\005i", "abcdefghi" },
	{ "a\033[?6n\033[?15n\033[21t\033[18t\033[14t\033[>q\033[x\033[?1$p\033[4$p\033[1;1;1;1;1;1*yb", "ab" },
	{ "a\033P$qm\033\\b\033P+q544e\033\\c\033]10;?\007d\033]52;c;?\033\\e\033]4;1;?\007f", "abcdef" },
	{ "a\033_Gi=1;AAAA\033\\b\033^x\033\\c\033Xx\033\\d", "abcd" },
	{ "\033]0;rm -rf /\007\033[21tx", "x" },
	/* What makes it speak later, or print. */
	{ "a\033[?1000h\033[?1002h\033[?1003;1006h\033[?1004h\033[?2004h\033[?9h\033[?1;1000hb", "ab" },
	{ "a\033[5i\033[4i\033[?5ib\033[>1u\033[>4;2m\033[?2026$p\033[20hc\033[4294967300hd", "abcd" },
	/* Other ways to say the same: 8-bit controls, other character sets, controls in the middle. */
	{ "a\302\2336nb\302\220x\302\234c", "a?6nb?x?c" },
	{ "a\2336nb\340\202\2336nc\300\233d\360\200\202\2336n", "a?6nb?6nc??d?6n" },
	{ "a\033%@\033%G\033 F\033 Gb\033#8c\033n\033o\033|\033}\033~\033N\033O", "abc" },
	{ "\033[\r6nx\033[6\nny\033[\0306nz\033[6\033[1mn", "\rx\ny6nz\033[1mn" },
	{ "\033[31\bmx\033[6\bn", "\b\033[31mx\b" },
	{ "\033[3\030Hx\033]0;a\032b\033[\0321mc", "Hxb1mc" },
	/* What does not end. */
	{ "a\033]0;title\nb", "a\nb" },
	{ "a\033P1\r\nb", "a\r\nb" },
	{ "a\342\224b\303", "a?b" },
	{ "a\033[0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0mb", "ab" },
};

/* In two pieces, the first `cut` long (or, cut 0, each byte alone). */
static u32 run(struct filter *f, const u8 *in, u32 len, u32 cut, u8 *out)
{
	u8 piece[512 + FILTER_HELD];
	u32 i, n, at = 0, total = 0;

	for (; at < len; at += i) {
		i = !cut ? 1 : at ? len - at : MIN(cut, len);
		n = filter_text(f, in + at, i, piece);
		CHECK(n <= i + FILTER_HELD, "%u bytes out of %u", n, i);
		CHECK(!terminal_provoked(piece, n), "a piece with %s", terminal_provoked(piece, n));
		memcpy(out + total, piece, n);
		total += n;
	}
	out[total] = 0;
	return total;
}

static void known(void)
{
	u8 out[1024];
	u32 i, cut;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (cut = 0; cut <= strlen(cases[i].in); cut++) {
			struct filter f = { 0 };

			run(&f, (const u8 *)cases[i].in, strlen(cases[i].in), cut, out);
			CHECK_STR((char *)out, cases[i].out ? cases[i].out : cases[i].in);
		}
}

static void text_only(void)
{
	struct filter f = { .text_only = true };
	static const char in[] = "\033[1mbold\033[m \033]0;t\007\303\274\033[6n\r\n";
	u8 out[256];

	run(&f, (const u8 *)in, sizeof(in) - 1, 0, out);
	CHECK_STR((char *)out, "bold \303\274\r\n");
}

static void hostile(void)
{
	static const char *const bits[] = { "\033", "[", "]", "P", "?", "6n", "c", ";", "\033[", "\302", "\233", "\302\233",
		"1000", "h", "25", "\030", "\r", "\005", "\033\\", "\007", "(", "0", "%@", "$q", "\342\224\200", "t", "21", "m", ":" };
	u8 in[256], one[1024], other[1024];
	u32 round, len, i;

	for (round = 0; round < 100000; round++) {
		struct filter f = { 0 }, g = { 0 };

		for (len = 0; len < 200 && !one_in(40); ) {
			const char *b = bits[rnd(ARRAY_SIZE(bits))];

			if (one_in(8)) {
				in[len++] = (u8)rnd(256);
				continue;
			}
			memcpy(in + len, b, strlen(b));
			len += strlen(b);
		}
		i = run(&f, in, len, 0, one);
		CHECK(!terminal_provoked(one, i), "%s passed", terminal_provoked(one, i));
		CHECK(run(&g, in, len, 1 + rnd(len), other) == i && !memcmp(one, other, i), "cut elsewhere, it is other");
	}
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 5);
	CASE("known sequences, cut at every byte");
	known();
	CASE("text only");
	text_only();
	CASE("hostile streams");
	hostile();
	return passed();
}
