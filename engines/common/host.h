// What the host offers an engine: the imports of `engines/abi.md`, and the numbers that the contract names.

#ifndef BELLJAR_HOST_H
#define BELLJAR_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#define HOST(name) __attribute__((import_module("belljar"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

HOST("output") void host_output(uint32_t stream, const void *bytes, size_t length);
HOST("input") size_t host_input(void *bytes, size_t length);
HOST("report") void host_report(uint32_t field, const void *bytes, size_t length);
HOST("clock") int64_t host_clock(uint32_t which);
HOST("sleep") void host_sleep(int64_t nanoseconds);
HOST("random") void host_random(void *bytes, size_t length);
HOST("exit") noreturn void host_exit(int32_t code);
HOST("fault") noreturn void host_fault(const void *text, size_t length);
HOST("begin") uint32_t host_begin(uint32_t kind, const void *bytes, size_t length);
HOST("wait") uint32_t host_wait(uint32_t id, int64_t nanoseconds);
HOST("take") int32_t host_take(uint32_t id, void *bytes, size_t length);
HOST("drop") void host_drop(uint32_t id);
HOST("try") uint32_t host_try(uint32_t function, uint32_t argument);
HOST("throw") noreturn void host_throw(void);

enum stream { STDOUT = 1, STDERR = 2 };
enum clock { CLOCK_UTC = 0, CLOCK_MONOTONIC_SESSION = 1, CLOCK_CPU = 2 };
enum verb { VERB_RUN = 1, VERB_COMPLETE = 2, VERB_CHECK = 3, VERB_RESUME = 4 };
enum check { CHECK_COMPLETE = 1, CHECK_INCOMPLETE = 2, CHECK_WRONG = 3 };

// Tags of the request.
enum tag {
    TAG_VERB = 1,
    TAG_SEED = 2,
    TAG_NAME = 3,
    TAG_CODE = 4,
    TAG_ARGUMENT = 5,
    TAG_ENVIRONMENT = 6,
    TAG_INPUT = 7,
    TAG_CURSOR = 8,
    TAG_VALUE_LIMIT = 9,
    TAG_FLAGS = 10,
    TAG_TOOLS = 11,
};

enum flag { FLAG_MODULE = 1, FLAG_SOURCE_LINES = 2 };

// Fields of a report.
enum field {
    FIELD_VALUE_JSON = 1,
    FIELD_VALUE_REPR = 2,
    FIELD_VALUE_TYPE = 3,
    FIELD_ERROR_TYPE = 4,
    FIELD_ERROR_MESSAGE = 5,
    FIELD_ERROR_TRACEBACK = 6,
    FIELD_ERROR_LINE = 7,
    FIELD_EXIT_CODE = 8,
    FIELD_DISPLAY = 9,
    FIELD_COMPLETION = 10,
    FIELD_COMPLETION_START = 11,
    FIELD_CHECK = 12,
    FIELD_MEMORY_ERROR = 13,
    FIELD_ERROR_COLUMN = 14,
    FIELD_SUSPENDED = 15,
    FIELD_NOT_IMPORTED = 16,
};

#endif
