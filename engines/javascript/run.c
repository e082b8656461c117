// The verb *run*: compile, evaluate, run what was started (jobs and timers) until nothing is left, and report.

// Whether the code could be a module, or could await: a look at its letters, so that the common case costs nothing.
static bool mentions(struct bytes code, const char *word) { return memmem(code.at, code.length, word, strlen(word)); }

static const char *file_name(void) {
    static char name[256];
    uint32_t length = request.name.length < sizeof name ? request.name.length : sizeof name - 1;
    memcpy(name, request.name.at, length);
    name[length] = 0;
    return length ? name : "script.js";
}

static JSValue compile(int flags) {
    flags |= JS_EVAL_FLAG_COMPILE_ONLY;
    // The parser wants a zero behind the text. What is there is put back: it may belong to the next field.
    uint8_t *end = request.code.at + request.code.length, saved = *end;
    *end = 0;
    JSValue code = JS_Eval(outside, (char *)request.code.at, request.code.length, file_name(), flags);
    *end = saved;
    return code;
}

// A script that may await. `await` is an ordinary name where it makes sense as nothing else.
static JSValue compile_script(void) {
    if (!mentions(request.code, "await")) return compile(JS_EVAL_TYPE_GLOBAL);
    JSValue script = compile(JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_ASYNC);
    if (!JS_IsException(script)) return script;
    JSValue error = JS_GetException(outside);
    script = is_syntax_error(error) ? compile(JS_EVAL_TYPE_GLOBAL) : JS_EXCEPTION;
    if (JS_IsException(script)) {
        JS_FreeValue(outside, JS_GetException(outside));
        return JS_Throw(outside, error);
    }
    JS_FreeValue(outside, error);
    return script;
}

// A script, unless it is asked to be a module or makes sense as nothing else.
static JSValue compile_script_or_module(void) {
    if (request.flags & FLAG_MODULE) return compile(JS_EVAL_TYPE_MODULE);
    JSValue script = compile_script();
    if (!JS_IsException(script)) return script;
    if (!mentions(request.code, "import") && !mentions(request.code, "export")) return script;
    JSValue error = JS_GetException(outside);
    if (is_syntax_error(error)) {
        JSValue module = compile(JS_EVAL_TYPE_MODULE);
        bool no_module = false;
        if (JS_IsException(module)) {
            JSValue second = JS_GetException(outside);
            // What is wrong in a module is told of the module, and not that it is no script.
            no_module = is_syntax_error(second) && !is_further(second, error);
            if (no_module) JS_FreeValue(outside, second);
            else JS_Throw(outside, second);
        }
        if (!no_module) {
            JS_FreeValue(outside, error);
            return module;
        }
    }
    return JS_Throw(outside, error);
}

// Lets a session declare a name again, as at a browser's console: whatever the script declares is no longer declared.
static void forget_declared_again(JSValueConst script) {
    JSFunctionBytecode *code = JS_VALUE_GET_PTR(script);
    for (int at = 0; at < code->byte_code_len;) {
        int op = code->byte_code_buf[at];
        if (op == OP_check_define_var) {
            JSAtom name = get_u32(code->byte_code_buf + at + 1);
            JS_DeleteProperty(outside, outside->global_var_obj, name, 0);
        }
        at += short_opcode_info(op).size;
    }
}

// Drops what a failed run has left to do: the next run is not to stumble over it.
static void drop_pending(void) {
    clear_timers(outside);
    clear_watchers(outside);
    forget_unhandled();
    while (!list_empty(&rt->job_list)) {
        JSJobEntry *job = list_entry(rt->job_list.next, JSJobEntry, link);
        list_del(&job->link);
        for (int i = 0; i < job->argc; i++) JS_FreeValue(outside, job->argv[i]);
        js_free_rt(rt, job);
    }
}

// Runs jobs, timers and what waits for operations until nothing is left, or only what the caller must answer. False: there is an exception, and the run has failed. `awaited` is the promise whose
// rejection fails the run at once, or undefined.
static bool settle(JSValueConst awaited) {
    for (;;) {
        JSContext *ctx;
        int result;
        while ((result = JS_ExecutePendingJob(rt, &ctx)) > 0) {
            if (stopping()) {
                JS_ThrowInterrupted(outside);
                return false;
            }
        }
        if (result < 0) return false;
        if (JS_IsPromise(awaited) && JS_PromiseState(outside, awaited) == JS_PROMISE_REJECTED) return true;
        if (unhandled_count) {
            JS_Throw(outside, JS_PromiseResult(outside, unhandled[0]));
            return false;
        }
        if (!timers && !watchers) return true;
        JSValue called = await_event(outside);
        if (JS_IsException(called)) return false;
        JS_FreeValue(outside, called);
        if (suspended) return true;
    }
}

// What a promise came to, after everything has run; takes the promise. One that nothing will settle is left as it is.
static JSValue result_of(JSValue promise) {
    JSValue result;
    switch (JS_PromiseState(outside, promise)) {
    case JS_PROMISE_FULFILLED: result = JS_PromiseResult(outside, promise); break;
    case JS_PROMISE_REJECTED: result = JS_Throw(outside, JS_PromiseResult(outside, promise)); break;
    default: return promise;
    }
    JS_FreeValue(outside, promise);
    return result;
}

static JSValue settled(JSValue value) {
    bool promise = JS_IsPromise(value);
    if (promise) JS_PromiseMarkAsHandled(outside, value);
    if (promise) on_rejection(outside, value, JS_UNDEFINED, true, NULL);
    if (!settle(value)) {
        JS_FreeValue(outside, value);
        return JS_EXCEPTION;
    }
    return promise ? result_of(value) : value;
}

