// Gives libc functions that would ask an operating system names of our own, before any header declares them: `libc.c` defines these. (Defining
// them under their real names does not do: zig's linker puts its libc first.)

#ifndef BELLJAR_LIBC_H
#define BELLJAR_LIBC_H

#define clock_gettime belljar_clock_gettime
#define gettimeofday belljar_gettimeofday
#define localtime_r belljar_localtime_r
#define abort belljar_abort
#define __assert_fail belljar_assert_fail
#define vsnprintf belljar_vsnprintf
#define snprintf belljar_snprintf
#define printf belljar_printf
#define fprintf belljar_fprintf
#define vfprintf belljar_vfprintf
#define puts belljar_puts
#define putchar belljar_putchar
#define fputc belljar_fputc
#define putc belljar_putc
#define fputs belljar_fputs
#define fwrite belljar_fwrite

#endif
