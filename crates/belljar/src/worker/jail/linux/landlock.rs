//! Landlock: no file, no TCP, no signal and no abstract socket of others, except where a rule says so.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, NetPort,
    PathBeneath, PathFd, RestrictSelfAttr as _, RestrictionStatus, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};

use crate::worker::jail::layer::Lack;
use crate::worker::jail::needs::{Access, Needs};

/// The newest interface whose rights are known and tried. Older kernels have fewer of them, and hold those.
const NEWEST: ABI = ABI::V10;

/// The port at which names are looked up.
const NAMES_PORT: u16 = 53;

/// What the C library reads to look names up.
const NAMES_FILES: [&str; 6] = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
];

/// The interface from which on all threads of a process can be held at once.
pub(super) const ALL_THREADS_ABI: u32 = 8;

/// Restricts the process to the files and ports that it needs. With the version of the interface that the kernel has.
pub(super) fn restrict(needs: &Needs) -> Result<u32, Lack> {
    let status = restricted(needs).map_err(|error| lack(&error))?;
    let LandlockStatus::Available { effective_abi, .. } = status.landlock else { return Err(Lack::Kernel) };
    match status.ruleset {
        RulesetStatus::NotEnforced => Err(Lack::Kernel),
        _ => Ok(effective_abi as u32),
    }
}

fn restricted(needs: &Needs) -> Result<RestrictionStatus, RulesetError> {
    let handled = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?;
    let mut ruleset = handled.create()?;
    let granted = needs.rules.iter().map(|rule| (rule.path.as_path(), rule.access));
    let names = NAMES_FILES.iter().filter(|_| needs.connects()).map(|file| (Path::new(file), Access::Read));
    for (path, access) in granted.chain(names) {
        // What is not there needs no rule: nothing will be found there either.
        let Ok(place) = PathFd::new(path) else { continue };
        ruleset = ruleset.add_rule(PathBeneath::new(place, rights(access, path)))?;
    }
    for port in &needs.ports {
        ruleset = ruleset.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
    }
    if needs.connects() {
        // Names are looked up over UDP, from a port of the system's choice; and over TCP, where an answer is long.
        ruleset = ruleset.add_rule(NetPort::new(NAMES_PORT, AccessNet::ConnectTcp))?;
        ruleset = ruleset.add_rule(NetPort::new(NAMES_PORT, AccessNet::ConnectSendUdp))?;
        ruleset = ruleset.add_rule(NetPort::new(0, AccessNet::BindUdp))?;
    }
    ruleset.all_threads(true)?.restrict_self()
}

/// The rights that an access comes to. Never to execute, and never to make devices, pipes and sockets.
fn rights(access: Access, path: &Path) -> BitFlags<AccessFs> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let rights = match access {
        Access::Read => read,
        Access::Change => {
            let make = AccessFs::MakeReg | AccessFs::MakeDir | AccessFs::MakeSym;
            let remove = AccessFs::RemoveFile | AccessFs::RemoveDir;
            read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::Refer | make | remove
        }
        Access::Name => AccessFs::MakeReg | AccessFs::RemoveFile,
    };
    if path.is_dir() { rights } else { rights & AccessFs::from_file(NEWEST) }
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
