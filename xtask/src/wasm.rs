//! What a finished module imports and exports, checked against the contract (`engines/abi.md`).

use anyhow::{Context, Result, bail};
use wasmparser::{Parser, Payload, TypeRef};

/// What every engine exports.
const EXPORTS: [&str; 6] =
    ["memory", "_initialize", "belljar_init", "belljar_buffer", "belljar_enter", "belljar_stop_table"];

/// What an engine may import from `belljar`.
const IMPORTS: [&str; 14] = [
    "output", "input", "report", "clock", "sleep", "random", "exit", "fault", "try", "throw", "begin",
    "wait", "take", "drop",
];

/// The other module that the Python engine may import from.
pub(crate) const WASI: &str = "wasi_snapshot_preview1";

/// Fails unless the module keeps to the contract. `modules` are those it may import from, besides `belljar`.
pub(crate) fn check(wasm: &[u8], modules: &[&str]) -> Result<()> {
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.context("reading the module")? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.context("reading an import")?;
                    let ours = import.module == "belljar" && IMPORTS.contains(&import.name);
                    let function = matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
                    if !function || !(ours || modules.contains(&import.module)) {
                        bail!("unexpected import {}.{}", import.module, import.name);
                    }
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    if memory.context("reading the memory")?.maximum.is_some() {
                        bail!("the memory has a maximum; the host's limiter decides");
                    }
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    exports.push(export.context("reading an export")?.name.to_owned());
                }
            }
            _ => {}
        }
    }
    for name in EXPORTS {
        if !exports.iter().any(|export| export == name) {
            bail!("the export {name} is missing");
        }
    }
    Ok(())
}
