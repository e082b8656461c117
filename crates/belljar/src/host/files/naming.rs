//! What the guest does with names: open, make, remove, rename, link.

use super::content::Content;
use super::descriptor::Access;
use super::error::FileError;
use super::name::is_name;
use super::path::{self, LastLink, Place, walk, without_slash};
use super::quota::Change;
use super::space::{NewTimes, Space};
use super::tree::{Body, Id, Kind, Stat};

/// A path, and the open directory that it begins at unless it begins with a slash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) fd: u32,
    pub(crate) path: &'a str,
    pub(crate) last: LastLink,
}

/// How a file is to be opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opening {
    pub(crate) access: Access,
    /// Make the file if it is missing.
    pub(crate) create: bool,
    /// With `create`: it must be missing.
    pub(crate) exclusive: bool,
    /// Empty the file.
    pub(crate) truncate: bool,
    /// It must be a directory.
    pub(crate) directory: bool,
}

impl Space {
    /// Opens a file or directory and says under which number.
    pub(crate) fn open(
        &mut self,
        at: At<'_>,
        how: Opening,
        change: &mut Change<'_>,
    ) -> Result<u32, FileError> {
        let fd = self.open.free()?;
        if how.create && how.directory {
            return Err(FileError::Invalid);
        }
        let last = if how.create && how.exclusive { LastLink::Keep } else { at.last };
        let place = self.walk(At { last, ..at })?;
        let id = match place.node {
            Some(_) if how.create && how.exclusive => return Err(FileError::Exists),
            Some(id) => id,
            None if how.create => Id::Made(self.make(&place, Body::File(Content::default()), change)?),
            None => return Err(FileError::NotFound),
        };
        self.check_opening(id, how)?;
        self.opened(fd, id, how.access);
        if how.truncate && self.tree.kind(id) == Some(Kind::File) {
            self.set_size_of(id, 0, change)?;
        }
        Ok(fd)
    }

    fn check_opening(&self, id: Id, how: Opening) -> Result<(), FileError> {
        let kind = self.tree.kind(id).ok_or(FileError::NotFound)?;
        let changes = how.access.write || how.truncate;
        match kind {
            Kind::Directory if changes || how.create => Err(FileError::IsDirectory),
            Kind::Directory => Ok(()),
            _ if how.directory => Err(FileError::NotDirectory),
            Kind::Link => Err(FileError::LinkLoop),
            Kind::File if changes => self.changeable(id).map(|_| ()),
            Kind::File | Kind::Character => Ok(()),
        }
    }

    /// What is known of the node at a path.
    pub(crate) fn stat(&self, at: At<'_>) -> Result<Stat, FileError> {
        let id = self.walk(at)?.found()?;
        self.tree.stat(id).ok_or(FileError::NotFound)
    }

    /// Sets the times of the node at a path.
    pub(crate) fn set_times(&mut self, at: At<'_>, new: NewTimes, now_ns: u64) -> Result<(), FileError> {
        let id = self.walk(at)?.found()?;
        self.set_times_of(id, new, now_ns)
    }

    /// Makes a directory.
    pub(crate) fn make_directory(&mut self, at: At<'_>, change: &mut Change<'_>) -> Result<(), FileError> {
        let place = self.walk(At { path: without_slash(at.path), last: LastLink::Keep, ..at })?;
        let (directory, name) = self.vacant(&place)?;
        self.quota.depth(self.tree.depth(place.directory) + 1)?;
        self.quota.add(change.meter)?;
        let made = self.tree.make_directory((directory, name), true, change.now_ns);
        self.tree.charge(made);
        Ok(())
    }

    /// Makes a symbolic link. It may lead anywhere, and nowhere: it is followed within the tree only.
    pub(crate) fn make_link(
        &mut self,
        at: At<'_>,
        target: &str,
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        path::check(target)?;
        let place = self.walk(At { last: LastLink::Keep, ..at })?;
        self.vacant(&place)?;
        self.quota.resize(change.meter, 0, target.len() as u64)?;
        let made = self.make(&place, Body::Link(target.into()), change);
        if made.is_err() {
            self.quota.resize(change.meter, target.len() as u64, 0)?;
        }
        made.map(|_| ())
    }

    /// Where a symbolic link leads.
    pub(crate) fn link_target(&self, at: At<'_>) -> Result<&str, FileError> {
        let id = self.walk(At { last: LastLink::Keep, ..at })?.found()?;
        match self.tree.node(id).map(|node| &node.body) {
            Some(Body::Link(target)) => Ok(target),
            _ => Err(FileError::Invalid),
        }
    }

