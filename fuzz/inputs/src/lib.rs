//! What a fuzz target is tried with in a test, where nothing is instrumented: the seeds and kept inputs of `fuzz/seeds`, and what a few careless
//! hands make of them. The same every time; and in the gate, for some seconds, inputs that nobody has tried.
//!
//! It finds what was found before, and what lies near; `cargo xtask fuzz` looks for more.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};

/// The environment variable that says for how many seconds each target is tried with inputs that are new.
pub const SECONDS: &str = "BELLJAR_FUZZ_SECONDS";

/// A target's inputs that are kept beside its seeds: one a line, in hexadecimal, since what lies in the tree is text.
pub const KEPT: &str = "kept.hex";

/// The longest input that is made of others.
const INPUT_BYTES_MAX: usize = 4096;

/// Bytes that mean something to many readers.
const TELLING: &[u8] = b"\0\x01\x7f\x80\xff\n\r\t \"'\\/{}[]():;,.-+=#%&<>@*~_09aAeEnu";

/// Tries a property of a target with its [`inputs`], and, if [`SECONDS`] says so, with new ones for so long. An input at which it panics is shown.
///
/// # Panics
///
/// As the property does, as [`inputs`] does, and if [`SECONDS`] is no number.
pub fn try_each(target: &str, more: usize, property: impl Fn(&[u8])) {
    let mut inputs = inputs(target, more);
    let attempt = |input: &[u8]| {
        let shown = Shown(input);
        property(input);
        std::mem::forget(shown);
    };
    inputs.iter().for_each(|input| attempt(input));
    let Ok(seconds) = std::env::var(SECONDS) else { return };
    let lasts = Duration::from_secs(seconds.parse().expect("it is a number of seconds"));
    let (begun, kept) = (Instant::now(), inputs.len() - more);
    let mut chance = Chance(RandomState::new().hash_one(target) | 1);
    while begun.elapsed() < lasts {
        let made = chance.change(&inputs);
        attempt(&made);
        // Changes add up, while what is kept stays.
        if more > 0 && chance.below(16) == 0 {
            let at = kept + chance.below(more);
            inputs[at] = made;
        }
    }
}

/// An input that is shown, ready to become a seed, unless this is forgotten.
struct Shown<'a>(&'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        eprintln!("the input was, in hexadecimal: {}", hex::encode(self.0));
    }
}

/// The seeds and kept inputs of a target, and `more` that are made of them.
///
/// # Panics
///
/// If they cannot be read: they are a part of the tree.
///
/// ```
/// let inputs = belljar_fuzz_inputs::inputs("json", 100);
/// assert!(inputs.len() > 100);
/// assert_eq!(inputs, belljar_fuzz_inputs::inputs("json", 100));
/// ```
#[must_use]
pub fn inputs(target: &str, more: usize) -> Vec<Vec<u8>> {
    let mut inputs = vec![Vec::new()];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../seeds").join(target);
    let mut paths: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("seeds can be listed").path())
        .collect();
    paths.sort();
    for path in paths {
        let seed = fs::read(&path).expect("a seed can be read");
        if path.ends_with(KEPT) {
            let text = String::from_utf8(seed).expect("hexadecimal is text");
            inputs.extend(text.lines().map(|line| hex::decode(line).expect("each line is in hexadecimal")));
        } else {
            inputs.push(seed);
        }
    }
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for _ in 0..more {
        let made = chance.change(&inputs);
        inputs.push(made);
    }
    inputs
}

/// Xorshift: good enough to be careless with, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).expect("it is below a size")
    }

    fn byte(&mut self) -> u8 {
        match self.below(2) {
            0 => TELLING[self.below(TELLING.len())],
            _ => self.below(256).to_le_bytes()[0],
        }
    }

    /// One of the inputs, with one to eight changes.
    fn change(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut made = inputs[self.below(inputs.len())].clone();
        for _ in 0..=self.below(8) {
            let at = self.below(made.len() + 1);
            let until = at + self.below((made.len() - at).min(64) + 1);
            match self.below(6) {
                0 => made.insert(at, self.byte()),
                1 => drop(made.drain(at..until)),
                2 if at < made.len() => made[at] ^= 1 << self.below(8),
                3 if at < made.len() => made[at] = self.byte(),
                4 => {
                    let again = made[at..until].to_vec();
                    made.splice(at..at, again);
                }
                _ => {
                    let other = &inputs[self.below(inputs.len())];
                    let from = self.below(other.len() + 1);
                    made.splice(at..until, other[from..(from + 64).min(other.len())].iter().copied());
                }
            }
        }
        made.truncate(INPUT_BYTES_MAX);
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_many_and_short() {
        let inputs = inputs("there is no such target", 2000);
        assert_eq!(inputs.len(), 2001);
        assert!(inputs.iter().all(|input| input.len() <= INPUT_BYTES_MAX));
        let distinct: std::collections::BTreeSet<_> = inputs.iter().collect();
        assert!(distinct.len() > 1500, "{} of them differ", distinct.len());
        assert!(inputs.iter().any(|input| input.len() > 100), "they grow");
    }
}
