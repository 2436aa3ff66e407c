# SPDX-License-Identifier: GPL-2.0-or-later
# `make help` says what there is.  Everything that is built goes to build/.

BUILD	?= build
GUESTS	?= 2
LINUX	?= 6.1
# Of Debian's, more than are on the image anyway.
PACKAGES ?=
ROOTFS	?= busybox
MEM	?= $(if $(filter debian,$(ROOTFS)),64M,48M)
# Where the image goes.
ISO	?= $(BUILD)/ringlet.iso

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

help:
	@echo "make run [GUESTS=n] [LINUX=6.1|6.12] [MEM=48M]   boot it in QEMU, with n Linux guests"
	@echo "make run ROOTFS=debian [PACKAGES=\"podman ...\"]   with a small Debian on their disk, and these packages of its"
	@echo "make run CONF=my.conf FILES=\"vmlinux disk.img\"  with your own configuration, and the files it names"
	@echo "make run ... MEMORY=256M                         in a machine with so much memory"
	@echo "make test     all tests: unit, bare guests, Linux guests, system"
	@echo "make mutants  plants bugs, one at a time, and wants each seen by a test (an hour)"
	@echo "make soak     random tests with new seeds, for MINUTES=30"
	@echo "make iso      build/ringlet.iso, for a CD or (dd) a stick; all of the above as for run"
	@echo "make guests   guest kernels and their initrd, in build/guests/"
	@echo "make web      Ringlet in a browser: a folder of files, build/web/; make web-run serves it on this machine"
	@echo "make bench    native against guest, into build/bench.json"
	@echo "make gdb      like run, but under gdb; GUEST=alpha: which knows that guest's kernel, too"
	@echo "make check    warnings, static analysis, headers, scripts"
	@echo "make pictures the pictures in docs/, anew"
	@echo "make clean    removes build/ (slow things stay cached outside)"

# ---- tools and flags ----

CC	:= gcc -m32
ISYS	= -nostdinc -isystem $(shell gcc -m32 -print-file-name=include) -isystem $(BUILD)/newlib/include
INC	= -I. -I$(BUILD) $(ISYS)
# -U: newlib, too, was built for a machine with no Linux on it.
# -mgeneral-regs-only: the FPU always holds a guest's registers.
# -ffreestanding: no memset that calls itself.
# -freg-struct-return: addresses are structs of one word (hv/types.h), and come back in a register.
CFLAGS	= -std=gnu11 -march=i586 -mtune=generic -O2 -g -ffreestanding -fno-pic -fno-pie \
	  -fno-stack-protector -fcf-protection=none -mgeneral-regs-only -fno-omit-frame-pointer \
	  -fno-strict-aliasing -fno-asynchronous-unwind-tables -fno-common -freg-struct-return \
	  -U__linux__ -U__linux -Ulinux -U__unix__ -U__unix -Uunix \
	  -ffile-prefix-map=$(CURDIR)/= \
	  -Wall -Wextra -Werror -Wimplicit-fallthrough -Wstrict-prototypes -Wmissing-prototypes \
	  -Wpointer-arith -Wundef -MMD -MP $(INC)
# What each exit goes through is optimized as one piece, at the link: an exit of the guest costs 8 to 18 % less.
# The rest is not, since it would gain nothing, and a link would take three times as long.
CORE	= arch/x86 hv/mem hv/cpu hv/run
ASFLAGS	= -D__ASSEMBLER__ -Wa,--fatal-warnings -MMD -MP -g -I. -I$(BUILD)
LIBGCC	= $(shell $(CC) -print-libgcc-file-name)

