// Files, by their paths: natives for `boot/fs.js` and `inside/modules.js`. A refusal is returned as a number, which is one of WASI's preview 1.

// Declared here and not in `host.h`: no other engine imports these, and each would have to be built anew.
HOST("file_stat") uint32_t host_file_stat(const char *path, size_t length, uint32_t follows, void *out);
HOST("file_read") uint32_t host_file_read(const char *path, size_t length, uint64_t from, void *into, size_t room, uint32_t *out);
HOST("file_write") uint32_t host_file_write(const char *path, size_t length, uint32_t begins, const void *bytes, size_t count);
HOST("file_list") uint32_t host_file_list(const char *path, size_t length, void *into, size_t room, uint32_t *out);
HOST("file_link") uint32_t host_file_link(const char *path, size_t length, void *into, size_t room, uint32_t *out);
HOST("file_change") uint32_t host_file_change(uint32_t what, const char *path, size_t length, const char *other, size_t other_length);

enum begins { WRITE_REPLACE = 0, WRITE_APPEND = 1, WRITE_CREATE = 2 };

// What the host moves in one call, and how much is read of a file that does not say its size.
#define FILE_TRANSFER_MAX (16 * 1024 * 1024)
#define FILE_READ_FIRST 4096
#define LINK_BYTES_MAX 4096
#define LIST_BYTES_FIRST 4096

struct file_stat {
    uint64_t device, inode, kind, links, size, accessed_ns, modified_ns, changed_ns;
};

// fileStat(path, follows) -> [kind, size, device, inode, accessed, modified, changed], the times in milliseconds; or a refusal
NATIVE(native_file_stat) {
    UNUSED;
    size_t length;
    const char *path = JS_ToCStringLen(ctx, &length, args[0]);
    if (!path) return JS_EXCEPTION;
    struct file_stat stat;
    uint32_t refusal = host_file_stat(path, length, JS_ToBool(ctx, args[1]), &stat);
    JS_FreeCString(ctx, path);
    if (refusal) return JS_NewUint32(ctx, refusal);
    JSValue list = JS_NewArray(ctx);
    if (JS_IsException(list)) return list;
    double fields[] = {
        (double)(stat.kind & 0xff), (double)stat.size, (double)stat.device, (double)stat.inode,
        (double)stat.accessed_ns / 1e6, (double)stat.modified_ns / 1e6, (double)stat.changed_ns / 1e6,
    };
    for (uint32_t i = 0; i < countof(fields); i++) {
        JS_DefinePropertyValueUint32(ctx, list, i, JS_NewNumber(ctx, fields[i]), JS_PROP_C_W_E);
    }
    return list;
}

// fileKind(path, follows) -> the kind; 0 for what cannot be looked at
NATIVE(native_file_kind) {
    UNUSED;
    size_t length;
    const char *path = JS_ToCStringLen(ctx, &length, args[0]);
    if (!path) return JS_EXCEPTION;
    struct file_stat stat;
    uint32_t refusal = host_file_stat(path, length, JS_ToBool(ctx, args[1]), &stat);
    JS_FreeCString(ctx, path);
    return JS_NewUint32(ctx, refusal ? 0 : (uint32_t)(stat.kind & 0xff));
}

// Reads a file to its end, however large it says it is. The bytes are the caller's.
static uint32_t read_whole(JSContext *ctx, const char *path, size_t length, uint8_t **bytes, size_t *count) {
    struct file_stat stat;
    uint32_t refusal = host_file_stat(path, length, true, &stat);
    size_t room = FILE_READ_FIRST, used = 0;
    // One byte more than there are: then the first read finds the end.
    if (!refusal && stat.size < UINT32_MAX) room = (size_t)stat.size + 1;
    *bytes = refusal ? NULL : js_malloc(ctx, room);
    while (*bytes && !refusal) {
        uint32_t more = 0, ask = room - used < FILE_TRANSFER_MAX ? (uint32_t)(room - used) : FILE_TRANSFER_MAX;
        refusal = host_file_read(path, length, used, *bytes + used, ask, &more);
        used += more;
        if (refusal || more < ask || stopping()) break;
        if (used < room) continue;
        uint8_t *larger = js_realloc(ctx, *bytes, room += room);
        if (!larger) js_free(ctx, *bytes);
        *bytes = larger;
    }
    *count = used;
    if (refusal) js_free(ctx, *bytes);
    return refusal;
}

