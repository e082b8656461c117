//! What code may reach, as plain data: what a policy grants, or what a command line or a request asks for. One can be held against the other.

use std::path::{Path, PathBuf};

use super::machine;
use super::secret::SecretSource;
use crate::error;
use crate::grants::Grants;
use crate::host::files::is_protected;
use crate::host::net::rule::NetRule;
use crate::mount::{Mount, MountMode};

/// Grants before anything of the machine was opened or read for them.
///
/// ```
/// use belljar::Reach;
///
/// let reach = Reach { net: vec!["api.example.com".parse()?], ..Reach::default() };
/// let grants = reach.grants()?;
/// # Ok::<(), belljar::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Directories of the host.
    pub mounts: Vec<Mount>,
    /// Hosts.
    pub net: Vec<NetRule>,
    /// Files with certificates that are trusted besides those of public authorities.
    pub tls_ca: Vec<PathBuf>,
    /// Secrets, and where their values are.
    pub secrets: Vec<SecretSource>,
    /// What makes runs repeatable.
    pub seed: Option<u64>,
}

/// Something that was asked for and is not covered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{asked}")]
pub struct Uncovered {
    /// What was asked for.
    pub asked: String,
    /// Which key of a policy says so.
    pub(super) why: String,
}

impl Reach {
    /// The grants: files with certificates and the values of secrets are read.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io), [`Error::FileTooLong`](crate::Error::FileTooLong) or [`Error::Certificate`](crate::Error::Certificate) for a
    /// file, [`Error::NoVariable`](crate::Error::NoVariable) or [`Error::Secret`](crate::Error::Secret) for a value.
    pub fn grants(&self) -> error::Result<Grants> {
        let grants = self.seed.map_or_else(Grants::default, |seed| Grants::default().seed(seed));
        let grants = self.mounts.iter().cloned().fold(grants, Grants::mount);
        let mut grants = self.net.iter().cloned().fold(grants, Grants::net);
        for secret in &self.secrets {
            grants = grants.secret(secret.fetch()?);
        }
        for path in &self.tls_ca {
            grants = grants.tls_root(&machine::read(path)?)?;
        }
        Ok(grants)
    }

    /// What is `asked` for and nothing else, if these grants cover it. Mounts are then of the directories that are really there.
    ///
    /// # Errors
    ///
    /// [`Uncovered`] names the first thing that they do not cover.
    ///
    /// ```
    /// use belljar::Reach;
    ///
    /// let all = Reach { net: vec!["*.example.com".parse()?], ..Reach::default() };
    /// let asked = Reach { net: vec!["GET@api.example.com".parse()?], ..Reach::default() };
    /// assert_eq!(all.part(&asked).as_ref(), Ok(&asked));
    /// assert_eq!(asked.part(&all).unwrap_err().to_string(), "the host *.example.com");
    /// # Ok::<(), belljar::Error>(())
    /// ```
    pub fn part(&self, asked: &Self) -> Result<Self, Uncovered> {
        fn only<T>(kept: Vec<T>, asked: &[T]) -> Vec<T> {
            if asked.is_empty() { Vec::new() } else { kept }
        }
        let kept = self.narrow(asked)?;
        Ok(Self {
            mounts: only(kept.mounts, &asked.mounts),
            net: only(kept.net, &asked.net),
            tls_ca: only(kept.tls_ca, &asked.tls_ca),
            secrets: only(kept.secrets, &asked.secrets),
            seed: asked.seed,
        })
    }

    /// What is `asked` for, each kind within these grants; a kind that nothing is asked of is granted as it is.
    pub(super) fn narrow(&self, asked: &Self) -> Result<Self, Uncovered> {
        let covered = |asked: &NetRule| self.net.iter().any(|rule| rule.covers(asked));
        if let Some(rule) = asked.net.iter().find(|rule| !covered(rule)) {
            return Err(uncovered(format!("the host {rule}"), "grants.net"));
        }
        let seed = match (self.seed, asked.seed) {
            (Some(own), Some(other)) if own != other => {
                let why = format!("`grants.seed` is {own}");
                return Err(Uncovered { asked: format!("the seed {other}"), why });
            }
            (own, other) => own.or(other),
        };
        Ok(Self {
            mounts: chosen(&self.mounts, &asked.mounts, |asked| self.mount(asked))?,
            net: chosen(&self.net, &asked.net, |rule| Ok(rule.clone()))?,
            tls_ca: chosen(&self.tls_ca, &asked.tls_ca, |asked| self.certificates(asked))?,
            secrets: chosen(&self.secrets, &asked.secrets, |asked| self.secret(asked))?,
            seed,
        })
    }

    fn mount(&self, asked: &Mount) -> Result<Mount, Uncovered> {
        // What is not there is not told apart from what is not granted.
        let real = machine::real(&asked.source).ok();
        let within =
            real.and_then(|real| self.mounts.iter().find_map(|granted| covers(granted, asked, &real)));
        within.ok_or_else(|| uncovered(format!("the mount {asked}"), "grants.mounts"))
    }

    fn certificates(&self, asked: &Path) -> Result<PathBuf, Uncovered> {
        let same = |granted: &&PathBuf| matches!((machine::real(granted), machine::real(asked)), (Ok(one), Ok(other)) if one == other);
        let granted = self.tls_ca.iter().find(same).cloned();
        granted.ok_or_else(|| uncovered(format!("certificates of {}", asked.display()), "grants.tls_ca"))
    }

    fn secret(&self, asked: &SecretSource) -> Result<SecretSource, Uncovered> {
        let granted = self.secrets.iter().find(|granted| granted.covers(asked)).cloned();
        granted.ok_or_else(|| uncovered(format!("the secret {asked}"), "grants.secrets"))
    }
}

/// What is asked for, if anything is, and otherwise what there is.
fn chosen<T: Clone>(
    own: &[T],
    asked: &[T],
    within: impl Fn(&T) -> Result<T, Uncovered>,
) -> Result<Vec<T>, Uncovered> {
    if asked.is_empty() { Ok(own.to_vec()) } else { asked.iter().map(within).collect() }
}

fn uncovered(asked: String, key: &'static str) -> Uncovered {
    Uncovered { asked, why: format!("no entry of `{key}` covers it") }
}

/// The mount that was asked for, if `granted` covers it: at or below its directory, in a mode that is not wider, within both quotas. `real` is
/// where its directory really is.
fn covers(granted: &Mount, asked: &Mount, real: &Path) -> Option<Mount> {
    let allowed: &[MountMode] = match granted.mode {
        MountMode::ReadOnly => &[MountMode::ReadOnly],
        MountMode::CopyOnWrite => &[MountMode::ReadOnly, MountMode::CopyOnWrite],
        MountMode::ReadWrite => &[MountMode::ReadOnly, MountMode::CopyOnWrite, MountMode::ReadWrite],
    };
    let below = real.strip_prefix(machine::real(&granted.source).ok()?).ok()?;
    // Names are protected within a mount: none of them may become the mounted directory itself.
    let guarded = below.components().any(|name| name.as_os_str().to_str().is_none_or(is_protected));
    if !allowed.contains(&asked.mode) || granted.protects && asked.mode != MountMode::ReadOnly && guarded {
        return None;
    }
    Some(Mount {
        source: real.to_owned(),
        destination: asked.destination.clone(),
        mode: asked.mode,
        bytes_max: asked.bytes_max.min(granted.bytes_max),
        files_max: asked.files_max.min(granted.files_max),
        open_files_max: asked.open_files_max.min(granted.open_files_max),
        protects: asked.protects || granted.protects,
    })
}
