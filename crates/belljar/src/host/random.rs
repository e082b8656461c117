//! Randomness: fresh for every session, or a stream fixed by a seed.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::memory::GuestMemory;
use super::stop::Stop;
use crate::error::{Error, Result};

/// The most that one call fills, which takes a millisecond: nothing can interrupt it meanwhile.
pub(crate) const FILL_BYTES_MAX: u32 = 1024 * 1024;

/// The source of a session's random bytes. ChaCha20 (RFC 8439) either way, so that a repeatable run differs only in its seed.
#[derive(Debug)]
pub(crate) struct Random(ChaCha20Rng);

impl Random {
    /// Seeded by the operating system.
    pub(crate) fn fresh() -> Result<Self> {
        let mut seed = [0; 32];
        let mut filled = 0;
        while filled < seed.len() {
            filled += rustix::rand::getrandom(&mut seed[filled..], rustix::rand::GetRandomFlags::empty())
                .map_err(|errno| Error::io("cannot draw random bytes", errno.into()))?;
        }
        Ok(Self(ChaCha20Rng::from_seed(seed)))
    }

    /// The same bytes for the same seed, in all versions.
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(ChaCha20Rng::from_seed(blake3::derive_key("belljar 2026 session seed", &seed.to_le_bytes())))
    }

    /// What an engine reseeds itself with.
    pub(crate) fn draw(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// Fills `len` bytes at `ptr`.
    pub(crate) fn fill(&mut self, memory: &mut GuestMemory<'_>, ptr: u32, len: u32) -> Result<(), Stop> {
        if len > FILL_BYTES_MAX {
            return Err(Stop::Fault(format!("it asked for {len} random bytes at once")));
        }
        self.0.fill_bytes(memory.bytes_mut(ptr, len)?);
        Ok(())
    }
}
