// The exports of the contract: bring the language up once, then serve requests.

#include "boot.h"

// Room for a request that is kept; longer ones get memory of their own.
#define BUFFER_KEPT 1024

static uint8_t kept[BUFFER_KEPT + 1];
static uint8_t *buffer;

static void broken(const char *what) { host_fault(what, strlen(what)); }

// Evaluates a boot file, which is one function expression, and calls it. The arguments stay the caller's.
static JSValue boot(JSContext *ctx, const struct boot_file *file, int count, JSValueConst *args) {
    JSValue function = JS_Eval(ctx, file->text, file->length, file->name, JS_EVAL_FLAG_STRICT);
    JSValue result = JS_IsException(function) ? function : JS_Call(ctx, function, JS_UNDEFINED, count, args);
    JS_FreeValue(ctx, function);
    if (JS_IsException(result)) {
        JSValue error = JS_GetException(ctx);
        JSValue stack = JS_GetPropertyStr(ctx, error, "stack");
        const char *message = JS_ToCString(ctx, error), *where = JS_ToCString(ctx, stack);
        char text[512];
        snprintf(text, sizeof text, "%s: %s\n%s", file->name, message ? message : "?", where ? where : "");
        broken(text);
    }
    return result;
}

static JSValue native_object(JSContext *ctx) {
    JSValue host = JS_NewObject(ctx);
    if (JS_SetPropertyFunctionList(ctx, host, natives, countof(natives))) broken("no memory for the natives");
    return host;
}

// The language keeps small objects in arenas of one size each. Those of the image are filled no further, for the reason that `belljar_seal_heap`
// has. Each is left in a list of its own, which it can be taken out of when its last object is freed. New ones follow at once, with one object each
// that stays: an arena that came and went with a single object would cost more than the object.
static void seal_arenas(void) {
    for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++) {
        struct list_head *list = &rt->arena_state.free_arena_list[i];
        while (!list_empty(list)) {
            struct list_head *arena = list->next;
            list_del(arena);
            init_list_head(arena);
        }
        if (!js_malloc_rt(rt, arena_block_sizes[i] - sizeof(JSMallocBlockHeader))) broken("no memory for arenas");
    }
}

EXPORT("belljar_init") void belljar_init(void) {
    rt = JS_NewRuntime();
    if (!rt) broken("no memory for the runtime");
    // The language switches its stack check off for this target; the first pages of memory are the stack's end.
    rt->stack_limit = STACK_RESERVE;
    JS_SetGCThreshold(rt, SIZE_MAX);
    JS_SetCanBlock(rt, false);
    JS_SetModuleLoaderFunc2(rt, resolve_specifier, load_module, NULL, NULL);
    outside = JS_NewContext(rt);
    inside = JS_NewContext(rt);
    if (!outside || !inside || JS_AddIntrinsicDOMException(outside) || JS_AddIntrinsicDOMException(inside)) {
        broken("no memory for the realms");
    }

    // The inner realm first: it makes the object of functions that the outer boot files and the shim use.
    JSValue inner_host = native_object(inside), outer_host = native_object(outside);
    JSValue glue_object = JS_NewObject(inside), globals = JS_GetGlobalObject(outside);
    JSValueConst inner[] = {inner_host, glue_object, globals};
    JSValueConst outer[] = {outer_host, glue_object, globals};
    for (size_t i = 0; i < countof(inside_files); i++) JS_FreeValue(inside, boot(inside, &inside_files[i], 3, inner));
    for (size_t i = 0; i < countof(boot_files); i++) JS_FreeValue(outside, boot(outside, &boot_files[i], 3, outer));
    glue.value = JS_GetPropertyStr(inside, glue_object, "reportValue");
    glue.error = JS_GetPropertyStr(inside, glue_object, "reportError");
    glue.process = JS_GetPropertyStr(inside, glue_object, "process");
    glue.tools = JS_GetPropertyStr(inside, glue_object, "installTools");
    glue.resolve = JS_GetPropertyStr(inside, glue_object, "resolveModule");
    glue.load = JS_GetPropertyStr(inside, glue_object, "loadModule");
    glue.describe = JS_GetPropertyStr(inside, glue_object, "describeModule");
    glue.complete = JS_GetPropertyStr(inside, glue_object, "reportCompletions");
    JS_FreeValue(inside, globals);
    JS_FreeValue(inside, glue_object);
    JS_FreeValue(inside, inner_host);
    JS_FreeValue(outside, outer_host);

    JS_SetInterruptHandler(rt, on_interrupt, NULL);
    JS_SetHostPromiseRejectionTracker(rt, on_rejection, NULL);
    JS_RunGC(rt);
    JSMemoryUsage usage;
    JS_ComputeMemoryUsage(rt, &usage);
    JS_SetGCThreshold(rt, (size_t)usage.malloc_size + GC_THRESHOLD_ABOVE_IMAGE);
    belljar_seal_heap();
    seal_arenas();
}

