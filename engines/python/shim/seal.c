// Small objects live in pools of one size each. A pool of the image that is not full would get a session's next object of that size: dozens of pages of
// the image, each copied for a few bytes. So these pools are left as they are, and the first object of each size begins a new one.

#include "shim.h"

#include "pycore_interp.h"
#include "pycore_obmalloc.h"
#include "pycore_pystate.h"

// Takes the pools out of the lists of those that have room. When the last block of such a pool is freed, it is taken out of its list once more, so
// each is left in a list of its own.
void seal_pools(void) {
    poolp *used = _PyInterpreterState_GET()->obmalloc->pools.used;
    for (size_t at = 0; at < OBMALLOC_USED_POOLS_SIZE; at += 2) {
        // An entry is the head of a ring: the two pointers in the middle of a `pool_header`.
        poolp head = (poolp)((char *)&used[at] - offsetof(struct pool_header, nextpool));
        while (used[at] != head) {
            poolp pool = used[at];
            used[at] = pool->nextpool;
            pool->nextpool = pool->prevpool = pool;
        }
        used[at + 1] = head;
    }
}
