// The functions that the boot files get as `host`. Every one checks what it is given: boot files pass on what the code passed.

// output(stream, text)
NATIVE(native_output) {
    UNUSED;
    uint32_t stream;
    if (JS_ToUint32(ctx, &stream, args[0])) return JS_EXCEPTION;
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, args[1]);
    if (!text) return JS_EXCEPTION;
    host_output(stream == STDERR ? STDERR : STDOUT, text, length);
    JS_FreeCString(ctx, text);
    return JS_UNDEFINED;
}

// outputBytes(stream, bytes)
NATIVE(native_output_bytes) {
    UNUSED;
    uint32_t stream;
    if (JS_ToUint32(ctx, &stream, args[0])) return JS_EXCEPTION;
    size_t length;
    uint8_t *bytes = JS_GetUint8Array(ctx, &length, args[1]);
    if (!bytes) return JS_EXCEPTION;
    host_output(stream == STDERR ? STDERR : STDOUT, bytes, length);
    return JS_UNDEFINED;
}

// report(field, text or number)
NATIVE(native_report) {
    UNUSED;
    uint32_t field, number;
    if (JS_ToUint32(ctx, &field, args[0])) return JS_EXCEPTION;
    if (JS_IsNumber(args[1])) {
        if (JS_ToUint32(ctx, &number, args[1])) return JS_EXCEPTION;
        report_u32(field, number);
        return JS_UNDEFINED;
    }
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, args[1]);
    if (!text) return JS_EXCEPTION;
    host_report(field, text, length);
    JS_FreeCString(ctx, text);
    return JS_UNDEFINED;
}

// clock(which) -> nanoseconds, a BigInt
NATIVE(native_clock) {
    UNUSED;
    uint32_t which;
    if (JS_ToUint32(ctx, &which, args[0])) return JS_EXCEPTION;
    return JS_NewBigInt64(ctx, host_clock(which));
}

// random(bytes): fills them
NATIVE(native_random) {
    UNUSED;
    size_t length;
    uint8_t *bytes = JS_GetUint8Array(ctx, &length, args[0]);
    if (!bytes) return JS_EXCEPTION;
    host_random(bytes, length);
    return JS_UNDEFINED;
}

// input(bytes) -> how many were read
NATIVE(native_input) {
    UNUSED;
    size_t length;
    uint8_t *bytes = JS_GetUint8Array(ctx, &length, args[0]);
    if (!bytes) return JS_EXCEPTION;
    return JS_NewUint32(ctx, (uint32_t)host_input(bytes, length));
}

// exit(code): unwinds the code; nothing can catch it
NATIVE(native_exit) {
    UNUSED;
    if (JS_ToInt32(ctx, &exit_code, args[0])) return JS_EXCEPTION;
    exiting = true;
    JS_ThrowInterrupted(ctx);
    return JS_EXCEPTION;
}

// runNumber() -> counts the requests
NATIVE(native_run_number) {
    UNUSED;
    return JS_NewUint32(ctx, run_number);
}

// programArguments() -> [name, ...arguments] of the request
NATIVE(native_program_arguments) {
    UNUSED;
    JSValue list = JS_NewArray(ctx);
    if (JS_IsException(list)) return list;
    uint32_t n = 0, tag;
    JSValue name = JS_NewStringLen(ctx, (char *)request.name.at, request.name.length);
    JS_DefinePropertyValueUint32(ctx, list, n++, name, JS_PROP_C_W_E);
    struct bytes rest = request.all, field;
    while (next_field(&rest, &tag, &field)) {
        if (tag != TAG_ARGUMENT) continue;
        JSValue text = JS_NewStringLen(ctx, (char *)field.at, field.length);
        JS_DefinePropertyValueUint32(ctx, list, n++, text, JS_PROP_C_W_E);
    }
    return list;
}

// classOf(value) -> the name of the object's internal class, which no code can change; undefined for what is not an object. The language
// itself calls a proxy an Object.
NATIVE(native_class_of) {
    UNUSED;
    if (!JS_IsObject(args[0])) return JS_UNDEFINED;
    if (JS_GetClassID(args[0]) == JS_CLASS_PROXY) return JS_NewString(ctx, "Proxy");
    return JS_AtomToString(ctx, rt->class_array[JS_GetClassID(args[0])].class_name);
}

// proxyTarget(proxy) -> its target; null for one that was revoked
NATIVE(native_proxy_target) {
    UNUSED;
    JSProxyData *proxy = JS_GetOpaque(args[0], JS_CLASS_PROXY);
    return proxy && !proxy->is_revoked ? js_dup(proxy->target) : JS_NULL;
}

