// What the files of the Python shim share.

#ifndef BELLJAR_PYTHON_SHIM_H
#define BELLJAR_PYTHON_SHIM_H

// The shim is linked into the interpreter, so it may use what the interpreter's own files use.
#define Py_BUILD_CORE 1
#include "Python.h"

#include "../../common/host.h"

// Where the standard library's files are, for those who read them.
#define LIBRARY "/usr/lib/python" Py_STRINGIFY(PY_MAJOR_VERSION) "." Py_STRINGIFY(PY_MINOR_VERSION)

// Where packages are: those that the image is made with, or those that a session is shown.
#define PACKAGES "/packages"

// library.c: the standard library as marshalled code, in the module's data.
void library_offer_start_modules(void);  // what the interpreter needs before it can run Python at all
void library_withdraw_start_modules(void);  // once everything is found in the library
PyObject *library_index(void);           // {path: (offset, length)} of every file of code
PyObject *library_code(PyObject *module, PyObject *span);

// code.c: source text to code that leaves the value of its last expression under this name in its namespace.
#define VALUE_NAME "<value>"
PyObject *code_compile(PyObject *module, PyObject *arguments);

// reserve.c: memory for telling an error when there is none left.
PyObject *reserve_hold(PyObject *module, PyObject *unused);
PyObject *reserve_release(PyObject *module, PyObject *unused);

// stop.c: the soft stop.
int stop_prepare(PyObject *time_limit);
void stop_clear(void);

// immortal.c: objects of the image are never freed, so their counts need not be written.
void immortalise_all(void);

// hash.c: hashes of text, under the key of an image or of a session.
void hash_complete(void);              // the image is made: hashes of its texts stay as they are
void hash_use_key(const uint8_t *key); // 8 bytes: all others get theirs under this key
// seal.c, and `common/malloc.c`: what a session allocates does not lie between the objects of the image.
void seal_pools(void);
void belljar_seal_heap(void);

// scrypt.c: the part of scrypt that cannot be written in Python.
PyObject *scrypt_mix(PyObject *module, PyObject *arguments);

// sqlite.c: several connections to one database.
void sqlite_prepare_locks(void);
// operations.c: what the host does while the code goes on.
PyObject *operation_begin(PyObject *module, PyObject *arguments);
PyObject *operation_wait(PyObject *module, PyObject *arguments);
PyObject *operation_take(PyObject *module, PyObject *id);
PyObject *operation_drop(PyObject *module, PyObject *id);

// boot.c: brings up the boot files, which see the private module `host`.
// What the shim calls of `boot/serve.py`, and the namespace that the user's code runs in.
struct serve {
    PyObject *begin, *wait, *finish, *fail, *settle, *imports, *space;
};
int boot_start(struct serve *serve);
int boot_settle(struct serve *serve);  // all that is to be in the image is there

// packages.c: imports what the image is to have imported.
int packages_import(PyObject *modules);

// libc.c: a signal that nobody handles ends the run, as it would end a process.
void signals_end_the_run(void);

// The program is broken beyond use: tell the host, who ends the instance.
_Noreturn void fault(const char *what);

#endif
