// Imports the modules that an image is to have imported, while it is made. That is code that nobody has read, so there is no frame of ours
// below it, and a module that fails is told and left out.

#include "shim.h"

// What went wrong, in the words that a traceback ends with.
static PyObject *reason(PyObject *error) {
    const char *type = Py_TYPE(error)->tp_name;
    PyObject *message = PyObject_Str(error);
    if (!message) PyErr_Clear();
    PyObject *text = message && PyUnicode_GET_LENGTH(message) ? PyUnicode_FromFormat("%s: %U", type, message) : PyUnicode_FromString(type);
    Py_XDECREF(message);
    return text;
}

static int tell(PyObject *name) {
    PyObject *error = PyErr_GetRaisedException();
    PyObject *why = error ? reason(error) : NULL;
    PyObject *text = why ? PyUnicode_FromFormat("%U%c%U", name, 0, why) : NULL;
    PyObject *bytes = text ? PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace") : NULL;
    if (bytes) host_report(FIELD_NOT_IMPORTED, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
    Py_XDECREF(error);
    Py_XDECREF(why);
    Py_XDECREF(text);
    Py_XDECREF(bytes);
    return bytes ? 0 : -1;
}

// -1 if what failed could not be told. `modules` is a list of names.
int packages_import(PyObject *modules) {
    for (Py_ssize_t at = 0; at < PyList_Size(modules); at++) {
        PyObject *module = PyImport_Import(PyList_GET_ITEM(modules, at));
        Py_XDECREF(module);
        if (!module && tell(PyList_GET_ITEM(modules, at)) < 0) return -1;
    }
    return 0;
}
