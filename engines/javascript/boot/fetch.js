// fetch: exchanges over HTTP, which the host makes with hosts that were granted (`engines/abi.md`).
(function (host, glue, global) {
  'use strict';

  const { define, encodeUtf8, decodeUtf8 } = host;
  const HTTP = 2;
  const METHOD = 1;
  const URL_ = 2;
  const HEADER = 3;
  const BODY = 4;
  const ERROR = 1;
  const HEAD = 2;
  const HOPS = 20;
  const SENSITIVE = ['authorization', 'proxy-authorization', 'cookie', 'host'];

  const latin1 = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

  function text(bytes) {
    let out = '';
    for (const byte of bytes) out += String.fromCharCode(byte);
    return out;
  }

  // Exchanges are given up when nobody can read them any more. When many are open, some of them may be such.
  const MANY = 8;
  let open = 0;
  const forgotten = new FinalizationRegistry((id) => {
    open -= 1;
    host.drop(id);
  });

  // One exchange: its answer, field by field.
  class Exchange {
    #id;
    #over = false;
    #token = {};

    static async begin(request) {
      if (open >= MANY) {
        host.collect();
        await null; // for the registry
      }
      const id = host.begin(HTTP, request);
      if (id === 0) throw new TypeError('fetch failed: too many responses are open in this sandbox; read or cancel some of them');
      return new Exchange(id);
    }

    constructor(id) {
      this.#id = id;
      open += 1;
      // The registry holds on to a token, so it must be another object than the one it waits for.
      forgotten.register(this, id, this.#token);
    }

    // The next field as [tag, bytes], or null at the end.
    async next() {
      if (this.#over) return null;
      let field = host.take(this.#id);
      while (field === undefined) {
        await new Promise((resolve) => { host.watch(this.#id, resolve); });
        field = this.#over ? null : host.take(this.#id);
      }
      if (field === null) this.drop();
      else if (field[0] === ERROR) {
        this.drop();
        throw new TypeError(`fetch failed: ${decodeUtf8(field[1].subarray(4), false)}`);
      }
      return field;
    }

    drop() {
      if (this.#over) return;
      this.#over = true;
      open -= 1;
      forgotten.unregister(this.#token);
      host.drop(this.#id);
    }
  }

  // Does what is awaited, unless the signal comes first.
  function unlessAborted(signal, promise, giveUp) {
    if (signal.aborted) {
      giveUp();
      return Promise.reject(signal.reason);
    }
    return new Promise((resolve, reject) => {
      const abort = () => {
        giveUp();
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }

  function requestOf(url, method, headers, body) {
    const fields = [[URL_, encodeUtf8(url)], [METHOD, latin1(method)]];
    for (const [name, value] of headers) fields.push([HEADER, latin1(`${name}\0${value}`)]);
    if (body.length) fields.push([BODY, body]);
    return glue.encodeFields(fields);
  }

  function headOf(bytes) {
    const headers = new Headers();
    const parts = text(bytes.subarray(4)).split('\0');
    for (let at = 0; at + 1 < parts.length; at += 2) headers.append(parts[at], parts[at + 1]);
    const status = bytes[0] | (bytes[1] << 8);
    if (status < 200 || status > 599) throw new TypeError(`fetch failed: the status ${status} means nothing`);
    return { status, headers };
  }

  function bodyOf(exchange, signal) {
    return new ReadableStream({
      async pull(controller) {
        const field = await unlessAborted(signal, exchange.next(), () => exchange.drop());
        if (field === null) controller.close();
        else controller.enqueue(field[1]);
      },
      cancel() { exchange.drop(); },
    }, { highWaterMark: 0 });
  }

  // Sends one request; the head of its answer and the exchange.
  async function send(url, method, headers, body, signal) {
    const exchange = await Exchange.begin(requestOf(url, method, headers, body));
    const field = await unlessAborted(signal, exchange.next(), () => exchange.drop());
    if (field === null || field[0] !== HEAD) throw new TypeError('fetch failed: the answer has no head');
    return { ...headOf(field[1]), exchange };
  }

  async function fetch(input, init) {
    const request = new Request(input, init);
    const { signal } = request;
    let { url, method } = request;
    const headers = new Headers(request.headers);
    if (!headers.has('accept')) headers.set('accept', '*/*');
    if (!headers.has('user-agent')) headers.set('user-agent', 'belljar');
    let body = await request.bytes();
    for (let hop = 0; ; hop++) {
      const { status, headers: answered, exchange } = await send(url, method, headers, body, signal);
      const place = host.redirects.includes(status) && request.redirect !== 'manual' ? answered.get('location') : null;
      if (place === null) {
        const empty = method === 'HEAD' || host.noBody.includes(status);
        if (empty) exchange.drop();
        const response = new Response(empty ? null : bodyOf(exchange, signal), { status, headers: answered });
        return host.arrived(response, url, hop > 0);
      }
      exchange.drop();
      if (request.redirect === 'error') throw new TypeError(`fetch failed: ${url} leads to another place`);
      if (hop === HOPS) throw new TypeError(`fetch failed: more than ${HOPS} redirects`);
      const next = new URL(place, url);
      if (next.origin !== new URL(url).origin) for (const name of SENSITIVE) headers.delete(name);
      if (status === 303 ? method !== 'HEAD' : [301, 302].includes(status) && method === 'POST') {
        method = method === 'HEAD' ? 'HEAD' : 'GET';
        body = new Uint8Array(0);
        for (const name of ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location']) headers.delete(name);
      }
      next.hash = '';
      url = next.href;
    }
  }

  define('fetch', fetch);
})
