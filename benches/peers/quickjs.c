// Native QuickJS-ng, from the same sources as our engine: the protocol of benches/README.md. It parses asks with its own JSON.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "quickjs.h"

static JSContext *control;
static JSValue ask;

static long long now_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// Text that lives as long as the process: asks are few.
static const char *text(const char *field) {
    return JS_ToCString(control, JS_GetPropertyStr(control, ask, field));
}

static int number(const char *field) {
    int value = 0;
    JS_ToInt32(control, &value, JS_GetPropertyStr(control, ask, field));
    return value;
}

static JSContext *open_session(void) {
    JSRuntime *runtime = JS_NewRuntime();
    JS_SetMaxStackSize(runtime, 4 << 20);
    return JS_NewContext(runtime);
}

static void close_session(JSContext *session) {
    JSRuntime *runtime = JS_GetRuntime(session);
    JS_FreeContext(session);
    JS_FreeRuntime(runtime);
}

// Whether the code's value is `expect`; anything will do if that is null.
static int run(JSContext *session, const char *code, const char *expect) {
    JSValue value = JS_Eval(session, code, strlen(code), "main.js", JS_EVAL_TYPE_GLOBAL);
    if (JS_IsException(value)) return 0;
    const char *answer = JS_ToCString(session, value);
    int right = !expect || (answer && !strcmp(answer, expect));
    JS_FreeCString(session, answer);
    JS_FreeValue(session, value);
    return right;
}

static void print_samples(const char *name, const long long *samples, int count) {
    printf("\"%s\":[", name);
    for (int i = 0; i < count; i++) printf(i ? ",%lld" : "%lld", samples[i]);
    printf("]");
}

static int fresh(int count, long long *samples) {
    JSValue codes = JS_GetPropertyStr(control, ask, "codes");
    const char *code[16], *expect = text("expect");
    int lines = 0;
    JS_ToInt32(control, &lines, JS_GetPropertyStr(control, codes, "length"));
    if (lines > 16) return 0;
    for (int i = 0; i < lines; i++) code[i] = JS_ToCString(control, JS_GetPropertyUint32(control, codes, i));
    for (int i = 0; i < count; i++) {
        long long begun = now_ns(CLOCK_MONOTONIC);
        JSContext *session = open_session();
        int right = 1;
        for (int k = 0; k < lines; k++) right &= run(session, code[k], k + 1 == lines ? expect : NULL);
        close_session(session);
        samples[i] = now_ns(CLOCK_MONOTONIC) - begun;
        if (!right) return 0;
    }
    return 1;
}

static int step(int count, long long *samples) {
    JSContext *session = open_session();
    const char *code = text("code"), *expect = text("expect");
    int right = run(session, text("setup"), NULL);
    for (int i = 0; i < count && right; i++) {
        long long begun = now_ns(CLOCK_MONOTONIC);
        right = run(session, code, expect);
        samples[i] = now_ns(CLOCK_MONOTONIC) - begun;
    }
    close_session(session);
    return right;
}

static int cpu(long long *wall, long long *used) {
    JSContext *session = open_session();
    const char *code = text("code"), *expect = text("expect");
    *wall = now_ns(CLOCK_MONOTONIC), *used = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    int right = run(session, code, expect);
    *used = now_ns(CLOCK_PROCESS_CPUTIME_ID) - *used, *wall = now_ns(CLOCK_MONOTONIC) - *wall;
    close_session(session);
    return right;
}

static void answer(void) {
    const char *what = text("do");
    if (!strcmp(what, "hello")) {
        printf("{\"version\":\"%s\",\"offers\":[\"fresh\",\"step\",\"cpu\"]}\n", JS_GetVersion());
        return;
    }
    int count = number("count"), right = 0;
    count = count < 1 ? 1 : count;
    long long *samples = calloc(count, sizeof *samples), used = 0;
    if (!strcmp(what, "fresh")) right = fresh(count, samples);
    if (!strcmp(what, "step")) right = step(count, samples);
    if (!strcmp(what, "cpu")) right = cpu(samples, &used);
    if (right) {
        printf("{");
        print_samples("ns", samples, !strcmp(what, "cpu") ? 1 : count);
        if (used) printf(","), print_samples("cpu_ns", &used, 1);
        printf("}\n");
    } else {
        printf("{\"error\":\"wrong answer, or an exception\"}\n");
    }
    free(samples);
}

int main(void) {
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    control = JS_NewContext(JS_NewRuntime());
    while ((length = getline(&line, &size, stdin)) > 0) {
        ask = JS_ParseJSON(control, line, length, "ask");
        answer();
        fflush(stdout);
    }
    return 0;
}
