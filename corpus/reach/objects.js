//: row: 93 the way to the machine through the constructors and errors of whatever the host hands in
//: ended: completed
//: value: 'tried'
const made = "@FOLDER@/made";
const reach = (global) => {
  const process = global("return process")();
  process.getBuiltinModule("fs").writeFileSync(made, "");
};
const hosts = [globalThis, console, console.log, Error, Promise.resolve(), () => {}, async () => {}, [], new Map()];
const ways = hosts.flatMap((host) => [
  () => reach(host.constructor.constructor),
  () => reach(Object.getPrototypeOf(host).constructor.constructor),
  () => reach(host.constructor.constructor.constructor),
]);
ways.push(
  () => {
    Error.prepareStackTrace = (_, frames) => frames.map((frame) => frame.getThis());
    for (const host of new Error().stack) reach(host.constructor.constructor);
  },
  () => {
    const deep = () => deep();
    try {
      deep();
    } catch (error) {
      reach(error.constructor.constructor);
    }
  },
  () => {
    try {
      console.log({ get constructor() { throw new Proxy({}, {}); } });
    } catch (error) {
      reach(error.constructor.constructor);
    }
  },
);
for (const way of ways) {
  try {
    way();
  } catch {
    // Not this way.
  }
}
delete Error.prepareStackTrace;
"tried";
