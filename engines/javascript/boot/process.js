// The part of Node's `process` that snippets use, and `scriptArgs`.
(function (host, glue, global) {
  'use strict';

  const { define, clock } = host;
  const { apply } = Reflect;

  // The arguments belong to the request that is being served: read once in each run, and changeable within it.
  let run = -1;
  let args;
  function current() {
    if (run !== host.runNumber()) {
      run = host.runNumber();
      args = host.programArguments();
    }
    return args;
  }

  let argvRun = -1;
  let argv;
  function argvOf() {
    if (argvRun !== host.runNumber()) {
      argvRun = host.runNumber();
      argv = ['/belljar', ...current()];
    }
    return argv;
  }

  function write(stream) {
    return function write(chunk, encoding, callback) {
      if (typeof chunk === 'string') host.output(stream, chunk.toWellFormed());
      else host.outputBytes(stream, chunk);
      const done = typeof encoding === 'function' ? encoding : callback;
      if (typeof done === 'function') queueMicrotask(done);
      return true;
    };
  }

  function hrtime(since) {
    const now = clock(1);
    let seconds = Number(now / 1000000000n);
    let rest = Number(now % 1000000000n);
    if (since) {
      seconds -= since[0];
      rest -= since[1];
      if (rest < 0) [seconds, rest] = [seconds - 1, rest + 1e9];
    }
    return [seconds, rest];
  }
  hrtime.bigint = function bigint() { return clock(1); };

  const microtask = global.queueMicrotask;
  const process = {
    get argv() { return argvOf(); },
    set argv(value) { [argvRun, argv] = [host.runNumber(), value]; },
    env: {},
    exitCode: undefined,
    pid: 1,
    platform: 'belljar',
    arch: 'wasm32',
    version: 'v0.0.0',
    versions: { quickjs: '0.16.2' },
    exit(code) { host.exit(code ?? process.exitCode ?? 0); },
    cwd() { return '/work'; },
    uptime() { return Number(clock(1)) / 1e9; },
    hrtime,
    nextTick(callback, ...rest) { microtask(() => apply(callback, undefined, rest)); },
    cpuUsage() { return { user: Number(clock(2) / 1000n), system: 0 }; },
    stdout: { write: write(1), isTTY: false },
    stderr: { write: write(2), isTTY: false },
    on() { return process; },
    once() { return process; },
    off() { return process; },
    emitWarning(warning) { glue.print(2, [`Warning: ${warning?.message ?? warning}`]); },
  };
  Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true });
  glue.process = process;
  define('process', process);
  Object.defineProperty(global, 'scriptArgs', {
    get: current,
    set(value) { [run, args] = [host.runNumber(), value]; },
    enumerable: false,
    configurable: true,
  });
})
