// A bounded piece of text under construction. There is one at a time, in memory that costs nothing until it is written to.

#define TEXT_MOST (256 * 1024)

static char text_buffer[TEXT_MOST];
static struct {
    uint32_t length, most;
    bool full;
} text;

static void text_begin(uint32_t most) {
    text.length = 0;
    text.most = most < TEXT_MOST ? most : TEXT_MOST;
    text.full = false;
}

static void put_bytes(const void *bytes, size_t length) {
    uint32_t room = text.most - text.length;
    if (length > room) {
        text.full = true;
        // Never half a character.
        while (room > 0 && (((const uint8_t *)bytes)[room] & 0xc0) == 0x80) room--;
        length = room;
    }
    memcpy(text_buffer + text.length, bytes, length);
    text.length += length;
}

static void put(const char *characters) { put_bytes(characters, strlen(characters)); }
static void put_char(char c) { put_bytes(&c, 1); }

// The language keeps a lone surrogate as the three bytes that UTF-8 does not allow.
static uint32_t lone_surrogate(const uint8_t *at, uint32_t left) { return left >= 3 && at[0] == 0xed && at[1] >= 0xa0 ? 3 : 0; }

static void put_text(const uint8_t *at, uint32_t length) {
    for (uint32_t i = 0; i < length;) {
        uint32_t from = i;
        while (i < length && !lone_surrogate(at + i, length - i)) i++;
        put_bytes(at + from, i - from);
        if (i < length) put("\xef\xbf\xbd"), i += 3;
    }
}

// Text between quotes, with the escapes that JSON and JavaScript share.
static void put_quoted(const uint8_t *at, uint32_t length, char quote) {
    put_char(quote);
    for (uint32_t i = 0, from = 0; i <= length; i++) {
        uint8_t c = i < length ? at[i] : 0;
        if (i < length && c >= 0x20 && c != quote && c != '\\') continue;
        put_text(at + from, i - from);
        from = i + 1;
        if (i == length) break;
        static const char short_forms[] = "btnvfr";
        if (c == quote || c == '\\') put_char('\\'), put_char((char)c);
        else if (c >= 8 && c <= 13 && !(quote == '"' && c == 11)) put_char('\\'), put_char(short_forms[c - 8]);
        else {
            char escape[8];
            js_snprintf(escape, sizeof escape, quote == '"' ? "\\u%04x" : "\\x%02x", c);
            put(escape);
        }
    }
    put_char(quote);
}

static void put_number(double number) {
    char digits[32];
    JSDTOATempMem memory;
    js_dtoa(digits, number, 10, 0, JS_DTOA_FORMAT_FREE | JS_DTOA_MINUS_ZERO, &memory);
    put(digits);
}

static void text_report(uint32_t field) {
    if (text.full && text.most > 16) {
        text.most += 3 <= TEXT_MOST - text.most ? 3 : 0;
        text.full = false;
        put("...");
    }
    host_report(field, text_buffer, text.length);
}
