/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers for guests, all from one pool: a ChaCha20 key.  What is hard to predict is XORed
 * into it: the processor's own random numbers, if it has them, and the moments when the machine's
 * interrupts came.  Each use replaces the key by a part of the keystream that nobody sees, so what
 * was given out before, or to other guests, cannot be computed from what is here.
 */
#include <stdlib.h>
#include <string.h>
#include "arch/x86/cpu.h"
#include "arch/x86/pit.h"
#include "arch/x86/regs.h"
#include "arch/x86/time.h"
#include "drivers/virtio/rng.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"

#define WORDS		8		/* of a key */
#define JITTER_ROUNDS	128
#define JITTER_COUNT	32		/* of the PIT: 27 us */
#define RDRAND_TRIES	10		/* as Intel advises */

static u32 key[WORDS];
static u32 moments[WORDS];		/* the TSC's low bits, folded together until the pool is used */

static void entropy_fold(u32 v)
{
	static u32 at;
	u32 *m = &moments[at++ % WORDS];

	*m = (*m << 7 | *m >> 25) ^ v;
}

void entropy_stir(void)
{
	entropy_fold((u32)rdtsc());
}

/* A random number of the processor's own.  0 if it has none, or if they stop coming or changing (on
 * some they did after a suspend); then it is never asked again. */
static u32 processors_own(void)
{
	static bool failed;
	static u32 last, same;
	u32 v = 0, tries = 0;

	if (failed || !(cpu_info.features_ecx & CPU_RDRAND))
		return 0;
	while (!rdrand(&v) && ++tries < RDRAND_TRIES)
		;
	same = v == last ? same + 1 : 0;
	last = v;
	failed = tries == RDRAND_TRIES || same == 2;
	if (failed)
		hv_log("This processor's RDRAND is broken: entropy comes from timing alone.");
	return v;
}

static void entropy_mix(void)
{
	u32 i;

	for (i = 0; i < WORDS; i++)
		key[i] ^= moments[i] ^ processors_own();
}

/* One block of the keystream; half of it becomes the next key. */
static void entropy_next(u32 out[WORDS])
{
	u32 block[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(block + 4, key, sizeof(key));
	chacha20(block, block);
	memcpy(key, block, sizeof(key));
	memcpy(out, block + WORDS, sizeof(key));
}

void entropy_get(void *buf, u32 len)
{
	u32 out[WORDS], n, done;

	entropy_stir();
	entropy_mix();
	for (done = 0; done < len; done += n) {
		n = MIN(len - done, sizeof(out));
		entropy_next(out);
		memcpy((u8 *)buf + done, out, n);
	}
}

/* Two clocks with different crystals never agree on the last digits. */
void entropy_init(void)
{
	u32 i, unused[WORDS];
	u64 error;

	entropy_fold(wall_at_boot() / 1000000000);
	for (i = 0; i < JITTER_ROUNDS; i++) {
		entropy_fold((u32)pit_measure_tsc(JITTER_COUNT, &error));
		entropy_stir();
		entropy_mix();
		entropy_next(unused);
	}
}

/* ---- the device ---- */

static void entropy_fill(void *opaque, void *buf, u32 len)
{
	struct guest *g = opaque;

	entropy_get(buf, len);
	g->stats.entropy += len;
}

struct virtio_dev *entropy_make(struct guest *g, u32 n, const struct virtio_guest *access)
{
	struct virtio_rng_backend b = { g, entropy_fill, time_ns };

	(void)n;
	return virtio_rng_create(access, &b);
}
