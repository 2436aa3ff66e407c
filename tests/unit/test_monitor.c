/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor: whatever is typed is answered, and done to the guest, disk or LAN that was named and to no other; what may
 * not be done now is refused, and says why.
 */
#include <stdarg.h>
#include "arch/x86/time.h"
#include "hv/dev/console.h"
#include "hv/dev/disk.h"
#include "hv/dev/lan.h"
#include "hv/lib/lib.h"
#include "hv/run/run.h"
#include "hv/ui/monitor.h"
#include "hv/ui/terminal.h"
#include "hv/ui/ui.h"
#include "tests/unit/test.h"

#define N	2

struct guest *guests[MAX_GUESTS];
u32 guest_count = N;
static struct guest g[N];
static struct guest_config cfg[N];
static struct vcpu v[N];
static struct console console[N];
static u32 answers;			/* twice the commands that ran */
static void answer(bool done) { CHECK_EQ(answers++ % 2, done); }
static const struct terminal_ops ops = { .answer = answer };
static struct terminal t = { .ops = &ops };
static struct cpu cpu;
static u64 now = 7000000000ull;

static char said[20000], did[200];	/* what was done, a word for each */
static const char *refused, *violation;
static bool during;			/* a command ran while its terminal knew of it */

static struct disk disks[3] = { { .guest = &g[0], .name = "alpha.vda", .bytes = 4096 }, { .guest = &g[1], .name = "beta.vda" },
	{ .guest = &g[1], .name = "beta.vdb" } };
static struct disk_config disk_cfg;
static const struct disk *saving;
static struct virtio_net card;
static struct lan_port ports[2] = { { .guest = &g[0], .index = 1 }, { .guest = &g[1], .index = 2, .eth = 1 } };
static struct lan lan = { .name = "lan0", .port = { NULL, &ports[0], &ports[1] } };
static struct capture capture;

static void note(const char *fmt, ...)
{
	u32 n = (u32)strlen(did);
	va_list ap;

	during |= t.in_command;
	va_start(ap, fmt);
	vsnprintf(did + n, sizeof(did) - n, fmt, ap);
	va_end(ap);
}

/* ---- the hypervisor around it ---- */

void terminal_put(struct terminal *to, const char *data, u32 len)
{
	u32 n = (u32)strlen(said);

	CHECK(to == &t && n + len < sizeof(said), "too much, or elsewhere");
	memcpy(said + n, data, len);
	said[n + len] = 0;
}
void terminal_focus(struct terminal *to, struct guest *who) { note("show %s", who->name); to->focus = who->console; }
u8 terminal_escape_key(void) { return 'T' & 31; }
void terminals_drain(void) { }
void kbd_await_restart(void) { CHECK(0, "the machine is turned off"); abort(); }
void plain_text(char *s) { for (; *s; s++) if (*s == 033) *s = '?'; }
struct cpu *this_cpu(void) { return &cpu; }
u64 time_ns(void) { return now; }
u64 sched_account(struct cpu *c) { (void)c; return 0; }
const char *guest_is(const struct guest *who) { return who->state == GUEST_RUNNING ? "is running" : "is off"; }
const char *guest_state_name(const struct guest *who) { return who->state == GUEST_RUNNING ? "running" : "off"; }
struct guest *guest_find(const char *name)
{
	u32 i;

