//! What a model may ask the user for, through the client.

use belljar::{Error, Policy, Reach};
use clap::Args;

use crate::exit::Failure;

/// What a model may ask the user for.
#[derive(Args, Clone, Debug)]
pub(super) struct AskArgs {
    /// Let the model ask the user, through the client, for hosts that this covers; the user decides each time
    #[arg(long, value_name = "[METHOD,..@]HOST[:PORT][/PATH]", help_heading = "Grants")]
    ask_net: Vec<String>,
    /// Let the model ask the user for this directory, or one in it, in this mode or a narrower one
    #[arg(long, value_name = "SRC:DST[:ro|rw|cow]", help_heading = "Grants")]
    ask_mount: Vec<String>,
}

impl AskArgs {
    /// What may be asked for. Nothing that the policy does not allow.
    pub(super) fn askable(&self, policy: Option<&Policy>) -> Result<Reach, Failure> {
        let reach = Reach {
            net: self.ask_net.iter().map(|text| text.parse()).collect::<Result<_, Error>>()?,
            mounts: self.ask_mount.iter().map(|text| text.parse()).collect::<Result<_, Error>>()?,
            ..Reach::default()
        };
        if let Some(policy) = policy {
            policy.narrow(&reach)?;
        }
        Ok(reach)
    }
}
