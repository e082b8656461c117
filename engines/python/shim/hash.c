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

// Open addressing, at most half full. Written while the image is made, and only read afterwards.
static struct {
    struct known *slots;
    uint32_t count, mask, longest;
    bool complete;
} image;

static uint64_t session_key;

// Where to look for a text first. Needs no key: what is in the table does not change.
static uint32_t mix(const uint8_t *text, size_t length) {
    uint64_t mixed = length, word;
    for (; length >= 8; text += 8, length -= 8) {
        memcpy(&word, text, 8);
        mixed = (mixed ^ word) * 0x9e3779b97f4a7c15;
        mixed ^= mixed >> 32;
    }
    for (word = 0; length; length--) word = word << 8 | text[length - 1];
    mixed = (mixed ^ word) * 0x9e3779b97f4a7c15;
    return (uint32_t)(mixed >> 32 ^ mixed);
}

// The slot with this text, or the empty one where it would be.
static struct known *find(const uint8_t *text, size_t length) {
    for (uint32_t at = mix(text, length);; at++) {
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
        if (old[i].text) *find(old[i].text, old[i].length) = old[i];
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
    struct known *slot = find(text, length);
    if (!slot->text) {
        *slot = (struct known){keep(text, length), length, (Py_hash_t)_Py_KeyedHash(0, text, length)};
        image.count++;
        if (length > image.longest) image.longest = length;
    }
    return slot->hash;
}

static Py_hash_t hash(const void *text, Py_ssize_t length) {
    if (!image.complete) return remember(text, length);
    if ((size_t)length <= image.longest) {
        struct known *slot = find(text, length);
        if (slot->text) return slot->hash;
    }
    return (Py_hash_t)_Py_KeyedHash(session_key, text, length);
}

// The interpreter is compiled to find its hash function here (`Py_HASH_EXTERNAL`).
PyHash_FuncDef PyHash_Func = {hash, "siphash13", 64, 64};

void hash_complete(void) { image.complete = true; }

void hash_use_key(const uint8_t *key) { memcpy(&session_key, key, sizeof session_key); }
