// Values as text for people and as JSON. Both walk over the language's own structures, allocate nothing and so run no code and move no
// object: neither a getter nor a changed prototype has a say.

#define SHOW_ITEMS 100

enum form { FORM_REPR, FORM_JSON };

struct show {
    JSContext *ctx;
    enum form form;
    uint32_t depth_most;
    bool faithful;             // JSON only: the text says all there is
    const JSObject *above[32]; // the objects being shown, outermost first
    uint32_t depth;
};

static void show_value(struct show *show, JSValue value);

static JSObject *object_of(JSValue value) {
    if (!JS_IsPtr(value)) return NULL;
    JSObject *object = JS_VALUE_TO_PTR(value);
    return object->mtag == JS_MTAG_OBJECT ? object : NULL;
}

// The bytes of a string value; false when it is none. `room` holds those of a string that is one character.
static bool string_of(JSValue value, struct bytes *out, uint8_t room[UTF8_CHAR_LEN_MAX + 1]) {
    if (!JS_IsPtr(value) && JS_VALUE_GET_SPECIAL_TAG(value) == JS_TAG_STRING_CHAR) {
        *out = (struct bytes){room, (uint32_t)get_short_string(room, value)};
        return true;
    }
    if (!JS_IsPtr(value)) return false;
    JSString *string = JS_VALUE_TO_PTR(value);
    if (string->mtag != JS_MTAG_STRING) return false;
    *out = (struct bytes){string->buf, string->len};
    return true;
}

static void show_string(struct show *show, JSValue value, bool key) {
    uint8_t room[UTF8_CHAR_LEN_MAX + 1];
    struct bytes bytes;
    if (JS_IsInt(value)) {  // a key that is a number
        if (show->form == FORM_JSON) put_char('"');
        put_number(JS_VALUE_GET_INT(value));
        if (show->form == FORM_JSON) put_char('"');
        return;
    }
    if (!string_of(value, &bytes, room)) return;
    bool plain = key && show->form == FORM_REPR && bytes.length > 0 && !(bytes.at[0] >= '0' && bytes.at[0] <= '9');
    for (uint32_t i = 0; plain && i < bytes.length; i++) {
        uint8_t c = bytes.at[i];
        plain = c == '_' || c == '$' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    }
    if (plain) put_bytes(bytes.at, bytes.length);
    else put_quoted(bytes.at, bytes.length, show->form == FORM_JSON ? '"' : '\'');
}

static void show_number(struct show *show, double number) {
    bool plain = isfinite(number) && !(number == 0 && signbit(number));
    if (show->form == FORM_JSON && !plain) put("{\"$type\":\"number\",\"value\":\"");
    put_number(number);
    if (show->form == FORM_JSON && !plain) put("\"}");
}

static void put_class_name(JSContext *ctx, int class_id) {
    uint8_t room[UTF8_CHAR_LEN_MAX + 1];
    struct bytes bytes;
    if (string_of(js_find_class_name(ctx, class_id), &bytes, room)) put_text(bytes.at, bytes.length);
}

static void show_function(struct show *show, JSValue name) {
    uint8_t room[UTF8_CHAR_LEN_MAX + 1];
    struct bytes bytes;
    show->faithful = false;
    put("[Function");
    if (string_of(name, &bytes, room) && bytes.length > 0) put(": "), put_text(bytes.at, bytes.length);
    else put(" (anonymous)");
    put_char(']');
}

static void separate(struct show *show, bool *first) {
    if (!*first) put(show->form == FORM_JSON ? "," : ", ");
    else if (show->form == FORM_REPR) put_char(' ');
    *first = false;
}

static void show_properties(struct show *show, JSObject *object, bool *first) {
    JSValueArray *table = JS_VALUE_TO_PTR(object->props);
    int count = JS_VALUE_GET_INT(table->arr[0]), mask = JS_VALUE_GET_INT(table->arr[1]);
    for (int i = 0, seen = 0; seen < count && !text.full; i++) {
        JSProperty *property = (JSProperty *)&table->arr[2 + mask + 1 + 3 * i];
        if (property->key == JS_UNINITIALIZED) continue;
        seen++;
        separate(show, first);
        show_string(show, property->key, true);
        put(show->form == FORM_JSON ? ":" : ": ");
        if (property->prop_type == JS_PROP_NORMAL) show_value(show, property->value);
        else put("[Getter]"), show->faithful = false;
    }
}

