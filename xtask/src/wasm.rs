//! What a finished module imports and exports, checked against the contract (`engines/abi.md`).

use anyhow::{Context, Result, bail};
use wasmparser::{Parser, Payload, TypeRef};

/// What every engine exports.
const EXPORTS: [&str; 6] =
    ["memory", "_initialize", "belljar_init", "belljar_buffer", "belljar_enter", "belljar_stop_table"];

/// What an engine may import from `belljar`.
const IMPORTS: [&str; 21] = [
    "output",
    "input",
    "report",
    "clock",
    "sleep",
    "random",
    "exit",
    "fault",
    "try",
    "throw",
    "begin",
    "wait",
    "take",
    "drop",
    "file_stat",
    "file_read",
    "file_write",
    "file_list",
    "file_link",
    "file_change",
    "untype",
];

/// What the parser of TypeScript exports (`engines/typescript/contract.md`).
const PARSER_EXPORTS: [&str; 4] =
    ["memory", "transformSync", "__wbindgen_export_2", "__wbindgen_add_to_stack_pointer"];

/// The one module that it imports from.
const PARSER_IMPORTS: &str = "__wbindgen_placeholder__";

/// The other module that the Python engine may import from.
pub(crate) const WASI: &str = "wasi_snapshot_preview1";

/// Fails unless the module keeps to the contract. `modules` are those it may import from, besides `belljar`.
pub(crate) fn check(wasm: &[u8], modules: &[&str]) -> Result<()> {
    let may_import = |module: &str, name: &str| {
        module == "belljar" && IMPORTS.contains(&name) || modules.contains(&module)
    };
    check_against(wasm, &EXPORTS, may_import)
}

/// Fails unless the module is the parser of TypeScript, and imports nothing but operations on values.
pub(crate) fn check_parser(wasm: &[u8]) -> Result<()> {
    check_against(wasm, &PARSER_EXPORTS, |module, _| module == PARSER_IMPORTS)
}

fn check_against(wasm: &[u8], expected: &[&str], may_import: impl Fn(&str, &str) -> bool) -> Result<()> {
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.context("reading the module")? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.context("reading an import")?;
                    let function = matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
                    if !function || !may_import(import.module, import.name) {
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
    for name in expected {
        if !exports.iter().any(|export| export == name) {
            bail!("the export {name} is missing");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with one import, a function without arguments.
    fn importing(module: &str, name: &str) -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02".to_vec();
        let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let import = [&[1][..], &text(module), &text(name), &[0, 0]].concat();
        wasm.push(u8::try_from(import.len()).unwrap());
        [wasm, import].concat()
    }

    #[test]
    fn an_import_that_the_contract_does_not_name_is_refused() {
        let refusal = |wasm: &[u8], modules: &[&str]| check(wasm, modules).unwrap_err().to_string();
        for (module, name) in [("env", "system"), ("belljar", "open"), (WASI, "path_open")] {
            let wasm = importing(module, name);
            assert_eq!(refusal(&wasm, &[]), format!("unexpected import {module}.{name}"));
        }
        // What may be imported is not what is wrong with these.
        let lacks = "the export memory is missing";
        assert_eq!(refusal(&importing("belljar", "output"), &[]), lacks);
        assert_eq!(refusal(&importing(WASI, "path_open"), &[WASI]), lacks);
    }
}
