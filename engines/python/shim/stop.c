// The soft stop: words in memory that the host sets bits in while Python runs.
//
// The evaluation loop looks at `eval_breaker` on every backward jump and call, and raises what stands in `async_exc`. Long loops in C
// (regular expressions, big integers) look at the signals instead, so a signal is tripped too, whose handler raises the same. Whichever
// comes first takes the other back.

#include "shim.h"

#include "pycore_ceval.h"
#include "pycore_pystate.h"
#include "pycore_runtime.h"

#include <signal.h>

#define STOP_SIGNAL SIGXCPU
#define STOP_BITS (_PY_ASYNC_EXCEPTION_BIT | _PY_SIGNALS_PENDING_BIT)

static struct {
    uint32_t count;
    struct { uint32_t address, bits; } entries[4];
} table;

static PyObject *time_limit;

EXPORT("belljar_stop_table") void *belljar_stop_table(void) { return &table; }

void stop_clear(void) {
    PyThreadState *thread = PyThreadState_Get();
    thread->async_exc = NULL;
    thread->eval_breaker &= ~(uintptr_t)STOP_BITS;
    _PyRuntime.signals.is_tripped = 0;
    _PyRuntime.signals.handlers[STOP_SIGNAL].tripped = 0;
}

static PyObject *raise_time_limit(PyObject *self, PyObject *arguments) {
    (void)self, (void)arguments;
    stop_clear();
    PyErr_SetNone(time_limit);
    return NULL;
}

// `exception` is made immortal with everything else, so raising it out of `async_exc` does not need a count of its own.
int stop_prepare(PyObject *exception) {
    static PyMethodDef handler = {"stop", raise_time_limit, METH_VARARGS, NULL};
    time_limit = Py_NewRef(exception);
    PyObject *function = PyCFunction_New(&handler, NULL);
    if (!function) return -1;
    Py_XSETREF(_PyRuntime.signals.handlers[STOP_SIGNAL].func, function);
    PyThreadState *thread = PyThreadState_Get();
#define ENTRY(word, mask) {(uint32_t)(uintptr_t)&(word), (uint32_t)(uintptr_t)(mask)}
    table = (typeof(table)){4, {
        ENTRY(thread->async_exc, exception),
        ENTRY(_PyRuntime.signals.handlers[STOP_SIGNAL].tripped, 1),
        ENTRY(_PyRuntime.signals.is_tripped, 1),
        ENTRY(thread->eval_breaker, STOP_BITS),
    }};
#undef ENTRY
    return 0;
}
