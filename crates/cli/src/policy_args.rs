//! The policy that a command works under: of the flag, or of the environment. It can be named in both places, and not replaced.

use std::path::{Path, PathBuf};

use belljar::Policy;
use clap::Args;

use crate::exit::Failure;

/// The variable that puts every command under a policy.
const VARIABLE: &str = "BELLJAR_POLICY";

/// What the operator allows.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PolicyArgs {
    /// Work under the policy in this file (TOML): its limits and grants hold, and flags and requests can only ask for less [env: BELLJAR_POLICY]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl PolicyArgs {
    /// The policy, if there is one.
    pub(crate) fn load(&self) -> Result<Option<Policy>, Failure> {
        let of_environment = of_environment()?;
        let file = match (&self.policy, &of_environment) {
            (Some(flag), Some(variable)) if !is_same(flag, variable) => {
                let message =
                    format!("{VARIABLE} names {} already; --policy cannot replace it", variable.display());
                return Err(Failure::usage(message, "leave --policy out"));
            }
            (flag, variable) => flag.as_ref().or(variable.as_ref()),
        };
        Ok(file.map(Policy::read).transpose()?)
    }
}

/// The file that the environment names.
pub(crate) fn of_environment() -> Result<Option<PathBuf>, Failure> {
    match std::env::var_os(VARIABLE) {
        // Whoever sets it wants a policy: to go on without one would be the wrong guess.
        Some(path) if path.is_empty() => {
            Err(Failure::usage(format!("{VARIABLE} is set, and names no file"), "name a policy, or unset it"))
        }
        path => Ok(path.map(PathBuf::from)),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
