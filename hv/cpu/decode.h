/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction decoder: bytes in, fields out.  Pure, so it is tested and fuzzed alone. */
#ifndef HV_DECODE_H
#define HV_DECODE_H

#include "hv/types.h"

#define INSN_MAX	15

enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_NONE };	/* x86 encoding order */

/* Opcodes.  Where the lowest bit is the operand size (0: a byte), one name stands for both, the
 * even one's: OP_INS + 1 is insl. */
enum {
	OP_INS = 0x6C, OP_OUTS = 0x6E,
	OP_MOV_TO_RM = 0x88, OP_MOV_TO_REG = 0x8A, OP_MOV_TO_SEG = 0x8E,
	OP_MOV_FROM_ADDRESS = 0xA0, OP_MOV_TO_ADDRESS = 0xA2, OP_MOV_IMMEDIATE = 0xC6,
	OP_INT3 = 0xCC, OP_INT = 0xCD, OP_INTO = 0xCE,
	OP_IN_IMMEDIATE = 0xE4, OP_OUT_IMMEDIATE = 0xE6, OP_IN_DX = 0xEC, OP_OUT_DX = 0xEE,
	OP_HLT = 0xF4, OP_CLI = 0xFA, OP_STI = 0xFB,

	OP_TWO = 0x0F00,		/* 0F followed by a second byte */
	OP_GROUP_6 = OP_TWO | 0x00,	/* by the reg field: 2 lldt, 3 ltr */
	OP_GROUP_7 = OP_TWO | 0x01,	/* 2 lgdt, 3 lidt, 6 lmsw, 7 invlpg */
	OP_CLTS = OP_TWO | 0x06, OP_INVD = OP_TWO | 0x08, OP_WBINVD = OP_TWO | 0x09,
	OP_LONG_NOP = OP_TWO | 0x1F,
	OP_MOV_FROM_CR = OP_TWO | 0x20, OP_MOV_FROM_DR = OP_TWO | 0x21,
	OP_MOV_TO_CR = OP_TWO | 0x22, OP_MOV_TO_DR = OP_TWO | 0x23,
	OP_WRMSR = OP_TWO | 0x30, OP_RDTSC = OP_TWO | 0x31, OP_RDMSR = OP_TWO | 0x32, OP_RDPMC = OP_TWO | 0x33,
	OP_CMOV = OP_TWO | 0x40,	/* plus a condition, 0..15 */
	OP_MOVZX_8 = OP_TWO | 0xB6, OP_MOVZX_16 = OP_TWO | 0xB7, OP_MOVSX_8 = OP_TWO | 0xBE, OP_MOVSX_16 = OP_TWO | 0xBF,
};

struct insn {
	u8 len;			/* in bytes, prefixes included */
	u16 op;			/* OP_* */
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
#define REG_EAX 0
#define REG_ESP 4
#define REG_EBP 5
#define NO_REG 8

/* The operand's size in bytes, for opcodes whose lowest bit says it. */
static inline u32 insn_size(const struct insn *i) { return !(i->op & 1) ? 1 : i->op16 ? 2 : 4; }

/* Decodes 32-bit code from n bytes of any content.  False: not an instruction we emulate, or longer
 * than n. */
bool insn_decode(const u8 *bytes, u32 n, struct insn *i);

#endif
