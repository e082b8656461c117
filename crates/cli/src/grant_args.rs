//! Grants on the command line: what code may reach. Nothing that is not named here, or in a policy.

use std::path::PathBuf;

use belljar::{Error, Reach};
use clap::Args;

/// What the code may reach.
#[derive(Args, Clone, Debug)]
pub(crate) struct GrantArgs {
    /// Show a directory to the program: to read (ro, the default), to change (rw), or to change in memory only (cow)
    #[arg(long, value_name = "SRC:DST[:ro|rw|cow]", help_heading = "Grants")]
    mount: Vec<String>,
    /// Let the code speak HTTP with a host: api.example.com, *.example.com, localhost:8080, GET,HEAD@api.example.com/v1
    #[arg(long, value_name = "[METHOD,..@]HOST[:PORT][/PATH]", help_heading = "Grants")]
    allow_net: Vec<String>,
    /// Let the code use a secret that it does not see: the value of the variable NAME here, or what is in FILE
    #[arg(long, value_name = "NAME@HOST[:PORT]:HEADER[=FILE]", help_heading = "Grants")]
    secret: Vec<String>,
    /// Trust the certificates in this file (PEM), besides those of public authorities
    #[arg(long, value_name = "FILE", help_heading = "Grants")]
    tls_ca: Vec<PathBuf>,
    /// Make runs repeatable: clock, randomness and scheduling follow from this number
    #[arg(long, value_name = "N", help_heading = "Grants")]
    seed: Option<u64>,
}

impl GrantArgs {
    /// Whether hosts were named.
    pub(crate) fn names_hosts(&self) -> bool {
        !self.allow_net.is_empty()
    }

    /// What was named.
    pub(crate) fn reach(&self) -> Result<Reach, Error> {
        Ok(Reach {
            mounts: self.mount.iter().map(|text| text.parse()).collect::<Result<_, _>>()?,
            net: self.allow_net.iter().map(|text| text.parse()).collect::<Result<_, _>>()?,
            tls_ca: self.tls_ca.clone(),
            secrets: self.secret.iter().map(|text| text.parse()).collect::<Result<_, _>>()?,
            seed: self.seed,
        })
    }
}
