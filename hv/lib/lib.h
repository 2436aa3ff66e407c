/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lowest room: our own words and last words, names for addresses, the C library's floor, a
 * cipher.  Everybody may use it, drivers and arch, too.
 */
#ifndef HV_LIB_LIB_H
#define HV_LIB_LIB_H

#include "hv/types.h"

/* ---- log.c: our own messages, kept in a ring and shown on both screens ---- */
void hv_log(const char *fmt, ...) PRINTF(1, 2);	/* one line, no newline needed */
/* Our own fault: prints, with registers of f if given, a backtrace, and holds the screen. */
void panic(const char *fmt, ...) PRINTF(1, 2) NORETURN;
struct host_frame;
void panic_trap(const struct host_frame *f) NORETURN;
/* Each line still in the ring, oldest first, without its newline. */
void hv_log_each(void (*put)(const char *line));
/* All but ASCII text and newlines becomes "?": words of a stranger's that will be shown. */
void plain_text(char *s);
/* From here on lines go to sink (and the ring) instead of straight to both screens. */
void hv_log_sink(void (*sink)(const char *line));

/* ---- symbols.c: a table made by tools/symbols.sh from the first link ---- */
/* The function that a lies in and how far into it; "?" if none is known. */
const char *symbol_at(u32 a, u32 *offset);

/* ---- libc.c: what newlib stands on ---- */
/* The memory behind malloc(): one piece, given at boot. */
void heap_init(void *start, u32 size);
/* Bytes: how far malloc() has grown less what it got back, and the bound. */
void heap_stats(u32 *used, u32 *size);

/* ---- chacha20.c ---- */
/* ChaCha20's block function (RFC 8439, 2.3), without which words mean what.  out may be in. */
void chacha20(const u32 in[16], u32 out[16]);

#endif
