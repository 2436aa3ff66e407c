/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decodes the instructions that can only be carried out by us: the privileged ones, the moves that
 * reach device registers, and the few that old processors lack.  One table says what follows each
 * opcode; what is not in it does not decode.
 */
#include <string.h>
#include "hv/cpu/decode.h"

enum {	/* what follows the opcode */
	NO = 0,		/* not ours */
	PLAIN,		/* nothing */
	IB,		/* one immediate byte */
	MODRM,
	MODRM_IB,
	MODRM_IZ,	/* immediate of operand size */
	CRX,		/* modrm that always names registers */
	MOFFS,		/* a 32-bit address */
};

static const u8 one_byte[256] = {
	[0x6C ... 0x6F] = PLAIN,		/* ins, outs */
	[0x88 ... 0x8B] = MODRM,		/* mov */
	[0x8E] = MODRM,				/* mov to segment */
	[0xA0 ... 0xA3] = MOFFS,		/* mov al/eax, moffs */
	[0xC6] = MODRM_IB, [0xC7] = MODRM_IZ,	/* mov imm */
	[0xCC] = PLAIN, [0xCD] = IB, [0xCE] = PLAIN,	/* int3, int, into */
	[0xE4 ... 0xE7] = IB,			/* in, out imm8 */
	[0xEC ... 0xEF] = PLAIN,		/* in, out dx */
	[0xF4] = PLAIN,				/* hlt */
	[0xFA ... 0xFB] = PLAIN,		/* cli, sti */
};

static const u8 two_byte[256] = {
	[0x00] = MODRM, [0x01] = MODRM,		/* lldt ltr; lgdt lidt lmsw invlpg */
	[0x06] = PLAIN,				/* clts */
	[0x08] = PLAIN, [0x09] = PLAIN,		/* invd, wbinvd */
	[0x1F] = MODRM,				/* the long nop */
	[0x20 ... 0x23] = CRX,			/* mov cr, dr */
	[0x30] = PLAIN, [0x32] = PLAIN, [0x33] = PLAIN,	/* wrmsr, rdmsr, rdpmc */
	[0x40 ... 0x4F] = MODRM,		/* cmov */
	[0xB6] = MODRM, [0xB7] = MODRM,		/* movzx */
	[0xBE] = MODRM, [0xBF] = MODRM,		/* movsx */
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

/* Little-endian, sign-extended to 32 bits. */
static u32 next_imm(struct cursor *c, u32 bytes)
{
	u32 v = 0, i;

	for (i = 0; i < bytes; i++)
		v |= (u32)insn_next(c) << (8 * i);
	if (bytes == 1)
		return (u32)(int32_t)(int8_t)v;
	return v;
}

/* False at an address-size prefix: 16-bit addressing is not ours. */
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
		i->disp = next_imm(c, i->mod == 1 ? 1 : 4);
	}
}

bool insn_decode(const u8 *bytes, u32 n, struct insn *i)
{
	struct cursor c = { bytes, n < INSN_MAX ? n : INSN_MAX, 0, false };
	u8 b, form;

	memset(i, 0, sizeof(*i));
	i->seg = SEG_NONE;
	if (!insn_prefixes(&c, i))
		return false;
	b = insn_next(&c);
	i->op = b;
	form = one_byte[b];
	if (b == 0x0F) {
		b = insn_next(&c);
		i->op = 0x0F00 | b;
		form = two_byte[b];
	}
	switch (form) {
	case NO:	return false;
	case PLAIN:	break;
	case IB:	i->imm = next_imm(&c, 1) & 0xFF; break;
	case MODRM:	insn_modrm(&c, i); break;
	case MODRM_IB:	insn_modrm(&c, i); i->imm = next_imm(&c, 1); break;
	case MODRM_IZ:	insn_modrm(&c, i); i->imm = next_imm(&c, i->op16 ? 2 : 4); break;
	case CRX:
		b = insn_next(&c);
		i->has_modrm = true;
		i->mod = 3;
		i->reg = (b >> 3) & 7;
		i->rm = b & 7;
		break;
	case MOFFS:	i->disp = next_imm(&c, 4); break;
	}
	i->len = c.at;
	return !c.over;
}
