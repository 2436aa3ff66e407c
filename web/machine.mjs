// SPDX-License-Identifier: GPL-2.0-or-later
// The PC that v86 emulates, here and there: save-state.mjs boots it, page.mjs goes on with it.

export const GUESTS = ["alpha", "beta"];	// as tools/make-config.sh calls them

const MIB = 1 << 20;

// A saved state fits only a machine with the same options.
export const MACHINE = {
	memory_size: 256 * MIB,
	vga_memory_size: 8 * MIB,
	disable_speaker: true,
	disable_mouse: true,
};

// Ringlet's keys: Ctrl-T and one more on the serial line, Alt and a function key on the screen.
export const ESCAPE = "\x14";

const ALT = 0x38, F1 = 0x3b, F12 = 0x58, RELEASED = 0x80;

// The scan codes that bring a guest (1, 2 ...) or the monitor (0) to the screen.
export function screenKeys(number) {
	const key = number ? F1 + number - 1 : F12;
	return [ALT, key, key | RELEASED, ALT | RELEASED];
}
