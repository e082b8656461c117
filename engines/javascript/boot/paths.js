// node:path, of the kind with slashes.
(function (host, glue, global) {
  'use strict';

  function checked(value, name) {
    if (typeof value === 'string') return value;
    throw glue.failure('TypeError', 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be of type string, and is ${value === null ? 'null' : typeof value}`);
  }

  // Names without `.` and `..`. Those at the beginning stay, unless it begins at the root.
  function cleaned(path, absolute) {
    const names = [];
    for (const name of path.split('/')) {
      if (name === '' || name === '.') continue;
      if (name !== '..') names.push(name);
      else if (names.length && names.at(-1) !== '..') names.pop();
      else if (!absolute) names.push(name);
    }
    return names;
  }

  function normalize(path) {
    checked(path, 'path');
    if (path === '') return '.';
    const absolute = path.startsWith('/');
    const names = cleaned(path, absolute);
    const end = path.endsWith('/') && names.length ? '/' : '';
    const text = names.join('/') + end;
    return absolute ? `/${text}` : text || (path.endsWith('/') ? './' : '.');
  }

  function join(...parts) {
    const path = parts.filter((part) => checked(part, 'path') !== '').join('/');
    return path === '' ? '.' : normalize(path);
  }

  function resolve(...parts) {
    let path = '';
    for (let at = parts.length - 1; at >= 0 && !path.startsWith('/'); at--) {
      const part = checked(parts[at], `paths[${at}]`);
      if (part !== '') path = path === '' ? part : `${part}/${path}`;
    }
    if (!path.startsWith('/')) path = `${glue.process.cwd()}/${path}`;
    return `/${cleaned(path, true).join('/')}`;
  }

  function relative(from, to) {
    const [start, end] = [resolve(checked(from, 'from')), resolve(checked(to, 'to'))].map((path) => path.split('/').filter(Boolean));
    let same = 0;
    while (same < start.length && same < end.length && start[same] === end[same]) same++;
    return [...start.slice(same).map(() => '..'), ...end.slice(same)].join('/');
  }

  const trimmed = (path) => path.replace(/(?<=[^/])\/+$/, '');

  function dirname(path) {
    const end = trimmed(checked(path, 'path')).lastIndexOf('/');
    if (end < 1) return path.startsWith('/') ? '/' : '.';
    return end === 1 && path.startsWith('/') ? '//' : path.slice(0, end);
  }

  function basename(path, suffix = '') {
    const text = trimmed(checked(path, 'path'));
    const name = text.slice(text.lastIndexOf('/') + 1);
    if (checked(suffix, 'suffix') === path) return '';
    return name !== suffix && suffix !== '' && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
  }

  function extname(path) {
    const name = basename(path);
    const dot = name.lastIndexOf('.');
    return dot <= 0 || name === '..' ? '' : name.slice(dot);
  }

  function parse(path) {
    const base = basename(path);
    const ext = extname(path);
    const root = path.startsWith('/') ? '/' : '';
    const above = dirname(path);
    return { root, dir: above === '.' && !/^\.\//.test(path) ? '' : above, base, ext, name: ext ? base.slice(0, -ext.length) : base };
  }

  function format({ root = '', dir, base, name = '', ext = '' }) {
    const last = base ?? name + (ext && !ext.startsWith('.') ? `.${ext}` : ext);
    const folder = dir ?? root;
    if (!folder) return last;
    return folder === root ? folder + last : `${folder}/${last}`;
  }

  function isAbsolute(path) { return checked(path, 'path').startsWith('/'); }
  function toNamespacedPath(path) { return path; }

  const path = { sep: '/', delimiter: ':', basename, dirname, extname, format, isAbsolute, join, normalize, parse, relative, resolve, toNamespacedPath };
  path.posix = path;
  glue.path = path;
})
