//! Landlock: no file, no TCP, no signal and no abstract socket of others, except where a rule says so.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, NetPort,
    PathBeneath, PathFd, RestrictSelfAttr as _, RestrictionStatus, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};

use super::layer::Lack;

/// The newest interface whose rights are known and tried. Older kernels have fewer of them, and hold those.
const NEWEST: ABI = ABI::V10;

/// The interface from which on all threads of a process can be held at once.
pub(super) const ALL_THREADS_ABI: u32 = 8;

/// What may be done with a file, or below a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read.
    Read,
    /// Read, and change: write, make, rename and remove files, directories and links.
    Change,
    /// Give files that are open already, or empty ones, a name, and take names away.
    Name,
}

/// What may be done where.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) path: PathBuf,
    pub(super) access: Access,
}

impl Access {
    fn rights(self, is_directory: bool) -> BitFlags<AccessFs> {
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let rights = match self {
            Self::Read => read,
            Self::Change => {
                read | AccessFs::WriteFile
                    | AccessFs::Truncate
                    | AccessFs::MakeReg
                    | AccessFs::MakeDir
                    | AccessFs::MakeSym
                    | AccessFs::RemoveFile
                    | AccessFs::RemoveDir
                    | AccessFs::Refer
            }
            Self::Name => AccessFs::MakeReg | AccessFs::RemoveFile,
        };
        if is_directory { rights } else { rights & AccessFs::from_file(NEWEST) }
    }
}

/// Restricts the process to `rules`, and to TCP connections to `ports`. With how the kernel knows Landlock.
pub(super) fn restrict(rules: &[Rule], ports: &[u16]) -> Result<u32, Lack> {
    let status = restricted(rules, ports).map_err(|error| lack(&error))?;
    let LandlockStatus::Available { effective_abi, .. } = status.landlock else { return Err(Lack::Kernel) };
    match status.ruleset {
        RulesetStatus::NotEnforced => Err(Lack::Kernel),
        _ => Ok(effective_abi as u32),
    }
}

fn restricted(rules: &[Rule], ports: &[u16]) -> Result<RestrictionStatus, RulesetError> {
    let handled = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?;
    let mut ruleset = handled.create()?;
    for Rule { path, access } in rules {
        // What is not there needs no rule: nothing will be found there either.
        let Ok(place) = PathFd::new(path) else { continue };
        ruleset = ruleset.add_rule(PathBeneath::new(place, access.rights(is_directory(path))))?;
    }
    for port in ports {
        ruleset = ruleset.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
    }
    if !ports.is_empty() {
        // Names are looked up over UDP, from a port of the system's choice.
        ruleset = ruleset.add_rule(NetPort::new(super::NAMES_PORT, AccessNet::ConnectSendUdp))?;
        ruleset = ruleset.add_rule(NetPort::new(0, AccessNet::BindUdp))?;
    }
    ruleset.all_threads(true)?.restrict_self()
}

fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

/// Why the kernel could not be asked. A kernel without Landlock is no error, and has its own answer above.
fn lack(error: &RulesetError) -> Lack {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(errno) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error) {
            return super::lack_of(rustix::io::Errno::from_raw_os_error(errno));
        }
        source = error.source();
    }
    Lack::Failed(libc::EINVAL)
}