EXPORT("belljar_stop_table") const void *belljar_stop_table(void) {
    static uint32_t table[3];
    table[0] = 1;
    table[1] = (uint32_t)(uintptr_t)&stop;
    table[2] = 1;
    return table;
}

EXPORT("belljar_buffer") void *belljar_buffer(uint32_t length) {
    if (buffer && buffer != kept) free(buffer);
    // One byte more than asked for: the parser wants a zero behind the code.
    buffer = length <= BUFFER_KEPT ? kept : malloc((size_t)length + 1);
    return buffer;
}

// Math.random draws from the context's own state; everything else that is random asks the host each time.
static void reseed(struct bytes seed) {
    uint64_t state[2];
    memcpy(state, seed.at, sizeof state);
    outside->random_state = state[0] ? state[0] : 1;
    inside->random_state = state[1] ? state[1] : 1;
}

// A global from `name` NUL `JSON`.
static bool set_input(struct bytes field) {
    uint8_t *nul = memchr(field.at, 0, field.length);
    if (!nul) return false;
    // The parser wants a zero behind the text. What is there is put back: it belongs to the next field.
    uint8_t *end = field.at + field.length, saved = *end;
    *end = 0;
    JSValue value = JS_ParseJSON(outside, (char *)nul + 1, (size_t)(end - nul - 1), "<input>");
    *end = saved;
    if (JS_IsException(value)) {
        JS_FreeValue(outside, JS_GetException(outside));
        return false;
    }
    return JS_DefinePropertyValueStr(outside, outside->global_obj, (char *)field.at, value, JS_PROP_C_W_E) >= 0;
}

static bool set_environment(void) {
    JSValue environment = JS_UNDEFINED;
    struct bytes rest = request.all, field;
    uint32_t tag;
    while (next_field(&rest, &tag, &field)) {
        if (tag != TAG_ENVIRONMENT) continue;
        uint8_t *equals = memchr(field.at, '=', field.length);
        if (!equals) return false;
        if (JS_IsUndefined(environment)) environment = JS_NewObject(outside);
        JSAtom name = JS_NewAtomLen(outside, (char *)field.at, (size_t)(equals - field.at));
        size_t length = (size_t)(field.at + field.length - equals - 1);
        JS_DefinePropertyValue(outside, environment, name, JS_NewStringLen(outside, (char *)equals + 1, length), JS_PROP_C_W_E);
        JS_FreeAtom(outside, name);
    }
    if (JS_IsUndefined(environment)) return true;
    return JS_DefinePropertyValueStr(outside, glue.process, "env", environment, JS_PROP_C_W_E) >= 0;
}

static void install_tools(struct bytes described) {
    JSValue text = JS_NewStringLen(outside, (char *)described.at, described.length);
    JSValue done = JS_Call(outside, glue.tools, JS_UNDEFINED, 1, vc(&text));
    JS_FreeValue(outside, text);
    if (JS_IsException(done)) JS_FreeValue(outside, JS_GetException(outside));
    JS_FreeValue(outside, done);
}

// Everything of the request that is not the code. False: the request makes no sense.
static bool prepare(void) {
    if (request.seed.at) reseed(request.seed);
    if (request.tools.at) install_tools(request.tools);
    struct bytes rest = request.all, field;
    uint32_t tag;
    while (next_field(&rest, &tag, &field)) {
        if (tag == TAG_INPUT && !set_input(field)) return false;
    }
    return set_environment();
}

static void complete(void) {
    uint32_t cursor = request.cursor < request.code.length ? request.cursor : request.code.length;
    JSValue text = JS_NewStringLen(inside, (char *)request.code.at, cursor);
    call_glue(glue.complete, text);
    JS_FreeValue(inside, text);
}

EXPORT("belljar_enter") uint32_t belljar_enter(uint32_t length) {
    if (!buffer || !read_request(buffer, length, &request)) return 1;
    exiting = suspended = false;
    belljar_memory_failed = false;
    run_number++;
    if (!prepare()) return 1;
    static uint8_t no_code[1];
    if (!request.code.at) request.code.at = no_code;
    switch (request.verb) {
    case VERB_RUN: run(); break;
    case VERB_RESUME: resume(); break;
    case VERB_COMPLETE: complete(); break;
    case VERB_CHECK: check(); break;
    default: return 1;
    }
    stop = 0;
    return 0;
}
