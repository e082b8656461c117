// Modules: where a specifier leads, and what is there. Runs in our own realm, so that nothing the code does to its own is seen here.
(function (host, glue, outer) {
  'use strict';

  const { fileKind, fileLink, fileRead, fileStat, isScript, untype } = host;
  const { isFile, isDirectory, dirname, join, normal, scopeOf, imported, inPackages, loosely, firstFile, PERCENT, badSpecifier } = glue.packages;
  // Where the program is taken to lie, whatever its name on the machine is.
  const PROGRAM = '/work';
  const LINK = 7;
  const LINKS_MAX = 40;
  const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;
  const TYPES = /\.[mc]?ts$/;

  // Every module that was loaded, by its name: the path of its file.
  const loaded = new Map();

  // What there is of Node's own.
  const BUILTIN = ['fs', 'fs/promises', 'path', 'path/posix', 'process', 'module', 'url'];

  // A file that is a module now.
  glue.know = (path) => { loaded.set(path, path); };

  glue.hasScheme = (specifier) => SCHEME.test(specifier);

  // The file that imports. What is no module of a file is the program, or made by it.
  function pathOf(base) {
    return loaded.get(base) ?? `${PROGRAM}/${base.slice(base.lastIndexOf('/') + 1)}`;
  }

  // A path with every symbolic link on the way replaced by where it leads, so that one file is one module.
  function realpath(path) {
    let rest = path.split('/').filter(Boolean);
    let here = '/';
    for (let links = 0; rest.length;) {
      const name = rest.shift();
      if (name === '..') {
        here = dirname(here);
        continue;
      }
      if (name === '.') continue;
      const next = join(here, name);
      if (fileKind(next, false) !== LINK || ++links > LINKS_MAX) {
        here = next;
        continue;
      }
      const target = fileLink(next);
      if (typeof target !== 'string') return path;
      rest = [...target.split('/').filter(Boolean), ...rest];
      if (target.startsWith('/')) here = '/';
    }
    return here;
  }
  glue.realpath = realpath;

  const mounted = (path) => {
    const stat = fileStat(path, true);
    return typeof stat === 'object' && stat[2] > 1;
  };

  // What whoever runs the code could grant, when nothing is mounted where something is looked for.
  function grant(directory) {
    for (let here = directory; here !== '/'; here = dirname(here)) if (mounted(here)) return '';
    if (directory === '/') return '';
    return `; no directory of the machine is mounted at ${directory}: --mount DIR:${directory} lets the code read one there`;
  }

  function missing(path, base, specifier) {
    const other = firstFile(path, ['.js', '.mjs', '.cjs', '.ts', '.mts', '.json']) ?? (/\.[mc]?js$/.test(path) ? firstFile(path.replace(/js$/, 'ts'), ['']) : undefined);
    const ending = other && other.slice(other.lastIndexOf('.'));
    const hint = other ? `; did you mean to import '${specifier.replace(/\.[mc]?js$/, '')}${ending}'?` : grant(dirname(path));
    return glue.failure('Error', 'ERR_MODULE_NOT_FOUND', `Cannot find module '${path}' imported from ${base}${hint}`);
  }

  function missingPackage(name, base, basePath) {
    const known = BUILTIN.includes(name) ? '' : lacking(name);
    if (known) return glue.failure('Error', 'ERR_UNKNOWN_BUILTIN_MODULE', known);
    let place;
    for (let here = dirname(basePath); here !== '/'; here = dirname(here)) if (isDirectory(join(here, 'node_modules'))) place ??= join(here, 'node_modules');
    const hint = place ? `; it is not in ${place}` : `; there is no node_modules: --mount node_modules:${PROGRAM}/node_modules lets the code use the packages in a directory of the machine`;
    return glue.failure('Error', 'ERR_MODULE_NOT_FOUND', `Cannot find package '${name}' imported from ${base}${hint}`);
  }

  // Modules of Node's that this is not, and why.
  const LACKING = {
    __proto__: null,
    'no sockets: use fetch, to the hosts that --allow-net names': ['http', 'https', 'http2', 'net', 'tls', 'dns', 'dgram', 'inspector'],
    'no processes and no threads': ['child_process', 'cluster', 'worker_threads'],
    'files are read and written whole; for streams there is the global ReadableStream': ['stream', 'zlib', 'readline'],
    'there are the globals crypto, URL, TextEncoder, structuredClone, EventTarget and console': ['assert', 'async_hooks', 'buffer', 'console', 'constants', 'crypto', 'diagnostics_channel', 'domain', 'events', 'os', 'perf_hooks', 'punycode', 'querystring', 'repl', 'sqlite', 'string_decoder', 'sys', 'test', 'timers', 'trace_events', 'tty', 'util', 'v8', 'vm', 'wasi'],
  };

  function lacking(specifier) {
    const name = specifier.replace(/^node:/, '');
    for (const reason of Object.keys(LACKING)) {
      if (LACKING[reason].includes(name.split('/')[0])) {
        return `There is no node:${name} in this sandbox (${reason}). Of Node's modules there are ${BUILTIN.map((each) => `node:${each}`).join(', ')}`;
      }
    }
    return '';
  }

  function builtin(specifier) {
    const name = specifier.startsWith('node:') ? specifier.slice(5) : specifier;
    if (BUILTIN.includes(name)) return `node:${name}`;
    if (name === specifier) return undefined;
    const names = BUILTIN.map((each) => `node:${each}`).join(', ');
    throw glue.failure('Error', 'ERR_UNKNOWN_BUILTIN_MODULE', lacking(specifier) || `No such built-in module: ${specifier}; there are ${names}`);
  }

  // A module of Node's, or one of a package.
  function ofPackage(specifier, base, basePath, kind) {
    const own = builtin(specifier);
    if (own) return own;
    const place = inPackages(specifier, base, basePath, kind);
    if (place !== undefined) return place;
    throw missingPackage(specifier.startsWith('@') ? specifier.split('/', 2).join('/') : specifier.split('/', 1)[0], base, basePath);
  }
  glue.resolveTarget = (specifier, basePath, kind) => ofPackage(specifier, basePath, basePath, kind);

  // A specifier that is no path.
  function bare(specifier, base, basePath, kind) {
    return specifier.startsWith('#') ? imported(specifier, basePath, kind) : ofPackage(specifier, base, basePath, kind);
  }

  // [path, what follows it: a query makes another module of the same file]
  function ofUrl(specifier, directory, base) {
    const path = specifier.startsWith('file:') ? specifier.replace(/^file:(\/\/(localhost)?)?/, '') : specifier;
    const end = path.search(/[?#]/);
    const [name, suffix] = end < 0 ? [path, ''] : [path.slice(0, end), path.slice(end)];
    if (PERCENT.test(name)) throw badSpecifier(specifier, 'must not include encoded "/" or "\\" characters', base);
    let decoded;
    try {
      decoded = decodeURIComponent(name);
    } catch {
      throw badSpecifier(specifier, 'is not a valid path', base);
    }
    return [normal(decoded.startsWith('/') ? decoded : join(directory, decoded)), suffix, decoded.endsWith('/')];
  }

  // Whether it is a path, from the root or from a directory.
  const isPath = (specifier) => /^(\/|\.\.?\/)/.test(specifier) || specifier === '.' || specifier === '..';

  // [place, suffix, whether it is named as a directory, who imports] of what `import` asks for, whether or not something is there.
  function placeOf(specifier, base) {
    const basePath = pathOf(base);
    const shown = loaded.has(base) ? base : basePath;
    if (isPath(specifier) || specifier.startsWith('file:')) return [...ofUrl(specifier, dirname(basePath), shown), shown];
    if (glue.hasScheme(specifier) && !specifier.startsWith('node:')) {
      throw glue.failure('Error', 'ERR_UNSUPPORTED_ESM_URL_SCHEME', `Cannot import '${specifier}' from ${shown}: modules come from files; a package of the machine can be mounted (--mount node_modules:${PROGRAM}/node_modules)`);
    }
    return [bare(specifier, shown, basePath, 'import'), '', false, shown];
  }

  // Where `import` leads: the name of a module.
  glue.resolveModule = function resolveModule(specifier, base) {
    const [place, suffix, folder, shown] = placeOf(specifier, base);
    if (place.startsWith('node:')) return place;
    if (folder || isDirectory(place)) {
      const index = firstFile(join(place, 'index'), ['.js', '.mjs', '.ts']);
      const hint = index ? `; did you mean to import '${index}'?` : '';
      throw glue.failure('Error', 'ERR_UNSUPPORTED_DIR_IMPORT', `Directory import '${place}' is not supported imported from ${shown}${hint}`);
    }
    if (!isFile(place)) throw missing(place, shown, specifier);
    const path = realpath(place);
    loaded.set(path + suffix, path);
    return path + suffix;
  };

  // Where `require` leads: a path, or a module of Node's.
  glue.resolveRequired = function resolveRequired(specifier, basePath) {
    if (!isPath(specifier)) {
      const place = bare(specifier, basePath, basePath, 'require');
      if (place.startsWith('node:')) return place;
      if (isFile(place)) return realpath(place);
      throw missing(place, basePath, specifier);
    }
    const path = normal(specifier.startsWith('/') ? specifier : join(dirname(basePath), specifier));
    const place = loosely(path, /(^|\/)\.{0,2}$/.test(specifier) && !isFile(path));
    if (place === undefined) {
      throw glue.failure('Error', 'MODULE_NOT_FOUND', `Cannot find module '${specifier}' required from ${basePath}${grant(dirname(path))}`);
    }
    return realpath(place);
  };

  // 'module', 'commonjs' or 'json', by the name of a file, its package, and in the end its text.
  glue.formatOf = function formatOf(path, source) {
    if (/\.m[jt]s$/.test(path)) return 'module';
    if (/\.c[jt]s$/.test(path)) return 'commonjs';
    if (path.endsWith('.json')) return 'json';
    const ending = /\.[^./]*$/.exec(path)?.[0];
    if (ending !== undefined && ending !== '.js' && ending !== '.ts') {
      throw glue.failure('TypeError', 'ERR_UNKNOWN_FILE_EXTENSION', `Unknown file extension "${ending}" for ${path}`);
    }
    const type = scopeOf(path)?.type;
    if (type === 'module' || type === 'commonjs') return type;
    return /\b(import|export|await)\b/.test(source) && !isScript(glue.wrapped(source)) ? 'module' : 'commonjs';
  };

  function withoutTypes(path, text) {
    const read = untype(path, text);
    if (typeof read === 'string') return read;
    const [name, message] = read[0].split('\n', 2);
    throw glue.failure(name, 'ERR_INVALID_TYPESCRIPT_SYNTAX', message);
  }

  // The text of a module, without the types if it has any.
  glue.sourceOf = function sourceOf(path) {
    let text = fileRead(path, true);
    if (typeof text !== 'string') throw glue.fileFailure(text, 'open', path);
    if (text.startsWith('\ufeff')) text = text.slice(1);
    if (text.startsWith('#!')) text = `//${text.slice(2)}`;
    return TYPES.test(path) ? withoutTypes(path, text) : text;
  };

  const byName = (value) => {
    const names = Object.keys(value);
    return [names, names.map((name) => value[name])];
  };

  // What is exported by a module of CommonJS: all of it as the default, and its own properties by their names.
  function ofCommonJs(path) {
    const value = glue.requireFile(path);
    const named = { __proto__: null, default: value, 'module.exports': value };
    for (const [name, each] of glue.namedExports(value)) if (!(name in named)) named[name] = each;
    return byName(named);
  }

  // The text of an ES module, or [names, values] of what any other exports.
  glue.loadModule = function loadModule(name, attributes) {
    if (name.startsWith('node:')) return byName(glue.builtin(name.slice(5)));
    const path = pathOf(name);
    const wanted = attributes === undefined ? [] : Object.keys(attributes);
    const type = attributes?.type;
    if (wanted.some((key) => key !== 'type') || type !== undefined && type !== 'json') {
      const key = wanted.find((each) => each !== 'type') ?? 'type';
      throw glue.failure('TypeError', 'ERR_IMPORT_ATTRIBUTE_UNSUPPORTED', `Import attribute "${key}" with value "${attributes[key]}" is not supported`);
    }
    const source = glue.sourceOf(path);
    const format = glue.formatOf(path, source);
    if (format === 'json') {
      if (type !== 'json') throw glue.failure('TypeError', 'ERR_IMPORT_ATTRIBUTE_MISSING', `Module "${path}" needs an import attribute of "type: json": import value from '...' with { type: 'json' }`);
      return [['default'], [glue.parseJson(path, source)]];
    }
    if (type === 'json') throw glue.failure('TypeError', 'ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE', `Module "${path}" is not of type "json"`);
    return format === 'module' ? source : ofCommonJs(path);
  };

  const toUrl = (path) => `file://${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}`;

  glue.describeModule = function describeModule(meta, name) {
    const path = pathOf(name);
    meta.dirname = dirname(path);
    meta.filename = path;
    meta.url = toUrl(path) + name.slice(loaded.has(name) ? path.length : name.length);
    meta.main = !loaded.has(name);
    meta.resolve = glue.resolverFor(name);
  };
  // `import.meta.resolve`: a path need not be there.
  glue.resolveToUrl = (specifier, base) => {
    const [place, suffix] = placeOf(`${specifier}`, base);
    return place.startsWith('node:') ? place : toUrl(isFile(place) ? realpath(place) : place) + suffix;
  };
})
