/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's own options, from the `multiboot` line of grub.cfg: words separated by
 * spaces. */
#include <string.h>
#include "hv/lib/lib.h"
#include "hv/load/load.h"

static const char *cmdline = "";
static u32 cmdline_known;		/* bit n: the n-th word has been asked for */

void cmdline_init(const char *line)
{
	cmdline = line;
	cmdline_known = 0;
}

const char *hv_cmdline_get(const char *key, char *buf, u32 len)
{
	const char *word = cmdline;
	size_t key_len = strlen(key);
	u32 i;

	for (i = 0; *word; i++) {
		size_t n = strcspn(word, " \t");

		if (n >= key_len && !memcmp(word, key, key_len) &&
		    (n == key_len || word[key_len] == '=')) {
			const char *value = word + key_len + (n > key_len);
			size_t value_len = MIN((size_t)(word + n - value), (size_t)len - 1);

			memcpy(buf, value, value_len);
			buf[value_len] = '\0';
			cmdline_known |= i < 32 ? BIT(i) : 0;
			return buf;
		}
		word += n;
		word += strspn(word, " \t");
	}
	return NULL;
}

/* QEMU's loader puts the name of our file in front; none of our own options looks like a path. */
void cmdline_complain(void)
{
	const char *word = cmdline;
	u32 i;

	for (i = 0; *word; i++) {
		size_t n = strcspn(word, " \t");
		bool file = !i && memchr(word, '/', n) && !memchr(word, '=', n);

		if (n && !file && !(i < 32 && (cmdline_known & BIT(i))))
			hv_log("unknown option %.*s on Ringlet's own line; known options: escape=^T, keymap=de, slow, check-descriptors",
			       (int)MIN(n, (size_t)40), word);
		word += n;
		word += strspn(word, " \t");
	}
}
