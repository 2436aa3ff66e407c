/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's index: its structures, and every function one file of hv/
 * offers to another, under the name of that file.  Private to hv/.
 *
 * Two verbs of death.  guest_kill(): the guest did wrong; it stops, everybody else
 * goes on.  panic(): we did wrong.
 */
#ifndef HV_HV_H
#define HV_HV_H

#include "arch/x86/desc.h"
#include "hv/abi.h"
#include "hv/load/config.h"
#include "hv/mem/shadow.h"
#include "hv/run/stats.h"
#include "hv/types.h"
#include "switcher/layout.h"
#include "switcher/switcher.h"

#define MAX_GUESTS	16
#define MAX_VDEVS	16

struct guest;
struct vcpu;
struct cpu;
struct console;
struct disk;
struct virtio_dev;

/* ---- one virtual CPU ---- */
struct vcpu {
	struct guest *guest;
	hfn_t regs_frame;		/* the register page, mapped at LP_REGS while it runs */
	struct vcpu_regs *regs;		/* in that page */

	/* Segments and gates, as built by segments.c and traps.c. */
	struct desc gdt[GDT_ENTRIES];	/* what the processor sees */
	struct desc idt[256];		/* approved gates of the guest, in guest terms */
	gva_t idt_base;			/* from lidt; idt_bytes 0: there was none */
	u32 idt_bytes;
	bool tables_changed;		/* gdt or idt differs from what is loaded */
	gva_t gdt_base;			/* from lgdt */
	u32 gdt_limit;
	u16 ss1;			/* stack for traps out of ring 3 */
	u32 esp1;

	/* Control registers as the guest believes them. */
	u32 cr0, cr2, cr3, cr4, dr[8];
	bool ts;			/* the real CR0.TS while it runs */

	/* Interrupts. */
	u32 irq_pending;		/* bit n: interrupt n waits */
	bool irq_on;			/* IF before there is a shared page */
	bool halted;
	u64 event_ns;			/* clock event deadline, 0: none */

	/* The shared page. */
	bool have_shared;
	bool extended;			/* has Ringlet's own fields */
	gpa_t shared;
	u32 noirq_start, noirq_end, kernel_address, syscall_vec, guest_features;
	u32 next_async;

	u8 fpu[512] __attribute__((aligned(16)));

	/* Scheduling. */
	struct vcpu *run_next;		/* in the CPU's queue */
	bool queued;
	u64 queued_ns;			/* since when it waits there */
	u64 slice_left_ns;
};

/* ---- a guest ---- */
enum guest_state {
	GUEST_OFF,		/* nothing but its configuration */
	GUEST_BUILDING,		/* memory being given out and filled */
	GUEST_RUNNING,		/* or idle, waiting for an interrupt */
	GUEST_PAUSED,
	GUEST_DYING,		/* memory being taken back */
	GUEST_SHUTOFF,		/* powered off by itself */
	GUEST_CRASHED,		/* killed, or panicked: reason and registers kept */
};

struct guest {
	const struct guest_config *cfg;
	char name[CONFIG_NAME_MAX];
	u32 id;				/* 1.. : Ctrl-T digit */
	enum guest_state state;
	enum guest_state next_state;	/* what GUEST_DYING ends in */
	bool restart;			/* and then starts again */
	char reason[160];		/* why it is not running */
	struct vcpu_regs last_regs;	/* at death */
	u32 last_cr2, last_cr3;
	bool have_last_regs;

	u32 mem_pages;			/* guest physical size in frames */
	hfn_t *p2m[1024];		/* leaf pages of 1024 frames each; see p2m.c */
	u32 work_at;			/* how far building or dying has come, in frames */

	struct vcpu *vcpu;		/* NULL while off */
	struct shadow shadow;
	struct console *console;	/* lives as long as the configuration does */
	struct disk *disk[CONFIG_MAX_DISKS];	/* as cfg->disk; they live as long, too */
	struct virtio_dev *vdev[MAX_VDEVS];
	u32 vdevs;
	struct stats stats;
	u64 started_ns;
	u32 starts;			/* how often */
	u32 logged_ports[8], logged_msrs[8]; /* told once each; see emulate.c */
	u32 logged_port_count, logged_msr_count;
};
extern struct guest *guests[MAX_GUESTS];
extern u32 guest_count;

