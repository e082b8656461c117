// Small objects live in pools of one size each. A pool of the image that is not full would get a session's next object of that size: dozens of pages of
// the image, each copied for a few bytes. So these pools are left as they are, and the session's objects go to new ones.

#include "shim.h"

#include "pycore_interp.h"
#include "pycore_obmalloc.h"
#include "pycore_pystate.h"

void seal_pools(void) {
    poolp *used = _PyInterpreterState_GET()->obmalloc->pools.used;
    for (size_t at = 0; at < OBMALLOC_USED_POOLS_SIZE; at += 2) {
        // An entry is the head of a ring: the two pointers in the middle of a `pool_header`.
        poolp head = (poolp)((char *)&used[at] - offsetof(struct pool_header, nextpool));
        while (used[at] != head) {
            // When its last block is freed, a pool is taken out of its ring: each gets one of its own.
            poolp pool = used[at];
            used[at] = pool->nextpool;
            pool->nextpool = pool->prevpool = pool;
        }
        used[at + 1] = head;
    }
    // The new pools, with one block each that stays: a pool that came and went with a single object would cost more than the object.
    for (size_t bytes = ALIGNMENT; bytes <= SMALL_REQUEST_THRESHOLD; bytes += ALIGNMENT)
        if (!PyObject_Malloc(bytes)) fault("no memory for pools");
}
