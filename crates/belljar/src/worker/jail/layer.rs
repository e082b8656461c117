//! The layers of the jail, and what has become of each: in force, left open for a reason, or not to be had on this machine.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A part of the jail. Each stops something by itself, so that one that fails is not all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Layer {
    /// Descriptors that the process was started with are closed, but those that it needs.
    Descriptors,
    /// Nothing that is started can gain rights, by set-user-ID programs or otherwise.
    NoNewPrivileges,
    /// No other process of the user can look into this one, and no core dump holds its memory.
    NotDumpable,
    /// No capabilities, and no way to get them back.
    Capabilities,
    /// A user namespace: outside of it, the process has no rights but those of its user.
    UserNamespace,
    /// Mounts of its own.
    MountNamespace,
    /// No network interfaces but one of its own, which is down.
    NetworkNamespace,
    /// No System V or POSIX message queues, semaphores and shared memory of others.
    IpcNamespace,
    /// A host name of its own.
    UtsNamespace,
    /// Control groups of others have no names.
    CgroupNamespace,
    /// No processes but its own can be named.
    PidNamespace,
    /// The root directory is an empty one: no path leads anywhere.
    EmptyRoot,
    /// No files, no TCP, no signals to and no abstract sockets of others, except as granted.
    Landlock,
    /// Only system calls that are listed, and these only with arguments that are.
    Seccomp,
    /// Bounds that the kernel holds: no core dumps, and for workers few descriptors and threads, no locked memory and no queues. How long files may be is not
    /// bounded: a worker writes its answers to memory of its parent's, which is sealed against growing.
    ResourceLimits,
    /// Bounds on the memory and the threads of a whole process, whatever it does, in a control group (cgroup v2) that its parent puts it into. Only workers
    /// have it.
    ControlGroup,
}

/// Why a layer is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Lack {
    /// There is no jail for this operating system or processor.
    System,
    /// The kernel is too old for it, was built without it, or has it switched off.
    Kernel,
    /// The kernel has it, and something forbids it: a setting of the machine, or a container.
    Refused,
    /// There are as many already as the machine allows.
    TooMany,
    /// Other threads were running, which it would not have held.
    Threads,
    /// It belongs to others, who have not given this process a part of it.
    NotDelegated,
    /// Other processes are where this one would have to be alone.
    Shared,
    /// The kernel failed, with this error number.
    Failed(i32),
}

/// What has become of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// It holds.
    InForce,
    /// The process needs what it would take: what that is.
    Open(&'static str),
    /// It is not to be had here.
    Missing(Lack),
}

/// What has become of every layer.
///
/// ```
/// use belljar::{Layer, Layers, Standing};
///
/// // What this machine offers, without entering anything.
/// for (layer, standing) in Layers::probe().iter() {
///     println!("{layer}: {standing}");
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    all: BTreeMap<Layer, Standing>,
    pub(super) landlock_abi: Option<u32>,
}

impl Layer {
    /// All of them, in the order in which they are closed.
    pub const ALL: [Self; 16] = [
        Self::Descriptors,
        Self::NoNewPrivileges,
        Self::NotDumpable,
        Self::Capabilities,
        Self::UserNamespace,
        Self::MountNamespace,
        Self::NetworkNamespace,
        Self::IpcNamespace,
        Self::UtsNamespace,
        Self::CgroupNamespace,
        Self::PidNamespace,
        Self::EmptyRoot,
        Self::Landlock,
        Self::Seccomp,
        Self::ResourceLimits,
        Self::ControlGroup,
    ];

    /// Whether there is no jail without it. The others are had where the kernel lets an ordinary user have them.
    #[must_use]
    pub fn is_necessary(self) -> bool {
        matches!(self, Self::NoNewPrivileges | Self::Landlock | Self::Seccomp)
    }

