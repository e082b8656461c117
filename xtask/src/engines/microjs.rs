//! CMicrojs.

use anyhow::{Result, bail};

use super::{Bench, Made, Recipe};
use crate::cache::Key;

/// The recipe of the Microjs engine.
pub(crate) struct Microjs;

impl Recipe for Microjs {
    fn name(&self) -> &'static str {
        "microjs"
    }

    fn key(&self, key: &mut Key) -> Result<()> {
        key.part("recipe", include_bytes!("microjs.rs"));
        Ok(())
    }

    fn steps(&self) -> usize {
        1
    }

    fn build(&self, _bench: &Bench) -> Result<Made> {
        bail!("the recipe is not written yet")
    }
}
