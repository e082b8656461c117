// Errors, and promises that were rejected and that nobody has handled.

static bool is_syntax_error(JSValueConst error) {
    return JS_IsObject(error) && JS_VALUE_GET_OBJ(error)->shape->proto ==
        JS_VALUE_GET_OBJ(outside->native_error_proto[JS_SYNTAX_ERROR]);
}

static void on_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, bool handled, void *opaque) {
    (void)reason, (void)opaque;
    for (uint32_t i = 0; i < unhandled_count; i++) {
        if (JS_VALUE_GET_PTR(unhandled[i]) != JS_VALUE_GET_PTR(promise)) continue;
        if (!handled) return;
        JS_FreeValue(ctx, unhandled[i]);
        unhandled[i] = unhandled[--unhandled_count];
        return;
    }
    if (handled) return;
    if (unhandled_count == unhandled_room) {
        uint32_t room = unhandled_room ? 2 * unhandled_room : 8;
        JSValue *more = js_realloc_rt(rt, unhandled, room * sizeof *more);
        if (!more) return;
        unhandled = more, unhandled_room = room;
    }
    unhandled[unhandled_count++] = JS_DupValue(ctx, promise);
}

static void forget_unhandled(void) {
    while (unhandled_count) JS_FreeValue(outside, unhandled[--unhandled_count]);
}
