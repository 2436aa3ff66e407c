/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Too little memory: what is advised would do, and is advised only if this machine has it.  With that much memory the
 * guest is let start.
 */
#include "hv/load/load.h"
#include "tests/unit/test.h"

static u8 kernel[4096];
static struct image images[] = { { "kernel", kernel, sizeof(kernel), false }, { "initrd", kernel, 0, false } };
static struct guest_config cfg = { .kernel = "kernel", .initrd = "initrd" };
static u32 frames_left;
static char msg[160];

const struct image *image_find(const char *name) { return &images[!strcmp(name, "initrd")]; }
bool gmem_write(struct guest *g, gpa_t a, const void *src, u32 len) { (void)g; (void)a; (void)src; return len; }
u32 frames_free(void) { return frames_left; }
u32 guest_frames(u32 pages) { return pages + pages / 25; }

static void put(u32 at, u32 v, u32 n) { memcpy(kernel + at, &v, n); }

static bool starts(u32 mib)
{
	cfg.memory = mib << 20;
	return load_check(&cfg, msg, sizeof(msg));
}

static void advised(u32 end_mib, u32 initrd_mib)
{
	u32 mib;

	put(72, (end_mib - 1) << 20, 4);
	images[1].size = initrd_mib << 20;
	CHECK(!starts(2), "%u and %u MiB in 2 MiB", end_mib, initrd_mib);
	if (sscanf(strstr(msg, ";") ? strstr(msg, ";") : "", "; memory = %uM would do", &mib) == 1) {
		CHECK(guest_frames(mib << 8) <= frames_left && mib <= CONFIG_MOST_MIB, "%u MiB are not to be had", mib);
		CHECK(starts(mib), "%s", msg);
	} else {
		CHECK_HAS(msg, "this machine does not have enough");
		CHECK(frames_left < 1 << 18 || end_mib + 4 * initrd_mib > 700, "%u and %u MiB: %s", end_mib, initrd_mib, msg);
	}
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 5);
	memcpy(kernel, "\177ELF\1\1\1", 7);
	put(16, 2, 2);
	put(18, 3, 2);
	put(24, 0x100010, 4);
	put(28, 52, 4);
	put(42, 32, 2);
	put(44, 1, 2);
	put(52, 1, 4);
	put(60, 0xC0100000, 4);
	put(64, 0x100000, 4);
	put(68, 4000, 4);
	frames_left = 1 << 20;
	CASE("a plenty");
	advised(14, 4);
	CHECK_HAS(msg, "");
	for (i = 0; i < 1000; i++)
		advised(3 + rnd(i % 2 ? 60 : 3000), rnd(i % 4 ? 30 : 900));
	CASE("little");
	for (i = 0; i < 1000; i++) {
		frames_left = rnd(1 << 16);
		advised(3 + rnd(60), rnd(60));
	}
	CASE("came in wrong");
	frames_left = 1 << 20;
	put(72, 1 << 20, 4);
	images[1].size = 0;
	CHECK(starts(48), "%s", msg);
	for (i = 0; i < 2; i++) {
		images[i].wrong = true;
		CHECK(!starts(48), "%s is wrong", images[i].name);
		CHECK_HAS(msg, "came in wrong");
		CHECK_HAS(msg, images[i].name);
		images[i].wrong = false;
	}
	return passed();
}
