//! Which pages of a session's memory may differ from the image: those that the kernel had to give a session for itself.
//!
//! A page that was only read is the image's own, or the one page of zeros that all share. The kernel says which are not
//! (`PAGEMAP_SCAN`, since Linux 6.7; <https://docs.kernel.org/admin-guide/mm/pagemap.html>). Where it does not, every page may differ: that is slower and just as right.

use std::ffi::c_void;
use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, opcode};

/// How many ranges the kernel reports at once.
const RANGES_AT_ONCE: usize = 256;

/// Ranges of memory, in bytes from its beginning.
pub(super) type Pages = Vec<Range<usize>>;

/// The ranges of `memory` that may hold something else than the image.
pub(super) fn written(memory: &[u8]) -> Pages {
    let page_map = PageMap::of_this_process();
    let all = || std::iter::once(0..memory.len()).collect();
    page_map.and_then(|page_map| page_map.written(memory).ok()).unwrap_or_else(all)
}

/// Has the kernel give the pages of `memory` to the session at once that are about to be written, instead of one by one as each is touched. Whether it does so
/// changes nothing but the time that writing takes.
#[expect(unsafe_code, reason = "rustix cannot know that this advice changes no bytes")]
pub(super) fn expect_writing(memory: &mut [u8]) {
    let (start, len) = (memory.as_mut_ptr().cast(), memory.len());
    // SAFETY: the range is ours alone, and `MADV_POPULATE_WRITE` leaves its bytes as they are: <https://man7.org/linux/man-pages/man2/madvise.2.html>.
    let _ = unsafe { rustix::mm::madvise(start, len, rustix::mm::Advice::LinuxPopulateWrite) };
}

/// Gives the pages of `memory`, which is a session's, back to the system, wherever it has put them: they are then what the image has. Whether it took them.
#[expect(unsafe_code, reason = "rustix cannot know what lies behind the pages")]
pub(super) fn give_back(memory: &mut [u8]) -> bool {
    let (start, len) = (memory.as_mut_ptr().cast(), memory.len());
    // SAFETY: the range is ours alone. Behind its pages lies the image, which is mapped privately, or nothing, which reads as zeros; both are bytes:
    // <https://man7.org/linux/man-pages/man2/madvise.2.html>, `MADV_DONTNEED`.
    unsafe { rustix::mm::madvise(start, len, rustix::mm::Advice::LinuxDontNeed) }.is_ok()
}

/// Opens the kernel's table, for a process that will not be able to.
pub(crate) fn prepare() {
    let _ = PageMap::of_this_process();
}

/// The kernel's table of this process's pages.
#[derive(Clone)]
struct PageMap {
    file: Arc<File>,
    /// Whose pages they are: a descriptor that was inherited over a `fork` still speaks of the parent.
    process: u32,
}

impl PageMap {
    fn of_this_process() -> Option<Self> {
        static OPENED: Mutex<Option<PageMap>> = Mutex::new(None);
        let process = std::process::id();
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.as_ref().is_none_or(|page_map| page_map.process != process) {
            let file = Arc::new(File::open("/proc/self/pagemap").ok()?);
            *opened = Some(Self { file, process });
        }
        opened.clone()
    }

    fn written(&self, memory: &[u8]) -> rustix::io::Result<Pages> {
        let start = memory.as_ptr().addr();
        let end = start + memory.len();
        let mut written = Vec::new();
        let mut at = start;
        while at < end {
            let mut ranges = [PageRange::default(); RANGES_AT_ONCE];
            let (count, reached) = self.scan(at..end, &mut ranges)?;
            let found = ranges.iter().take(count).map(|range| {
                let within =
                    |address: u64| usize::try_from(address).unwrap_or(usize::MAX).clamp(start, end) - start;
                within(range.start)..within(range.end)
            });
            written.extend(found);
            if reached <= at {
                return Err(rustix::io::Errno::INVAL);
            }
            at = reached;
        }
        Ok(written)
    }

    /// Looks through `addresses`, and says how many ranges it found and how far it came.
    #[expect(unsafe_code, reason = "rustix has no safe form of this ioctl")]
    fn scan(&self, addresses: Range<usize>, ranges: &mut [PageRange]) -> rustix::io::Result<(usize, usize)> {
        let mut scan = Scan {
            size: size_of::<Scan>() as u64,
            start: addresses.start as u64,
            end: addresses.end as u64,
            ranges: ranges.as_mut_ptr().addr() as u64,
            ranges_len: ranges.len() as u64,
            category_inverted: PAGE_IS_PFNZERO | PAGE_IS_FILE,
            category_mask: PAGE_IS_PFNZERO | PAGE_IS_FILE,
            // A page that was swapped out was written before.
            category_anyof_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
            ..Scan::default()
        };
        ranges.as_mut_ptr().expose_provenance();
        // SAFETY: the kernel reads and writes `scan`, which is laid out as its `struct pm_scan_arg`, and writes at most `ranges_len` entries of
        // `struct page_region` at `ranges`, which we hold exclusively. It reads the table of pages and changes none of them: no flag asks
        // for write protection.
        let count = unsafe { rustix::ioctl::ioctl(&*self.file, ScanPages(&mut scan)) }?;
        let reached = usize::try_from(scan.walk_end).unwrap_or(usize::MAX);
        Ok((count.min(ranges.len()), reached))
    }
}

// From `linux/fs.h`.
const PAGE_IS_FILE: u64 = 1 << 2;
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;
const PAGE_IS_PFNZERO: u64 = 1 << 5;

/// `struct page_region`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct PageRange {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg`.
#[derive(Default)]
#[repr(C)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    ranges: u64,
    ranges_len: u64,
    pages_max: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

struct ScanPages<'a>(&'a mut Scan);

// SAFETY: `PAGEMAP_SCAN` takes a pointer to `struct pm_scan_arg`, changes it, and returns the number of ranges.
#[expect(unsafe_code, reason = "see above")]
unsafe impl Ioctl for ScanPages<'_> {
    type Output = usize;

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        opcode::read_write::<Scan>(b'f', 16)
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::from_mut(self.0).cast()
    }

    unsafe fn output_from_ptr(count: IoctlOutput, _: *mut c_void) -> rustix::io::Result<usize> {
        usize::try_from(count).map_err(|_| rustix::io::Errno::INVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_found_and_what_was_read_is_not() {
        let page = rustix::param::page_size();
        let mut memory = vec![0u8; 64 * page];
        let first = memory.as_ptr().align_offset(page);
        memory[first + 3 * page] = 1;
        memory[first + 40 * page + 17] = 1;
        assert_eq!(memory[first + 20 * page], 0);
        let found = written(&memory[first..first + 60 * page]);
        let holds = |at: usize| found.iter().any(|range| range.contains(&at));
        assert!(holds(3 * page) && holds(40 * page + 17), "{found:?}");
    }
}
