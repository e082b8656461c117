// The exports of the contract: bring the language up once, then serve requests.

// Room for a request that is kept; a longer one takes pages of its own while it is read.
#define REQUEST_KEPT 4096
#define REQUEST_MOST (256u * 1024 * 1024)

static JSContext *ctx;
static struct request request;
static uint32_t stop;  // set by the host through the stop table
static uint8_t kept[REQUEST_KEPT + 1];
static uint8_t *buffer;

static int on_interrupt(JSContext *context, void *opaque) {
    (void)context, (void)opaque;
    return *(volatile uint32_t *)&stop != 0;
}

extern uint8_t __heap_base;

EXPORT("belljar_call") void belljar_call(uint32_t function, uint32_t argument) {
    ((void (*)(void *))(uintptr_t)function)((void *)(uintptr_t)argument);
}

EXPORT("belljar_init") void belljar_init(void) {
    uint8_t *base = (uint8_t *)(((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15);
    heap_end = memory_end();
    if (heap_end < base + HEAP_FIRST) {
        if (__builtin_wasm_memory_grow(0, 2) == SIZE_MAX) host_fault("no memory for the heap", 22);
        heap_end += 2 * PAGE_BYTES;
    }
    heap_soft_end = base + HEAP_FIRST;
    ctx = JS_NewContext(base, (size_t)(heap_end - base), &js_stdlib);
    // Nothing is on the stack yet: give it its own place.
    ctx->stack_top = language_stack + STACK_BYTES;
    ctx->sp = ctx->fp = ctx->stack_bottom = (JSValue *)ctx->stack_top;
    JS_SetLogFunc(ctx, on_write);
    JS_SetInterruptHandler(ctx, on_interrupt);
    JS_GC(ctx);
    heap_soft_end = ctx->heap_free + HEAP_FIRST < heap_end ? ctx->heap_free + HEAP_FIRST : heap_end;
}

EXPORT("belljar_stop_table") const void *belljar_stop_table(void) {
    static uint32_t table[3];
    table[0] = 1;
    table[1] = (uint32_t)(uintptr_t)&stop;
    table[2] = 1;
    return table;
}

EXPORT("belljar_buffer") void *belljar_buffer(uint32_t length) {
    arena_release();
    if (length <= REQUEST_KEPT) buffer = kept;
    else buffer = length <= REQUEST_MOST ? arena_reserve(length) : NULL;
    return buffer;
}

static const char *file_name(void) {
    static char name[256];
    uint32_t length = request.name.length < sizeof name ? request.name.length : sizeof name - 1;
    memcpy(name, request.name.at, length);
    name[length] = 0;
    return length ? name : "script.js";
}

// Parses text that is followed by whatever follows it in the request: the parser wants a zero there.
static JSValue parse(struct bytes source, const char *name, int flags) {
    uint8_t *end = source.at + source.length, saved = *end;
    *end = 0;
    JSValue result = JS_Parse(ctx, (char *)source.at, source.length, name, flags);
    *end = saved;
    return result;
}

static void report_value(JSValue value) {
    if (value == JS_UNDEFINED) return;
    text_begin(request.value_bytes);
    if (show(ctx, value, FORM_JSON, request.value_depth)) host_report(FIELD_VALUE_JSON, text_buffer, text.length);
    text_begin(request.value_bytes);
    show(ctx, value, FORM_REPR, request.value_depth < 5 ? request.value_depth : 5);
    text_report(FIELD_VALUE_REPR);
    const char *type = type_name(ctx, value);
    JSObject *object = object_of(value);
    text_begin(256);
    if (type) put(type);
    else if (object) put_class_name(ctx, object->class_id);
    host_report(FIELD_VALUE_TYPE, text_buffer, text.length);
}

// The place in the first frame of a stack: "    at name (file:line:column)".
static void report_place(struct bytes stack) {
    uint32_t numbers[2] = {0, 0}, scale = 1;
    int n = 0;
    const uint8_t *end = memchr(stack.at, '\n', stack.length);
    const uint8_t *at = end ? end : stack.at + stack.length;
    if (at > stack.at && at[-1] == ')') at--;
    while (at > stack.at && n < 2) {
        uint8_t c = *--at;
        if (c == ':') n++, scale = 1;
        else if (c >= '0' && c <= '9') numbers[1 - n] += (uint32_t)(c - '0') * scale, scale *= 10;
        else break;
    }
    if (n < 2) return;
    report_u32(FIELD_ERROR_LINE, numbers[0]);
    report_u32(FIELD_ERROR_COLUMN, numbers[1]);
}

static void report_thrown(JSValue thrown) {
    const char *type = type_name(ctx, thrown);
    JSObject *object = object_of(thrown);
    text_begin(256);
    if (type) put(type);
    else if (object) put_class_name(ctx, object->class_id);
    host_report(FIELD_ERROR_TYPE, text_buffer, text.length);
    text_begin(16 * 1024);
    show(ctx, thrown, FORM_REPR, 3);
    text_report(FIELD_ERROR_MESSAGE);
    text_begin(16 * 1024);
    put("Uncaught ");
    show(ctx, thrown, FORM_REPR, 3);
    text_report(FIELD_ERROR_TRACEBACK);
}

// `[Name: message]` without its brackets is the first line; its parts are the type and the message.
static void report_error(void) {
    JSValue thrown = ctx->current_exception;
    ctx->current_exception = JS_UNDEFINED;
    ctx->current_exception_is_uncatchable = FALSE;
    JSObject *object = object_of(thrown);
    if (!object || object->class_id != JS_CLASS_ERROR) {
        // Thrown when not even an error object can be made.
        if (thrown == JS_NULL && memory_failed) report_text(FIELD_ERROR_TYPE, "InternalError"), report_text(FIELD_ERROR_MESSAGE, "out of memory");
        else report_thrown(thrown);
        if (memory_failed) host_report(FIELD_MEMORY_ERROR, "", 0);
        return;
    }
    uint8_t room[UTF8_CHAR_LEN_MAX + 1];
    struct bytes message = {0}, stack = {0};
    string_of(object->u.error.message, &message, room);
    text_begin(16 * 1024);
    show(ctx, thrown, FORM_REPR, 1);
    uint32_t name_length = text.length - 2 - message.length - (message.length ? 2 : 0);
    if (name_length <= text.length) host_report(FIELD_ERROR_TYPE, text_buffer + 1, name_length);
    host_report(FIELD_ERROR_MESSAGE, message.at, message.length);
    if (memory_failed && message.length == 13 && !memcmp(message.at, "out of memory", 13)) host_report(FIELD_MEMORY_ERROR, "", 0);
    text_buffer[text.length - 1] = '\n';
    uint8_t stack_room[UTF8_CHAR_LEN_MAX + 1];
    if (string_of(object->u.error.stack, &stack, stack_room)) {
        put_text(stack.at, stack.length);
        report_place(stack);
    }
    while (text.length > 0 && text_buffer[text.length - 1] == '\n') text.length--;
    host_report(FIELD_ERROR_TRACEBACK, text_buffer + 1, text.length - 1);
}

static JSValue call_timer(struct timer *timer) {
    int64_t wait = timer->due - host_clock(CLOCK_MONOTONIC_SESSION);
    if (wait > 0) host_sleep(wait);
    if (on_interrupt(ctx, NULL)) return __js_poll_interrupt(ctx);
    if (JS_StackCheck(ctx, 2)) return JS_EXCEPTION;
    JS_PushArg(ctx, timer->callback.val);
    JS_PushArg(ctx, JS_NULL);
    free_timer(ctx, timer);
    return JS_Call(ctx, 0);
}

static bool run_timers(void) {
    for (struct timer *timer; (timer = first_timer());) {
        if (JS_IsException(call_timer(timer))) return false;
    }
    return true;
}

static void run(void) {
    JSValue value = parse(request.code, file_name(), JS_EVAL_RETVAL | JS_EVAL_REPL);
    arena_release();
    if (!JS_IsException(value)) value = JS_Run(ctx, value);
    bool raised = JS_IsException(value);
    if (!raised) {
        JSGCRef value_ref;
        JS_PUSH_VALUE(ctx, value);
        raised = !run_timers();
        JS_POP_VALUE(ctx, value);
    }
    if (!raised) {
        report_value(value);
        return;
    }
    stop = 0;
    clear_timers(ctx);
    report_error();
}

// Whether the parser stopped at the end of the text, where more may follow.
static void check(void) {
    JSValue result = parse(request.code, "script.js", JS_EVAL_RETVAL | JS_EVAL_REPL);
    uint32_t verdict = CHECK_COMPLETE;
    if (JS_IsException(result)) {
        JSObject *object = object_of(ctx->current_exception);
        uint8_t room[UTF8_CHAR_LEN_MAX + 1], stack_room[UTF8_CHAR_LEN_MAX + 1];
        struct bytes message = {0}, stack = {0};
        verdict = CHECK_WRONG;
        if (object && object->class_id == JS_CLASS_ERROR && string_of(object->u.error.message, &message, room) &&
            string_of(object->u.error.stack, &stack, stack_room)) {
            int line, column;
            uint32_t last = request.code.length;
            while (last > 0 && memchr(" \t\r\n", request.code.at[last - 1], 4)) last--;
            line = get_line_col(&column, request.code.at, last);
            char place[64];
            js_snprintf(place, sizeof place, "script.js:%d:%d\n", line + 1, column + 1);
            if (memmem(stack.at, stack.length, place, strlen(place))) verdict = CHECK_INCOMPLETE;
            line = get_line_col(&column, request.code.at, request.code.length);
            js_snprintf(place, sizeof place, "script.js:%d:%d\n", line + 1, column + 1);
            if (memmem(stack.at, stack.length, place, strlen(place))) verdict = CHECK_INCOMPLETE;
            if (memmem(message.at, message.length, "unexpected end", 14)) verdict = CHECK_INCOMPLETE;
        }
        ctx->current_exception = JS_UNDEFINED;
    }
    report_u32(FIELD_CHECK, verdict);
}

static bool name_character(uint8_t c) {
    return c == '_' || c == '$' || c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

// The value of a data property, without running a getter; undefined when there is none.
static JSValue look(JSValue value, JSValue name) {
    for (JSObject *object = object_of(value); object; object = object_of(object->proto)) {
        JSProperty *property = find_own_property(ctx, object, name);
        if (!property) continue;
        if (property->prop_type == JS_PROP_SPECIAL) return get_special_prop(ctx, property->value);
        // A global variable is always detached from any frame.
        if (property->prop_type == JS_PROP_VARREF) return ((JSVarRef *)JS_VALUE_TO_PTR(property->value))->u.value;
        return property->prop_type == JS_PROP_NORMAL ? property->value : JS_UNDEFINED;
    }
    return JS_UNDEFINED;
}

static void complete_names(JSValue value, struct bytes prefix) {
    for (JSObject *object = object_of(value); object; object = object_of(object->proto)) {
        JSValueArray *table = JS_VALUE_TO_PTR(object->props);
        int count = JS_VALUE_GET_INT(table->arr[0]), mask = JS_VALUE_GET_INT(table->arr[1]);
        for (int i = 0, seen = 0; seen < count; i++) {
            JSProperty *property = (JSProperty *)&table->arr[2 + mask + 1 + 3 * i];
            uint8_t room[UTF8_CHAR_LEN_MAX + 1];
            struct bytes name;
            if (property->key == JS_UNINITIALIZED) continue;
            seen++;
            if (!string_of(property->key, &name, room) || name.length <= prefix.length) continue;
            if (!memcmp(name.at, prefix.at, prefix.length)) host_report(FIELD_COMPLETION, name.at, name.length);
        }
    }
}

// Completes a global name, or a name behind `a.b.`.
static void complete(void) {
    const uint8_t *code = request.code.at;
    uint32_t end = request.cursor < request.code.length ? request.cursor : request.code.length, start = end;
    while (start > 0 && name_character(code[start - 1])) start--;
    uint32_t first = start;
    while (first > 0 && (code[first - 1] == '.' || name_character(code[first - 1]))) first--;
    JSValue value = ctx->global_obj;
    for (uint32_t at = first; at < start;) {
        uint32_t dot = at;
        while (code[dot] != '.') dot++;
        JSValue name = JS_NewStringLen(ctx, (const char *)code + at, dot - at);
        JSGCRef value_ref;
        JS_PUSH_VALUE(ctx, value);
        name = JS_ToPropertyKey(ctx, name);
        JS_POP_VALUE(ctx, value);
        value = look(value, name);
        at = dot + 1;
    }
    report_u32(FIELD_COMPLETION_START, start);
    complete_names(value, (struct bytes){(uint8_t *)code + start, end - start});
}

// A global from `name` NUL `JSON`.
static bool set_input(struct bytes field) {
    uint8_t *nul = memchr(field.at, 0, field.length);
    if (!nul) return false;
    struct bytes json = {nul + 1, field.length - (uint32_t)(nul + 1 - field.at)};
    JSValue value = parse(json, "<input>", JS_EVAL_JSON);
    if (JS_IsException(value)) return false;
    return !JS_IsException(JS_SetPropertyStr(ctx, ctx->global_obj, (char *)field.at, value));
}

EXPORT("belljar_enter") uint32_t belljar_enter(uint32_t length) {
    static uint8_t no_code[1];
    if (!buffer || !read_request(buffer, length, &request)) return 1;
    if (!request.code.at) request.code.at = no_code;
    memory_failed = false;
    uint64_t seed;
    if (request.seed.at) memcpy(&seed, request.seed.at, sizeof seed), JS_SetRandomSeed(ctx, seed ? seed : 1);
    struct bytes rest = request.all, field;
    uint32_t tag;
    while (next_field(&rest, &tag, &field)) {
        if (tag == TAG_INPUT && !set_input(field)) return 1;
    }
    switch (request.verb) {
    case VERB_RUN: run(); break;
    case VERB_COMPLETE: complete(); break;
    case VERB_CHECK: check(); break;
    default: return 1;
    }
    stop = 0;
    return 0;
}
