/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's own options, from the `multiboot` line of grub.cfg: words apart by spaces. */
#include <string.h>
#include "hv/load/load.h"

static const char *cmdline = "";

void cmdline_init(const char *line)
{
	cmdline = line;
}

const char *hv_cmdline_get(const char *key, char *buf, u32 len)
{
	const char *word = cmdline;
	size_t key_len = strlen(key);

	while (*word) {
		size_t n = strcspn(word, " \t");

		if (n >= key_len && !memcmp(word, key, key_len) &&
		    (n == key_len || word[key_len] == '=')) {
			const char *value = word + key_len + (n > key_len);
			size_t value_len = MIN((size_t)(word + n - value), (size_t)len - 1);

			memcpy(buf, value, value_len);
			buf[value_len] = '\0';
			return buf;
		}
		word += n;
		word += strspn(word, " \t");
	}
	return NULL;
}
