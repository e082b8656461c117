//! The jail of the operating system: what a process takes from itself, for good, before it touches what nobody has read.
//!
//! Ring one is WebAssembly. Whoever gets out of that, by an error in the runtime or in our host functions, owns a process; this is what that
//! process can still do. It is closed by the process itself, once everything that it needs is open, and cannot be opened again.
//!
//! [`layer`] says what the layers are and what has become of each. `descriptors`, `process`, `namespaces`, `landlock` and `calls` close them; `raw` has
//! the system calls that need `unsafe`.

mod calls;
mod descriptors;
mod landlock;
mod layer;
mod namespaces;
mod process;
mod raw;

use std::path::PathBuf;

use rustix::io::Errno;

pub use descriptors::Inherited;
pub use landlock::Access;
pub use layer::{Lack, Layer, Layers, Standing};

use crate::error::{Error, Result};
use crate::grants::Grants;
use crate::mount::MountMode;
use calls::Needs;
use landlock::Rule;

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

/// What a process will still need, once it is in the jail.
///
/// ```no_run
/// use belljar::{Inherited, Jail};
///
/// # fn main() -> belljar::Result<()> {
/// let inherited = Inherited::note();
/// // ... open what is needed ...
/// let layers = Jail::closed().threads().leave(inherited).require().enter()?;
/// assert!(layers.are_a_jail());
/// // From here on there is no file, no network and no other process.
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use = "nothing is closed before it is entered"]
pub struct Jail {
    rules: Vec<Rule>,
    ports: Vec<u16>,
    needs: Needs,
    parent: Option<u32>,
    inherited: Option<Inherited>,
    required: bool,
    without: Vec<Layer>,
}

impl Jail {
    /// Nothing is needed but what is open already: no files, no network, no threads, no new machine code.
    pub fn closed() -> Self {
        Self::default()
    }

    /// Threads will be started.
    pub fn threads(mut self) -> Self {
        self.needs.threads = true;
        self
    }

    /// Somebody types at a terminal, and lines are edited.
    pub fn terminal(mut self) -> Self {
        self.needs.terminal = true;
        self
    }

    /// It is a worker that the process `parent` has started: it ends with the thread of that process which started it, speaks over the sockets that it was
    /// given, takes every namespace, and has bounds of its own on what it can use of the kernel.
    pub fn child_of(mut self, parent: u32) -> Self {
        self.parent = Some(parent);
        self.needs.channel = true;
        self
    }

    /// Files will be opened by their paths: this one, or those below this directory. What is not there when the jail is entered stays out of reach.
    pub fn files(mut self, path: impl Into<PathBuf>, access: Access) -> Self {
        match access {
            Access::Read => self.needs.reads = true,
            Access::Change => (self.needs.reads, self.needs.changes) = (true, true),
            Access::Name => self.needs.names = true,
        }
        self.rules.push(Rule { path: path.into(), access });
        self
    }

    /// Connections will be made, to these TCP ports, and names looked up.
    pub fn connect(self, ports: impl IntoIterator<Item = u16>) -> Self {
        let mut jail = NAMES_FILES.into_iter().fold(self, |jail, file| jail.files(file, Access::Read));
        jail.needs.network = true;
        jail.ports.extend(ports.into_iter().chain([NAMES_PORT]));
        jail
    }

    /// What sessions with these grants reach: mounted directories, as they are mounted, and the ports of the hosts that are granted.
    pub fn grants(self, grants: &Grants) -> Self {
        let jail = grants.mounts().iter().fold(self, |jail, mount| {
            let changes = mount.mode() == MountMode::ReadWrite;
            jail.files(mount.source(), if changes { Access::Change } else { Access::Read })
        });
        let mut ports = grants.net.ports().peekable();
        if ports.peek().is_some() { jail.connect(ports) } else { jail }
    }

    /// Closes the descriptors that the process was started with.
    pub fn leave(mut self, inherited: Inherited) -> Self {
        self.inherited = Some(inherited);
        self
    }

    /// Without a [necessary](Layer::is_necessary) layer, there is to be none.
    pub fn require(mut self) -> Self {
        self.required = true;
        self
    }

    /// Leaves a layer out, so that a test can see what the others hold. A program that links the library is not held by anything that this
    /// takes away: it need not enter a jail either. No flag, variable or policy leads here.
    #[doc(hidden)]
    pub fn without(mut self, layer: Layer) -> Self {
        self.without.push(layer);
        self
    }

    /// Closes the jail around this process, for good. It must have one thread only, or the layers that are held thread by thread are missing.
    ///
    /// A process that later does what it said it would not need is killed by `SIGSYS`, and whoever started it can tell.
    ///
    /// # Errors
    ///
    /// [`Error::Jail`] with what is missing, when it is [required](Self::require); [`Error::ParentGone`] when the parent of a worker has ended. The process
    /// is then held by what there was, and can only end.
    pub fn enter(mut self) -> Result<Layers> {
        let mut layers = Layers::default();
        let has_threads = process::has_threads();
        let inherited = self.inherited.take();
        let descriptors =
            inherited.map_or(Standing::Open("what the process was started with"), |all| all.close().into());
        layers.set(Layer::Descriptors, descriptors);
        self.take_namespaces(&mut layers);
        self.take_rights(&mut layers)?;
        self.close(Layer::Landlock, &mut layers, |jail, layers| {
            layers.landlock_abi = Some(landlock::restrict(&jail.rules, &jail.ports)?);
            let holds_all = !has_threads || layers.landlock_abi >= Some(landlock::ALL_THREADS_ABI);
            if holds_all { Ok(()) } else { Err(Lack::Threads) }
        });
        self.close(Layer::Seccomp, &mut layers, |jail, _| calls::filter(jail.needs));
        if self.required && !layers.are_a_jail() {
            let missing = layers.missing().filter(|(layer, _)| layer.is_necessary()).collect();
            return Err(Error::Jail { missing });
        }
        Ok(layers)
    }

