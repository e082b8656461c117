//! From a path to a node. Nothing here can name anything outside the tree: `..` of the root is the root, and what a
//! link of the host leads to lies in its mount.

use super::error::FileError;
use super::kind::Kind;
use super::name::{NAME_BYTES_MAX, PATH_BYTES_MAX};
use super::node::Id;
use super::tree::{ROOT, Tree};

/// How many symbolic links one path may lead through.
const LINKS_MAX: u32 = 40;

/// What to do with a symbolic link at the end of a path. Those on the way are always followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastLink {
    Follow,
    Keep,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) struct Place {
    /// The directory that holds the last name of the path.
    pub(super) directory: Id,
    /// The last name. None when the path ends in `.`, `..` or `/`: then the node is a directory.
    pub(super) name: Option<Box<str>>,
    /// What is there now.
    pub(super) node: Option<Id>,
}

impl Place {
    /// A directory that was reached by no name.
    fn of(directory: &Id) -> Self {
        Self { directory: directory.clone(), name: None, node: Some(directory.clone()) }
    }

    /// What is there, which must be something.
    pub(super) fn found(&self) -> Result<&Id, FileError> {
        self.node.as_ref().ok_or(FileError::NotFound)
    }
}

/// Walks along `path`, beginning at the directory `from` unless the path begins at the root.
///
/// All but the last name must be there. A path that ends with a slash ends at a directory. A symbolic link of the host is followed within
/// its mount only.
pub(super) fn walk(tree: &Tree, from: &Id, path: &str, last: LastLink) -> Result<Place, FileError> {
    check(path)?;
    let mut here = if path.starts_with('/') { ROOT } else { from.clone() };
    if tree.kind(&here)? != Kind::Directory {
        return Err(FileError::NotDirectory);
    }
    let mut rest = Rest::default();
    rest.push(path);
    let mut place = Place::of(&here);
    while let Some(name) = rest.names.pop() {
        if name == ".." && rest.is_confined() && tree.is_mount_point(&here) {
            return Err(FileError::Outside);
        }
        if name == "." || name == ".." {
            here = if name == "." { Some(here) } else { tree.parent(&here) }.ok_or(FileError::NotFound)?;
            place = Place::of(&here);
            continue;
        }
        if name.len() > NAME_BYTES_MAX {
            return Err(FileError::NameTooLong);
        }
        let ends = rest.names.is_empty();
        let child = tree.child(&here, &name)?;
        if ends {
            let node = child.as_ref().map(|(id, _)| id.clone());
            place = Place { directory: here.clone(), name: Some(name.into()), node };
        }
        let Some((id, kind)) = child else {
            return if ends { Ok(place) } else { Err(FileError::NotFound) };
        };
        match kind {
            Kind::Link if !ends || last == LastLink::Follow => {
                rest.follow(&tree.link_target(&id)?, matches!(id, Id::Host(_)))?;
                here = if rest.absolute { ROOT } else { here };
                place = Place::of(&here);
            }
            _ if ends => {}
            Kind::Directory => here = id,
            _ => return Err(FileError::NotDirectory),
        }
    }
    Ok(place)
}

/// The names that are still to be walked, the next one last.
#[derive(Default)]
struct Rest {
    names: Vec<String>,
    links: u32,
    /// Whether the link that was followed last begins at the root.
    absolute: bool,
    /// How many names there were when a link of the host was followed: those beyond come from it, and must stay in its mount.
    confined_from: Option<usize>,
}

impl Rest {
    fn push(&mut self, path: &str) {
        if path.ends_with('/') {
            self.names.push(".".to_owned());
        }
        self.names.extend(path.rsplit('/').filter(|name| !name.is_empty()).map(str::to_owned));
    }

    /// Puts the names of a link's target before the others.
    fn follow(&mut self, target: &str, of_host: bool) -> Result<(), FileError> {
        self.links += 1;
        if self.links > LINKS_MAX {
            return Err(FileError::LinkLoop);
        }
        self.absolute = target.starts_with('/');
        let confined = self.is_confined() || of_host;
        if confined && self.absolute {
            return Err(FileError::Outside);
        }
        if confined {
            self.confined_from = self.confined_from.or(Some(self.names.len()));
        }
        self.push(target);
        Ok(())
    }

    /// Whether the name that was taken last comes from a link of the host.
    fn is_confined(&mut self) -> bool {
        self.confined_from = self.confined_from.filter(|from| self.names.len() >= *from);
        self.confined_from.is_some()
    }
}

/// A path without the slashes at its end, for what takes the name of a directory whether or not it is there.
pub(super) fn without_slash(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { path } else { trimmed }
}

/// Checks the text of a path, or of a link's target.
pub(super) fn check(path: &str) -> Result<(), FileError> {
    if path.is_empty() {
        return Err(FileError::NotFound);
    }
    if path.len() > PATH_BYTES_MAX {
        return Err(FileError::NameTooLong);
    }
    if path.contains('\0') { Err(FileError::NulByte) } else { Ok(()) }
}
