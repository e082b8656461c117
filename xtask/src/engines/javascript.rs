//! CJavascript.

use anyhow::{Result, bail};

use super::{Bench, Made, Recipe};
use crate::cache::Key;

/// The recipe of the Javascript engine.
pub(crate) struct Javascript;

impl Recipe for Javascript {
    fn name(&self) -> &'static str {
        "javascript"
    }

    fn key(&self, key: &mut Key) -> Result<()> {
        key.part("recipe", include_bytes!("javascript.rs"));
        Ok(())
    }

    fn steps(&self) -> usize {
        1
    }

    fn build(&self, _bench: &Bench) -> Result<Made> {
        bail!("the recipe is not written yet")
    }
}
