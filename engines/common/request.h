// Reading a request: see "The request" in `engines/abi.md`.

#ifndef BELLJAR_REQUEST_H
#define BELLJAR_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "host.h"

// A piece of the request. Not terminated by a zero.
struct bytes {
    uint8_t *at;
    uint32_t length;
};

// The fields that may be sent once.
struct request {
    uint32_t verb;
    struct bytes seed, name, code;
    uint32_t cursor;
    uint32_t value_bytes, value_depth;
    uint32_t flags;
    struct bytes tools;
    struct bytes all;  // for walking over the fields that may repeat
};

static uint32_t read_u32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

// Takes the next field off `rest`. Returns false at the end, and leaves `rest` not empty when the end is not where it should be.
static bool next_field(struct bytes *rest, uint32_t *tag, struct bytes *field) {
    if (rest->length < 8) return false;
    uint32_t length = read_u32(rest->at + 4);
    if (length > rest->length - 8) return false;
    *tag = read_u32(rest->at);
    *field = (struct bytes){rest->at + 8, length};
    rest->at += 8 + length;
    rest->length -= 8 + length;
    return true;
}

static bool read_request(uint8_t *buffer, uint32_t length, struct request *request) {
    *request = (struct request){.value_bytes = 64 * 1024, .value_depth = 16, .all = {buffer, length}};
    struct bytes rest = request->all, field;
    uint32_t tag;
    while (next_field(&rest, &tag, &field)) {
        bool word = field.length == 4;
        switch (tag) {
        case TAG_VERB:
            if (!word) return false;
            request->verb = read_u32(field.at);
            break;
        case TAG_SEED:
            if (field.length != 32) return false;
            request->seed = field;
            break;
        case TAG_NAME: request->name = field; break;
        case TAG_CODE: request->code = field; break;
        case TAG_CURSOR:
            if (!word) return false;
            request->cursor = read_u32(field.at);
            break;
        case TAG_VALUE_LIMIT:
            if (field.length != 8) return false;
            request->value_bytes = read_u32(field.at);
            request->value_depth = read_u32(field.at + 4);
            break;
        case TAG_FLAGS:
            if (!word) return false;
            request->flags = read_u32(field.at);
            break;
        case TAG_TOOLS: request->tools = field; break;
        case TAG_ARGUMENT:
        case TAG_ENVIRONMENT:
        case TAG_INPUT: break;
        default: return false;
        }
    }
    return rest.length == 0;
}

static void report_text(uint32_t field, const char *text) { host_report(field, text, strlen(text)); }
static void report_u32(uint32_t field, uint32_t value) { host_report(field, &value, sizeof value); }

#endif
