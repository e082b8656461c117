// Errors, and promises that were rejected and that nobody has handled.

static bool is_syntax_error(JSValueConst error) {
    return JS_IsObject(error) && JS_VALUE_GET_OBJ(error)->shape->proto ==
        JS_VALUE_GET_OBJ(outside->native_error_proto[JS_SYNTAX_ERROR]);
}

// Where the parser gave up; zeros where that is not known. It is in the first line of the stack: "    at name:line:column".
struct place {
    uint32_t line, column;
};

static struct place place_of(JSValueConst error) {
    JSValue stack = JS_VALUE_GET_OBJ(error)->u.object_data;
    const char *text = JS_IsString(stack) ? JS_ToCString(outside, stack) : NULL;
    const char *newline = text ? strchr(text, '\n') : NULL;
    size_t length = newline ? (size_t)(newline - text) : text ? strlen(text) : 0;
    uint32_t numbers[2] = {0, 0}, n = 0, scale = 1;
    while (length > 0 && n < 2) {
        char c = text[--length];
        if (c == ':') n++, scale = 1;
        else if (c >= '0' && c <= '9') numbers[1 - n] += (uint32_t)(c - '0') * scale, scale *= 10;
        else break;
    }
    JS_FreeCString(outside, text);
    return n == 2 ? (struct place){numbers[0], numbers[1]} : (struct place){0, 0};
}

// Whether the parser got further with `error` than with `other`.
static bool is_further(JSValueConst error, JSValueConst other) {
    struct place a = place_of(error), b = place_of(other);
    return a.line > b.line || (a.line == b.line && a.column > b.column);
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
