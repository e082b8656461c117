// The Python engine's half of `engines/abi.md`: life cycle and the one way in.

#include "shim.h"

#include "../../common/request.h"

#include <stdlib.h>

#define KEY_BYTES 8

static struct serve serve;
static uint8_t *buffer;
static uint32_t buffer_length;

static void refuse(PyStatus status) {
    if (PyStatus_Exception(status)) fault(status.err_msg ? status.err_msg : "the interpreter did not start");
}

// Nothing of the machine that builds the image, and nothing of a user's, gets in.
static void configure(PyConfig *config) {
    config->install_signal_handlers = 0;
    config->site_import = 0;
    config->write_bytecode = 0;
    config->buffered_stdio = 0;  // a trap must not lose what was printed
    config->pathconfig_warnings = 0;
    config->user_site_directory = 0;
    config->safe_path = 0;
    config->parse_argv = 0;
    struct { wchar_t **field; const wchar_t *value; } const texts[] = {
        {&config->stdio_encoding, L"utf-8"},      {&config->stdio_errors, L"backslashreplace"},
        {&config->program_name, L"python3"},      {&config->executable, L"/usr/bin/python3"},
        {&config->base_executable, L"/usr/bin/python3"},
        {&config->home, L"/usr"},                 {&config->prefix, L"/usr"},
        {&config->base_prefix, L"/usr"},          {&config->exec_prefix, L"/usr"},
        {&config->base_exec_prefix, L"/usr"},     {&config->stdlib_dir, L"" LIBRARY},
        {&config->platlibdir, L"lib"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refuse(PyConfig_SetString(config, texts[i].field, texts[i].value));
    // The empty entry is the working folder, as for a script that is run where it lies.
    const wchar_t *const paths[] = {L"", L"" LIBRARY, L"" PACKAGES};
    config->module_search_paths_set = 1;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        refuse(PyWideStringList_Append(&config->module_search_paths, paths[i]));
}

EXPORT("belljar_init") void belljar_init(void) {
    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    refuse(Py_PreInitialize(&before));
    library_offer_start_modules();
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    configure(&config);
    refuse(Py_InitializeFromConfig(&config));
    PyConfig_Clear(&config);

    sqlite_prepare_locks();
    if (boot_start(&serve) < 0) {
        PyErr_Print();
        fault("the boot files failed");
    }
    library_withdraw_start_modules();
    if (packages_import(serve.imports) < 0 || boot_settle(&serve) < 0) {
        PyErr_Print();
        fault("the packages failed");
    }
    signals_end_the_run();
    immortalise_all();
    hash_complete();
    seal_pools();
    belljar_seal_heap();
}

EXPORT("belljar_buffer") uint8_t *belljar_buffer(uint32_t length) {
    if (length > buffer_length) {
        free(buffer);
        buffer = malloc(length);
        buffer_length = buffer ? length : 0;
    }
    return buffer;
}

static PyObject *text(struct bytes bytes) {
    return PyUnicode_DecodeUTF8((const char *)bytes.at, bytes.length, "replace");
}

// All fields of one tag that may repeat, as a list of text.
static PyObject *texts(const struct request *request, uint32_t wanted) {
    PyObject *list = PyList_New(0);
    struct bytes rest = request->all, field;
    uint32_t tag;
    while (list && next_field(&rest, &tag, &field)) {
        if (tag != wanted) continue;
        PyObject *item = text(field);
        if (!item || PyList_Append(list, item) < 0) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

// The boot files report what happened; this is for what they could not, such as a lack of memory while they were at it.
static void report_escaped(void) {
    PyObject *error = PyErr_GetRaisedException();
    const char *name = error ? strrchr(Py_TYPE(error)->tp_name, '.') : NULL;
    name = name ? name + 1 : error ? Py_TYPE(error)->tp_name : "SystemError";
    report_text(FIELD_ERROR_TYPE, name);
    if (error && PyErr_GivenExceptionMatches(error, PyExc_MemoryError)) host_report(FIELD_MEMORY_ERROR, "", 0);
    Py_XDECREF(error);
}

// Calls one of the boot files' functions with the arguments of `format`.
static PyObject *call(PyObject *function, const char *format, ...) {
    va_list list;
    va_start(list, format);
    PyObject *arguments = Py_VaBuildValue(format, list);
    va_end(list);
    if (!arguments) return NULL;
    PyObject *result = PyObject_Call(function, arguments, NULL);
    Py_DECREF(arguments);
    return result;
}

// Answers the request, or returns the code to run; None if there is none. The end of the seed is the key of hashes and goes nowhere else.
static PyObject *begin(const struct request *request) {
    struct bytes seed = request->seed;
    if (seed.length > KEY_BYTES) hash_use_key(seed.at + (seed.length -= KEY_BYTES));
    return call(serve.begin, "(II y# N y# NNN y# III)", request->verb, request->flags,
                (const char *)seed.at, (Py_ssize_t)seed.length, text(request->name),
                (const char *)request->code.at, (Py_ssize_t)request->code.length,
                texts(request, TAG_ARGUMENT), texts(request, TAG_ENVIRONMENT), texts(request, TAG_INPUT),
                (const char *)request->tools.at, (Py_ssize_t)request->tools.length,
                request->cursor, request->value_bytes, request->value_depth);
}

// Runs the user's code with no frame of ours below it, and returns the value that it left.
static PyObject *evaluate(PyObject *code) {
    PyObject *done = PyEval_EvalCode(code, serve.space, serve.space);
    if (done && ((PyCodeObject *)code)->co_flags & CO_COROUTINE) {
        PyObject *awaited = PyObject_CallOneArg(serve.wait, done);
        Py_SETREF(done, awaited);
    }
    PyObject *error = PyErr_GetRaisedException();
    PyObject *value = NULL;
    if (PyDict_PopString(serve.space, VALUE_NAME, &value) == 0 && done) value = Py_NewRef(Py_None);
    if (error) {
        Py_CLEAR(value);
        PyErr_SetRaisedException(error);
    }
    Py_XDECREF(done);
    return value;
}

// The boot files report how it ended; 0 if they could not.
static int run(PyObject *code) {
    PyObject *value = evaluate(code);
    // Hooks of the guest's must not run in what is ours.
    PyEval_SetTrace(NULL, NULL);
    PyEval_SetProfile(NULL, NULL);
    PyObject *done = NULL;
    if (value) {
        done = PyObject_CallOneArg(serve.finish, value);
    } else {
        // With no memory left at all the interpreter can lose the very error that says so.
        if (!PyErr_Occurred()) PyErr_NoMemory();
        PyObject *error = PyErr_GetRaisedException();
        done = PyObject_CallOneArg(serve.fail, error);
        Py_DECREF(error);
    }
    Py_XDECREF(value);
    Py_XDECREF(done);
    return done != NULL;
}

EXPORT("belljar_enter") uint32_t belljar_enter(uint32_t length) {
    struct request request;
    if (length > buffer_length || !read_request(buffer, length, &request)) return 1;
    PyObject *code = begin(&request);
    if (!code || (code != Py_None && !run(code))) report_escaped();
    Py_XDECREF(code);
    stop_clear();
    return 0;
}
