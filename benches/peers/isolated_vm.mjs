// npm's isolated-vm: V8 isolates with a heap of their own.

import { createRequire } from "node:module";
import { TimedOut, serve } from "./serving.mjs";

const require = createRequire(process.env.PEER_FOLDER + "/");
const ivm = require("isolated-vm");

class Session {
  constructor(timeout) {
    this.isolate = new ivm.Isolate({ memoryLimit: 512 });
    this.context = this.isolate.createContextSync();
    this.options = timeout ? { timeout } : {};
  }

  run(code) {
    try {
      return this.context.evalSync(code, this.options);
    } catch (error) {
      throw /timed out/.test(error.message) ? new TimedOut() : error;
    }
  }

  close() {
    this.context.release();
    this.isolate.dispose();
  }
}

const { version } = require("isolated-vm/package.json");
await serve(version, (timeout) => new Session(timeout), ["fresh", "step", "cpu", "idle", "stop"]);
