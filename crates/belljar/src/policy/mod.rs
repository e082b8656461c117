//! The policy: what an operator allows, in one document for every surface. Requests and command lines can only ask for less.
//!
//! `tree` reads TOML and holds it against the schema of `document`, `build` makes what is in it into limits and grants, and `problem` says what
//! is wrong and where. `reach` is what code may reach as plain data, and whether one such is within another.

mod build;
mod document;
mod environment;
mod machine;
mod packages;
mod print;
pub(crate) mod problem;
mod reach;
mod secret;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use packages::Packages;
pub use problem::{PolicyProblem, PolicyProblems};
pub use reach::{Reach, Uncovered};
pub use secret::SecretSource;

use crate::admit::narrow;
use crate::audit;
use crate::error::{Error, Result};
use crate::grants::Grants;
use crate::limits::Limits;
use crate::mount::MountMode;
use build::Document;

/// What an operator allows: limits, grants, engines, packages, and what is written down.
///
/// Its limits are ceilings, and hold where a request asks for nothing. Its grants hold for every run; whoever asks for grants of one kind gets
/// those of that kind alone, each within one of the policy. Relative paths are relative to the policy's file.
///
/// ```
/// use belljar::{Policy, Reach};
///
/// let policy = Policy::parse(
///     r#"
///     [limits]
///     time_ms = "2s"
///
///     [grants]
///     net = ["GET@api.example.com/v1"]
///     "#,
///     "policy.toml",
/// )?;
/// assert_eq!(policy.limits().time_ms, 2_000);
/// let asks = |rule: &str| Reach { net: vec![rule.parse().expect("a rule")], ..Reach::default() };
/// assert!(policy.narrow(&asks("GET@api.example.com/v1/models")).is_ok());
/// assert!(policy.narrow(&asks("api.example.com")).is_err());
///
/// let wrong = Policy::parse("[limits]\ntime = 2\n", "policy.toml").unwrap_err();
/// assert!(wrong.to_string().starts_with("policy.toml:2:1: there is no key `time` in [limits]"));
/// # Ok::<(), belljar::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    name: String,
    file: Option<PathBuf>,
    limits: Limits,
    engines: Option<Vec<String>>,
    reach: Reach,
    environment: BTreeMap<String, Option<String>>,
    packages: Packages,
    audit: Option<PathBuf>,
    jail: bool,
}

