// URL and URLSearchParams, after the URL Standard. Host names outside ASCII are mapped by NFKC and lower case before Punycode, which is
// the standard's mapping for nearly all names; its full table is not here.
(function (host, glue, global) {
  'use strict';

  const { define, encodeUtf8, decodeUtf8 } = host;
  const PORTS = { __proto__: null, 'http:': '80', 'https:': '443', 'ws:': '80', 'wss:': '443', 'ftp:': '21', 'file:': '' };
  const special = (protocol) => protocol in PORTS;

  // Characters that are escaped in each part, besides controls and what is not ASCII.
  const SETS = {
    fragment: ' "<>`',
    query: ' "#<>',
    specialQuery: ' "#<>\'',
    path: ' "#<>?`{}^',
    user: ' "#<>?`{}/:;=@[\\]^|',
  };

  function escape(text, set) {
    let out = '';
    for (const byte of encodeUtf8(text.toWellFormed())) {
      const character = String.fromCharCode(byte);
      out += byte < 0x20 || byte > 0x7e || set.includes(character) ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}` : character;
    }
    return out;
  }

  // Percent sequences back to bytes.
  function unescapeBytes(text) {
    const bytes = encodeUtf8(text.toWellFormed());
    const out = [];
    for (let at = 0; at < bytes.length; at++) {
      const pair = bytes[at] === 0x25 ? String.fromCharCode(bytes[at + 1], bytes[at + 2]) : '';
      if (/^[0-9a-f]{2}$/i.test(pair)) {
        out.push(parseInt(pair, 16));
        at += 2;
      } else out.push(bytes[at]);
    }
    return new Uint8Array(out);
  }

  const unescape = (text) => decodeUtf8(unescapeBytes(text), false);

  const fail = (input) => {
    const error = new TypeError('Invalid URL');
    error.code = 'ERR_INVALID_URL';
    error.input = input;
    throw error;
  };

  // --- hosts ---

  function punycode(label) {
    const points = [...label].map((c) => c.codePointAt(0));
    let out = points.filter((p) => p < 128).map((p) => String.fromCharCode(p)).join('');
    let done = out.length;
    const basic = done;
    if (basic) out += '-';
    let n = 128;
    let delta = 0;
    let bias = 72;
    while (done < points.length) {
      const next = Math.min(...points.filter((p) => p >= n));
      delta += (next - n) * (done + 1);
      n = next;
      for (const point of points) {
        if (point < n) delta++;
        if (point !== n) continue;
        let q = delta;
        for (let k = 36; ; k += 36) {
          const t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
          const digit = q < t ? q : t + ((q - t) % (36 - t));
          out += String.fromCharCode(digit < 26 ? digit + 97 : digit + 22);
          if (q < t) break;
          q = Math.floor((q - t) / (36 - t));
        }
        delta = done === basic ? Math.floor(delta / 700) : delta >> 1;
        delta += Math.floor(delta / (done + 1));
        let k = 0;
        for (; delta > 455; k += 36) delta = Math.floor(delta / 35);
        bias = k + Math.floor((36 * delta) / (delta + 38));
        delta = 0;
        done++;
      }
      delta++;
      n++;
    }
    return `xn--${out}`;
  }

  function ipv4Number(part) {
    if (part === '') return NaN;
    if (/^0x[0-9a-f]*$/i.test(part)) return part.length === 2 ? 0 : parseInt(part, 16);
    if (/^0[0-7]*$/.test(part)) return parseInt(part, 8) || 0;
    return /^[0-9]+$/.test(part) && part[0] !== '0' ? parseInt(part, 10) : NaN;
  }

  // Undefined when the name is no IPv4 address, null when it is a wrong one.
  function ipv4(name) {
    const parts = name.split('.');
    if (parts.length > 1 && parts.at(-1) === '') parts.pop();
    const last = parts.at(-1);
    if (!/^[0-9]+$/.test(last) && !/^0x[0-9a-f]*$/i.test(last)) return undefined;
    const numbers = parts.map(ipv4Number);
    if (numbers.length > 4 || numbers.some(Number.isNaN) || numbers.slice(0, -1).some((n) => n > 255)) return null;
    if (numbers.at(-1) >= 256 ** (5 - numbers.length)) return null;
    let address = numbers.at(-1);
    numbers.slice(0, -1).forEach((n, at) => { address += n * 256 ** (3 - at); });
    return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
  }

  function ipv6(text) {
    let tail = [];
    const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
    if (dotted) {
      const bytes = dotted[2].split('.');
      if (bytes.some((b) => Number(b) > 255 || (b.length > 1 && b[0] === '0'))) return null;
      tail = [Number(bytes[0]) * 256 + Number(bytes[1]), Number(bytes[2]) * 256 + Number(bytes[3])];
      text = dotted[1].endsWith('::') ? dotted[1] : dotted[1].slice(0, -1);
    }
    const halves = text.split('::');
    if (halves.length > 2) return null;
    const pieces = (half) => (half === '' ? [] : half.split(':'));
    const [left, right] = [pieces(halves[0]), halves.length === 2 ? pieces(halves[1]) : []];
    if ([...left, ...right].some((piece) => !/^[0-9a-f]{1,4}$/i.test(piece))) return null;
    const missing = 8 - left.length - right.length - tail.length;
    if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
    const numbers = [...left.map((p) => parseInt(p, 16)), ...new Array(missing).fill(0), ...right.map((p) => parseInt(p, 16)), ...tail];
    const hex = numbers.map((n) => n.toString(16));
    let best = [0, 0];
    for (let at = 0; at < 8; at++) {
      let end = at;
      while (end < 8 && numbers[end] === 0) end++;
      if (end - at > best[1]) best = [at, end - at];
    }
    if (best[1] < 2) return `[${hex.join(':')}]`;
    return `[${hex.slice(0, best[0]).join(':')}::${hex.slice(best[0] + best[1]).join(':')}]`;
  }

  // Null when the host is wrong.
  function hostOf(text, isSpecial) {
    if (text.startsWith('[')) return text.endsWith(']') ? ipv6(text.slice(1, -1)) : null;
    if (!isSpecial) return /[\0\t\n\r #/:<>?@[\\\]^|]/.test(text) ? null : escape(text, '');
    const name = unescape(text).normalize('NFKC').toLowerCase().replace(/[\u3002\uff0e\uff61]/g, '.').replace(/[\u00ad\u200b\u2060\ufeff]/g, '');
    const ascii = name.split('.').map((label) => (/[^\0-\x7f]/.test(label) ? punycode(label) : label)).join('.');
    if (ascii === '' || /[\0-\x20#%/:<>?@[\\\]^|\x7f]/.test(ascii) || /[\ufffd\ufdd0-\ufdef\uffff]/.test(name)) return null;
    const address = ipv4(ascii);
    return address === undefined ? ascii : address;
  }

  // --- the parser: one record from text and, if relative, a base record ---

  const isDrive = (text) => /^[a-z][:|]$/i.test(text);

  function pathOf(text, isSpecial, protocol, base) {
    const path = [...base];
    const parts = text.split(isSpecial ? /[\\/]/ : '/');
    parts.forEach((part, at) => {
      const last = at === parts.length - 1;
      const plain = part.replace(/%2e/gi, '.');
      if (plain === '..') {
        if (!(protocol === 'file:' && path.length === 1 && /^[a-z]:$/i.test(path[0]))) path.pop();
        if (last) path.push('');
      } else if (plain === '.') {
        if (last) path.push('');
      } else {
        const drive = protocol === 'file:' && path.length === 0 && isDrive(part);
        path.push(drive ? `${part[0]}:` : escape(part, SETS.path));
      }
    });
    return path;
  }

  function authority(url, text, input) {
    const at = text.lastIndexOf('@');
    if (at >= 0) {
      const user = text.slice(0, at);
      const colon = user.indexOf(':');
      url.username = escape(colon < 0 ? user : user.slice(0, colon), SETS.user);
      url.password = colon < 0 ? '' : escape(user.slice(colon + 1), SETS.user);
    }
    const [, name, port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(text.slice(at + 1)) ?? fail(input);
    if (name === '' && (special(url.protocol) || at >= 0 || port !== undefined)) fail(input);
    url.host = name === '' ? '' : hostOf(name, special(url.protocol)) ?? fail(input);
    url.port = portOf(url, port ?? '') ?? fail(input);
  }

  function portOf(url, text) {
    if (!/^[0-9]*$/.test(text) || Number(text) > 65535) return null;
    if (text === '') return '';
    const port = `${Number(text)}`;
    return port === PORTS[url.protocol] ? '' : port;
  }

  function parse(input, base) {
    let text = input.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '').replace(/[\t\n\r]/g, '');
    const url = { protocol: '', username: '', password: '', host: null, port: '', path: [], opaque: null, query: null, fragment: null };
    const hash = text.indexOf('#');
    if (hash >= 0) [text, url.fragment] = [text.slice(0, hash), escape(text.slice(hash + 1), SETS.fragment)];
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text);
    if (scheme) {
      url.protocol = scheme[1].toLowerCase() + ':';
      text = text.slice(scheme[0].length);
    } else if (!base) fail(input);
    const isSpecial = special(url.protocol || base.protocol);
    const mark = text.indexOf('?');
    if (mark >= 0) {
      url.query = escape(text.slice(mark + 1), isSpecial ? SETS.specialQuery : SETS.query);
      text = text.slice(0, mark);
    }
    const slashes = isSpecial ? /^[\\/]*/.exec(text)[0].length : /^\/*/.exec(text)[0].length;
    const relative = !scheme || (isSpecial && base?.protocol === url.protocol && slashes < 2 && base.opaque === null && (slashes === 0 || url.protocol !== 'file:' || slashes === 1));
    if (relative && base) return inherit(url, text, base, slashes, mark >= 0, input);
    if (url.protocol === 'file:') return file(url, text, slashes, null);
    if (isSpecial || slashes >= 2) {
      const rest = text.slice(isSpecial ? slashes : 2);
      const end = rest.search(isSpecial ? /[\\/]/ : /\//);
      authority(url, end < 0 ? rest : rest.slice(0, end), input);
      url.path = end < 0 ? (isSpecial ? [''] : []) : pathOf(rest.slice(end + 1), isSpecial, url.protocol, []);
    } else if (slashes === 1) url.path = pathOf(text.slice(1), false, url.protocol, []);
    else url.opaque = escape(text, '').replace(/ +$/, (spaces) => (url.query === null && url.fragment === null ? '' : `${spaces.slice(1)}%20`));
    return url;
  }

  function file(url, text, slashes, base) {
    url.host = '';
    if (slashes >= 2) {
      const rest = text.slice(2);
      const end = rest.search(/[\\/]/);
      const name = end < 0 ? rest : rest.slice(0, end);
      if (!isDrive(name)) {
        const parsed = name === '' ? '' : hostOf(name, true) ?? fail(text);
        url.host = parsed === 'localhost' ? '' : parsed;
        url.path = pathOf(end < 0 ? '' : rest.slice(end + 1), true, 'file:', []);
        return url;
      }
      url.path = pathOf(rest, true, 'file:', []);
      return url;
    }
    url.path = pathOf(text.slice(slashes), true, 'file:', slashes === 0 && base ? base.path.slice(0, -1) : []);
    return url;
  }

  function inherit(url, text, base, slashes, hasQuery, input) {
    const fromText = url.protocol !== '';
    url.protocol = base.protocol;
    if (base.opaque !== null) {
      if (text !== '' || hasQuery || url.fragment === null) fail(input);
      return { ...base, fragment: url.fragment };
    }
    const isSpecial = special(base.protocol);
    if (slashes >= 2 && !fromText) {
      if (base.protocol === 'file:') return file(url, text, slashes, base);
      const rest = text.slice(isSpecial ? slashes : 2);
      const end = rest.search(isSpecial ? /[\\/]/ : /\//);
      authority(url, end < 0 ? rest : rest.slice(0, end), input);
      url.path = end < 0 ? (isSpecial ? [''] : []) : pathOf(rest.slice(end + 1), isSpecial, base.protocol, []);
      return url;
    }
    const { username, password, host: name, port } = base;
    Object.assign(url, { username, password, host: name, port });
    // A drive letter begins a path of its own, and a rooted path stays on its base's drive.
    const isFile = base.protocol === 'file:';
    const drive = isFile && /^[a-z][:|]([\\/]|$)/i.test(text.slice(slashes));
    const root = isFile && !drive && /^[a-z]:$/i.test(base.path[0]) ? [base.path[0]] : [];
    if (slashes === 1) url.path = pathOf(text.slice(1), isSpecial, base.protocol, root);
    else if (text === '') {
      url.path = base.path;
      if (!hasQuery) url.query = base.query;
    } else url.path = pathOf(text, isSpecial, base.protocol, drive ? [] : base.path.slice(0, -1));
    return url;
  }

  const pathname = (url) => url.opaque ?? (url.path.length ? `/${url.path.join('/')}` : '');

  function serialize(url) {
    let text = url.protocol;
    if (url.host !== null) {
      text += '//';
      if (url.username || url.password) text += `${url.username}${url.password ? `:${url.password}` : ''}@`;
      text += url.host + (url.port === '' ? '' : `:${url.port}`);
    } else if (url.opaque === null && url.path.length > 1 && url.path[0] === '') text += '/.';
    return text + pathname(url) + (url.query === null ? '' : `?${url.query}`) + (url.fragment === null ? '' : `#${url.fragment}`);
  }

  // --- search parameters ---

  const decodeForm = (text) => unescape(text.replaceAll('+', ' '));

  function encodeForm(text) {
    let out = '';
    for (const byte of encodeUtf8(text.toWellFormed())) {
      const character = String.fromCharCode(byte);
      if (/[a-zA-Z0-9*._-]/.test(character)) out += character;
      else out += byte === 0x20 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    }
    return out;
  }

  const readForm = (text) => text.split('&').filter((part) => part !== '').map((part) => {
    const equals = part.indexOf('=');
    return equals < 0 ? [decodeForm(part), ''] : [decodeForm(part.slice(0, equals)), decodeForm(part.slice(equals + 1))];
  });

  let link; // (params, pairs, changed): connects parameters to their URL

  class URLSearchParams {
    #pairs = [];
    #changed = null;

    constructor(init = '') {
      if (typeof init === 'object' || typeof init === 'function') {
        if (init !== null && typeof init[Symbol.iterator] === 'function') {
          for (const pair of init) {
            const both = [...pair];
            if (both.length !== 2) throw new TypeError('each pair must have a name and a value');
            this.#pairs.push([`${both[0]}`, `${both[1]}`]);
          }
        } else if (init !== null) for (const name of Object.keys(init)) this.#pairs.push([name, `${init[name]}`]);
      } else this.#pairs = readForm(`${init}`.replace(/^\?/, ''));
    }

    static {
      glue.describe(URLSearchParams.prototype, (params) => (#pairs in params ? params.#pairs.map(([n, v]) => [glue.inspect(n), ' => ', v]) : null));
      link = (params, text, changed) => {
        params.#pairs = readForm(text);
        params.#changed = changed;
      };
    }

    #change() { this.#changed?.(this.toString()); }

    get size() { return this.#pairs.length; }
    append(name, value) {
      this.#pairs.push([`${name}`, `${value}`]);
      this.#change();
    }
    delete(name, value) {
      this.#pairs = this.#pairs.filter(([n, v]) => n !== `${name}` || (value !== undefined && v !== `${value}`));
      this.#change();
    }
    get(name) { return this.#pairs.find(([n]) => n === `${name}`)?.[1] ?? null; }
    getAll(name) { return this.#pairs.filter(([n]) => n === `${name}`).map(([, v]) => v); }
    has(name, value) { return this.#pairs.some(([n, v]) => n === `${name}` && (value === undefined || v === `${value}`)); }
    set(name, value) {
      const at = this.#pairs.findIndex(([n]) => n === `${name}`);
      if (at < 0) this.#pairs.push([`${name}`, `${value}`]);
      else {
        this.#pairs[at][1] = `${value}`;
        this.#pairs = this.#pairs.filter(([n], i) => i <= at || n !== `${name}`);
      }
      this.#change();
    }
    sort() {
      this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      this.#change();
    }
    forEach(callback, self) { for (const [name, value] of this) callback.call(self, value, name, this); }
    *entries() { for (let at = 0; at < this.#pairs.length; at++) yield [...this.#pairs[at]]; }
    *keys() { for (const [name] of this.entries()) yield name; }
    *values() { for (const [, value] of this.entries()) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    toString() { return this.#pairs.map(([n, v]) => `${encodeForm(n)}=${encodeForm(v)}`).join('&'); }
    get [Symbol.toStringTag]() { return 'URLSearchParams'; }
  }

  // --- URL ---

  class URL {
    #url;
    #params = new URLSearchParams();

    constructor(input, base) {
      const parent = base === undefined ? null : parse(`${base}`, null);
      this.#url = parse(`${input}`, parent);
      this.#refresh();
    }

    static { glue.describe(URL.prototype, (url) => (#url in url ? [['href', ': ', serialize(url.#url)]] : null)); }

    static canParse(input, base) { return URL.parse(input, base) !== null; }
    static parse(input, base) {
      try {
        return new URL(input, base);
      } catch {
        return null;
      }
    }

    #refresh() { link(this.#params, this.#url.query ?? '', (text) => { this.#url.query = text === '' ? null : text; }); }

    get href() { return serialize(this.#url); }
    set href(value) {
      this.#url = parse(`${value}`, null);
      this.#refresh();
    }
    get origin() {
      const { protocol, opaque } = this.#url;
      if (protocol === 'blob:' && /^https?:/i.test(opaque ?? '')) return URL.parse(opaque)?.origin ?? 'null';
      return special(protocol) && protocol !== 'file:' ? `${protocol}//${this.host}` : 'null';
    }
    get protocol() { return this.#url.protocol; }
    set protocol(value) {
      const scheme = /^([a-z][a-z0-9+.-]*)(:|$)/i.exec(`${value}`)?.[1].toLowerCase();
      if (!scheme || special(`${scheme}:`) !== special(this.#url.protocol)) return;
      if (scheme === 'file' && (this.#url.username || this.#url.password || this.#url.port)) return;
      this.#url.protocol = `${scheme}:`;
      this.#url.port = portOf(this.#url, this.#url.port);
    }
    get username() { return this.#url.username; }
    set username(value) { if (this.#url.host) this.#url.username = escape(`${value}`, SETS.user); }
    get password() { return this.#url.password; }
    set password(value) { if (this.#url.host) this.#url.password = escape(`${value}`, SETS.user); }
    get host() { return (this.#url.host ?? '') + (this.#url.port === '' ? '' : `:${this.#url.port}`); }
    set host(value) {
      const [, name, port] = /^(\[[^\]]*\]|[^:/?#\\]*)(?::([0-9]*))?/.exec(`${value}`);
      this.hostname = name;
      if (port) this.port = port;
    }
    get hostname() { return this.#url.host ?? ''; }
    set hostname(value) {
      if (this.#url.opaque !== null) return;
      const [name] = /^(\[[^\]]*\]|[^:/?#\\]*)/.exec(`${value}`);
      const parsed = name === '' ? (special(this.#url.protocol) ? null : '') : hostOf(name, special(this.#url.protocol));
      if (parsed !== null) this.#url.host = parsed;
    }
    get port() { return this.#url.port; }
    set port(value) {
      if (!this.#url.host || this.#url.protocol === 'file:') return;
      const digits = /^[0-9]*/.exec(`${value}`)[0];
      if (`${value}` === '' || digits !== '') this.#url.port = portOf(this.#url, digits) ?? this.#url.port;
    }
    get pathname() { return pathname(this.#url); }
    set pathname(value) {
      if (this.#url.opaque !== null) return;
      const isSpecial = special(this.#url.protocol);
      this.#url.path = pathOf(`${value}`.replace(isSpecial ? /^[\\/]/ : /^\//, ''), isSpecial, this.#url.protocol, []);
    }
    get search() { return this.#url.query ? `?${this.#url.query}` : ''; }
    set search(value) {
      const text = `${value}`.replace(/^\?/, '');
      this.#url.query = `${value}` === '' ? null : escape(text, special(this.#url.protocol) ? SETS.specialQuery : SETS.query);
      this.#refresh();
    }
    get searchParams() { return this.#params; }
    get hash() { return this.#url.fragment ? `#${this.#url.fragment}` : ''; }
    set hash(value) { this.#url.fragment = `${value}` === '' ? null : escape(`${value}`.replace(/^#/, ''), SETS.fragment); }
    toString() { return this.href; }
    toJSON() { return this.href; }
    get [Symbol.toStringTag]() { return 'URL'; }
  }

  define('URL', URL);
  define('URLSearchParams', URLSearchParams);
})
