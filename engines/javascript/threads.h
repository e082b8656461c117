// Locks for `Atomics`, in a world with one thread: there is nobody to wait for, and `Atomics.wait` says that it cannot block.

#include <stdbool.h>
#include <stdint.h>

typedef struct { bool done; } js_once_t;
typedef struct { char none; } js_mutex_t;
typedef struct { char none; } js_cond_t;

#define JS_ONCE_INIT {false}

static void js_once(js_once_t *guard, void (*callback)(void)) {
    if (!guard->done) callback();
    guard->done = true;
}

static void js_mutex_init(js_mutex_t *mutex) { (void)mutex; }
static void js_mutex_lock(js_mutex_t *mutex) { (void)mutex; }
static void js_mutex_unlock(js_mutex_t *mutex) { (void)mutex; }

static void js_cond_init(js_cond_t *cond) { (void)cond; }
static void js_cond_destroy(js_cond_t *cond) { (void)cond; }
static void js_cond_signal(js_cond_t *cond) { (void)cond; }
static void js_cond_wait(js_cond_t *cond, js_mutex_t *mutex) { (void)cond, (void)mutex; }
static int js_cond_timedwait(js_cond_t *cond, js_mutex_t *mutex, uint64_t timeout) { (void)cond, (void)mutex, (void)timeout; return -1; }
