// What an engine's libc would ask of an operating system, answered by the host's own functions. So no WASI import gets into the module.

#include "libc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "host.h"

#define SECOND 1000000000ll

int clock_gettime(clockid_t which, struct timespec *at) {
    int64_t now = host_clock(which == CLOCK_REALTIME ? CLOCK_UTC : CLOCK_MONOTONIC_SESSION);
    at->tv_sec = now / SECOND;
    at->tv_nsec = (long)(now % SECOND);
    return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    (void)zone;
    int64_t now = host_clock(CLOCK_UTC);
    at->tv_sec = now / SECOND;
    at->tv_usec = (suseconds_t)(now % SECOND / 1000);
    return 0;
}

// The sandbox lives in UTC. The engines read nothing but the offset from this.
struct tm *localtime_r(const time_t *restrict at, struct tm *restrict out) {
    (void)at;
    memset(out, 0, sizeof *out);
    return out;
}

void abort(void) { host_fault("abort", 5); }

void __assert_fail(const char *condition, const char *file, int line, const char *function) {
    char text[256];
    int length = snprintf(text, sizeof text, "%s: assertion failed: %s (%s:%d)", function, condition, file, line);
    host_fault(text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

// The engines print to C's streams only to dump their own state while they are being debugged.
int printf(const char *restrict format, ...) { return (void)format, 0; }
int fprintf(FILE *restrict file, const char *restrict format, ...) { return (void)file, (void)format, 0; }
int vfprintf(FILE *restrict file, const char *restrict format, va_list list) {
    return (void)file, (void)format, (void)list, 0;
}
int puts(const char *text) { return (void)text, 0; }
int putchar(int c) { return c; }
int fputc(int c, FILE *file) { return (void)file, c; }
int putc(int c, FILE *file) { return (void)file, c; }
int fputs(const char *restrict text, FILE *restrict file) { return (void)text, (void)file, 0; }
size_t fwrite(const void *restrict from, size_t size, size_t count, FILE *restrict file) {
    return (void)from, (void)size, (void)file, count;
}
