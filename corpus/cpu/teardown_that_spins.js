//: row: 15 a session ends by dropping its memory: nothing runs at its end
//: ended: completed
//: value: 'done'
//: within_ms: 5000
const registry = new FinalizationRegistry(() => { for (;;); });
globalThis.kept = [{}, {}];
for (const item of kept) registry.register(item, 1);
"done";
