/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's map: each address is in the symbol that a look from top to bottom finds; a map that is none upsets nobody. */
#include "hv/load/kernel_map.h"
#include "tests/unit/test.h"

#define SYMBOLS	300

static char text[SYMBOLS * 40], name[32];
static u32 size, address[SYMBOLS], offset;

static bool find(u32 a)
{
	char *exact = malloc(size ? size : 1);
	bool found;

	memcpy(exact, text, size);
	found = kernel_map_find(exact, size, a, name, sizeof(name), &offset);
	free(exact);
	return found;
}

static void make(u32 n)
{
	u32 i, a = 0xC1000000;

	for (size = i = 0; i < n; i++, a += rnd(100)) {
		address[i] = a;
		size += (u32)sprintf(text + size, "%08x %c symbol%u\n", a, one_in(3) ? 't' : 'T', i);
	}
}

int main(int argc, char **argv)
{
	u32 i, k, n, want;

	seed_from(argc, argv, 12);
	CASE("as a slow look finds it");
	for (n = 0; n < SYMBOLS; n++) {
		make(n);
		for (k = 0; k < 50; k++) {
			u32 a = 0xC1000000 - 50 + rnd(n * 50 + 100);
			char symbol[20];

			for (want = n, i = 0; i < n; i++)
				if (address[i] <= a)
					want = i;
			CHECK(find(a) == (want < n), "%#x among %u", a, n);
			if (want == n)
				continue;
			CHECK_EQ(offset, a - address[want]);
			snprintf(symbol, sizeof(symbol), "symbol%u", want);
			CHECK_STR(name, symbol);
		}
	}
	CASE("cut anywhere");
	make(3);
	for (n = size; size; size--)
		find(0xC1000000 + rnd(100));
	make(1);
	memset(text + 11, 'x', 60);		/* a long name, and no end of the line */
	size = 71;
	CHECK(find(0xC1000000) && strlen(name) == sizeof(name) - 1, "%s", name);
	CASE("anything");
	for (n = 0; n < 100000; n++) {
		make(20);
		for (i = rnd(10); i--; )
			text[rnd(size)] = (char)(one_in(3) ? '\n' : rnd(256));
		find(0xC1000000 + rnd(1000));
		CHECK(strlen(name) < sizeof(name), "too long");
	}
	return passed();
}
