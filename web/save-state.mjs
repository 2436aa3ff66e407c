// SPDX-License-Identifier: GPL-2.0-or-later
// Boots an ISO in v86 until every guest's shell has its prompt, and saves the machine:
//
//	node save-state.mjs FILES STATE
//
// FILES is the folder with v86, the BIOS and the ISO, as the page has it.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { ESCAPE, GUESTS, MACHINE, screenKeys } from "./machine.mjs";

const LIMIT = 600;	// seconds, on the slowest machine

const [files, state] = process.argv.slice(2);
const { V86 } = await import(pathToFileURL(`${files}/libv86.mjs`));
const file = name => ({ buffer: new Uint8Array(readFileSync(`${files}/${name}`)).buffer });

const machine = new V86({
	...MACHINE,
	wasm_path: `${files}/v86.wasm`,
	bios: file("bios.bin"),
	vga_bios: file("vgabios.bin"),
	cdrom: file("ringlet.iso"),
	autostart: true,
});

let said = "";
machine.add_listener("serial0-output-byte", byte => said += String.fromCharCode(byte));

const pause = seconds => new Promise(done => setTimeout(done, seconds * 1000));

async function until(pattern) {
	while (!pattern.test(said)) {
		if (performance.now() > LIMIT * 1000) {
			console.error(said.slice(-2000));
			console.error(`save-state: no ${pattern} on COM1 within ${LIMIT} seconds`);
			process.exit(1);
		}
		await pause(0.05);
	}
}

async function visit(number) {
	said = "";
	machine.serial0_send(ESCAPE + number);
	await until(new RegExp(`${GUESTS[number - 1]}:~#`));
}

await until(/alpha:~# /);
for (let number = GUESTS.length; number >= 1; number--)
	await visit(number);
// The screen shows the second guest, the serial line the first.
machine.keyboard_send_scancodes(screenKeys(2));
await pause(3);		// for DHCP, which nobody waits for
machine.eject_cdrom();	// all of it is in memory
await machine.stop();
writeFileSync(state, new Uint8Array(await machine.save_state()));
process.exit(0);
