//! The caller's side: files placed before a run, and what the code left in `/output`.

use std::sync::Arc;

use super::Files;
use super::error::FileError;
use super::kind::Kind;
use super::name::{PATH_BYTES_MAX, is_name};
use super::node::{Body, Id};
use super::path::{LastLink, walk};
use super::space::Space;
use super::tree::{IMAGE_TIME_NS, ROOT};
use crate::error::{Error, Result};
use crate::limits::MEMORY_BYTES_CEILING;
use crate::outcome::File;

/// Where the code leaves files for its caller.
const OUTPUT: &str = "output";

/// The most files that an outcome lists. With the longest paths the list then takes up 40 MB.
const OUTPUT_FILES_MAX: usize = 10_000;

/// The largest file that is handed out whole: what a session can hold, so that only files of the host can be larger.
const READ_BYTES_MAX: u64 = MEMORY_BYTES_CEILING;

impl Files {
    /// Puts a file at an absolute path that all sessions share and none changes. Missing directories are made, and nothing is charged to
    /// the session: the bytes are the caller's.
    ///
    /// # Errors
    ///
    /// [`Error::FilePath`] when the path cannot be one, leads through a file, or is taken.
    pub(crate) fn place(&mut self, path: &str, bytes: Arc<[u8]>) -> Result<()> {
        let names = names(path)?;
        self.space().place(names, bytes).map_err(|error| refused(path, error.reason()))
    }

    /// The files that lie in `/output`, by path. At most 10,000 are listed.
    pub(crate) fn outputs(&self) -> Vec<File> {
        self.space.as_ref().map(|space| space.outputs()).unwrap_or_default()
    }

    /// The content of the file at a path from the root; symbolic links are followed, within the tree.
    ///
    /// # Errors
    ///
    /// [`Error::FilePath`] when there is no such file.
    pub(crate) fn read(&mut self, path: &str) -> Result<Vec<u8>> {
        self.space().read_all(path).map_err(|error| refused(path, error.reason()))
    }
}

pub(super) fn refused(path: &str, reason: &'static str) -> Error {
    Error::FilePath { path: path.to_owned(), reason: reason.into() }
}

/// The names along an absolute path.
pub(super) fn names(path: &str) -> Result<Vec<&str>> {
    let rest = path.strip_prefix('/').ok_or_else(|| refused(path, "it does not begin with a slash"))?;
    let names: Vec<&str> = rest.split('/').collect();
    if path.len() > PATH_BYTES_MAX || !names.iter().all(|name| is_name(name.as_bytes())) {
        return Err(refused(path, "a part of it cannot be a name"));
    }
    Ok(names)
}

impl Space {
    fn place(&mut self, names: Vec<&str>, bytes: Arc<[u8]>) -> Result<(), FileError> {
        let (directory, name) = self.enter_free(names)?;
        self.tree.add((directory, name), Body::Fixed(bytes), IMAGE_TIME_NS);
        Ok(())
    }

    /// The directory that the last name is to be put in, made when it is missing. A directory of the image is covered by one that can
    /// hold more, through which it shows.
    pub(super) fn enter<'a>(&mut self, mut names: Vec<&'a str>) -> Result<(u64, &'a str), FileError> {
        let name = names.pop().ok_or(FileError::Exists)?;
        self.quota.depth(u32::try_from(names.len()).unwrap_or(u32::MAX))?;
        let Id::Made(mut here) = ROOT else { return Err(FileError::NotFound) };
        for above in names {
            here = match self.tree.child(&Id::Made(here), above)? {
                Some((_, kind)) if kind != Kind::Directory => return Err(FileError::NotDirectory),
                Some((Id::Made(number), _)) => number,
                Some((Id::Host(_), _)) => return Err(FileError::MountPoint),
                Some((Id::Packed(_), _)) | None => {
                    let writable = self.writable(&Id::Made(here)).is_ok();
                    self.tree.make_directory((here, above), writable, IMAGE_TIME_NS)
                }
            };
            if self.tree.is_mount_point(&Id::Made(here)) {
                return Err(FileError::MountPoint);
            }
        }
        Ok((here, name))
    }

    /// The same, for a name that must be free.
    fn enter_free<'a>(&mut self, names: Vec<&'a str>) -> Result<(u64, &'a str), FileError> {
        let (directory, name) = self.enter(names)?;
        match self.tree.child(&Id::Made(directory), name)? {
            Some(_) => Err(FileError::Exists),
            None => Ok((directory, name)),
        }
    }

    fn read_all(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let place = walk(&self.tree, &ROOT, path, LastLink::Follow)?;
        let id = place.found()?;
        let stat = self.tree.stat(id)?;
        match stat.kind {
            Kind::File => {}
            Kind::Directory => return Err(FileError::IsDirectory),
            Kind::Link | Kind::Character | Kind::Special => return Err(FileError::Invalid),
        }
        if stat.size > READ_BYTES_MAX {
            return Err(FileError::TooBig);
        }
        let mut bytes = vec![0; usize::try_from(stat.size).map_err(|_| FileError::TooBig)?];
        let count = self.read_node(id, 0, &mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// The file in `/output` at a path from there.
    pub(super) fn output(&self, path: &str) -> Result<Id, FileError> {
        walk(&self.tree, &ROOT, &format!("/{OUTPUT}/{path}"), LastLink::Keep)?.found().cloned()
    }

    fn outputs(&self) -> Vec<File> {
        let mut files = Vec::new();
        let output = self.tree.child(&ROOT, OUTPUT).ok().flatten();
        let output = output.as_ref().and_then(|(id, _)| self.tree.directory(id));
        let mut levels = Vec::from_iter(output.map(|directory| (String::new(), directory.iter())));
        while let Some((above, entries)) = levels.last_mut() {
            let Some((name, number)) = entries.next().filter(|_| files.len() < OUTPUT_FILES_MAX) else {
                levels.pop();
                continue;
            };
            let path = format!("{above}{name}");
            match self.tree.node(&Id::Made(number)).map(|node| &node.body) {
                _ if path.len() > PATH_BYTES_MAX => {}
                Some(Body::Directory(directory)) => levels.push((path + "/", directory.iter())),
                Some(body @ (Body::File(_) | Body::Lower(..))) => {
                    files.push(File { path, size_bytes: body.size() })
                }
                _ => {}
            }
        }
        files
    }
}
