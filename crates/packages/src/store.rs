//! Where fetched packages are kept: folders that are whole or not there, under keys made from their content. All of it may be deleted at any time.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// A folder of the user's, `belljar` in their cache.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    root: PathBuf,
}

/// What is kept, each kind in a folder of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shelf {
    /// Wheels, unpacked, by the hash of the wheel.
    Wheels,
    /// What sessions are shown: the files of several wheels in one folder.
    Sets,
    /// What the resolver said.
    Resolutions,
    /// The resolver itself, where `cargo xtask setup` puts it too.
    Tools,
}

impl Shelf {
    fn folder(self) -> &'static str {
        match self {
            Self::Wheels => "store/wheels",
            Self::Sets => "store/sets",
            Self::Resolutions => "store/resolutions",
            Self::Tools => "tools",
        }
    }
}

impl Store {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where something is, or would be.
    pub(crate) fn place(&self, shelf: Shelf, name: &str) -> PathBuf {
        self.root.join(shelf.folder()).join(name)
    }

    /// A folder for what other programs keep here.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.root.join("store").join(name);
        create(&folder)?;
        Ok(folder)
    }

    /// The entry of this name, made by `make` in a draft unless it is there. It appears whole or not at all, and one process makes it while
    /// others wait.
    pub(crate) fn entry(
        &self,
        shelf: Shelf,
        name: &str,
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let place = self.place(shelf, name);
        if place.is_dir() {
            return Ok(place);
        }
        let _lock = self.lock(shelf, name)?;
        // Somebody may have made it while this process waited.
        if place.is_dir() {
            return Ok(place);
        }
        // What a process left that was killed is thrown away.
        let draft = place.with_file_name(format!(".{name}.draft"));
        let _ = fs::remove_dir_all(&draft);
        create(&draft)?;
        let made = make(&draft).and_then(|()| {
            fs::rename(&draft, &place).map_err(|error| Error::io("move into place", &place, error))
        });
        if made.is_err() {
            let _ = fs::remove_dir_all(&draft);
        }
        made.map(|()| place)
    }

    /// A document that was kept, and when. None if there is none that can be read.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        shelf: Shelf,
        name: &str,
    ) -> Option<(T, std::time::SystemTime)> {
        let path = self.place(shelf, name);
        let kept = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok()?;
        Some((serde_json::from_slice(&fs::read(&path).ok()?).ok()?, kept))
    }

    /// Keeps a document, whole or not at all.
    pub(crate) fn write(&self, shelf: Shelf, name: &str, document: &impl Serialize) -> Result<()> {
        let path = self.place(shelf, name);
        let json =
            serde_json::to_vec_pretty(document).map_err(|error| Error::io("write", &path, error.into()))?;
        write_whole(&path, &json, 0o600)
    }

    fn lock(&self, shelf: Shelf, name: &str) -> Result<File> {
        let folder = self.root.join("locks");
        create(&folder)?;
        let path = folder.join(format!("{}-{name}", shelf.folder().replace('/', "-")));
        let file = File::create(&path).map_err(|error| Error::io("create", &path, error))?;
        file.lock().map_err(|error| Error::io("lock", &path, error))?;
        Ok(file)
    }
}

/// Creates a folder of this user's and those above it.
pub(crate) fn create(folder: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| Error::io("create", folder, error))
}

/// Writes a file, whole or not at all, with the folders above it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    if let Some(folder) = path.parent() {
        create(folder)?;
    }
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let _ = fs::remove_file(&part);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&part)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written.map_err(|error| Error::io("write", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_fails_is_not_there_and_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path());
        // Half of it is written when the disk is full.
        let full = |draft: &Path| {
            write_whole(&draft.join("half"), b"of it", 0o600)?;
            let device = Path::new("/dev/full");
            let written =
                OpenOptions::new().write(true).open(device).and_then(|mut file| file.write_all(b"x"));
            written.map_err(|error| Error::io("write", device, error))
        };
        let error = store.entry(Shelf::Wheels, "x", full).unwrap_err();
        assert!(error.to_string().contains("no space left on device"), "{error}");
        assert!(error.hint().unwrap().starts_with("make room"));
        assert!(fs::read_dir(root.path().join("store/wheels")).unwrap().next().is_none());

        let place =
            store.entry(Shelf::Wheels, "x", |draft| write_whole(&draft.join("whole"), b"", 0o600)).unwrap();
        assert!(place.join("whole").is_file() && !place.join("half").exists());
        store.entry(Shelf::Wheels, "x", |_| panic!("it is there already")).unwrap();
    }
}
