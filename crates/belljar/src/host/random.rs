//! Randomness: fresh for every session, or a stream fixed by a seed.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

use super::memory::GuestMemory;
use super::stop::Stop;
use crate::error::{Error, Result};

/// The most that one call fills, which takes a millisecond: nothing can interrupt it meanwhile.
pub(crate) const FILL_BYTES_MAX: u32 = 1024 * 1024;

/// The source of a session's random bytes. ChaCha20 (RFC 8439) either way, so that a repeatable run differs only in its seed.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    stream: ChaCha20Rng,
    repeatable: bool,
}

/// A repeatable stream at rest.
#[derive(Serialize, Deserialize)]
pub(crate) struct RandomState {
    seed: [u8; 32],
    words: u128,
}

impl RandomState {
    /// The stream goes on from here.
    pub(crate) fn resume(self) -> Random {
        let mut stream = ChaCha20Rng::from_seed(self.seed);
        stream.set_word_pos(self.words);
        Random { stream, repeatable: true }
    }
}

/// Bytes of the operating system's.
#[cfg(second_ring)]
fn from_system(bytes: &mut [u8]) -> std::io::Result<()> {
    let mut filled = 0;
    while filled < bytes.len() {
        filled += rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(())
}

/// The same, where there is no such call.
#[cfg(not(second_ring))]
fn from_system(bytes: &mut [u8]) -> std::io::Result<()> {
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, bytes)
}

/// A name that nobody can guess and that nothing else has: 32 hexadecimal digits.
pub(crate) fn fresh_id() -> String {
    // A machine without randomness starts no session.
    let bytes = Random::fresh().map(|mut random| random.draw()).unwrap_or_default();
    bytes[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Random {
    pub(crate) fn state(&self) -> RandomState {
        RandomState { seed: self.stream.get_seed(), words: self.stream.get_word_pos() }
    }

    /// Seeded by the operating system.
    pub(crate) fn fresh() -> Result<Self> {
        let mut seed = [0; 32];
        from_system(&mut seed).map_err(|error| Error::io("cannot draw random bytes", error))?;
        Ok(Self { stream: ChaCha20Rng::from_seed(seed), repeatable: false })
    }

    /// The same bytes for the same seed, in all versions.
    pub(crate) fn from_seed(seed: u64) -> Self {
        let seed = blake3::derive_key("belljar 2026 session seed", &seed.to_le_bytes());
        Self { stream: ChaCha20Rng::from_seed(seed), repeatable: true }
    }

    /// The stream as it is now, where it follows from a seed. Any other is never used twice: whoever goes on from here draws a new one.
    pub(crate) fn kept(&self) -> Option<Self> {
        self.repeatable.then(|| self.clone())
    }

    /// The stream of a fork, which differs from this one and from that of every other fork.
    pub(crate) fn of_fork(&self, number: u64) -> Self {
        let mut seed = self.clone().draw().to_vec();
        seed.extend_from_slice(&number.to_le_bytes());
        let seed = blake3::derive_key("belljar 2026 fork seed", &seed);
        Self { stream: ChaCha20Rng::from_seed(seed), repeatable: true }
    }

    /// What an engine reseeds itself with.
    pub(crate) fn draw(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.stream.fill_bytes(&mut bytes);
        bytes
    }

    /// Fills `len` bytes at `ptr`.
    pub(crate) fn fill(&mut self, memory: &mut GuestMemory<'_>, ptr: u32, len: u32) -> Result<(), Stop> {
        if len > FILL_BYTES_MAX {
            return Err(Stop::Fault(format!("it asked for {len} random bytes at once")));
        }
        self.stream.fill_bytes(memory.bytes_mut(ptr, len)?);
        Ok(())
    }
}
