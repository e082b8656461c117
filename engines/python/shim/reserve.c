// Memory that is held back, so that an error can be told when there is none left. Nothing is ever written to it: a session that never
// runs out of memory does not have its pages.

#include "shim.h"

#include <stdlib.h>

#define RESERVE_BYTES (512 * 1024)

static void *held;

// Gives it to whoever allocates next.
PyObject *reserve_release(PyObject *module, PyObject *unused) {
    free(held);
    held = NULL;
    Py_RETURN_NONE;
}

// Takes it again, if there is enough.
PyObject *reserve_hold(PyObject *module, PyObject *unused) {
    if (!held) held = malloc(RESERVE_BYTES);
    Py_RETURN_NONE;
}