    fn take_namespaces(&self, layers: &mut Layers) {
        let mut wanted = Vec::new();
        for (layer, _) in namespaces::KINDS {
            match self.needs_open(layer) {
                Some(needed) => layers.set(layer, Standing::Open(needed)),
                None => wanted.push(layer),
            }
        }
        namespaces::leave(&wanted, layers);
        let root = match (self.needs_open(Layer::EmptyRoot), layers.standing(Layer::MountNamespace)) {
            (Some(needed), _) => Standing::Open(needed),
            (None, Standing::InForce) => namespaces::empty_root().map_err(lack_of).into(),
            (None, other) => other,
        };
        layers.set(Layer::EmptyRoot, root);
    }

    /// What a process with these needs would lose with a layer, if it would.
    fn needs_open(&self, layer: Layer) -> Option<&'static str> {
        const QUICK: &str = "it would take more time than all other layers together";
        if self.without.contains(&layer) {
            return Some("a test left it out");
        }
        match layer {
            Layer::UserNamespace if self.keeps_rights() => Some("root's rights to files of others"),
            Layer::MountNamespace | Layer::EmptyRoot if !self.rules.is_empty() => {
                Some("files are opened by their paths")
            }
            Layer::NetworkNamespace if self.needs.network => Some("connections are made"),
            Layer::PidNamespace if self.needs.threads => Some("threads cannot be started from it"),
            Layer::MountNamespace | Layer::EmptyRoot | Layer::NetworkNamespace if self.parent.is_none() => {
                Some(QUICK)
            }
            _ => None,
        }
    }

    /// Whether root's rights to files of others are kept: they are what directories can be mounted with that are not root's own.
    fn keeps_rights(&self) -> bool {
        !self.rules.is_empty() && process::has_rights_to_files()
    }

    fn take_rights(&self, layers: &mut Layers) -> Result<()> {
        let keeps = self.keeps_rights();
        let is_alone = layers.holds(Layer::UserNamespace);
        self.close(Layer::ResourceLimits, layers, |jail, _| process::limit(jail.parent.is_some(), is_alone));
        self.close(Layer::Capabilities, layers, |_, _| process::give_up_capabilities(keeps));
        self.close(Layer::NoNewPrivileges, layers, |_, _| process::gain_nothing());
        // Last of these: a change of rights would undo it.
        self.close(Layer::NotDumpable, layers, |_, _| process::hide());
        match self.parent.map(process::end_with) {
            None | Some(Ok(true)) => Ok(()),
            Some(Ok(false) | Err(_)) => Err(Error::ParentGone),
        }
    }

    fn close(
        &self,
        layer: Layer,
        layers: &mut Layers,
        act: impl FnOnce(&Self, &mut Layers) -> Result<(), Lack>,
    ) {
        let standing = match self.without.contains(&layer) {
            true => Standing::Open("a test left it out"),
            false => act(self, layers).into(),
        };
        layers.set(layer, standing);
    }
}

impl Layers {
    /// What this machine lets a process have, found out in children that end at once. Nothing is entered.
    #[must_use]
    pub fn probe() -> Self {
        let mut layers = Self::default();
        for layer in Layer::ALL {
            layers.set(layer, Standing::InForce);
        }
        let user = raw::try_in_child(|| raw::unshare(namespaces::USER));
        let base = if user.is_ok() { namespaces::USER } else { namespaces::NONE };
        for (layer, flag) in namespaces::KINDS {
            let made = raw::try_in_child(|| raw::unshare(base | flag));
            layers.set(layer, made.map_err(namespaces::lack).into());
        }
        let root = || raw::unshare(base | namespaces::MOUNT).and_then(|()| namespaces::empty_root());
        layers.set(Layer::EmptyRoot, raw::try_in_child(root).map_err(lack_of).into());
        let landlock = raw::landlock_abi();
        layers.landlock_abi = landlock.ok();
        layers.set(Layer::Landlock, landlock.map(|_| ()).map_err(lack_of).into());
        layers.set(Layer::Seccomp, raw::seccomp_can_kill().map_err(lack_of).into());
        layers
    }
}

/// What an error of the kernel says of a layer.
fn lack_of(errno: Errno) -> Lack {
    match errno {
        Errno::NOSYS | Errno::OPNOTSUPP => Lack::Kernel,
        Errno::PERM | Errno::ACCESS => Lack::Refused,
        Errno::NOSPC | Errno::USERS => Lack::TooMany,
        other => Lack::Failed(other.raw_os_error()),
    }
}
