// The MicroQuickJS engine: the language first, then our side of the contract, as one translation unit. (Its libraries for numbers and text are
// units of their own.)

#include "libc.h"

#include "arena.c"
#include "mquickjs.c"

#include "libc.c"

#include "host.h"
#include "request.h"

#include "text.c"
#include "show.c"
#include "natives.c"
#include "mquickjs_stdlib.h"
#include "shim.c"
