// The verb *check*: is the code complete? It is compiled and not run. When the parser stops at the end of the text, more may follow.

static bool blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Messages of the parser for what is opened and not closed.
static const char *const unclosed[] = {"unexpected end", "unterminated template", "unterminated comment"};

// The end of the text is where the parser had nothing left to read.
static bool at_end(JSValueConst error) {
    struct place place = place_of(error);
    if (!place.line) return false;
    uint32_t last = request.code.length, line = 1, column = 1, at = 0;
    while (last > 0 && blank(request.code.at[last - 1])) last--;
    while (at < last && line < place.line) line += request.code.at[at++] == '\n';
    while (at < last && column < place.column) column += (request.code.at[at++] & 0xc0) != 0x80;
    return at >= last;
}

static uint32_t verdict(void) {
    JSValue code = compile_script_or_module();
    if (!JS_IsException(code)) {
        JS_FreeValue(outside, code);
        return CHECK_COMPLETE;
    }
    JSValue error = JS_GetException(outside);
    uint32_t result = CHECK_WRONG;
    if (is_syntax_error(error)) {
        if (at_end(error)) result = CHECK_INCOMPLETE;
        JSValue message = JS_GetPropertyStr(outside, error, "message");
        const char *text = JS_ToCString(outside, message);
        for (size_t i = 0; text && i < countof(unclosed); i++) {
            if (strcasestr(text, unclosed[i])) result = CHECK_INCOMPLETE;
        }
        JS_FreeCString(outside, text);
        JS_FreeValue(outside, message);
    }
    JS_FreeValue(outside, error);
    return result;
}

static void check(void) { report_u32(FIELD_CHECK, verdict()); }
