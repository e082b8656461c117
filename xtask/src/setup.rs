//! `cargo xtask setup`: from a fresh checkout to a tree that builds and tests.

use anyhow::Result;

use crate::engines::{self, EnginesArgs};
use crate::require::{self, require};

/// Checks the machine first, so that nothing fails ten minutes in, then builds every engine.
pub(crate) fn setup() -> Result<()> {
    require(&[
        &require::CARGO,
        &require::GCC,
        &require::MAKE,
        &require::TAR,
        &require::XZ,
        &require::PYTHON,
        &require::PIP,
        &require::APT,
    ])?;
    engines::engines(&EnginesArgs::default())
}
