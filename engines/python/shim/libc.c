// Where the interpreter must part from the compiler's libc.

#include "shim.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/times.h>
#include <time.h>

_Noreturn void fault(const char *what) { host_fault(what, strlen(what)); }

// `os.abort()` and the interpreter's fatal errors end here, after it has said why on standard error.
void abort(void) { fault("abort"); }

// The compiler's own ends a program that gets a signal by an abort, which here means that the engine is broken. It is not: the code has
// ended itself, and the status is the one that a shell would show.
static void end_the_run(int number) { _Exit(128 + number); }

void signals_end_the_run(void) {
    static const int numbers[] = {
        SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) signal(numbers[i], end_the_run);
}

// The compiler's own looks for the end of the text each time, so that the tokenizer, which asks it for the end of each line, takes quadratic
// time.
char *strchr(const char *text, int wanted) {
    for (char c = (char)wanted; *text != c; text++)
        if (!*text) return NULL;
    return (char *)text;
}

// The emulated clocks of a process show the time of day; the host knows how much of the processor a session has used.
clock_t clock(void) { return host_clock(CLOCK_CPU) / (1000000000 / CLOCKS_PER_SEC); }

clock_t times(struct tms *spent) {
    const int64_t tick = 1000000000 / 100;  // what the interpreter takes a tick for
    *spent = (struct tms){.tms_utime = host_clock(CLOCK_CPU) / tick};
    return host_clock(CLOCK_MONOTONIC_SESSION) / tick;
}

// The compiler's own is wrong in the ninth digit of some numbers. The logarithm of a power of two is exact this way.
double log2(double x) {
    if (!isfinite(x) || x <= 0) return log(x);
    int exponent;
    double fraction = frexp(x, &exponent);
    return x > 1 ? log(2 * fraction) / M_LN2 + (exponent - 1) : log(fraction) / M_LN2 + exponent;
}

// The compiler's own has values for some numbers for which there are none.
double acosh(double x) {
    if (!(x >= 1)) return (x - x) / (x - x);
    if (x < 2) return log1p(x - 1 + sqrt((x - 1) * (x - 1) + 2 * (x - 1)));
    if (x < 0x1p26) return log(2 * x - 1 / (x + sqrt(x * x - 1)));
    return log(x) + M_LN2;
}

// bzip2 built without the C library's streams reports broken invariants here.
void bz_internal_error(int code);
void bz_internal_error(int code) {
    (void)code;
    fault("bzip2 is broken");
}
