//! Pages that a session writes only so that all those that it has for itself lie in few runs.
//!
//! A page that is written for the first time costs a fault, and a short run is made of little else. wasmtime saves most of them: when a
//! session ends, it puts back what the image has into the pages that were written, and the next session in that place finds them there. But it
//! does so for the first 32 runs of pages alone, and gives all others back to the kernel. The first run of a session in CPython writes
//! more runs than that. So when an image is made, the smallest gaps between them are found, and every session bridges them.

use std::ops::Range;

use super::checkpoint::{Checkpoint, PAGE_BYTES};

/// The most runs of pages. It leaves two of the 32 to what code writes besides; more would cost more pages than they save.
const RUNS_MAX: usize = 30;

/// The pages in the gaps, if `memory` after a first run differs in too many runs of pages from what was `frozen`.
pub(super) fn find(memory: &[u8], frozen: &[u8]) -> Vec<u32> {
    let pages = Checkpoint::take(memory, frozen, &std::iter::once(0..memory.len()).collect()).pages;
    let mut gaps: Vec<Range<u32>> =
        pages.windows(2).map(|pair| pair[0] + 1..pair[1]).filter(|gap| !gap.is_empty()).collect();
    gaps.sort_by_key(ExactSizeIterator::len);
    gaps.truncate((gaps.len() + 1).saturating_sub(RUNS_MAX));
    gaps.into_iter().flatten().collect()
}

/// Writes to each of `pages` what it has.
pub(super) fn cross(pages: &[u32], memory: &mut [u8]) {
    for page in pages {
        if let Some(byte) = memory.get_mut(*page as usize * PAGE_BYTES) {
            *byte = std::hint::black_box(*byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory of which `pages` were written.
    fn written(pages: impl IntoIterator<Item = usize>) -> Vec<u8> {
        let mut memory = vec![0; 600 * PAGE_BYTES];
        pages.into_iter().for_each(|page| memory[page * PAGE_BYTES + 9] = 7);
        memory
    }

    /// As many runs as there may be, 16 pages from one to the next.
    fn runs() -> impl Iterator<Item = usize> {
        (0..RUNS_MAX).map(|run| run * 16)
    }

    #[test]
    fn a_few_runs_need_no_bridges() {
        assert!(find(&written(runs()), &[]).is_empty());
        assert!(find(&written(0..100), &[]).is_empty());
        assert!(find(&written([]), &[]).is_empty());
    }

    #[test]
    fn the_smallest_gaps_are_bridged_until_the_runs_are_few() {
        assert_eq!(find(&written(runs().chain([2])), &[]), [1]);
        assert_eq!(find(&written(runs().chain([2, 468, 472])), &[]), [1, 465, 466, 467, 469, 470, 471]);
    }

    #[test]
    fn crossing_changes_nothing() {
        let before = written([1, 3]);
        let mut memory = before.clone();
        cross(&[0, 1, 2, 3, 4000], &mut memory);
        assert_eq!(memory, before);
    }
}
