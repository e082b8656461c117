// Errors as Node has them: a `code`, and for files `errno`, `syscall` and `path` as well. Made in the realm of the code, so that it finds its own Error.
(function (host, glue, global) {
  'use strict';

  const { Error, TypeError, RangeError, SyntaxError } = global;
  const { assign } = Object;
  const BASES = { Error, TypeError, RangeError, SyntaxError };
  const OUTSIDE_MOUNTS = 'files can be changed in /tmp, /work, /output and in mounts that are rw or cow';

  // The host's numbers (of WASI's preview 1): Node's code, its number and its words; and what else is worth knowing.
  const FILE = {
    2: ['EACCES', -13, 'permission denied', 'the name is protected, or the machine does not allow it'],
    8: ['EBADF', -9, 'bad file descriptor'],
    10: ['EBUSY', -16, 'resource busy or locked', 'a directory of the machine is mounted there'],
    20: ['EEXIST', -17, 'file already exists'],
    22: ['EFBIG', -27, 'file too large'],
    25: ['EILSEQ', -84, 'illegal byte sequence'],
    28: ['EINVAL', -22, 'invalid argument'],
    29: ['EIO', -5, 'i/o error'],
    31: ['EISDIR', -21, 'illegal operation on a directory'],
    32: ['ELOOP', -40, 'too many symbolic links encountered'],
    33: ['EMFILE', -24, 'too many open files'],
    34: ['EMLINK', -31, 'too many links', 'the file has other names, which may lie outside the mounted directory'],
    37: ['ENAMETOOLONG', -36, 'name too long'],
    44: ['ENOENT', -2, 'no such file or directory'],
    51: ['ENOSPC', -28, 'no space left on device', 'the limits files_bytes, files_count, files_depth or memory, or the quota of a mount'],
    54: ['ENOTDIR', -20, 'not a directory'],
    55: ['ENOTEMPTY', -39, 'directory not empty'],
    58: ['ENOTSUP', -95, 'operation not supported'],
    60: ['ENXIO', -6, 'no such device or address', 'it is a pipe, a socket or a device'],
    61: ['EOVERFLOW', -75, 'value too large for defined data type'],
    63: ['EPERM', -1, 'operation not permitted'],
    69: ['EROFS', -30, 'read-only file system', OUTSIDE_MOUNTS],
    70: ['ESPIPE', -29, 'invalid seek'],
    72: ['ESTALE', -116, 'stale file handle', 'it was changed on the machine meanwhile'],
    75: ['EXDEV', -18, 'cross-device link not permitted', 'it would cross from one mount to another'],
    76: ['EACCES', -13, 'permission denied', 'it leads out of the mounted directory'],
  };

  glue.failure = (base, code, message) => {
    const error = new (BASES[base] ?? Error)(message);
    error.code = code;
    return error;
  };

  glue.fileFailure = (number, syscall, path, dest) => {
    const [code, errno, words, hint] = FILE[number] ?? ['EIO', -5, `unknown error ${number}`];
    const places = `'${path}'${dest === undefined ? '' : ` -> '${dest}'`}`;
    const error = new Error(`${code}: ${words}, ${syscall} ${places}${hint ? ` (${hint})` : ''}`);
    assign(error, { errno, code, syscall, path });
    if (dest !== undefined) error.dest = dest;
    return error;
  };
})
