//! Where the tree is.

use std::path::{Path, PathBuf};

/// The root of the working tree.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The folder of an engine's own files.
pub(crate) fn engine(name: &str) -> PathBuf {
    root().join("engines").join(name)
}
