// Runs the boot files, in namespaces that no guest code can name, and gives them what only C can do.

#include "shim.h"

#include <string.h>

#define START "belljar-boot/start.py"

// report(field: int, data: bytes or str)
static PyObject *report(PyObject *module, PyObject *arguments) {
    (void)module;
    unsigned field;
    Py_buffer data;
    if (!PyArg_ParseTuple(arguments, "Is*", &field, &data)) return NULL;
    host_report(field, data.buf, (size_t)data.len);
    PyBuffer_Release(&data);
    Py_RETURN_NONE;
}

static PyObject *prepare_stop(PyObject *module, PyObject *time_limit) {
    (void)module;
    if (stop_prepare(time_limit) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"report", report, METH_VARARGS, NULL},
    {"compile", code_compile, METH_VARARGS, NULL},
    {"code", library_code, METH_O, NULL},
    {"scrypt_mix", scrypt_mix, METH_VARARGS, NULL},
    {"begin", operation_begin, METH_VARARGS, NULL},
    {"wait", operation_wait, METH_VARARGS, NULL},
    {"take", operation_take, METH_O, NULL},
    {"drop", operation_drop, METH_O, NULL},
    {"prepare_stop", prepare_stop, METH_O, NULL},
    {"hold_reserve", reserve_hold, METH_NOARGS, NULL},
    {"release_reserve", reserve_release, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyObject *host_module(void) {
    static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "host", NULL, -1, functions, NULL, NULL, NULL, NULL};
    PyObject *module = PyModule_Create(&definition);
    PyObject *index = library_index();
    if (!module || !index || PyModule_AddObjectRef(module, "library", index) < 0) Py_CLEAR(module);
    Py_XDECREF(index);
    return module;
}

// Runs the first boot file, which runs the others. Returns its namespace.
static PyObject *start(PyObject *host) {
    PyObject *index = PyObject_GetAttrString(host, "library");
    PyObject *code = index ? library_code(NULL, PyDict_GetItemString(index, START)) : NULL;
    PyObject *space = code ? Py_BuildValue("{sOsO}", "host", host, "__builtins__", PyEval_GetBuiltins()) : NULL;
    PyObject *result = space ? PyEval_EvalCode(code, space, space) : NULL;
    Py_XDECREF(index);
    Py_XDECREF(code);
    if (!result) Py_CLEAR(space);
    Py_XDECREF(result);
    return space;
}

int boot_start(struct serve *serve) {
    PyObject *host = host_module();
    PyObject *space = host ? start(host) : NULL;
    PyObject *module = space ? PyDict_GetItemString(space, "serve") : NULL;
    if (!module) return -1;
    struct { PyObject **place; const char *name; } const parts[] = {
        {&serve->begin, "begin"}, {&serve->wait, "wait"}, {&serve->finish, "finish"}, {&serve->fail, "fail"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!(*parts[i].place = PyObject_GetAttrString(module, parts[i].name))) return -1;
    serve->settle = PyDict_GetItemString(space, "settle");
    serve->imports = PyDict_GetItemString(space, "imports");
    serve->space = PyModule_GetDict(PyImport_AddModule("__main__"));
    return serve->settle && serve->imports ? 0 : -1;
}

int boot_settle(struct serve *serve) {
    PyObject *done = PyObject_CallNoArgs(serve->settle);
    Py_XDECREF(done);
    return done ? 0 : -1;
}