// promise(promise) -> [0 pending, 1 fulfilled or 2 rejected, result]
NATIVE(native_promise) {
    UNUSED;
    JSPromiseStateEnum state = JS_PromiseState(ctx, args[0]);
    JSValue pair = JS_NewArray(ctx);
    if (JS_IsException(pair)) return pair;
    JS_DefinePropertyValueUint32(ctx, pair, 0, JS_NewInt32(ctx, state), JS_PROP_C_W_E);
    JSValue result = state == JS_PROMISE_PENDING ? JS_UNDEFINED : JS_PromiseResult(ctx, args[0]);
    JS_DefinePropertyValueUint32(ctx, pair, 1, result, JS_PROP_C_W_E);
    return pair;
}

// stackOf(error) -> the stack recorded when it was made, without asking the object
NATIVE(native_stack_of) {
    UNUSED;
    if (!JS_IsError(args[0])) return JS_UNDEFINED;
    JSValue stack = JS_VALUE_GET_OBJ(args[0])->u.object_data;
    return JS_IsString(stack) ? JS_DupValue(ctx, stack) : JS_UNDEFINED;
}

// declaredNames() -> names of global let, const and class declarations
NATIVE(native_declared_names) {
    UNUSED;
    JSPropertyEnum *names;
    uint32_t length;
    if (JS_GetOwnPropertyNames(ctx, &names, &length, outside->global_var_obj, JS_GPN_STRING_MASK)) return JS_EXCEPTION;
    JSValue list = JS_NewArray(ctx);
    for (uint32_t i = 0; i < length; i++) {
        JS_DefinePropertyValueUint32(ctx, list, i, JS_AtomToString(ctx, names[i].atom), JS_PROP_C_W_E);
    }
    JS_FreePropertyEnum(ctx, names, length);
    return list;
}

// declared(name) -> the value of a global let, const or class; undefined while it has none
NATIVE(native_declared) {
    UNUSED;
    JSAtom name = JS_ValueToAtom(ctx, args[0]);
    if (name == JS_ATOM_NULL) return JS_EXCEPTION;
    JSObject *names = JS_VALUE_GET_OBJ(outside->global_var_obj);
    JSProperty *property;
    JSShapeProperty *shape = find_own_property(&property, names, name);
    JS_FreeAtom(ctx, name);
    if (!shape || JS_IsUninitialized(property->u.value)) return JS_UNDEFINED;
    return JS_DupValue(ctx, property->u.value);
}

static const JSCFunctionListEntry natives[] = {
    JS_CFUNC_DEF("output", 2, native_output),
    JS_CFUNC_DEF("outputBytes", 2, native_output_bytes),
    JS_CFUNC_DEF("report", 2, native_report),
    JS_CFUNC_DEF("clock", 1, native_clock),
    JS_CFUNC_DEF("random", 1, native_random),
    JS_CFUNC_DEF("input", 1, native_input),
    JS_CFUNC_DEF("exit", 1, native_exit),
    JS_CFUNC_DEF("runNumber", 0, native_run_number),
    JS_CFUNC_DEF("programArguments", 0, native_program_arguments),
    JS_CFUNC_DEF("setTimer", 4, set_timer),
    JS_CFUNC_DEF("clearTimer", 1, clear_timer),
    JS_CFUNC_DEF("begin", 2, native_begin),
    JS_CFUNC_DEF("take", 1, native_take),
    JS_CFUNC_DEF("wait", 1, native_wait),
    JS_CFUNC_DEF("watch", 2, native_watch),
    JS_CFUNC_DEF("drop", 1, native_drop),
    JS_CFUNC_DEF("collect", 0, native_collect),
    JS_CFUNC_DEF("decodeUtf8", 2, decode_utf8),
    JS_CFUNC_DEF("encodeUtf8", 1, encode_utf8),
    JS_CFUNC_DEF("digest", 2, native_digest),
    JS_CFUNC_DEF("fileStat", 2, native_file_stat),
    JS_CFUNC_DEF("fileKind", 2, native_file_kind),
    JS_CFUNC_DEF("fileRead", 2, native_file_read),
    JS_CFUNC_DEF("fileWrite", 3, native_file_write),
    JS_CFUNC_DEF("fileList", 1, native_file_list),
    JS_CFUNC_DEF("fileLink", 1, native_file_link),
    JS_CFUNC_DEF("fileChange", 3, native_file_change),
    JS_CFUNC_DEF("untype", 2, native_untype),
    JS_CFUNC_DEF("evaluate", 2, native_evaluate),
    JS_CFUNC_DEF("isScript", 1, native_is_script),
    JS_CFUNC_DEF("requireModule", 1, native_require_module),
    JS_CFUNC_DEF("classOf", 1, native_class_of),
    JS_CFUNC_DEF("proxyTarget", 1, native_proxy_target),
    JS_CFUNC_DEF("promise", 1, native_promise),
    JS_CFUNC_DEF("stackOf", 1, native_stack_of),
    JS_CFUNC_DEF("declaredNames", 0, native_declared_names),
    JS_CFUNC_DEF("declared", 1, native_declared),
};