// fileRead(path, as text) -> a Uint8Array, or a string; or a refusal
NATIVE(native_file_read) {
    UNUSED;
    size_t length, size;
    uint8_t *bytes;
    const char *path = JS_ToCStringLen(ctx, &length, args[0]);
    if (!path) return JS_EXCEPTION;
    uint32_t refusal = read_whole(ctx, path, length, &bytes, &size);
    JS_FreeCString(ctx, path);
    if (refusal) return JS_NewUint32(ctx, refusal);
    if (!bytes) return JS_EXCEPTION;
    JSValue content = JS_ToBool(ctx, args[1]) ? text_of(ctx, bytes, size) : JS_NewUint8ArrayCopy(ctx, bytes, size);
    js_free(ctx, bytes);
    return content;
}

// fileWrite(path, bytes, how it begins) -> 0, or a refusal
NATIVE(native_file_write) {
    UNUSED;
    uint32_t begins, refusal;
    size_t length, size;
    if (JS_ToUint32(ctx, &begins, args[2])) return JS_EXCEPTION;
    const char *path = JS_ToCStringLen(ctx, &length, args[0]);
    if (!path) return JS_EXCEPTION;
    uint8_t *bytes = JS_GetUint8Array(ctx, &size, args[1]);
    if (!bytes) {
        JS_FreeCString(ctx, path);
        return JS_EXCEPTION;
    }
    do {
        size_t some = size < FILE_TRANSFER_MAX ? size : FILE_TRANSFER_MAX;
        refusal = host_file_write(path, length, begins, bytes, some);
        bytes += some, size -= some;
        begins = WRITE_APPEND;
    } while (size && !refusal && !stopping());
    JS_FreeCString(ctx, path);
    return JS_NewUint32(ctx, refusal);
}

// fileList(path) -> [name, kind, name, kind, ...], or a refusal
NATIVE(native_file_list) {
    UNUSED;
    size_t length;
    const char *path = JS_ToCStringLen(ctx, &length, args[0]);
    if (!path) return JS_EXCEPTION;
    uint32_t room = LIST_BYTES_FIRST, needed = UINT32_MAX, refusal = 0, n = 0;
    uint8_t *entries = NULL;
    for (;;) {
        uint8_t *larger = js_realloc(ctx, entries, room);
        if (!larger) break;
        entries = larger;
        refusal = host_file_list(path, length, entries, room, &needed);
        if (refusal || needed <= room) break;
        room = needed;
    }
    JS_FreeCString(ctx, path);
    JSValue list = refusal ? JS_NewUint32(ctx, refusal) : needed <= room ? JS_NewArray(ctx) : JS_EXCEPTION;
    if (!refusal && !JS_IsException(list)) {
        for (uint32_t at = 0; at < needed; at += 2u + entries[at + 1]) {
            JSValue name = JS_NewStringLen(ctx, (char *)entries + at + 2, entries[at + 1]);
            JS_DefinePropertyValueUint32(ctx, list, n++, name, JS_PROP_C_W_E);
            JS_DefinePropertyValueUint32(ctx, list, n++, JS_NewUint32(ctx, entries[at]), JS_PROP_C_W_E);
        }
    }
    js_free(ctx, entries);
    return list;
}

// fileLink(path) -> where a symbolic link leads, or a refusal
NATIVE(native_file_link) {
    UNUSED;
    size_t length;
    const char *path = JS_ToCStringLen(ctx, &length, args[0]);
    if (!path) return JS_EXCEPTION;
    char target[LINK_BYTES_MAX];
    uint32_t used, refusal = host_file_link(path, length, target, sizeof target, &used);
    JS_FreeCString(ctx, path);
    return refusal ? JS_NewUint32(ctx, refusal) : JS_NewStringLen(ctx, target, used);
}

// fileChange(what, path, other) -> 0, or a refusal
NATIVE(native_file_change) {
    UNUSED;
    uint32_t what;
    size_t length, other_length;
    if (JS_ToUint32(ctx, &what, args[0])) return JS_EXCEPTION;
    const char *path = JS_ToCStringLen(ctx, &length, args[1]);
    const char *other = path ? JS_ToCStringLen(ctx, &other_length, args[2]) : NULL;
    JSValue refusal = other ? JS_NewUint32(ctx, host_file_change(what, path, length, other, other_length)) : JS_EXCEPTION;
    JS_FreeCString(ctx, path);
    JS_FreeCString(ctx, other);
    return refusal;
}
