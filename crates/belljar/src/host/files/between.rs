//! Files that the caller writes and lists between two runs. Both go the way that the guest's own calls go, so that what it may not do is refused here as well.

use super::Files;
use super::descriptor::{Access, ROOT_FD};
use super::error::FileError;
use super::kind::Kind;
use super::naming::{At, Opening};
use super::path::LastLink;
use super::place::{names, refused};
use super::quota::Change;
use super::space::Space;
use crate::error::Result;
use crate::outcome::{DirectoryEntry, FileKind};

/// The most entries of a directory that are listed.
const ENTRIES_MAX: usize = 10_000;

impl Files {
    /// Writes a file at an absolute path, where the guest could write it, in the place of what is there. Missing directories are made.
    ///
    /// # Errors
    ///
    /// [`Error::FilePath`](crate::Error::FilePath) with the reason when the guest could not.
    pub(crate) fn write_whole(&mut self, path: &str, bytes: &[u8], change: &mut Change<'_>) -> Result<()> {
        let names = names(path)?;
        let written = self.space().write_whole(&names, bytes, change);
        written.map_err(|error| refused(path, error.reason()))
    }

    /// What the directory at an absolute path holds, by name. At most 10,000 entries are listed.
    ///
    /// # Errors
    ///
    /// [`Error::FilePath`](crate::Error::FilePath) when the guest could not list it.
    pub(crate) fn list(&mut self, path: &str, change: &mut Change<'_>) -> Result<Vec<DirectoryEntry>> {
        let trimmed = path.trim_end_matches('/');
        if !trimmed.is_empty() || path.is_empty() {
            names(trimmed)?;
        }
        let listed = self.space().list(trimmed.trim_start_matches('/'), change);
        listed.map_err(|error| refused(path, error.reason()))
    }
}

impl Space {
    fn write_whole(
        &mut self,
        names: &[&str],
        bytes: &[u8],
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        for end in 1..names.len() {
            match self.make_directory(from_root(&names[..end].join("/")), change) {
                Ok(()) | Err(FileError::Exists) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        let access = Access { write: true, ..Access::default() };
        let how = Opening { access, create: true, truncate: true, ..Opening::default() };
        let path = names.join("/");
        let is_new = self.stat(from_root(&path)).is_err();
        let fd = self.open(from_root(&path), how, change)?;
        let written = self.write(fd, None, bytes, change);
        self.close(fd, change)?;
        if written.is_err() && is_new {
            self.remove_file(from_root(&path), change)?;
        }
        written
    }

    fn list(&mut self, path: &str, change: &mut Change<'_>) -> Result<Vec<DirectoryEntry>, FileError> {
        let how = Opening {
            access: Access { read: true, ..Access::default() },
            directory: true,
            ..Opening::default()
        };
        let fd = self.open(from_root(if path.is_empty() { "." } else { path }), how, change)?;
        let listed = self.list_open(fd, change);
        self.close(fd, change)?;
        listed
    }

    fn list_open(&mut self, fd: u32, change: &mut Change<'_>) -> Result<Vec<DirectoryEntry>, FileError> {
        let mut entries = Vec::new();
        let mut cookie = 0;
        while let Some(listed) = self.listed_after(fd, cookie, change)? {
            cookie = listed.cookie;
            let name = listed.name.to_owned();
            let is = match listed.kind {
                Kind::File => FileKind::File,
                Kind::Directory => FileKind::Directory,
                Kind::Link => FileKind::Link,
                Kind::Character | Kind::Special => continue,
            };
            if name == "." || name == ".." {
                continue;
            }
            if entries.len() == ENTRIES_MAX {
                break;
            }
            let at = At { fd, path: &name, last: LastLink::Keep };
            let size_bytes = if is == FileKind::File { self.stat(at)?.size } else { 0 };
            entries.push(DirectoryEntry { name, is, size_bytes });
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }
}

fn from_root(path: &str) -> At<'_> {
    At { fd: ROOT_FD, path, last: LastLink::Follow }
}
