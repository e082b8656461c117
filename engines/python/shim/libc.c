// Where the interpreter must part from the compiler's libc.

#include "shim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void fault(const char *what) { host_fault(what, strlen(what)); }

// `os.abort()` and the interpreter's fatal errors end here, after it has said why on standard error.
void abort(void) { fault("abort"); }

// bzip2 built without the C library's streams reports broken invariants here.
void bz_internal_error(int code);
void bz_internal_error(int code) {
    (void)code;
    fault("bzip2 is broken");
}
