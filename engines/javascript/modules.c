// Modules: where a specifier leads and what is found there is decided by `inside/modules.js`. Here it is joined to the language's loader.

// How far modules may import each other in a row: as far as the host's stack goes while each is loaded, linked and run from the one above it.
#define MODULE_DEPTH_MAX 2000

// The modules that are being loaded, the innermost first.
struct loading {
    JSModuleDef *module;
    struct loading *outer;
    uint32_t depth;
};

static struct loading *loading;

// Modules that are not linked are looked through again by the next load: after one that failed, some are without what they import.
static void load_unlinked_again(void) {
    struct list_head *el;
    list_for_each(el, &outside->loaded_modules) {
        JSModuleDef *module = list_entry(el, JSModuleDef, link);
        if (module->status == JS_MODULE_STATUS_UNLINKED) module->resolved = false;
    }
}

static void mark_loading(void) {
    for (struct loading *each = loading; each; each = each->outer) each->module->resolved = true;
}

// The language's own, with an end to its recursion. `load_required` is what the recipe calls the language's function.
static int js_resolve_module(JSContext *ctx, JSModuleDef *module) {
    if (module->resolved) return 0;
    struct loading this = {module, loading, loading ? loading->depth + 1 : 1};
    for (struct loading *each = loading; each; each = each->outer) {
        if (each->module != module) continue;
        JS_ThrowTypeError(ctx, "cannot require an ES module that is being loaded: the modules require each other in a circle");
        return -1;
    }
    if (this.depth > MODULE_DEPTH_MAX) {
        JS_ThrowRangeError(ctx, "modules import each other too deeply: more than %d in a row", MODULE_DEPTH_MAX);
        return -1;
    }
    loading = &this;
    int result = load_required(ctx, module);
    loading = this.outer;
    if (result < 0) {
        load_unlinked_again();
        mark_loading();
    }
    return result;
}

// Where a specifier leads, as seen from the module or script `base`.
static char *resolve_specifier(JSContext *ctx, const char *base, const char *specifier, void *opaque) {
    (void)opaque;
    JSValue args[] = {JS_NewString(ctx, specifier), JS_NewString(ctx, base)};
    JSValue found = JS_Call(ctx, glue.resolve, JS_UNDEFINED, 2, vc(args));
    JS_FreeValue(ctx, args[0]);
    JS_FreeValue(ctx, args[1]);
    if (JS_IsException(found)) return NULL;
    const char *text = JS_ToCString(ctx, found);
    char *name = text ? js_strdup(ctx, text) : NULL;
    JS_FreeCString(ctx, text);
    JS_FreeValue(ctx, found);
    return name;
}

// Gives a module its `import.meta`.
static bool describe_module(JSContext *ctx, JSModuleDef *module) {
    JSValue args[] = {JS_GetImportMeta(ctx, module), JS_AtomToString(ctx, module->module_name)};
    JSValue done = JS_Call(ctx, glue.describe, JS_UNDEFINED, 2, vc(args));
    JS_FreeValue(ctx, args[0]);
    JS_FreeValue(ctx, args[1]);
    bool failed = JS_IsException(done);
    JS_FreeValue(ctx, done);
    return !failed;
}

static JSModuleDef *compile_module(JSContext *ctx, const char *name, JSValueConst source) {
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, source);
    if (!text) return NULL;
    JSValue code = JS_Eval(ctx, text, length, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    JS_FreeCString(ctx, text);
    if (JS_IsException(code)) return NULL;
    JSModuleDef *module = JS_VALUE_GET_PTR(code);
    JS_FreeValue(ctx, code);
    if (describe_module(ctx, module)) return module;
    js_free_module_def(ctx, module);
    return NULL;
}

// [names, values] of what a module that is not in the language exports.
static JSValue part(JSContext *ctx, JSValueConst pair, uint32_t which) { return JS_GetPropertyUint32(ctx, pair, which); }

static int export_values(JSContext *ctx, JSModuleDef *module) {
    JSValue pair = JS_GetModulePrivateValue(ctx, module), names = part(ctx, pair, 0), values = part(ctx, pair, 1);
    int64_t count = 0;
    int failed = JS_GetLength(ctx, names, &count) < 0;
    for (uint32_t i = 0; i < count && !failed; i++) {
        JSValue name = JS_GetPropertyUint32(ctx, names, i);
        const char *text = JS_ToCString(ctx, name);
        failed = !text || JS_SetModuleExport(ctx, module, text, JS_GetPropertyUint32(ctx, values, i)) < 0;
        JS_FreeCString(ctx, text);
        JS_FreeValue(ctx, name);
    }
    JS_FreeValue(ctx, values);
    JS_FreeValue(ctx, names);
    JS_FreeValue(ctx, pair);
    return failed ? -1 : 0;
}

