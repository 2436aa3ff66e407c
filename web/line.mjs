// SPDX-License-Identifier: GPL-2.0-or-later
// One serial line, many terminals.  Ringlet shows one console at a time on COM1, and Ctrl-T with one
// more key brings another.  Here each console has a terminal of its own, and the line goes to the one
// that is looked at.  What was asked for has come when its first bytes do; until then the old one speaks.
import { ESCAPE } from "./machine.mjs";

const MONITOR = "m";
const LEFT = "\x18";				// Ringlet leaves a guest: no guest can send this byte
const PAINTING = "\x1b[0m\x1b(B\x1b[r\x1b[4l";	// it leaves the monitor: a guest's screen is painted anew
export const PAINTED = /\x1b\[\?1[hl]/;		// which ends with the mode of the cursor keys

const HEARD = 8000;	// characters that are kept for until()

// A terminal for one console; `key` is what follows Ctrl-T.
export class Console {
	heard = "";

	constructor(key, terminal) {
		this.key = key;
		this.terminal = terminal;
	}

	show(text) {
		this.terminal.write(text);
		this.heard = (this.heard + text).slice(-HEARD);
	}

	// When this has been heard since it got the line, or `heard` was emptied; or after so many seconds, false.
	async until(pattern, seconds) {
		for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
			if (pattern.test(this.heard))
				return true;
			await new Promise(done => setTimeout(done, 100));
		}
		return false;
	}
}

export class Line {
	#machine;
	#at;			// the console that Ringlet shows
	#coming = null;		// the one it was asked for
	#arrived = null;
	#turn;
	#bytes = [];		// not yet looked at

	// Ringlet listens once `ready` is fulfilled.  `changed` is called with each console that gets the line.
	constructor(machine, consoles, ready, changed) {
		this.#turn = ready;
		this.#machine = machine;
		this.consoles = consoles;
		this.changed = changed;
		this.#at = consoles[0];
		machine.add_listener("serial0-output-byte", byte => {
			if (this.#bytes.push(byte) === 1)
				setTimeout(() => this.#listen(), 10);
		});
	}

	// One after the other, in the order in which they were asked for.
	to(console) {
		return this.#turn = this.#turn.then(() => this.#switch(console));
	}

	async type(console, text) {
		await this.to(console);
		this.#machine.serial0_send(text);
	}

	#switch(console) {
		if (console === this.#at)
			return;
		return new Promise(done => {
			this.#coming = console;
			this.#arrived = done;
			this.#machine.serial0_send(ESCAPE + console.key);
		});
	}

	#listen() {
		const text = String.fromCharCode(...this.#bytes);
		const inMonitor = this.#at.key === MONITOR;
		const end = this.#coming || inMonitor ? text.indexOf(inMonitor ? PAINTING : LEFT) : -1;

		if (this.#coming && end < 0) {		// the mark may have come in part
			setTimeout(() => this.#listen(), 10);
			return;
		}
		this.#bytes = [];
		if (end < 0)
			this.#at.show(text);
		else if (this.#coming)
			this.#change(text.slice(0, end), text.slice(end));
		else
			this.#comeBack(text.slice(0, end));
	}

	#change(last, first) {
		this.#at.show(last);
		this.#at = this.#coming;
		this.#at.heard = "";
		this.#coming = null;
		this.#at.show(first);
		this.changed(this.#at);
		this.#arrived();
	}

	// `console NAME` was typed in the monitor; but that guest has a terminal of its own.
	#comeBack(last) {
		const monitor = this.#at;

		monitor.show(last);
		this.#at = new Console("", { write() {} });
		this.to(monitor);
	}
}
