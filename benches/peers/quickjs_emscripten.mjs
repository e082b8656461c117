// npm's quickjs-emscripten: QuickJS as WebAssembly on V8. Its contexts share one linear memory.

import { createRequire } from "node:module";
import { TimedOut, serve } from "./serving.mjs";

const require = createRequire(process.env.PEER_FOLDER + "/");
const { getQuickJS, shouldInterruptAfterDeadline } = require("quickjs-emscripten");
const quickjs = await getQuickJS();

class Session {
  constructor(timeout) {
    this.context = quickjs.newContext();
    this.timeout = timeout;
  }

  run(code) {
    if (this.timeout) {
      this.context.runtime.setInterruptHandler(shouldInterruptAfterDeadline(Date.now() + this.timeout));
    }
    const result = this.context.evalCode(code);
    if (result.error) {
      const error = this.context.dump(result.error);
      result.error.dispose();
      throw error.message === "interrupted" ? new TimedOut() : new Error(`${error.name}: ${error.message}`);
    }
    const value = this.context.dump(result.value);
    result.value.dispose();
    return value;
  }

  close() {
    this.context.dispose();
  }
}

const { version } = require("quickjs-emscripten/package.json");
await serve(version, (timeout) => new Session(timeout), ["fresh", "step", "cpu", "idle", "stop"]);
