// Where the language lives in memory. It was made for one fixed block, the stack growing down towards the heap. Here the stack has a place of
// its own, and the heap is the last thing in memory, so that it grows as far as the host allows and a small session stays small.
//
//     data | stack of the language | context | heap ... end of memory

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STACK_BYTES (256 * 1024)
#define STACK_SPARE (4 * 1024)  // kept for making the error that says that the stack is full
#define HEAP_FIRST (64 * 1024)  // what may be used before garbage is first collected
#define PAGE_BYTES 65536u

static uint8_t language_stack[STACK_BYTES] __attribute__((aligned(16)));
static uint8_t *heap_end;       // end of memory
static uint8_t *heap_soft_end;  // garbage is collected before this line is moved
static bool stack_is_full;      // the spare part of the stack is in use
static bool memory_failed;      // the host refused memory during this request

enum shortage { ENOUGH, STACK_SHORT, HEAP_SHORT };

static enum shortage arena_shortage(const void *stack_bottom, const uint8_t *heap_free, uint32_t bytes) {
    const uint8_t *low = language_stack + (stack_is_full ? STACK_SPARE / 2 : STACK_SPARE);
    if ((const uint8_t *)stack_bottom < low) return STACK_SHORT;
    return (uint32_t)(heap_soft_end - heap_free) < bytes ? HEAP_SHORT : ENOUGH;
}

static uint8_t *memory_end(void) { return (uint8_t *)(__builtin_wasm_memory_size(0) * (size_t)PAGE_BYTES); }

// Takes pages at the end of memory for a request, and as much again several times for what parsing makes of it: until `arena_release`
// the heap cannot grow past them.
static uint8_t *arena_reserve(uint32_t bytes) {
    size_t pages = bytes / PAGE_BYTES + 1;
    if (__builtin_wasm_memory_grow(0, 6 * pages) == SIZE_MAX && __builtin_wasm_memory_grow(0, 2 * pages) == SIZE_MAX) return NULL;
    heap_end = memory_end() - pages * PAGE_BYTES;
    return heap_end;
}

// The request has been read: its pages become heap.
static void arena_release(void) { heap_end = memory_end(); }

// Grows by `exact` pages and up to half of what is in use; by less where the host refuses. A heap that could only creep on would collect garbage
// for every page, and is full.
static bool grow_memory(uint32_t exact, uint32_t used) {
    for (uint32_t share = 2; share <= 32; share *= 2) {
        uint32_t pages = exact + used / share;
        if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) continue;
        heap_end += pages * PAGE_BYTES;
        return true;
    }
    return false;
}

// After a collection: moves the soft line so that there is room for `bytes`, and as much again as is in use.
static bool arena_grow(const uint8_t *heap_base, const uint8_t *heap_free, uint32_t bytes) {
    uint32_t used = (uint32_t)(heap_free - heap_base);
    uint32_t room = (uint32_t)(heap_end - heap_free);
    if (room < bytes) {
        if (heap_end != memory_end()) return !(memory_failed = true);
        uint32_t exact = (bytes - room + PAGE_BYTES - 1) / PAGE_BYTES;
        if (!grow_memory(exact, used / PAGE_BYTES)) return !(memory_failed = true);
        room = (uint32_t)(heap_end - heap_free);
    }
    uint32_t ahead = used > HEAP_FIRST ? used : HEAP_FIRST;
    if (ahead < bytes) ahead = bytes;
    heap_soft_end = (uint8_t *)heap_free + (ahead < room ? ahead : room);
    return true;
}
