//! How much a session may keep in files: bytes, number and depth, charged to its budget before anything is allocated.

use super::content::Content;
use super::error::FileError;
use super::node::Node;
use crate::host::meter::Meter;
use crate::limits::{Limits, MEMORY_BYTES_CEILING};

/// What the host keeps for one file or directory beside its content: the node, its name (255 bytes at most) and its place in a
/// directory. The same for all, so that a renamed file costs what it did.
const NODE_BYTES: u64 = 768;

/// What is kept of a file of the host that the session removed or replaced: its name and what tells it from others.
const REMEMBERED_BYTES: u64 = 512;

/// What every change of the files needs: the budget that it is charged to, and the time.
pub(crate) struct Change<'a> {
    /// The session's budget.
    pub(crate) meter: &'a mut Meter,
    /// Nanoseconds since 1970 on the session's clock.
    pub(crate) now_ns: u64,
}

/// The limits on files, and what is used of them.
#[derive(Clone, Debug)]
pub(super) struct Quota {
    bytes: u64,
    bytes_max: u64,
    count: u32,
    count_max: u32,
    depth_max: u32,
}

impl Quota {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            bytes: 0,
            bytes_max: limits.files_bytes,
            count: 0,
            count_max: limits.files_count,
            depth_max: limits.files_depth,
        }
    }

    /// What these nodes use, under the limits of the session that goes on; None if they allow less.
    pub(super) fn thaw<'a>(nodes: impl Iterator<Item = &'a Node>, limits: &Limits) -> Option<Self> {
        let mut quota = Self::new(limits);
        for node in nodes.filter(|node| node.charged) {
            quota.bytes = quota.bytes.checked_add(node.body.held())?;
            quota.count = quota.count.checked_add(1)?;
        }
        (quota.bytes <= quota.bytes_max && quota.count <= quota.count_max).then_some(quota)
    }

    /// A directory is to lie `depth` directories deep.
    pub(super) fn depth(&self, depth: u32) -> Result<(), FileError> {
        if depth > self.depth_max { Err(FileError::NoSpace) } else { Ok(()) }
    }

    /// One more file or directory, empty.
    pub(super) fn add(&mut self, meter: &mut Meter) -> Result<(), FileError> {
        if self.count >= self.count_max {
            return Err(FileError::NoSpace);
        }
        meter.hold(NODE_BYTES)?;
        self.count += 1;
        Ok(())
    }

    /// What the host had under one more name is to be remembered, for as long as the session lives.
    pub(super) fn remember(&mut self, meter: &mut Meter) -> Result<(), FileError> {
        Ok(meter.hold(REMEMBERED_BYTES)?)
    }

    /// One file or directory less, with the `bytes` it had.
    pub(super) fn remove(&mut self, meter: &mut Meter, bytes: u64) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        meter.release(NODE_BYTES + Content::cost(bytes));
    }

    /// A file changes its size. Holes count in full: a size that was granted can always be filled.
    pub(super) fn resize(&mut self, meter: &mut Meter, from: u64, to: u64) -> Result<(), FileError> {
        if to > MEMORY_BYTES_CEILING {
            return Err(FileError::TooBig);
        }
        let bytes = (self.bytes - from.min(self.bytes)).saturating_add(to);
        if to > from && bytes > self.bytes_max {
            return Err(FileError::NoSpace);
        }
        let (before, after) = (Content::cost(from), Content::cost(to));
        meter.hold(after.saturating_sub(before))?;
        meter.release(before.saturating_sub(after));
        self.bytes = bytes;
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> (u64, u32) {
        (self.bytes, self.count)
    }
}
