// Text to UTF-8 and back, as the Encoding Standard wants it.

// Length of the well-formed sequence at `at`; or minus the number of bytes that are to become one replacement character.
static int sequence(const uint8_t *at, size_t left) {
    uint8_t first = at[0], low = 0x80, high = 0xbf;
    int more;
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) more = 1;
    else if (first >= 0xe0 && first <= 0xef) more = 2;
    else if (first >= 0xf0 && first <= 0xf4) more = 3;
    else return -1;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
    for (int i = 1; i <= more; i++) {
        if ((size_t)i >= left || at[i] < low || at[i] > high) return -i;
        low = 0x80, high = 0xbf;
    }
    return more + 1;
}

static size_t well_formed(const uint8_t *bytes, size_t length) {
    size_t good = 0;
    while (good < length) {
        int n = sequence(bytes + good, length - good);
        if (n < 0) break;
        good += (size_t)n;
    }
    return good;
}

// Text from bytes; what is not well-formed becomes replacement characters.
static JSValue text_of(JSContext *ctx, const uint8_t *bytes, size_t length) {
    if (well_formed(bytes, length) == length) return JS_NewStringLen(ctx, (char *)bytes, length);
    DynBuf out;
    js_dbuf_init(ctx, &out);
    for (size_t i = 0; i < length;) {
        int n = sequence(bytes + i, length - i);
        if (n > 0) dbuf_put(&out, bytes + i, (size_t)n);
        else dbuf_put(&out, (const uint8_t *)"\xef\xbf\xbd", 3);
        i += (size_t)(n > 0 ? n : -n);
    }
    JSValue text = dbuf_error(&out) ? JS_ThrowOutOfMemory(ctx) : JS_NewStringLen(ctx, (char *)out.buf, out.size);
    dbuf_free(&out);
    return text;
}

// decodeUtf8(bytes, fatal) -> string, or undefined when it is fatal
static JSValue decode_utf8(JSContext *ctx, JSValueConst this, int count, JSValueConst *args) {
    (void)this, (void)count;
    size_t length;
    uint8_t *bytes = JS_GetUint8Array(ctx, &length, args[0]);
    if (!bytes) return JS_EXCEPTION;
    if (JS_ToBool(ctx, args[1]) && well_formed(bytes, length) < length) return JS_UNDEFINED;
    return text_of(ctx, bytes, length);
}

// encodeUtf8(well-formed string) -> Uint8Array of the caller's realm
static JSValue encode_utf8(JSContext *ctx, JSValueConst this, int count, JSValueConst *args) {
    (void)this, (void)count;
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, args[0]);
    if (!text) return JS_EXCEPTION;
    JSValue bytes = JS_NewUint8ArrayCopy(ctx, (const uint8_t *)text, length);
    JS_FreeCString(ctx, text);
    return bytes;
}
