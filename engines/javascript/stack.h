// How deep code may recurse. The language checks its recursion by the shadow stack (the one in memory), but what runs out first is the host's own
// stack, of which code takes different amounts for each byte of the shadow stack. So there are several lines, found by trying: with a host stack of
// 8 MiB for WebAssembly (`max_wasm_stack`) every case of a ladder of some sixty ends in a RangeError.

#ifndef BELLJAR_STACK_H
#define BELLJAR_STACK_H

// What functions that do not check may need below the lowest line. STACK_BYTES, the whole, comes from the recipe.
#define STACK_RESERVE (192 * 1024)
#define STACK_USABLE (STACK_BYTES - STACK_RESERVE)

// Functions of the user may use it all: some ten thousand deep. Recursion inside the language (JSON, proxies, flattening, resuming) uses little of
// it for much of the host's; the parser still less. These numbers are what is *not* for them.
#define STACK_LIGHT (STACK_USABLE - 768 * 1024)
#define STACK_PARSER (STACK_USABLE - 384 * 1024)

// JSON.stringify takes the most of the host's, and a chain of bound functions a little more than functions of the user do.
#define STACK_STRINGIFY (STACK_USABLE - 256 * 1024)
#define STACK_BOUND (STACK_USABLE - 1536 * 1024)

#endif
