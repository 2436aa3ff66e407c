/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instruction decoder: a table of instructions with what they mean, and for random bytes the sentences
 * that must hold: nothing past the end is read (the buffer is exact, ASan watches), the length
 * is within the bytes given, fewer bytes than the length do not decode, more change nothing.
 */
#include "hv/cpu/decode.h"
#include "tests/unit/test.h"

#define N NO_REG
static const struct {
	const char *text;
	u8 bytes[16];
	struct insn is;		/* len 0: must not decode */
} table[] = {
#define I(text, ...) { text, __VA_ARGS__ }
	I("cli", { 0xFA }, { .len = 1, .op = 0xFA, .seg = SEG_NONE }),
	I("sti", { 0xFB }, { .len = 1, .op = 0xFB, .seg = SEG_NONE }),
	I("hlt", { 0xF4 }, { .len = 1, .op = 0xF4, .seg = SEG_NONE }),
	I("int $0x80", { 0xCD, 0x80 }, { .len = 2, .op = 0xCD, .imm = 0x80, .seg = SEG_NONE }),
	I("int3", { 0xCC }, { .len = 1, .op = 0xCC, .seg = SEG_NONE }),
	I("in $0x60, %al", { 0xE4, 0x60 }, { .len = 2, .op = 0xE4, .imm = 0x60, .seg = SEG_NONE }),
	I("in $0xfe, %ax", { 0x66, 0xE5, 0xFE }, { .len = 3, .op = 0xE5, .imm = 0xFE, .op16 = true, .seg = SEG_NONE }),
	I("out %eax, %dx", { 0xEF }, { .len = 1, .op = 0xEF, .seg = SEG_NONE }),
	I("rep outsb", { 0xF3, 0x6E }, { .len = 2, .op = 0x6E, .rep = true, .seg = SEG_NONE }),
	I("gs rep outsw", { 0x65, 0x66, 0xF3, 0x6F }, { .len = 4, .op = 0x6F, .rep = true, .op16 = true, .seg = SEG_GS }),
	I("mov %cr0, %eax", { 0x0F, 0x20, 0xC0 }, { .len = 3, .op = 0x0F20, .has_modrm = true, .mod = 3, .seg = SEG_NONE }),
	I("mov %ecx, %cr3", { 0x0F, 0x22, 0xD9 }, { .len = 3, .op = 0x0F22, .has_modrm = true, .mod = 3, .reg = 3, .rm = 1, .seg = SEG_NONE }),
	/* The mod field of a control-register move is ignored. */
	I("mov %ecx, %cr3 (mod 0)", { 0x0F, 0x22, 0x19 }, { .len = 3, .op = 0x0F22, .has_modrm = true, .mod = 3, .reg = 3, .rm = 1, .seg = SEG_NONE }),
	I("clts", { 0x0F, 0x06 }, { .len = 2, .op = 0x0F06, .seg = SEG_NONE }),
	I("wbinvd", { 0x0F, 0x09 }, { .len = 2, .op = 0x0F09, .seg = SEG_NONE }),
	I("rdmsr", { 0x0F, 0x32 }, { .len = 2, .op = 0x0F32, .seg = SEG_NONE }),
	I("lgdt 0x12345678", { 0x0F, 0x01, 0x15, 0x78, 0x56, 0x34, 0x12 },
	  { .len = 7, .op = 0x0F01, .has_modrm = true, .reg = 2, .rm = 5, .base = N, .index = N, .disp = 0x12345678, .seg = SEG_NONE }),
	I("invlpg (%eax)", { 0x0F, 0x01, 0x38 }, { .len = 3, .op = 0x0F01, .has_modrm = true, .reg = 7, .base = 0, .index = N, .seg = SEG_NONE }),
	I("lidt -8(%ebp,%esi,4)", { 0x0F, 0x01, 0x5C, 0xB5, 0xF8 },
	  { .len = 5, .op = 0x0F01, .has_modrm = true, .mod = 1, .reg = 3, .rm = 4, .base = 5, .index = 6, .scale = 2, .disp = -8u, .seg = SEG_NONE }),
	I("invlpg fs:(,%eax,8)+disp", { 0x64, 0x0F, 0x01, 0x3C, 0xC5, 1, 0, 0, 0 },
	  { .len = 9, .op = 0x0F01, .has_modrm = true, .reg = 7, .rm = 4, .base = N, .index = 0, .scale = 3, .disp = 1, .seg = SEG_FS }),
	I("ltr %ax", { 0x0F, 0x00, 0xD8 }, { .len = 3, .op = 0x0F00, .has_modrm = true, .mod = 3, .reg = 3, .base = N, .index = N, .seg = SEG_NONE }),
	I("mov %eax, (%esp)", { 0x89, 0x04, 0x24 }, { .len = 3, .op = 0x89, .has_modrm = true, .rm = 4, .base = 4, .index = N, .seg = SEG_NONE }),
	I("mov 4(%edi), %cl", { 0x8A, 0x4F, 0x04 }, { .len = 3, .op = 0x8A, .has_modrm = true, .mod = 1, .reg = 1, .rm = 7, .base = 7, .index = N, .disp = 4, .seg = SEG_NONE }),
	I("movl $-1, 0x100(%ebx)", { 0xC7, 0x83, 0, 1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF },
	  { .len = 10, .op = 0xC7, .has_modrm = true, .mod = 2, .rm = 3, .base = 3, .index = N, .disp = 0x100, .imm = ~0u, .seg = SEG_NONE }),
	I("movw $2, (%ebx)", { 0x66, 0xC7, 0x03, 2, 0 }, { .len = 5, .op = 0xC7, .op16 = true, .has_modrm = true, .rm = 3, .base = 3, .index = N, .imm = 2, .seg = SEG_NONE }),
	I("movb $-2, (%ebx)", { 0xC6, 0x03, 0xFE }, { .len = 3, .op = 0xC6, .has_modrm = true, .rm = 3, .base = 3, .index = N, .imm = -2u, .seg = SEG_NONE }),
	I("mov 0xf0000070, %eax", { 0xA1, 0x70, 0, 0, 0xF0 }, { .len = 5, .op = 0xA1, .base = N, .index = N, .disp = 0xF0000070, .seg = SEG_NONE }),
	I("movzbl (%edx), %eax", { 0x0F, 0xB6, 0x02 }, { .len = 3, .op = 0x0FB6, .has_modrm = true, .rm = 2, .base = 2, .index = N, .seg = SEG_NONE }),
	I("movswl 1(%edx), %esi", { 0x0F, 0xBF, 0x72, 1 }, { .len = 4, .op = 0x0FBF, .has_modrm = true, .mod = 1, .reg = 6, .rm = 2, .base = 2, .index = N, .disp = 1, .seg = SEG_NONE }),
	I("lock mov", { 0xF0, 0x89, 0x00 }, { .len = 3, .op = 0x89, .lock = true, .has_modrm = true, .base = 0, .index = N, .seg = SEG_NONE }),
	I("the last segment prefix counts", { 0x2E, 0x26, 0xA0, 0, 0, 0, 0 }, { .len = 7, .op = 0xA0, .base = N, .index = N, .seg = SEG_ES }),
	I("14 prefixes and cli", { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xFA },
	  { .len = 15, .op = 0xFA, .op16 = true, .seg = SEG_NONE }),
	I("15 prefixes and cli", { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xFA }, { 0 }),
	I("add %al, (%eax)", { 0x00, 0x00 }, { 0 }),
	I("16-bit addressing", { 0x67, 0x0F, 0x01, 0x38 }, { 0 }),
	I("sysenter", { 0x0F, 0x34 }, { 0 }),
	I("nop", { 0x90 }, { 0 }),
};

