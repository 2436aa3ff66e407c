// SPDX-License-Identifier: GPL-2.0
/*
 * The platform "a Ringlet guest": everything a PC's chips would do, done by
 * hypercalls and the shared page.
 *
 * ringlet_init() runs before start_kernel().  It tells the hypervisor where the shared page is
 * and fills in the hooks through which the rest of the kernel finds its interrupt
 * controller, timer, clocks, console and power switch.  There is no PIC, PIT, RTC
 * or keyboard controller, and nothing here or elsewhere touches an I/O port for them.
 */
#define pr_fmt(fmt) "ringlet: " fmt

#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/console.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/kmsg_dump.h>
#include <linux/math64.h>
#include <linux/panic_notifier.h>
#include <linux/pm.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/time64.h>

#include <asm/bios_ebda.h>
#include <asm/hw_irq.h>
#include <asm/i8259.h>
#include <asm/paravirt.h>
#include <asm/reboot.h>
#include <asm/ringlet.h>
#include <asm/ringlet-abi.h>
#include <asm/setup.h>
#include <asm/x86_init.h>

/* In the data section: the entry code of head_32.S has cleared the BSS long before. */
struct ringlet_shared ringlet_shared __page_aligned_data = {
	.blocked_interrupts	= ~0u,
};
EXPORT_SYMBOL(ringlet_shared);

/* entry_32.S: from "interrupts go on" to the end of the iret */
extern const char ringlet_noirq_start[], ringlet_noirq_end[];

/*
 * Console: kernel messages, from the first one on.
 *
 * A boot console, so it retires when a real one (hvc0) registers.  It is needed once more
 * when the kernel dies, for what the real one may not have printed.
 */
static void ringlet_console_write(struct console *con, const char *s, unsigned int n)
{
	static char line[256];
	unsigned int i = 0;

	while (n--) {
		if (*s == '\n')
			line[i++] = '\r';
		line[i++] = *s++;
		if (!n || i >= sizeof(line) - 1) {
			ringlet_call(HC_CONSOLE_WRITE, __pa(line), i, 0);
			i = 0;
		}
	}
}

static struct console ringlet_console = {
	.name	= "ringlet",
	.write	= ringlet_console_write,
	.flags	= CON_PRINTBUFFER | CON_BOOT | CON_ANYTIME,
	.index	= -1,
};

/*
 * Last words.  The panic text and the backtrace are in the log by now, and normally on the
 * console too, unless whoever panicked was itself holding the console: print what is missing.
 */
static int ringlet_panic(struct notifier_block *nb, unsigned long event, void *text)
{
	struct kmsg_dump_iter iter = { };
	static char line[1024];
	struct console *con;
	size_t len;

	for_each_console(con)
		if (con->flags & CON_ENABLED)
			iter.cur_seq = max(iter.cur_seq, con->seq);
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line), &len))
		ringlet_console_write(NULL, line, len);

	ringlet_call(HC_SHUTDOWN, __pa(text), SHUTDOWN_CRASH, 0);
	return NOTIFY_DONE;
}

static struct notifier_block ringlet_panic_block = {
	.notifier_call	= ringlet_panic,
	.priority	= INT_MIN,	/* the others may still have something to say */
};

/*
 * Interrupts: 32 lines, each with its own vector and a mask bit in the shared page.  The
 * hypervisor forgets a request when it delivers it, so there is nothing to acknowledge
 * and lines behave as edge-triggered ones.
 */
static void ringlet_irq_mask(struct irq_data *d)
{
	ringlet_shared.blocked_interrupts |= BIT(d->irq);
	barrier();
}

static void ringlet_irq_unmask(struct irq_data *d)
{
	ringlet_shared.blocked_interrupts &= ~BIT(d->irq);
	/* One that came while it was masked waits for us to ask. */
	ringlet_call(HC_SEND_INTERRUPTS, 0, 0, 0);
}

static void ringlet_irq_ack(struct irq_data *d)
{
}

