//! Memory that a parent and a worker can both reach, for messages that are longer than a frame. The parent makes it, of the size that it decides, and
//! seals that: a worker can fill it and cannot make it smaller or larger.
//!
//! It is read and written by calls and never mapped, so what the other side does to it meanwhile changes bytes and nothing else.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};

/// Such memory.
#[derive(Debug)]
pub(super) struct SharedMemory(File);

impl SharedMemory {
    /// Room for an answer.
    pub(super) fn room(bytes: u64) -> std::io::Result<Self> {
        let memory = Self::sized(bytes)?;
        fcntl_add_seals(&memory.0, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok(memory)
    }

    /// A message, which nobody can change any more.
    pub(super) fn holding(message: &[u8]) -> std::io::Result<Self> {
        let memory = Self::sized(message.len() as u64)?;
        memory.fill(message)?;
        let all = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
        fcntl_add_seals(&memory.0, all)?;
        Ok(memory)
    }

    /// What was handed over.
    pub(super) fn from_descriptor(descriptor: OwnedFd) -> Self {
        Self(File::from(descriptor))
    }

    fn sized(bytes: u64) -> std::io::Result<Self> {
        let memory = memfd_create(
            "belljar-message",
            MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING | MemfdFlags::NOEXEC_SEAL,
        )
        // Kernels before 6.3 do not know the last flag.
        .or_else(|_| memfd_create("belljar-message", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING))?;
        ftruncate(&memory, bytes)?;
        Ok(Self(File::from(memory)))
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Writes a message from the beginning.
    pub(super) fn fill(&self, message: &[u8]) -> std::io::Result<()> {
        self.0.write_all_at(message, 0)
    }

    /// A copy of everything in it, `bytes` long. Whoever calls this has made it, or trusts who has.
    pub(super) fn read(&self, bytes: u64) -> std::io::Result<Vec<u8>> {
        let length = usize::try_from(bytes).map_err(std::io::Error::other)?;
        let mut copy = Vec::new();
        copy.try_reserve_exact(length).map_err(std::io::Error::other)?;
        copy.resize(length, 0);
        self.0.read_exact_at(&mut copy, 0)?;
        Ok(copy)
    }

    /// How large it is. The jail has this call, and not that of the standard library.
    pub(super) fn bytes(&self) -> std::io::Result<u64> {
        let stat = rustix::fs::fstat(&self.0)?;
        Ok(u64::try_from(stat.st_size).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::fcntl_get_seals;

    use super::*;

    #[test]
    fn a_message_cannot_be_changed_and_room_keeps_its_size() {
        let message = SharedMemory::holding(b"message").unwrap();
        assert_eq!(message.read(7).unwrap(), b"message");
        assert!(message.fill(b"another").is_err());
        let room = SharedMemory::room(8).unwrap();
        let theirs = SharedMemory::from_descriptor(room.as_fd().try_clone_to_owned().unwrap());
        assert_eq!(theirs.bytes().unwrap(), 8);
        assert!(theirs.fill(b"more than there is").is_err());
        assert!(theirs.0.set_len(1).is_err() && theirs.0.set_len(1 << 40).is_err());
        theirs.fill(b"answered").unwrap();
        assert_eq!(room.read(8).unwrap(), b"answered");
        assert!(fcntl_get_seals(&room.0).unwrap().contains(SealFlags::SEAL));
    }
}