static void show_array(struct show *show, JSObject *object) {
    JSValueArray *items = JS_VALUE_TO_PTR(object->u.array.tab);
    bool first = true;
    put_char('[');
    for (uint32_t i = 0; i < object->u.array.len && !text.full; i++) {
        separate(show, &first);
        if (show->form == FORM_REPR && i == SHOW_ITEMS) {
            char more[48];
            js_snprintf(more, sizeof more, "... %u more items", (unsigned)object->u.array.len - i);
            put(more);
            break;
        }
        show_value(show, items->arr[i]);
    }
    if (show->form == FORM_REPR) show_properties(show, object, &first);
    else if (JS_VALUE_GET_INT(((JSValueArray *)JS_VALUE_TO_PTR(object->props))->arr[0]) > 0) show->faithful = false;
    put(first || show->form == FORM_JSON ? "]" : " ]");
}

static double typed_item(const JSObject *object, const uint8_t *bytes, uint32_t i) {
    i += object->u.typed_array.offset;
    switch (object->class_id) {
    case JS_CLASS_INT8_ARRAY: return ((const int8_t *)bytes)[i];
    case JS_CLASS_INT16_ARRAY: return ((const int16_t *)bytes)[i];
    case JS_CLASS_UINT16_ARRAY: return ((const uint16_t *)bytes)[i];
    case JS_CLASS_INT32_ARRAY: return ((const int32_t *)bytes)[i];
    case JS_CLASS_UINT32_ARRAY: return ((const uint32_t *)bytes)[i];
    case JS_CLASS_FLOAT32_ARRAY: return ((const float *)bytes)[i];
    case JS_CLASS_FLOAT64_ARRAY: return ((const double *)bytes)[i];
    default: return bytes[i];
    }
}

static void put_base64(const uint8_t *bytes, uint32_t length) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (uint32_t i = 0; i < length && !text.full; i += 3) {
        uint32_t left = length - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? bytes[i + 1] : 0) << 8 | (left > 2 ? bytes[i + 2] : 0);
        char out[4] = {alphabet[group >> 18], alphabet[group >> 12 & 63], left > 1 ? alphabet[group >> 6 & 63] : '=',
                       left > 2 ? alphabet[group & 63] : '='};
        put_bytes(out, 4);
    }
}

static void show_typed_array(struct show *show, JSObject *object) {
    JSObject *buffer = JS_VALUE_TO_PTR(object->u.typed_array.buffer);
    const uint8_t *bytes = ((JSByteArray *)JS_VALUE_TO_PTR(buffer->u.array_buffer.byte_buffer))->buf;
    uint32_t length = object->u.typed_array.len;
    if (show->form == FORM_JSON) {
        show->faithful &= object->class_id == JS_CLASS_UINT8_ARRAY;
        put("{\"$type\":\"bytes\",\"base64\":\"");
        if (show->faithful) put_base64(bytes + object->u.typed_array.offset, length);
        put("\"}");
        return;
    }
    put_class_name(show->ctx, object->class_id);
    char size[16];
    js_snprintf(size, sizeof size, "(%u) [", (unsigned)length);
    put(size);
    for (uint32_t i = 0; i < length && i < SHOW_ITEMS && !text.full; i++) put(i ? ", " : " "), put_number(typed_item(object, bytes, i));
    if (length > SHOW_ITEMS) put(", ...");
    put(length ? " ]" : "]");
}

static void show_error(struct show *show, JSObject *object) {
    uint8_t room[UTF8_CHAR_LEN_MAX + 1];
    struct bytes bytes;
    show->faithful = false;
    put_char('[');
    JSObject *proto = object_of(object->proto);
    JSProperty *name = proto ? find_own_property(show->ctx, proto, js_get_atom(show->ctx, JS_ATOM_name)) : NULL;
    if (name && string_of(name->value, &bytes, room)) put_text(bytes.at, bytes.length);
    else put("Error");
    if (string_of(object->u.error.message, &bytes, room) && bytes.length > 0) put(": "), put_text(bytes.at, bytes.length);
    put_char(']');
}

