//! What snapshots are signed with.

/// The key with which snapshots are signed, and the tenant they are for. Whoever has the key can make snapshots that are trusted: keep it as
/// you keep a password.
///
/// ```
/// use belljar::SnapshotKey;
///
/// let key = SnapshotKey::new([7; 32]).tenant("alice");
/// assert!(!format!("{key:?}").contains('7'));
/// ```
#[derive(Clone)]
pub struct SnapshotKey {
    key: [u8; 32],
    tenant: String,
}

impl SnapshotKey {
    /// A key of 32 random bytes.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, tenant: String::new() }
    }

    /// The same key for one tenant: his snapshots are refused for all others.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// The key of the signature, which is never used for anything else.
    pub(super) fn signing_key(&self) -> [u8; 32] {
        blake3::derive_key("belljar 2026 snapshot signature", &self.key)
    }

    pub(crate) fn tenant_name(&self) -> &str {
        &self.tenant
    }

    pub(super) fn tenant_id(&self) -> [u8; 32] {
        *blake3::hash(self.tenant.as_bytes()).as_bytes()
    }
}

impl std::fmt::Debug for SnapshotKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SnapshotKey").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}
