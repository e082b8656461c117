//! What the guest does with the bytes of an open file: read, write, seek, cut.

use super::error::FileError;
use super::kind::Kind;
use super::node::{Body, Device, Id};
use super::quota::Change;
use super::space::Space;

/// Where a seek counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whence {
    Start,
    Current,
    End,
}

impl Space {
    /// Reads at `offset`, or at the descriptor's position, which then moves on.
    pub(crate) fn read(&mut self, fd: u32, offset: Option<u64>, into: &mut [u8]) -> Result<usize, FileError> {
        let open = self.open.node(fd)?;
        if !open.access.read {
            return Err(FileError::BadDescriptor);
        }
        let at = offset.unwrap_or(open.offset);
        let count = match (&open.id, &open.file) {
            (_, Some(file)) => file.read(at, into)?,
            (id, None) => self.read_node(id, at, into)?,
        };
        if offset.is_none() {
            self.open.node_mut(fd)?.offset = at + count as u64;
        }
        Ok(count)
    }

    pub(super) fn read_node(&self, id: &Id, at: u64, into: &mut [u8]) -> Result<usize, FileError> {
        if let Some(fixed) = self.tree.fixed(id) {
            let rest = usize::try_from(at).ok().and_then(|at| fixed.get(at..)).unwrap_or_default();
            let count = rest.len().min(into.len());
            into[..count].copy_from_slice(&rest[..count]);
            return Ok(count);
        }
        let place = match (id, self.tree.node(id).map(|node| &node.body)) {
            (_, Some(Body::File(content))) => return Ok(content.read(at, into)),
            (_, Some(Body::Device(Device::Null))) => return Ok(0),
            (_, Some(Body::Device(Device::Zero))) => {
                into.fill(0);
                return Ok(into.len());
            }
            (_, Some(Body::Lower(place, _))) | (Id::Host(place), _) => place,
            _ if self.tree.kind(id)? == Kind::Directory => return Err(FileError::IsDirectory),
            _ => return Err(FileError::Invalid),
        };
        self.tree.mounts.open_for_embedder(place)?.read(at, into)
    }

    /// Writes all of `bytes` at `offset`, or at the descriptor's position, which then moves on; to the end when it appends.
    pub(crate) fn write(
        &mut self,
        fd: u32,
        offset: Option<u64>,
        bytes: &[u8],
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        let open = self.open.node(fd)?;
        if !open.access.write {
            return Err(FileError::BadDescriptor);
        }
        let at =
            if open.access.append && offset.is_none() { None } else { Some(offset.unwrap_or(open.offset)) };
        let (id, file) = (open.id.clone(), open.file.clone());
        let end = match (&id, file) {
            (Id::Host(place), Some(file)) => {
                let at = at.map_or_else(|| file.stat().map(|seen| seen.size), Ok)?;
                if bytes.is_empty() { at } else { self.tree.mounts.write(place, &file, at, bytes)? }
            }
            _ => self.write_node(&id, at, bytes, change)?,
        };
        if offset.is_none() {
            self.open.node_mut(fd)?.offset = end;
        }
        Ok(())
    }

    /// Writes at a place, or at the end, and says where the written bytes end.
    pub(super) fn write_node(
        &mut self,
        id: &Id,
        at: Option<u64>,
        bytes: &[u8],
        change: &mut Change<'_>,
    ) -> Result<u64, FileError> {
        let node = self.tree.node_mut(id).ok_or(FileError::ReadOnly)?;
        let content = match &mut node.body {
            Body::File(content) => content,
            Body::Device(_) => return Ok(0),
            _ => return Err(FileError::ReadOnly),
        };
        let size = content.size();
        let at = at.unwrap_or(size);
        if bytes.is_empty() {
            return Ok(at);
        }
        let end = at.checked_add(bytes.len() as u64).ok_or(FileError::TooBig)?;
        self.quota.resize(change.meter, size, size.max(end))?;
        content.write(at, bytes);
        node.times.touch(change.now_ns);
        Ok(end)
    }

    /// Moves the position, and says where it is then.
    pub(crate) fn seek(&mut self, fd: u32, by: i64, whence: Whence) -> Result<u64, FileError> {
        self.seekable(fd)?;
        let stat = self.stat_open(fd)?;
        let node = self.open.node_mut(fd)?;
        if stat.kind == Kind::Character {
            return Ok(0);
        }
        let from = match whence {
            Whence::Start => 0,
            Whence::Current => node.offset,
            Whence::End => stat.size,
        };
        let to = from.checked_add_signed(by).filter(|to| i64::try_from(*to).is_ok());
        node.offset = to.ok_or(FileError::Invalid)?;
        Ok(node.offset)
    }

    /// The position of a descriptor.
    pub(crate) fn tell(&self, fd: u32) -> Result<u64, FileError> {
        self.seekable(fd)?;
        self.open.node(fd).map(|open| open.offset)
    }

    /// Checks that a descriptor has a position.
    pub(crate) fn seekable(&self, fd: u32) -> Result<(), FileError> {
        self.open.get(fd)?;
        match self.open.node(fd) {
            Ok(_) => Ok(()),
            Err(FileError::Lost) => Err(FileError::Lost),
            Err(_) => Err(FileError::NotSeekable),
        }
    }

    /// Cuts an open file, or lets it grow by zeros.
    pub(crate) fn set_size(&mut self, fd: u32, size: u64, change: &mut Change<'_>) -> Result<(), FileError> {
        let open = self.open.node(fd)?;
        if !open.access.write {
            return Err(FileError::Invalid);
        }
        let (id, file) = (open.id.clone(), open.file.clone());
        match (&id, file) {
            (Id::Host(place), Some(file)) => self.tree.mounts.set_size(place, &file, size),
            _ => self.set_size_of(&id, size, change),
        }
    }

    /// Lets an open file grow to at least `size`.
    pub(crate) fn reserve(&mut self, fd: u32, size: u64, change: &mut Change<'_>) -> Result<(), FileError> {
        if size > self.stat_open(fd)?.size { self.set_size(fd, size, change) } else { Ok(()) }
    }

    pub(super) fn set_size_of(
        &mut self,
        id: &Id,
        size: u64,
        change: &mut Change<'_>,
    ) -> Result<(), FileError> {
        let node = self.tree.node_mut(id).ok_or(FileError::ReadOnly)?;
        let Body::File(content) = &mut node.body else { return Err(FileError::Invalid) };
        self.quota.resize(change.meter, content.size(), size)?;
        content.set_size(size);
        node.times.touch(change.now_ns);
        Ok(())
    }
}
