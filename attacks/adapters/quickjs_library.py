"""PyPI's quickjs: QuickJS as a native library in the process of its user."""

import importlib.metadata

import quickjs
from serving import serve, told


PRINT = """
(() => {
  const printed = [];
  const join = Array.prototype.join;
  globalThis.console = { log: (...values) => { printed.push(values.map(String).join(" ") + "\\n"); } };
  return () => join.call(printed, "");
})()
"""


def run(code, time_ms, memory_bytes, output_bytes):
    context = quickjs.Context()
    context.set_memory_limit(memory_bytes)
    # It counts time on the processor.
    context.set_time_limit(time_ms / 1000)
    # Under a time limit nothing of Python can be called, so what is printed is kept on the other side.
    printed = context.eval(PRINT)
    answer = {"ended": "completed"}
    try:
        value = context.eval(code)
        while context.execute_pending_job():
            pass
        answer["value"] = value.json() if isinstance(value, quickjs.Object) else str(value)
    except quickjs.JSException as error:
        text = told(error)
        kinds = {"interrupted": "time_limit", "out of memory": "memory_limit"}
        ended = next((ended for words, ended in kinds.items() if words in text), "raised")
        answer = {"ended": ended, "error": text}
    try:
        return answer | {"stdout": printed()}
    except quickjs.JSException:
        # It has no memory left to join it.
        return answer


serve("quickjs " + importlib.metadata.version("quickjs"), "javascript", run)
