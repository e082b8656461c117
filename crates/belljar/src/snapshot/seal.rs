//! The envelope: what a snapshot is bound to, and the signature over all of it.
//!
//! ```text
//! magic      8 bytes   "BELLSNAP"
//! version    u32       little-endian
//! signature  32 bytes  keyed BLAKE3 over everything before and after it
//! image      32 bytes  what the image is
//! policy     32 bytes  limits and grants
//! tenant     32 bytes
//! body       the rest
//! ```

use super::{SnapshotKey, SnapshotRefused};
use crate::jar::Jar;

const MAGIC: [u8; 8] = *b"BELLSNAP";

/// Changed with the form of the envelope or of the body.
const VERSION: u32 = 2;

const SIGNATURE_AT: usize = 12;
const CONTEXT_AT: usize = SIGNATURE_AT + 32;
const BODY_AT: usize = CONTEXT_AT + 3 * 32;

/// What a snapshot is good for: only for the same image, policy and tenant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Context {
    image: [u8; 32],
    policy: [u8; 32],
    tenant: [u8; 32],
}

impl Context {
    pub(super) fn of(jar: &Jar, key: &SnapshotKey) -> Self {
        Self { image: *jar.image.id().as_bytes(), policy: jar.policy_id(), tenant: key.tenant_id() }
    }
}

/// The signed snapshot.
pub(super) fn seal(key: &SnapshotKey, context: &Context, body: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(BODY_AT + body.len());
    sealed.extend_from_slice(&MAGIC);
    sealed.extend_from_slice(&VERSION.to_le_bytes());
    sealed.extend_from_slice(&[0; 32]);
    for part in [&context.image, &context.policy, &context.tenant] {
        sealed.extend_from_slice(part);
    }
    sealed.extend_from_slice(body);
    let signature = sign(key, &sealed);
    sealed[SIGNATURE_AT..CONTEXT_AT].copy_from_slice(signature.as_bytes());
    sealed
}

/// The body, if the signature is right and the snapshot was taken in the same context. Nothing of it is looked at before.
pub(super) fn open<'a>(
    key: &SnapshotKey,
    context: &Context,
    sealed: &'a [u8],
) -> Result<&'a [u8], SnapshotRefused> {
    if sealed.first_chunk() != Some(&MAGIC) {
        return Err(SnapshotRefused::NotOne);
    }
    let version = sealed.get(MAGIC.len()..).and_then(<[u8]>::first_chunk).copied();
    let found = u32::from_le_bytes(version.ok_or(SnapshotRefused::Signature)?);
    if found != VERSION {
        return Err(SnapshotRefused::Version { found, known: VERSION });
    }
    let (Some(signature), Some(body)) = (part(sealed, SIGNATURE_AT), sealed.get(BODY_AT..)) else {
        return Err(SnapshotRefused::Signature);
    };
    // Hashes are compared in constant time.
    if sign(key, sealed) != blake3::Hash::from_bytes(signature) {
        return Err(SnapshotRefused::Signature);
    }
    let part = |number: usize| part(sealed, CONTEXT_AT + number * 32);
    let (image, policy, tenant) = (Some(context.image), Some(context.policy), Some(context.tenant));
    match (part(0) == image, part(2) == tenant, part(1) == policy) {
        (true, true, true) => Ok(body),
        (false, _, _) => Err(SnapshotRefused::Image),
        (_, false, _) => Err(SnapshotRefused::Tenant),
        (_, _, false) => Err(SnapshotRefused::Policy),
    }
}

fn part(sealed: &[u8], at: usize) -> Option<[u8; 32]> {
    sealed.get(at..)?.first_chunk().copied()
}

/// The signature over everything but itself.
fn sign(key: &SnapshotKey, sealed: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(&key.signing_key());
    hasher.update(&sealed[..SIGNATURE_AT]).update(&sealed[CONTEXT_AT..]);
    hasher.finalize()
}

/// The body of a snapshot, whoever signed it.
#[cfg(test)]
pub(crate) fn body_of(sealed: &[u8]) -> &[u8] {
    &sealed[BODY_AT..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context { image: [1; 32], policy: [2; 32], tenant: [3; 32] }
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_found() {
        let key = SnapshotKey::new([9; 32]);
        let sealed = seal(&key, &context(), b"body");
        assert_eq!(open(&key, &context(), &sealed), Ok(&b"body"[..]));
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&key, &context(), &changed).is_err(), "bit {bit}");
        }
        for len in 0..sealed.len() {
            assert!(open(&key, &context(), &sealed[..len]).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn another_context_is_named_and_another_key_is_not_trusted() {
        let key = SnapshotKey::new([9; 32]);
        let refusal =
            |context: &Context| open(&key, context, &seal(&key, &self::context(), b"")).unwrap_err();
        assert_eq!(refusal(&Context { image: [0; 32], ..context() }), SnapshotRefused::Image);
        assert_eq!(refusal(&Context { policy: [0; 32], ..context() }), SnapshotRefused::Policy);
        assert_eq!(refusal(&Context { tenant: [0; 32], ..context() }), SnapshotRefused::Tenant);
        let sealed = seal(&SnapshotKey::new([8; 32]), &context(), b"");
        assert_eq!(open(&key, &context(), &sealed), Err(SnapshotRefused::Signature));
    }
}
