// A wait for another thread, where there is none: an error in the code that waits. The compiler's libc would end the whole instance.

#include "shim.h"

#include <pthread.h>

static bool pending;

static int raise_deadlock(void *unused) {
    (void)unused;
    pending = false;
    PyErr_SetString(PyExc_RuntimeError, "deadlock: this waits for another thread, and there are no threads in this sandbox");
    return -1;
}

// The interpreter takes this for being woken up by a signal: it looks at what has come up, which is the error, and then waits again.
int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
    (void)condition, (void)mutex;
    if (!pending) pending = Py_AddPendingCall(raise_deadlock, NULL) == 0;
    return 0;
}
