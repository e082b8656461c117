//! uv, which resolves packages: the very wheel that the program would fetch for itself, where it looks for it. So tests need no network for it.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::pypi::Wheel;
use crate::cache::{self, Cache};
use crate::tree;

/// Which one: the program reads the same file.
const PIN: &str = "crates/packages/uv.json";

/// A version and its hash.
#[derive(Deserialize)]
pub(crate) struct Pin {
    pub(crate) version: String,
    pub(crate) sha256: String,
}

/// Fetches it unless it is there.
pub(crate) fn fetch(cache: &Cache) -> Result<()> {
    let Pin { version, sha256 } = pin()?;
    Wheel { name: "uv", version: &version, sha256: &sha256 }.fetch(cache).map(|_| ())
}

/// Reads which one.
pub(crate) fn pin() -> Result<Pin> {
    let json = cache::read(&tree::root().join(PIN))?;
    serde_json::from_slice(&json).with_context(|| format!("{PIN} is not as it should be"))
}
