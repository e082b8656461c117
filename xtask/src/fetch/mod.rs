//! Sources and tools from package registries, through the registries' ordinary clients, each checked against a hash that we pin.

pub(crate) mod crates;
pub(crate) mod debian;
pub(crate) mod npm;
pub(crate) mod pypi;
pub(crate) mod uv;

use std::path::Path;

use anyhow::{Result, bail};
use sha2::{Digest, Sha256};

use crate::cache;

/// Fails unless the file has the pinned SHA-256.
pub(crate) fn verify(path: &Path, sha256: &str) -> Result<()> {
    let found = sha256_of(path)?;
    if found != sha256 {
        bail!("{} has SHA-256 {found}, and {sha256} is expected", path.display());
    }
    Ok(())
}

/// The SHA-256 of a file, in hexadecimal.
pub(crate) fn sha256_of(path: &Path) -> Result<String> {
    Ok(hex::encode(Sha256::digest(cache::read(path)?)))
}
