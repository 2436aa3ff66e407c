/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log, and panic().  A line goes into a ring that `dmesg` reads, and to whatever shows it:
 * straight to both screens while we boot, to the consoles later.  A panic trusts none of this: it
 * writes to both screens synchronously and stops for good.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "arch/x86/regs.h"
#include "arch/x86/time.h"
#include "drivers/ps2/kbd.h"
#include "drivers/serial/uart.h"
#include "drivers/vga/vga.h"
#include "hv/lib/lib.h"
#include "switcher/switcher.h"

#define RING		16384
#define LINE		256
#define MAX_TRACE	16

extern u8 hv_start[], hv_text_end[], hv_bss[], hv_end[];

static char ring[RING];
static u32 ring_head;			/* free-running; the newest RING bytes are there */

static void put_screens(const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			uart_putc(&com1, '\r');
		uart_putc(&com1, *s);
		vga_putc(*s);
	}
}

static void show_line(const char *line)
{
	put_screens(line);
	put_screens("\n");
}

static void (*sink)(const char *line) = show_line;

void hv_log_sink(void (*to)(const char *line))
{
	sink = to;
}

void plain_text(char *s)
{
	for (; *s; s++)
		if ((*s < ' ' || *s > '~') && *s != '\n')
			*s = '?';
}

static void log_keep(const char *s)
{
	for (; *s; s++)
		ring[ring_head++ % RING] = *s;
	ring[ring_head++ % RING] = '\n';
}

void hv_log(const char *fmt, ...)
{
	static char line[LINE];
	u32 ms = (u32)(time_ns() / 1000000);
	va_list ap;
	int n = snprintf(line, sizeof(line), "[%5u.%03u] ", (ms / 1000),
			 (ms % 1000));

	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	line[strcspn(line, "\r\n")] = '\0';
	plain_text(line);
	log_keep(line);
	sink(line);
}

void hv_log_each(void (*put)(const char *line))
{
	u32 at = ring_head > RING ? ring_head - RING : 0;
	u32 end = ring_head;		/* put() may itself log */
	char line[LINE];
	u32 n = 0;

	/* The oldest line has lost its beginning: skip it. */
	if (at)
		while (at != end && ring[at++ % RING] != '\n')
			;
	for (; at != end; at++) {
		char c = ring[at % RING];

		if (c != '\n') {
			if (n < LINE - 1)
				line[n++] = c;
			continue;
		}
		line[n] = '\0';
		n = 0;
		put(line);
	}
}

/* ---- last words ---- */

static void log_say(const char *fmt, ...) PRINTF(1, 2);
static void log_say(const char *fmt, ...)
{
	static char line[LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	put_screens(line);
}

static void say_address(const char *what, u32 a)
{
	u32 offset;
	const char *name = symbol_at(a, &offset);

	log_say("  %s%08x  %s+0x%x\n", what, a, name, offset);
}

/* A frame pointer is followed only if it is in our .bss, where the stacks are, and higher than the
 * one before. */
static void log_backtrace(u32 ebp)
{
	u32 i, last = 0;

	for (i = 0; i < MAX_TRACE; i++) {
		const u32 *frame = (const u32 *)ebp;

		if (ebp % 4 || ebp <= last || ebp < (u32)hv_bss || ebp > (u32)hv_end - 8)
			return;
		if (frame[1] < (u32)hv_start || frame[1] >= (u32)hv_text_end)
			return;
		say_address("by ", frame[1]);
		last = ebp;
		ebp = frame[0];
	}
}

static void log_begin(void)
{
	static bool dying;

	cli();
	if (dying)			/* a panic in a panic: what is on the screen has to do */
		for (;;)
			hlt();
	dying = true;
	vga_clear();
	put_screens("\nRinglet panic: ");
}

static void NORETURN log_end(u32 ebp)
{
	log_say("  cr0 %08x  cr2 %08x  cr3 %08x  after %u ms\n", read_cr0(),
		read_cr2(), read_cr3(), (u32)(time_ns() / 1000000));
	log_backtrace(ebp);
	log_say("This is a fault of Ringlet itself.  The machine is stopped; nothing more\n"
		"happens until you restart it with Ctrl-Alt-Del or its reset button.\n");
	kbd_await_restart();
}

void panic(const char *fmt, ...)
{
	static char line[LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_begin();
	log_say("%s\n", line);
	log_end((u32)__builtin_frame_address(0));
}

void panic_trap(const struct host_frame *f)
{
	/* The processor did not push esp; it was just above what it did push.  A double fault came
	 * through a task, whose TSS has it. */
	u32 esp = f->trap == VEC_DF ? f->esp_unused : (u32)(f + 1);

	log_begin();
	log_say("trap %u, error %04x, in the hypervisor\n", f->trap, f->error);
	say_address("at ", f->eip);
	log_say("  eax %08x  ebx %08x  ecx %08x  edx %08x\n", f->eax, f->ebx,
		f->ecx, f->edx);
	log_say("  esi %08x  edi %08x  ebp %08x  esp %08x\n", f->esi, f->edi,
		f->ebp, esp);
	log_say("  cs %04x  ds %04x  es %04x  eflags %08x\n", f->cs & 0xFFFF,
		f->ds & 0xFFFF, f->es & 0xFFFF, f->eflags);
	log_end(f->ebp);
}
