// Timers: a list in order of time, kept in C so that nothing the code does to JavaScript's own objects can break it.

struct timer {
    struct timer *next;
    uint32_t id;
    int64_t due, every;  // nanoseconds of the session's clock; `every` is -1 for a timer that fires once
    JSValue callback, arguments;
};

static struct timer *timers;
static uint32_t timer_id;

static void add_timer(struct timer *timer) {
    struct timer **link = &timers;
    while (*link && (*link)->due <= timer->due) link = &(*link)->next;
    timer->next = *link;
    *link = timer;
}

static void free_timer(JSContext *ctx, struct timer *timer) {
    JS_FreeValue(ctx, timer->callback);
    JS_FreeValue(ctx, timer->arguments);
    js_free(ctx, timer);
}

// setTimer(callback, milliseconds, repeat, arguments) -> id
static JSValue set_timer(JSContext *ctx, JSValueConst this, int count, JSValueConst *args) {
    (void)this, (void)count;
    double delay;
    if (JS_ToFloat64(ctx, &delay, args[1])) return JS_EXCEPTION;
    if (!(delay >= 0)) delay = 0;
    if (delay > INT32_MAX) delay = 1;  // as in browsers and Node: more than 24.8 days is a mistake
    bool repeat = JS_ToBool(ctx, args[2]);
    struct timer *timer = js_malloc(ctx, sizeof *timer);
    if (!timer) return JS_EXCEPTION;
    // A repeating timer without a pause would never let the ones behind it run.
    int64_t pause = (int64_t)(delay * 1e6);
    if (repeat && pause < 1000000) pause = 1000000;
    *timer = (struct timer){
        .id = ++timer_id,
        .due = host_clock(CLOCK_MONOTONIC_SESSION) + pause,
        .every = repeat ? pause : -1,
        .callback = JS_DupValue(ctx, args[0]),
        .arguments = JS_DupValue(ctx, args[3]),
    };
    add_timer(timer);
    return JS_NewUint32(ctx, timer->id);
}

// clearTimer(id)
static JSValue clear_timer(JSContext *ctx, JSValueConst this, int count, JSValueConst *args) {
    (void)this, (void)count;
    if (!JS_IsNumber(args[0])) return JS_UNDEFINED;
    uint32_t id;
    if (JS_ToUint32(ctx, &id, args[0])) return JS_EXCEPTION;
    for (struct timer **link = &timers; *link; link = &(*link)->next) {
        struct timer *timer = *link;
        if (timer->id != id) continue;
        *link = timer->next;
        free_timer(ctx, timer);
        break;
    }
    return JS_UNDEFINED;
}

static void clear_timers(JSContext *ctx) {
    while (timers) {
        struct timer *timer = timers;
        timers = timer->next;
        free_timer(ctx, timer);
    }
}

// Waits for the first timer and calls it. Returns what the callback returns, or an exception.
static JSValue fire_timer(JSContext *ctx) {
    struct timer *timer = timers;
    int64_t wait = timer->due - host_clock(CLOCK_MONOTONIC_SESSION);
    if (wait > 0) host_sleep(wait);
    if (stopping()) {
        JS_ThrowInterrupted(ctx);
        return JS_EXCEPTION;
    }
    timers = timer->next;
    JSValue callback = JS_DupValue(ctx, timer->callback), arguments = JS_DupValue(ctx, timer->arguments);
    if (timer->every >= 0) {
        timer->due = host_clock(CLOCK_MONOTONIC_SESSION) + timer->every;
        add_timer(timer);
    } else {
        free_timer(ctx, timer);
    }
    JSValueConst apply[] = {JS_UNDEFINED, arguments};
    JSValue result = js_function_apply(ctx, callback, 2, apply, 0);
    JS_FreeValue(ctx, callback);
    JS_FreeValue(ctx, arguments);
    return result;
}
