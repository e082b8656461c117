// The allocator of the engines: two-level segregated fit. Constant time, little waste, and blocks grow in place.
//
// The compiler's own libc rounds sizes up to powers of two, which doubles an engine's memory. Here a block costs four bytes and is
// rounded up to sixteen. Memory comes from `memory.grow`; when the host refuses, the answer is NULL and errno is ENOMEM.
//
// A block is a header word followed by its payload. Payloads are aligned to 16, so headers lie at 12 modulo 16. The header holds
// the block's whole size (a multiple of 16) and two flags. A free block also holds, in its payload, the links of its list, and
// in its last word its own size, so that the block behind it finds its start.

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PAGE 65536u
#define ALIGN 16u
#define HEADER 4u
#define FREE 1u         // this block is free
#define FREE_BEFORE 2u  // the block before this one is free
#define FLAGS 15u
#define SIZE_MAX_BLOCK 0xf0000000u

// How much is asked of the host at least: `memory.grow` is a call out of the sandbox.
#define GROWTH (256u * 1024u)

// Gaps in the image that are smaller stay gaps: see `belljar_seal_heap`.
#define GAP_MOST (64u * 1024u)

// Lists: `ROWS` powers of two, each cut into `COLUMNS` ranges. Row 0 holds all sizes below 128.
#define COLUMN_BITS 3
#define COLUMNS (1u << COLUMN_BITS)
#define ROW_SHIFT 7
#define ROWS (32 - ROW_SHIFT + 1)

typedef struct block {
    uint32_t header;
    struct block *next, *previous;  // only in a free block
} block;

extern unsigned char __heap_base, __heap_end;

static block *lists[ROWS][COLUMNS];
static uint32_t rows;            // bit r: some list of row r has a block
static uint32_t columns[ROWS];   // bit c: list r, c has a block
static uintptr_t heap_end;       // 0 until the first allocation

// A request for memory failed. Whoever wants to know sets it back.
bool belljar_memory_failed;

static uint32_t size_of(const block *b) { return b->header & ~FLAGS; }
static block *after(block *b) { return (block *)((uintptr_t)b + size_of(b)); }
static block *before(block *b) { return (block *)((uintptr_t)b - ((uint32_t *)b)[-1]); }
static void *payload(block *b) { return (void *)((uintptr_t)b + HEADER); }
static block *block_of(void *p) { return (block *)((uintptr_t)p - HEADER); }

static void place(uint32_t size, uint32_t *row, uint32_t *column) {
    if (size < (1u << ROW_SHIFT)) {
        *row = 0;
        *column = size / ((1u << ROW_SHIFT) / COLUMNS);
    } else {
        uint32_t top = 31 - (uint32_t)__builtin_clz(size);
        *row = top - ROW_SHIFT + 1;
        *column = (size >> (top - COLUMN_BITS)) & (COLUMNS - 1);
    }
}

static void insert(block *b, uint32_t size) {
    uint32_t row, column;
    place(size, &row, &column);
    b->header = size | FREE | (b->header & FREE_BEFORE);
    after(b)->header |= FREE_BEFORE;
    ((uint32_t *)after(b))[-1] = size;
    b->previous = NULL;
    b->next = lists[row][column];
    if (b->next) b->next->previous = b;
    lists[row][column] = b;
    rows |= 1u << row;
    columns[row] |= 1u << column;
}

static void withdraw(block *b) {
    uint32_t row, column;
    place(size_of(b), &row, &column);
    if (b->next) b->next->previous = b->previous;
    if (b->previous) {
        b->previous->next = b->next;
    } else {
        lists[row][column] = b->next;
        if (!b->next) columns[row] &= ~(1u << column);
        if (!columns[row]) rows &= ~(1u << row);
    }
    b->header &= ~FREE;
    after(b)->header &= ~FREE_BEFORE;
}

// A free block of at least `size`, still in its list. The list that `size` belongs to may hold smaller ones, so the search begins
// one list further; only when that fails is the list itself walked, because the alternative is to grow.
static block *search(uint32_t size) {
    uint32_t row, column;
    place(size, &row, &column);
    uint32_t above = columns[row] & (uint32_t)(~0ull << (column + 1));
    uint32_t rows_above = rows & (uint32_t)(~0ull << (row + 1));
    if (above) return lists[row][__builtin_ctz(above)];
    if (rows_above) {
        uint32_t higher = (uint32_t)__builtin_ctz(rows_above);
        return lists[higher][__builtin_ctz(columns[higher])];
    }
    for (block *b = lists[row][column]; b; b = b->next) {
        if (size_of(b) >= size) return b;
    }
    return NULL;
}

// Makes a free block of `size` (and whatever is free before it) out of memory that lies at `start`. The last header of a segment
// is a block of size 0 that is never free.
static block *adopt(block *b, uint32_t size) {
    if (b->header & FREE_BEFORE) {
        block *earlier = before(b);
        size += size_of(earlier);
        withdraw(earlier);
        b = earlier;
    }
    b->header = size | (b->header & FREE_BEFORE);
    insert(b, size);
    return b;
}

static block *segment(uintptr_t start, uintptr_t end) {
    block *b = (block *)(((start + HEADER + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1)) - HEADER);
    block *last = (block *)((end & ~(uintptr_t)(ALIGN - 1)) - HEADER);
    heap_end = end;
    if ((uintptr_t)last < (uintptr_t)b + 2 * ALIGN) return NULL;
    b->header = 0;
    last->header = 0;
    return adopt(b, (uint32_t)((uintptr_t)last - (uintptr_t)b));
}