	for (i = 0; i < guest_count; i++)
		if (!strcmp(name, g[i].name) || (u32)atoi(name) == i + 1)
			return &g[i];
	return NULL;
}
static bool can(const char *what, struct guest *who, char *msg, u32 len)
{
	note("%s %s", what, who->name);
	if (refused)
		snprintf(msg, len, "%s", refused);
	return !refused;
}
bool guest_start(struct guest *who, char *msg, u32 len) { return can("start", who, msg, len); }
bool guest_start_as(struct guest *who, const struct guest_config *c, char *msg, u32 len)
{
	return can(c->cmdline, who, msg, len);
}
bool guest_configure(struct guest *who, const struct guest_config *c, char *msg, u32 len)
{
	note("%uM ", c->memory >> 20);
	return can("set", who, msg, len);
}
struct guest *guest_new(const struct guest_config *c, char *msg, u32 len)
{
	note("new %s %s", c->name, c->kernel);
	snprintf(msg, len, "%s", refused ? refused : "");
	return refused ? NULL : &g[1];
}
bool screen_keymap(const char *name, char *msg, u32 len)
{
	note("keymap %s", name);
	snprintf(msg, len, "there are others");
	return !strcmp(name, "de");
}
const struct image *image_at(u32 i)
{
	static const struct image map = { .name = "linux.map" };

	return i ? NULL : &map;
}
bool guest_pause(struct guest *who, char *msg, u32 len) { return can("pause", who, msg, len); }
bool guest_unpause(struct guest *who, char *msg, u32 len) { return can("unpause", who, msg, len); }
bool guest_destroy(struct guest *who, const char *reason) { note("%s %s", reason, who->name); return !refused; }
void virq_raise(struct guest *who, u32 irq) { note("irq %u %s", irq, who->name); }
bool stats_print(const struct guest *who, const char *section, void (*put)(const char *fmt, ...))
{
	(void)put;
	note("stats %s %s", who->name, section);
	return strcmp(section, "x");
}
void hv_log(const char *fmt, ...) { (void)fmt; }
void hv_log_each(void (*put)(const char *line)) { put("logged"); }
void console_each_line(const struct guest *who, void (*line)(const char *text)) { line(who->name); }
bool console_resize(struct guest *who, u32 cols, u32 rows) { note("resize %s %ux%u", who->name, cols, rows); return !refused; }
void mem_stats(u32 *total, u32 *free, u32 *used, u32 *heap) { *total = 64u << 20; *free = 32u << 20; *used = 1000; *heap = 2000; }
u32 images_bytes(void) { return 4096; }
const struct image *image_find(const char *name)
{
	static const char text[] = "c0100000 T startup\nc0100040 t do_idle\n";
	static const struct image map = { .data = (const u8 *)text, .size = sizeof(text) - 1 };

	return strcmp(name, "linux.map") ? NULL : &map;
}
void vdev_cmdline(const struct guest *who, char *buf, u32 len) { (void)who; snprintf(buf, len, " device"); }
void load_cmdline(const struct guest *who, const char *devices, char *line, u32 len)
{
	(void)who;
	memset(line, 'x', 700);			/* longer than say() takes at once */
	snprintf(line + 700, len - 700, "%s", devices);
}
u32 screen_history_bytes(void) { return 100; }
const char *descriptors_wrong(struct cpu *c) { (void)c; return violation; }
void shadow_audit(struct guest *who, struct audit *a)
{
	note("audit %s", who->name);
	memset(a, 0, sizeof(*a));
	snprintf(a->violation, sizeof(a->violation), "%s", violation ? violation : "");
}

struct disk *disk_at(u32 i) { return i < ARRAY_SIZE(disks) ? &disks[i] : NULL; }
u32 disk_changed_kib(const struct disk *d) { return d->changed * 4; }
const struct disk *disk_saving(void) { return saving; }
u32 disk_saving_percent(void) { return 42; }
const char *disk_save(struct disk *d) { note("save %s", d->name); return refused; }
bool disk_save_cancel(void) { note("cancel"); return saving; }
void disk_reset(struct disk *d) { note("reset %s", d->name); }

struct lan *lan_at(u32 i) { return i ? NULL : &lan; }
struct lan *lan_find(const char *name) { return strcmp(name, "lan0") ? NULL : &lan; }
bool virtio_live(const struct virtio_dev *d) { return d->status; }
const struct capture *capture_now(void) { return capture.lan ? &capture : NULL; }
const char *capture_start(const struct lan *l) { note("capture %s", l->name); return refused; }
bool capture_stop(void) { note("stop"); return capture.lan; }

/* ---- a person ---- */

static const char *type(const char *line)
{
	*said = *did = 0;
	during = false;
	for (; *line; line++)
		monitor_key(&t, (u8)*line);
	return said;
}

/* As the escape key and m do. */
static void back(void)
{
	if (!t.focus)
		return;
	t.focus = NULL;
	monitor_enter(&t);
}

static const char *command(const char *line)
{
	static char whole[200];

	snprintf(whole, sizeof(whole), "%s\r", line);
	type(whole);
	CHECK(t.focus || (strlen(said) > 9 && !strcmp(said + strlen(said) - 9, "ringlet> ")), "no prompt after %s: %s", line, said);
	CHECK(!t.in_command && (!*did || during), "%s: its terminal does not know that it runs", line);
	return said;
}

static void does(const char *line, const char *what)
{
	command(line);
	CHECK_STR(did, what);
}

/* Nothing is done, and that is said. */
static void says(const char *line, const char *what)
{
	does(line, "");
	CHECK_HAS(said, what);
}

