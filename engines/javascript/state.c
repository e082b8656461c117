// What the engine knows between requests. All of it is frozen into the image, so it says nothing about any one session at first.

// Collecting touches every object, and so every page of the image. A short run should never do it.
#define GC_THRESHOLD_ABOVE_IMAGE (4 * 1024 * 1024)

static JSRuntime *rt;
static JSContext *outside;  // the realm of the user's code
static JSContext *inside;   // the realm of our own: no change to Array.prototype out there is seen here

// Functions of the inner realm that the shim calls.
static struct {
    JSValue value;     // (value, bytes, depth): reports a value
    JSValue error;     // (error): reports an error
    JSValue complete;  // (text): reports completions at its end
    JSValue tools;     // (text): makes the session's tools known
    JSValue process;   // the object `process`, whatever the global of that name is now
    JSValue resolve;   // (specifier, base) -> the path that a specifier leads to
    JSValue load;      // (path, attributes) -> the text of a module, or [names, values] of what it exports
    JSValue describe;  // (meta, name): fills an `import.meta`
} glue;

static struct request request;      // the request being served
static uint32_t run_number;         // counts requests; what is cached for one run compares it
static uint32_t stop;               // set by the host through the stop table
static bool exiting;                // the code asked to exit; it is being unwound
static int32_t exit_code;

// Promises that were rejected and that nobody has handled.
// Set when all that is left waits for the caller of the run.
static bool suspended;

static JSValue *unhandled;
static uint32_t unhandled_count, unhandled_room;

// A function for boot files.
#define NATIVE(name) static JSValue name(JSContext *ctx, JSValueConst this, int count, JSValueConst *args)
#define UNUSED (void)ctx, (void)this, (void)count, (void)args

static bool stopping(void) { return *(volatile uint32_t *)&stop != 0 || exiting; }

static int on_interrupt(JSRuntime *runtime, void *opaque) {
    (void)runtime, (void)opaque;
    return stopping();
}