static struct irq_chip ringlet_irq_chip = {
	.name		= "ringlet",
	.irq_mask	= ringlet_irq_mask,
	.irq_unmask	= ringlet_irq_unmask,
	.irq_ack	= ringlet_irq_ack,
};

static void __init ringlet_init_irqs(void)
{
	unsigned int irq;

	for (irq = 0; irq < RINGLET_IRQS; irq++) {
		if (!irq_to_desc(irq) && irq_alloc_desc_at(irq, 0) < 0)
			panic("ringlet: no descriptor for interrupt %u", irq);
		irq_set_chip_and_handler_name(irq, &ringlet_irq_chip, handle_edge_irq, "edge");
		/* Mask at once when disabled: nothing would send it again later. */
		irq_set_status_flags(irq, IRQ_DISABLE_UNLAZY);
		per_cpu(vector_irq, 0)[RINGLET_FIRST_VECTOR + irq] = irq_to_desc(irq);
	}
}

/*
 * Time.  Where the TSC is trusted it is the clock source, because programs can read that one
 * without a system call; it counts on while the guest is paused, as does "ringlet".  That is the
 * clock in the shared page, the hypervisor's own, and for where the TSC is not trusted; it also
 * gives the scheduler's clock and the time of day.
 */
static noinstr u64 ringlet_clock(void)
{
	struct ringlet_shared *s = &ringlet_shared;
	u64 ns, delta;
	u32 seq;

	do {
		seq = READ_ONCE(s->clock_seq);
		barrier();
		ns = s->clock_ns;
		if (s->clock_mult) {
			delta = rdtsc() - s->clock_tsc;
			/* delta * mult >> 32, in two halves so that nothing overflows */
			ns += ((((delta & U32_MAX) * s->clock_mult) >> 32) +
			       (delta >> 32) * s->clock_mult) << s->clock_shift;
		}
		barrier();
	} while ((seq & 1) || seq != READ_ONCE(s->clock_seq));
	return ns;
}

static u64 ringlet_boot_ns __ro_after_init;

/* The kernel log starts at zero, however long the hypervisor has been up. */
static noinstr u64 ringlet_sched_clock(void)
{
	return ringlet_clock() - ringlet_boot_ns;
}

static u64 ringlet_clocksource_read(struct clocksource *cs)
{
	return ringlet_clock();
}

static struct clocksource ringlet_clocksource = {
	.name	= "ringlet",
	.rating	= 250,		/* below the TSC, if there is that */
	.read	= ringlet_clocksource_read,
	.mask	= CLOCKSOURCE_MASK(64),
	.flags	= CLOCK_SOURCE_IS_CONTINUOUS,
};

/*
 * A thread that goes to sleep sets the next event, the idle task sets it again before it waits, and
 * again afterwards.  So while the idle task is there, or in a thread that is no longer running as far
 * as the scheduler knows, it is not told.  It is when the idle task waits, by the same call, or when
 * the next thread starts.  Until then the last one that was told stays.  Should the thread go on
 * running after all, that is the tick at the latest.
 */
bool ringlet_event_untold;
static u64 ringlet_event_ns;		/* by our clock; 0: none */

static bool ringlet_about_to_wait(void)
{
	if (boot_option_idle_override == IDLE_POLL)
		return false;
	return is_idle_task(current) || (in_task() && READ_ONCE(current->__state) != TASK_RUNNING);
}

static int ringlet_clockevent_set(unsigned long delta, struct clock_event_device *dev)
{
	ringlet_event_untold = ringlet_about_to_wait();
	if (ringlet_event_untold)
		ringlet_event_ns = ringlet_clock() + delta;
	else
		ringlet_call(HC_SET_CLOCKEVENT, delta, 0, 0);
	return 0;
}

static int ringlet_clockevent_stop(struct clock_event_device *dev)
{
	ringlet_event_untold = ringlet_about_to_wait();
	if (ringlet_event_untold)
		ringlet_event_ns = 0;
	else
		ringlet_call(HC_SET_CLOCKEVENT, 0, 0, 0);
	return 0;
}

