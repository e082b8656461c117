//! Searches what passes for secrets, and puts placeholders in their place: at once, or piece by piece as it comes.

use std::sync::Arc;

use zeroize::{Zeroize, Zeroizing};

use super::Secrets;

/// A text to look for, and what is put in its place.
pub(super) struct Pattern {
    pub(super) text: Zeroizing<Vec<u8>>,
    pub(super) instead: Vec<u8>,
}

/// All texts to look for.
pub(super) struct Patterns {
    /// Longest first.
    all: Vec<Pattern>,
    /// For each first byte, the patterns that begin with it, longest first.
    by_first: Vec<Vec<usize>>,
}

impl Patterns {
    pub(super) fn new(mut all: Vec<Pattern>) -> Self {
        all.sort_by_key(|pattern| std::cmp::Reverse(pattern.text.len()));
        let mut by_first = vec![Vec::new(); 256];
        for (index, pattern) in all.iter().enumerate() {
            if let Some(first) = pattern.text.first() {
                by_first[usize::from(*first)].push(index);
            }
        }
        Self { all, by_first }
    }

    /// The longest pattern that `bytes` begins with.
    fn at(&self, bytes: &[u8]) -> Option<&Pattern> {
        self.beginning(bytes).find(|pattern| bytes.starts_with(&pattern.text))
    }

    /// Whether `bytes` could be the beginning of a pattern that is longer.
    fn may_begin(&self, bytes: &[u8]) -> bool {
        self.beginning(bytes)
            .any(|pattern| pattern.text.len() > bytes.len() && pattern.text.starts_with(bytes))
    }

    fn beginning(&self, bytes: &[u8]) -> impl Iterator<Item = &Pattern> {
        let known: &[usize] = bytes.first().map_or(&[], |first| &self.by_first[usize::from(*first)]);
        known.iter().map(|index| &self.all[*index])
    }

    fn longest(&self) -> usize {
        self.all.first().map_or(0, |pattern| pattern.text.len())
    }

    /// `bytes`, all of them, with every pattern replaced.
    pub(super) fn replace(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if !(0..bytes.len()).any(|at| self.at(&bytes[at..]).is_some()) {
            return bytes;
        }
        let mut out = Vec::with_capacity(bytes.len());
        self.move_to(&mut out, &bytes, true);
        bytes.zeroize();
        out
    }

    /// Moves `bytes` to `out` with every pattern replaced, as far as it is certain what they are. Returns how far that is.
    fn move_to(&self, out: &mut Vec<u8>, bytes: &[u8], is_end: bool) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if !is_end && rest.len() < self.longest() && self.may_begin(rest) {
                break;
            }
            match self.at(rest) {
                Some(pattern) => {
                    out.extend_from_slice(&pattern.instead);
                    at += pattern.text.len();
                }
                None => {
                    out.push(bytes[at]);
                    at += 1;
                }
            }
        }
        at
    }
}

/// Searches a stream. What could be the beginning of a secret is held back until more is known.
pub(crate) struct Scrubber {
    secrets: Arc<Secrets>,
    held_back: Zeroizing<Vec<u8>>,
}

impl Scrubber {
    pub(crate) fn new(secrets: Arc<Secrets>) -> Self {
        Self { secrets, held_back: Zeroizing::default() }
    }

    /// What may pass once `bytes` have come.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held_back.extend_from_slice(bytes);
        self.pass(false)
    }

    /// The rest, when nothing more comes.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        self.pass(true)
    }

    fn pass(&mut self, is_end: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.held_back.len());
        let passed = self.secrets.patterns.move_to(&mut out, &self.held_back, is_end);
        self.held_back.drain(..passed);
        out
    }
}
