//: row: 87 names, built-ins and prototypes that are left replaced: the next session must not see any of it
//: ended: completed
globalThis.belljar_was_here = true;
Object.prototype.belljar_was_here = true;
const broken = () => {
  throw new Error("left behind");
};
for (const prototype of [Array.prototype, String.prototype, Function.prototype, Number.prototype]) {
  for (const name of ["toString", "join", "map", "slice", "call", "apply"]) prototype[name] = broken;
}
for (const name of ["eval", "parseInt", "String", "Number", "Promise", "Error", "JSON", "console", "print"]) {
  try {
    Object.defineProperty(globalThis, name, { value: broken, writable: true, configurable: true });
  } catch {
    // It cannot be replaced.
  }
}
undefined;
