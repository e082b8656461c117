// npm's quickjs-emscripten: QuickJS as WebAssembly on V8. A runtime of its own for each program.

import { createRequire } from "node:module";
import { serve } from "./serving.mjs";

const require = createRequire(process.env.PEER_FOLDER + "/");
const { getQuickJS, shouldInterruptAfterDeadline } = require("quickjs-emscripten");
const quickjs = await getQuickJS();

function run(code, { time_ms, memory_bytes }) {
  const runtime = quickjs.newRuntime();
  runtime.setMemoryLimit(memory_bytes);
  runtime.setInterruptHandler(shouldInterruptAfterDeadline(Date.now() + time_ms));
  const context = runtime.newContext();
  const printed = [];
  const log = context.newFunction("log", (...values) => {
    printed.push(values.map((value) => String(context.dump(value))).join(" ") + "\n");
  });
  const console = context.newObject();
  context.setProp(console, "log", log);
  context.setProp(context.global, "console", console);
  log.dispose();
  console.dispose();

  let answer = { ended: "completed" };
  const result = context.evalCode(code);
  const jobs = result.error ? undefined : runtime.executePendingJobs();
  const failed = result.error ?? jobs?.error;
  if (failed) {
    const error = context.dump(failed);
    const kinds = { interrupted: "time_limit", "out of memory": "memory_limit" };
    answer = { ended: kinds[error?.message] ?? "raised", error: `${error?.name}: ${error?.message}` };
  } else {
    answer.value = String(context.dump(result.value));
  }
  answer.stdout = printed.join("");
  failed?.dispose();
  if (!result.error) result.value.dispose();
  context.dispose();
  runtime.dispose();
  return answer;
}

await serve("quickjs-emscripten " + require("quickjs-emscripten/package.json").version, "javascript", run);
