// Every object of the image becomes immortal. Sessions share the image's pages until they write to them, and most writes would be
// reference counts. An immortal object is never freed either, which is right: nobody owns the image.

#include "shim.h"

#include "pycore_code.h"
#include "pycore_gc.h"
#include "pycore_interp.h"
#include "pycore_object.h"
#include "pycore_pystate.h"

#include <stdlib.h>

static struct {
    PyObject **objects;
    size_t count, room;
} pending;

static int visit(PyObject *object, void *unused) {
    (void)unused;
    if (!object || _Py_IsImmortal(object)) return 0;
    object->ob_refcnt = _Py_IMMORTAL_REFCNT;
    if (pending.count == pending.room) {
        pending.room = pending.room ? pending.room * 2 : 1 << 16;
        pending.objects = realloc(pending.objects, pending.room * sizeof *pending.objects);
        if (!pending.objects) fault("no memory to freeze the image");
    }
    pending.objects[pending.count++] = object;
    return 0;
}

// What an object holds that its `tp_traverse` leaves out, because it cannot be part of a cycle.
static void visit_leaves(PyObject *object) {
    if (PyCode_Check(object)) {
        PyCodeObject *code = (PyCodeObject *)object;
        PyObject *parts[] = {
            code->co_consts, code->co_names, code->co_exceptiontable, code->co_localsplusnames, code->co_localspluskinds,
            code->co_filename, code->co_name, code->co_qualname, code->co_linetable,
        };
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) visit(parts[i], NULL);
    } else if (PyDict_Check(object)) {
        PyObject *key, *value;
        for (Py_ssize_t at = 0; PyDict_Next(object, &at, &key, &value);) visit(key, NULL), visit(value, NULL);
    } else if (PyType_Check(object) && PyType_HasFeature((PyTypeObject *)object, Py_TPFLAGS_HEAPTYPE)) {
        PyHeapTypeObject *type = (PyHeapTypeObject *)object;
        visit(type->ht_name, NULL);
        visit(type->ht_qualname, NULL);
        visit(type->ht_slots, NULL);
    }
}

static void visit_children(PyObject *object) {
    visit_leaves(object);
    traverseproc traverse = Py_TYPE(object)->tp_traverse;
    // A static type's traverse refuses to be called; what it holds is immortal or tracked by itself.
    if (traverse && (!PyType_Check(object) || PyType_HasFeature((PyTypeObject *)object, Py_TPFLAGS_HEAPTYPE)))
        traverse(object, visit, NULL);
}

// After `gc.freeze()` every tracked object is in the permanent generation.
void immortalise_all(void) {
    PyGC_Head *end = &_PyInterpreterState_GET()->gc.permanent_generation.head;
    for (PyGC_Head *at = _PyGCHead_NEXT(end); at != end; at = _PyGCHead_NEXT(at)) {
        PyObject *object = _Py_FROM_GC(at);
        visit(object, NULL);
        visit_children(object);
        while (pending.count) visit_children(pending.objects[--pending.count]);
    }
    free(pending.objects);
    pending.objects = NULL;
    pending.room = 0;
}
