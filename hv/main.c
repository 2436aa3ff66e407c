/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot order, from the loader's information to the main loop, one call per line. */
#include "arch/x86/cpu.h"
#include "arch/x86/irq.h"
#include "arch/x86/rtc.h"
#include "arch/x86/time.h"
#include "drivers/ps2/kbd.h"
#include "drivers/serial/uart.h"
#include "drivers/vga/vga.h"
#include "hv/boot_info.h"
#include "hv/dev/dev.h"
#include "hv/lib/lib.h"
#include "hv/run/run.h"
#include "hv/ui/ui.h"

#define CONFIG_NAME	"ringlet.conf"

/* The linker puts it at 0x417: the compiler takes a pointer made from such a number for a
 * mistake. */
extern const volatile u8 bios_data_kbd_flags;

static struct config config;

/* What the main loop does between guests' turns, in this order. */
static const struct worker workers[] = {
	{ rtc_work, NULL, NULL },
	{ guests_work, NULL, NULL },
	{ disks_work, NULL, NULL },
	{ terminals_work, terminals_busy, NULL },
	{ export_work, NULL, NULL },
	{ devices_work, devices_urgent, devices_settle },
	{ NULL, NULL, NULL },
};

static void say_machine(const struct boot_info *bi)
{
	u32 total, free, used, heap;

	mem_stats(&total, &free, &used, &heap);
	hv_log("%s at %u.%03u MHz", cpu_info.name, (sys_clock.tsc_khz / 1000),
	       (sys_clock.tsc_khz % 1000));
	hv_log("%u MiB of memory, %u MiB free; %u modules", (total >> 20),
	       (free >> 20), bi->modules);
}

static void config_complain(const char *line)
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
	if (text->wrong) {
		hv_log("No guests: " CONFIG_NAME " " IMAGE_WRONG ".");
		return;
	}
	config_parse(&config, (const char *)text->data, text->size, config_complain);
	if (!config.guests)
		hv_log("No guests: " CONFIG_NAME " (%u bytes) has no section [NAME].", text->size);
	for (i = 0; i < config.guests; i++)
		if (!guest_add(&config.guest[i]))
			hv_log("%s is left out: no memory for what is known of it", config.guest[i].name);
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

void hv_main(const struct boot_info *bi, const char *wrong)
{
	u8 kbd_flags = bios_data_kbd_flags;	/* page 0 will not be mapped */
	char word[2];

	uart_init(&com1);		/* two screens for messages */
	vga_init();
	hv_log("Ringlet " RINGLET_RELEASE);
	cpu_init();			/* stops here if the processor is too old */
	if (wrong)
		panic("%s", wrong);
	if (bi->dropped)
		hv_log("%u modules or memory map entries from the boot loader made no sense.", bi->dropped);
	cmdline_init(bi->cmdline);
	mem_init(bi);			/* frames and the C heap */
	hostmap_init(bi);		/* paging on */
	check_descriptors = hv_cmdline_get("check-descriptors", word, sizeof(word));
	fast_off = hv_cmdline_get("slow", word, sizeof(word));
	if (fast_off)
		hv_log("Option slow: what is guests' own is given to them the long way.");
	percpu_init();			/* GDT, IDT, TSS: from now on a fault is a panic */
	pic_init();
	watchdog_init();		/* needed on QEMU's processor only */
	time_init();
	timer_init();
	rtc_init();
	entropy_init();
	sched_init();
	say_machine(bi);
	uart_start_irq(&com1);
	export_init();
	kbd_init(kbd_flags);
	images_init(bi);
	add_guests();
	start_guests();
	terminals_start();		/* from now on both screens show the monitor and guests */
	if (!kbd_present())
		terminals_no_keyboard();
	cmdline_complain();
	loop_run(workers);
}
