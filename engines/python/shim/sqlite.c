// Locks of SQLite. Without those of the system it locks by making files, which cannot be shared: a second connection to a database could
// not even read. All connections of a session are in one process, where SQLite keeps account of who holds what itself.

#include "shim.h"

#include "sqlite3.h"

#include <fcntl.h>
#include <stdarg.h>

// What SQLite calls them by where the system has no names for them.
enum { UNLOCKED = 2, GET_LOCK = 12, SET_LOCK = 13 };

// Nobody outside of this process holds a lock.
static int control(int fd, int command, ...) {
    va_list list;
    va_start(list, command);
    int result = 0;
    switch (command) {
    case SET_LOCK: break;
    case GET_LOCK: va_arg(list, struct flock *)->l_type = UNLOCKED; break;
    default: result = fcntl(fd, command, va_arg(list, int));
    }
    va_end(list);
    return result;
}

void sqlite_prepare_locks(void) {
    sqlite3_vfs *files = sqlite3_vfs_find("unix");
    if (!files || files->xSetSystemCall(files, "fcntl", (sqlite3_syscall_ptr)control) || sqlite3_vfs_register(files, 1))
        fault("SQLite is not as it was");
}
