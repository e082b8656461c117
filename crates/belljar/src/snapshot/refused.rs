//! Why bytes are no snapshot that a jar can go on from.

/// Why bytes are not taken for a snapshot of a jar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotRefused {
    /// They do not begin as a snapshot does.
    #[error("these bytes are not a snapshot")]
    NotOne,
    /// They are in a form that this version does not read.
    #[error("it was written in form {found}, and this version reads form {known}")]
    Version {
        /// The form they are in.
        found: u32,
        /// The form that is read.
        known: u32,
    },
    /// Signed with another key, or changed since.
    #[error("it was cut short, changed, or signed with another key")]
    Signature,
    /// Taken of a session of another image.
    #[error("it was taken with another image than this jar's")]
    Image,
    /// Taken under other limits or grants.
    #[error("it was taken under other limits or grants than this jar's")]
    Policy,
    /// Taken for another tenant.
    #[error("it was taken for another tenant")]
    Tenant,
    /// Signed, and yet it makes no sense: a defect of ours.
    #[error("its content is broken: {0}")]
    Content(&'static str),
}
