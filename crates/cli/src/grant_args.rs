//! Grants on the command line: what code may reach. Nothing that is not named here.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use belljar::{Grants, NetRule, Secret};
use clap::Args;

use crate::exit::Failure;

/// The most bytes that are read of a file with certificates, or with a secret.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// How a secret is given.
const SECRET_USAGE: &str =
    "write --secret NAME@HOST:HEADER, for example --secret API_TOKEN@api.example.com:Authorization";

/// What the code may reach.
#[derive(Args, Clone, Debug)]
pub(crate) struct GrantArgs {
    /// Let the code speak HTTP with a host: api.example.com, *.example.com, localhost:8080, GET,HEAD@api.example.com/v1
    #[arg(long, value_name = "[METHOD,..@]HOST[:PORT][/PATH]", help_heading = "Grants")]
    allow_net: Vec<String>,
    /// Let the code use a secret that it does not see: the value of the variable NAME here, or what is in FILE
    #[arg(long, value_name = "NAME@HOST[:PORT]:HEADER[=FILE]", help_heading = "Grants")]
    secret: Vec<String>,
    /// Trust the certificates in this file (PEM), besides those of public authorities
    #[arg(long, value_name = "FILE", help_heading = "Grants")]
    tls_ca: Vec<PathBuf>,
}

impl GrantArgs {
    /// These grants, and what was given.
    pub(crate) fn add_to(&self, mut grants: Grants) -> Result<Grants, Failure> {
        for rule in &self.allow_net {
            grants = grants.net(rule.parse::<NetRule>()?);
        }
        for secret in &self.secret {
            grants = grants.secret(read_secret(secret)?);
        }
        for path in &self.tls_ca {
            grants = grants.tls_root(&read_file("--tls-ca", path)?)?;
        }
        Ok(grants)
    }
}

/// `NAME@HOST[:PORT]:HEADER`, with the value from the environment, or `=FILE` behind it.
fn read_secret(text: &str) -> Result<Secret, Failure> {
    let (place, file) = text.split_once('=').map_or((text, None), |(place, file)| (place, Some(file)));
    let usage = |what: &str| Failure::usage(format!("--secret {place} {what}"), SECRET_USAGE);
    let (name, place) = place.split_once('@').ok_or_else(|| usage("names no host"))?;
    let (host, header) = place.rsplit_once(':').ok_or_else(|| usage("names no header"))?;
    if header.is_empty() || header.bytes().all(|byte| byte.is_ascii_digit()) || host.ends_with('[') {
        return Err(usage("names no header"));
    }
    let value = match file {
        Some(file) => {
            let mut value = read_file("--secret", Path::new(file))?;
            // An editor ends the last line.
            value.truncate(value.trim_ascii_end().len());
            value
        }
        None => variable(name)?.into_bytes(),
    };
    Ok(Secret::new(name, host, header, value)?)
}

fn variable(name: &str) -> Result<String, Failure> {
    std::env::var(name).map_err(|error| match error {
        std::env::VarError::NotPresent => Failure::usage(
            format!("--secret {name}: there is no such variable here"),
            "set it first, or name a file with the value: NAME@HOST:HEADER=FILE",
        ),
        std::env::VarError::NotUnicode(_) => {
            Failure::usage(format!("--secret {name}: its value here is not UTF-8"), SECRET_USAGE)
        }
    })
}

fn read_file(flag: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let failed = |error| Failure::system(format!("{flag}: cannot read {shown}"), error);
    let mut content = Vec::new();
    File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > FILE_BYTES_MAX {
        return Err(Failure::usage(format!("{flag}: {shown} has more than 1MiB"), "name another file"));
    }
    Ok(content)
}
