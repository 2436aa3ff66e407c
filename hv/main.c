/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot order, from the first line of C to the main loop: one call a line. */
#include <string.h>
#include "arch/x86/cpu.h"
#include "hv/mem/hostmap.h"
#include "arch/x86/irq.h"
#include "arch/x86/regs.h"
#include "arch/x86/rtc.h"
#include "arch/x86/time.h"
#include "drivers/ps2/kbd.h"
#include "drivers/serial/uart.h"
#include "drivers/vga/vga.h"
#include "hv/boot.h"
#include "hv/hv.h"

#define CONFIG_NAME	"ringlet.conf"

/* At 0x417, by the linker: the compiler takes a pointer made from such a number for a mistake. */
extern const volatile u8 bios_data_kbd_flags;

struct boot_info boot_info;
static struct config config;
static u8 bios_kbd_flags;

static const void *read_machine(u32 pa, u32 len)
{
	(void)len;
	return hpa_ptr(hpa(pa));
}

/* Everything that lies where it would be overwritten or, page 0, no longer mapped. */
static void read_boot_info(u32 magic, hpa_t mbi)
{
	const char *wrong = multiboot_parse(&boot_info, magic, hpa_x(mbi), read_machine);

	if (wrong)
		panic("%s", wrong);
	bios_kbd_flags = bios_data_kbd_flags;
	if (boot_info.dropped)
		hv_log("%u modules or memory map entries from the boot loader made no sense.",
		       boot_info.dropped);
}

static void say_machine(void)
{
	u32 total, free, used, heap;

	mem_stats(&total, &free, &used, &heap);
	hv_log("%s at %u.%03u MHz", cpu_info.name, (sys_clock.tsc_khz / 1000),
	       (sys_clock.tsc_khz % 1000));
	hv_log("%u MiB of memory, %u MiB free; %u modules", (total >> 20),
	       (free >> 20), boot_info.modules);
}

static void complain(const char *line)
{
	hv_log("%s", line);
}

static void add_guests(void)
{
	const struct image *text = image_find(CONFIG_NAME);
	u32 i;

	if (!text) {
		hv_log("No guests: grub.cfg has no line `module /boot/" CONFIG_NAME " " CONFIG_NAME "`.");
		return;
	}
	config_parse(&config, (const char *)text->data, text->size, complain);
	for (i = 0; i < config.guests; i++)
		guest_add(&config.guest[i]);
	lans_create();
}

static void start_guests(void)
{
	bool any = !guest_count;
	char msg[160];
	u32 i;

	for (i = 0; i < guest_count; i++) {
		any |= guests[i]->cfg->start;
		if (guests[i]->cfg->start && !guest_start(guests[i], msg, sizeof(msg)))
			hv_log("%s cannot start: %s", guests[i]->name, msg);
	}
	if (!any)
		hv_log("No guest starts by itself: that takes a line `start = yes`, or `start NAME` in the monitor.");
}

void hv_main(u32 magic, hpa_t mbi)
{
	uart_init(&com1);		/* two ways to be heard */
	vga_init();
	hv_log("Ringlet " RINGLET_RELEASE);
	cpu_init();			/* old enough to stop here, or not */
	read_boot_info(magic, mbi);
	mem_init(&boot_info);		/* frames and the C heap */
	hostmap_init(&boot_info);	/* paging on */
	percpu_init();			/* GDT, IDT, TSS: from here on a fault is a panic */
	pic_init();
	time_init();
	timer_init();
	rtc_init();
	entropy_init();
	say_machine();
	uart_start_irq(&com1);
	export_init();
	kbd_init(bios_kbd_flags);
	images_init();
	add_guests();
	start_guests();
	terminals_start();		/* both screens belong to guests and monitor now */
	sched_loop();
}
