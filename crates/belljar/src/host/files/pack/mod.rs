//! The read-only files of an image: one archive, mapped once and shared by all sessions of a process.
//!
//! ```text
//! magic      8 bytes  "BELLPAK1"
//! count      u32      number of entries
//! names_len  u32      length of all names together
//! entries    count x 32 bytes: name_at u32, name_len u32, parent u32, kind u32 (1 directory, 2 file), start u64, len u64
//! names      UTF-8, without separators
//! contents   the bytes of the files
//! ```
//!
//! All integers are little-endian. Entry 0 is the root. Entries lie breadth first: the children of each directory are consecutive
//! (`start` is the first, `len` their number), sorted by name, and directories claim theirs in their own order. So the entries form a
//! tree by construction, a name is found by binary search, and one pass checks it all. Of a file, `start` and `len` are its content,
//! counted from the beginning of the contents.

mod read;
mod write;

pub(crate) use read::Pack;
pub(super) use read::{Packed, ROOT};
pub(crate) use write::Packing;

const MAGIC: [u8; 8] = *b"BELLPAK1";
const HEADER_BYTES: usize = 16;
const ENTRY_BYTES: usize = 32;
const DIRECTORY: u32 = 1;
const FILE: u32 = 2;