/* ---- one processor ---- */
struct cpu {
	u32 id;
	u32 pages;			/* virtual address of its lguest_pages */
	hfn_t state_frame;		/* its state page: GDT, IDT, TSS */
	hfn_t guest_table;		/* page table for the top 4 MiB while a guest runs */
	struct vcpu *loaded;		/* whose state is in our pages */
	struct vcpu *running;		/* NULL in between */
	struct vcpu *queue_head, *queue_tail;
	bool ts_set;			/* real CR0.TS */
	bool resched;			/* leave the running vcpu at the next exit */
	u32 direct_vector;		/* the one vector in our IDT that leads to a guest; 0: none */
	u64 slice_end_ns;
	u64 nmis;
	u64 idle_ns;
};

/* ---- main.c: the boot order and the main loop ---- */
/* Takes GRUB's two words; never returns. */
void hv_main(u32 magic, hpa_t mbi) NORETURN;

/* ---- cmdline.c: the hypervisor's own command line, "key=value key=value flag" ---- */
/* Copies the value of key into buf, cut to len, and returns buf; NULL: key is not there.  A word that
 * is just the key has the value "". */
const char *hv_cmdline_get(const char *key, char *buf, u32 len);

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

/* ---- mem.c: the machine's frames, one at a time ---- */
/* Returns HFN_NONE if there is none.  The content is whatever it was. */
hfn_t frame_alloc(void);
hfn_t frame_alloc_zeroed(void);
/* f must have come from frame_alloc; freeing one twice is a panic. */
void frame_free(hfn_t f);
u32 frames_free(void);
u32 frames_total(void);
struct boot_info;
void mem_init(const struct boot_info *bi);
/* Bytes: usable RAM, of it free, the C heap's use and size. */
void mem_stats(u32 *total, u32 *free, u32 *heap_used, u32 *heap_size);
static inline void *frame_ptr(hfn_t f) { return hpa_ptr(hfn_hpa(f)); }
/* And back, for a pointer that came from frame_ptr. */
#ifndef HPA_PTR_OVERRIDE
static inline hfn_t ptr_frame(const void *p) { return hpa_hfn(hpa((uintptr_t)p)); }
#else
hfn_t ptr_frame(const void *p);
#endif

/* ---- p2m.c: guest frame -> machine frame ---- */
/* Returns HFN_NONE for a frame the guest does not own. */
hfn_t p2m_lookup(const struct guest *g, gfn_t f);
/* Gives g the frame h (owned by the caller until now) as f; false: no memory for the map. */
bool p2m_set(struct guest *g, gfn_t f, hfn_t h);
/* Takes f out and returns what was there. */
hfn_t p2m_clear(struct guest *g, gfn_t f);
void p2m_free_map(struct guest *g);

/* ---- gmem.c: the only way into guest memory ---- */
/* Copy len bytes from or to guest-physical memory, which need not be contiguous in
 * the machine.  a and len may be anything.  false: some of it is not the guest's RAM; what
 * was read is then zeroed, what was written may be written in part. */
bool gmem_read(const struct guest *g, gpa_t a, void *dst, u32 len);
bool gmem_write(struct guest *g, gpa_t a, const void *src, u32 len);
/* One aligned word in one access; false: not aligned, or not RAM (*v is then 0). */
bool gmem_read_u32(const struct guest *g, gpa_t a, u32 *v);
bool gmem_write_u32(struct guest *g, gpa_t a, u32 v);
/* Stores new in an aligned word that still is `old`; false: it changed or is not RAM. */
bool gmem_update_u32(struct guest *g, gpa_t a, u32 old, u32 new);
bool gmem_zero(struct guest *g, gpa_t a, u32 len);
/* From one guest to another (or the same one), once. */
enum gmem_copied { GMEM_COPIED, GMEM_BAD_SOURCE, GMEM_BAD_TARGET };
enum gmem_copied gmem_copy(struct guest *to, gpa_t t, const struct guest *from, gpa_t f, u32 len);

