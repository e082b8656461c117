// The standard library as marshalled code in the module's data: importing needs no files, and pages that nobody imports are never
// touched. `library.bin` is made by the recipe (`library.py`):
//
//     u32 count, then count x { u32 path_length, u32 code_offset, u32 code_length, path }, then the code
//
// A path is relative to the library's folder: `json/__init__.py`.

#include "shim.h"

#include "marshal.h"

#include <stdlib.h>
#include <string.h>

static const unsigned char library[] = {
#embed "library.bin"
};

struct entry {
    const char *path;
    uint32_t path_length, offset, length;
};

static uint32_t number(const unsigned char *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static const unsigned char *next(const unsigned char *at, struct entry *entry) {
    *entry = (struct entry){(const char *)at + 12, number(at), number(at + 4), number(at + 8)};
    return at + 12 + entry->path_length;
}

PyObject *library_index(void) {
    PyObject *index = PyDict_New();
    const unsigned char *at = library + 4;
    struct entry entry;
    for (uint32_t count = number(library); index && count; count--) {
        at = next(at, &entry);
        PyObject *path = PyUnicode_FromStringAndSize(entry.path, entry.path_length);
        PyObject *span = Py_BuildValue("II", entry.offset, entry.length);
        if (!path || !span || PyDict_SetItem(index, path, span) < 0) Py_CLEAR(index);
        Py_XDECREF(path);
        Py_XDECREF(span);
    }
    return index;
}

PyObject *library_code(PyObject *module, PyObject *span) {
    (void)module;
    unsigned offset, length;
    if (!PyArg_ParseTuple(span, "II", &offset, &length)) return NULL;
    if (offset > sizeof library || length > sizeof library - offset) return PyErr_Format(PyExc_ValueError, "no such code");
    return PyMarshal_ReadObjectFromString((const char *)library + offset, length);
}

// The interpreter decodes file names before it has a way to import: these modules it finds as frozen ones.
static struct _frozen start_modules[] = {
    {"encodings", NULL, 0, 1},
    {"encodings.aliases", NULL, 0, 0},
    {"encodings.utf_8", NULL, 0, 0},
    {NULL, NULL, 0, 0},
};
static const char *const start_paths[] = {"encodings/__init__.py", "encodings/aliases.py", "encodings/utf_8.py"};

void library_offer_start_modules(void) {
    const unsigned char *at = library + 4;
    struct entry entry;
    for (uint32_t count = number(library); count; count--) {
        at = next(at, &entry);
        for (size_t i = 0; i < sizeof start_paths / sizeof *start_paths; i++) {
            if (strlen(start_paths[i]) != entry.path_length || memcmp(start_paths[i], entry.path, entry.path_length)) continue;
            start_modules[i].code = library + entry.offset;
            start_modules[i].size = (int)entry.length;
        }
    }
    PyImport_FrozenModules = start_modules;
}

void library_withdraw_start_modules(void) { PyImport_FrozenModules = NULL; }
