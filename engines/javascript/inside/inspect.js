// Shows any value as text, like Node's util.inspect. Runs in the inner realm and asks objects for own data properties only, so it runs no
// code of the user's: no getter, no trap, no toString.
(function (host, glue) {
  'use strict';

  const LINE = 80;
  const ARRAY_ITEMS = 100;
  const STRING_CHARACTERS = 10000;
  const { classOf } = host;
  const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;

  // An own data property, or undefined. Never for proxies.
  function own(object, key) {
    try {
      return getOwnPropertyDescriptor(object, key)?.value;
    } catch {
      return undefined; // a binding of a module that has no value yet
    }
  }

  // A data property of the object or of what it inherits from.
  function data(object, key) {
    for (let at = object, n = 0; at !== null && n < 100 && classOf(at) !== 'Proxy'; at = getPrototypeOf(at), n++) {
      const descriptor = getOwnPropertyDescriptor(at, key);
      if (descriptor) return descriptor.value;
    }
    return undefined;
  }

  // The name of the class that made the object; null for an object without a prototype.
  function constructorName(object) {
    for (let at = object, n = 0; at !== null && n < 100 && classOf(at) !== 'Proxy'; at = getPrototypeOf(at), n++) {
      const constructor = own(at, 'constructor');
      if (typeof constructor !== 'function' || classOf(constructor) === 'Proxy') continue;
      const name = own(constructor, 'name');
      if (typeof name === 'string' && name !== '') return name;
    }
    return null;
  }

  const ESCAPES = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b', '\f': '\\f', '\v': '\\v', '\\': '\\\\' };

  function quote(text) {
    const mark = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes('`') && !text.includes('${') ? '`' : "'";
    const escaped = text.replace(/[\x00-\x1f\x7f-\x9f\\]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, (c) => {
      const code = c.charCodeAt(0);
      return ESCAPES[c] ?? (code < 256 ? '\\x' + code.toString(16).toUpperCase().padStart(2, '0') : '\\u' + code.toString(16).toUpperCase());
    });
    return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
  }

  function string(context, text, nested) {
    let tail = '';
    const most = Math.min(STRING_CHARACTERS, Math.max(context.left, 16));
    if (text.length > most) {
      tail = `... ${text.length - most} more character${text.length - most > 1 ? 's' : ''}`;
      text = text.slice(0, most);
    }
    context.left -= text.length;
    // Long text with lines of its own is shown line by line.
    if (nested && text.length > 16 && text.length > LINE - context.indentation - 10 && text.includes('\n')) {
      const lines = text.split(/(?<=\n)/).map(quote);
      return lines.join(` +\n${' '.repeat(context.indentation + 2)}`) + tail;
    }
    return quote(text) + tail;
  }

  function primitive(context, value, nested) {
    switch (typeof value) {
      case 'string': return string(context, value, nested);
      case 'number': return Object.is(value, -0) ? '-0' : `${value}`;
      case 'bigint': return value > 10n ** 5000n || value < -(10n ** 5000n) ? '<BigInt with more than 5000 digits>' : `${value}n`;
      case 'symbol': return value.toString();
      default: return `${value}`;
    }
  }

  function key(name) {
    if (typeof name === 'symbol') return `[${name.toString()}]`;
    return /^[a-zA-Z_][a-zA-Z_0-9]*$/.test(name) ? name : quote(name);
  }

  function property(context, object, name, depth, kind) {
    const descriptor = getOwnPropertyDescriptor(object, name);
    if (!descriptor) return null;
    let shown;
    if (descriptor.get) shown = descriptor.set ? '[Getter/Setter]' : '[Getter]';
    else if (descriptor.set) shown = '[Setter]';
    else {
      const extra = kind === 'array' ? 2 : 3;
      context.indentation += extra - (kind === 'array' ? 0 : 1);
      shown = show(context, descriptor.value, depth + 1, true);
      context.indentation -= extra - (kind === 'array' ? 0 : 1);
    }
    if (kind === 'array') return shown;
    const label = key(name);
    return (descriptor.enumerable === false ? `[${typeof name === 'symbol' ? label.slice(1, -1) : name}]` : label) + ': ' + shown;
  }

  // Own enumerable keys, symbols last; indices left out where they are shown as items.
  function keysOf(object, withoutIndices) {
    return ownKeys(object).filter((name) => {
      if (withoutIndices && typeof name === 'string' && /^(0|[1-9][0-9]{0,9})$/.test(name)) return false;
      return getOwnPropertyDescriptor(object, name)?.enumerable;
    });
  }

  function arrayItems(context, array, depth) {
    const length = own(array, 'length');
    const items = [];
    let holes = 0;
    const flush = () => {
      if (holes) items.push(`<${holes} empty item${holes > 1 ? 's' : ''}>`);
      holes = 0;
    };
    let at = 0;
    for (; at < length && items.length < ARRAY_ITEMS && context.left > 0; at++) {
      if (getOwnPropertyDescriptor(array, at)) {
        flush();
        items.push(property(context, array, `${at}`, depth, 'array'));
      } else if (++holes > 1000000) { // do not walk through a long emptiness
        const next = ownKeys(array).find((name) => typeof name === 'string' && Number(name) > at);
        const to = next === undefined || next === 'length' ? length : Number(next);
        holes += to - at - 1;
        at = to - 1;
      }
    }
    flush();
    if (at < length) items.push(`... ${length - at} more item${length - at > 1 ? 's' : ''}`);
    return items;
  }

  const TypedArray = getPrototypeOf(Uint8Array.prototype);
  const typedLength = Object.getOwnPropertyDescriptor(TypedArray, 'length').get;

  function typedItems(context, array) {
    const length = typedLength.call(array);
    const items = [];
    const most = Math.min(length, ARRAY_ITEMS);
    for (let at = 0; at < most; at++) items.push(primitive(context, own(array, `${at}`)));
    context.left -= most;
    if (length > most) items.push(`... ${length - most} more item${length - most > 1 ? 's' : ''}`);
    return items;
  }

  function collectionItems(context, object, depth, isMap) {
    const items = [];
    let more = 0;
    context.indentation += 2;
    (isMap ? Map : Set).prototype.forEach.call(object, (value, name) => {
      if (items.length >= ARRAY_ITEMS || context.left <= 0) return void more++;
      const shown = show(context, value, depth + 1, true);
      items.push(isMap ? `${show(context, name, depth + 1, true)} => ${shown}` : shown);
    });
    context.indentation -= 2;
    if (more) items.push(`... ${more} more item${more > 1 ? 's' : ''}`);
    return items;
  }

  function buffer(context, object) {
    const bytes = new Uint8Array(object);
    let hex = '';
    const most = Math.min(bytes.length, 50);
    for (let at = 0; at < most; at++) hex += (at ? ' ' : '') + bytes[at].toString(16).padStart(2, '0');
    if (bytes.length > most) hex += ` ... ${bytes.length - most} more byte${bytes.length - most > 1 ? 's' : ''}`;
    return [`[Uint8Contents]: <${hex}>`, `byteLength: ${bytes.length}`];
  }

  function functionBase(object, name, tag) {
    const kind = classOf(object);
    const source = kind === 'Function' ? Function.prototype.toString.call(object) : '';
    const own_name = own(object, 'name');
    const label = typeof own_name === 'string' && own_name !== '' ? own_name : '';
    if (/^class\b/.test(source)) {
      const parent = getPrototypeOf(object);
      const parentName = parent && classOf(parent) !== 'Proxy' ? own(parent, 'name') : '';
      return `[class ${label || '(anonymous)'}${parentName ? ` extends ${parentName}` : ''}]`;
    }
    const word = { GeneratorFunction: 'GeneratorFunction', AsyncFunction: 'AsyncFunction', AsyncGeneratorFunction: 'AsyncGeneratorFunction' }[kind] ?? 'Function';
    return `[${word}${label ? `: ${label}` : ' (anonymous)'}]${name === null ? ' [null prototype]' : ''}`;
  }

  // Frames of our own boot files are nobody's business.
  function frames(stack) {
    return stack.split('\n').filter((line) => line !== '' && !line.includes('belljar:') && !line.endsWith('(native)'))
      .map((line) => line.replace('at <eval> (', 'at ').replace(/(at .*[^)])\)$/, (all, body) => body.includes('(') ? all : body));
  }

  const DOM = ['name', 'message'].map((name) => Object.getOwnPropertyDescriptor(DOMException.prototype, name)?.get);
  const isDOM = (object) => classOf(object) === 'DOMException';
  const stackOf = (object) => (isDOM(object) ? own(object, 'stack') : host.stackOf(object));

  // The frames of an error, without that of its own constructor: the line that matters is where it was made.
  function framesOf(object) {
    const stack = stackOf(object);
    const lines = typeof stack === 'string' ? frames(stack) : [];
    const own = `    at ${constructorName(object)} (`;
    while (lines.length > 1 && lines[0].startsWith(own)) lines.shift();
    return lines;
  }

  function errorName(object) {
    if (isDOM(object)) return DOM[0].call(object);
    const name = data(object, 'name');
    const made = constructorName(object);
    if (typeof name !== 'string' || name === '') return made ?? 'Error';
    return name === 'Error' && made !== null ? made : name;
  }

  function errorMessage(object) {
    if (isDOM(object)) return DOM[1].call(object);
    const message = data(object, 'message');
    return typeof message === 'string' ? message : message === undefined ? '' : glue.inspect(message, { depth: 0, bytes: 1000 });
  }

  function headline(object) {
    const message = errorMessage(object);
    return errorName(object) + (message === '' ? '' : `: ${message}`);
  }

  function errorBase(context, object) {
    const lines = framesOf(object);
    const head = headline(object);
    context.left -= head.length;
    if (lines.length === 0) return `[${head}]`;
    const pad = ' '.repeat(context.indentation);
    return [head, ...lines].join('\n').replaceAll('\n', `\n${pad}`);
  }

  function group(context, items, values) {
    let total = 0;
    let longest = 0;
    const more = items.length > ARRAY_ITEMS ? 1 : 0;
    const count = items.length - more;
    const lengths = [];
    for (let at = 0; at < count; at++) {
      lengths.push(items[at].length);
      total += items[at].length + 2;
      longest = Math.max(longest, items[at].length);
    }
    const width = longest + 2;
    if (width * 3 + context.indentation >= LINE || !(total / width > 5 || longest <= 6)) return items;
    const bias = Math.sqrt(width - total / items.length);
    const biased = Math.max(width - 3 - bias, 1);
    const columns = Math.min(Math.round(Math.sqrt(2.5 * biased * count) / biased), Math.floor((LINE - context.indentation) / width), 12, 15);
    if (columns <= 1) return items;
    const widths = [];
    for (let column = 0; column < columns; column++) {
      let widest = 0;
      for (let at = column; at < count; at += columns) widest = Math.max(widest, lengths[at]);
      widths.push(widest + 2);
    }
    const left = !values;
    const rows = [];
    for (let at = 0; at < count; at += columns) {
      const end = Math.min(at + columns, count);
      let row = '';
      let i = at;
      for (; i < end - 1; i++) row += left ? `${items[i]}, `.padEnd(widths[i - at]) : `${items[i]}, `.padStart(widths[i - at]);
      row += left ? items[i] : items[i].padStart(widths[i - at] - 2);
      rows.push(row);
    }
    if (more) rows.push(items[count]);
    return rows;
  }

  function layout(context, base, open, items, close, depth, kind, numbers) {
    const count = items.length;
    if (kind === 'array' && count > 6) items = group(context, items, numbers);
    const prefix = base ? `${base} ` : '';
    if (context.deepest - depth < 3 && count === items.length) {
      const start = items.length + context.indentation + open.length + base.length + 10;
      let total = items.length + start;
      for (const item of items) total += item.length;
      if (total <= LINE && !items.some((item) => item.includes('\n')) && !base.includes('\n')) {
        return `${prefix}${open} ${items.join(', ')} ${close}`;
      }
    }
    const line = `\n${' '.repeat(context.indentation)}`;
    return `${prefix}${open}${line}  ${items.join(`,${line}  `)}${line}${close}`;
  }

  // Types of the boot files whose state is private: prototype -> what to show of an instance, or null for what is none.
  const described = new Map();
  glue.describe = (prototype, show) => { described.set(prototype, show); };

  // What is between the braces, and which braces.
  function parts(context, object, depth) {
    const kind = classOf(object);
    const name = constructorName(object);
    const tag = data(object, Symbol.toStringTag);
    const shownTag = typeof tag === 'string' && tag !== '' && tag !== name ? ` [${tag}]` : '';
    const prefix = (fallback, size) => `${name === null ? `[${fallback}${size ?? ''}: null prototype]` : `${name}${size ?? ''}`}${shownTag} `;
    const result = { base: '', open: '{', close: '}', items: null, keys: null, kind: 'object' };
    const text = (base) => Object.assign(result, { base, keys: keysOf(object) });
    if (kind === 'Array') {
      const length = own(object, 'length');
      result.kind = 'array';
      result.open = `${name === 'Array' && !shownTag ? '' : prefix('Array', `(${length})`)}[`;
      result.close = ']';
      result.items = () => arrayItems(context, object, depth);
      result.keys = keysOf(object, true);
    } else if (kind === 'Map' || kind === 'Set') {
      const size = Object.getOwnPropertyDescriptor((kind === 'Map' ? Map : Set).prototype, 'size').get.call(object);
      result.open = `${prefix(kind, `(${size})`)}{`;
      result.items = () => collectionItems(context, object, depth, kind === 'Map');
    } else if (/^((Big)?(Int|Uint)\d+|Float\d+|Uint8Clamped)(Clamped)?Array$/.test(kind)) {
      result.kind = 'array';
      result.open = `${prefix(kind, `(${typedLength.call(object)})`)}[`;
      result.close = ']';
      result.items = () => typedItems(context, object);
      result.keys = keysOf(object, true);
    } else if (kind === 'ArrayBuffer' || kind === 'SharedArrayBuffer') {
      result.open = `${prefix(kind)}{`;
      result.items = () => buffer(context, object);
    } else if (kind === 'Promise') {
      result.open = `${prefix(kind)}{`;
      result.items = () => {
        const [state, value] = host.promise(object);
        if (state === 0) return ['<pending>'];
        context.indentation += 2;
        const shown = show(context, value, depth + 1, true);
        context.indentation -= 2;
        return [state === 1 ? shown : `<rejected> ${shown}`];
      };
    } else if (kind === 'WeakMap' || kind === 'WeakSet' || kind === 'WeakRef') {
      result.open = `${prefix(kind)}{`;
      result.items = () => [kind === 'WeakRef' ? '<ref>' : '<items unknown>'];
    } else if (typeof object === 'function') return text(functionBase(object, name, tag));
    else if (kind === 'Error' || (kind === 'DOMException')) {
      text(errorBase(context, object));
      const known = ['name', 'message', 'stack'];
      result.keys = result.keys.filter((k) => !known.includes(k));
      if (own(object, 'cause') !== undefined && !result.keys.includes('cause')) result.keys.push('cause');
      if (classOf(own(object, 'errors')) === 'Array' && !result.keys.includes('errors')) result.keys.push('errors');
    } else if (kind === 'Date') {
      const time = Date.prototype.getTime.call(object);
      return text(Number.isNaN(time) ? 'Invalid Date' : Date.prototype.toISOString.call(object));
    } else if (kind === 'RegExp') return text(glue.regexpText(object));
    else if (['Number', 'String', 'Boolean', 'BigInt', 'Symbol'].includes(kind)) {
      const value = globalThis[kind].prototype.valueOf.call(object);
      text(`[${kind}: ${primitive(context, value)}]`);
      if (kind === 'String') result.keys = keysOf(object, true);
      return result;
    } else if (kind.endsWith('Generator')) result.open = `Object [${kind}] {`;
    else if (kind === 'Arguments') {
      result.kind = 'array';
      result.open = '[Arguments] [';
      result.close = ']';
      result.items = () => arrayItems(context, object, depth);
      result.keys = keysOf(object, true);
    } else if (kind === 'Module') result.open = '[Module: null prototype] {';
    else if (described.get(getPrototypeOf(object))?.(object)) {
      result.open = `${name} {`;
      result.items = () => described.get(getPrototypeOf(object))(object).map(([key, arrow, value]) => `${key}${arrow}${quote(value)}`);
    } else if (name !== 'Object' || shownTag) result.open = `${prefix('Object')}{`;
    result.keys ??= keysOf(object);
    return result;
  }

  function compound(context, object, depth) {
    if (context.seen.includes(object)) {
      if (!context.circular.has(object)) context.circular.set(object, context.circular.size + 1);
      return `[Circular *${context.circular.get(object)}]`;
    }
    context.left -= 4;
    const { base, open, close, items, keys, kind } = parts(context, object, depth);
    if (base !== '' && keys.length === 0) return base;
    if (depth > context.depth) {
      const name = constructorName(object);
      return classOf(object) === 'Array' ? '[Array]' : `[${name === null ? 'Object: null prototype' : name}]`;
    }
    context.seen.push(object);
    context.deepest = depth;
    const shown = items ? items() : [];
    let hidden = 0;
    for (const name of keys) {
      if (context.left <= 0) hidden++;
      else {
        const text = property(context, object, name, depth, 'object');
        if (text !== null) shown.push(text);
        if (typeof name === 'string') context.left -= name.length;
      }
    }
    if (hidden) shown.push(`... ${hidden} more`);
    context.seen.pop();
    const reference = context.circular.has(object) ? `<ref *${context.circular.get(object)}>` : '';
    const before = [reference, base].filter((part) => part !== '').join(' ');
    if (shown.length === 0) return `${before ? `${before} ` : ''}${open}${close}`;
    const numbers = kind === 'array' && keys.length === 0 && allNumbers(object, shown.length);
    return layout(context, before, open, shown, close, depth, kind, numbers);
  }

  function allNumbers(array, count) {
    for (let at = 0; at < Math.min(count, ARRAY_ITEMS); at++) {
      const type = typeof own(array, `${at}`);
      if (type !== 'number' && type !== 'bigint') return false;
    }
    return true;
  }

  function show(context, value, depth, nested) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
      context.left -= 4;
      return primitive(context, value, nested);
    }
    for (let n = 0; classOf(value) === 'Proxy'; n++) {
      if (n > 20) return '[Proxy]';
      value = host.proxyTarget(value);
      if (value === null) return '<Revoked Proxy>';
    }
    return compound(context, value, depth);
  }

  // Text of at most about `bytes` characters.
  glue.inspect = function inspect(value, { depth = 2, bytes = 1 << 20 } = {}) {
    const context = { depth, left: bytes, indentation: 0, deepest: 0, seen: [], circular: new Map() };
    return show(context, value, 0, false);
  };

  const SOURCE = Object.getOwnPropertyDescriptor(RegExp.prototype, 'source').get;
  const FLAGS = [['d', 'hasIndices'], ['g', 'global'], ['i', 'ignoreCase'], ['m', 'multiline'], ['s', 'dotAll'], ['u', 'unicode'], ['v', 'unicodeSets'], ['y', 'sticky']]
    .map(([letter, name]) => [letter, Object.getOwnPropertyDescriptor(RegExp.prototype, name).get]);

  glue.regexpText = (object) => `/${SOURCE.call(object)}/` + FLAGS.map(([letter, get]) => (get.call(object) ? letter : '')).join('');
  Object.assign(glue, { own, data, constructorName, frames, headline, errorName, errorMessage, keysOf, framesOf });
})
