//! What a process goes on needing once it is in the jail, as plain data.

use std::path::PathBuf;

use super::layer::Layer;

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

/// What a process needs. By default nothing but what it has open.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Files that are opened by their paths.
    pub(super) rules: Vec<Rule>,
    /// TCP ports to which connections are made. With any, names are looked up.
    pub(super) ports: Vec<u16>,
    /// Whether threads are started later.
    pub(super) threads: bool,
    /// Whether somebody types at a terminal.
    pub(super) terminal: bool,
    /// Who started it, if it is a worker.
    pub(super) parent: Option<u32>,
    /// Layers that a test leaves out.
    pub(super) without: Vec<Layer>,
}

impl Needs {
    /// Whether files are opened to be read.
    pub(super) fn reads(&self) -> bool {
        self.connects() || self.accesses(Access::Read) || self.changes()
    }

    /// Whether files are changed.
    pub(super) fn changes(&self) -> bool {
        self.accesses(Access::Change)
    }

    /// Whether names are given and taken.
    pub(super) fn names(&self) -> bool {
        self.accesses(Access::Name)
    }

    /// Whether connections are made.
    pub(super) fn connects(&self) -> bool {
        !self.ports.is_empty()
    }

    /// Whether it is a worker.
    pub(super) fn is_worker(&self) -> bool {
        self.parent.is_some()
    }

    fn accesses(&self, access: Access) -> bool {
        self.rules.iter().any(|rule| rule.access == access)
    }
}