    /// Removes an empty directory.
    pub(crate) fn remove_directory(&mut self, at: At<'_>, change: &mut Change<'_>) -> Result<(), FileError> {
        let place = self.walk(At { path: without_slash(at.path), last: LastLink::Keep, ..at })?;
        let id = place.found()?;
        if self.tree.kind(id) != Some(Kind::Directory) {
            return Err(FileError::NotDirectory);
        }
        let name = place.name.as_deref().ok_or(FileError::Invalid)?;
        let directory = self.writable(place.directory)?;
        self.changeable(id)?;
        if !self.tree.is_empty(id) {
            return Err(FileError::NotEmpty);
        }
        self.remove((directory, name), change);
        Ok(())
    }

    /// Removes a file or symbolic link. Those who have it open go on reading and writing it.
    pub(crate) fn remove_file(&mut self, at: At<'_>, change: &mut Change<'_>) -> Result<(), FileError> {
        let place = self.walk(At { last: LastLink::Keep, ..at })?;
        let id = place.found()?;
        let (Some(name), true) = (&place.name, self.tree.kind(id) != Some(Kind::Directory)) else {
            return Err(FileError::IsDirectory);
        };
        let directory = self.writable(place.directory)?;
        self.changeable(id)?;
        self.remove((directory, name), change);
        Ok(())
    }

    /// Renames a file or directory, in place of what has the new name.
    pub(crate) fn rename(
        &mut self,
        from: At<'_>,
        to: At<'_>,
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        let old = self.walk(At { path: without_slash(from.path), last: LastLink::Keep, ..from })?;
        let new = self.walk(At { path: without_slash(to.path), last: LastLink::Keep, ..to })?;
        let id = old.found()?;
        let (Some(old_name), Some(new_name)) = (&old.name, &new.name) else {
            return Err(FileError::Invalid);
        };
        let is_directory = self.tree.kind(id) == Some(Kind::Directory);
        if !is_directory && (from.path.ends_with('/') || to.path.ends_with('/')) {
            return Err(FileError::NotDirectory);
        }
        let (old_directory, new_directory) = (self.writable(old.directory)?, self.writable(new.directory)?);
        let number = self.changeable(id)?;
        if new.node == Some(id) {
            return Ok(());
        }
        if is_directory {
            if self.tree.is_within(new.directory, id) {
                return Err(FileError::Invalid);
            }
            self.quota.depth(self.tree.depth(new.directory) + self.tree.height(id))?;
        }
        self.check_linked(new_directory)?;
        if let Some(replaced) = new.node {
            self.check_replacing(replaced, is_directory)?;
            self.remove((new_directory, new_name), change);
        }
        self.tree.unlink((old_directory, old_name), change.now_ns);
        self.tree.link((new_directory, new_name), number, change.now_ns);
        Ok(())
    }

    fn check_replacing(&self, replaced: Id, by_directory: bool) -> Result<(), FileError> {
        self.changeable(replaced)?;
        match (by_directory, self.tree.kind(replaced) == Some(Kind::Directory)) {
            (true, false) => Err(FileError::NotDirectory),
            (false, true) => Err(FileError::IsDirectory),
            (true, true) if !self.tree.is_empty(replaced) => Err(FileError::NotEmpty),
            _ => Ok(()),
        }
    }

    /// Where a path leads. Standard streams are no directories to begin at.
    fn walk(&self, at: At<'_>) -> Result<Place, FileError> {
        self.open.get(at.fd)?;
        let from = self.open.node(at.fd).map_err(|_| FileError::NotDirectory)?.id;
        walk(&self.tree, from, at.path, at.last)
    }

    /// Makes a node at a vacant place.
    fn make(&mut self, place: &Place, body: Body, change: &mut Change<'_>) -> Result<u64, FileError> {
        let (directory, name) = self.vacant(place)?;
        self.add((directory, name), body, change)
    }

    /// Makes a node with a name that is free, and charges for it.
    pub(super) fn add(
        &mut self,
        name: (u64, &str),
        body: Body,
        change: &mut Change<'_>,
    ) -> Result<u64, FileError> {
        self.quota.add(change.meter)?;
        let number = self.tree.add(name, body, change.now_ns);
        self.tree.charge(number);
        Ok(number)
    }

    /// The directory and name of a place where something can be made.
    fn vacant<'a>(&self, place: &'a Place) -> Result<(u64, &'a str), FileError> {
        let (None, Some(name)) = (place.node, &place.name) else { return Err(FileError::Exists) };
        let directory = self.writable(place.directory)?;
        self.check_linked(directory)?;
        if is_name(name.as_bytes()) { Ok((directory, name)) } else { Err(FileError::Invalid) }
    }

    /// Nothing can be made in a directory that was removed while it was open.
    fn check_linked(&self, directory: u64) -> Result<(), FileError> {
        let named = self.tree.node(Id::Made(directory)).is_some_and(|node| node.named);
        if named { Ok(()) } else { Err(FileError::NotFound) }
    }

    /// Takes a name away, and the node with it unless it is open.
    pub(super) fn remove(&mut self, name: (u64, &str), change: &mut Change<'_>) {
        if let Some(number) = self.tree.unlink(name, change.now_ns) {
            self.forget(number, change);
        }
    }
}