static void lines(void)
{
	says("", "");
	says("list now", "too many words; list");
	says("info alpha beta", "too many words; info NAME");
	says("a b c d e f g h i j k l m n o p", "no command 'a'");
	says("strat beta", "did you mean start?");
	says("qqqqqqqq", "no command 'qqqqqqqq'; help lists all");
	says("list", "  2 beta            off");
	says("help", "Ctrl-T m leads");
	says("help start", "start it");
	says("help strat", "no command 'strat'");
	CHECK_HAS(type("des\t\r"), "which guest?");
	CHECK_HAS(type("info be\t\r"), "name     beta");
	CHECK_HAS(type("s\t"), "stats  start  set  shutdown  ");
	type("\025");
	cfg[0].error[0] = 033;			/* what comes from outside does nothing to a terminal */
	says("info alpha", "config   ?");
	cfg[0].error[0] = 0;
	CHECK_EQ(strspn(strstr(said, "xxx"), "x"), 700);
	CHECK_HAS(said, "xxx device\r\n");
	CHECK(!strstr(said, "last registers") && !strstr(said, "at do_idle"), "it was never there");
	snprintf(cfg[0].kernel, sizeof(cfg[0].kernel), "linux");
	g[0].have_last_regs = true;
	g[0].last_regs.eip = 0xc0100053;
	g[1].have_last_regs = true;
	says("info beta", "last registers\r\n  eip 00000000");	/* its kernel has no map */
	says("info alpha", "last registers\r\n  at do_idle+0x13\r\n  eip c0100053");
	g[0].last_regs.edi = 0xc0100041;
	g[0].last_cr2 = 0xc2000000;		/* far beyond all that has a name */
	says("info alpha", "edi is do_idle+0x1\r\n");
	CHECK(!strstr(said, "eax is") && !strstr(said, "cr2 is"), "these are in nothing");
	snprintf(g[0].reason, sizeof(g[0].reason), "killed");
	says("info alpha", "reason   killed\r\n");
	cfg[0].disks = 1;
	cfg[0].disk[0].cow = true;
	says("info alpha", "disk     ram cow\r\n");
}

static void doing(void)
{
	says("start", "which guest? (there are: alpha, beta)");
	says("start gamma", "no guest 'gamma' (there are: alpha, beta)");
	does("start beta", "start beta");
	does("start 1", "start alpha");
	does("pause beta", "pause beta");
	does("unpause beta", "unpause beta");
	does("destroy beta", "destroyed beta");
	does("console beta", "show beta");
	CHECK(!strstr(said, "ringlet>"), "a prompt in a guest's console");
	back();
	does("resize beta 80x25", "resize beta 80x25");
	does("resize beta 20x5", "resize beta 20x5");
	does("resize beta 255x100", "resize beta 255x100");
	says("resize beta 19x25", "from 20x5 to 255x100");
	says("resize beta 256x25", "from 20x5");
	says("resize beta 80x4", "from 20x5");
	says("resize beta 80x101", "from 20x5");
	says("resize beta 80x25x", "from 20x5");
	says("resize beta 80", "from 20x5");
	says("resize beta", "from 20x5");
	refused = "because";
	does("start beta", "start beta");
	CHECK_HAS(said, "beta cannot start: because");
	does("pause beta", "pause beta");
	CHECK_HAS(said, "because");
	does("destroy beta", "destroyed beta");
	CHECK_HAS(said, "nothing to destroy");
	refused = NULL;
}