    /// Its name, as people know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Descriptors => "descriptors",
            Self::NoNewPrivileges => "no_new_privs",
            Self::NotDumpable => "not dumpable",
            Self::Capabilities => "capabilities",
            Self::UserNamespace => "user namespace",
            Self::MountNamespace => "mount namespace",
            Self::NetworkNamespace => "network namespace",
            Self::IpcNamespace => "ipc namespace",
            Self::UtsNamespace => "uts namespace",
            Self::CgroupNamespace => "cgroup namespace",
            Self::PidNamespace => "pid namespace",
            Self::EmptyRoot => "empty root",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
            Self::ResourceLimits => "resource limits",
            Self::ControlGroup => "control group",
        }
    }

    /// What would bring it, where it lacks something.
    #[must_use]
    pub fn hint(self, lack: Lack) -> &'static str {
        match (self, lack) {
            (_, Lack::System) => "the jail is there on Linux, on x86-64 and AArch64",
            (Self::ControlGroup, Lack::Shared) => {
                "start the program in a control group of its own, and give its first workers the limit"
            }
            (Self::ControlGroup, _) => {
                "have systemd delegate a control group of version 2, with memory and pids: `Delegate=yes` in the unit, or \
                 `systemd-run --user --scope -p Delegate=yes`"
            }
            (_, Lack::NotDelegated | Lack::Shared) => "ask whoever keeps the machine for it",
            (_, Lack::Threads) => "enter the jail before any thread is started",
            (Self::Landlock, Lack::Kernel) => {
                "Linux has it from 5.13 on, where it was built with CONFIG_SECURITY_LANDLOCK and `lsm=` names landlock"
            }
            (Self::Seccomp, Lack::Kernel) => {
                "Linux has it from 4.14 on, where it was built with CONFIG_SECCOMP_FILTER"
            }
            (Self::Landlock | Self::Seccomp | Self::NoNewPrivileges, Lack::Refused) => {
                "run it in a container whose profile lets programs restrict themselves"
            }
            (_, Lack::Refused) => {
                "let users have namespaces: sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone or \
                 kernel.apparmor_restrict_unprivileged_userns; or a container's profile forbids them"
            }
            (_, Lack::TooMany) => {
                "raise the sysctl user.max_user_namespaces, or that of the kind that is missing"
            }
            (_, Lack::Kernel) => "use a kernel that was built with it",
            (_, Lack::Failed(_)) => "please report this, with the kernel's version",
        }
    }
}

impl Layers {
    /// Each layer, and what has become of it.
    pub fn iter(&self) -> impl Iterator<Item = (Layer, Standing)> + '_ {
        self.all.iter().map(|(layer, standing)| (*layer, *standing))
    }

    /// What has become of a layer.
    #[must_use]
    pub fn standing(&self, layer: Layer) -> Standing {
        self.all.get(&layer).copied().unwrap_or(Standing::Missing(Lack::System))
    }

    /// Whether a layer holds.
    #[must_use]
    pub fn holds(&self, layer: Layer) -> bool {
        self.standing(layer) == Standing::InForce
    }

    /// The layers that are not to be had here, and why.
    pub fn missing(&self) -> impl Iterator<Item = (Layer, Lack)> + '_ {
        self.iter().filter_map(|(layer, standing)| match standing {
            Standing::Missing(lack) => Some((layer, lack)),
            Standing::InForce | Standing::Open(_) => None,
        })
    }

    /// Whether there is a jail: every layer that is [necessary](Layer::is_necessary) holds.
    #[must_use]
    pub fn are_a_jail(&self) -> bool {
        Layer::ALL.into_iter().filter(|layer| layer.is_necessary()).all(|layer| self.holds(layer))
    }

    /// What is missing here, and what would bring the most important of it, in one sentence. None when nothing is missing.
    #[must_use]
    pub fn lacking(&self) -> Option<String> {
        let mut missing: Vec<_> = self.missing().collect();
        // Those without which there is no jail come first; the others stay in their order.
        missing.sort_by_key(|(layer, _)| !layer.is_necessary());
        let (layer, lack) = *missing.first()?;
        let alike = missing.chunk_by(|(_, one), (_, other)| one == other).map(|chunk| {
            let names: Vec<&str> = chunk.iter().map(|(layer, _)| layer.name()).collect();
            format!("{} ({})", names.join(", "), chunk[0].1)
        });
        let lacks = alike.collect::<Vec<_>>().join(", ");
        let begin = if self.are_a_jail() { "the jail lacks" } else { "there is no jail: it lacks" };
        Some(format!("{begin} {lacks}; {}", layer.hint(lack)))
    }

    /// The version of Landlock's interface that the kernel has.
    #[must_use]
    pub fn landlock_abi(&self) -> Option<u32> {
        self.landlock_abi
    }

    pub(super) fn set(&mut self, layer: Layer, standing: Standing) {
        self.all.insert(layer, standing);
    }
}

impl From<Result<(), Lack>> for Standing {
    fn from(done: Result<(), Lack>) -> Self {
        done.map_or_else(Self::Missing, |()| Self::InForce)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("this system has none"),
            Self::Kernel => f.write_str("the kernel has none"),
            Self::Refused => f.write_str("the kernel refuses it"),
            Self::TooMany => f.write_str("the machine has too many already"),
            Self::Threads => f.write_str("other threads are running"),
            Self::NotDelegated => f.write_str("none is delegated to this process"),
            Self::Shared => f.write_str("other processes share it"),
            Self::Failed(number) => {
                write!(f, "the kernel failed: {}", std::io::Error::from_raw_os_error(*number))
            }
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InForce => f.write_str("in force"),
            Self::Open(needed) => write!(f, "open: {needed}"),
            Self::Missing(lack) => write!(f, "missing: {lack}"),
        }
    }
}

impl Serialize for Standing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
