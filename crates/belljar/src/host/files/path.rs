//! From a path to a node. Nothing here can name anything outside the tree: `..` of the root is the root.

use super::error::FileError;
use super::name::{NAME_BYTES_MAX, PATH_BYTES_MAX};
use super::tree::{Body, Id, Kind, ROOT, Tree};

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
    /// What is there, which must be something.
    pub(super) fn found(&self) -> Result<Id, FileError> {
        self.node.ok_or(FileError::NotFound)
    }
}

/// Walks along `path`, beginning at the directory `from` unless the path begins at the root.
///
/// All but the last name must be there. A path that ends with a slash ends at a directory.
pub(super) fn walk(tree: &Tree, from: Id, path: &str, last: LastLink) -> Result<Place, FileError> {
    check(path)?;
    let mut here = if path.starts_with('/') { ROOT } else { from };
    if tree.kind(here) != Some(Kind::Directory) {
        return Err(FileError::NotDirectory);
    }
    let mut rest = Vec::new();
    push(&mut rest, path);
    let mut links = 0;
    let mut place = Place { directory: here, name: None, node: Some(here) };
    while let Some(name) = rest.pop() {
        if name == "." || name == ".." {
            here = if name == "." { Some(here) } else { tree.parent(here) }.ok_or(FileError::NotFound)?;
            place = Place { directory: here, name: None, node: Some(here) };
            continue;
        }
        if name.len() > NAME_BYTES_MAX {
            return Err(FileError::NameTooLong);
        }
        let ends = rest.is_empty();
        let node = tree.child(here, name);
        if ends {
            place = Place { directory: here, name: Some(name.into()), node };
        }
        let Some(node) = node else {
            return if ends { Ok(place) } else { Err(FileError::NotFound) };
        };
        match tree.node(node).map(|node| &node.body) {
            Some(Body::Link(target)) if !ends || last == LastLink::Follow => {
                links += 1;
                if links > LINKS_MAX {
                    return Err(FileError::LinkLoop);
                }
                here = if target.starts_with('/') { ROOT } else { here };
                place = Place { directory: here, name: None, node: Some(here) };
                push(&mut rest, target);
            }
            _ if ends => {}
            _ if tree.kind(node) == Some(Kind::Directory) => here = node,
            _ => return Err(FileError::NotDirectory),
        }
    }
    Ok(place)
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

/// Puts the names of a path on top of those that are still to be walked, the first name last.
fn push<'a>(rest: &mut Vec<&'a str>, path: &'a str) {
    if path.ends_with('/') {
        rest.push(".");
    }
    rest.extend(path.rsplit('/').filter(|name| !name.is_empty()));
}
