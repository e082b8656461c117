// node:fs: files, read and written whole. Each function is there by its name with Sync, as one that calls back, and in `promises`.
(function (host, glue, global) {
  'use strict';

  const { fileStat, fileRead, fileWrite, fileList, fileLink, fileChange, encodeUtf8, decodeUtf8 } = host;
  const { apply } = Reflect;
  const KIND = { character: 2, directory: 3, file: 4, link: 7 };
  const MODE = { 2: 0o020666, 3: 0o040755, 4: 0o100644, 7: 0o120777 };
  const WRITE = { w: 0, a: 1, wx: 2, ax: 2 };
  const MAKE = { directory: 1, link: 5 };
  const REMOVE = { file: 2, directory: 3 };
  const RENAME = 4;
  const NOT_THERE = 44;
  const EXISTS = 20;
  const NOT_A_DIRECTORY = 54;
  const constants = { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, COPYFILE_EXCL: 1, COPYFILE_FICLONE: 2, COPYFILE_FICLONE_FORCE: 4 };

  // A refusal of the host is a number.
  function done(result, syscall, path, dest) {
    if (typeof result === 'number' && result !== 0) throw glue.fileFailure(result, syscall, path, dest);
    return result;
  }

  function wrong(name, expected, value) {
    const shown = value === null ? 'null' : typeof value;
    return glue.failure('TypeError', 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${expected}, and is ${shown}`);
  }

  // A path as it was given, as text.
  function textOf(path, name = 'path') {
    let text = path;
    if (path instanceof URL) text = glue.fileURLToPath(path);
    else if (path instanceof Uint8Array) text = decodeUtf8(path, false);
    if (typeof text !== 'string') throw wrong(name, 'a string, a Uint8Array or a URL', path);
    if (!text.includes('\0')) return text;
    throw glue.failure('TypeError', 'ERR_INVALID_ARG_VALUE', `The argument '${name}' must be a string without null bytes`);
  }

  // The same from the root. What is relative begins where the process is.
  const full = (text) => (text.startsWith('/') || text === '' ? text : `${glue.process.cwd()}/${text}`);

  const ENCODINGS = {
    __proto__: null, utf8: 'utf8', 'utf-8': 'utf8', latin1: 'latin1', binary: 'latin1', base64: 'base64', base64url: 'base64url', hex: 'hex', buffer: undefined,
  };

  function encodingOf(options) {
    const encoding = typeof options === 'string' ? options : options?.encoding;
    if (encoding === undefined || encoding === null) return undefined;
    const name = `${encoding}`.toLowerCase();
    if (name in ENCODINGS) return ENCODINGS[name];
    throw glue.failure('TypeError', 'ERR_INVALID_ARG_VALUE', `The argument 'encoding' is invalid encoding. Received '${encoding}'; there are utf8, latin1, base64, base64url and hex`);
  }

  function decoded(bytes, encoding) {
    switch (encoding) {
      case 'utf8': return decodeUtf8(bytes, false);
      case 'hex': return bytes.toHex();
      case 'base64': return bytes.toBase64();
      case 'base64url': return bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
      case 'latin1': {
        const parts = [];
        for (let at = 0; at < bytes.length; at += 4096) parts.push(apply(String.fromCharCode, undefined, bytes.subarray(at, at + 4096)));
        return parts.join('');
      }
      default: return bytes;
    }
  }

  function encoded(text, encoding) {
    switch (encoding) {
      case 'hex': return Uint8Array.fromHex(text);
      case 'base64': return Uint8Array.fromBase64(text);
      case 'base64url': return Uint8Array.fromBase64(text, { alphabet: 'base64url' });
      case 'latin1': return Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 0xff);
      default: return encodeUtf8(text.toWellFormed());
    }
  }

  function bytesOf(data, encoding) {
    if (typeof data === 'string') return encoded(data, encoding);
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    throw wrong('data', 'a string, a TypedArray or a DataView', data);
  }

  function standardInput() {
    const parts = [];
    let size = 0;
    for (;;) {
      const part = new Uint8Array(65536);
      const count = host.input(part);
      if (count === 0) break;
      parts.push(part.subarray(0, count));
      size += count;
    }
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  function readFileSync(path, options) {
    const encoding = encodingOf(options);
    if (path === 0 || path === '/dev/stdin') return decoded(standardInput(), encoding);
    const text = textOf(path);
    const content = done(fileRead(full(text), encoding === 'utf8'), 'open', text);
    return typeof content === 'string' ? content : decoded(content, encoding);
  }

  function write(path, data, options, flag) {
    const asked = (typeof options === 'object' ? options?.flag : undefined) ?? flag;
    if (!(asked in WRITE)) throw glue.failure('TypeError', 'ERR_INVALID_ARG_VALUE', `The argument 'flags' is invalid. Received '${asked}'; there are w, a, wx and ax`);
    const bytes = bytesOf(data, encodingOf(options));
    if (path === 1 || path === 2) return void host.outputBytes(path, bytes);
    const text = textOf(path);
    done(fileWrite(full(text), bytes, WRITE[asked]), 'open', text);
  }

  function writeFileSync(path, data, options) { write(path, data, options, 'w'); }
  function appendFileSync(path, data, options) { write(path, data, options, 'a'); }

  class Stats {
    constructor([kind, size, dev, ino, atimeMs, mtimeMs, ctimeMs]) {
      Object.assign(this, { dev, mode: MODE[kind] ?? 0, nlink: 1, uid: 0, gid: 0, rdev: 0, blksize: 4096, ino, size, blocks: Math.ceil(size / 512), atimeMs, mtimeMs, ctimeMs, birthtimeMs: ctimeMs });
    }
    get atime() { return new Date(this.atimeMs); }
    get mtime() { return new Date(this.mtimeMs); }
    get ctime() { return new Date(this.ctimeMs); }
    get birthtime() { return new Date(this.birthtimeMs); }
  }

  class Dirent {
    #kind;
    constructor(name, parentPath, kind) {
      this.name = name;
      this.parentPath = parentPath;
      this.#kind = kind;
    }
    static kindOf(entry) { return entry.#kind; }
  }

  const QUESTIONS = { isFile: KIND.file, isDirectory: KIND.directory, isSymbolicLink: KIND.link, isCharacterDevice: KIND.character, isBlockDevice: -1, isFIFO: -1, isSocket: -1 };
  for (const [name, kind] of Object.entries(QUESTIONS)) {
    const value = (ask) => ({ [name]() { return ask(this); } })[name];
    Object.defineProperty(Stats.prototype, name, { value: value((stats) => stats.mode === MODE[kind]), writable: true, configurable: true });
    Object.defineProperty(Dirent.prototype, name, { value: value((entry) => Dirent.kindOf(entry) === kind), writable: true, configurable: true });
  }

  function stat(path, options, follows, syscall) {
    const text = textOf(path);
    const found = fileStat(full(text), follows);
    if ((found === NOT_THERE || found === NOT_A_DIRECTORY) && options?.throwIfNoEntry === false) return undefined;
    return new Stats(done(found, syscall, text));
  }

  function statSync(path, options) { return stat(path, options, true, 'stat'); }
  function lstatSync(path, options) { return stat(path, options, false, 'lstat'); }

  const isDirectory = (path) => host.fileKind(full(path), false) === KIND.directory;

  function existsSync(path) {
    try {
      return host.fileKind(full(textOf(path)), true) !== 0;
    } catch {
      return false;
    }
  }

  function accessSync(path) {
    const text = textOf(path);
    done(fileStat(full(text), true), 'access', text);
  }

  // Entries in order of their names, as [name, kind].
  function entriesOf(path) {
    const list = done(fileList(full(path)), 'scandir', path);
    const entries = [];
    for (let at = 0; at < list.length; at += 2) entries.push([list[at], list[at + 1]]);
    return entries.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  }

  function readdirSync(path, options) {
    const top = textOf(path);
    const { withFileTypes = false, recursive = false } = typeof options === 'object' && options !== null ? options : {};
    const found = [];
    const waiting = [''];
    for (let below; (below = waiting.shift()) !== undefined;) {
      const directory = below === '' ? top : glue.path.join(top, below);
      for (const [name, kind] of entriesOf(directory)) {
        const from = below === '' ? name : `${below}/${name}`;
        found.push(withFileTypes ? new Dirent(name, directory, kind) : from);
        if (recursive && kind === KIND.directory) waiting.push(from);
      }
    }
    return found;
  }

  function mkdirSync(path, options) {
    const text = textOf(path);
    const change = (each) => fileChange(MAKE.directory, full(each), '');
    if (!(typeof options === 'object' && options?.recursive)) return void done(change(text), 'mkdir', text);
    const missing = [];
    for (let here = glue.path.resolve(text); here !== '/' && host.fileKind(here, true) === 0; here = glue.path.dirname(here)) missing.unshift(here);
    if (missing.length === 0 && host.fileKind(full(text), true) !== KIND.directory) done(EXISTS, 'mkdir', text);
    for (const each of missing) done(change(each), 'mkdir', text);
    return missing[0];
  }

  function unlinkSync(path) {
    const text = textOf(path);
    done(fileChange(REMOVE.file, full(text), ''), 'unlink', text);
  }

  function rmdirSync(path) {
    const text = textOf(path);
    done(fileChange(REMOVE.directory, full(text), ''), 'rmdir', text);
  }

  // Removes what lies in a directory, level by level, and then the directory.
  function removeTree(top) {
    const directories = [top];
    for (let at = 0; at < directories.length; at++) {
      for (const [name, kind] of entriesOf(directories[at])) {
        const path = `${directories[at]}/${name}`;
        if (kind === KIND.directory) directories.push(path);
        else unlinkSync(path);
      }
    }
    for (const directory of directories.reverse()) rmdirSync(directory);
  }

  function rmSync(path, { recursive = false, force = false } = {}) {
    const text = textOf(path);
    const found = fileStat(full(text), false);
    if (found === NOT_THERE && force) return;
    done(found, 'rm', text);
    if (!isDirectory(text)) unlinkSync(text);
    else if (recursive) removeTree(text);
    else throw glue.failure('Error', 'ERR_FS_EISDIR', `Path is a directory: rm returned EISDIR (is a directory) ${text}`);
  }

  function renameSync(from, to) {
    const [oldPath, newPath] = [textOf(from, 'oldPath'), textOf(to, 'newPath')];
    done(fileChange(RENAME, full(oldPath), full(newPath)), 'rename', oldPath, newPath);
  }

  function copyFileSync(from, to, mode = 0) {
    const [src, dest] = [textOf(from, 'src'), textOf(to, 'dest')];
    const content = done(fileRead(full(src), false), 'copyfile', src, dest);
    done(fileWrite(full(dest), content, mode & constants.COPYFILE_EXCL ? WRITE.wx : WRITE.w), 'copyfile', src, dest);
  }

  function realpathSync(path) {
    const text = textOf(path);
    done(fileStat(full(text), true), 'realpath', text);
    return glue.realpath(full(text));
  }
  realpathSync.native = realpathSync;

  function symlinkSync(target, path) {
    const [leads, text] = [textOf(target, 'target'), textOf(path)];
    done(fileChange(MAKE.link, full(text), leads), 'symlink', leads, text);
  }

  function readlinkSync(path) {
    const text = textOf(path);
    return done(fileLink(full(text)), 'readlink', text);
  }

  function mkdtempSync(prefix) {
    const random = new Uint8Array(6);
    host.random(random);
    const path = textOf(prefix, 'prefix') + [...random].map((byte) => 'abcdefghijklmnopqrstuvwxyz012345'[byte % 32]).join('');
    mkdirSync(path);
    return path;
  }

  function truncateSync(path, length = 0) {
    const text = textOf(path);
    const content = done(fileRead(full(text), false), 'open', text);
    const kept = new Uint8Array(length);
    kept.set(content.subarray(0, length));
    done(fileWrite(full(text), kept, WRITE.w), 'open', text);
  }

  const SYNC = {
    accessSync, appendFileSync, copyFileSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, realpathSync, renameSync, rmSync, rmdirSync, statSync, symlinkSync, truncateSync, unlinkSync, writeFileSync,
  };
  const ABSENT = [
    'chmod', 'chmodSync', 'close', 'closeSync', 'createReadStream', 'createWriteStream', 'fstat', 'fstatSync', 'link', 'linkSync', 'open', 'openSync', 'opendir', 'opendirSync', 'read', 'readSync', 'utimes', 'utimesSync', 'watch', 'watchFile', 'write', 'writeSync', 'cp', 'cpSync', 'glob', 'globSync',
  ];

  function absent(name) {
    return { [name]() { throw glue.failure('Error', 'ERR_METHOD_NOT_IMPLEMENTED', `fs.${name} is not there in this sandbox: files are read and written whole, by readFile and writeFile`); } }[name];
  }

  function callingBack(name, promised) {
    return { [name](...args) {
      const callback = args.pop();
      if (typeof callback !== 'function') throw wrong('cb', 'a function', callback);
      apply(promised, undefined, args).then((value) => callback(null, value), callback);
    } }[name];
  }

  glue.makeFs = () => {
    const promises = { constants };
    const fs = { constants, Stats, Dirent, existsSync, promises };
    for (const [nameSync, sync] of Object.entries(SYNC)) {
      const name = nameSync.slice(0, -4);
      fs[nameSync] = sync;
      promises[name] = { async [name](...args) { return apply(sync, undefined, args); } }[name];
      fs[name] = callingBack(name, promises[name]);
    }
    for (const name of ABSENT) fs[name] = absent(name);
    return fs;
  };
})
