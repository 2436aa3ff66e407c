/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lowest room: our log and our panic, names for addresses, what the C library stands on, a
 * cipher.  Everybody may use it, including drivers/ and arch/.
 */
#ifndef HV_LIB_LIB_H
#define HV_LIB_LIB_H

#include "hv/types.h"

/* ---- log.c: our own messages, kept in a ring and shown on both screens (VGA and COM1) ---- */
void hv_log(const char *fmt, ...) PRINTF(1, 2);	/* one line, no newline needed */
/* For our own bugs: prints the message and a backtrace (panic_trap() the registers, too) and stops
 * the machine. */
void panic(const char *fmt, ...) PRINTF(1, 2) NORETURN;
struct host_frame;
void panic_trap(const struct host_frame *f) NORETURN;
/* Each line still in the ring, oldest first, without its newline. */
void hv_log_each(void (*put)(const char *line));
/* For text from outside that will be shown: everything but printable ASCII and newlines becomes
 * "?". */
void plain_text(char *s);
/* From now on lines go to sink (and into the ring) instead of straight to both screens. */
void hv_log_sink(void (*sink)(const char *line));

/* ---- symbols.c: a table made by tools/symbols.sh from the first link ---- */
/* The function that contains address a, and the offset into it; "?" if it is not known. */
const char *symbol_at(u32 a, u32 *offset);

/* ---- libc.c: what newlib needs from us ---- */
/* The memory behind malloc(): one piece, given at boot. */
void heap_init(void *start, u32 size);
/* Bytes that malloc() has given out and not got back, and the size of the heap. */
void heap_stats(u32 *used, u32 *size);

/* ---- chacha20.c ---- */
/* ChaCha20's block function (RFC 8439, 2.3); what the words of in mean is up to the caller.  out
 * may be in. */
void chacha20(const u32 in[16], u32 out[16]);

#endif
