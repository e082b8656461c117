// structuredClone: the structured clone algorithm, for the types that exist here.
(function (host, glue, global) {
  'use strict';

  const { classOf, define } = host;
  const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
  const TYPED = { Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array };

  const refuse = (value, why) => {
    throw new DOMException(`${why ?? glue.inspect(value, { depth: 0, bytes: 200 })} could not be cloned.`, 'DataCloneError');
  };

  // What can be made before its parts are: put into `seen` first, so that cycles come out as cycles.
  function shell(value, kind, seen) {
    switch (kind) {
      case 'Date': return new Date(Date.prototype.getTime.call(value));
      case 'RegExp': return new RegExp(value.source, value.flags);
      case 'Boolean': case 'Number': case 'String': case 'BigInt': return Object(value.valueOf());
      case 'ArrayBuffer': return value.slice(0);
      case 'DataView': return new DataView(clone(value.buffer, seen), value.byteOffset, value.byteLength);
      case 'Map': return new Map();
      case 'Set': return new Set();
      case 'Array': return new Array(value.length);
      case 'Error': {
        const made = new (ERRORS[value.name] ?? Error)(value.message);
        if (typeof value.stack === 'string') made.stack = value.stack;
        return made;
      }
      case 'DOMException': return new DOMException(value.message, value.name);
      case 'Object': return {};
      default:
        if (TYPED[kind]) return new TYPED[kind](clone(value.buffer, seen), value.byteOffset, value.length);
        return refuse(value, kind === 'Object' ? undefined : `#<${kind}>`);
    }
  }

  function clone(value, seen) {
    if (typeof value === 'symbol' || typeof value === 'function') refuse(value);
    if (value === null || typeof value !== 'object') return value;
    if (seen.has(value)) return seen.get(value);
    const kind = classOf(value);
    const copy = shell(value, kind, seen);
    seen.set(value, copy);
    if (kind === 'Map') for (const [key, inner] of [...value]) copy.set(clone(key, seen), clone(inner, seen));
    else if (kind === 'Set') for (const inner of [...value]) copy.add(clone(inner, seen));
    else if (kind === 'Error' && 'cause' in value) define('cause', clone(value.cause, seen), copy);
    if (kind === 'Array' || kind === 'Object') for (const key of Object.keys(value)) copy[key] = clone(value[key], seen);
    return copy;
  }

  define('structuredClone', function structuredClone(value, options) {
    if (arguments.length === 0) throw new TypeError('structuredClone needs a value');
    const transfer = [...options?.transfer ?? []];
    for (const item of transfer) if (classOf(item) !== 'ArrayBuffer') refuse(item);
    const copy = clone(value, new Map());
    for (const item of transfer) item.transfer?.();
    return copy;
  });
})
