// Operations of the host (`engines/abi.md`) for the boot files: begin, wait, take, drop.

#include "shim.h"

// begin(kind, request) -> id, or 0 when too many are open
PyObject *operation_begin(PyObject *module, PyObject *arguments) {
    (void)module;
    unsigned kind;
    Py_buffer request;
    if (!PyArg_ParseTuple(arguments, "Iy*", &kind, &request)) return NULL;
    uint32_t id = host_begin(kind, request.buf, (size_t)request.len);
    PyBuffer_Release(&request);
    return PyLong_FromUnsignedLong(id);
}

// wait(id, nanoseconds) -> id, or 0; id 0 is any, and a negative number of nanoseconds no bound
PyObject *operation_wait(PyObject *module, PyObject *arguments) {
    (void)module;
    unsigned id;
    long long nanoseconds;
    if (!PyArg_ParseTuple(arguments, "IL", &id, &nanoseconds)) return NULL;
    return PyLong_FromUnsignedLong(host_wait(id, nanoseconds));
}

// take(id) -> the next field of the answer as (tag, bytes), None when there is none yet, () at the end
PyObject *operation_take(PyObject *module, PyObject *argument) {
    (void)module;
    unsigned long id = PyLong_AsUnsignedLong(argument);
    if (PyErr_Occurred()) return NULL;
    uint32_t head[2];
    int32_t taken = host_take((uint32_t)id, head, sizeof head);
    if (taken < 0) Py_RETURN_NONE;
    if (taken == 0) return PyTuple_New(0);
    if (taken != sizeof head) fault("a field of an answer is cut");
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, head[1]);
    if (!bytes) {
        host_drop((uint32_t)id);  // the rest could not be told from the next field
        return NULL;
    }
    for (uint32_t at = 0; at < head[1]; at += (uint32_t)taken) {
        taken = host_take((uint32_t)id, PyBytes_AS_STRING(bytes) + at, head[1] - at);
        if (taken <= 0) fault("a field of an answer is cut");
    }
    return Py_BuildValue("(IN)", head[0], bytes);
}

// drop(id)
PyObject *operation_drop(PyObject *module, PyObject *argument) {
    (void)module;
    unsigned long id = PyLong_AsUnsignedLong(argument);
    if (PyErr_Occurred()) return NULL;
    host_drop((uint32_t)id);
    Py_RETURN_NONE;
}
