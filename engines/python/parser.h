// Included before the interpreter's parser, and only there. The parser allows itself a third less depth on WASI than elsewhere, for the sake
// of hosts with a smaller stack than ours; then brackets could not be nested as deep as the language says.

#include "pegen.h"
#undef __wasi__
