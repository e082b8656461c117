// What is known of a file. The host knows neither owners nor permissions, and the compiler's libc leaves them 0: archives that are made
// here would then hold files that nobody may read. So every file belongs to the one user, who may read and write it, as others may read it.

#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <wasi/api.h>

#define USER 1000  // as `boot/environment.py` has it

static mode_t mode(__wasi_filetype_t type) {
    switch (type) {
    case __WASI_FILETYPE_DIRECTORY: return S_IFDIR | 0755;
    case __WASI_FILETYPE_REGULAR_FILE: return S_IFREG | 0644;
    case __WASI_FILETYPE_SYMBOLIC_LINK: return S_IFLNK | 0777;
    case __WASI_FILETYPE_CHARACTER_DEVICE: return S_IFCHR | 0620;
    default: return 0;
    }
}

static struct timespec moment(__wasi_timestamp_t time) {
    return (struct timespec){.tv_sec = (time_t)(time / 1000000000), .tv_nsec = (long)(time % 1000000000)};
}

static int fill(__wasi_errno_t error, const __wasi_filestat_t *from, struct stat *to) {
    if (error) {
        errno = error;
        return -1;
    }
    *to = (struct stat){
        .st_dev = from->dev, .st_ino = from->ino, .st_nlink = from->nlink, .st_size = (off_t)from->size,
        .st_mode = mode(from->filetype), .st_uid = USER, .st_gid = USER,
        .st_atim = moment(from->atim), .st_mtim = moment(from->mtim), .st_ctim = moment(from->ctim),
    };
    return 0;
}

int fstat(int fd, struct stat *stat) {
    __wasi_filestat_t known;
    return fill(__wasi_fd_filestat_get(fd, &known), &known, stat);
}

// All functions that take a path end here.
int __wasilibc_nocwd_fstatat(int fd, const char *path, struct stat *stat, int flag) {
    __wasi_lookupflags_t lookup = flag & AT_SYMLINK_NOFOLLOW ? 0 : __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
    __wasi_filestat_t known;
    return fill(__wasi_path_filestat_get(fd, lookup, path, &known), &known, stat);
}