/* A guest for one life, for good, and a new one. */
static void changing(void)
{
	does("start beta memory=24M cmdline=quiet", "quiet beta");
	says("start beta memroy=24M", "unknown key");
	says("start beta disk=ram:1M", "disk cannot be changed while Ringlet runs");
	says("start beta net=lan0", "net cannot be changed");
	says("set beta memory=24M start=yes", "start cannot be changed");
	says("start beta kernel=none", "kernel: no file none (there are: linux.map)");
	says("set beta initrd=none", "initrd: no file none");
	does("set beta memory=24M", "24M set beta");
	refused = "because";
	does("set beta memory=24M", "24M set beta");
	CHECK_HAS(said, "because");
	does("start beta cmdline=quiet", "quiet beta");
	CHECK_HAS(said, "beta cannot start: because");
	does("new gamma kernel=linux.map", "new gamma linux.map");
	CHECK_HAS(said, "because");
	refused = NULL;
	says("set beta", "[beta]\r\nkernel  = \r\nmemory  = 0M\r\n");
	CHECK(!strstr(said, "[alpha]"), "it shows others: %s", said);
	says("set", "[alpha]\r\n");
	CHECK(!strstr(said, "which guest?"), "it asks for one: %s", said);
	CHECK_HAS(said, "disk    = ram:0M cow\r\n");
	CHECK_HAS(said, "[beta]\r\n");
	says("new", "new NAME kernel=FILE");
	says("new 7 kernel=linux.map", "cannot be a guest's name");
	says("new gamma", "gamma needs a kernel");
	says("new gamma kernel=none", "no file none");
	says("new gamma kernel=linux.map disk=none.img", "disk: no file none.img");
	does("new gamma kernel=linux.map", "new gamma linux.map");
	CHECK_HAS(said, "beta is guest 2; `start beta` starts it");
	does("new gamma kernel=linux.map start=yes", "new gamma linux.mapstart beta");
}

/* What the Tab key makes of it. */
static void completing(void)
{
	CHECK_HAS(type("start b\tcmd\tq\r"), "start beta cmdline=q");
	CHECK_STR(did, "q beta");
	type("set beta ker\tli\tmemory=24M\r");
	CHECK_STR(did, "24M set beta");
	CHECK_HAS(type("set beta \t"), "kernel=  initrd=  memory=  cmdline=  \r\n");
	type("\025");
	CHECK_HAS(type("new gamma \t"), "cmdline=  disk=  net=  start=yes  ");
	type("\025");
	type("new \t");		/* its name is nobody's yet */
	CHECK(!strstr(said, "beta"), "it is called as another: %s", said);
	type("\025");
	type("new gamma memory=\t disk=li\t");
	CHECK_HAS(said, "disk=linux.map ");
	CHECK(!strstr(said, "kernel="), "keys are offered for a value: %s", said);
	type("\025");
	CHECK_HAS(type("info \t"), "alpha  beta  ");
	type("\025");
}

static void asking(void)
{
	says("shutdown beta", "it cannot be asked to shut down");
	g[1].state = GUEST_RUNNING;
	g[1].vcpu = &v[1];
	says("reboot beta", "cannot be asked to reboot");
	v[1].extended = true;
	does("shutdown beta", "irq 30 beta");
	does("reboot beta", "irq 31 beta");
	does("stats beta", "stats beta ");
	does("stats beta -m", "stats beta -m");
	does("stats beta x", "stats beta x");
	CHECK_HAS(said, "no section 'x'");
	does("audit", "audit beta");
	CHECK_HAS(said, "audit of the descriptors: ok\r\naudit alpha: off\r\naudit beta: ok");
	says("audit alpha", "audit alpha: off");
	violation = "a frame of somebody else's";
	does("audit beta", "audit beta");
	CHECK_HAS(said, "descriptors: VIOLATION: a frame");
	CHECK_HAS(said, "audit beta: VIOLATION: a frame");
	violation = NULL;
	says("dmesg", "logged");
	says("dmesg beta", "\r\nbeta");
	says("poweroff soon", "poweroff now");
	CHECK_HAS(type("poweroff\r"), "beta is running.");
	CHECK_HAS(type("\003"), "stays on");	/* anything but a y */
	type("poweroff\r");
	CHECK_HAS(type("\r"), "stays on");
	type("poweroff\r");
	CHECK_HAS(type("n\r"), "stays on");
	says("mem", "32768 KiB free");
	CHECK_HAS(said, "1000 of 2000 bytes, 100 of them for scrollback");
}

static void with_disks(void)
{
	says("disk", "beta.vdb");
	says("disk save", "which disk");
	says("disk save beta", "no disk 'beta'");	/* it has two */
	does("disk save alpha", "save alpha.vda");
	does("disk reset alpha.vda", "reset alpha.vda");
	says("disk reset beta.vdb", "shutdown or destroy it first");
	g[1].vcpu = NULL;
	g[1].state = GUEST_BUILDING;
	says("disk save beta.vdb", "shutdown or destroy it first");
	g[1].state = GUEST_OFF;
	does("disk save beta.vdb", "save beta.vdb");
	disks[0].in_place = true;
	says("disk reset alpha", "is written in place");
	disks[0].in_place = false;
	disks[0].dropping = 1;
	says("disk reset alpha", "is being reset");
	says("disk save alpha", "is being reset");
	disks[0].dropping = 0;
	saving = &disks[0];
	says("disk reset alpha", "is being sent");
	says("disk", "being sent: 42%");
	does("disk cancel", "cancel");
	CHECK_HAS(said, "cancelled");
	saving = NULL;
	does("disk cancel", "cancel");
	CHECK_HAS(said, "no disk is being sent");
	says("disk drop alpha", "no disk command 'drop'");
	refused = "because";
	does("disk save alpha", "save alpha.vda");
	CHECK_HAS(said, "alpha.vda cannot be sent: because");
	refused = NULL;
}

