//! The jail of the operating system: what a process takes from itself, for good, before it touches what nobody has read.
//!
//! Ring one is WebAssembly. Whoever gets out of that, by an error in the runtime or in our host functions, owns a process; this is what that
//! process can still do. It is closed by the process itself, once everything that it needs is open, and cannot be opened again.
//!
//! [`layer`] says what the layers are and what has become of each. `linux/` closes them; elsewhere there is no jail, which is said.

mod descriptors;
pub(crate) mod layer;
mod needs;
#[cfg(second_ring)]
#[path = "linux/mod.rs"]
mod system;
#[cfg(not(second_ring))]
#[path = "elsewhere.rs"]
mod system;

use std::path::PathBuf;

pub use descriptors::Inherited;
pub use layer::{Lack, Layer, Layers, Standing};
pub use needs::Access;

use crate::error::{Error, Result};
use crate::grants::Grants;
use crate::mount::MountMode;
use needs::{Needs, Rule};

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
    needs: Needs,
    inherited: Option<Inherited>,
    required: bool,
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
        self.needs.parent = Some(parent);
        self
    }

    /// Files will be opened by their paths: this one, or those below this directory. What is not there when the jail is entered stays out of reach.
    pub fn files(mut self, path: impl Into<PathBuf>, access: Access) -> Self {
        self.needs.rules.push(Rule { path: path.into(), access });
        self
    }

    /// Connections will be made, to these TCP ports, and names looked up.
    pub fn connect(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.needs.ports.extend(ports);
        self
    }

    /// What sessions with these grants reach: mounted directories, as they are mounted, and the ports of the hosts that are granted.
    pub fn grants(self, grants: &Grants) -> Self {
        let jail = grants.mounts().iter().fold(self, |jail, mount| {
            let changes = mount.mode() == MountMode::ReadWrite;
            jail.files(mount.source(), if changes { Access::Change } else { Access::Read })
        });
        jail.connect(grants.net.ports())
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
        self.needs.without.push(layer);
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
    pub fn enter(self) -> Result<Layers> {
        let descriptors = match self.inherited {
            Some(inherited) => inherited.close().into(),
            None => Standing::Open("what the process was started with"),
        };
        let mut layers = system::enter(&self.needs)?;
        layers.set(Layer::Descriptors, descriptors);
        if self.required && !layers.are_a_jail() {
            let missing = layers.missing().filter(|(layer, _)| layer.is_necessary()).collect();
            return Err(Error::Jail { missing });
        }
        Ok(layers)
    }
}

impl Layers {
    /// What this machine lets a process have, found out in children that end at once. Nothing is entered.
    #[must_use]
    pub fn probe() -> Self {
        system::probe()
    }
}
