// TypeScript: the host takes the types out.

HOST("untype") uint32_t host_untype(const char *name, size_t name_length, const char *text, size_t length, void *into, size_t room, uint32_t *out);

enum untyped { UNTYPED = 0, UNTYPED_WRONG = 1, UNTYPED_NO_ROOM = 2 };

// Room for a complaint about a short text.
#define UNTYPED_ROOM_MIN 4096

// untype(path, text) -> the code; or in an array `class of an error NEWLINE what it says`
NATIVE(native_untype) {
    UNUSED;
    size_t name_length, length;
    const char *name = JS_ToCStringLen(ctx, &name_length, args[0]);
    const char *text = name ? JS_ToCStringLen(ctx, &length, args[1]) : NULL;
    uint8_t *read = NULL;
    uint32_t status = UNTYPED_NO_ROOM, used = text && length > UNTYPED_ROOM_MIN ? (uint32_t)length : UNTYPED_ROOM_MIN;
    while (text && status == UNTYPED_NO_ROOM) {
        uint8_t *larger = js_realloc(ctx, read, used);
        if (!larger) break;
        read = larger;
        status = host_untype(name, name_length, text, length, read, used, &used);
    }
    JS_FreeCString(ctx, text);
    JS_FreeCString(ctx, name);
    JSValue result = status == UNTYPED_NO_ROOM ? JS_EXCEPTION : text_of(ctx, read, used);
    js_free(ctx, read);
    if (stopping()) {
        JS_FreeValue(ctx, result);
        JS_ThrowInterrupted(ctx);
        return JS_EXCEPTION;
    }
    if (status != UNTYPED_WRONG || JS_IsException(result)) return result;
    JSValue list = JS_NewArray(ctx);
    JS_DefinePropertyValueUint32(ctx, list, 0, result, JS_PROP_C_W_E);
    return list;
}