/* ---- gva.c: guest virtual memory, by way of the guest's own page tables ---- */
struct walk {			/* the guest's view of one address, each entry read once */
	bool present;
	bool large;		/* a 4 MiB entry, or paging is off */
	u32 pde, pte;		/* as read; pte is 0 if large */
	gpa_t pde_addr, pte_addr;
	u32 flags;		/* PTE_RW and PTE_US as far as all levels allow them */
	gfn_t frame;		/* where it leads */
	gfn_t table;		/* the page table; if large, the first of the 1024 frames */
};
#define ACCESS_WRITE	PFERR_W
#define ACCESS_USER	PFERR_U
/* NULL, or the sentence why the guest has to die: a directory or table outside its memory. */
const char *gva_walk(struct vcpu *v, gva_t a, struct walk *w);
/* What hardware would say to this access: 0 if it is allowed, else the error code | WALK_FAULT. */
u32 walk_check(const struct walk *w, u32 access);
#define WALK_FAULT	0x80000000u
/* Sets accessed, and for a write dirty, in the guest's entries, as hardware does before it goes on. */
void walk_touch(struct vcpu *v, struct walk *w, u32 access);
/* Copies as the guest would with ACCESS_* rights, setting accessed and dirty.  On failure returns
 * false with *err the page-fault error code and *at the address. */
bool gva_read(struct vcpu *v, gva_t a, void *dst, u32 len, u32 access, u32 *err, u32 *at);
bool gva_write(struct vcpu *v, gva_t a, const void *src, u32 len, u32 access, u32 *err, u32 *at);

/* ---- shadow.c ---- */
enum fault_result {
	FAULT_FILLED,		/* ours: go on */
	FAULT_GUEST,		/* the guest's: give it *err */
	FAULT_MMIO,		/* a device register at *mmio */
	FAULT_KILLED,
};
/* Frames for page tables that a guest of so many frames gets. */
u32 shadow_pages_for(u32 mem_pages);
/* Takes all the memory the shadows will ever use; false: there is not so much. */
bool shadow_init(struct guest *g);
void shadow_destroy(struct guest *g);
/* A page fault at a with the processor's error code. */
enum fault_result shadow_fault(struct vcpu *v, gva_t a, u32 *err, gpa_t *mmio);
/* asid: -1 or 0..RINGLET_ASIDS-1.  flush: empty its user part. */
void shadow_new_root(struct vcpu *v, u32 cr3, int asid, bool flush);
void shadow_flush_user(struct vcpu *v);
void shadow_flush_all(struct guest *g);
void shadow_flush_one(struct vcpu *v, gva_t a);	/* in this root, or for a kernel address in all */
void shadow_flush_everywhere(struct guest *g, gva_t a);	/* in all */
void shadow_flush_directory(struct guest *g, u32 cr3, u32 dir); /* one directory entry of the roots for cr3 */
/* The machine's cr3 for the current root, with this CPU's table for the top 4 MiB in it. */
hpa_t shadow_cr3(struct vcpu *v, hfn_t top_table);

/* ---- audit.c ---- */
struct audit {
	u32 roots, tables, entries;
	u32 lagging;		/* entries that allow more than the guest's do now: legal until it flushes */
	char violation[120];	/* the first one; "" if none */
};
void shadow_audit(struct guest *g, struct audit *a);

/* ---- segments.c ---- */
void segments_reset(struct vcpu *v);
bool gdt_load(struct vcpu *v, gva_t base, u16 limit);	/* lgdt; false: a page fault was injected */
void gdt_set(struct vcpu *v, u32 index, struct desc d);	/* one entry; reserved ones are refused */
/* May the guest's cs or ss hold this selector at this privilege?  */
bool selector_ok_cs(const struct vcpu *v, u16 sel);
bool selector_ok_ss(const struct vcpu *v, u16 sel, u16 cs);
u32 segment_base(const struct vcpu *v, u16 sel);	/* 0 for no such segment */
bool segment_is_32(const struct vcpu *v, u16 sel);
/* What a guest starts with. */
#define GUEST_CS	0x61
#define GUEST_DS	0x69

/* ---- traps.c: the guest's IDT, and delivering through it ---- */
void idt_load(struct vcpu *v, gva_t base, u16 limit);	/* lidt */
void idt_set(struct vcpu *v, u32 vector, struct desc d);
bool trap_gate_open(struct vcpu *v, u32 vector);	/* to an `int n` at the present privilege */
/* Enters the guest's handler as hardware would; a fault on the way is a double fault, which kills. */
void trap_inject(struct vcpu *v, u32 vector, bool has_error, u32 error);
void trap_inject_pf(struct vcpu *v, u32 cr2, u32 error);
/* The real gate for the system-call vector if it may lead straight to ring 1, else empty. */
struct desc trap_direct_gate(const struct vcpu *v);