impl Policy {
    /// Reads a policy from text; `name` is what messages call it. Relative paths stay as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] with every problem and its place.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        build::policy(text, name, Path::new(""))
    }

    /// Reads a policy from a file of at most 1 MiB.
    ///
    /// # Errors
    ///
    /// As for [`Policy::parse`]; [`Error::Io`] and [`Error::FileTooLong`] when the file cannot be read.
    pub fn read(file: impl AsRef<Path>) -> Result<Self> {
        let file = file.as_ref();
        let bytes = machine::read(file)?;
        let name = file.display().to_string();
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| build::not_utf8(&bytes, error.valid_up_to(), &name))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        Ok(Self { file: Some(file.to_owned()), ..build::policy(text, &name, folder)? })
    }

    /// The JSON Schema of a policy.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Document)
    }

    /// What messages call it: the path of its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The limits: ceilings, and what holds where nothing is asked for.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What code may reach, environment variables apart.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The images that may be run; all, where this is none.
    #[must_use]
    pub fn engines(&self) -> Option<&[String]> {
        self.engines.as_deref()
    }

    /// The environment variables that code may have: `NAME=VALUE` with that value, `NAME` with any.
    pub fn environment(&self) -> impl Iterator<Item = String> {
        self.environment.iter().map(|(name, value)| match value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        })
    }

    /// Whether nothing may run where the [jail](crate::Jail) cannot be closed.
    #[must_use]
    pub fn requires_jail(&self) -> bool {
        self.jail
    }

    /// Which packages code may have.
    #[must_use]
    pub fn packages(&self) -> &Packages {
        &self.packages
    }

    /// The file to which every use and refusal of a grant must be appended, if there must be one.
    #[must_use]
    pub fn audit_file(&self) -> Option<&Path> {
        self.audit.as_deref()
    }

    /// Whether the image `name` may be run.
    ///
    /// # Errors
    ///
    /// [`Error::NotAllowed`] when it may not.
    pub fn check_engine(&self, name: &str) -> Result<()> {
        match &self.engines {
            Some(allowed) if !allowed.iter().any(|allowed| allowed == name) => {
                Err(self.refuse(format!("the engine {name}"), "`engines.allow` does not name it".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Whether a run may have the package `name`.
    ///
    /// # Errors
    ///
    /// [`Error::NotAllowed`] when it may not.
    pub fn check_package(&self, name: &str) -> Result<()> {
        match self.packages.covers(name) {
            true => Ok(()),
            false => {
                Err(self
                    .refuse(format!("the package {name}"), "`packages.allow` does not name it".to_owned()))
            }
        }
    }

    /// Whether what a script says about itself may count as asking for packages.
    ///
    /// # Errors
    ///
    /// [`Error::NotAllowed`] when it may not.
    pub fn check_script(&self) -> Result<()> {
        match self.packages.script_metadata {
            true => Ok(()),
            false => Err(self.refuse(
                "what the script asks for by itself".to_owned(),
                "`packages.script_metadata` is false".to_owned(),
            )),
        }
    }

    /// The limits that were asked for, if none is above the policy's.
    ///
    /// # Errors
    ///
    /// [`Error::NotAllowed`] names the first that is, and [`Error::LimitOutOfRange`] one that makes no sense.
    pub fn narrow_limits(&self, asked: Limits) -> Result<Limits> {
        narrow(asked, &self.limits).map_err(|error| match error {
            Error::LimitRaised { limit, asked, allowed } => {
                self.refuse(format!("{limit} = {asked}"), format!("`limits.{limit}` is {allowed}"))
            }
            other => other,
        })
    }

    /// What was asked for, each kind of grant within the policy's; of a kind that was not asked for, all that the policy grants.
    ///
    /// # Errors
    ///
    /// [`Error::NotAllowed`] names the first thing that is not covered, and the key that would have to cover it. Also when code could change
    /// the policy itself, or what is written down, through a mount.
    pub fn narrow(&self, asked: &Reach) -> Result<Reach> {
        let reach =
            self.reach.narrow(asked).map_err(|uncovered| self.refuse(uncovered.asked, uncovered.why))?;
        for mount in reach.mounts.iter().filter(|mount| mount.mode == MountMode::ReadWrite) {
            let own = [&self.file, &self.audit].into_iter().flatten();
            if let Some(path) = own.into_iter().find(|path| machine::lies_in(path, &mount.source)) {
                let why = format!("code could change {} through it", path.display());
                return Err(self.refuse(format!("the mount {mount}"), why));
            }
        }
        Ok(reach)
    }

    /// The grants of a run that asked for this, the policy's environment variables included.
    ///
    /// # Errors
    ///
    /// As for [`Policy::narrow`] and [`Reach::grants`].
    pub fn grants(&self, asked: &Reach) -> Result<Grants> {
        let grants = self.narrow(asked)?.grants()?;
        Ok(grants.under_policy(environment::fetch(&self.environment)))
    }

    /// What the policy names and this machine does not have now: directories, files, variables. Each would be an error of the run that needs it.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let Reach { mounts, tls_ca, secrets, .. } = &self.reach;
        let mounts = mounts.iter().filter(|mount| !machine::is_directory(&mount.source));
        let files = tls_ca.iter().filter(|path| !machine::can_be_read(path));
        let secrets = secrets.iter().filter(|secret| !secret.is_there());
        let mut missing: Vec<String> =
            mounts.map(|mount| format!("the directory {} (grants.mounts)", mount.source.display())).collect();
        missing.extend(files.map(|path| format!("the file {} (grants.tls_ca)", path.display())));
        missing.extend(secrets.map(|secret| format!("the value of the secret {secret} (grants.secrets)")));
        missing
    }

    fn refuse(&self, asked: String, why: String) -> Error {
        audit::refused_by_policy(&self.name, &asked, &why);
        Error::NotAllowed { asked, policy: self.name.clone(), why }
    }
}

impl std::str::FromStr for Policy {
    type Err = Error;

    /// As [`Policy::parse`], under the name `policy`.
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text, "policy")
    }
}
