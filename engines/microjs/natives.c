// The functions that the language's library names: printing, clocks and timers.

#define NATIVE(name) static JSValue name(JSContext *ctx, JSValue *this_val, int argc, JSValue *argv)
#define UNUSED (void)ctx, (void)this_val, (void)argc, (void)argv

#define PRINT_DEPTH 3
#define MILLISECOND 1000000ll

static void on_write(void *opaque, const void *bytes, size_t length) {
    (void)opaque;
    put_bytes(bytes, length);
}

static JSValue print(JSContext *ctx, enum stream stream, int argc, JSValue *argv) {
    text_begin(TEXT_MOST);
    for (int i = 0; i < argc; i++) {
        uint8_t room[UTF8_CHAR_LEN_MAX + 1];
        struct bytes bytes;
        if (i) put_char(' ');
        if (string_of(argv[i], &bytes, room)) put_text(bytes.at, bytes.length);
        else show(ctx, argv[i], FORM_REPR, PRINT_DEPTH);
    }
    put_char('\n');
    host_output(stream, text_buffer, text.length);
    return JS_UNDEFINED;
}

NATIVE(js_print) {
    UNUSED;
    return print(ctx, STDOUT, argc, argv);
}

NATIVE(js_print_error) {
    UNUSED;
    return print(ctx, STDERR, argc, argv);
}

NATIVE(js_gc) {
    UNUSED;
    JS_GC(ctx);
    return JS_UNDEFINED;
}

NATIVE(js_date_now) {
    UNUSED;
    return JS_NewInt64(ctx, host_clock(CLOCK_UTC) / MILLISECOND);
}

NATIVE(js_performance_now) {
    UNUSED;
    return JS_NewFloat64(ctx, (double)host_clock(CLOCK_MONOTONIC_SESSION) / 1e6);
}

#define TIMERS_MOST 64

static struct timer {
    JSGCRef callback;
    int64_t due;
    uint32_t id;  // 0: free
} timers[TIMERS_MOST];
static uint32_t timer_id;

NATIVE(js_setTimeout) {
    UNUSED;
    if (!JS_IsFunction(ctx, argv[0])) return JS_ThrowTypeError(ctx, "the callback must be a function");
    int delay;
    if (JS_ToInt32Sat(ctx, &delay, argv[1])) return JS_EXCEPTION;
    for (size_t i = 0; i < countof(timers); i++) {
        if (timers[i].id) continue;
        *JS_AddGCRef(ctx, &timers[i].callback) = argv[0];
        timers[i].due = host_clock(CLOCK_MONOTONIC_SESSION) + (delay > 0 ? delay : 0) * MILLISECOND;
        timers[i].id = ++timer_id;
        return JS_NewUint32(ctx, timer_id);
    }
    return JS_ThrowRangeError(ctx, "too many timers: at most %d can wait", TIMERS_MOST);
}

static void free_timer(JSContext *ctx, struct timer *timer) {
    JS_DeleteGCRef(ctx, &timer->callback);
    timer->id = 0;
}

NATIVE(js_clearTimeout) {
    UNUSED;
    uint32_t id;
    if (JS_ToUint32(ctx, &id, argv[0])) return JS_EXCEPTION;
    for (size_t i = 0; id && i < countof(timers); i++) {
        if (timers[i].id == id) free_timer(ctx, &timers[i]);
    }
    return JS_UNDEFINED;
}

static void clear_timers(JSContext *ctx) {
    for (size_t i = 0; i < countof(timers); i++) {
        if (timers[i].id) free_timer(ctx, &timers[i]);
    }
}

// The timer that is due first, or NULL.
static struct timer *first_timer(void) {
    struct timer *first = NULL;
    for (size_t i = 0; i < countof(timers); i++) {
        struct timer *timer = &timers[i];
        if (!timer->id) continue;
        if (!first || timer->due < first->due || (timer->due == first->due && timer->id < first->id)) first = timer;
    }
    return first;
}