static JSModuleDef *present_values(JSContext *ctx, const char *name, JSValueConst pair) {
    JSModuleDef *module = JS_NewCModule(ctx, name, export_values);
    if (!module) return NULL;
    JSValue names = part(ctx, pair, 0);
    int64_t count = 0;
    bool failed = JS_GetLength(ctx, names, &count) < 0;
    for (uint32_t i = 0; i < count && !failed; i++) {
        JSValue each = JS_GetPropertyUint32(ctx, names, i);
        const char *text = JS_ToCString(ctx, each);
        failed = !text || JS_AddModuleExport(ctx, module, text) < 0;
        JS_FreeCString(ctx, text);
        JS_FreeValue(ctx, each);
    }
    JS_FreeValue(ctx, names);
    if (!failed && JS_SetModulePrivateValue(ctx, module, JS_DupValue(ctx, pair)) == 0) return module;
    js_free_module_def(ctx, module);
    return NULL;
}

// What lies at a place that `resolve_specifier` found: text, or values.
static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque, JSValueConst attributes) {
    (void)opaque;
    JSValue path = JS_NewString(ctx, name);
    JSValueConst args[] = {path, attributes};
    JSValue found = JS_Call(ctx, glue.load, JS_UNDEFINED, 2, args);
    JS_FreeValue(ctx, path);
    if (JS_IsException(found)) return NULL;
    JSModuleDef *module = JS_IsString(found) ? compile_module(ctx, name, found) : present_values(ctx, name, found);
    JS_FreeValue(ctx, found);
    return module;
}

// A program that is a module, made ready to run: takes the module. One of the same name that ran before is not found by it any more.
static bool prepare_program(JSValueConst code) {
    JSModuleDef *program = JS_VALUE_GET_PTR(code);
    struct list_head *el;
    list_for_each(el, &outside->loaded_modules) {
        JSModuleDef *module = list_entry(el, JSModuleDef, link);
        if (module == program || module->module_name != program->module_name) continue;
        JS_FreeAtom(outside, module->module_name);
        module->module_name = JS_DupAtom(outside, JS_ATOM_empty_string);
    }
    return describe_module(outside, program) && JS_ResolveModule(outside, code) == 0;
}

// evaluate(text, name) -> what the script comes to, in the user's realm
NATIVE(native_evaluate) {
    UNUSED;
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, args[0]), *name = JS_ToCString(ctx, args[1]);
    JSValue value = text && name ? JS_Eval(outside, text, length, name, JS_EVAL_TYPE_GLOBAL) : JS_EXCEPTION;
    JS_FreeCString(ctx, text);
    JS_FreeCString(ctx, name);
    return value;
}

// isScript(text, name) -> whether it can be read as a script; another failure than a SyntaxError is thrown
NATIVE(native_is_script) {
    UNUSED;
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, args[0]);
    if (!text) return JS_EXCEPTION;
    JSValue code = JS_Eval(outside, text, length, "<input>", JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    JS_FreeCString(ctx, text);
    if (JS_IsException(code)) {
        JSValue error = JS_GetException(outside);
        if (!is_syntax_error(error)) return JS_Throw(outside, error);
        JS_FreeValue(outside, error);
        return JS_FALSE;
    }
    JS_FreeValue(outside, code);
    return JS_TRUE;
}

static JSModuleDef *find_module(const char *name) {
    JSAtom atom = JS_NewAtom(outside, name);
    JSModuleDef *module = js_find_loaded_module(outside, atom, JS_UNDEFINED);
    JS_FreeAtom(outside, atom);
    return module;
}

// Loads, links and runs a module at once. Undefined for one that is being run already, or that awaits something.
static JSValue run_at_once(JSContext *ctx, const char *name) {
    JSModuleDef *module = find_module(name);
    if (!module) module = load_module(outside, name, NULL, JS_UNDEFINED);
    if (!module) return JS_EXCEPTION;
    if (module->status == JS_MODULE_STATUS_LINKING || module->status == JS_MODULE_STATUS_EVALUATING) return JS_UNDEFINED;
    // What is being loaded further out is not complete: to come upon it is an error.
    load_unlinked_again();
    int loaded = js_resolve_module(outside, module);
    mark_loading();
    if (loaded < 0) return JS_EXCEPTION;
    JSValue promise = JS_EvalFunction(outside, JS_NewModuleValue(outside, module));
    if (JS_IsException(promise)) return promise;
    JSPromiseStateEnum state = JS_PromiseState(outside, promise);
    if (state == JS_PROMISE_REJECTED) {
        JS_PromiseMarkAsHandled(outside, promise);
        on_rejection(outside, promise, JS_UNDEFINED, true, NULL);
        JS_Throw(outside, JS_PromiseResult(outside, promise));
    }
    JS_FreeValue(outside, promise);
    if (state == JS_PROMISE_REJECTED) return JS_EXCEPTION;
    return state == JS_PROMISE_FULFILLED ? JS_GetModuleNamespace(outside, module) : JS_UNDEFINED;
}

// requireModule(path) -> the namespace of an ES module; undefined when it cannot be had at once
NATIVE(native_require_module) {
    UNUSED;
    const char *name = JS_ToCString(ctx, args[0]);
    if (!name) return JS_EXCEPTION;
    JSValue namespace = run_at_once(ctx, name);
    JS_FreeCString(ctx, name);
    return namespace;
}
