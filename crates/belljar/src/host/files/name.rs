//! What a name and a path may be.

/// The longest name in a directory, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 255;

/// The longest path, and the longest target of a symbolic link, in bytes.
pub(crate) const PATH_BYTES_MAX: usize = 4096;

/// Whether something can stand in a directory.
pub(super) fn is_name(name: &[u8]) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name != b"."
        && name != b".."
        && !name.contains(&b'/')
        && !name.contains(&0)
        && std::str::from_utf8(name).is_ok()
}
