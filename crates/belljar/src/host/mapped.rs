//! Maps files of an image into memory, so that all sessions of a machine share their pages and opening one reads nothing.

use std::fs::File;
use std::io;
use std::ptr::{self, NonNull};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A whole file, mapped read-only.
pub(crate) struct Mapped {
    start: NonNull<u8>,
    len: usize,
}

#[expect(unsafe_code, reason = "a mapping is what many sessions can share")]
impl Mapped {
    /// Maps a file. Images lie where nobody else can write (`engine::image` sees to that): a file that is cut while it is mapped would
    /// end the process.
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if len == 0 {
            return Ok(Self { start: NonNull::dangling(), len });
        }
        // SAFETY: a fresh mapping at a place of the kernel's choice touches no memory that is in use.
        let start = unsafe { mmap(ptr::null_mut(), len, ProtFlags::READ, MapFlags::PRIVATE, file, 0) }?;
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at address 0"))?;
        Ok(Self { start, len })
    }
}

#[expect(unsafe_code, reason = "see above")]
impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the mapping has `len` readable bytes and lives as long as `self`; or `len` is 0, for which any aligned pointer will do.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

#[expect(unsafe_code, reason = "see above")]
impl Drop for Mapped {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: the mapping is ours, and borrows of it have ended. A failure would leave it mapped, which harms nobody.
            let _ = unsafe { munmap(self.start.as_ptr().cast(), self.len) };
        }
    }
}

// SAFETY: the bytes are never written through this mapping and belong to no thread.
#[expect(unsafe_code, reason = "see above")]
unsafe impl Send for Mapped {}

// SAFETY: as above.
#[expect(unsafe_code, reason = "see above")]
unsafe impl Sync for Mapped {}
