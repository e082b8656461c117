//! Where what is done with grants is written down: opened before anything else happens, and never code without it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use belljar::{Mount, MountMode, Policy};
use clap::Args;

use crate::exit::Failure;
use crate::log;

/// What is written down.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct AuditArgs {
    /// Append every use and every refusal of a grant to this file, one JSON object a line (`docs/audit.md`)
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
}

impl AuditArgs {
    /// Writes down from now on what is done, in the file of the flag and in that of the policy.
    pub(crate) fn begin(&self, policy: Option<&Policy>) -> Result<(), Failure> {
        let of_policy = policy.and_then(Policy::audit_file);
        let files = [self.audit.as_deref(), of_policy].into_iter().flatten();
        let files =
            files.map(|path| Ok((path.to_owned(), open(path)?))).collect::<Result<Vec<_>, Failure>>()?;
        log::audit_into(files);
        Ok(())
    }

    /// Refuses mounts through which code could change what is written down.
    pub(crate) fn keep_from(&self, mounts: &[Mount]) -> Result<(), Failure> {
        let real = |path: &Path| path.canonicalize().ok();
        let Some(file) = self.audit.as_deref().and_then(real) else { return Ok(()) };
        let writable = |mount: &&Mount| mount.mode() == MountMode::ReadWrite;
        let around = |mount: &&Mount| real(mount.source()).is_some_and(|source| file.starts_with(source));
        match mounts.iter().filter(writable).find(around) {
            Some(mount) => Err(Failure::usage(
                format!("code could change the audit file {} through the mount {mount}", file.display()),
                "put it elsewhere",
            )),
            None => Ok(()),
        }
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    opened.map_err(|error| Failure::system(format!("cannot open the audit file {}", path.display()), error))
}
