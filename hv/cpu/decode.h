/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction decoder: bytes in, fields out.  Pure, so that it is tested and fuzzed alone. */
#ifndef HV_DECODE_H
#define HV_DECODE_H

#include "hv/types.h"

#define INSN_MAX	15

enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_NONE };	/* x86 encoding order */

struct insn {
	u8 len;			/* in bytes, prefixes included */
	u16 op;			/* opcode; 0x0F00 | second byte for two-byte ones */
	bool op16, rep;		/* 16-bit operands; F2 or F3 */
	bool lock;
	u8 seg;			/* override, or SEG_NONE */
	bool has_modrm;
	u8 mod, reg, rm;
	/* Memory operand (mod != 3): disp + [base] + [index] << scale; register 8 means none. */
	u8 base, index, scale;
	u32 disp;
	u32 imm;
};
#define NO_REG 8

/* Decodes 32-bit code of up to n bytes (any content).  False: not one of ours, or longer than n. */
bool insn_decode(const u8 *bytes, u32 n, struct insn *i);

#endif
