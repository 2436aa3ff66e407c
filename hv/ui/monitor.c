/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor: a prompt to look after guests.  The commands are in a table; each is a small
 * function, which says what was wrong and what would be right.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/regs.h"
#include "arch/x86/time.h"
#include "drivers/ps2/kbd.h"
#include "hv/dev/console.h"
#include "hv/dev/dev.h"
#include "hv/dev/disk.h"
#include "hv/lib/lib.h"
#include "hv/run/run.h"
#include "hv/ui/monitor.h"
#include "hv/ui/terminal.h"
#include "hv/ui/ui.h"

#define WORDS	24		/* a guest with all disks and cards */
#define PROMPT	"ringlet> "

static struct terminal *out;	/* where the command was typed */

void monitor_say_on(struct terminal *t)
{
	out = t;
}

void say(const char *fmt, ...)
{
	char text[400];			/* a command line and its title */
	const char *at = text, *nl;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	plain_text(text);
	while ((nl = strchr(at, '\n'))) {
		terminal_put(out, at, nl - at);
		terminal_put(out, "\r\n", 2);
		at = nl + 1;
	}
	terminal_put(out, at, strlen(at));
}

static void say_line(const char *text)
{
	terminal_put(out, text, strlen(text));
	terminal_put(out, "\r\n", 2);
}

/* ---- naming guests ---- */

struct guest *need_guest(const char *name)
{
	struct guest *g = *name ? guest_find(name) : NULL;
	u32 i;

	if (g)
		return g;
	if (*name)
		say("no guest '%s'", name);
	else
		say("which guest?");
	say(guest_count ? " (there are:" : " (there are none: ringlet.conf names them)\n");
	for (i = 0; i < guest_count; i++)
		say("%s %s", i ? "," : "", guests[i]->name);
	if (guest_count)
		say(")\n");
	return NULL;
}

/* ---- looking ---- */

static void say_time(u64 ns)
{
	u32 ms = (u32)(ns / 1000000);

	say("%8u.%03u s", (ms / 1000), (ms % 1000));
}

static void cmd_list(char **w)
{
	u32 i;

	(void)w;
	say("%3s %-15s %-8s %11s %6s %14s%14s\n", "id", "name", "state", "memory", "starts", "ran", "uptime");
	for (i = 0; i < guest_count; i++) {
		struct guest *g = guests[i];
		bool up = g->state == GUEST_RUNNING || g->state == GUEST_PAUSED;

		say("%3u %-15s %-8s %7u KiB %6u ", g->id, g->name, guest_state_name(g),
		    (g->cfg->memory >> 10), g->starts);
		say_time(g->stats.run_ns);
		if (up)
			say_time(time_ns() - g->started_ns);
		say("\n");
	}
	if (!guest_count)
		say("no guests: ringlet.conf names none\n");
}

static void cmd_stats(char **w)
{
	struct guest *g = need_guest(w[1]);

	if (g && !stats_print(g, w[2], say))
		say("no section '%s'; there are " STATS_SECTIONS ", and -m for programs\n", w[2]);
}

static void cmd_dmesg(char **w)
{
	struct guest *g;

	if (!w[1][0]) {
		hv_log_each(say_line);
		return;
	}
	g = need_guest(w[1]);
	if (g)
		console_each_line(g, say_line);
}

static u32 scrollback(void)
{
	u32 i, n = screen_history_bytes();

	for (i = 0; i < guest_count; i++)
		n += history_bytes(&guests[i]->console->history);
	return n;
}

static void cmd_mem(char **w)
{
	u32 total, free, used, heap, i;
	const struct disk *d;

	(void)w;
	mem_stats(&total, &free, &used, &heap);
	say("%u KiB of memory, %u KiB free\n", (total >> 10), (free >> 10));
	say("heap: %u of %u bytes, %u of them for scrollback\n", used, heap, scrollback());
	say("modules: %u KiB\n", images_bytes() >> 10);
	for (i = 0; (d = disk_at(i)); i++)
		if (d->changed)
			say("%-15s %u KiB of changes\n", d->name, disk_changed_kib(d));
	for (i = 0; i < guest_count; i++)
		if (guests[i]->vcpu)
			say("%-15s %u KiB, page tables %u KiB\n", guests[i]->name,
			    guests[i]->mem_pages * 4, guests[i]->shadow.max_pages * 4);
}

