// CommonJS: `require` and its modules. And what there is of Node's own modules.
(function (host, glue, global) {
  'use strict';

  const { define, evaluate, requireModule } = host;
  const { apply } = Reflect;
  const { parse } = JSON;
  // Modules by the paths of their files, as `require.cache` has them.
  const cache = Object.create(null);

  glue.wrapped = (source) => `(function (exports, require, module, __filename, __dirname) { ${source}\n})`;

  glue.parseJson = (path, text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new SyntaxError(`${path}: ${error.message}`);
    }
  };

  class Module {
    constructor(path) {
      this.id = this.filename = path;
      this.path = glue.path.dirname(path);
      this.exports = {};
      this.loaded = false;
      this.children = [];
    }
  }

  // Runs a file. While it runs, whoever requires it gets what it has exported so far.
  function run(module, source) {
    const path = module.filename;
    cache[path] = module;
    let done = false;
    try {
      const code = evaluate(glue.wrapped(source), path);
      apply(code, module.exports, [module.exports, requireFrom(path, module), module, path, module.path]);
      done = module.loaded = true;
    } finally {
      if (!done) delete cache[path];
    }
  }

  function ofModule(path) {
    const namespace = requireModule(path);
    if (namespace === undefined) {
      throw glue.failure('Error', 'ERR_REQUIRE_ASYNC_MODULE', `require() cannot have the ES module ${path}: it awaits something, or is being run; use import()`);
    }
    return 'module.exports' in namespace ? namespace['module.exports'] : namespace;
  }

  // What a file exports to `require`.
  function exportsOf(path, parent) {
    const known = cache[path];
    if (known) return known.exports;
    glue.know(path);
    const source = glue.sourceOf(path);
    const format = glue.formatOf(path, source);
    if (format === 'module') return ofModule(path);
    const module = new Module(path);
    parent?.children.push(module);
    if (format === 'commonjs') {
      run(module, source);
    } else {
      module.exports = glue.parseJson(path, source);
      cache[path] = module;
    }
    return module.exports;
  }
  glue.requireFile = (path) => exportsOf(path);

  // What `import` finds by name in what a module exports: the own properties of an object or function, as they are now.
  glue.namedExports = (value) => {
    if (value === null || typeof value !== 'object' && typeof value !== 'function' || Array.isArray(value)) return [];
    const found = [];
    for (const name of Object.keys(value)) {
      if (!name.isWellFormed() || name.includes('\0')) continue;
      try {
        found.push([name, value[name]]);
      } catch {
        // A getter that has nothing to give yet.
      }
    }
    return found;
  };

  function checked(specifier) {
    if (typeof specifier === 'string' && specifier !== '') return specifier;
    throw glue.failure('TypeError', 'ERR_INVALID_ARG_TYPE', `The "id" argument of require must be a string with something in it`);
  }

  function requireFrom(path, parent) {
    function require(id) {
      const place = glue.resolveRequired(checked(id), path);
      return place.startsWith('node:') ? glue.builtin(place.slice(5)).default : exportsOf(place, parent);
    }
    require.resolve = function resolve(id) { return glue.resolveRequired(checked(id), path); };
    require.cache = cache;
    require.main = undefined;
    return require;
  }

  glue.resolverFor = (name) => function resolve(specifier) { return glue.resolveToUrl(specifier, name); };

  function fileURLToPath(url) {
    const { protocol, hostname, pathname } = new URL(url);
    if (protocol !== 'file:') throw glue.failure('TypeError', 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
    if (hostname !== '') throw glue.failure('TypeError', 'ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty');
    if (/%2f/i.test(pathname)) throw glue.failure('TypeError', 'ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters');
    return decodeURIComponent(pathname);
  }
  glue.fileURLToPath = fileURLToPath;

  function pathToFileURL(path) {
    const end = path.endsWith('/') && path !== '/' ? '/' : '';
    return new URL(`file://${encodeURI(glue.path.resolve(path) + end).replace(/[?#]/g, encodeURIComponent)}`);
  }

  function createRequire(from) {
    const path = from instanceof URL || /^file:/.test(from) ? fileURLToPath(from) : `${from}`;
    if (!path.startsWith('/')) {
      throw glue.failure('TypeError', 'ERR_INVALID_ARG_VALUE', `The argument 'filename' must be a file URL object, file URL string, or absolute path string. Received ${from}`);
    }
    return requireFrom(path);
  }

  // What each of Node's modules that there are exports, made when it is first asked for.
  const made = Object.create(null);
  const BUILTIN = {
    __proto__: null,
    fs: () => glue.makeFs(),
    'fs/promises': () => glue.builtin('fs').default.promises,
    path: () => glue.path,
    'path/posix': () => glue.path,
    process: () => glue.process,
    module: () => ({ createRequire, builtinModules: Object.keys(BUILTIN), isBuiltin: (name) => `${name}`.replace(/^node:/, '') in BUILTIN }),
    url: () => ({ URL, URLSearchParams, fileURLToPath, pathToFileURL }),
  };
  glue.builtin = (name) => {
    if (!made[name]) {
      const value = BUILTIN[name]();
      made[name] = Object.assign(Object.create(null), value, { default: value });
    }
    return made[name];
  };

  define('require', requireFrom('/work/main.js'));
})
