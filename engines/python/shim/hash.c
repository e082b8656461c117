// The hash of text and bytes, under a key of the session's own.
//
// The tables of the image were filled under the image's key, which everybody who has the image knows, and a session cannot fill them
// anew. But whatever may be a key in one of them was hashed while the image was made. So what was hashed then keeps its hash for ever, and
// everything else is hashed under the session's key. Who chooses texts that collide has no others than the image's own to choose from.

#include "shim.h"

#include "pycore_pyhash.h"

#include <stdlib.h>
#include <string.h>

struct known {
    const uint8_t *text;
    uint32_t length;
    Py_hash_t hash;
};

// Open addressing, at most half full, behind a filter that is small enough to stay in the processor's cache: most texts are not in the table, and
// most of those end at the filter. All of it is written while the image is made, and only read afterwards.
#define FILTER_BITS (1u << 19)

static struct {
    struct known *slots;
    uint32_t count, mask, longest;
    bool complete;
    uint64_t filter[FILTER_BITS / 64];
} image;

static uint64_t session_key;

// Where to look for a text. Needs no key: what is in the table does not change.
static uint32_t mix(const uint8_t *text, size_t length) {
    const uint64_t odd = 0x9e3779b97f4a7c15;
    uint64_t mixed = length * odd, first = 0, last = 0, word;
    if (length >= 8) {
        memcpy(&first, text, 8), memcpy(&last, text + length - 8, 8);
    } else if (length >= 4) {
        memcpy(&first, text, 4), memcpy(&last, text + length - 4, 4);
    } else {
        first = text[0], last = text[length / 2] << 8 | text[length - 1];
    }
    mixed = (mixed ^ first) * odd;
    for (size_t at = 8; at + 8 < length; at += 8) {
        memcpy(&word, text + at, 8);
        mixed = ((mixed ^ mixed >> 32) ^ word) * odd;
    }
    mixed = ((mixed ^ mixed >> 32) ^ last) * odd;
    return mixed >> 32;
}

static uint64_t *filter_word(uint32_t mixed) { return &image.filter[mixed / 64 % (FILTER_BITS / 64)]; }

// The slot with this text, or the empty one where it would be.
static struct known *find(const uint8_t *text, size_t length, uint32_t mixed) {
    for (uint32_t at = mixed >> 13 ^ mixed;; at++) {
        struct known *slot = &image.slots[at & image.mask];
        if (!slot->text || (slot->length == length && !memcmp(slot->text, text, length))) return slot;
    }
}

static void grow(void) {
    struct known *old = image.slots;
    uint32_t size = old ? image.mask + 1 : 0, larger = size ? size * 2 : 1 << 16;
    image.slots = calloc(larger, sizeof *image.slots);
    if (!image.slots) fault("no memory for the hashes of the image");
    image.mask = larger - 1;
    for (uint32_t i = 0; i < size; i++)
        if (old[i].text) *find(old[i].text, old[i].length, mix(old[i].text, old[i].length)) = old[i];
    free(old);
}

// Copies of texts lie one behind the other.
static const uint8_t *keep(const uint8_t *text, size_t length) {
    static uint8_t *room;
    static size_t left;
    if (left < length) {
        left = length > 1 << 16 ? length : 1 << 16;
        if (!(room = malloc(left))) fault("no memory for the texts of the image");
    }
    uint8_t *kept = memcpy(room, text, length);
    room += length, left -= length;
    return kept;
}

static Py_hash_t remember(const uint8_t *text, size_t length) {
    if (2 * image.count >= image.mask) grow();
    uint32_t mixed = mix(text, length);
    struct known *slot = find(text, length, mixed);
    if (!slot->text) {
        *filter_word(mixed) |= 1ull << mixed % 64;
        *slot = (struct known){keep(text, length), length, (Py_hash_t)_Py_KeyedHash(0, text, length)};
        image.count++;
        if (length > image.longest) image.longest = length;
    }
    return slot->hash;
}

static Py_hash_t hash(const void *text, Py_ssize_t length) {
    if (!image.complete) return remember(text, length);
    if ((size_t)length <= image.longest) {
        uint32_t mixed = mix(text, length);
        struct known *slot = *filter_word(mixed) >> mixed % 64 & 1 ? find(text, length, mixed) : NULL;
        if (slot && slot->text) return slot->hash;
    }
    return (Py_hash_t)_Py_KeyedHash(session_key, text, length);
}

// The interpreter is compiled to find its hash function here (`Py_HASH_EXTERNAL`).
PyHash_FuncDef PyHash_Func = {hash, "siphash13", 64, 64};

void hash_complete(void) { image.complete = true; }

// Only the first key counts: a session that is copied or restored is seeded again, and has tables that are filled under its key.
void hash_use_key(const uint8_t *key) {
    static int used;
    if (!used) memcpy(&session_key, key, sizeof session_key);
    used = 1;
}
