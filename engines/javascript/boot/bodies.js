// Headers, Blob, Request and Response: what `fetch` takes and gives.
(function (host, glue, global) {
  'use strict';

  const { define, encodeUtf8 } = host;
  const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
  const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'];
  const NO_BODY = [101, 204, 205, 304];
  const REDIRECTS = [301, 302, 303, 307, 308];

  function nameOf(name) {
    if (!TOKEN.test(`${name}`)) throw new TypeError(`'${name}' is not the name of a header`);
    return `${name}`.toLowerCase();
  }

  function valueOf(value) {
    const text = `${value}`.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
    if (/[\0\r\n]|[^\0-\xff]/.test(text)) throw new TypeError('the value of a header is Latin-1 text in one line');
    return text;
  }

  class Headers {
    #list = []; // [name, value], in the order they were added

    constructor(init) {
      if (init === undefined || init === null) return;
      const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init);
      for (const pair of pairs) {
        const [name, value, ...more] = pair;
        if (value === undefined || more.length) throw new TypeError('a header is a pair of name and value');
        this.append(name, value);
      }
    }

    append(name, value) { this.#list.push([nameOf(name), valueOf(value)]); }
    delete(name) { this.#list = this.#list.filter(([known]) => known !== nameOf(name)); }
    get(name) {
      const values = this.#all(nameOf(name));
      return values.length ? values.join(', ') : null;
    }
    getSetCookie() { return this.#all('set-cookie'); }
    has(name) { return this.#all(nameOf(name)).length > 0; }
    set(name, value) {
      const pair = [nameOf(name), valueOf(value)];
      const at = this.#list.findIndex(([known]) => known === pair[0]);
      this.#list = this.#list.filter(([known], index) => known !== pair[0] || index === at);
      if (at < 0) this.#list.push(pair);
      else this.#list[this.#list.findIndex(([known]) => known === pair[0])] = pair;
    }

    forEach(callback, thisArg) { for (const [name, value] of this) callback.call(thisArg, value, name, this); }
    * entries() {
      for (const name of [...new Set(this.#list.map(([known]) => known))].sort()) {
        if (name === 'set-cookie') for (const value of this.#all(name)) yield [name, value];
        else yield [name, this.get(name)];
      }
    }
    * keys() { for (const [name] of this.entries()) yield name; }
    * values() { for (const [, value] of this.entries()) yield value; }
    [Symbol.iterator]() { return this.entries(); }

    #all(name) { return this.#list.filter(([known]) => known === name).map(([, value]) => value); }
  }

  function join(parts) {
    const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  // The bytes of what is not a stream.
  function bytesOf(data) {
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    if (data instanceof ArrayBuffer) return new Uint8Array(data.slice());
    if (data instanceof Blob) return bytesOfBlob(data);
    return encodeUtf8(`${data}`.toWellFormed());
  }

  let bytesOfBlob;

  class Blob {
    #bytes;
    #type;
    static { bytesOfBlob = (blob) => blob.#bytes; }

    constructor(parts = [], { type = '' } = {}) {
      this.#bytes = join([...parts].map(bytesOf));
      this.#type = /[^ -~]/.test(`${type}`) ? '' : `${type}`.toLowerCase();
    }

    get size() { return this.#bytes.length; }
    get type() { return this.#type; }
    slice(start = 0, end = this.size, type = '') {
      const blob = new Blob([], { type });
      blob.#bytes = this.#bytes.slice(start, end);
      return blob;
    }
    async arrayBuffer() { return this.#bytes.slice().buffer; }
    async bytes() { return this.#bytes.slice(); }
    async text() { return new TextDecoder().decode(this.#bytes); }
    stream() { return streamOf(this.#bytes); }
  }

  function streamOf(bytes) {
    return new ReadableStream({
      start(controller) {
        if (bytes.length) controller.enqueue(bytes.slice());
        controller.close();
      },
    });
  }

  function typeOf(body) {
    if (typeof body === 'string') return 'text/plain;charset=UTF-8';
    if (body instanceof URLSearchParams) return 'application/x-www-form-urlencoded;charset=UTF-8';
    return body instanceof Blob && body.type ? body.type : null;
  }

  let copyOfBody; // what a copy's body is: both may be read

  class Body {
    #stream = null;
    #bytes = null; // the same, where it is known as a whole
    #used = false;

    constructor(body) {
      if (body === null || body === undefined) return;
      if (body instanceof ReadableStream) this.#stream = body;
      else this.#bytes = bytesOf(body);
    }

    get body() { return (this.#stream ??= this.#bytes && streamOf(this.#bytes)); }
    get bodyUsed() { return this.#used || Boolean(this.#stream?.locked); }

    async bytes() {
      if (this.bodyUsed) throw new TypeError('the body was read already');
      this.#used = true;
      if (this.#stream === null) return this.#bytes ?? new Uint8Array(0);
      const parts = [];
      for await (const part of this.#stream) {
        if (!(part instanceof Uint8Array)) throw new TypeError('a body is a stream of Uint8Arrays');
        parts.push(part);
      }
      return join(parts);
    }
    async arrayBuffer() { return (await this.bytes()).slice().buffer; }
    async text() { return new TextDecoder().decode(await this.bytes()); }
    async json() { return JSON.parse(await this.text()); }
    async blob() { return new Blob([await this.bytes()], { type: this.headers.get('content-type') ?? '' }); }

    static {
      copyOfBody = (one) => {
        if (one.bodyUsed) throw new TypeError('the body was read already');
        if (one.#stream === null) return one.#bytes;
        const [mine, other] = one.#stream.tee();
        one.#stream = mine;
        return other;
      };
    }
  }

  class Request extends Body {
    #url;
    #method;
    #headers;
    #redirect;
    #signal;

    constructor(input, init = {}) {
      const from = input instanceof Request ? input : null;
      const given = init.body !== undefined && init.body !== null;
      super(given ? init.body : from ? copyOfBody(from) : null);
      const url = new URL(from ? from.url : `${input}`);
      if (url.username || url.password) throw new TypeError('a URL with a name or password cannot be fetched; use the header Authorization');
      this.#url = url.href;
      const method = `${init.method ?? from?.method ?? 'GET'}`;
      if (!TOKEN.test(method)) throw new TypeError(`'${method}' is not a method`);
      this.#method = METHODS.includes(method.toUpperCase()) ? method.toUpperCase() : method;
      if (given && ['GET', 'HEAD'].includes(this.#method)) throw new TypeError(`a ${this.#method} request has no body`);
      this.#headers = new Headers(init.headers ?? from?.headers);
      const type = given ? typeOf(init.body) : null;
      if (type && !this.#headers.has('content-type')) this.#headers.set('content-type', type);
      this.#redirect = `${init.redirect ?? from?.redirect ?? 'follow'}`;
      if (!['follow', 'error', 'manual'].includes(this.#redirect)) throw new TypeError(`'${this.#redirect}' is not a way to treat redirects`);
      this.#signal = init.signal ?? from?.signal ?? new AbortController().signal;
    }

    get url() { return this.#url; }
    get method() { return this.#method; }
    get headers() { return this.#headers; }
    get redirect() { return this.#redirect; }
    get signal() { return this.#signal; }
    clone() { return new Request(this); }
  }

  class Response extends Body {
    #status;
    #statusText;
    #headers;
    #url = '';
    #redirected = false;
    #type = 'default';

    constructor(body = null, { status = 200, statusText = '', headers } = {}) {
      super(body);
      if (!(status >= 200 && status <= 599)) throw new RangeError('the status of a response is from 200 to 599');
      if (body !== null && NO_BODY.includes(status)) throw new TypeError(`a response with status ${status} has no body`);
      this.#status = Math.trunc(status);
      this.#statusText = `${statusText}`;
      this.#headers = new Headers(headers);
      const type = typeOf(body);
      if (type && !this.#headers.has('content-type')) this.#headers.set('content-type', type);
    }

    get status() { return this.#status; }
    get statusText() { return this.#statusText; }
    get ok() { return this.#status >= 200 && this.#status <= 299; }
    get headers() { return this.#headers; }
    get url() { return this.#url; }
    get redirected() { return this.#redirected; }
    get type() { return this.#type; }

    clone() {
      const copy = new Response(copyOfBody(this), { status: this.#status, statusText: this.#statusText, headers: this.#headers });
      return host.arrived(copy, this.#url, this.#redirected, this.#type);
    }

    static json(value, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has('content-type')) headers.set('content-type', 'application/json');
      return new Response(JSON.stringify(value), { ...init, headers });
    }

    static redirect(url, status = 302) {
      if (!REDIRECTS.includes(status)) throw new RangeError(`${status} is not the status of a redirect`);
      return new Response(null, { status, headers: { location: new URL(url).href } });
    }

    static {
      host.arrived = (response, url, redirected, type = 'basic') => {
        [response.#url, response.#redirected, response.#type] = [url, redirected, type];
        return response;
      };
    }
  }

  host.noBody = NO_BODY;
  host.redirects = REDIRECTS;

  for (const type of [Headers, Blob, Request, Response]) define(type.name, type);
})