// Asks the host for room for a block of `size`. Returns a free block, or NULL.
static block *grow(uint32_t size) {
    block *last = heap_end ? (block *)((heap_end & ~(uintptr_t)(ALIGN - 1)) - HEADER) : NULL;
    uint32_t have = last && (last->header & FREE_BEFORE) ? ((uint32_t *)last)[-1] : 0;
    uint32_t exact = (size - (have < size ? have : 0) + 2 * ALIGN + PAGE - 1) / PAGE;
    uint32_t pages = exact < GROWTH / PAGE ? GROWTH / PAGE : exact;
    size_t old = __builtin_wasm_memory_grow(0, pages);
    if (old == SIZE_MAX && pages > exact) old = __builtin_wasm_memory_grow(0, pages = exact);
    if (old == SIZE_MAX) return NULL;
    uintptr_t start = (uintptr_t)old * PAGE, end = start + (uintptr_t)pages * PAGE;
    if (end == 0) end -= ALIGN;  // the last page of the address space
    if (start != heap_end) return segment(start, end);
    block *fresh_last = (block *)((end & ~(uintptr_t)(ALIGN - 1)) - HEADER);
    fresh_last->header = 0;
    heap_end = end;
    return adopt(last, (uint32_t)((uintptr_t)fresh_last - (uintptr_t)last));
}

// Cuts what is beyond `size` off a block in use.
static void trim(block *b, uint32_t size) {
    uint32_t rest = size_of(b) - size;
    if (rest < 2 * ALIGN) return;
    b->header = size | (b->header & FREE_BEFORE);
    block *tail = after(b);
    tail->header = rest;
    block *next = after(tail);
    if (next->header & FREE) {
        rest += size_of(next);
        withdraw(next);
    }
    tail->header = 0;
    insert(tail, rest);
}

// The size of a block for `bytes`, or 0 when there can be none.
static uint32_t block_size(size_t bytes) {
    if (bytes > SIZE_MAX_BLOCK) return 0;
    uint32_t size = ((uint32_t)bytes + HEADER + ALIGN - 1) & ~(ALIGN - 1);
    return size < ALIGN ? ALIGN : size;
}

void *malloc(size_t bytes) {
    if (!heap_end) segment((uintptr_t)&__heap_base, (uintptr_t)&__heap_end);
    uint32_t size = block_size(bytes);
    block *b = size ? search(size) : NULL;
    if (!b && size) b = grow(size);
    if (!b) {
        belljar_memory_failed = true;
        errno = ENOMEM;
        return NULL;
    }
    withdraw(b);
    trim(b, size);
    return payload(b);
}

void free(void *p) {
    if (!p) return;
    block *b = block_of(p);
    uint32_t size = size_of(b);
    block *next = after(b);
    if (next->header & FREE) {
        size += size_of(next);
        withdraw(next);
    }
    adopt(b, size);
}

void *calloc(size_t count, size_t bytes) {
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = malloc(total);
    if (p) memset(p, 0, total);
    return p;
}

size_t malloc_usable_size(void *p) { return p ? size_of(block_of(p)) - HEADER : 0; }

void *realloc(void *p, size_t bytes) {
    if (!p) return malloc(bytes);
    block *b = block_of(p);
    uint32_t size = block_size(bytes);
    if (!size) {
        errno = ENOMEM;
        return NULL;
    }
    if (size_of(b) < size) {
        block *next = after(b);
        // At the end of the heap: grow there, so that a growing array is not copied.
        if (size_of(next) == 0 && (uintptr_t)next + HEADER == (heap_end & ~(uintptr_t)(ALIGN - 1))) {
            grow(size - size_of(b));
            next = after(b);
        }
        if ((next->header & FREE) && size_of(b) + size_of(next) >= size) {
            withdraw(next);
            b->header += size_of(next);
        }
    }
    if (size_of(b) >= size) {
        trim(b, size);
        return p;
    }
    void *moved = malloc(bytes);
    if (!moved) return NULL;
    memcpy(moved, p, size_of(b) - HEADER);
    free(p);
    return moved;
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    if (alignment <= ALIGN) return malloc(bytes);
    if (bytes > SIZE_MAX_BLOCK - alignment) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = malloc(bytes + alignment + ALIGN);
    if (!p) return NULL;
    uintptr_t aligned = ((uintptr_t)p + alignment - 1) & ~(uintptr_t)(alignment - 1);
    block *b = block_of(p);
    uint32_t lead = (uint32_t)(aligned - (uintptr_t)p);
    if (lead) {
        uint32_t size = size_of(b);
        block *rest = block_of((void *)aligned);
        rest->header = size - lead;
        b->header = lead | (b->header & FREE_BEFORE);
        free(p);
        b = rest;
    }
    trim(b, block_size(bytes));
    return payload(b);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
    void *p = aligned_alloc(alignment, bytes);
    if (!p) return ENOMEM;
    *out = p;
    return 0;
}

// Called once, when the image is complete. What a session allocates from now on lies together, in memory that the image does not use, and not in
// the gaps between the image's blocks: each of those would cost the session a page of its own.
void belljar_seal_heap(void) {
    uint32_t row, column;
    place(GAP_MOST, &row, &column);
    for (uint32_t i = 0; i < row; i++) {
        for (uint32_t k = 0; k < COLUMNS; k++) {
            while (lists[i][k]) withdraw(lists[i][k]);  // in use, by nobody
        }
    }
    if (!search(GROWTH)) grow(GROWTH);  // so that a short session need not ask the host
}
