#!/usr/bin/env bash
# Builds the kernel's own x86 tests (tools/testing/selftests/x86) as static 32-bit programs.
#
#   build-selftests.sh VERSION OUTDIR
#
# OUTDIR gets one program a test and "selftests-x86", a script that runs them all in
# a guest.  Put the lot into an initrd with build-initrd.sh.
set -euo pipefail

die() { echo "build-selftests: $*" >&2; exit 1; }

[ $# = 2 ] || die "usage: build-selftests.sh VERSION OUTDIR"
version=$1 outdir=$2
package=linux-source-$version
tarball=/usr/src/$package.tar.xz
[ -f "$tarball" ] || die "$tarball is missing: install the package $package"

# Those that have something to say on 32 bit; left out is what needs newer processors.
tests="single_step_syscall syscall_nt test_mremap_vdso check_initial_reg_state sigreturn
	iopl ioperm test_vsyscall mov_ss_trap syscall_arg_fault sigaltstack sigtrap_loop test_syscall_vdso
	unwind_vdso test_FCMOV test_FCOMI test_FISTTP vdso_restorer ptrace_syscall sysret_ss_attrs
	ldt_gdt entry_from_vm86 fsgsbase_restore"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$outdir"
tar -C "$work" -xf "$tarball" --wildcards '*/tools/testing/selftests/x86/*' \
	'*/tools/testing/selftests/*.h' '*/arch/x86/include/*'
tree=$work/$package
cd "$tree/tools/testing/selftests/x86"

built=''
for t in $tests; do
	[ -f "$t.c" ] || continue
	sources=$t.c
	case $t in
	test_syscall_vdso) sources="$sources thunks_32.S" ;;
	ptrace_syscall) sources="$sources raw_syscall_helper_32.S" ;;
	check_initial_reg_state) sources="$sources -Wl,-ereal_start" ;;
	esac
	# shellcheck disable=SC2086 # a list
	if gcc -m32 -static -O2 -g -std=gnu99 -pthread -w -no-pie -fno-pie \
		-DCAN_BUILD_32 -I "$tree/tools/testing/selftests" \
		-o "$work/$t" $sources -lrt -ldl -lm > "$work/$t.log" 2>&1; then
		strip -o "$outdir/$t" "$work/$t"
		built="$built $t"
	else
		echo "build-selftests: $t does not compile: $(grep -m1 -E 'error|undefined' "$work/$t.log")" >&2
	fi
done
[ -n "$built" ] || die "nothing compiled"

cat > "$outdir/selftests-x86" <<SCRIPT
#!/bin/sh
# Runs each of the kernel's x86 tests: a line each, the last words of those that fail, a sum.
passed=0 failed=0 skipped=0
for t in$built; do
	timeout 60 \$t > /tmp/selftest.log 2>&1
	case \$? in
	0) passed=\$((passed + 1)); echo "selftest \$t: ok" ;;
	4) skipped=\$((skipped + 1)); echo "selftest \$t: skipped" ;;
	*) failed=\$((failed + 1)); tail -n 20 /tmp/selftest.log; echo "selftest \$t: FAILED" ;;
	esac
done
echo "selftests: \$passed passed, \$failed failed, \$skipped skipped"
[ \$failed = 0 ]
SCRIPT
chmod 755 "$outdir/selftests-x86"
