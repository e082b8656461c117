// A host for the JavaScript engines in a few lines of Node: for trying things out and for the engines' own tests. The real host is in Rust.
import { readFile } from 'node:fs/promises';
import { randomFillSync } from 'node:crypto';

const VERB = { run: 1, complete: 2, check: 3 };
const TAG = { verb: 1, seed: 2, name: 3, code: 4, argument: 5, environment: 6, input: 7, cursor: 8, limit: 9, flags: 10 };
const FIELDS = [null, 'json', 'repr', 'type', 'error', 'message', 'traceback', 'line', 'exit', 'display', 'completions', 'start', 'check', 'memory', 'column'];
const NUMBERS = new Set(['line', 'exit', 'start', 'check', 'column']);

class Thrown extends Error {}
export class Exited extends Error {}
export class Fault extends Error {}

const utf8 = new TextEncoder();
const text = new TextDecoder();

function field(tag, value) {
  const bytes = typeof value === 'string' ? utf8.encode(value) : value;
  const head = new Uint8Array(new Uint32Array([tag, bytes.length]).buffer);
  return [head, bytes];
}

const word = (...numbers) => new Uint8Array(new Uint32Array(numbers).buffer);

export class Engine {
  static async load(path) {
    return new Engine(await WebAssembly.compile(await readFile(path)));
  }

  constructor(module) {
    this.module = module;
  }

  // A new session.
  async session({ pages } = {}) {
    const session = new Session(pages);
    session.exports = (await WebAssembly.instantiate(this.module, { belljar: session.imports() })).exports;
    session.exports._initialize();
    session.exports.belljar_init();
    const [count, address, bits] = new Uint32Array(session.exports.memory.buffer, session.exports.belljar_stop_table(), 3);
    if (count !== 1) throw new Error('one entry is expected in the stop table');
    session.stop = { address, bits };
    session.begin = process.hrtime.bigint();
    return session;
  }
}

class Session {
  constructor() {
    this.begin = null;
    this.seeded = false;
    this.operation = 0;
    this.operations = new Map();
  }

  bytes(at, length) {
    return new Uint8Array(this.exports.memory.buffer, at >>> 0, length >>> 0);
  }

  read(at, length) {
    return text.decode(this.bytes(at, length));
  }

  // Stops the code the soft way once the deadline has passed. Node runs no timer while the code runs, so the clock is looked at in calls out.
  imports() {
    const now = () => (this.begin === null ? 0n : process.hrtime.bigint() - this.begin);
    return {
      output: (stream, at, length) => { this.result[stream === 1 ? 'stdout' : 'stderr'] += this.read(at, length); },
      input: (at, length) => {
        const chunk = this.stdin.subarray(0, length);
        this.bytes(at, chunk.length).set(chunk);
        this.stdin = this.stdin.subarray(chunk.length);
        return chunk.length;
      },
      report: (number, at, length) => {
        const name = FIELDS[number];
        if (name === 'completions') return void (this.result.completions ??= []).push(this.read(at, length));
        this.result[name] = NUMBERS.has(name) ? new DataView(this.exports.memory.buffer).getInt32(at >>> 0, true)
          : name === 'memory' ? true : this.read(at, length);
      },
      clock: (which) => (this.begin === null ? 0n : which === 0 ? BigInt(Date.now()) * 1000000n : now()),
      sleep: (nanoseconds) => {
        let ms = Math.max(0, Number(nanoseconds) / 1e6);
        if (this.deadline && performance.now() + ms > this.deadline) {
          ms = Math.max(0, this.deadline - performance.now());
          new DataView(this.exports.memory.buffer).setUint32(this.stop.address, this.stop.bits, true);
        }
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      },
      random: (at, length) => { randomFillSync(this.bytes(at, length)); },
      exit: (code) => { throw new Exited(`${code}`); },
      fault: (at, length) => { throw new Fault(this.read(at, length)); },
      // Nothing is served here: every operation is refused.
      begin: () => {
        this.operations.set(++this.operation, Buffer.concat(field(1, Buffer.concat([word(1), utf8.encode('refused')]))));
        return this.operation;
      },
      wait: (id) => id || (this.operations.size ? Math.max(...this.operations.keys()) : 0),
      take: (id, at, length) => {
        const rest = this.operations.get(id) ?? new Uint8Array(0);
        const part = rest.subarray(0, length);
        if (part.length) this.operations.set(id, rest.subarray(part.length));
        else this.operations.delete(id);
        this.bytes(at, part.length).set(part);
        return part.length;
      },
      drop: (id) => { this.operations.delete(id); },
      // There are no files and no types: each call says so.
      ...Object.fromEntries(['stat', 'read', 'write', 'list', 'link', 'change'].map((name) => [`file_${name}`, () => 44])),
      untype: () => 1,
      try: (fn, argument) => {
        const stack = this.exports.__stack_pointer?.value;
        try {
          this.exports.belljar_call(fn, argument);
          return 0;
        } catch (error) {
          if (!(error instanceof Thrown)) throw error;
          if (stack !== undefined) this.exports.__stack_pointer.value = stack;
          return 1;
        }
      },
      throw: () => { throw new Thrown(); },
    };
  }

  serve(verb, code, { name = 'script.js', args = [], env = {}, input = {}, cursor, limit = [65536, 16], module = false, stdin = '', timeout } = {}) {
    const fields = [field(TAG.verb, word(VERB[verb])), field(TAG.name, name), field(TAG.code, code), field(TAG.limit, word(...limit))];
    if (!this.seeded) fields.push(field(TAG.seed, randomFillSync(new Uint8Array(32))));
    for (const arg of args) fields.push(field(TAG.argument, arg));
    for (const [key, value] of Object.entries(env)) fields.push(field(TAG.environment, `${key}=${value}`));
    for (const [key, value] of Object.entries(input)) fields.push(field(TAG.input, `${key}\0${JSON.stringify(value)}`));
    if (cursor !== undefined) fields.push(field(TAG.cursor, word(cursor)));
    if (module) fields.push(field(TAG.flags, word(1)));
    const request = Buffer.concat(fields.flat());
    this.seeded = true;
    this.stdin = utf8.encode(stdin);
    this.deadline = timeout && performance.now() + timeout;
    this.result = { stdout: '', stderr: '' };
    const at = this.exports.belljar_buffer(request.length);
    if (at === 0) throw new Error('no memory for the request');
    this.bytes(at, request.length).set(request);
    const status = this.exports.belljar_enter(request.length);
    if (status !== 0) throw new Error(`the engine could not read the request: ${status}`);
    return this.result;
  }

  run(code, options) { return this.serve('run', code, options); }
  complete(code, options) { return this.serve('complete', code, { cursor: utf8.encode(code).length, ...options }); }
  check(code) { return [null, 'complete', 'incomplete', 'wrong'][this.serve('check', code).check]; }
}
