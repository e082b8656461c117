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

pub(crate) use body::{Claims, pack, unpack};
#[cfg(test)]
pub(crate) use seal::body_of;

/// The snapshot of a session of `jar` whose body is this.
pub(crate) fn seal(jar: &Jar, body: &[u8]) -> Result<Vec<u8>> {
    let key = jar.snapshot_key.as_ref().ok_or(Error::NoSnapshotKey)?;
    Ok(seal::seal(key, &seal::Context::of(jar, key), body))
}

/// The body of a snapshot of a session of `jar`.
pub(crate) fn open<'a>(jar: &Jar, bytes: &'a [u8]) -> Result<&'a [u8]> {
    let key = jar.snapshot_key.as_ref().ok_or(Error::NoSnapshotKey)?;
    Ok(seal::open(key, &seal::Context::of(jar, key), bytes)?)
}
