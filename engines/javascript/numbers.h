// Arithmetic that libc does with more care, and so more slowly, than most numbers need.

#ifndef BELLJAR_NUMBERS_H
#define BELLJAR_NUMBERS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

// The number in JSON at `at`, which ends at `end` and is well-formed. Most are whole.
static double json_number(const uint8_t *at, const uint8_t *end) {
    const uint8_t *digit = at + (*at == '-');
    double whole = 0;
    if (end - digit <= 15) {  // such numbers are exact at every step
        while (digit < end && *digit >= '0' && *digit <= '9') whole = whole * 10 + (*digit++ - '0');
        if (digit == end) return *at == '-' ? -whole : whole;
    }
    return strtod((const char *)at, NULL);
}

// The operator `%`: libc's goes bit by bit.
static double belljar_fmod(double x, double y) {
    const double exact = 9007199254740992.0;  // whole numbers up to here are integers too
    if (fabs(x) <= exact && fabs(y) <= exact && y != 0) {
        int64_t a = (int64_t)x, b = (int64_t)y;
        if ((double)a == x && (double)b == y) return copysign((double)(a % b), x);
    }
    return fmod(x, y);
}

#define fmod belljar_fmod

#endif
