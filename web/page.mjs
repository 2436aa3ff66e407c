// SPDX-License-Identifier: GPL-2.0-or-later
// The page: a PC in v86, a terminal for each guest and for the monitor, and the PC's own screen.
import { V86 } from "./libv86.mjs";
import { Terminal } from "./xterm.mjs";
import { Console, Line, PAINTED } from "./line.mjs";
import { ESCAPE, GUESTS, MACHINE, screenKeys } from "./machine.mjs";

const booting = location.search === "?boot";

const status = document.getElementById("status");
const tell = text => status.textContent = text;

// ---- what is on the page ----

function addPane(title) {
	const pane = document.getElementById("pane").content.firstElementChild.cloneNode(true);

	pane.id = title;
	pane.querySelector("h2").textContent = title;
	document.querySelector("main").append(pane);
	return pane;
}

function addButton(pane, text, act) {
	const button = document.createElement("button");

	button.textContent = button.className = text;
	button.addEventListener("click", act);
	pane.querySelector("nav").append(" ", button);
}

function addConsole(title, key) {
	const pane = addPane(title), view = pane.querySelector(".view");
	const terminal = new Terminal({ cols: 80, rows: 25, fontSize: 14, lineHeight: 1.1 });
	const console = new Console(key, terminal);

	terminal.open(view);
	view.addEventListener("focusin", () => line.to(console));
	console.pane = pane;
	terminal.onData(text => typed(console, text));
	return console;
}

const guests = GUESTS.map((name, i) => addConsole(name, String(i + 1)));
const monitor = addConsole("monitor", "m");

const screen = addPane("screen");
const view = screen.querySelector(".view");
screen.classList.add("screen");
view.innerHTML = "<div class=text></div><canvas></canvas>";	// as v86 wants it
view.tabIndex = 0;

// ---- the machine ----

const machine = new V86({
	...MACHINE,
	wasm_path: "v86.wasm",
	bios: { url: "bios.bin" },
	vga_bios: { url: "vgabios.bin" },
	screen: { container: view },
	...(booting ? { cdrom: { url: "ringlet.iso" } } : { initial_state: { url: "state.bin.zst" } }),
	autostart: true,
});

let ringletListens;
const ready = new Promise(done => ringletListens = done);
const line = new Line(machine, [...guests, monitor], ready, live => {
	for (const c of line.consoles)
		c.pane.classList.toggle("live", c === live);
});

machine.add_listener("download-progress", e => tell(`Loading ${e.file_name}: ${e.loaded >> 10} KiB …`));
machine.add_listener("download-error", e => tell(`${e.file_name} cannot be loaded. \`make web-run\` serves all that is needed.`));
machine.add_listener("emulator-loaded", start);

async function start() {
	machine.keyboard_set_enabled(false);
	if (booting) {
		tell("The PC boots from the CD …");
		await guests[0].until(/Ctrl-T m: the monitor/, 600);
	}
	ringletListens();
	// Each is painted anew when it gets the line, and in the end the first guest has it.
	for (const c of [...line.consoles.slice(1), guests[0]])
		await line.to(c);
	guests[0].terminal.focus();
	tell(booting ? "Ringlet runs, and its guests boot." :
		"Both guests run. Type in a terminal, or destroy one guest and see what the other does.");
}

// ---- typing ----

let escaped = false;	// Ctrl-T was typed: the next key may name a console

function typed(console, text) {
	if (escaped) {
		escaped = false;
		const next = guests[(guests.indexOf(console) + 1) % guests.length];
		const named = text === "n" ? next : line.consoles.find(c => c.key === text);
		if (named)
			named.terminal.focus();
		else
			line.type(console, ESCAPE + text);
	} else if (text === ESCAPE) {
		escaped = true;
	} else {
		line.type(console, text.replaceAll(ESCAPE, ""));
	}
}

// ---- buttons: they type what a person would ----

const nameOf = guest => GUESTS[guests.indexOf(guest)];

const CLEAR_LINE = "\x15";	// Ctrl-U

async function command(text, answer) {
	await line.to(monitor);
	monitor.heard = "";
	await line.type(monitor, `${CLEAR_LINE}${text}\r`);
	return monitor.until(answer, 30);
}

// Whether its shell waits for a command, in a directory whatever its name.
async function atPrompt(guest) {
	await guest.until(PAINTED, 5);
	await new Promise(done => guest.terminal.write("", done));
	const buffer = guest.terminal.buffer.active;
	return /^\w+:\S*#$/.test(buffer.getLine(buffer.baseY + buffer.cursorY).translateToString(true));
}

async function count(guest) {
	const name = nameOf(guest);

	await line.to(guest);
	const shell = await atPrompt(guest);
	guest.heard = "";
	if (shell)
		await line.type(guest, `n=0; while sleep 1; do n=$((n+1)); echo ${name} counts $n; done\r`);
	await guest.until(/counts \d+\r\n[^]*counts \d+\r\n/, 10);
}

async function destroy(guest) {
	const name = nameOf(guest);
	const neighbour = guests.find(g => g !== guest);
	const other = nameOf(neighbour);

	tell(`${other} counts …`);
	await count(neighbour);
	tell(`… and ${name} is destroyed …`);
	await command(`destroy ${name}`, /\n.*ringlet> /);
	neighbour.terminal.focus();
	await line.to(neighbour);
	tell(`… which ${other} does not notice. Ctrl-C ends its counting; start brings ${name} back.`);
}

async function begin(guest) {
	const name = nameOf(guest);

	await command(`start ${name}`, /: started|running already/);
	guest.terminal.focus();
	await line.to(guest);
	tell(`${name} boots …`);
	if (await guest.until(/:~# $/, 240))
		tell(`… and ${name} is back.`);
}

for (const guest of guests) {
	addButton(guest.pane, "destroy", () => destroy(guest));
	addButton(guest.pane, "start", () => begin(guest));
}

// ---- the screen and its keyboard ----

// v86 listens to all keys of the page: only those typed at the screen are meant for it.
view.addEventListener("focus", () => machine.keyboard_set_enabled(true));
view.addEventListener("blur", () => machine.keyboard_set_enabled(false));

[...GUESTS, "monitor"].forEach((name, i) =>
	addButton(screen, name, () => machine.keyboard_send_scancodes(screenKeys(i < GUESTS.length ? i + 1 : 0))));

// For a script that drives this page: the text of a terminal, its scrollback too.
window.textOf = name => {
	const buffer = line.consoles.find(c => c.pane.id === name).terminal.buffer.active;

	return Array.from({ length: buffer.length }, (_, i) => buffer.getLine(i).translateToString(true)).join("\n");
};