static void show(char *to, const struct insn *i)
{
	sprintf(to, "len %u op %x op16 %u rep %u lock %u seg %u modrm %u %u/%u/%u base %u index %u<<%u disp %x imm %x",
		i->len, i->op, i->op16, i->rep, i->lock, i->seg, i->has_modrm, i->mod, i->reg, i->rm,
		i->has_modrm && i->mod != 3 ? i->base : N, i->has_modrm && i->mod != 3 ? i->index : N,
		i->scale, (unsigned)i->disp, (unsigned)i->imm);
}

static bool decode_exact(const u8 *bytes, u32 n, struct insn *i)
{
	u8 *copy = malloc(n);	/* so that one byte too far is seen */
	bool ok;

	memcpy(copy, bytes, n);
	ok = insn_decode(copy, n, i);
	free(copy);
	return ok;
}

static void known(void)
{
	u32 n;

	for (n = 0; n < ARRAY_SIZE(table); n++) {
		char want[256], got[256];
		struct insn i;
		bool ok = decode_exact(table[n].bytes, 16, &i);

		CHECK(ok == !!table[n].is.len, "%s", table[n].text);
		if (!ok)
			continue;
		show(want, &table[n].is);
		show(got, &i);
		CHECK(!strcmp(want, got), "%s:\n     want %s\n     got  %s", table[n].text, want, got);
	}
}

static void random_bytes(void)
{
	u8 bytes[16];
	struct insn i, j;
	u32 n, k, good = 0;

	for (n = 0; n < 200000; n++) {
		static const u8 likely[] = { 0x0F, 0x66, 0xF3, 0x64, 0x8B, 0xC7, 0x01, 0x24, 0x05, 0x9C };

		for (k = 0; k < sizeof(bytes); k++)
			bytes[k] = one_in(2) ? likely[rnd(sizeof(likely))] : (u8)rnd(256);
		memset(&i, 0xCC, sizeof(i));
		if (!decode_exact(bytes, sizeof(bytes), &i))
			continue;
		good++;
		CHECK(i.len >= 1 && i.len <= INSN_MAX, "length %u", i.len);
		CHECK(i.mod <= 3 && i.reg < 8 && i.rm < 8 && i.scale < 4 && i.seg <= SEG_NONE, "fields");
		CHECK(!i.has_modrm || (i.base <= NO_REG && i.index <= NO_REG && i.index != 4), "registers");
		for (k = 0; k < sizeof(bytes); k++) {
			bool ok = decode_exact(bytes, k, &j);

			CHECK(ok == (k >= i.len), "%u of %u bytes", k, i.len);
			CHECK(!ok || !memcmp(&i, &j, sizeof(i)), "bytes after the instruction count");
		}
	}
	CHECK(good > 10000, "only %u decoded", good);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv, 5);
	CASE("known instructions");
	known();
	CASE("random bytes");
	random_bytes();
	return passed();
}
