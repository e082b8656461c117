//! What the guest does with names: open, make, remove, link.

use super::content::Content;
use super::descriptor::Access;
use super::error::FileError;
use super::hosted::Hosted;
use super::kind::Kind;
use super::mounts::{HostFile, stays_within};
use super::name::is_name;
use super::node::{Body, Holder, Id, NewTimes, Stat};
use super::path::{self, LastLink, Place, walk, without_slash};
use super::quota::Change;
use super::space::Space;

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
        let (id, file) = match &place.node {
            Some(_) if how.create && how.exclusive => return Err(FileError::Exists),
            Some(id) => self.open_node(id, how, change)?,
            None if how.create => self.make_file(&place, change)?,
            None => return Err(FileError::NotFound),
        };
        self.opened(fd, id, how.access, file);
        Ok(fd)
    }

    /// Makes what is there ready to be read and written as asked: who has it, and the host's file if it is one.
    fn open_node(
        &mut self,
        id: &Id,
        how: Opening,
        change: &mut Change<'_>,
    ) -> Result<(Id, Option<HostFile>), FileError> {
        let changes = how.access.write || how.truncate;
        match self.tree.kind(id)? {
            Kind::Directory if changes || how.create => return Err(FileError::IsDirectory),
            Kind::Directory => return Ok((id.clone(), None)),
            _ if how.directory => return Err(FileError::NotDirectory),
            Kind::Link => return Err(FileError::LinkLoop),
            Kind::Character => return Ok((id.clone(), None)),
            Kind::Special => return Err(FileError::Special),
            Kind::File => {}
        }
        if !changes {
            let file = self.open_to_read(id)?;
            return Ok((id.clone(), file));
        }
        match self.holder(id, change)? {
            Holder::Session(number) => {
                if how.truncate {
                    self.load_nothing(number)?;
                    self.set_size_of(&Id::Made(number), 0, change)?;
                } else {
                    self.load(number, change)?;
                }
                Ok((Id::Made(number), None))
            }
            Holder::Host(place) => {
                self.check_host_files(&place)?;
                let file = self.tree.mounts.open_to_write(&place)?;
                if how.truncate {
                    self.tree.mounts.set_size(&place, &file, 0)?;
                }
                Ok((Id::Host(place), Some(file)))
            }
        }
    }

    /// The host's file, if a node's bytes are the host's.
    fn open_to_read(&self, id: &Id) -> Result<Option<HostFile>, FileError> {
        let place = match (id, self.tree.node(id).map(|node| &node.body)) {
            (Id::Host(place), _) | (_, Some(Body::Lower(place, _))) => place,
            _ => return Ok(None),
        };
        self.check_host_files(place)?;
        self.tree.mounts.open_to_read(place).map(Some)
    }

    /// Descriptors of the host are scarcer than ours.
    pub(super) fn check_host_files(&self, place: &Hosted) -> Result<(), FileError> {
        let most = self.tree.mounts.open_files_max(place.mount);
        if self.open.host_files() >= most { Err(FileError::TooManyOpen) } else { Ok(()) }
    }

    fn make_file(
        &mut self,
        place: &Place,
        change: &mut Change<'_>,
    ) -> Result<(Id, Option<HostFile>), FileError> {
        let (keeper, name) = self.vacant(place, change)?;
        match keeper {
            Holder::Session(directory) => {
                let number = self.add((directory, name), Body::File(Content::default()), change)?;
                Ok((Id::Made(number), None))
            }
            Holder::Host(directory) => {
                self.check_host_files(&directory)?;
                let place = directory.child(name);
                let file = self.tree.mounts.create_file(&place)?;
                Ok((Id::Host(place), Some(file)))
            }
        }
    }

    /// What is known of the node at a path.
    pub(crate) fn stat(&self, at: At<'_>) -> Result<Stat, FileError> {
        self.tree.stat(self.walk(at)?.found()?)
    }

    /// Sets the times of the node at a path.
    pub(crate) fn set_times(
        &mut self,
        at: At<'_>,
        new: NewTimes,
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        let place = self.walk(at)?;
        self.set_times_of(place.found()?, new, change)
    }

    /// Makes a directory.
    pub(crate) fn make_directory(&mut self, at: At<'_>, change: &mut Change<'_>) -> Result<(), FileError> {
        let place = self.walk(At { path: without_slash(at.path), last: LastLink::Keep, ..at })?;
        let (keeper, name) = self.vacant(&place, change)?;
        self.quota.depth(self.tree.depth(&place.directory) + 1)?;
        match keeper {
            Holder::Session(directory) => {
                self.quota.add(change.meter)?;
                let made = self.tree.make_directory((directory, name), true, change.now_ns);
                self.tree.charge(made);
                Ok(())
            }
            Holder::Host(directory) => self.tree.mounts.make_directory(&directory.child(name)),
        }
    }

    /// Makes a symbolic link. In memory it may lead anywhere, and nowhere: it is followed within the tree only. In a mount it may not lead
    /// out, since others follow it too.
    pub(crate) fn make_link(
        &mut self,
        at: At<'_>,
        target: &str,
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        path::check(target)?;
        let place = self.walk(At { last: LastLink::Keep, ..at })?;
        if self.tree.mount_of(&place.directory).is_some()
            && !stays_within(target, self.depth_in_mount(&place.directory))
        {
            return Err(FileError::Outside);
        }
        let (keeper, name) = self.vacant(&place, change)?;
        let directory = match keeper {
            Holder::Host(directory) => return self.tree.mounts.make_link(&directory.child(name), target),
            Holder::Session(directory) => directory,
        };
        self.quota.resize(change.meter, 0, target.len() as u64)?;
        let made = self.add((directory, name), Body::Link(target.into()), change);
        if made.is_err() {
            self.quota.resize(change.meter, target.len() as u64, 0)?;
        }
        made.map(|_| ())
    }

    /// How far a directory lies below the directory that is mounted above it.
    fn depth_in_mount(&self, directory: &Id) -> u32 {
        let (mut here, mut depth) = (directory.clone(), 0);
        while !self.tree.is_mount_point(&here) {
            let Some(above) = self.tree.parent(&here).filter(|above| *above != here) else { break };
            (here, depth) = (above, depth + 1);
        }
        depth
    }

    /// Where a symbolic link leads.
    pub(crate) fn link_target(&self, at: At<'_>) -> Result<Box<str>, FileError> {
        let place = self.walk(At { last: LastLink::Keep, ..at })?;
        let id = place.found()?;
        if self.tree.kind(id)? != Kind::Link {
            return Err(FileError::Invalid);
        }
        self.tree.link_target(id)
    }

    /// Removes an empty directory.
    pub(crate) fn remove_directory(&mut self, at: At<'_>, change: &mut Change<'_>) -> Result<(), FileError> {
        let place = self.walk(At { path: without_slash(at.path), last: LastLink::Keep, ..at })?;
        let id = place.found()?;
        if self.tree.kind(id)? != Kind::Directory {
            return Err(FileError::NotDirectory);
        }
        if self.tree.is_mount_point(id) {
            return Err(FileError::MountPoint);
        }
        let name = place.name.as_deref().ok_or(FileError::Invalid)?;
        let keeper = self.keeper(&place.directory, change)?;
        if let Id::Made(_) | Id::Packed(_) = id {
            self.changeable(id)?;
        }
        if !self.tree.is_empty(id)? {
            return Err(FileError::NotEmpty);
        }
        match keeper {
            Holder::Session(directory) => self.discard((directory, name), id, change),
            Holder::Host(directory) => self.tree.mounts.remove_directory(&directory.child(name)),
        }
    }

    /// Removes a file or symbolic link. Those who have it open go on reading and writing it.
    pub(crate) fn remove_file(&mut self, at: At<'_>, change: &mut Change<'_>) -> Result<(), FileError> {
        let place = self.walk(At { last: LastLink::Keep, ..at })?;
        let id = place.found()?;
        let (Some(name), true) = (&place.name, self.tree.kind(id)? != Kind::Directory) else {
            return Err(FileError::IsDirectory);
        };
        let keeper = self.keeper(&place.directory, change)?;
        if let Id::Made(_) | Id::Packed(_) = id {
            self.changeable(id)?;
        }
        match keeper {
            Holder::Session(directory) => self.discard((directory, name), id, change),
            Holder::Host(directory) => self.tree.mounts.remove_file(&directory.child(name)),
        }
    }

    /// Where a path leads. Standard streams are no directories to begin at.
    pub(super) fn walk(&self, at: At<'_>) -> Result<Place, FileError> {
        self.open.get(at.fd)?;
        let from = self.open.node(at.fd).map_err(|_| FileError::NotDirectory)?;
        let walked = walk(&self.tree, &from.id, at.path, at.last);
        if matches!(walked, Err(FileError::Outside)) {
            self.tree.mounts.tell_outside(at.path);
        }
        walked
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
    fn vacant<'a>(
        &mut self,
        place: &'a Place,
        change: &mut Change<'_>,
    ) -> Result<(Holder, &'a str), FileError> {
        let (None, Some(name)) = (&place.node, &place.name) else { return Err(FileError::Exists) };
        let keeper = self.keeper(&place.directory, change)?;
        self.check_linked(&keeper)?;
        if is_name(name.as_bytes()) { Ok((keeper, name)) } else { Err(FileError::Invalid) }
    }

    /// Nothing can be made in a directory that was removed while it was open.
    pub(super) fn check_linked(&self, keeper: &Holder) -> Result<(), FileError> {
        let Holder::Session(directory) = keeper else { return Ok(()) };
        let named = self.tree.node(&Id::Made(*directory)).is_some_and(|node| node.named);
        if named { Ok(()) } else { Err(FileError::NotFound) }
    }

    /// Takes a name away, and the node with it unless it is open.
    pub(super) fn remove(&mut self, name: (u64, &str), change: &mut Change<'_>) {
        if let Some(number) = self.tree.unlink(name, change.now_ns) {
            self.forget(number, change);
        }
    }
}