static void audit_one(struct guest *g)
{
	struct audit a;

	if (!g->vcpu) {
		say("audit %s: off\n", g->name);
		return;
	}
	shadow_audit(g, &a);
	if (a.violation[0])
		say("audit %s: VIOLATION: %s\n", g->name, a.violation);
	else
		say("audit %s: ok: %u roots, %u tables, %u entries, %u lagging\n", g->name,
		    a.roots, a.tables, a.entries, a.lagging);
}

static void audit_descriptors(void)
{
	const char *wrong = descriptors_wrong(this_cpu());

	if (wrong)
		say("audit of the descriptors: VIOLATION: %s\n", wrong);
	else
		say("audit of the descriptors: ok\n");
}

static void cmd_audit(char **w)
{
	struct guest *g;
	u32 i;

	audit_descriptors();
	if (w[1][0]) {
		g = need_guest(w[1]);
		if (g)
			audit_one(g);
		return;
	}
	for (i = 0; i < guest_count; i++)
		audit_one(guests[i]);
}

/* ---- doing ---- */

static void cmd_console(char **w)
{
	struct guest *g = need_guest(w[1]);

	if (g)
		terminal_focus(out, g);
}

static void cmd_resize(char **w)
{
	struct guest *g = need_guest(w[1]);
	char *at;
	u32 cols = strtoul(w[2], &at, 10), rows = *at == 'x' ? strtoul(at + 1, &at, 10) : 0;

	if (!g)
		return;
	if (*at || cols < CONSOLE_MIN_COLS || cols > CONSOLE_MAX_COLS || rows < CONSOLE_MIN_ROWS ||
	    rows > CONSOLE_MAX_ROWS)
		say("resize NAME COLSxROWS, from %ux%u to %ux%u\n", CONSOLE_MIN_COLS, CONSOLE_MIN_ROWS,
		    CONSOLE_MAX_COLS, CONSOLE_MAX_ROWS);
	else if (!console_resize(g, cols, rows))
		say("not enough memory for a console of that size\n");
}

static void cmd_keymap(char **w)
{
	char msg[80];

	if (!screen_keymap(w[1], msg, sizeof(msg)))
		say("%s\n", msg);
}

static void monitor_ask(const char *name, u32 irq, const char *what)
{
	struct guest *g = need_guest(name);

	if (!g)
		return;
	if (!guest_alive(g))
		say("%s %s; it cannot be asked to %s\n", g->name, guest_is(g), what);
	else if (!g->vcpu->extended)
		say("%s's kernel cannot be asked to %s; use destroy\n", g->name, what);
	else {
		virq_raise(g, irq);
		say("%s has been asked to %s; if it does not, use destroy\n", g->name, what);
	}
}

static void cmd_shutdown(char **w) { monitor_ask(w[1], RINGLET_IRQ_SHUTDOWN, "shut down"); }
static void cmd_reboot(char **w) { monitor_ask(w[1], RINGLET_IRQ_REBOOT, "reboot"); }

static void cmd_destroy(char **w)
{
	struct guest *g = need_guest(w[1]);

	if (g && !guest_destroy(g, "destroyed"))
		say("%s %s; there is nothing to destroy\n", g->name, guest_is(g));
}

static void monitor_try(const char *name, bool (*what)(struct guest *, char *, u32))
{
	struct guest *g = need_guest(name);
	char msg[160];

	if (g && !what(g, msg, sizeof(msg)))
		say("%s\n", msg);
}

static void cmd_pause(char **w) { monitor_try(w[1], guest_pause); }
static void cmd_unpause(char **w) { monitor_try(w[1], guest_unpause); }

