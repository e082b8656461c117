//! Writes an archive, when an image is built.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::Path;

use super::{DIRECTORY, FILE, MAGIC, Pack, Packed, ROOT};
use crate::host::files::name::is_name;

/// An archive in the making. Files with equal content are stored once.
#[derive(Debug, Default)]
pub(crate) struct Packing {
    root: BTreeMap<String, Branch>,
}

#[derive(Debug)]
enum Branch {
    Directory(BTreeMap<String, Branch>),
    File(Vec<u8>),
}

impl Packing {
    /// All that is in another archive.
    pub(crate) fn of(pack: &Pack) -> Self {
        match branch(pack, ROOT) {
            Branch::Directory(root) => Self { root },
            Branch::File(_) => Self::default(),
        }
    }

    /// Adds the files of a folder below a path.
    ///
    /// Links to files are packed as the files they lead to. What is neither file nor directory is refused.
    pub(crate) fn add_folder(&mut self, at: &str, folder: &Path) -> io::Result<()> {
        let mut waiting = vec![(at.to_owned(), folder.to_owned())];
        while let Some((path, folder)) = waiting.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name().into_string().map_err(|name| refused(&path, name.display()))?;
                let path = format!("{path}/{name}");
                if entry.file_type()?.is_dir() {
                    self.directory(&path)?;
                    waiting.push((path, entry.path()));
                } else if std::fs::metadata(entry.path())?.is_file() {
                    self.file(&path, std::fs::read(entry.path())?)?;
                } else {
                    return Err(refused(&path, "neither a file nor a directory"));
                }
            }
        }
        Ok(())
    }

    /// Adds a directory and those above it. It may exist already.
    pub(crate) fn directory(&mut self, path: &str) -> io::Result<()> {
        self.enter(path, path).map(|_| ())
    }

    /// Adds a file and the directories above it.
    pub(crate) fn file(&mut self, path: &str, bytes: Vec<u8>) -> io::Result<()> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !is_name(name.as_bytes()) {
            return Err(refused(path, "a part of it cannot be a name"));
        }
        let directory = self.enter(above, path)?;
        if directory.insert(name.to_owned(), Branch::File(bytes)).is_some() {
            return Err(refused(path, "it is there already"));
        }
        Ok(())
    }

    /// The archive's bytes.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        let mut written = Written::default();
        let mut queue = VecDeque::from([(String::new(), 0u32, Branch::Directory(self.root))]);
        let mut claimed = 1u32;
        let mut index = 0u32;
        while let Some((name, parent, branch)) = queue.pop_front() {
            match branch {
                Branch::File(bytes) => {
                    let start = written.content(&bytes);
                    written.entry(&name, (parent, FILE), (start, bytes.len() as u64))?;
                }
                Branch::Directory(children) => {
                    let count = u32::try_from(children.len()).map_err(too_large)?;
                    written.entry(&name, (parent, DIRECTORY), (claimed.into(), count.into()))?;
                    claimed = claimed.checked_add(count).ok_or_else(|| too_large(()))?;
                    queue.extend(children.into_iter().map(|(name, child)| (name, index, child)));
                }
            }
            index += 1;
        }
        written.join(claimed)
    }

    /// The directory at a path, made when it is missing.
    fn enter(&mut self, directory: &str, path: &str) -> io::Result<&mut BTreeMap<String, Branch>> {
        let mut here = &mut self.root;
        for name in directory.split('/').filter(|name| !name.is_empty()) {
            if !is_name(name.as_bytes()) {
                return Err(refused(path, "a part of it cannot be a name"));
            }
            let next = here.entry(name.to_owned()).or_insert_with(|| Branch::Directory(BTreeMap::new()));
            let Branch::Directory(children) = next else {
                return Err(refused(path, "a part of it is not a directory"));
            };
            here = children;
        }
        Ok(here)
    }
}

/// What lies at an index of an archive, with all below it. An archive that was opened is a tree.
fn branch(pack: &Pack, index: u32) -> Branch {
    match pack.get(index) {
        Some(Packed::File(bytes)) => Branch::File(bytes.to_vec()),
        Some(Packed::Directory { first, count }) => {
            let children = (first..first.saturating_add(count))
                .filter_map(|child| Some((pack.name(child)?.to_owned(), branch(pack, child))));
            Branch::Directory(children.collect())
        }
        None => Branch::File(Vec::new()),
    }
}

#[derive(Default)]
struct Written {
    entries: Vec<u8>,
    names: Vec<u8>,
    contents: Vec<u8>,
    stored: HashMap<blake3::Hash, u64>,
}

impl Written {
    fn content(&mut self, bytes: &[u8]) -> u64 {
        match self.stored.entry(blake3::hash(bytes)) {
            Entry::Occupied(stored) => *stored.get(),
            Entry::Vacant(place) => {
                let start = *place.insert(self.contents.len() as u64);
                self.contents.extend_from_slice(bytes);
                start
            }
        }
    }

