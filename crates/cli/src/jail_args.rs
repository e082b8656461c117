//! The jail of the operating system around this process: closed when everything that a command needs is open, and before code runs.

use std::path::Path;

use belljar::{Access, Grants, Inherited, Jail, Jar, MountMode, Policy, Workers, WorkersBuilder};
use clap::Args;

use crate::exit::Failure;
use crate::{render, telemetry};

/// Whether this process jails itself.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct JailArgs {
    /// Leave the operating system open to this process (otherwise it keeps only what the grants need)
    #[arg(long, help_heading = "Jail", conflicts_with = "require_jail")]
    no_jail: bool,
    /// Run nothing where the operating system cannot be closed
    #[arg(long, help_heading = "Jail")]
    require_jail: bool,
}

/// What stands around code besides WebAssembly.
pub(crate) enum Wall {
    /// The jail of this process.
    Jail(Closing),
    /// The jails of workers, which are always closed.
    Workers(WorkersBuilder),
}

impl Wall {
    /// What the policy says of jails.
    pub(crate) fn under(self, policy: Option<&Policy>) -> Result<Self, Failure> {
        Ok(match self {
            Self::Jail(closing) => Self::Jail(closing.under(policy)?),
            Self::Workers(workers) if policy.is_some_and(Policy::requires_jail) => {
                Self::Workers(workers.require_jail())
            }
            Self::Workers(workers) => Self::Workers(workers),
        })
    }
}

/// A jail that is not closed yet.
pub(crate) struct Closing {
    /// None when there is to be none.
    jail: Option<Jail>,
}

impl JailArgs {
    /// Must come before anything is opened: what is open by then was inherited, and will be closed.
    pub(crate) fn begin(&self) -> Closing {
        let jail = (!self.no_jail).then(|| {
            let jail = Jail::closed().threads().leave(Inherited::note());
            telemetry::hold();
            if self.require_jail { jail.require() } else { jail }
        });
        Closing { jail }
    }

    /// The same, or so many workers instead.
    pub(crate) fn wall(&self, workers: Option<u16>) -> Wall {
        let Some(count) = workers else { return Wall::Jail(self.begin()) };
        let workers = Workers::builder(count.into());
        Wall::Workers(if self.require_jail { workers.require_jail() } else { workers })
    }
}

impl Closing {
    /// Whether there will be a jail.
    pub(crate) fn is_wanted(&self) -> bool {
        self.jail.is_some()
    }

    /// What the policy says of jails.
    pub(crate) fn under(self, policy: Option<&Policy>) -> Result<Self, Failure> {
        if !policy.is_some_and(Policy::requires_jail) {
            return Ok(self);
        }
        let Some(jail) = self.jail else {
            let message = "the policy requires a jail (`jail.required`)";
            return Err(Failure::usage(message, "leave --no-jail out"));
        };
        Ok(Self { jail: Some(jail.require()) })
    }

    /// What sessions with these grants reach.
    pub(crate) fn grants(self, grants: &Grants) -> Self {
        self.with(|jail| jail.grants(grants))
    }

    /// Directories that are mounted `cow`, and are changed afterwards.
    pub(crate) fn applies(self, grants: &Grants) -> Self {
        let cow = grants.mounts().iter().filter(|mount| mount.mode() == MountMode::CopyOnWrite);
        cow.fold(self, |closing, mount| closing.files(Some(mount.source()), Access::Change))
    }

    /// A file or directory, if there is one.
    pub(crate) fn files(self, path: Option<&Path>, access: Access) -> Self {
        match path {
            Some(path) => self.with(|jail| jail.files(path, access)),
            None => self,
        }
    }

    /// Lines are edited at a terminal.
    pub(crate) fn terminal(self) -> Self {
        self.with(Jail::terminal)
    }

    /// Closes it around sessions of these jars, and says what this machine lacks.
    pub(crate) fn enter<'a>(self, jars: impl IntoIterator<Item = &'a Jar>) -> Result<(), Failure> {
        let Some(jail) = self.jail else { return Ok(()) };
        jars.into_iter().try_for_each(Jar::warm)?;
        let ports = telemetry::ports();
        let jail = if ports.is_empty() { jail } else { jail.connect(ports) };
        let layers = jail.enter()?;
        telemetry::release();
        if let Some(text) = layers.lacking() {
            render::note(&text);
        }
        Ok(())
    }

    fn with(self, more: impl FnOnce(Jail) -> Jail) -> Self {
        Self { jail: self.jail.map(more) }
    }
}
