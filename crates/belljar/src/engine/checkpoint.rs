//! A session's memory at rest: the pages that differ from the image's.
//!
//! At rest, between two requests, memory is all there is: the stack pointer, the only global that changes, is back where the image has
//! it (`engine::bake` makes sure that there is no other), and tables never change.

use std::ops::Range;

use super::pages::{self, Pages};

/// The unit in which memory is compared and kept. The kernel's pages are as large, or a multiple.
pub(crate) const PAGE_BYTES: usize = 4096;

/// The pages of a session's memory that differ from the image's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// How large the memory is.
    pub(crate) memory_bytes: u64,
    /// Which pages differ, in order.
    pub(crate) pages: Vec<u32>,
    /// What is in them, one after the other.
    pub(crate) content: Vec<u8>,
}

impl Checkpoint {
    /// Takes `memory`, of which the image has `base` at the beginning, and zeros thereafter. Other pages than those `written` are as there.
    pub(super) fn take(memory: &[u8], base: &[u8], written: &Pages) -> Self {
        let content = Vec::with_capacity(written.iter().map(Range::len).sum());
        let mut taken = Self { memory_bytes: memory.len() as u64, pages: Vec::new(), content };
        for range in written {
            for page in range.start / PAGE_BYTES..range.end.div_ceil(PAGE_BYTES) {
                let here = &memory[page * PAGE_BYTES..(page + 1) * PAGE_BYTES];
                if here != base_page(base, page) {
                    taken.pages.push(u32::try_from(page).expect("32-bit memory has fewer pages than 2^32"));
                    taken.content.extend_from_slice(here);
                }
            }
        }
        taken
    }

    /// Writes the pages into `memory`, which is the image's and large enough.
    pub(super) fn put(&self, memory: &mut [u8]) {
        for run in self.pages.chunk_by(|one, next| one + 1 == *next) {
            if let [first, .., last] = run {
                pages::expect_writing(
                    &mut memory[*first as usize * PAGE_BYTES..(*last as usize + 1) * PAGE_BYTES],
                );
            }
        }
        for (page, content) in self.pages() {
            memory[page * PAGE_BYTES..(page + 1) * PAGE_BYTES].copy_from_slice(content);
        }
    }

    /// Each page with its content.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.pages.iter().map(|page| *page as usize).zip(self.content.chunks_exact(PAGE_BYTES))
    }
}

/// A page of the image: it has zeros where nothing else was written.
pub(crate) fn base_page(base: &[u8], page: usize) -> &[u8] {
    const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];
    base.get(page * PAGE_BYTES..(page + 1) * PAGE_BYTES).unwrap_or(&ZEROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_kept_and_it_comes_back() {
        let base = [[1; PAGE_BYTES], [2; PAGE_BYTES]].concat();
        let mut memory = [base.clone(), vec![0; 2 * PAGE_BYTES]].concat();
        memory[PAGE_BYTES + 5] = 7;
        memory[3 * PAGE_BYTES] = 8;
        let taken = Checkpoint::take(&memory, &base, &std::iter::once(0..memory.len()).collect());
        assert_eq!(taken.pages, [1, 3]);
        let mut fresh = [base.clone(), vec![0; 2 * PAGE_BYTES]].concat();
        taken.put(&mut fresh);
        assert_eq!(fresh, memory);
    }
}
