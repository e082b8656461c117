// scrypt's memory-hard middle (RFC 7914, sections 3 to 5), which would take minutes in Python.

#include "shim.h"

#include <stdlib.h>
#include <string.h>

static uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

static void quarter(uint32_t *x, int a, int b, int c, int d) {
    x[b] ^= rotate(x[a] + x[d], 7);
    x[c] ^= rotate(x[b] + x[a], 9);
    x[d] ^= rotate(x[c] + x[b], 13);
    x[a] ^= rotate(x[d] + x[c], 18);
}

// Salsa20/8 of `block`, in place.
static void salsa(uint32_t block[16]) {
    uint32_t x[16];
    memcpy(x, block, sizeof x);
    for (int round = 0; round < 8; round += 2) {
        quarter(x, 0, 4, 8, 12), quarter(x, 5, 9, 13, 1), quarter(x, 10, 14, 2, 6), quarter(x, 15, 3, 7, 11);
        quarter(x, 0, 1, 2, 3), quarter(x, 5, 6, 7, 4), quarter(x, 10, 11, 8, 9), quarter(x, 15, 12, 13, 14);
    }
    for (int i = 0; i < 16; i++) block[i] += x[i];
}

// scryptBlockMix: 2r blocks of 16 words from `in` to `out`, even ones first.
static void mix_blocks(const uint32_t *in, uint32_t *out, size_t r) {
    uint32_t x[16];
    memcpy(x, in + (2 * r - 1) * 16, sizeof x);
    for (size_t i = 0; i < 2 * r; i++) {
        for (int j = 0; j < 16; j++) x[j] ^= in[i * 16 + j];
        salsa(x);
        memcpy(out + (i / 2 + (i % 2 ? r : 0)) * 16, x, sizeof x);
    }
}

// scryptROMix of 32 * r words at `b`. `v` has room for n such pieces and `y` for one.
static void mix(uint32_t *b, size_t n, size_t r, uint32_t *v, uint32_t *y) {
    size_t words = 32 * r;
    for (size_t i = 0; i < n; i++) {
        memcpy(v + i * words, b, words * 4);
        mix_blocks(v + i * words, b, r);
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t *other = v + (b[words - 16] & (n - 1)) * words;
        for (size_t j = 0; j < words; j++) y[j] = b[j] ^ other[j];
        mix_blocks(y, b, r);
    }
}

// scrypt_mix(blocks: bytearray, n, r): mixes every 128 * r bytes in place. hashlib's half has checked the numbers.
PyObject *scrypt_mix(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *blocks;
    unsigned n, r;
    if (!PyArg_ParseTuple(arguments, "O!II", &PyByteArray_Type, &blocks, &n, &r)) return NULL;
    size_t piece = 128 * (size_t)r;
    uint32_t *memory = n < UINT32_MAX / piece - 2 ? malloc(piece * (n + 2)) : NULL;
    if (!memory) return PyErr_NoMemory();
    uint32_t *b = memory, *y = memory + piece / 4, *v = memory + piece / 2;
    for (size_t at = 0; at + piece <= (size_t)PyByteArray_GET_SIZE(blocks) && !PyErr_Occurred(); at += piece) {
        memcpy(b, PyByteArray_AS_STRING(blocks) + at, piece);
        mix(b, n, r, v, y);
        memcpy(PyByteArray_AS_STRING(blocks) + at, b, piece);
        if (PyErr_CheckSignals() < 0) break;
    }
    free(memory);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}
