// Completions of a global name or of `object.property`, by looking and never by running: no getter is called, no proxy asked.
(function (host, glue, outer) {
  'use strict';

  const FIELD = { completion: 10, start: 11 };
  const MOST = 200;
  const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
  const KEYWORDS = ('async await break case catch class const continue debugger default delete do else export extends false finally for function if ' +
    'import in instanceof let new null of return static super switch this throw true try typeof undefined var void while with yield').split(' ');
  const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

  // Names on the object and on what it inherits from, nearest first.
  function namesOf(value) {
    const names = new Set();
    let at = value === null || value === undefined ? null : Object(value);
    if (typeof value === 'string') at = outer.String.prototype;
    if (typeof value === 'number') at = outer.Number.prototype;
    if (typeof value === 'boolean') at = outer.Boolean.prototype;
    for (let n = 0; at !== null && n < 20 && host.classOf(at) !== 'Proxy'; n++, at = getPrototypeOf(at)) {
      for (const name of ownKeys(at)) if (typeof name === 'string' && NAME.test(name)) names.add(name);
    }
    return [...names];
  }

  function step(value, name) {
    if (value === null || value === undefined) return undefined;
    let at = typeof value === 'string' ? outer.String.prototype : typeof value === 'number' ? outer.Number.prototype : Object(value);
    for (let n = 0; at !== null && n < 20 && host.classOf(at) !== 'Proxy'; n++, at = getPrototypeOf(at)) {
      const descriptor = getOwnPropertyDescriptor(at, name);
      if (descriptor) return descriptor.value;
    }
    return undefined;
  }

  function start(name) {
    if (host.declaredNames().includes(name)) return host.declared(name);
    if (name === 'globalThis' || name === 'this') return outer;
    return step(outer, name);
  }

  const bytes = (text) => host.encodeUtf8(text.toWellFormed()).length;

  glue.reportCompletions = function reportCompletions(text) {
    const [, path, prefix] = /((?:[\p{ID_Start}$_][\p{ID_Continue}$]*\s*\??\.\s*)*)([\p{ID_Start}$_][\p{ID_Continue}$]*)?$/u.exec(text);
    const word = prefix ?? '';
    const before = text.slice(0, text.length - word.length - path.length);
    let names = [];
    if (path !== '') {
      const [first, ...rest] = path.split('.').slice(0, -1).map((part) => part.replace('?', '').trim());
      names = /[\w$)\]}"'`.]\s*\.?$/.test(before) ? [] : namesOf(rest.reduce(step, start(first)));
    } else if (word !== '' && !/[.]\s*$/.test(before)) names = [...host.declaredNames(), ...namesOf(outer), ...KEYWORDS];
    host.report(FIELD.start, bytes(text) - bytes(word));
    for (const name of [...new Set(names)].filter((n) => n.startsWith(word) && n !== word && (word !== '' || !n.startsWith('__'))).sort().slice(0, MOST)) host.report(FIELD.completion, name);
  };
})