    fn entry(&mut self, name: &str, (parent, kind): (u32, u32), (start, len): (u64, u64)) -> io::Result<()> {
        let name_at = u32::try_from(self.names.len()).map_err(too_large)?;
        let name_len = u32::try_from(name.len()).map_err(too_large)?;
        self.names.extend_from_slice(name.as_bytes());
        for field in [name_at, name_len, parent, kind] {
            self.entries.extend_from_slice(&field.to_le_bytes());
        }
        for field in [start, len] {
            self.entries.extend_from_slice(&field.to_le_bytes());
        }
        Ok(())
    }

    fn join(self, count: u32) -> io::Result<Vec<u8>> {
        let names_len = u32::try_from(self.names.len()).map_err(too_large)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&names_len.to_le_bytes());
        bytes.extend_from_slice(&self.entries);
        bytes.extend_from_slice(&self.names);
        bytes.extend_from_slice(&self.contents);
        Ok(bytes)
    }
}

fn refused(path: &str, reason: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{path:?} cannot be packed: {reason}"))
}

/// More than `u32::MAX` entries, or names of that length together.
fn too_large<E>(_: E) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "the pack would have too many names")
}

#[cfg(test)]
mod tests {
    use super::super::HEADER_BYTES;
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Vec<u8> {
        let mut packing = Packing::default();
        packing.file("/usr/share/zoneinfo/UTC", b"utc".to_vec()).unwrap();
        packing.file("/usr/share/zoneinfo/Etc/UTC", b"utc".to_vec()).unwrap();
        packing.file("/usr/share/zoneinfo/Europe/Berlin", b"berlin".to_vec()).unwrap();
        packing.directory("/empty").unwrap();
        packing.finish().unwrap()
    }

    fn find(pack: &Pack, path: &str) -> Option<u32> {
        path.split('/').filter(|name| !name.is_empty()).try_fold(ROOT, |here, name| pack.child(here, name))
    }

    #[test]
    fn what_was_packed_is_found() {
        let pack = Pack::from_bytes(sample()).unwrap();
        let berlin = find(&pack, "/usr/share/zoneinfo/Europe/Berlin").unwrap();
        assert_eq!(pack.get(berlin), Some(Packed::File(b"berlin")));
        assert_eq!(pack.name(berlin), Some("Berlin"));
        assert_eq!(pack.parent(berlin), find(&pack, "/usr/share/zoneinfo/Europe"));
        assert!(matches!(pack.get(find(&pack, "/empty").unwrap()), Some(Packed::Directory { count: 0, .. })));
        assert_eq!(find(&pack, "/usr/share/zoneinfo/Mars"), None);
        assert_eq!(find(&pack, "/usr/share/zoneinfo/UTC/x"), None);
    }

    #[test]
    fn an_archive_can_be_added_to() {
        let same = Packing::of(&Pack::from_bytes(sample()).unwrap());
        assert_eq!(same.finish().unwrap(), sample());
        let mut more = Packing::of(&Pack::from_bytes(sample()).unwrap());
        more.file("/usr/share/x", b"x".to_vec()).unwrap();
        let pack = Pack::from_bytes(more.finish().unwrap()).unwrap();
        assert_eq!(pack.get(find(&pack, "/usr/share/x").unwrap()), Some(Packed::File(b"x")));
        assert!(find(&pack, "/usr/share/zoneinfo/Etc/UTC").is_some());
    }

    #[test]
    fn equal_files_are_stored_once() {
        let bytes = sample();
        assert_eq!(bytes.windows(3).filter(|window| window == b"utc").count(), 1);
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for path in ["/a/../b", "/a/./b", "/a\0", "/", ""] {
            assert!(Packing::default().file(path, Vec::new()).is_err(), "{path:?}");
        }
    }

    #[test]
    fn an_empty_pack_has_a_root() {
        assert_eq!(Pack::empty().get(ROOT), Some(Packed::Directory { first: 1, count: 0 }));
    }

    /// Visits everything that can be reached; ends because a pack is a tree.
    fn visit(pack: &Pack) -> usize {
        let (mut stack, mut seen) = (vec![ROOT], 0);
        while let Some(index) = stack.pop() {
            seen += 1;
            if let Some(Packed::Directory { first, count }) = pack.get(index) {
                stack.extend(first..first + count);
                assert!((first..first + count).all(|child| pack.parent(child) == Some(index)));
            }
            assert!(pack.name(index).is_some());
        }
        seen
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_refused_or_form_a_tree(bytes: Vec<u8>) {
            let with_magic = [MAGIC.as_slice(), &bytes].concat();
            for bytes in [bytes, with_magic] {
                if let Ok(pack) = Pack::from_bytes(bytes) {
                    visit(&pack);
                }
            }
        }

        #[test]
        fn a_damaged_pack_is_refused_or_forms_a_tree(
            damage in prop::collection::vec((0usize..400, any::<u8>()), 1..4),
            cut in 0usize..40,
        ) {
            let mut bytes = sample();
            for (at, byte) in damage {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            bytes.truncate(bytes.len() - cut);
            if let Ok(pack) = Pack::from_bytes(bytes.clone()) {
                let count = u32::from_le_bytes(*bytes[8..HEADER_BYTES].first_chunk().unwrap());
                prop_assert_eq!(visit(&pack), count as usize);
            }
        }
    }
}
