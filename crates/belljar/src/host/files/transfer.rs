//! What the guest does with the bytes of an open file: read, write, seek, cut.

use super::error::FileError;
use super::quota::Change;
use super::space::Space;
use super::tree::{Body, Device, Id, Kind};

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
        let (id, at) = (open.id, offset.unwrap_or(open.offset));
        let count = self.read_node(id, at, into)?;
        if offset.is_none() {
            self.open.node_mut(fd)?.offset = at + count as u64;
        }
        Ok(count)
    }

    pub(super) fn read_node(&self, id: Id, at: u64, into: &mut [u8]) -> Result<usize, FileError> {
        if let Some(fixed) = self.tree.fixed(id) {
            let rest = usize::try_from(at).ok().and_then(|at| fixed.get(at..)).unwrap_or_default();
            let count = rest.len().min(into.len());
            into[..count].copy_from_slice(&rest[..count]);
            return Ok(count);
        }
        match self.tree.node(id).map(|node| &node.body) {
            Some(Body::File(content)) => Ok(content.read(at, into)),
            Some(Body::Device(Device::Null)) => Ok(0),
            Some(Body::Device(Device::Zero)) => {
                into.fill(0);
                Ok(into.len())
            }
            Some(Body::Directory(_)) => Err(FileError::IsDirectory),
            _ if self.tree.kind(id) == Some(Kind::Directory) => Err(FileError::IsDirectory),
            _ => Err(FileError::Invalid),
        }
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
        let (id, append) = (open.id, open.access.append && offset.is_none());
        let position = offset.unwrap_or(open.offset);
        let end = self.write_node(id, if append { None } else { Some(position) }, bytes, change)?;
        if offset.is_none() {
            self.open.node_mut(fd)?.offset = end;
        }
        Ok(())
    }

    /// Writes at a place, or at the end, and says where the written bytes end.
    pub(super) fn write_node(
        &mut self,
        id: Id,
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
        let open = self.positioned(fd)?;
        let stat = self.tree.stat(open).ok_or(FileError::BadDescriptor)?;
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
        self.positioned(fd)?;
        self.open.node(fd).map(|open| open.offset)
    }

    /// Checks that a descriptor has a position.
    pub(crate) fn seekable(&self, fd: u32) -> Result<(), FileError> {
        self.positioned(fd).map(|_| ())
    }

    fn positioned(&self, fd: u32) -> Result<Id, FileError> {
        self.open.get(fd)?;
        self.open.node(fd).map(|open| open.id).map_err(|_| FileError::NotSeekable)
    }

    /// Cuts an open file, or lets it grow by zeros.
    pub(crate) fn set_size(&mut self, fd: u32, size: u64, change: &mut Change<'_>) -> Result<(), FileError> {
        let open = self.open.node(fd)?;
        if !open.access.write {
            return Err(FileError::Invalid);
        }
        self.set_size_of(open.id, size, change)
    }

    /// Lets an open file grow to at least `size`.
    pub(crate) fn reserve(&mut self, fd: u32, size: u64, change: &mut Change<'_>) -> Result<(), FileError> {
        if size > self.stat_open(fd)?.size { self.set_size(fd, size, change) } else { Ok(()) }
    }

    pub(super) fn set_size_of(
        &mut self,
        id: Id,
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