SRCS	:= $(filter-out switcher/asm-offsets.c, \
	     $(wildcard boot/*.[cS] arch/x86/*.[cS] switcher/*.[cS] hv/*.[cS] hv/*/*.[cS] drivers/*/*.[cS]))
OBJS	:= $(patsubst %,$(BUILD)/obj/%.o,$(SRCS))

# ---- the hypervisor ----

elf: $(BUILD)/ringlet.elf

# A symbolic link into the cache: when that is emptied, this is gone too, and is made again.
$(BUILD)/newlib/libc.a: tools/build-newlib.sh | setup
	@mkdir -p $(BUILD)
	@dir=$$(tools/build-newlib.sh) && ln -sfn "$$dir" $(BUILD)/newlib

$(BUILD)/obj/%.c.o: %.c Makefile | $(BUILD)/newlib/libc.a
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(CFLAGS) $(if $(filter $(CORE),$(<D)),-flto) -c -o $@ $<

$(BUILD)/obj/%.S.o: %.S Makefile | $(BUILD)/newlib/libc.a
	@mkdir -p $(@D)
	@echo "  AS      $<"
	@$(CC) $(ASFLAGS) -c -o $@ $<

$(BUILD)/obj/switcher/switcher.S.o: $(BUILD)/asm-offsets.h

$(BUILD)/asm-offsets.h: switcher/asm-offsets.c | $(BUILD)/newlib/libc.a
	@mkdir -p $(@D)
	@echo "  GEN     $@"
	@$(CC) $(CFLAGS) -MT $@ -MF $(BUILD)/asm-offsets.d -S -o $(BUILD)/asm-offsets.s $<
	@sed -n 's/^->/#define /p' $(BUILD)/asm-offsets.s >$@

$(BUILD)/linker.ld: linker.ld switcher/layout.h Makefile
	@mkdir -p $(@D)
	@$(CC) -E -P -x c -undef -I. -o $@ $<

LINK	= $(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
	  -Wl,-T,$(BUILD)/linker.ld
LIBS	= -Wl,--start-group $(BUILD)/newlib/libc.a $(LIBGCC) -Wl,--end-group
MAX_IMAGE := 262144

# Linked twice: the first time to learn the addresses of all functions, the second time with a table
# of them at the end of what is read-only, where it moves no function.
$(BUILD)/ringlet.elf: $(OBJS) $(BUILD)/linker.ld tools/symbols.sh $(BUILD)/newlib/libc.a
	@echo "  LINK    $@"
	@tools/symbols.sh >$(BUILD)/symbols1.S
	@$(CC) -c -o $(BUILD)/symbols1.o $(BUILD)/symbols1.S
	@$(LINK) -o $(BUILD)/pass1.elf $(OBJS) $(BUILD)/symbols1.o $(LIBS)
	@tools/symbols.sh $(BUILD)/pass1.elf >$(BUILD)/symbols2.S
	@$(CC) -c -o $(BUILD)/symbols2.o $(BUILD)/symbols2.S
	@$(LINK) -Wl,-Map,$(BUILD)/ringlet.map -o $@ $(OBJS) $(BUILD)/symbols2.o $(LIBS)
	@objdump -dl --no-show-raw-insn $@ >$(BUILD)/ringlet.asm
	@nm -n $@ >$(BUILD)/ringlet.sym
	@strip -o $(BUILD)/ringlet.stripped.elf $@
	@tools/check-image.sh $@ $(BUILD)/ringlet.stripped.elf $(MAX_IMAGE)

-include $(OBJS:.o=.d) $(BUILD)/asm-offsets.d

# ---- guests, the ISO, running it ----

LINUX_VERSIONS := 6.1 6.12
CONFIG	= "$(GUESTS)" "$(LINUX)" "$(MEM)" "$(ROOTFS)"

# The configuration is the user's, CONF, with his FILES; or one of equal guests.  OWN is what make can build: the
# ISO gets of it what the configuration names.
OWN	= $(addprefix $(BUILD)/guests/,$(LINUX_VERSIONS:%=linux-%) linux-6.1-debian modules-6.1.img initrd.gz debian.img)
busybox	= linux-$(LINUX) initrd.gz
debian	= debian.img $(busybox) $(if $(filter 6.1,$(LINUX)),linux-6.1-debian modules-6.1.img)
ifdef CONF
CONF_FILE = $(CONF)
CONF_WORDS := $(shell sed 's/[\#;].*//' $(CONF) 2>/dev/null | tr '= \t\r' '\n')
else
CONF_FILE = $(BUILD)/ringlet.conf
CONF_WORDS = $($(ROOTFS))
endif
FILE_NAMES = $(foreach f,$(FILES),$(notdir $(firstword $(subst =, ,$f))))
MODULES	= $(FILES) $(addprefix $(BUILD)/guests/,$(filter-out $(FILE_NAMES),$(filter $(notdir $(OWN)),$(sort $(CONF_WORDS)))))
# NAME=FILE is a module, but what it is made from is FILE.
MODULE_FILES = $(foreach m,$(MODULES),$(lastword $(subst =, ,$m)))

# One clear line for a bad value, before anything is built.
ifneq ($(filter run iso gdb,$(MAKECMDGOALS)),)
CHECKED	= checked
$(if $(filter %.iso %.img,$(ISO)),,$(error ISO=$(ISO): a file whose name ends in .iso or .img))
ifdef CONF
$(foreach v,GUESTS LINUX MEM ROOTFS,$(if $(filter command%,$(origin $v)),$(error $v=$($v): CONF=$(CONF) says that itself)))
$(if $(wildcard $(CONF)),,$(error CONF=$(CONF): there is no such file))
endif
ifeq ($(filter $(LINUX),$(LINUX_VERSIONS)),)
$(error LINUX=$(LINUX): there is $(LINUX_VERSIONS))
endif
ifneq ($(shell tools/make-config.sh --check $(CONFIG) 2>&1),)
$(error $(shell tools/make-config.sh --check $(CONFIG) 2>&1))
endif
endif

# Ringlet's own parser, and what else knows whether a guest can start, for this machine.
CHECKER	= tools/check-config.c hv/load/config.c hv/load/load.c hv/load/kernel_image.c hv/mem/guest.c hv/mem/shadow.c
$(BUILD)/check-config: $(CHECKER) $(wildcard hv/load/*.h hv/mem/*.h) | setup
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -std=gnu11 -O1 -Wall -Wextra -Wno-format -ffunction-sections -fdata-sections -Wl,--gc-sections \
		-DHPA_PTR_OVERRIDE -I. -o $@ $(CHECKER)

# Before the build, and when all is built and all sizes are known.
CHECK	= $(BUILD)/check-config $(if $(MEMORY),-m $(MEMORY)) $(CONF_FILE) $(FILES) -- $(OWN)
checked: $(BUILD)/check-config $(CONF_FILE)
	@$(CHECK) >/dev/null

$(OBJS): | $(CHECKED)

$(BUILD)/guests/linux-%: FORCE | setup $(CHECKED)
	@mkdir -p $(@D)
	@tools/build-kernel.sh $* guest $(BUILD)/guests
	@tools/prune-cache.sh

$(BUILD)/guests/linux-%-debian $(BUILD)/guests/modules-%.img: FORCE | setup $(CHECKED)
	@mkdir -p $(@D)
	@tools/build-kernel.sh $* debian $(BUILD)/guests
	@tools/prune-cache.sh

$(BUILD)/guests/initrd.gz: tools/build-initrd.sh tools/guest-init | setup $(CHECKED)
	@mkdir -p $(@D)
	@tools/build-initrd.sh $@

# A symbolic link into the cache, too.
$(BUILD)/guests/debian.img: FORCE | setup $(CHECKED)
	@tools/build-rootfs.sh $@ $(PACKAGES)

guests: $(LINUX_VERSIONS:%=$(BUILD)/guests/linux-%) $(BUILD)/guests/initrd.gz

$(BUILD)/ringlet.conf: FORCE
	@mkdir -p $(@D)
	@tools/make-config.sh $(CONFIG) >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# GRUB's menu has more of equal guests, as far as they fit: NUMBER-ROOTFS each.  Beside Debian there is always busybox.
MENU	:=
ifneq ($(CHECKED),)
ifndef CONF
fits	= $(if $(shell tools/make-config.sh --check $1 "$(LINUX)" "$(MEM)" $2 2>&1),,$1-$2)
MENU	:= $(filter-out $(GUESTS)-$(ROOTFS),$(foreach r,$(ROOTFS) $(filter-out $(ROOTFS),busybox),$(foreach n,1 2 8,$(call fits,$n,$r))))
endif
endif
title	= Ringlet: $(word 1,$1) $(if $(filter 1,$(word 1,$1)),guest,guests)$(if $(filter debian,$(word 2,$1)), with Debian)
CONF_OPTIONS = -c $(if $(CONF),$(CONF_FILE),"$(call title,$(GUESTS) $(ROOTFS))=$(CONF_FILE)") \
	$(foreach m,$(MENU),-c "$(call title,$(subst -, ,$m))=$(BUILD)/menu/$m.conf")
MENU_FILES = $(MENU:%=$(BUILD)/menu/%.conf)

$(BUILD)/menu/%.conf: FORCE
	@mkdir -p $(@D)
	@tools/make-config.sh $(firstword $(subst -, ,$*)) "$(LINUX)" "$(MEM)" $(lastword $(subst -, ,$*)) >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# What is on the ISO: it is made anew when that changes, whatever the files' times are.
$(BUILD)/$(notdir $(ISO)).what: FORCE
	@mkdir -p $(@D)
	@echo '$(CONF_OPTIONS) $(MODULES) $(PACKAGES)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(ISO): $(BUILD)/ringlet.elf $(CONF_FILE) $(MENU_FILES) $(BUILD)/$(notdir $(ISO)).what iso/grub.cfg iso/efi.cfg tools/make-iso.sh \
		$(wildcard $(MODULE_FILES)) $(filter $(OWN),$(MODULES)) | checked
	@echo "  ISO     $@"
	@tools/make-iso.sh -o $@ -k $(BUILD)/ringlet.stripped.elf $(CONF_OPTIONS) $(MODULES)

iso: $(ISO)
	@needs=$$($(CHECK)) && echo "$(ISO) is ready: burn it, or dd it to a stick; it takes a PC with $${needs% *} MiB"

run: $(ISO)
	@needs=$$($(CHECK)) && exec tools/run-qemu.sh -m $${needs#* } -2 $(BUILD)/com2 $(ISO)

gdb: $(ISO)
	@needs=$$($(CHECK)) && exec tools/run-qemu.sh --gdb $(BUILD)/ringlet.elf $(GUEST:%=-g % -c $(CONF_FILE)) -m $${needs#* } -2 $(BUILD)/com2 $(ISO)

# ---- in a browser ----

PORT	?= 8086

web: setup-web $(BUILD)/ringlet.elf $(BUILD)/guests/linux-6.1 $(BUILD)/guests/initrd.gz
	@tools/build-web.sh $(BUILD)/web $(BUILD)/ringlet.stripped.elf $(BUILD)/guests/linux-6.1 $(BUILD)/guests/initrd.gz
	@echo "$(BUILD)/web is ready for a web server; make web-run is one"

web-run: web
	@echo "http://127.0.0.1:$(PORT)/ in a browser on this machine; Ctrl-C ends it"
	@python3 -m http.server --bind 127.0.0.1 --directory $(BUILD)/web $(PORT)

# ---- tests ----

test: setup-test $(BUILD)/ringlet.elf
	@tests/run

mutants: setup $(BUILD)/ringlet.elf
	@tests/mutants.py

MINUTES	?= 30
soak: setup $(BUILD)/ringlet.elf
	@tests/soak $(MINUTES)

bench: setup $(BUILD)/ringlet.elf
	@tests/bench/run

pictures: $(BUILD)/ringlet.iso
	@tools/pictures

check: $(BUILD)/ringlet.elf
	@CC="$(CC)" CFLAGS="$(CFLAGS)" tools/check.sh

setup:
	@tools/setup.sh

setup-web: setup
	@tools/setup.sh web

setup-test: setup
	@tools/setup.sh web browser

clean:
	rm -rf $(BUILD)

FORCE:
.PHONY: help elf guests checked iso run gdb web web-run test mutants soak bench pictures check setup setup-web setup-test clean FORCE