/*
 * Soft-off through ACPI's PM1a control register, at the ports where QEMU and Bochs have it.  On
 * other PCs we would have to read the ACPI tables and interpret them, and we cannot know what is at
 * these ports there.
 */
static void emulator_off(void)
{
	static const char name[] = "QEMU";
	u32 i;

	outw(0x510, 0);			/* QEMU's configuration device returns its name */
	for (i = 0; i < 4 && inb(0x511) == (u8)name[i]; i++)
		;
	if (i == 4)
		outw(0x604, 0x2000);
	if (inb(0xE9) == 0xE9)		/* Bochs's debug port reads as itself */
		outw(0xB004, 0x2000);
}

static void NORETURN power_off(void)
{
	u32 i;

	for (i = 0; i < guest_count; i++)
		if (guest_has_life(guests[i]))
			hv_log("%s: stopped by poweroff", guests[i]->name);
	say("It is now safe to turn the machine off.  Ctrl-Alt-Del restarts it.\n");
	terminals_drain();
	emulator_off();
	kbd_await_restart();
}

static void cmd_poweroff(char **w)
{
	u32 i, n = 0;

	if (w[1][0] && strcmp(w[1], "now")) {
		say("poweroff asks if guests run; poweroff now does not\n");
		return;
	}
	for (i = 0; i < guest_count && !w[1][0]; i++)
		if (guest_has_life(guests[i]))
			say("%s%s", n++ ? ", " : "", guests[i]->name);
	if (!n)
		power_off();
	say(n > 1 ? " are running.\n" : " is running.\n");
	out->asked = true;
	out->edit.prompt = "Turn the machine off? (y/n) ";
}

/* The line after that. */
static void monitor_answer(const char *line)
{
	if (line[0] == 'y' || line[0] == 'Y')
		power_off();
	say("The machine stays on.\n");
}

static void cmd_help(char **w);

static const struct command {
	const char *name, *args, *what;
	void (*run)(char **words);
} commands[] = {
	{ "list", "", "all guests and how they are", cmd_list },
	{ "console", "NAME", "show that guest here", cmd_console },
	{ "resize", "NAME COLSxROWS", "the size of its console", cmd_resize },
	{ "info", "NAME", "configuration, state, why it stopped", cmd_info },
	{ "stats", "NAME [SECTION | -m]", "what is counted; -m is for programs", cmd_stats },
	{ "start", "NAME [KEY=VALUE]...", "start it; values are for this life only", cmd_start },
	{ "set", "[NAME [KEY=VALUE]...]", "show or change what it is to be", cmd_set },
	{ "new", "NAME KEY=VALUE...", "one more guest, from files that are there", cmd_new },
	{ "shutdown", "NAME", "ask it to shut down", cmd_shutdown },
	{ "reboot", "NAME", "ask it to reboot", cmd_reboot },
	{ "destroy", "NAME", "take it away at once", cmd_destroy },
	{ "pause", "NAME", "stop it where it is", cmd_pause },
	{ "unpause", "NAME", "let it go on", cmd_unpause },
	{ "dmesg", "[NAME]", "what it said lately; no NAME: Ringlet", cmd_dmesg },
	{ "mem", "", "the machine's memory", cmd_mem },
	{ "disk", "[save|reset NAME | cancel]", "the disks; send one out, drop its changes", cmd_disk },
	{ "net", "[capture LAN|off]", "the LANs; record what goes over one", cmd_net },
	{ "audit", "[NAME]", "check the shadow page tables", cmd_audit },
	{ "keymap", "LAYOUT", "the keyboard's: us, uk, de or fr", cmd_keymap },
	{ "help", "[COMMAND]", "this", cmd_help },
	{ "poweroff", "[now]", "turn the machine off; now: without asking", cmd_poweroff },
};

const char *monitor_command(u32 i)
{
	return i < ARRAY_SIZE(commands) ? commands[i].name : NULL;
}

