// ReadableStream, as far as reading answers takes it: a source that is asked for more, readers, iteration, tee.
(function (host, glue, global) {
  'use strict';

  const { define } = host;
  let access; // to a stream's inside, for its reader

  class ReadableStreamDefaultController {
    #stream;
    constructor(stream) { this.#stream = stream; }
    get desiredSize() { return access.desiredSize(this.#stream); }
    enqueue(chunk) { access.enqueue(this.#stream, chunk); }
    close() { access.close(this.#stream); }
    error(reason) { access.fail(this.#stream, reason); }
  }

  class ReadableStream {
    #source;
    #controller = new ReadableStreamDefaultController(this);
    #chunks = [];
    #reads = []; // who waits for a chunk
    #state = 'readable';
    #reason;
    #highWaterMark;
    #pulling = false;
    #started = false;
    #reader = null;
    #ends = []; // who waits for the end

    static {
      access = {
        desiredSize: (stream) => (stream.#state === 'errored' ? null : stream.#state === 'closed' ? 0 : stream.#highWaterMark - stream.#chunks.length),
        enqueue: (stream, chunk) => stream.#enqueue(chunk),
        close: (stream) => stream.#close(),
        fail: (stream, reason) => stream.#fail(reason),
        read: (stream) => stream.#read(),
        cancel: (stream, reason) => stream.#cancel(reason),
        lock: (stream, reader) => {
          if (reader && stream.#reader) throw new TypeError('the stream is locked to a reader');
          stream.#reader = reader;
        },
        ended: (stream) => new Promise((resolve, reject) => {
          if (stream.#state === 'readable') stream.#ends.push({ resolve, reject });
          else if (stream.#state === 'errored') reject(stream.#reason);
          else resolve(undefined);
        }),
      };
    }

    constructor(source = {}, { highWaterMark = 1 } = {}) {
      this.#source = source ?? {};
      this.#highWaterMark = Number(highWaterMark);
      const started = this.#source.start?.(this.#controller);
      Promise.resolve(started).then(() => {
        this.#started = true;
        this.#pull();
      }, (reason) => this.#fail(reason));
    }

    static from(iterable) {
      const iterator = iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]();
      return new ReadableStream({
        async pull(controller) {
          const { done, value } = await iterator.next();
          if (done) controller.close();
          else controller.enqueue(await value);
        },
        cancel: (reason) => iterator.return?.(reason),
      }, { highWaterMark: 0 });
    }

    get locked() { return this.#reader !== null; }
    getReader() { return new ReadableStreamDefaultReader(this); }
    async cancel(reason) {
      if (this.#reader) throw new TypeError('the stream is locked to a reader');
      return this.#cancel(reason);
    }

    tee() {
      const reader = this.getReader();
      const branches = [];
      const pull = async () => {
        try {
          const { done, value } = await reader.read();
          for (const branch of branches) {
            if (done) branch.close();
            else branch.enqueue(value);
          }
        } catch (reason) {
          for (const branch of branches) branch.error(reason);
        }
      };
      const branch = () => new ReadableStream({ start: (controller) => { branches.push(controller); }, pull }, { highWaterMark: 0 });
      return [branch(), branch()];
    }

    async * values({ preventCancel = false } = {}) {
      const reader = this.getReader();
      let ended = false;
      try {
        for (;;) {
          const { done, value } = await reader.read();
          ended = done;
          if (done) return;
          yield value;
        }
      } finally {
        if (!ended && !preventCancel) await access.cancel(this);
        reader.releaseLock();
      }
    }

    [Symbol.asyncIterator](options) { return this.values(options); }

    #enqueue(chunk) {
      if (this.#state !== 'readable' || this.#closing) throw new TypeError('the stream is closed');
      const read = this.#reads.shift();
      if (read) read.resolve({ done: false, value: chunk });
      else this.#chunks.push(chunk);
      this.#pull();
    }

    #closing = false;

    #close() {
      this.#closing = true;
      if (this.#chunks.length === 0) this.#end();
    }

    #end() {
      if (this.#state !== 'readable') return;
      this.#state = 'closed';
      for (const { resolve } of this.#reads.splice(0)) resolve({ done: true, value: undefined });
      for (const { resolve } of this.#ends.splice(0)) resolve(undefined);
    }

    #fail(reason) {
      if (this.#state !== 'readable') return;
      this.#state = 'errored';
      this.#reason = reason;
      this.#chunks = [];
      for (const { reject } of this.#reads.splice(0)) reject(reason);
      for (const { reject } of this.#ends.splice(0)) reject(reason);
    }

    #read() {
      if (this.#chunks.length) {
        const value = this.#chunks.shift();
        if (this.#closing && this.#chunks.length === 0) this.#end();
        else this.#pull();
        return Promise.resolve({ done: false, value });
      }
      if (this.#state === 'errored') return Promise.reject(this.#reason);
      if (this.#state === 'closed') return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve, reject) => {
        this.#reads.push({ resolve, reject });
        this.#pull();
      });
    }

    async #cancel(reason) {
      if (this.#state === 'errored') throw this.#reason;
      if (this.#state === 'closed') return undefined;
      this.#chunks = [];
      this.#end();
      await this.#source.cancel?.(reason);
      return undefined;
    }

    // Asks the source for more, one question at a time.
    #pull() {
      const wanted = this.#reads.length > 0 || this.#chunks.length < this.#highWaterMark;
      if (!this.#started || this.#pulling || !wanted || this.#closing || this.#state !== 'readable' || !this.#source.pull) return;
      this.#pulling = true;
      const pulled = new Promise((resolve) => { resolve(this.#source.pull(this.#controller)); });
      pulled.then(() => {
        this.#pulling = false;
        this.#pull();
      }, (reason) => this.#fail(reason));
    }
  }

  class ReadableStreamDefaultReader {
    #stream;
    #closed;

    constructor(stream) {
      access.lock(stream, this);
      this.#stream = stream;
    }

    get closed() { return (this.#closed ??= access.ended(this.#stream)); }

    async read() { return access.read(this.#held()); }
    async cancel(reason) { return access.cancel(this.#held(), reason); }
    releaseLock() {
      if (this.#stream) access.lock(this.#stream, null);
      this.#stream = null;
    }

    #held() {
      if (!this.#stream) throw new TypeError('the reader was released');
      return this.#stream;
    }
  }

  for (const type of [ReadableStream, ReadableStreamDefaultReader, ReadableStreamDefaultController]) define(type.name, type);
})
