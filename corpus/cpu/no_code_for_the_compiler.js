//: row: 20 no code of a user's reaches a compiler of machine code, and there is no way to load bytecode
//: ended: completed
//: stdout: WebAssembly is not there\nstd is not there\nos is not there\nbjson is not there\nWorker is not there\nAtomics is not there\n
for (const name of ["WebAssembly", "std", "os", "bjson", "Worker", "Atomics"]) {
  console.log(name, name in globalThis ? "is there" : "is not there");
}