static const struct command *monitor_find(const char *name)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void cmd_help(char **w)
{
	char k = terminal_escape_key() + '@';
	u32 i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!w[1][0] || !strcmp(w[1], commands[i].name))
			say("  %-8s %-26s %s\n", commands[i].name, commands[i].args, commands[i].what);
	if (w[1][0] && !monitor_find(w[1]))
		say("no command '%s'; help alone lists all\n", w[1]);
	if (!w[1][0])
		say("A guest is named by its name or number.  Ctrl-%c 1..16 shows one, Ctrl-%c m leads\n"
		    "back.  On the screen Shift-PgUp and Shift-PgDn look at what has scrolled off.\n", k, k);
}

/* ---- the prompt ---- */

/* Splits the line into words; missing ones are empty.  "Quotes" keep spaces together.  Returns how
 * many there were, or -1: a quote is not closed. */
static int monitor_split(char *line, char **w)
{
	static char nothing[1];
	bool quoted = false;
	char *to = line;
	int n = 0, i;

	for (i = 0; i < WORDS; i++)
		w[i] = nothing;
	for (line += strspn(line, " \t"); *line; line += strspn(line, " \t"), n++) {
		char *word = to;

		for (; *line && (quoted || !strchr(" \t", *line)); line++)
			if (*line == '"')
				quoted = !quoted;
			else
				*to++ = *line;
		line += *line != 0;	/* before its place is taken */
		*to++ = 0;
		if (n < WORDS - 1)
			w[n] = word;
	}
	return quoted ? -1 : n;
}

static int most_words(const struct command *c)
{
	return strstr(c->args, "...") ? WORDS - 1 : !c->args[0] ? 1 : strchr(c->args, ' ') ? 3 : 2;
}

/* How many letters two words share at the beginning and the end. */
static u32 monitor_likeness(const char *a, const char *b)
{
	u32 la = strlen(a), lb = strlen(b), head = 0, tail = 0;

	while (head < MIN(la, lb) && a[head] == b[head])
		head++;
	while (tail < MIN(la, lb) - head && a[la - 1 - tail] == b[lb - 1 - tail])
		tail++;
	return head + tail;
}

/* The command that was probably meant, or NULL. */
static const char *monitor_near(const char *word)
{
	const char *best = NULL;
	u32 i, most = 0;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		u32 n = monitor_likeness(word, commands[i].name);

		if (n > most && n * 2 >= strlen(word)) {
			most = n;
			best = commands[i].name;
		}
	}
	return best;
}

static void monitor_run(char *line)
{
	const struct command *c;
	char *w[WORDS];
	int n = monitor_split(line, w);

	if (!n)
		return;
	if (n < 0) {
		say("a \" is not closed\n");
		return;
	}
	c = monitor_find(w[0]);
	if (!c && monitor_near(w[0]))
		say("no command '%s'; did you mean %s? (help lists all)\n", w[0], monitor_near(w[0]));
	else if (!c)
		say("no command '%s'; help lists all\n", w[0]);
	else if (n > most_words(c))
		say("too many words; %s %s\n", c->name, c->args);
	else
		c->run(w);
	sched_account(this_cpu());	/* charged to nobody: it is the operator's time */
}

static void monitor_put(void *arg, const char *data, u32 len)
{
	terminal_put(arg, data, len);
}

void monitor_enter(struct terminal *t)
{
	t->asked = false;
	t->edit.prompt = PROMPT;
	t->edit.put = monitor_put;
	t->edit.arg = t;
	t->edit.complete = monitor_complete;
	terminal_put(t, "\r\n", 2);
	line_start(&t->edit);
}

void monitor_key(struct terminal *t, u8 c)
{
	enum line_event e = line_key(&t->edit, c);

	if (e == LINE_NOTHING)
		return;
	monitor_say_on(t);
	if (t->asked) {
		t->asked = false;
		t->edit.prompt = PROMPT;
		monitor_answer(e == LINE_READY ? t->edit.buf : "");
	} else if (e == LINE_READY) {
		t->in_command = true;
		t->ops->answer(false);
		monitor_run(t->edit.buf);
		t->ops->answer(true);
		t->in_command = false;
	}
	if (!t->focus)		/* after `console` it shows a guest instead */
		line_start(&t->edit);
}
