// The protocol of attacks/README.md, for sandboxes that are Node packages.

import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * Answers asks until standard input ends.
 *
 * `run(code, limits)` runs code in a sandbox of its own and gives an answer: an object with `ended`, and with `stdout`, `stderr`, `value` and
 * `error` where there are any.
 */
export async function serve(sandbox, language, run) {
  for await (const line of createInterface({ input: process.stdin })) {
    const ask = JSON.parse(line);
    const answer = { id: ask.id, sandbox, ended: "unsupported" };
    try {
      if (ask.language === language) Object.assign(answer, await run(ask.code, ask.limits));
    } catch (error) {
      // The sandbox failed in a way that is none of its answers.
      Object.assign(answer, { ended: "crashed", error: String(error) });
    }
    let text = Buffer.from(JSON.stringify(answer, whole) + "\n");
    while (text.length > 0) text = text.subarray(write(text));
  }
}

/** Text without halves of characters, which JSON cannot carry. */
const whole = (_, value) => (typeof value === "string" ? value.toWellFormed() : value);

/** How many bytes were taken: a pipe that is full takes none. */
function write(bytes) {
  try {
    return writeSync(1, bytes);
  } catch (error) {
    if (error.code === "EAGAIN") return 0;
    throw error;
  }
}
