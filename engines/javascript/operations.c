// Operations of the host, and who waits for them: a list in C, like the timers, so that nothing the code does can break it.

struct watcher {
    struct watcher *next;
    uint32_t id;
    JSValue callback;
};

static struct watcher *watchers;

// begin(kind, bytes) -> id, or 0 when too many are open
NATIVE(native_begin) {
    UNUSED;
    uint32_t kind;
    size_t length;
    if (JS_ToUint32(ctx, &kind, args[0])) return JS_EXCEPTION;
    uint8_t *bytes = JS_GetUint8Array(ctx, &length, args[1]);
    if (!bytes) return JS_EXCEPTION;
    return JS_NewUint32(ctx, host_begin(kind, bytes, length));
}

// take(id) -> the next field of the answer as [tag, bytes]; undefined when there is none yet, null at the end
NATIVE(native_take) {
    UNUSED;
    uint32_t id, head[2];
    if (JS_ToUint32(ctx, &id, args[0])) return JS_EXCEPTION;
    int32_t taken = host_take(id, head, sizeof head);
    if (taken < 0) return JS_UNDEFINED;
    if (taken == 0) return JS_NULL;
    if (taken != sizeof head) abort();
    uint8_t *bytes = js_malloc(ctx, head[1] ? head[1] : 1);
    if (!bytes) {
        host_drop(id);  // the rest could not be told from the next field
        return JS_EXCEPTION;
    }
    for (uint32_t at = 0; at < head[1]; at += (uint32_t)taken) {
        taken = host_take(id, bytes + at, head[1] - at);
        if (taken <= 0) abort();
    }
    JSValue pair = JS_NewArray(ctx), copy = JS_NewUint8ArrayCopy(ctx, bytes, head[1]);
    js_free(ctx, bytes);
    if (JS_IsException(pair) || JS_IsException(copy)) {
        JS_FreeValue(ctx, pair);
        JS_FreeValue(ctx, copy);
        return JS_EXCEPTION;
    }
    JS_DefinePropertyValueUint32(ctx, pair, 0, JS_NewUint32(ctx, head[0]), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, pair, 1, copy, JS_PROP_C_W_E);
    return pair;
}

static void free_watcher(JSContext *ctx, struct watcher **link) {
    struct watcher *watcher = *link;
    *link = watcher->next;
    JS_FreeValue(ctx, watcher->callback);
    js_free(ctx, watcher);
}

static struct watcher **find_watcher(uint32_t id) {
    struct watcher **link = &watchers;
    while (*link && (*link)->id != id) link = &(*link)->next;
    return link;
}

// watch(id, callback): calls it once, when the operation has something to take. The run goes on until then.
NATIVE(native_watch) {
    UNUSED;
    uint32_t id;
    if (JS_ToUint32(ctx, &id, args[0])) return JS_EXCEPTION;
    struct watcher *watcher = js_malloc(ctx, sizeof *watcher);
    if (!watcher) return JS_EXCEPTION;
    *watcher = (struct watcher){.next = watchers, .id = id, .callback = JS_DupValue(ctx, args[1])};
    watchers = watcher;
    return JS_UNDEFINED;
}

// wait(id): until the operation has something to take. An error when that can only come from the caller of the run, and on a stop.
NATIVE(native_wait) {
    UNUSED;
    uint32_t id;
    if (JS_ToUint32(ctx, &id, args[0])) return JS_EXCEPTION;
    uint32_t ready = host_wait(id, -1);
    if (stopping()) {
        JS_ThrowInterrupted(ctx);
        return JS_EXCEPTION;
    }
    if (!ready) return JS_ThrowPlainError(ctx, "this tool is answered by the caller of the run: await it");
    return JS_UNDEFINED;
}

// drop(id)
NATIVE(native_drop) {
    UNUSED;
    uint32_t id;
    if (JS_ToUint32(ctx, &id, args[0])) return JS_EXCEPTION;
    for (struct watcher **link; *(link = find_watcher(id));) free_watcher(ctx, link);
    host_drop(id);
    return JS_UNDEFINED;
}

// collect(): frees what nobody holds any more
NATIVE(native_collect) {
    UNUSED;
    JS_RunGC(rt);
    return JS_UNDEFINED;
}

static void clear_watchers(JSContext *ctx) {
    while (watchers) {
        host_drop(watchers->id);
        free_watcher(ctx, &watchers);
    }
}

// Waits for whatever comes first, an operation or a timer, and calls who waits for it. Returns what the callback returns, or an exception.
static JSValue await_event(JSContext *ctx) {
    if (!watchers) return fire_timer(ctx);
    int64_t pause = timers ? timers->due - host_clock(CLOCK_MONOTONIC_SESSION) : -1;
    uint32_t id = host_wait(0, timers && pause < 0 ? 0 : pause);
    if (stopping()) {
        JS_ThrowInterrupted(ctx);
        return JS_EXCEPTION;
    }
    // One that is not open any more has something to take as well: its end.
    for (struct watcher *watcher = watchers; !id && !timers && watcher; watcher = watcher->next) id = host_wait(watcher->id, 0);
    if (!id) {
        if (timers) return fire_timer(ctx);
        suspended = true;  // nothing comes by itself; what the caller of the run answers may
        return JS_UNDEFINED;
    }
    struct watcher **link = find_watcher(id);
    if (!*link) return JS_UNDEFINED;  // nobody waits for it yet; who takes from it will find it
    JSValue callback = JS_DupValue(ctx, (*link)->callback);
    free_watcher(ctx, link);
    JSValue result = JS_Call(ctx, callback, JS_UNDEFINED, 0, NULL);
    JS_FreeValue(ctx, callback);
    return result;
}