/* ---- virq.c: virtual interrupts ---- */
void virq_raise(struct guest *g, u32 irq);
bool virq_enabled(struct vcpu *v);
void virq_enable(struct vcpu *v, bool on);
/* Before entry: delivers one if it may, and tells the shared page what waits. */
void virq_deliver(struct vcpu *v);
bool virq_waiting(struct vcpu *v);	/* something unmasked is pending */

/* ---- hcall.c ---- */
void hypercall(struct vcpu *v);		/* the one in v->regs, after the asynchronous ones */

/* ---- cpuid.c ---- */
void guest_cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d);

/* ---- emulate.c: privileged instructions and device registers ---- */
enum exit_reason emulate_gp(struct vcpu *v, u32 error);	/* after #GP at ring 1 or 3; what it was */
bool emulate_ud(struct vcpu *v);				/* after #UD; false: it is the guest's own */
void emulate_mmio(struct vcpu *v, gva_t a, gpa_t reg);	/* after a fault on a device register */

/* ---- exits.c ---- */
/* trap: as switch_to_guest returned it; cr2: read right after.  Returns what it was, for the counters. */
enum exit_reason handle_exit(struct vcpu *v, u32 trap, u32 cr2);

/* ---- vcpu.c: loading and running one ---- */
bool vcpu_create(struct guest *g);
void vcpu_destroy(struct guest *g);
/* Runs v until its slice is over, it halts, or its guest stops running. */
void vcpu_run(struct cpu *c, struct vcpu *v);

/* ---- percpu.c ---- */
struct cpu *this_cpu(void);
void percpu_init(void);			/* this CPU's lguest_pages, GDT, IDT, TSS */
struct state_page *cpu_state(struct cpu *c);

/* ---- sched.c ---- */
void sched_wake(struct vcpu *v);	/* runnable now; harmless if it already is, or may not run */
void sched_remove(struct vcpu *v);
void sched_interrupted(struct cpu *c);	/* after an interrupt of the machine's took a guest out */
u64 sched_slice_ns(void);
void sched_loop(void) NORETURN;		/* the main loop */

/* ---- timer.c: deadlines of guests and slices on one hardware timer ---- */
void timer_init(void);
void timer_set(struct vcpu *v, u64 delta_ns);	/* its clock event; 0 stops it */
void timer_run(void);			/* if the hardware timer fired: raises what is due */
void timer_program(void);		/* after a deadline came nearer */

/* ---- shared.c: the page a guest shares with us ---- */
bool shared_register(struct vcpu *v, gpa_t a, bool extended);
void shared_update_time(struct vcpu *v);
bool shared_get(struct vcpu *v, u32 offset, u32 *val);
bool shared_put(struct vcpu *v, u32 offset, u32 val);
bool shared_read(struct vcpu *v, u32 offset, void *dst, u32 len);
bool shared_write(struct vcpu *v, u32 offset, const void *src, u32 len);

/* ---- guest.c: its life ---- */
struct guest *guest_add(const struct guest_config *cfg);
struct guest *guest_find(const char *name_or_id);
/* Frames that are free now and belong to guests being built or about to start again. */
u32 guests_promised(void);
/* On failure these return false with the reason in msg: half a sentence, to go after "NAME cannot start: ". */
bool guest_start(struct guest *g, char *msg, u32 len);
bool guest_destroy(struct guest *g, const char *reason);	/* false: nothing to destroy */
void guest_stopped(struct guest *g, u32 how, const char *words);	/* SHUTDOWN_* */
bool guest_pause(struct guest *g, char *msg, u32 len);
bool guest_unpause(struct guest *g, char *msg, u32 len);
void guest_kill(struct guest *g, const char *fmt, ...) PRINTF(2, 3);
static inline bool guest_alive(const struct guest *g)
{
	return g->state == GUEST_RUNNING;
}
/* Does one bounded piece of building or tearing down; true: there is more. */
bool guests_work(void);
const char *guest_state_name(const struct guest *g);	/* "running", "idle", "paused", … */

/* ---- load.c: kernel and initrd into guest memory ---- */
struct image {			/* a Multiboot module: machine memory we own */
	const char *name;	/* last path component of its first word */
	const u8 *data;
	u32 size;
};
const struct image *image_find(const char *name);
/* Checks kernel and initrd before any memory is given out.  false: msg says what is wrong. */
bool load_check(const struct guest_config *cfg, char *msg, u32 len);
/* Writes kernel, initrd, boot_params and command line; sets the entry point. */
bool load_guest(struct guest *g, u32 *entry, char *msg, u32 len);

