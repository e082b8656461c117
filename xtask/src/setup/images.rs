//! Images from engines, made by the program itself; one that was made from the same engine and by the same code is kept.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::cache::{self, Cache, Key};
use crate::{engines, tree};

/// What makes an image of an engine: a change there asks for new images.
const MAKERS: [&str; 2] = ["crates/belljar/src/engine", "crates/belljar/src/host/files/pack"];

/// The part of `image.json` that says where the image came from.
#[derive(Deserialize)]
struct Origin {
    engine_blake3: String,
}

/// Makes the image of the engine `name`, unless it is there.
pub(super) fn make(cache: &Cache, program: &Path, name: &str) -> Result<()> {
    let engine = engines::engine(cache, name)?;
    let key = key(&engine)?;
    if let Some(folder) = find(program, name)?
        && is_made_from(&folder, &engine, &key)?
    {
        println!("{name}: {}", folder.display());
        return Ok(());
    }
    let status = Command::new(program).args(["image", "build"]).arg(&engine).stdin(Stdio::null()).status();
    let status = status.with_context(|| format!("starting {}", program.display()))?;
    if !status.success() {
        bail!("`belljar image build {}` failed ({status})", engine.display());
    }
    let Some(folder) = find(program, name)? else {
        bail!("the image {name} was made, but `belljar image list` does not show it");
    };
    println!("{name}: {}", folder.display());
    cache::write(&stamp(&folder, name)?, key)
}

/// The folder of the image `name`, if the program has it and can use it.
fn find(program: &Path, name: &str) -> Result<Option<PathBuf>> {
    let listed = Command::new(program).args(["image", "list"]).stdin(Stdio::null()).output();
    let listed = listed.with_context(|| format!("starting {}", program.display()))?;
    if !listed.status.success() {
        bail!("`belljar image list` failed: {}", String::from_utf8_lossy(&listed.stderr).trim());
    }
    let text = String::from_utf8(listed.stdout).context("`belljar image list` printed no text")?;
    Ok(folder_in(&text, name))
}

/// The folder in a line `name version folder`. A version may have spaces in it; a folder begins with a slash.
fn folder_in(list: &str, name: &str) -> Option<PathBuf> {
    let rest = list.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    let folder = rest.find(" /").map(|at| PathBuf::from(&rest[at + 1..]))?;
    (!rest.starts_with("unusable:")).then_some(folder)
}

fn is_made_from(folder: &Path, engine: &Path, key: &str) -> Result<bool> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Ok(stamped) = cache::read(&stamp(folder, &name)?) else { return Ok(false) };
    let manifest: Origin = serde_json::from_slice(&cache::read(&folder.join("image.json"))?)
        .with_context(|| format!("reading {}", folder.join("image.json").display()))?;
    let wasm = blake3::hash(&cache::read(&engine.join("engine.wasm"))?).to_hex();
    Ok(stamped == key.as_bytes() && manifest.engine_blake3 == wasm.as_str())
}

/// What an image is made from and by.
fn key(engine: &Path) -> Result<String> {
    let mut key = Key::new();
    key.folder(engine)?;
    for folder in MAKERS {
        key.folder(&tree::root().join(folder))?;
    }
    Ok(key.finish())
}

/// The file that remembers the key. It lies beside the image, since what lies in it is the program's affair.
fn stamp(folder: &Path, name: &str) -> Result<PathBuf> {
    let parent = folder.parent().context("an image lies in a folder")?;
    Ok(parent.join(format!(".{name}.made-from")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_found_in_the_list() {
        let list =
            "javascript QuickJS-ng 0.16 /a b/javascript\npython unusable: the image at /a is damaged\n";
        assert_eq!(folder_in(list, "javascript"), Some(PathBuf::from("/a b/javascript")));
        assert_eq!(folder_in(list, "java"), None);
        assert_eq!(folder_in(list, "python"), None);
    }
}
