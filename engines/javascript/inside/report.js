// Reports a run's value and its error to the host. Like inspect.js, it runs no code of the user's.
(function (host, glue, outer) {
  'use strict';

  const FIELD = { json: 1, repr: 2, type: 3, errorType: 4, errorMessage: 5, traceback: 6, line: 7, column: 14 };
  const MESSAGE_CHARACTERS = 16384;
  const CAUSES = 8;
  const { classOf } = host;
  const { own, inspect } = glue;
  const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
  const OuterObject = outer.Object.prototype;
  const OuterArray = outer.Array.prototype;

  // Thrown, and caught here, when a value has no faithful JSON form or none within the limits.
  const NO_FORM = {};

  // Which prototype makes an object of this class a plain one.
  const PLAIN = { Map: outer.Map.prototype, Set: outer.Set.prototype, Date: outer.Date.prototype, Uint8Array: outer.Uint8Array.prototype, ArrayBuffer: outer.ArrayBuffer.prototype };

  function spend(state, text) {
    state.left -= text.length;
    if (state.left < 0) throw NO_FORM;
    return text;
  }

  function tagged(state, type, name, value) {
    return spend(state, `{"$type":"${type}","${name}":`) + value + '}';
  }

  function number(state, value) {
    if (Number.isFinite(value) && !Object.is(value, -0)) return spend(state, `${value}`);
    return tagged(state, 'number', 'value', `"${Object.is(value, -0) ? '-0' : value}"`);
  }

  function list(state, length, item) {
    let text = '';
    for (let at = 0; at < length; at++) text += (at ? ',' : '') + item(at);
    return spend(state, '[') + text + ']';
  }

  // Own enumerable data properties with string names; anything else has no form.
  function properties(object) {
    return ownKeys(object).map((name) => {
      const descriptor = getOwnPropertyDescriptor(object, name);
      if (typeof name !== 'string' || !descriptor.enumerable || !('value' in descriptor)) throw NO_FORM;
      return [name, descriptor.value];
    });
  }

  function object(state, value, depth) {
    const prototype = getPrototypeOf(value);
    if (prototype !== OuterObject && prototype !== null) throw NO_FORM;
    const pairs = properties(value);
    const pair = ([name, inner]) => [spend(state, JSON.stringify(name)), json(state, inner, depth + 1)];
    // An object that looks like one of our own forms is written as one.
    if (pairs.some(([name]) => name === '$type')) {
      return tagged(state, 'Object', 'entries', list(state, pairs.length, (at) => `[${pair(pairs[at]).join(',')}]`));
    }
    let text = '';
    for (const each of pairs) text += (text ? ',' : '') + pair(each).join(':');
    return spend(state, '{') + text + '}';
  }

  function array(state, value, depth) {
    const length = own(value, 'length');
    if (getPrototypeOf(value) !== OuterArray || length * 2 > state.left || ownKeys(value).length > length + 1) throw NO_FORM;
    return list(state, length, (at) => {
      const descriptor = getOwnPropertyDescriptor(value, at);
      if (descriptor && !('value' in descriptor)) throw NO_FORM;
      return json(state, descriptor?.value, depth + 1);
    });
  }

  const base64 = Uint8Array.prototype.toBase64;

  function compound(state, value, depth) {
    const kind = classOf(value);
    if (kind === 'Array') return array(state, value, depth);
    if (kind === 'Object') return object(state, value, depth);
    if (!PLAIN[kind] || getPrototypeOf(value) !== PLAIN[kind]) throw NO_FORM;
    if (kind === 'Date') {
      const time = Date.prototype.getTime.call(value);
      return tagged(state, 'Date', 'value', Number.isNaN(time) ? 'null' : `"${Date.prototype.toISOString.call(value)}"`);
    }
    if (kind === 'Map') {
      const entries = [];
      Map.prototype.forEach.call(value, (inner, name) => entries.push([name, inner]));
      const entry = (at) => `[${json(state, entries[at][0], depth + 1)},${json(state, entries[at][1], depth + 1)}]`;
      return tagged(state, 'Map', 'entries', list(state, entries.length, entry));
    }
    if (kind === 'Set') {
      const values = [];
      Set.prototype.forEach.call(value, (inner) => values.push(inner));
      return tagged(state, 'Set', 'values', list(state, values.length, (at) => json(state, values[at], depth + 1)));
    }
    const bytes = kind === 'ArrayBuffer' ? new Uint8Array(value) : value;
    if (glue.byteLength(bytes) * 4 > state.left * 3) throw NO_FORM;
    return tagged(state, 'bytes', 'base64', `"${spend(state, base64.call(bytes))}"`);
  }

  function json(state, value, depth) {
    switch (typeof value) {
      case 'string': return value.length > state.left ? (() => { throw NO_FORM; })() : spend(state, JSON.stringify(value));
      case 'number': return number(state, value);
      case 'boolean': return spend(state, `${value}`);
      case 'undefined': return spend(state, '{"$type":"undefined"}');
      case 'bigint': return tagged(state, 'BigInt', 'value', `"${spend(state, bounded(state, value))}"`);
      case 'object': break;
      default: throw NO_FORM;
    }
    if (value === null) return spend(state, 'null');
    if (depth > state.depth || state.above.includes(value)) throw NO_FORM;
    state.above.push(value);
    const text = compound(state, value, depth);
    state.above.pop();
    return text;
  }

  // Turning a large BigInt into digits takes quadratic time: look at its size first.
  function bounded(state, value) {
    if (value >= 1n << 100000n || value <= -(1n << 100000n)) throw NO_FORM;
    return `${value}`;
  }

  function utf8Length(text) {
    let length = text.length;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code >= 0x80) length += code >= 0x800 && (code & 0xf800) !== 0xd800 ? 2 : 1;
    }
    return length;
  }

  function jsonOf(value, bytes, depth) {
    try {
      const text = json({ left: bytes, depth, above: [] }, value, 1);
      return text.length <= bytes && utf8Length(text) <= bytes ? text.toWellFormed() : null;
    } catch (error) {
      if (error === NO_FORM || error instanceof RangeError) return null;
      throw error;
    }
  }

  function typeOf(value) {
    if (value === null) return 'null';
    if (typeof value !== 'object' && typeof value !== 'function') return typeof value;
    const kind = classOf(value);
    return kind === 'Proxy' ? kind : glue.constructorName(value) ?? kind;
  }

  const cut = (text, most) => (text.length > most ? `${text.slice(0, most)}... ${text.length - most} more characters` : text);

  glue.reportValue = function reportValue(value, bytes, depth) {
    const text = jsonOf(value, bytes, depth);
    if (text !== null) host.report(FIELD.json, text);
    host.report(FIELD.repr, cut(inspect(value, { depth: Math.min(depth, 4), bytes }), bytes).toWellFormed());
    host.report(FIELD.type, cut(typeOf(value), 200));
  };

  // `Name: message`, frames, and what caused it.
  function traceback(error, seen) {
    const lines = [cut(glue.headline(error), MESSAGE_CHARACTERS), ...glue.framesOf(error)];
    const cause = own(error, 'cause');
    if (cause !== undefined && seen.length < CAUSES && !seen.includes(cause)) {
      const kind = classOf(cause);
      lines.push(`Caused by: ${kind === 'Error' ? traceback(cause, [...seen, cause]) : inspect(cause, { bytes: 2000 })}`);
    }
    return lines.join('\n');
  }

  // The innermost line of the user's code. `<input>` is text given to JSON.parse or eval.
  function place(error) {
    const places = glue.framesOf(error).filter((frame) => !/[ (]<input>:/.test(frame)).map((frame) => /:(\d+):(\d+)\)?$/.exec(frame));
    const [, line, column] = places.find(Boolean) ?? [];
    if (line) host.report(FIELD.line, Number(line));
    if (column) host.report(FIELD.column, Number(column));
  }

  glue.reportError = function reportError(error) {
    const kind = classOf(error);
    if (kind !== 'Error' && kind !== 'DOMException') {
      const shown = inspect(error, { bytes: MESSAGE_CHARACTERS });
      host.report(FIELD.errorType, cut(typeOf(error), 200));
      host.report(FIELD.errorMessage, shown.toWellFormed());
      host.report(FIELD.traceback, `Uncaught ${shown}`.toWellFormed());
      return;
    }
    host.report(FIELD.errorType, cut(glue.errorName(error), 200).toWellFormed());
    host.report(FIELD.errorMessage, cut(glue.errorMessage(error), MESSAGE_CHARACTERS).toWellFormed());
    place(error);
    host.report(FIELD.traceback, traceback(error, [error]).toWellFormed());
  };

  const byteLength = Object.getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), 'byteLength').get;
  glue.byteLength = (bytes) => byteLength.call(bytes);
})
