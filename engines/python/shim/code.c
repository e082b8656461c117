// Source text to code. If the last statement is an expression, its value is the value of the run: the statement becomes an assignment
// to a name that no program can spell, so that everything still runs as one piece of code.

#include "shim.h"

#include "pycore_ast.h"
#include "pycore_compile.h"
#include "pycore_parser.h"
#include "pycore_pyarena.h"

// Returns 0 if there is no memory.
static int keep_value(mod_ty tree, PyArena *arena) {
    asdl_stmt_seq *body = tree->v.Module.body;
    Py_ssize_t last = asdl_seq_LEN(body) - 1;
    stmt_ty old = last >= 0 ? asdl_seq_GET(body, last) : NULL;
    if (!old || old->kind != Expr_kind) return 1;
    PyObject *name = PyUnicode_InternFromString(VALUE_NAME);
    if (!name || _PyArena_AddPyObject(arena, name) < 0) return 0;
#define WHERE old->lineno, old->col_offset, old->end_lineno, old->end_col_offset, arena
    expr_ty target = _PyAST_Name(name, Store, WHERE);
    asdl_expr_seq *targets = _Py_asdl_expr_seq_new(1, arena);
    if (!target || !targets) return 0;
    asdl_seq_SET(targets, 0, target);
    stmt_ty assignment = _PyAST_Assign(targets, old->v.Expr.value, NULL, WHERE);
#undef WHERE
    if (!assignment) return 0;
    asdl_seq_SET(body, last, assignment);
    return 1;
}

static PyObject *compile(const char *source, PyObject *name, PyArena *arena) {
    PyCompilerFlags flags = _PyCompilerFlags_INIT;
    flags.cf_flags = PyCF_SOURCE_IS_UTF8 | PyCF_IGNORE_COOKIE | PyCF_ALLOW_TOP_LEVEL_AWAIT;
    mod_ty tree = _PyParser_ASTFromString(source, name, Py_file_input, &flags, arena);
    if (!tree || !keep_value(tree, arena)) return NULL;
    return (PyObject *)_PyAST_Compile(tree, name, &flags, -1, arena);
}

// compile(source: str, name: str) -> code
PyObject *code_compile(PyObject *module, PyObject *arguments) {
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
    PyObject *code = compile(text, name, arena);
    _PyArena_Free(arena);
    return code;
}
