/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * COM2, on which disks and captures are sent.  It has one user at a time, and its ring takes memory
 * only then.  Nobody waits for it: the user asks for room first, and tries again later.
 */
#include <stdio.h>
#include <stdlib.h>
#include "drivers/serial/uart.h"
#include "hv/dev/dev.h"

#define RING	65536

static char owner[64];			/* "": none */

void export_init(void)
{
	uart_init(&com2);
	uart_start_irq(&com2);
}

const char *export_claim(const char *who)
{
	static char why[120];
	const char *holder = owner[0] ? owner : "the last one is still on its way";

	if (!com2.present)
		return "this machine has no COM2";
	if (owner[0] || uart_tx_room(&com2) < com2.tx.size / 2) {
		snprintf(why, sizeof(why), "COM2 is in use: %s", holder);
		return why;
	}
	/* The last user's ring may still be in use. */
	if (!com2.tx.byte && !(com2.tx.byte = malloc(RING)))
		return "no memory";
	com2.tx.size = RING;
	snprintf(owner, sizeof(owner), "%s", who);
	return NULL;
}

void export_release(void)
{
	owner[0] = 0;
}

u32 export_room(void)
{
	return owner[0] ? uart_tx_room(&com2) : 0;
}

void export_write(const void *data, u32 len)
{
	uart_write(&com2, data, MIN(len, export_room()));
}

bool export_idle(void)
{
	return uart_tx_idle(&com2);
}

bool export_work(void)
{
	if (!com2.tx.byte)
		return false;
	uart_poll(&com2);
	if (!owner[0] && export_idle()) {
		free(com2.tx.byte);
		com2.tx = (struct byte_ring){ 0 };
	}
	return false;
}