static JSValue never_settles(JSValue promise) {
    JS_FreeValue(outside, promise);
    return JS_ThrowPlainError(outside, "the code awaits a promise that nothing is left to settle");
}

// What the value of a run still has to become.
enum stage { STAGE_VALUE, STAGE_SCRIPT, STAGE_MODULE };

// A run that waits for its caller.
static struct {
    enum stage stage;
    JSValue value;
    JSModuleDef *module;
} paused;

// What a script's or a module's promise, once it is settled, holds as the value of the run; takes the promise.
static JSValue value_in(enum stage stage, JSValue promise, JSModuleDef *module) {
    if (JS_IsPromise(promise)) return never_settles(promise);
    if (stage == STAGE_SCRIPT) {
        // An async script's promise holds its value in an object, so that a promise as its value is not awaited twice.
        JSValue inner = JS_GetPropertyStr(outside, promise, "value");
        JS_FreeValue(outside, promise);
        return inner;
    }
    JS_FreeValue(outside, promise);
    JSValue exports = JS_GetModuleNamespace(outside, module);
    if (JS_IsException(exports)) return exports;
    JSValue value = JS_GetPropertyStr(outside, exports, "default");
    JS_FreeValue(outside, exports);
    return value;
}

// Goes on until the run has its value, or waits for its caller; takes the value.
static JSValue proceed(enum stage stage, JSValue value, JSModuleDef *module) {
    for (;;) {
        value = settled(value);
        if (JS_IsException(value)) return value;
        if (suspended && JS_IsPromise(value)) {
            paused.stage = stage, paused.value = value, paused.module = module;
            return JS_UNDEFINED;
        }
        suspended = false;  // what else waits may go on waiting
        if (stage == STAGE_VALUE) return value;
        value = value_in(stage, value, module);
        if (JS_IsException(value)) return value;
        stage = STAGE_VALUE;
    }
}

static JSValue run_module(JSValue module) {
    JSModuleDef *definition = JS_VALUE_GET_PTR(module);
    if (!prepare_program(module)) {
        JS_FreeValue(outside, module);
        return JS_EXCEPTION;
    }
    JSValue promise = JS_EvalFunction(outside, module);
    return JS_IsException(promise) ? promise : proceed(STAGE_MODULE, promise, definition);
}

static JSValue run_script(JSValue script) {
    forget_declared_again(script);
    JSFunctionBytecode *code = JS_VALUE_GET_PTR(script);
    bool async = code->func_kind == JS_FUNC_ASYNC;
    JSValue value = JS_EvalFunction(outside, script);
    return JS_IsException(value) ? value : proceed(async ? STAGE_SCRIPT : STAGE_VALUE, value, NULL);
}

static void call_glue(JSValueConst function, JSValueConst subject) {
    JSValue args[] = {JS_DupValue(inside, subject), JS_NewUint32(inside, request.value_bytes),
                      JS_NewUint32(inside, request.value_depth)};
    JSValue done = JS_Call(inside, function, JS_UNDEFINED, 3, vc(args));
    JS_FreeValue(inside, args[0]);
    if (JS_IsException(done)) JS_FreeValue(inside, JS_GetException(inside));
    JS_FreeValue(inside, done);
}

static void report_value(JSValueConst value) {
    char text[32];
    switch (JS_VALUE_GET_NORM_TAG(value)) {
    case JS_TAG_UNDEFINED: return;
    case JS_TAG_INT:
        snprintf(text, sizeof text, "%d", JS_VALUE_GET_INT(value));
        report_text(FIELD_VALUE_JSON, text);
        report_text(FIELD_VALUE_REPR, text);
        report_text(FIELD_VALUE_TYPE, "number");
        return;
    default: call_glue(glue.value, value);
    }
}

static void report_error(JSValue error) {
    // The message that the language itself gives when the allocator has failed; one that the code made up needs a failure to go with it.
    if (belljar_memory_failed && JS_IsError(error)) {
        const char *text = JS_ToCString(inside, error);
        if (!text) JS_FreeValue(inside, JS_GetException(inside));
        if (text && strstr(text, "out of memory")) host_report(FIELD_MEMORY_ERROR, "", 0);
        JS_FreeCString(inside, text);
    }
    // Known to work without any memory; what the glue reports after it takes its place.
    report_text(FIELD_ERROR_TYPE, "Error");
    report_text(FIELD_ERROR_MESSAGE, "an error that cannot be shown");
    call_glue(glue.error, error);
    JS_FreeValue(outside, error);
}

// Reports how the run came out, or what it waits for; takes the value.
static void conclude(JSValue value) {
    if (suspended) {
        host_report(FIELD_SUSPENDED, "", 0);
        return;
    }
    if (!JS_IsException(value)) {
        report_value(value);
        JS_FreeValue(outside, value);
        if (!stopping()) return;
        JS_ThrowInterrupted(outside);  // the value could not be shown in time
    }
    JSValue error = JS_GetException(outside);
    bool exited = exiting;
    stop = 0;
    exiting = false;
    drop_pending();
    if (exited) {
        JS_FreeValue(outside, error);
        host_report(FIELD_EXIT_CODE, &exit_code, sizeof exit_code);
        return;
    }
    if (belljar_memory_failed) JS_RunGC(rt);
    report_error(error);
}

static void run(void) {
    JSValue code = compile_script_or_module();
    if (!JS_IsException(code)) {
        code = JS_VALUE_GET_TAG(code) == JS_TAG_MODULE ? run_module(code) : run_script(code);
    }
    conclude(code);
}

// Goes on with the run that waited for its caller.
static void resume(void) {
    conclude(proceed(paused.stage, paused.value, paused.module));
}
