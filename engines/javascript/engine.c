// The QuickJS-ng engine, as one translation unit: the language first, then our side of the contract. One unit, because the shim reaches
// into the runtime where its interface has no door: the stack limit, the state of Math.random, the job queue, the declared names.

#include "libc.h"
#include "numbers.h"
#include "stack.h"

#include "quickjs.c"
#include "dtoa.c"
#include "libunicode.c"
#include "libregexp.c"

#include "malloc.c"
#include "libc.c"

#include "host.h"
#include "request.h"

#include "state.c"
#include "timers.c"
#include "operations.c"
#include "text.c"
#include "digest.c"
#include "files.c"
#include "types.c"
#include "rejections.c"
#include "modules.c"
#include "natives.c"
#include "run.c"
#include "check.c"
#include "shim.c"
