//! What a session has written is taken away before another one gets its place.
//!
//! wasmtime does that, too, when an instance ends; but where the kernel says which pages were written (`PAGEMAP_SCAN`), it asks for those that are present. A page that
//! was swapped out, or that the kernel is moving to another place in memory at that very moment, is not: it would be left as it is, for whoever is
//! next. Here such pages are asked for as well. What this leaves behind is the image, whatever wasmtime finds afterwards.

use std::ops::Range;

use super::checkpoint::{PAGE_BYTES, base_page};
use super::pages;

/// How much is written again, page by page. More than that is given back to the system, whose next pages cost a fault each.
const COPIED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Makes `memory` what it is in a session that has run nothing: `base`, and zeros thereafter.
pub(super) fn put_back(memory: &mut [u8], base: &[u8]) {
    let written = pages::written(memory);
    let bytes: usize = written.iter().map(Range::len).sum();
    for range in written {
        let is_given_back = bytes > COPIED_BYTES_MAX && pages::give_back(&mut memory[range.clone()]);
        if !is_given_back {
            for page in range.start / PAGE_BYTES..range.end.div_ceil(PAGE_BYTES) {
                memory[page * PAGE_BYTES..(page + 1) * PAGE_BYTES].copy_from_slice(base_page(base, page));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory that begins where a page of the kernel does.
    fn with_memory(bytes: usize, test: impl FnOnce(&mut [u8])) {
        let page = rustix::param::page_size();
        let mut memory = vec![0u8; bytes + page];
        let first = memory.as_ptr().align_offset(page);
        test(&mut memory[first..first + bytes]);
    }

    #[test]
    fn few_pages_are_written_again() {
        let base: Vec<u8> = (0..4 * PAGE_BYTES).map(|at| (at / 7 % 251).to_le_bytes()[0]).collect();
        with_memory(64 * PAGE_BYTES, |memory| {
            memory[..base.len()].copy_from_slice(&base);
            memory[PAGE_BYTES + 5..3 * PAGE_BYTES].fill(0xaa);
            memory[40 * PAGE_BYTES] = 0xbb;
            put_back(memory, &base);
            assert!(memory[..base.len()] == base && memory[base.len()..].iter().all(|byte| *byte == 0));
        });
    }

    #[test]
    fn many_pages_are_given_back() {
        with_memory(2 * COPIED_BYTES_MAX, |memory| {
            memory.fill(0xaa);
            put_back(memory, &[]);
            assert!(memory.iter().all(|byte| *byte == 0));
        });
    }
}