static void with_lans(void)
{
	lan.sw.ports = 3;
	lan.sw.port[1].mac = 0x024c00000101ull;
	lan.host.port[2].ip = 0x0A4D0102;
	ports[0].net = &card;
	ports[0].fate[1] = 5;
	ports[0].sent = 9;
	card.dev.status = 4;
	says("net", "alpha           eth0  02:4c:00:00:01:01");
	CHECK_HAS(said, "10.77.1.2     down");
	CHECK_HAS(said, "sent 9 packets");
	CHECK_HAS(said, "dropped:");
	CHECK(!strstr(said, "learned") && !strstr(said, "captured"), "%s", said);
	lan.sw.learned[3] = (struct switch_entry){ .mac = 0x020000000009ull, .port = 2 };
	lan.sw.learned[4] = (struct switch_entry){ .mac = 0x020000000008ull, .port = 2 };
	now += 1000 * 1000000000ull;
	lan.sw.learned[3].seen = now - 3000000000ull;
	says("net", "learned 02:00:00:00:00:09 behind beta eth1, 3 s ago");
	CHECK(!strstr(said, "02:00:00:00:00:08"), "one that was forgotten");
	says("net capture", "net capture LAN");
	says("net lan0", "net capture LAN");
	says("net stop lan0", "net capture LAN");
	says("net capture lan1", "no LAN 'lan1'");
	does("net capture lan0", "capture lan0");
	CHECK_HAS(said, "lan0 is being recorded");
	refused = "because";
	does("net capture lan0", "capture lan0");
	CHECK_HAS(said, "cannot capture: because");
	refused = NULL;
	does("net capture off", "stop");
	CHECK_HAS(said, "nothing is being captured");
	capture = (struct capture){ &lan, 11, 2 };
	says("net", "captured 11 packets; 2 did not fit");
	does("net capture off", "stop");
	CHECK_HAS(said, "captured 11 packets");
}

/* Anything at all, as a person's script would send it. */
static void anything(void)
{
	static const char *const words[] = { "list", "console", "resize", "info", "stats", "start", "shutdown", "destroy", "dmesg", "mem", "disk",
		"net", "audit", "help", "alpha", "beta", "3", "-1", "80x25", "x", "save", "reset", "cancel", "capture", "off", "lan0", "-m", "\t", "%s%n" };
	char line[120];
	u32 n, i, len;

	for (n = 0; n < 3000; n++) {
		for (i = len = 0; i < 1 + rnd(5) && len < 80; i++)
			len += (u32)snprintf(line + len, sizeof(line) - len, "%s%s", i ? " " : "", words[rnd(ARRAY_SIZE(words))]);
		line[len] = one_in(3) ? (char)rnd(256) : '\r';
		line[len + 1] = 0;
		type(line);
		back();
		if (one_in(10))
			guest_count = one_in(2) ? 0 : N;
	}
	guest_count = N;
}

int main(int argc, char **argv)
{
	u32 i;

	seed_from(argc, argv, 0);
	for (i = 0; i < N; i++) {
		guests[i] = &g[i];
		g[i].config = &cfg[i];
		g[i].cfg = &cfg[i];
		g[i].id = i + 1;
		g[i].state = GUEST_OFF;
		g[i].console = &console[i];
		v[i].guest = &g[i];
		snprintf(g[i].name, sizeof(g[i].name), i ? "beta" : "alpha");
		strcpy(cfg[i].name, g[i].name);
	}
	for (i = 0; i < ARRAY_SIZE(disks); i++)
		disks[i].cfg = &disk_cfg;
	monitor_enter(&t);
	CASE("lines");
	lines();
	CASE("doing");
	doing();
	CASE("changing");
	changing();
	CASE("completing");
	completing();
	CASE("asking");
	asking();
	CASE("disks");
	with_disks();
	CASE("LANs");
	with_lans();
	CASE("anything");
	anything();
	return passed();
}