void ringlet_tell_event(void)
{
	u64 now = ringlet_clock();
	unsigned long delta = 0;

	if (ringlet_event_ns)
		delta = ringlet_event_ns > now ? ringlet_event_ns - now : 1;
	ringlet_event_untold = false;
	ringlet_call(HC_SET_CLOCKEVENT, delta, 0, 0);
}

void __cpuidle ringlet_idle(void)
{
	if (ringlet_event_untold) {
		ringlet_event_untold = false;
		ringlet_call(HC_SLEEP, ringlet_event_ns, ringlet_event_ns >> 32, 0);
	} else {
		ringlet_call(HC_HALT, 0, 0, 0);
	}
}

static struct clock_event_device ringlet_clockevent = {
	.name				= "ringlet",
	.features			= CLOCK_EVT_FEAT_ONESHOT,
	.rating				= 400,
	.irq				= RINGLET_IRQ_TIMER,
	.set_next_event			= ringlet_clockevent_set,
	.set_state_shutdown		= ringlet_clockevent_stop,
	.set_state_oneshot_stopped	= ringlet_clockevent_stop,
};

static irqreturn_t ringlet_timer(int irq, void *dev)
{
	ringlet_clockevent.event_handler(&ringlet_clockevent);
	return IRQ_HANDLED;
}

static void __init ringlet_timer_init(void)
{
	clocksource_register_hz(&ringlet_clocksource, NSEC_PER_SEC);

	if (request_irq(RINGLET_IRQ_TIMER, ringlet_timer,
			IRQF_TIMER | IRQF_NOBALANCING | IRQF_IRQPOLL, "timer", NULL))
		panic("ringlet: no timer interrupt");
	ringlet_clockevent.cpumask = cpumask_of(0);
	/* The unit is a nanosecond; a word of them is the longest wait. */
	clockevents_config_and_register(&ringlet_clockevent, NSEC_PER_SEC, 1000, U32_MAX);
}

static unsigned long ringlet_tsc_khz(void)
{
	return ringlet_shared.tsc_khz;
}

static void ringlet_get_wallclock(struct timespec64 *now)
{
	u64 ns = ringlet_clock() + ringlet_shared.wall_nsec;
	u32 rest;

	now->tv_sec = ringlet_shared.wall_sec + div_u64_rem(ns, NSEC_PER_SEC, &rest);
	now->tv_nsec = rest;
}

static int ringlet_set_wallclock(const struct timespec64 *now)
{
	return -ENODEV;
}

/* Power.  None of these calls returns. */
static void __noreturn ringlet_shutdown(unsigned long how)
{
	for (;;)
		ringlet_call(HC_SHUTDOWN, 0, how, 0);
}

static void ringlet_power_off(void)
{
	ringlet_shutdown(SHUTDOWN_POWEROFF);
}

static void ringlet_halt(void)
{
	ringlet_shutdown(SHUTDOWN_HALT);
}

static void ringlet_emergency_restart(void)
{
	ringlet_shutdown(SHUTDOWN_RESTART);
}

static void ringlet_restart(char *cmd)
{
	ringlet_shutdown(SHUTDOWN_RESTART);
}

/* There is no power button: the operator's wish is an interrupt. */
static irqreturn_t ringlet_operator(int irq, void *dev)
{
	if (irq == RINGLET_IRQ_SHUTDOWN)
		orderly_poweroff(true);
	else
		orderly_reboot();
	return IRQ_HANDLED;
}

static int __init ringlet_operator_init(void)
{
	return request_irq(RINGLET_IRQ_SHUTDOWN, ringlet_operator, 0, "shutdown", NULL) ?:
	       request_irq(RINGLET_IRQ_REBOOT, ringlet_operator, 0, "reboot", NULL);
}
device_initcall(ringlet_operator_init);

/* Address spaces: tlb.c does the rest. */
static void ringlet_flush_tlb_user(void)
{
	ringlet_call(HC_FLUSH_TLB, 0, 0, 0);
}

static void ringlet_flush_tlb_kernel(void)
{
	ringlet_call(HC_FLUSH_TLB, 1, 0, 0);
}

