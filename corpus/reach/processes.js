//: row: 93 another program, by every way of starting one
//: ended: completed
//: value: 'tried'
const made = "@FOLDER@/made";
const required = (name) => [
  () => require(name),
  () => process.mainModule.require(name),
  () => process.getBuiltinModule(name),
  () => globalThis.constructor.constructor("return process")().getBuiltinModule(name),
  () => globalThis.constructor.constructor("return process.mainModule.require")()(name),
];
const ways = [
  ...required("child_process").map((module) => () => module().execSync(`touch ${made}`)),
  ...required("fs").map((module) => () => module().writeFileSync(made, "")),
  () => process.binding("spawn_sync").spawn({ file: "/usr/bin/touch", args: ["touch", made], stdio: [] }),
  () => process.dlopen({}, "libc.so.6"),
  () => std.popen(`touch ${made}`, "r"),
  () => os.exec(["touch", made]),
  () => new Worker("data:text/javascript,0"),
  () => Deno.Command("touch", { args: [made] }).outputSync(),
];
for (const way of ways) {
  try {
    way();
  } catch {
    // Not this way.
  }
}
"tried";
