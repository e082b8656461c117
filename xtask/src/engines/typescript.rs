//! The parser that takes types out of TypeScript: swc's, as Node uses it, which its authors publish compiled to WebAssembly.
//!
//! It is no engine, since it runs nothing of what it reads; but it is made, kept and mapped as one.

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{Bench, Made, Recipe, Source};
use crate::cache::{self, Key};
use crate::fetch::npm;
use crate::require::{self, require};
use crate::wasm;

const PACKAGE: &str = "@swc/wasm-typescript";
const VERSION: &str = "1.16.2";
const SHA256: &str = "449dd9928436346ad7a18f80494f44d6efd5d969f51cd0d3cb450c465e4722cb";

/// The recipe of the parser.
pub(crate) struct Typescript;

impl Recipe for Typescript {
    fn name(&self) -> &'static str {
        "typescript"
    }

    fn key(&self, key: &mut Key) -> Result<()> {
        key.part("recipe", include_bytes!("typescript.rs"));
        Ok(())
    }

    fn steps(&self) -> usize {
        2
    }

    fn check(&self, module: &[u8]) -> Result<()> {
        wasm::check_parser(module)
    }

    fn build(&self, bench: &Bench) -> Result<Made> {
        require(&[&require::PYTHON, &require::PIP, &require::TAR])?;
        let package = format!("{PACKAGE}@{VERSION}");
        let folder = bench
            .progress
            .step("fetch the parser", || npm::unpack(bench.cache, bench.work, &package, SHA256))?;
        let script =
            String::from_utf8(cache::read(&folder.join("wasm.js"))?).context("wasm.js is not UTF-8")?;
        let module = bench.progress.step("take the module out of its script", || module_in(&script))?;
        cache::write(&bench.out.join("engine.wasm"), module)?;
        let (name, version, sha256) = (PACKAGE.to_owned(), VERSION.to_owned(), SHA256.to_owned());
        Ok(Made {
            language: "TypeScript",
            version: format!("swc ({PACKAGE} {VERSION})"),
            sources: vec![Source { name, version, sha256 }],
        })
    }
}

/// The module, which the script holds as text.
fn module_in(script: &str) -> Result<Vec<u8>> {
    const BEFORE: &str = "Buffer.from('";
    const AFTER: &str = "', 'base64')";
    let text = script.split_once(BEFORE).and_then(|(_, rest)| rest.split_once(AFTER));
    let Some((text, _)) = text else { bail!("the script holds no module in base64") };
    BASE64_STANDARD.decode(text).context("the module in the script is not base64")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_found_in_its_script() {
        let script = "const bytes = Buffer.from('AGFzbQ==', 'base64');";
        assert_eq!(module_in(script).unwrap(), b"\0asm");
        assert!(module_in("").is_err());
        assert!(module_in("Buffer.from('?', 'base64')").is_err());
    }
}
