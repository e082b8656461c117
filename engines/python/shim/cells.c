// Source text to code. If the last statement is an expression it becomes code of its own, whose value is the value of the run.

#include "shim.h"

#include "pycore_ast.h"
#include "pycore_compile.h"
#include "pycore_parser.h"
#include "pycore_pyarena.h"

// Takes the last statement off the body if it is an expression.
static mod_ty split(mod_ty tree, PyArena *arena) {
    asdl_stmt_seq *body = tree->v.Module.body;
    Py_ssize_t count = asdl_seq_LEN(body);
    if (count == 0) return NULL;
    stmt_ty last = asdl_seq_GET(body, count - 1);
    if (last->kind != Expr_kind) return NULL;
    body->size = count - 1;
    return _PyAST_Expression(last->v.Expr.value, arena);
}

static PyObject *compile(const char *source, PyObject *name, PyArena *arena) {
    PyCompilerFlags flags = _PyCompilerFlags_INIT;
    flags.cf_flags = PyCF_SOURCE_IS_UTF8 | PyCF_IGNORE_COOKIE | PyCF_ALLOW_TOP_LEVEL_AWAIT;
    mod_ty tree = _PyParser_ASTFromString(source, name, Py_file_input, &flags, arena);
    if (!tree) return NULL;
    mod_ty last = split(tree, arena);
    if (!last && PyErr_Occurred()) return NULL;
    PyObject *body = (PyObject *)_PyAST_Compile(tree, name, &flags, -1, arena);
    if (!body) return NULL;
    if (!last) return Py_BuildValue("(N)", body);
    PyObject *value = (PyObject *)_PyAST_Compile(last, name, &flags, -1, arena);
    if (!value) return Py_DECREF(body), NULL;
    return Py_BuildValue("(NN)", body, value);
}

// compile(source: str, name: str) -> (body,) or (body, value)
PyObject *cells_compile(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *source, *name;
    if (!PyArg_ParseTuple(arguments, "UU", &source, &name)) return NULL;
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(source, &length);
    if (!text) return NULL;
    if (strlen(text) != (size_t)length) {
        PyErr_SetString(PyExc_SyntaxError, "source code string cannot contain null bytes");
        return NULL;
    }
    PyArena *arena = _PyArena_New();
    if (!arena) return NULL;
    PyObject *cells = compile(text, name, arena);
    _PyArena_Free(arena);
    return cells;
}
