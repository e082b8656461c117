//! The second ring: what holds when the first one has fallen.

pub(crate) mod jail;