/* ---- vdev.c: the virtio devices of a guest ---- */
#define VDEV_BASE	0xF0000000u	/* guest-physical; device i's registers at + i * 4096, interrupt 1 + i */
bool vdevs_create(struct guest *g, char *msg, u32 len);
void vdevs_destroy(struct guest *g);
bool vdev_is_mmio(const struct guest *g, gpa_t a);
/* One register access of 1, 2 or 4 bytes; reads of nothing give all ones. */
u32 vdev_read(struct guest *g, gpa_t a, u32 size);
void vdev_write(struct guest *g, gpa_t a, u32 size, u32 value);
/* Appends " virtio_mmio.device=…" for each to a command line. */
void vdev_cmdline(const struct guest *g, char *buf, u32 len);
void vdev_console_resized(struct guest *g);	/* if it runs, it is told */
/* Goes on with what waits: input, or output that found no room.  Bounded; true: there is more at once. */
bool vdevs_poll(struct guest *g);
/* Nobody has anything to do: what devices held back may now wake this one. */
void vdevs_settle(struct guest *g);

/* Makers of a guest's devices: n counts those of the kind, access is to be copied; NULL: no memory. */
struct virtio_guest;
struct virtio_dev *disk_make(struct guest *g, u32 n, const struct virtio_guest *access);	/* disk.c */
struct virtio_dev *lan_make(struct guest *g, u32 n, const struct virtio_guest *access);		/* lan.c */
struct virtio_dev *entropy_make(struct guest *g, u32 n, const struct virtio_guest *access);	/* entropy.c */

/* ---- disk.c: disks, which outlive guests; the rest is in disk.h ---- */
void disks_add(struct guest *g);		/* those of its configuration */
/* Whether they can be used now; false: msg says why not, as guest_start's. */
bool disks_check(const struct guest *g, char *msg, u32 len);
bool disks_resetting(const struct guest *g);	/* it starts when that is done */
bool disks_work(void);			/* one bounded piece of what is long; true: there is more at once */

/* ---- entropy.c: randomness for guests ---- */
void entropy_init(void);		/* a first handful; about 10 ms */
void entropy_stir(void);		/* now something happened whose moment nobody foresees */
void entropy_get(void *buf, u32 len);	/* nobody ever gets the same */

/* ---- lan.c: the networks between guests ---- */
void lans_create(void);		/* what ringlet.conf names, when all guests are known */

/* ---- console.c: what guests say and are told ---- */
struct console *console_create(struct guest *g);
void console_write(struct guest *g, const void *data, u32 len);	/* from the guest */
u32 console_room(struct guest *g);		/* bytes console_write takes without loss on a terminal */
/* Urgent or early text, and our own words about the guest: LF becomes CR LF, and what finds no room on the wire soon is
 * lost there (but kept for `dmesg`). */
void console_print(struct guest *g, const char *text, u32 len);
bool console_typed(struct guest *g);		/* something was typed for it */
u32 console_input(struct guest *g, void *buf, u32 len);	/* returns bytes taken */
#define CONSOLE_MIN_COLS	20u
#define CONSOLE_MAX_COLS	255u
#define CONSOLE_MIN_ROWS	5u
#define CONSOLE_MAX_ROWS	100u
void console_size(const struct guest *g, u32 *cols, u32 *rows);
/* Within these bounds; false: no memory. */
bool console_resize(struct guest *g, u32 cols, u32 rows);
void console_forget_typed(struct guest *g);	/* what was typed for its last life */

/* ---- terminal.c: COM1, and the screen with the keyboard ---- */
void terminals_start(void);	/* they show the first guest that starts, or the monitor */
void terminals_poll(void);	/* moves input and output; called between exits */
bool terminals_busy(void);	/* terminals_poll has something to do */

/* ---- export.c: the second serial port, on which images and captures leave ---- */
void export_init(void);
/* One at a time; who is told to others that ask.  NULL, or what is in the way. */
const char *export_claim(const char *who);
void export_release(void);		/* what was written still leaves */
u32 export_room(void);			/* bytes export_write takes now; 0 if nobody has claimed it */
void export_write(const void *data, u32 len);	/* never waits; what is beyond export_room() is dropped */
bool export_idle(void);			/* everything written has left */
void export_poll(void);

/* ---- monitor.c ---- */
struct terminal;
void monitor_key(struct terminal *t, u8 c);	/* a byte typed at the monitor */
void monitor_enter(struct terminal *t);		/* the prompt */

#endif
