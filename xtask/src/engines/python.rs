//! CPython.

use anyhow::{Result, bail};

use super::{Bench, Made, Recipe};
use crate::cache::Key;

/// The recipe of the Python engine.
pub(crate) struct Python;

impl Recipe for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn key(&self, key: &mut Key) -> Result<()> {
        key.part("recipe", include_bytes!("python.rs"));
        Ok(())
    }

    fn steps(&self) -> usize {
        1
    }

    fn imports(&self) -> &'static [&'static str] {
        &[crate::wasm::WASI]
    }

    fn build(&self, _bench: &Bench) -> Result<Made> {
        bail!("the recipe is not written yet")
    }
}
