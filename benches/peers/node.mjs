// Node itself: a `vm` context, which is no sandbox. Programs that measure the processor run in the main context, since a `vm` context
// makes every global slow.

import vm from "node:vm";
import { TimedOut, serve } from "./serving.mjs";

class Session {
  constructor(timeout, what) {
    this.context = what === "cpu" ? undefined : vm.createContext({});
    this.options = timeout ? { timeout } : {};
  }

  run(code) {
    try {
      if (!this.context) return vm.runInThisContext(code);
      return vm.runInContext(code, this.context, this.options);
    } catch (error) {
      throw error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT" ? new TimedOut() : error;
    }
  }

  close() {}
}

await serve(process.version, (timeout, what) => new Session(timeout, what), ["fresh", "step", "cpu", "idle", "stop"]);
