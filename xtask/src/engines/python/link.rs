//! The shim and the boot files, linked with the interpreter to one module.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::super::Bench;
use crate::fetch::debian::Version;
use crate::zig::Zig;

/// What is linked.
pub(super) struct Parts<'a> {
    pub(super) source: &'a Path,
    pub(super) native: &'a Path,
    pub(super) libraries: &'a Path,
    pub(super) interpreter: &'a Path,
}

/// The shim's files, and the allocator: both come before libc, and so are found first.
const SHIM: [&str; 16] = [
    "engine",
    "boot",
    "packages",
    "operations",
    "library",
    "code",
    "reserve",
    "stop",
    "immortal",
    "seal",
    "hash",
    "scrypt",
    "sqlite",
    "stat",
    "deadlock",
    "libc",
];
const COMMON: [&str; 1] = ["malloc"];

/// The shadow stack. With it and a native stack of 8 MiB every deep recursion that was tried ends in a RecursionError.
const STACK_BYTES: u32 = 8 << 20;

const INTERPRETER: [&str; 3] = ["Hacl_Hash_SHA2", "expat", "mpdec"];
const LIBRARIES: [&str; 4] = ["z", "bz2", "lzma", "sqlite3"];
const EMULATED: [&str; 4] = ["mman", "signal", "getpid", "process-clocks"];

/// Writes `engine.wasm`.
pub(super) fn build(bench: &Bench, version: &Version, parts: &Parts) -> Result<()> {
    let mut library = Command::new(parts.native.join("python"));
    library.arg(bench.folder.join("library.py")).arg(parts.source.join("Lib")).arg(bench.folder);
    library.arg(bench.work.join("library.bin")).arg(format!("/{}", super::library_folder(version)));
    bench.progress.run(&mut library)?;

    let zig = Zig::fetch(bench.cache, bench.work)?;
    let mut command = cc(&zig);
    command.args(["-flto", "-mexec-model=reactor", "-Wl,--strip-all"]);
    command.arg(format!("-Wl,-z,stack-size={STACK_BYTES}"));
    command.args(compile(bench, parts, &zig)?);
    command.arg("-L").arg(parts.interpreter.join("lib")).arg("-L").arg(parts.libraries.join("lib"));
    command.arg(format!("-lpython{}", super::series(version)));
    command.args(INTERPRETER.iter().chain(&LIBRARIES).map(|name| format!("-l{name}")));
    command.args(EMULATED.map(|name| format!("-lwasi-emulated-{name}")));
    bench.progress.run(command.arg("-lm").arg("-o").arg(bench.out.join("engine.wasm")))
}

/// The objects of the shim. They are compiled before they are linked: given sources, zig would put its libc before them, and the
/// functions in which we differ would be there twice.
fn compile(bench: &Bench, parts: &Parts, zig: &Zig) -> Result<Vec<PathBuf>> {
    let common = bench.folder.with_file_name("common");
    let shim = SHIM.map(|name| bench.folder.join("shim").join(format!("{name}.c")));
    let include = parts.source.join("Include");
    let mut objects = Vec::new();
    for source in shim.into_iter().chain(COMMON.map(|name| common.join(format!("{name}.c")))) {
        let object = bench.work.join(format!("{}.o", objects.len()));
        let mut command = cc(zig);
        command.args(["-std=gnu23", "-DNDEBUG", "-D_WASI_EMULATED_SIGNAL", "-Wall", "-Wno-unused-function"]);
        command.arg(format!("--embed-dir={}", bench.work.display()));
        for folder in [
            &include,
            &include.join("internal"),
            &parts.interpreter.join("include"),
            &parts.libraries.join("include"),
        ] {
            command.arg("-I").arg(folder);
        }
        bench.progress.run(command.arg("-c").arg(&source).arg("-o").arg(&object).args(["-Xclang", "-O3"]))?;
        objects.push(object);
    }
    Ok(objects)
}

fn cc(zig: &Zig) -> Command {
    let mut command = zig.command("cc");
    command.args(["-target", "wasm32-wasi", "-O3", "-g0", "-fomit-frame-pointer"]);
    command
}
