// Takes the place of libc's header. The parser's one `setjmp` becomes a call of the host's `try` (the recipe moves what it guards into a
// function of its own), and its one `longjmp` the host's `throw`.

#ifndef BELLJAR_SETJMP_H
#define BELLJAR_SETJMP_H

#include "host.h"

typedef char jmp_buf[1];

#define longjmp(environment, value) host_throw()

// Runs `body(argument)`. True when it was left through `longjmp`.
#define belljar_try(body, argument) (host_try((uint32_t)(uintptr_t)(body), (uint32_t)(uintptr_t)(argument)) != 0)

#endif
