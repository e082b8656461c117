// Packages: what their package.json says about where a specifier leads, by Node's algorithm (its documentation, "Resolution algorithm").
(function (host, glue, outer) {
  'use strict';

  const { fileKind, fileRead, runNumber } = host;
  const { hasOwn } = Object;
  const { isArray } = Array;
  const DIRECTORY = 3;
  const FILE = 4;
  // What a package may ask for. It is not Node that it runs in: `node` comes last, for packages that have nothing else.
  const CONDITIONS = { import: ['import', 'module-sync', 'default'], require: ['require', 'module-sync', 'default'] };
  const PERCENT = /%2f|%5c/i;
  const BAD_SEGMENT = /(^|\/|\\)(\.\.?|node_modules|)(\/|\\|$)/i;

  const isFile = (path) => fileKind(path, true) === FILE;
  const isDirectory = (path) => fileKind(path, true) === DIRECTORY;
  const isObject = (value) => value !== null && typeof value === 'object' && !isArray(value);

  function dirname(path) {
    const slash = path.lastIndexOf('/');
    return slash > 0 ? path.slice(0, slash) : '/';
  }

  // Below a directory: the root ends in a slash itself.
  const join = (directory, name) => (directory === '/' ? `/${name}` : `${directory}/${name}`);

  // A path without `.`, `..` and double slashes.
  function normal(path) {
    const names = [];
    for (const name of path.split('/')) {
      if (name === '..') names.pop();
      else if (name !== '' && name !== '.') names.push(name);
    }
    return `/${names.join('/')}`;
  }

  // package.json files, kept for the length of one run: another run may find others.
  let kept = new Map();
  let run = -1;

  function readPackage(directory) {
    if (run !== runNumber()) [run, kept] = [runNumber(), new Map()];
    if (kept.has(directory)) return kept.get(directory);
    const path = join(directory, 'package.json');
    const text = isFile(path) ? fileRead(path, true) : null;
    const found = typeof text === 'string' ? parsed(path, text, directory) : null;
    kept.set(directory, found);
    return found;
  }

  function parsed(path, text, directory) {
    let json;
    try {
      json = JSON.parse(text);
    } catch (error) {
      throw glue.failure('Error', 'ERR_INVALID_PACKAGE_CONFIG', `Invalid package config ${path}: ${error.message}`);
    }
    const field = (name) => (isObject(json) && hasOwn(json, name) ? json[name] : undefined);
    const text_ = (value) => (typeof value === 'string' ? value : undefined);
    return { directory, path, name: text_(field('name')), main: text_(field('main')), type: text_(field('type')), exports: field('exports') ?? null, imports: field('imports') };
  }

  // The package that a file belongs to: the nearest package.json above it, and none beyond its node_modules.
  function scopeOf(path) {
    for (let here = dirname(path); ; here = dirname(here)) {
      if (here.endsWith('/node_modules')) return null;
      const found = readPackage(here);
      if (found || here === '/') return found;
    }
  }

  function badTarget(scope, key, target, internal, base) {
    const shown = JSON.stringify(target);
    const message = `Invalid "${internal ? 'imports' : 'exports'}" target ${shown} defined for '${key}' in the package config ${scope.path} imported from ${base}`;
    return glue.failure('Error', 'ERR_INVALID_PACKAGE_TARGET', message);
  }

  function badSpecifier(specifier, reason, base) {
    return glue.failure('TypeError', 'ERR_INVALID_MODULE_SPECIFIER', `Invalid module "${specifier}" ${reason} imported from ${base}`);
  }

  function textTarget({ scope, key, match, pattern, internal, base, kind }, target) {
    if (!target.startsWith('./')) {
      const leaves = !internal || target.startsWith('../') || target.startsWith('/') || glue.hasScheme(target) && !target.startsWith('node:');
      if (leaves) throw badTarget(scope, key, target, internal, base);
      return glue.resolveTarget(pattern ? target.replaceAll('*', () => match) : target, join(scope.directory, 'package.json'), kind);
    }
    if (BAD_SEGMENT.test(target.slice(2))) throw badTarget(scope, key, target, internal, base);
    if (pattern && BAD_SEGMENT.test(match)) {
      throw badSpecifier(key.replace('*', () => match), `request is not a valid match in pattern "${key}" for the "${internal ? 'imports' : 'exports'}" resolution of ${scope.path}`, base);
    }
    return normal(join(scope.directory, pattern ? target.replaceAll('*', () => match) : target));
  }

  // What a target comes to: a place; null when it is closed; undefined when none of its conditions holds.
  function targetOf(context, target) {
    if (typeof target === 'string') return textTarget(context, target);
    if (target === null) return null;
    if (isArray(target)) {
      let last = null;
      let problem;
      for (const each of target) {
        try {
          const found = targetOf(context, each);
          if (found === undefined) continue;
          problem = undefined;
          last = found;
          if (found !== null) return found;
        } catch (error) {
          if (error?.code !== 'ERR_INVALID_PACKAGE_TARGET') throw error;
          problem = error;
        }
      }
      if (problem) throw problem;
      return last;
    }
    if (!isObject(target)) throw badTarget(context.scope, context.key, target, context.internal, context.base);
    for (const name of Object.keys(target)) {
      if (`${Number(name)}` === name && Number.isInteger(Number(name))) {
        throw glue.failure('Error', 'ERR_INVALID_PACKAGE_CONFIG', `Invalid package config ${context.scope.path}: "exports" cannot contain numeric property keys`);
      }
    }
    for (const name of Object.keys(target)) {
      if (!context.conditions.includes(name)) continue;
      const found = targetOf(context, target[name]);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  // The longer the part before the star, the better a pattern.
  function byPattern(a, b) {
    const [left, right] = [a.indexOf('*'), b.indexOf('*')];
    return right - left || b.length - a.length;
  }

  // What a key leads to in "exports" or "imports".
  function matched(key, table, context) {
    if (hasOwn(table, key) && !key.includes('*') && !key.endsWith('/')) {
      return targetOf({ ...context, key, match: '', pattern: false }, table[key]);
    }
    for (const pattern of Object.keys(table).filter((name) => name.split('*').length === 2).sort(byPattern)) {
      const [before, after] = pattern.split('*');
      if (key === before || !key.startsWith(before) || key.length < pattern.length || !key.endsWith(after)) continue;
      const match = key.slice(before.length, key.length - after.length);
      return targetOf({ ...context, key: pattern, match, pattern: true }, table[pattern]);
    }
    return null;
  }

  // With the conditions of a kind of import, and then as in Node.
  function found(key, table, context) {
    const conditions = CONDITIONS[context.kind];
    return matched(key, table, { ...context, conditions }) ?? matched(key, table, { ...context, conditions: ['node', ...conditions] });
  }

  function exported(scope, subpath, kind, base) {
    let table = scope.exports;
    const keys = isObject(table) ? Object.keys(table) : [];
    const dotted = keys.filter((key) => key.startsWith('.')).length;
    if (dotted && dotted < keys.length) {
      throw glue.failure('Error', 'ERR_INVALID_PACKAGE_CONFIG', `Invalid package config ${scope.path}: "exports" cannot contain some keys starting with '.' and some not`);
    }
    if (!dotted) table = { '.': table };
    const place = found(subpath, table, { scope, kind, base, internal: false });
    if (place !== null && place !== undefined) return place;
    const what = subpath === '.' ? 'No "exports" main defined' : `Package subpath '${subpath}' is not defined by "exports"`;
    throw glue.failure('Error', 'ERR_PACKAGE_PATH_NOT_EXPORTED', `${what} in ${scope.path} imported from ${base}`);
  }

  function imported(specifier, basePath, kind) {
    if (specifier === '#' || specifier.startsWith('#/')) throw badSpecifier(specifier, 'is not a valid internal imports specifier name', basePath);
    const scope = scopeOf(basePath);
    const place = scope && isObject(scope.imports) && found(specifier, scope.imports, { scope, kind, base: basePath, internal: true });
    if (place !== null && place !== undefined && place !== false) return place;
    const where = scope ? ` in package ${scope.path}` : '';
    throw glue.failure('TypeError', 'ERR_PACKAGE_IMPORT_NOT_DEFINED', `Package import specifier "${specifier}" is not defined${where} imported from ${basePath}`);
  }

  // [name of the package, './...' or '.']
  function split(specifier, base) {
    const at = specifier.startsWith('@') ? specifier.indexOf('/', specifier.indexOf('/') + 1) : specifier.indexOf('/');
    const name = at < 0 ? specifier : specifier.slice(0, at);
    const scoped = !specifier.startsWith('@') || specifier.includes('/');
    if (name === '' || !scoped || name.startsWith('.') || /[\\%]/.test(name)) throw badSpecifier(specifier, 'is not a valid package name', base);
    const subpath = at < 0 ? '.' : `.${specifier.slice(at)}`;
    return [name, subpath];
  }

  const firstFile = (path, endings) => endings.map((ending) => path + ending).find(isFile);

  // A directory as CommonJS finds it, and the main file of a package without "exports".
  function mainOf(directory) {
    const main = readPackage(directory)?.main;
    if (main !== undefined) {
      const path = normal(join(directory, main));
      const file = firstFile(path, ['', '.js', '.json']) ?? firstFile(join(path, 'index'), ['.js', '.json']);
      if (file) return file;
    }
    return firstFile(join(directory, 'index'), ['.js', '.json']);
  }

  // A path as CommonJS finds it: a file, with an ending or without, or a directory.
  function loosely(path, isFolder) {
    return (isFolder ? undefined : firstFile(path, ['', '.js', '.json'])) ?? (isDirectory(path) ? mainOf(path) : undefined);
  }

  // The place of a bare specifier in the node_modules above a file; undefined when no package has that name.
  function inPackages(specifier, base, basePath, kind) {
    const [name, subpath] = split(specifier, base);
    const own = scopeOf(basePath);
    if (own && own.exports !== null && own.name === name) return exported(own, subpath, kind, base);
    for (let here = dirname(basePath); ; here = dirname(here)) {
      const directory = here.endsWith('/node_modules') ? undefined : join(join(here, 'node_modules'), name);
      if (directory !== undefined && isDirectory(directory)) {
        const scope = readPackage(directory);
        if (scope && scope.exports !== null) return exported(scope, subpath, kind, base);
        const place = subpath === '.' ? mainOf(directory) : kind === 'require' ? loosely(normal(join(directory, subpath)), subpath.endsWith('/')) : normal(join(directory, subpath));
        if (place !== undefined) return place;
        if (kind === 'import') return join(directory, 'index.js');
      } else if (directory !== undefined && subpath === '.' && kind === 'require') {
        const file = firstFile(directory, ['.js', '.json']);
        if (file) return file;
      }
      if (here === '/') return undefined;
    }
  }

  glue.packages = { isFile, isDirectory, dirname, join, normal, scopeOf, imported, inPackages, loosely, firstFile, PERCENT, badSpecifier };
})
