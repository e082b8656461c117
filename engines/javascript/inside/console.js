// The text that console methods write.
(function (host, glue) {
  'use strict';

  const { inspect } = glue;
  const BYTES = 1 << 20;

  function shown(value) {
    return typeof value === 'string' ? value : inspect(value, { bytes: BYTES });
  }

  // The only place that may run code of the user's (toJSON, getters): %j asks for it.
  glue.jsonText = function jsonText(value) {
    try {
      return String(JSON.stringify(value));
    } catch {
      return '[Circular]';
    }
  };

  function directive(letter, value) {
    switch (letter) {
      case 's':
        if (typeof value === 'bigint') return `${value}n`;
        if (typeof value === 'object' || typeof value === 'function') return inspect(value, { depth: 0, bytes: BYTES });
        return Object.is(value, -0) ? '-0' : String(value);
      case 'd':
        if (typeof value === 'bigint') return `${value}n`;
        return typeof value === 'object' || typeof value === 'symbol' ? 'NaN' : inspect(Number(value));
      case 'i':
        if (typeof value === 'bigint') return `${value}n`;
        return typeof value === 'object' || typeof value === 'symbol' ? 'NaN' : inspect(Number.parseInt(value, 10));
      case 'f': return typeof value === 'symbol' || typeof value === 'object' ? 'NaN' : inspect(Number.parseFloat(value));
      case 'j': return glue.jsonText(value);
      case 'o': return inspect(value, { depth: 4, bytes: BYTES });
      case 'O': return inspect(value, { bytes: BYTES });
      default: return ''; // %c: styles have no place here
    }
  }

  // The arguments as one text: a format string first, if there is one, then everything else with spaces between.
  glue.format = function format(args) {
    let next = 0;
    let text = '';
    if (typeof args[0] === 'string' && args.length > 1) {
      next = 1;
      text = args[0].replace(/%([sdifjoOc%])/g, (all, letter) => {
        if (letter === '%') return '%';
        return next < args.length ? directive(letter, args[next++]) : all;
      });
    } else if (args.length) text = shown(args[next++]);
    for (; next < args.length; next++) text += ` ${shown(args[next])}`;
    return text;
  };

  let indentation = '';

  glue.print = function print(stream, args) {
    let text = glue.format(args);
    if (indentation) text = indentation + text.replaceAll('\n', `\n${indentation}`);
    host.output(stream, `${text}\n`.toWellFormed());
  };

  glue.indent = (more) => {
    indentation = more ? `${indentation}  ` : indentation.slice(2);
  };

  const { ownKeys } = Reflect;
  const isObject = (value) => value !== null && typeof value === 'object';

  // Rows as [index, value]. Indices of arrays, keys of objects, entries of maps and sets.
  function rowsOf(data) {
    const kind = host.classOf(data);
    const rows = [];
    if (kind === 'Map') Map.prototype.forEach.call(data, (value, key) => rows.push([shown(key), value]));
    else if (kind === 'Set') Set.prototype.forEach.call(data, (value) => rows.push([`${rows.length}`, value]));
    else for (const key of glue.keysOf(data)) rows.push([String(key), glue.own(data, key)]);
    return rows.slice(0, 1000);
  }

  // Node's table; null when the data is no table.
  glue.table = function table(data, only) {
    if (!isObject(data) || host.classOf(data) === 'Proxy') return null;
    const columns = only ? ownKeys(only).filter((k) => k !== 'length').map((k) => String(only[k])) : [];
    let hasValues = false;
    const cells = rowsOf(data).map(([index, value]) => {
      const row = { index, byName: new Map(), value: '' };
      if (isObject(value) && host.classOf(value) !== 'Proxy') {
        for (const key of glue.keysOf(value)) {
          if (!only && !columns.includes(key) && columns.length < 100) columns.push(key);
          row.byName.set(key, inspect(glue.own(value, key), { depth: 0, bytes: 1000 }));
        }
      } else {
        hasValues = true;
        row.value = inspect(value, { depth: 0, bytes: 1000 });
      }
      return row;
    });
    const heads = ['(index)', ...columns.map(String), ...(hasValues ? ['Values'] : [])];
    const lines = cells.map((row) => [row.index, ...columns.map((name) => row.byName.get(name) ?? ''), ...(hasValues ? [row.value] : [])]);
    const widths = heads.map((head, at) => Math.max(head.length, ...lines.map((line) => line[at].length)) + 2);
    const rule = (left, middle, right) => left + widths.map((width) => '─'.repeat(width)).join(middle) + right;
    const body = (line) => `│${line.map((cell, at) => ` ${cell.padEnd(widths[at] - 1)}`).join('│')}│`;
    return [rule('┌', '┬', '┐'), body(heads), rule('├', '┼', '┤'), ...lines.map(body), rule('└', '┴', '┘')].join('\n');
  };
})
