/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three kinds of address that the compiler keeps apart.
 *
 *   gva  guest virtual: what guest code uses
 *   gpa  guest physical: what the guest takes for its RAM
 *   hpa  host physical: the machine's own
 *
 * Each is a struct with one member, so passing one kind where another is wanted does not compile.
 * `gva(x)` boxes, `gva_x(a)` unboxes.  Frame numbers work the same; they are addresses without the
 * 12 offset bits.  Host *virtual* addresses are plain pointers: the hypervisor maps all RAM at its
 * physical address (see hv/mem/hostmap.c), so `hpa_ptr` turns an hpa of RAM into a pointer; only
 * the code for memory and loading may use it.  A gpa never becomes a pointer, except inside gmem.c.
 */
#ifndef HV_TYPES_H
#define HV_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1u << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))

#define ADDR_TYPE(name)								\
	typedef struct { u32 name##_raw; } name##_t;				\
	static inline name##_t name(u32 x) { return (name##_t){ x }; }		\
	static inline u32 name##_x(name##_t a) { return a.name##_raw; }

ADDR_TYPE(gva)
ADDR_TYPE(gpa)
ADDR_TYPE(hpa)
ADDR_TYPE(gfn)	/* gpa >> 12 */
ADDR_TYPE(hfn)	/* hpa >> 12 */

#define HFN_NONE	hfn(0)	/* frame 0 holds the BIOS's data and is never given out */

static inline gfn_t gpa_gfn(gpa_t a) { return gfn(gpa_x(a) >> PAGE_SHIFT); }
static inline gpa_t gfn_gpa(gfn_t f) { return gpa(gfn_x(f) << PAGE_SHIFT); }
static inline hfn_t hpa_hfn(hpa_t a) { return hfn(hpa_x(a) >> PAGE_SHIFT); }
static inline hpa_t hfn_hpa(hfn_t f) { return hpa(hfn_x(f) << PAGE_SHIFT); }

#ifndef HPA_PTR_OVERRIDE	/* unit tests have their own machine memory */
static inline void *hpa_ptr(hpa_t a) { return (void *)(uintptr_t)hpa_x(a); }
#else
void *hpa_ptr(hpa_t a);
#endif

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))
#define ROUND_UP(x, n)	(((x) + (n) - 1) / (n) * (n))
#define BIT(n)		(1u << (n))
#define PRINTF(f, a)	__attribute__((format(printf, f, a)))
#define NORETURN	__attribute__((noreturn))

#endif
