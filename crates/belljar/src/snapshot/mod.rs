//! Snapshots: a session's whole state as bytes, and back.
//!
//! Out: `body` gathers what a session at rest is and packs it, `seal` signs it. In: `seal` checks the signature before anything else is
//! looked at, then whether image, policy and tenant are the jar's own; `body` unpacks it and checks every number again.

mod body;
mod key;
pub(crate) mod refused;
mod seal;

pub use key::SnapshotKey;
pub use refused::SnapshotRefused;

use crate::error::{Error, Result};
use crate::jar::Jar;
use crate::live::Rest;

#[cfg(any(fuzzing, test))]
pub(crate) use body::unpack;

/// The snapshot of a session of `jar`, which is called `session`.
pub(crate) fn write(jar: &Jar, rest: &Rest, session: &str) -> Result<Vec<u8>> {
    let key = jar.snapshot_key.as_ref().ok_or(Error::NoSnapshotKey)?;
    let body = body::pack(jar, rest, session)?;
    Ok(seal::seal(key, &seal::Context::of(jar, key), &body))
}

/// The session at rest that `bytes` are a snapshot of, and what it was called.
pub(crate) fn read(jar: &Jar, bytes: &[u8]) -> Result<(Rest, String)> {
    let key = jar.snapshot_key.as_ref().ok_or(Error::NoSnapshotKey)?;
    let body = seal::open(key, &seal::Context::of(jar, key), bytes)?;
    body::unpack(jar, body)
}
