//! Reads an archive: every bound is checked when it is opened, and again at each access.

use std::cmp::Ordering;
use std::fmt;
use std::fs::File;

use super::{DIRECTORY, ENTRY_BYTES, FILE, HEADER_BYTES, MAGIC};
use crate::host::files::name::is_name;
use crate::host::mapped::Mapped;

/// The root directory of every pack.
pub(in crate::host::files) const ROOT: u32 = 0;

/// An archive of read-only files, checked when it is opened. Reading needs no further memory.
pub(crate) struct Pack {
    bytes: Box<dyn AsRef<[u8]> + Send + Sync>,
    count: u32,
    names_at: usize,
    contents_at: usize,
}

/// The archive is not what the packer wrote.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Damaged {
    #[error("the packed files are damaged: {0}")]
    Bytes(&'static str),
    #[error("the packed files cannot be mapped: {0}")]
    Unmapped(#[source] std::io::Error),
}

/// What one entry of a pack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host::files) enum Packed<'a> {
    /// A directory, with the indices of its children.
    Directory { first: u32, count: u32 },
    /// A file, with its content.
    File(&'a [u8]),
}

struct Entry<'a> {
    name: &'a [u8],
    parent: u32,
    packed: Packed<'a>,
}

impl Pack {
    /// Maps an archive that lies in a file.
    pub(crate) fn map(file: &File) -> Result<Self, Damaged> {
        Self::new(Mapped::new(file).map_err(Damaged::Unmapped)?)
    }

    /// Opens an archive that lies in memory.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Result<Self, Damaged> {
        Self::new(bytes)
    }

    /// Opens an archive. Nothing is trusted before it has been checked, and what changes later reads as missing at worst.
    fn new(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self, Damaged> {
        let all = bytes.as_ref();
        if all.first_chunk() != Some(&MAGIC) {
            return Err(Damaged::Bytes("it does not begin as a pack"));
        }
        let (Some(count), Some(names_len)) = (u32_at(all, 8), u32_at(all, 12)) else {
            return Err(Damaged::Bytes("the header is cut"));
        };
        let names_at =
            (count as usize).checked_mul(ENTRY_BYTES).and_then(|len| len.checked_add(HEADER_BYTES));
        let contents_at = names_at.and_then(|at| at.checked_add(names_len as usize));
        let (Some(names_at), Some(contents_at)) = (names_at, contents_at) else {
            return Err(Damaged::Bytes("the header makes no sense"));
        };
        if contents_at > all.len() {
            return Err(Damaged::Bytes("it is cut"));
        }
        let pack = Self { bytes: Box::new(bytes), count, names_at, contents_at };
        pack.check()?;
        Ok(pack)
    }

    /// An archive of nothing but an empty root.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        let mut bytes = [0; HEADER_BYTES + ENTRY_BYTES];
        bytes[HEADER_BYTES + 12..][..4].copy_from_slice(&DIRECTORY.to_le_bytes());
        bytes[HEADER_BYTES + 16] = 1;
        Self { bytes: Box::new(bytes), count: 1, names_at: bytes.len(), contents_at: bytes.len() }
    }

    /// The child of a directory that has this name.
    pub(in crate::host::files) fn child(&self, directory: u32, name: &str) -> Option<u32> {
        let Packed::Directory { first, count } = self.get(directory)? else { return None };
        let (mut low, mut high) = (first, first.checked_add(count)?);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry(middle)?.name.cmp(name.as_bytes()) {
                Ordering::Equal => return Some(middle),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// What lies at an index.
    pub(in crate::host::files) fn get(&self, index: u32) -> Option<Packed<'_>> {
        Some(self.entry(index)?.packed)
    }

    /// The name at an index.
    pub(in crate::host::files) fn name(&self, index: u32) -> Option<&str> {
        std::str::from_utf8(self.entry(index)?.name).ok()
    }

    /// The directory above an index.
    pub(in crate::host::files) fn parent(&self, index: u32) -> Option<u32> {
        Some(self.entry(index)?.parent)
    }

    fn entry(&self, index: u32) -> Option<Entry<'_>> {
        if index >= self.count {
            return None;
        }
        let all = (*self.bytes).as_ref();
        let at = HEADER_BYTES + index as usize * ENTRY_BYTES;
        let field = |offset| u32_at(all, at + offset);
        let names = all.get(self.names_at..self.contents_at)?;
        let name = names.get(field(0)? as usize..)?.get(..field(4)? as usize)?;
        let (start, len) = (u64_at(all, at + 16)?, u64_at(all, at + 24)?);
        let packed = match field(12)? {
            DIRECTORY => Packed::Directory { first: start.try_into().ok()?, count: len.try_into().ok()? },
            FILE => {
                let rest = all.get(self.contents_at..)?.get(usize::try_from(start).ok()?..)?;
                Packed::File(rest.get(..usize::try_from(len).ok()?)?)
            }
            _ => return None,
        };
        Some(Entry { name, parent: field(8)?, packed })
    }

    fn check(&self) -> Result<(), Damaged> {
        let mut claimed = 1;
        for index in 0..self.count {
            let entry = self.entry(index).ok_or(Damaged::Bytes("an entry points outside"))?;
            if index >= claimed {
                return Err(Damaged::Bytes("an entry is in no directory"));
            }
            if (index == ROOT) != entry.name.is_empty() || index != ROOT && !is_name(entry.name) {
                return Err(Damaged::Bytes("a name cannot be one"));
            }
            if let Packed::Directory { first, count } = entry.packed {
                if first != claimed || count > self.count - claimed {
                    return Err(Damaged::Bytes("a directory claims what is not its own"));
                }
                self.check_children(index, first..first + count)?;
                claimed += count;
            } else if index == ROOT {
                return Err(Damaged::Bytes("the root is not a directory"));
            }
        }
        if claimed == self.count { Ok(()) } else { Err(Damaged::Bytes("it has no root")) }
    }

    fn check_children(&self, directory: u32, children: std::ops::Range<u32>) -> Result<(), Damaged> {
        let mut before: &[u8] = b"";
        for index in children {
            let child = self.entry(index).ok_or(Damaged::Bytes("an entry points outside"))?;
            if child.parent != directory {
                return Err(Damaged::Bytes("a child has another parent"));
            }
            if child.name <= before {
                return Err(Damaged::Bytes("names are not in order"));
            }
            before = child.name;
        }
        Ok(())
    }
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pack").field("entries", &self.count).finish_non_exhaustive()
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}
