// What an engine's libc would ask of an operating system, answered by the host's own functions. So no WASI import gets into the module.

#include "libc.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
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

// What messages and stack traces are made with. Those have few and plain conversions, for which libc's own takes several times as long as the rest
// of throwing an error.
static bool is_plain(const char *at) {
    for (; *at; at++) {
        if (*at != '%') continue;
        at++;
        if (*at != 's' && *at != 'd' && *at != 'u' && *at != 'c' && *at != '%') return false;
    }
    return true;
}

struct printed {
    char *out;
    size_t room, length;
};

static void print_char(struct printed *to, char c) {
    if (to->length + 1 < to->room) to->out[to->length] = c;
    to->length++;
}

static void print_number(struct printed *to, uint32_t number) {
    if (number >= 10) print_number(to, number / 10);
    print_char(to, (char)('0' + number % 10));
}

static void print_conversion(struct printed *to, char which, va_list *list) {
    switch (which) {
    case 's':
        for (const char *text = va_arg(*list, const char *); *text; text++) print_char(to, *text);
        break;
    case 'd': {
        int number = va_arg(*list, int);
        if (number < 0) print_char(to, '-');
        print_number(to, number < 0 ? 0u - (uint32_t)number : (uint32_t)number);
        break;
    }
    case 'u': print_number(to, va_arg(*list, uint32_t)); break;
    case 'c': print_char(to, (char)va_arg(*list, int)); break;
    default: print_char(to, which);
    }
}

#undef vsnprintf
int belljar_vsnprintf(char *restrict out, size_t room, const char *restrict format, va_list list) {
    if (!is_plain(format)) return vsnprintf(out, room, format, list);
    struct printed to = {out, room, 0};
    va_list rest;
    va_copy(rest, list);
    for (; *format; format++) {
        if (*format == '%') print_conversion(&to, *++format, &rest);
        else print_char(&to, *format);
    }
    va_end(rest);
    if (room) out[to.length < room ? to.length : room - 1] = 0;
    return (int)to.length;
}

int snprintf(char *restrict out, size_t room, const char *restrict format, ...) {
    va_list list;
    va_start(list, format);
    int length = belljar_vsnprintf(out, room, format, list);
    va_end(list);
    return length;
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
