//! What this machine lets a process take from itself.

use std::fmt;

use belljar::{Lack, Layers, Standing};
use serde::Serialize;

/// The layers of the jail.
#[derive(Serialize)]
pub(crate) struct Findings {
    /// Whether there are those without which there is none.
    ok: bool,
    /// Whether this system has any of them. Where it has none, WebAssembly stands alone.
    second_ring: bool,
    landlock_abi: Option<u32>,
    layers: Vec<Found>,
}

/// One of them.
#[derive(Serialize)]
struct Found {
    layer: &'static str,
    ok: bool,
    /// Why it is not to be had, and what would bring it.
    missing: Option<String>,
    hint: Option<&'static str>,
}

impl Findings {
    /// Tries them, in processes that end at once.
    pub(crate) fn look() -> Self {
        let layers = Layers::probe();
        let found = layers.iter().map(|(layer, standing)| match standing {
            Standing::Missing(lack) => {
                let (missing, hint) = (Some(lack.to_string()), Some(layer.hint(lack)));
                Found { layer: layer.name(), ok: false, missing, hint }
            }
            _ => Found { layer: layer.name(), ok: true, missing: None, hint: None },
        });
        let second_ring = layers.iter().any(|(_, standing)| standing != Standing::Missing(Lack::System));
        Self {
            ok: layers.are_a_jail(),
            second_ring,
            landlock_abi: layers.landlock_abi(),
            layers: found.collect(),
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.second_ring {
            return write!(
                f,
                "jail      none: on this system there is ring one only (WebAssembly), and no workers\n            hint: \
                 the jail is there on Linux, on x86-64 and AArch64"
            );
        }
        let verdict = if self.ok { "can be closed" } else { "CANNOT be closed" };
        write!(f, "jail      {verdict}")?;
        if let Some(abi) = self.landlock_abi {
            write!(f, "; the interface of landlock is version {abi}")?;
        }
        for Found { layer, missing, hint, .. } in &self.layers {
            match (missing, hint) {
                (Some(missing), Some(hint)) => {
                    write!(f, "\n  missing   {layer}: {missing}\n            hint: {hint}")?;
                }
                _ => write!(f, "\n  had       {layer}")?,
            }
        }
        Ok(())
    }
}
