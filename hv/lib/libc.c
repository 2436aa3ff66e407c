/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What newlib needs from the system under it: memory for malloc(), and a way to stop.  There are no
 * files; of stdio we use only snprintf() and vsnprintf().
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "hv/lib/lib.h"

static char *heap_start, *heap_at, *heap_end;

void heap_init(void *start, u32 size)
{
	heap_start = heap_at = start;
	heap_end = heap_start + size;
}

void heap_stats(u32 *used, u32 *size)
{
	*used = (u32)mallinfo().uordblks;
	*size = (u32)(heap_end - heap_start);
}

void *sbrk(ptrdiff_t increment);
void *sbrk(ptrdiff_t increment)
{
	char *was = heap_at;

	if (increment > heap_end - heap_at || increment < heap_start - heap_at) {
		errno = ENOMEM;
		return (void *)-1;
	}
	heap_at += increment;
	return was;
}

/* There are no files.  stdio refers to these functions, though nothing calls them. */
static int no_files(void)
{
	errno = ENOSYS;
	return -1;
}

int read(int fd, void *buf, size_t len);
int write(int fd, const void *buf, size_t len);
int lseek(int fd, int offset, int whence);
int close(int fd);
int fstat(int fd, struct stat *st);
int isatty(int fd);
int read(int fd, void *buf, size_t len) { (void)fd; (void)buf; (void)len; return no_files(); }
int write(int fd, const void *buf, size_t len) { (void)fd; (void)buf; (void)len; return no_files(); }
int lseek(int fd, int offset, int whence) { (void)fd; (void)offset; (void)whence; return no_files(); }
int close(int fd) { (void)fd; return no_files(); }
int fstat(int fd, struct stat *st) { (void)fd; (void)st; return no_files(); }
int isatty(int fd) { (void)fd; return 0; }

void abort(void)
{
	panic("abort() by %p", __builtin_return_address(0));
}

void _exit(int status) NORETURN;
void _exit(int status)
{
	panic("exit(%d)", status);
}

void __assert_func(const char *file, int line, const char *func, const char *what) NORETURN;
void __assert_func(const char *file, int line, const char *func, const char *what)
{
	panic("%s:%d: %s: assertion failed: %s", file, line, func, what);
}
