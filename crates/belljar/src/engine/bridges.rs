//! Pages that a session writes only so that all those that it has for itself lie in few runs.
//!
//! A page that is written for the first time costs a fault, and a short run is made of little else. wasmtime saves most of them: when a
//! session ends, it puts back what the image has into the pages that were written, and the next session in that place finds them there. But it
//! does so for the first 32 runs of pages alone, and gives all others back to the kernel. The first run of a session in CPython writes
//! more runs than that. So when an image is made, the smallest gaps between them are found, and every session bridges them.

use std::ops::Range;

use super::checkpoint::PAGE_BYTES;

/// The most runs of pages. It leaves two of the 32 to what code writes besides; more would cost more pages than they save.
const RUNS_MAX: usize = 30;

/// The pages in the smallest gaps, if `written`, the pages that a first run writes, in order, lie in too many runs.
pub(super) fn find(written: &[u32]) -> Vec<u32> {
    let mut gaps: Vec<Range<u32>> =
        written.windows(2).map(|pair| pair[0] + 1..pair[1]).filter(|gap| !gap.is_empty()).collect();
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

    /// As many runs as there may be, 16 pages from one to the next, and more.
    fn with(more: &[u32]) -> Vec<u32> {
        let runs = (0..u32::try_from(RUNS_MAX).unwrap()).map(|run| run * 16);
        let mut pages: Vec<u32> = runs.chain(more.iter().copied()).collect();
        pages.sort_unstable();
        pages
    }

    #[test]
    fn a_few_runs_need_no_bridges() {
        assert!(find(&with(&[])).is_empty());
        assert!(find(&with(&[1, 17, 18])).is_empty());
        assert!(find(&[]).is_empty());
    }

    #[test]
    fn the_smallest_gaps_are_bridged_until_the_runs_are_few() {
        assert_eq!(find(&with(&[2])), [1]);
        assert_eq!(find(&with(&[2, 468, 472])), [1, 465, 466, 467, 469, 470, 471]);
    }

    #[test]
    fn crossing_changes_nothing() {
        let before: Vec<u8> = (0..4 * PAGE_BYTES).map(|at| at.to_le_bytes()[0]).collect();
        let mut memory = before.clone();
        cross(&[0, 3, 4000], &mut memory);
        assert_eq!(memory, before);
    }
}