static void ringlet_flush_tlb_one_user(unsigned long addr)
{
	ringlet_call(HC_INVLPG, addr, 0, 0);
}

static void __init ringlet_set_legacy_features(void)
{
	x86_platform.legacy.rtc = 0;
	x86_platform.legacy.warm_reset = 0;
	x86_platform.legacy.i8042 = X86_LEGACY_I8042_PLATFORM_ABSENT;
	x86_platform.legacy.reserve_bios_regions = 0;
	x86_platform.legacy.devices.pnpbios = 0;
}

/* What needs the processor to be known and static calls to work: early in setup_arch(). */
static void __init ringlet_arch_setup(void)
{
	pr_info("Running on Ringlet, interface version %u, features %#x\n",
		ringlet_shared.version, ringlet_shared.features);

	ringlet_boot_ns = ringlet_clock();
	paravirt_set_sched_clock(ringlet_sched_clock);

	setup_force_cpu_cap(X86_FEATURE_TSC_KNOWN_FREQ);
	if (ringlet_shared.features & RINGLET_F_TSC) {
		setup_force_cpu_cap(X86_FEATURE_CONSTANT_TSC);
		setup_force_cpu_cap(X86_FEATURE_TSC_RELIABLE);
	} else {
		mark_tsc_unstable("what the hypervisor says");
	}
}

/* Page tables are in low memory (there is no HIGHPTE), which is mapped linearly or not yet at all. */
#define RINGLET_FEATURES	(RINGLET_F_SYSCALL_IF | RINGLET_F_ASID | RINGLET_F_CLOCK | RINGLET_F_DEVICE_STATUS | \
				 RINGLET_F_LINEAR)

void __init ringlet_init(void)
{
	ringlet_shared.noirq_start = (unsigned long)ringlet_noirq_start;
	ringlet_shared.noirq_end = (unsigned long)ringlet_noirq_end;
	ringlet_shared.kernel_address = PAGE_OFFSET;
	ringlet_shared.syscall_vec = IA32_SYSCALL_VECTOR;
	ringlet_shared.guest_features = RINGLET_FEATURES;
	if (!ringlet_call(HC_INIT, __pa(&ringlet_shared), RINGLET_MAGIC, 0) ||
	    (ringlet_shared.features & RINGLET_FEATURES) != RINGLET_FEATURES)
		ringlet_shutdown(SHUTDOWN_CRASH);

	register_console(&ringlet_console);
#ifdef CONFIG_EARLY_PRINTK
	early_console = &ringlet_console;
#endif
	atomic_notifier_chain_register(&panic_notifier_list, &ringlet_panic_block);

	pv_info.name = "Ringlet";
	pv_ops.cpu.io_delay = paravirt_nop;
	pv_ops.mmu.flush_tlb_user = ringlet_flush_tlb_user;
	pv_ops.mmu.flush_tlb_kernel = ringlet_flush_tlb_kernel;
	pv_ops.mmu.flush_tlb_one_user = ringlet_flush_tlb_one_user;

	x86_init.oem.arch_setup = ringlet_arch_setup;
	x86_init.resources.probe_roms = x86_init_noop;
	x86_init.irqs.pre_vector_init = ringlet_init_irqs;
	x86_init.timers.timer_init = ringlet_timer_init;
	x86_platform.calibrate_cpu = ringlet_tsc_khz;
	x86_platform.calibrate_tsc = ringlet_tsc_khz;
	x86_platform.get_wallclock = ringlet_get_wallclock;
	x86_platform.set_wallclock = ringlet_set_wallclock;
	x86_platform.set_legacy_features = ringlet_set_legacy_features;
	x86_platform.realmode_reserve = x86_init_noop;	/* a guest never enters real mode */
	x86_platform.realmode_init = x86_init_noop;
	legacy_pic = &null_legacy_pic;

	machine_ops.power_off = ringlet_power_off;
	machine_ops.halt = ringlet_halt;
	machine_ops.restart = ringlet_restart;
	machine_ops.emergency_restart = ringlet_emergency_restart;
	pm_power_off = ringlet_power_off;
}