static void show_plain(struct show *show, JSObject *object) {
    bool first = true;
    bool is_plain = object->class_id == JS_CLASS_OBJECT &&
        (object->proto == JS_NULL || object->proto == show->ctx->class_proto[JS_CLASS_OBJECT]);
    show->faithful &= is_plain;
    if (object->class_id != JS_CLASS_OBJECT) put_class_name(show->ctx, object->class_id), put_char(' ');
    put_char('{');
    show_properties(show, object, &first);
    put(first || show->form == FORM_JSON ? "}" : " }");
}

static void show_object(struct show *show, JSObject *object) {
    if (object->class_id == JS_CLASS_CLOSURE) {
        show_function(show, ((JSFunctionBytecode *)JS_VALUE_TO_PTR(object->u.closure.func_bytecode))->func_name);
        return;
    }
    if (object->class_id == JS_CLASS_C_FUNCTION) {
        show_function(show, reloc_c_func_name(show->ctx, show->ctx->c_function_table[object->u.cfunc.idx].name));
        return;
    }
    bool again = false;
    for (uint32_t i = 0; i < show->depth; i++) again |= show->above[i] == object;
    if (again || show->depth >= show->depth_most || show->depth >= countof(show->above)) {
        show->faithful = false;
        put(again ? "[Circular]" : object->class_id == JS_CLASS_ARRAY ? "[Array]" : "[Object]");
        return;
    }
    show->above[show->depth++] = object;
    if (object->class_id == JS_CLASS_ARRAY) show_array(show, object);
    else if (object->class_id == JS_CLASS_ERROR) show_error(show, object);
    else if (object->class_id == JS_CLASS_REGEXP) show->faithful = false, dump_regexp(show->ctx, object);
    else if (object->class_id >= JS_CLASS_UINT8C_ARRAY && object->class_id <= JS_CLASS_FLOAT64_ARRAY) show_typed_array(show, object);
    else show_plain(show, object);
    show->depth--;
}

static void show_value(struct show *show, JSValue value) {
    JSObject *object = object_of(value);
    if (text.full) show->faithful = false;
    else if (object) show_object(show, object);
    else if (JS_IsInt(value)) put_number(JS_VALUE_GET_INT(value));
    else if (JS_IsPtr(value) && ((JSMemBlockHeader *)JS_VALUE_TO_PTR(value))->mtag == JS_MTAG_FLOAT64) {
        show_number(show, ((JSFloat64 *)JS_VALUE_TO_PTR(value))->u.dval);
    } else if (JS_IsString(show->ctx, value)) show_string(show, value, false);
    else if (value == JS_NULL) put("null");
    else if (value == JS_TRUE) put("true");
    else if (value == JS_FALSE) put("false");
    else if (value == JS_UNDEFINED) put(show->form == FORM_JSON ? "{\"$type\":\"undefined\"}" : "undefined");
    else if (JS_VALUE_GET_SPECIAL_TAG(value) == JS_TAG_SHORT_FUNC) {
        show_function(show, reloc_c_func_name(show->ctx, show->ctx->c_function_table[JS_VALUE_GET_SPECIAL_VALUE(value)].name));
    } else show->faithful = false, put("[unknown]");
}

// Writes the value to the text. False: JSON, and it is not faithful.
static bool show(JSContext *ctx, JSValue value, enum form form, uint32_t depth_most) {
    struct show state = {.ctx = ctx, .form = form, .depth_most = depth_most, .faithful = true};
    show_value(&state, value);
    return state.faithful && !text.full;
}

static const char *type_name(JSContext *ctx, JSValue value) {
    if (JS_IsNumber(ctx, value)) return "number";
    if (JS_IsString(ctx, value)) return "string";
    if (JS_IsBool(value)) return "boolean";
    if (JS_IsNull(value)) return "null";
    if (JS_IsFunction(ctx, value)) return "Function";
    return NULL;  // the name of its class
}
