// console, as in Node: what informs goes to stdout, what warns to stderr.
(function (host, glue, global) {
  'use strict';

  const STDOUT = 1;
  const STDERR = 2;
  const { print, indent, table } = glue;
  const { apply, defineProperty } = Reflect;
  const counts = new Map();
  const times = new Map();
  const mapGet = Map.prototype.get;
  const mapSet = Map.prototype.set;
  const mapDelete = Map.prototype.delete;
  const get = (map, key) => apply(mapGet, map, [key]);
  const set = (map, key, value) => apply(mapSet, map, [key, value]);
  const now = () => Number(host.clock(1)) / 1e6;

  // Installs a global the way browsers do: there, but not listed.
  host.define = (name, value, target = global) => {
    defineProperty(target, name, { __proto__: null, value, writable: true, enumerable: false, configurable: true });
  };

  function duration(ms) {
    if (ms >= 60000) return `${Math.floor(ms / 60000)}:${(ms % 60000 / 1000).toFixed(3).padStart(6, '0')} (m:ss.mmm)`;
    return ms >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${Number(ms.toFixed(3))}ms`;
  }

  function elapsed(label, rest) {
    const began = get(times, label);
    if (began === undefined) print(STDERR, [`Warning: No such label '${label}'`]);
    else print(STDOUT, [`${label}: ${duration(now() - began)}`, ...rest]);
  }

  const console = {
    log(...args) { print(STDOUT, args); },
    info(...args) { print(STDOUT, args); },
    debug(...args) { print(STDOUT, args); },
    warn(...args) { print(STDERR, args); },
    error(...args) { print(STDERR, args); },
    trace(...args) {
      const { stack } = new Error();
      print(STDERR, ['%s', `Trace${args.length ? `: ${glue.format(args)}` : ''}\n${glue.frames(stack).join('\n')}`]);
    },
    dir(value, options) { print(STDOUT, ['%s', glue.inspect(value, { depth: options?.depth === null ? 100 : options?.depth ?? 2 })]); },
    dirxml(...args) { print(STDOUT, args); },
    table(data, columns) {
      const text = table(data, columns);
      print(STDOUT, text === null ? [data] : ['%s', text]);
    },
    group(...args) {
      if (args.length) print(STDOUT, args);
      indent(true);
    },
    groupCollapsed(...args) { console.group(...args); },
    groupEnd() { indent(false); },
    assert(condition, ...args) {
      if (condition) return;
      if (typeof args[0] === 'string') print(STDERR, [`Assertion failed: ${args[0]}`, ...args.slice(1)]);
      else print(STDERR, args.length ? ['Assertion failed', ...args] : ['Assertion failed']);
    },
    count(label = 'default') {
      const n = (get(counts, `${label}`) ?? 0) + 1;
      set(counts, `${label}`, n);
      print(STDOUT, [`${label}: ${n}`]);
    },
    countReset(label = 'default') { apply(mapDelete, counts, [`${label}`]); },
    time(label = 'default') { set(times, `${label}`, now()); },
    timeLog(label = 'default', ...rest) { elapsed(`${label}`, rest); },
    timeEnd(label = 'default') {
      elapsed(`${label}`, []);
      apply(mapDelete, times, [`${label}`]);
    },
    clear() {},
  };
  Object.defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });
  host.define('console', console);
  host.define('print', (...args) => print(STDOUT, args));
})
