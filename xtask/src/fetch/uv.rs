//! uv, which resolves packages: the very wheel that the program would fetch for itself, where it looks for it. So tests need no network for it.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::pypi::Wheel;
use crate::cache::{self, Cache};
use crate::tree;

/// Which one: the program reads the same file.
const PIN: &str = "crates/packages/uv.json";

#[derive(Deserialize)]
struct Pin {
    version: String,
    sha256: String,
}

/// Fetches it unless it is there.
pub(crate) fn fetch(cache: &Cache) -> Result<()> {
    let json = cache::read(&tree::root().join(PIN))?;
    let Pin { version, sha256 } =
        serde_json::from_slice(&json).with_context(|| format!("{PIN} is not as it should be"))?;
    Wheel { name: "uv", version: &version, sha256: &sha256 }.fetch(cache).map(|_| ())
}
