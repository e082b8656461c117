//! What a node is.

use serde::{Deserialize, Serialize};

/// What a node is, as the guest sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Directory,
    File,
    Link,
    /// A device of ours or a standard stream.
    Character,
    /// A pipe, socket or device of the host, which can be seen and not opened.
    Special,
}
