//! The caller's side: files placed before a run, and what the code left in `/output`.

use std::sync::Arc;

use super::Files;
use super::content::Content;
use super::error::FileError;
use super::name::{PATH_BYTES_MAX, is_name};
use super::path::{LastLink, walk};
use super::quota::Change;
use super::space::Space;
use super::tree::{Body, IMAGE_TIME_NS, Id, Kind, ROOT};
use crate::error::{Error, Result};
use crate::outcome::File;

/// Where the code leaves files for its caller.
const OUTPUT: &str = "output";

/// The most files that an outcome lists. With the longest paths the list then takes up 40 MB.
const OUTPUT_FILES_MAX: usize = 10_000;

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

    /// Puts a file at an absolute path in `/tmp`, `/work` or `/output` that the session may change, and is charged for.
    ///
    /// # Errors
    ///
    /// [`Error::FilePath`] when the path cannot be one, leads through a file, is taken or not writable, or there is no room.
    #[cfg_attr(not(test), expect(dead_code, reason = "waits for sessions that take files between runs"))]
    pub(crate) fn place_writable(&mut self, path: &str, bytes: &[u8], change: &mut Change<'_>) -> Result<()> {
        let names = names(path)?;
        self.space().place_writable(names, bytes, change).map_err(|error| refused(path, error.reason()))
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

fn refused(path: &str, reason: &'static str) -> Error {
    Error::FilePath { path: path.to_owned(), reason }
}

/// The names along an absolute path.
fn names(path: &str) -> Result<Vec<&str>> {
    let rest = path.strip_prefix('/').ok_or_else(|| refused(path, "it does not begin with a slash"))?;
    let names: Vec<&str> = rest.split('/').collect();
    if path.len() > PATH_BYTES_MAX || !names.iter().all(|name| is_name(name.as_bytes())) {
        return Err(refused(path, "a part of it cannot be a name"));
    }
    Ok(names)
}

impl Space {
    fn place(&mut self, names: Vec<&str>, bytes: Arc<[u8]>) -> Result<(), FileError> {
        let (directory, name) = self.enter(names)?;
        self.tree.add((directory, name), Body::Fixed(bytes), IMAGE_TIME_NS);
        Ok(())
    }

    fn place_writable(
        &mut self,
        names: Vec<&str>,
        bytes: &[u8],
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        let (directory, name) = self.enter(names)?;
        let directory = self.writable(Id::Made(directory))?;
        let number = self.add((directory, name), Body::File(Content::default()), change)?;
        let written = self.write_node(Id::Made(number), Some(0), bytes, change);
        if written.is_err() {
            self.remove((directory, name), change);
        }
        written.map(|_| ())
    }

    /// The directory that the last name is to be put in, made when it is missing. A directory of the image is covered by one that can
    /// hold more, through which it shows.
    fn enter<'a>(&mut self, mut names: Vec<&'a str>) -> Result<(u64, &'a str), FileError> {
        let name = names.pop().ok_or(FileError::Exists)?;
        self.quota.depth(u32::try_from(names.len()).unwrap_or(u32::MAX))?;
        let Id::Made(mut here) = ROOT else { return Err(FileError::NotFound) };
        for above in names {
            let child = self.tree.child(Id::Made(here), above);
            if child.is_some_and(|child| self.tree.kind(child) != Some(Kind::Directory)) {
                return Err(FileError::NotDirectory);
            }
            here = if let Some(Id::Made(number)) = child {
                number
            } else {
                let writable = self.writable(Id::Made(here)).is_ok();
                self.tree.make_directory((here, above), writable, IMAGE_TIME_NS)
            };
        }
        if self.tree.child(Id::Made(here), name).is_some() {
            return Err(FileError::Exists);
        }
        Ok((here, name))
    }

    fn read_all(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let id = walk(&self.tree, ROOT, path, LastLink::Follow)?.found()?;
        let stat = self.tree.stat(id).ok_or(FileError::NotFound)?;
        match stat.kind {
            Kind::File => {}
            Kind::Directory => return Err(FileError::IsDirectory),
            Kind::Link | Kind::Character => return Err(FileError::Invalid),
        }
        let mut bytes = vec![0; usize::try_from(stat.size).map_err(|_| FileError::TooBig)?];
        let count = self.read_node(id, 0, &mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    fn outputs(&self) -> Vec<File> {
        let mut files = Vec::new();
        let output = self.tree.child(ROOT, OUTPUT).and_then(|id| self.tree.directory(id));
        let mut levels = Vec::from_iter(output.map(|directory| (String::new(), directory.iter())));
        while let Some((above, entries)) = levels.last_mut() {
            let Some((name, number)) = entries.next().filter(|_| files.len() < OUTPUT_FILES_MAX) else {
                levels.pop();
                continue;
            };
            let path = format!("{above}{name}");
            match self.tree.node(Id::Made(number)).map(|node| &node.body) {
                _ if path.len() > PATH_BYTES_MAX => {}
                Some(Body::Directory(directory)) => levels.push((path + "/", directory.iter())),
                Some(Body::File(content)) => files.push(File { path, size_bytes: content.size() }),
                _ => {}
            }
        }
        files
    }
}
