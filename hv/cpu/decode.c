/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decodes the instructions we emulate: privileged ones, moves to and from device registers, and the
 * few that old processors lack.  A table says what follows each opcode; an opcode that is not in it
 * does not decode.
 */
#include "hv/cpu/decode.h"

enum {	/* what follows the opcode */
	NO = 0,		/* not one we emulate */
	PLAIN,		/* nothing */
	IB,		/* one immediate byte */
	MODRM,
	MODRM_IB,
	MODRM_IZ,	/* immediate of operand size */
	CRX,		/* a modrm that always names registers */
	MOFFS,		/* a 32-bit address */
};

static const u8 one_byte[256] = {
	[OP_INS ... OP_OUTS + 1] = PLAIN,
	[OP_MOV_TO_RM ... OP_MOV_TO_REG + 1] = MODRM,
	[OP_MOV_TO_SEG] = MODRM,
	[OP_MOV_FROM_ADDRESS ... OP_MOV_TO_ADDRESS + 1] = MOFFS,
	[OP_MOV_IMMEDIATE] = MODRM_IB, [OP_MOV_IMMEDIATE + 1] = MODRM_IZ,
	[OP_INT3] = PLAIN, [OP_INT] = IB, [OP_INTO] = PLAIN,
	[OP_IN_IMMEDIATE ... OP_OUT_IMMEDIATE + 1] = IB,
	[OP_IN_DX ... OP_OUT_DX + 1] = PLAIN,
	[OP_HLT] = PLAIN, [OP_CLI] = PLAIN, [OP_STI] = PLAIN,
};

#define SECOND(op) ((op) & 0xFF)
static const u8 two_byte[256] = {
	[SECOND(OP_GROUP_6)] = MODRM, [SECOND(OP_GROUP_7)] = MODRM,
	[SECOND(OP_CLTS)] = PLAIN, [SECOND(OP_INVD)] = PLAIN, [SECOND(OP_WBINVD)] = PLAIN,
	[SECOND(OP_LONG_NOP)] = MODRM,
	[SECOND(OP_MOV_FROM_CR) ... SECOND(OP_MOV_TO_DR)] = CRX,
	[SECOND(OP_WRMSR)] = PLAIN, [SECOND(OP_RDTSC)] = PLAIN, [SECOND(OP_RDMSR)] = PLAIN, [SECOND(OP_RDPMC)] = PLAIN,
	[SECOND(OP_CMOV) ... SECOND(OP_CMOV) + 15] = MODRM,
	[SECOND(OP_MOVZX_8)] = MODRM, [SECOND(OP_MOVZX_16)] = MODRM,
	[SECOND(OP_MOVSX_8)] = MODRM, [SECOND(OP_MOVSX_16)] = MODRM,
};

struct cursor {
	const u8 *p;
	u32 n, at;
	bool over;
};

static u8 insn_next(struct cursor *c)
{
	if (c->at >= c->n) {
		c->over = true;
		return 0;
	}
	return c->p[c->at++];
}

/* A byte, sign-extended to 32 bits. */
static u32 next_signed(struct cursor *c)
{
	return (u32)(s32)(int8_t)insn_next(c);
}

/* Little-endian. */
static u32 next_imm(struct cursor *c, u32 bytes)
{
	u32 v = 0, i;

	for (i = 0; i < bytes; i++)
		v |= (u32)insn_next(c) << (8 * i);
	return v;
}

/* False at an address-size prefix: we do not emulate 16-bit addressing. */
static bool insn_prefixes(struct cursor *c, struct insn *i)
{
	for (;;) {
		switch (c->at < c->n ? c->p[c->at] : 0) {
		case 0x66: i->op16 = true; break;
		case 0x67: return false;
		case 0xF0: i->lock = true; break;
		case 0xF2:
		case 0xF3: i->rep = true; break;
		case 0x26: i->seg = SEG_ES; break;
		case 0x2E: i->seg = SEG_CS; break;
		case 0x36: i->seg = SEG_SS; break;
		case 0x3E: i->seg = SEG_DS; break;
		case 0x64: i->seg = SEG_FS; break;
		case 0x65: i->seg = SEG_GS; break;
		default: return true;
		}
		c->at++;
	}
}

static void insn_modrm(struct cursor *c, struct insn *i)
{
	u8 b = insn_next(c), sib;

	i->has_modrm = true;
	i->mod = b >> 6;
	i->reg = (b >> 3) & 7;
	i->rm = b & 7;
	i->base = i->index = NO_REG;
	if (i->mod == 3)
		return;
	i->base = i->rm;
	if (i->rm == 4) {
		sib = insn_next(c);
		i->base = sib & 7;
		i->scale = sib >> 6;
		if (((sib >> 3) & 7) != 4)
			i->index = (sib >> 3) & 7;
	}
	if (i->mod == 0 && i->base == 5) {
		i->base = NO_REG;
		i->disp = next_imm(c, 4);
	} else if (i->mod) {
		i->disp = i->mod == 1 ? next_signed(c) : next_imm(c, 4);
	}
}

bool insn_decode(const u8 *bytes, u32 n, struct insn *i)
{
	struct cursor c = { bytes, n < INSN_MAX ? n : INSN_MAX, 0, false };
	u8 b, form;

	*i = (struct insn){ .seg = SEG_NONE };
	if (!insn_prefixes(&c, i))
		return false;
	b = insn_next(&c);
	i->op = b;
	form = one_byte[b];
	if (b == 0x0F) {
		b = insn_next(&c);
		i->op = OP_TWO | b;
		form = two_byte[b];
	}
	switch (form) {
	case NO:	return false;
	case PLAIN:	break;
	case IB:	i->imm = insn_next(&c); break;
	case MODRM:	insn_modrm(&c, i); break;
	case MODRM_IB:	insn_modrm(&c, i); i->imm = next_signed(&c); break;
	case MODRM_IZ:	insn_modrm(&c, i); i->imm = next_imm(&c, i->op16 ? 2 : 4); break;
	case CRX:
		b = insn_next(&c);
		i->has_modrm = true;
		i->mod = 3;
		i->reg = (b >> 3) & 7;
		i->rm = b & 7;
		break;
	case MOFFS:	i->base = i->index = NO_REG; i->disp = next_imm(&c, 4); break;
	}
	i->len = c.at;
	return !c.over;
}
