//! Where built things are kept: `$XDG_CACHE_HOME/belljar`, or `~/.cache/belljar`.
//!
//! An entry is a folder that is either absent or finished: it is built next to its place and renamed into it. So an interrupted
//! build resumes at the last finished entry, and the cache may be deleted at any time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The file that says that an entry is finished.
const MARKER: &str = ".finished";

/// The cache's root folder.
#[derive(Clone)]
pub(crate) struct Cache {
    root: PathBuf,
}

/// What an entry is, which is also the folder it is kept in.
#[derive(Clone, Copy)]
pub(crate) enum Shelf {
    /// Sources as their registry gave them, checked against their pinned hash, unpacked.
    Sources,
    /// Programs that build engines: the compiler, a native interpreter.
    Tools,
    /// Finished engines.
    Engines,
}

/// The two folders that somebody who builds an entry may write to.
pub(crate) struct Draft {
    /// Becomes the entry.
    pub(crate) out: PathBuf,
    /// Is deleted when the entry is finished.
    pub(crate) work: PathBuf,
}

impl Cache {
    /// Opens the cache of this user, without creating anything.
    pub(crate) fn open() -> Result<Self> {
        let base = match std::env::var_os("XDG_CACHE_HOME") {
            Some(path) if Path::new(&path).is_absolute() => PathBuf::from(path),
            _ => std::env::home_dir().context("no home folder: set HOME or XDG_CACHE_HOME")?.join(".cache"),
        };
        Ok(Self { root: base.join("belljar") })
    }

    /// A cache at another place.
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The root, for things that are shared and need no key (a compiler's own cache).
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where an entry is, or would be.
    pub(crate) fn place(&self, shelf: Shelf, name: &str) -> PathBuf {
        self.root.join(shelf.folder()).join(name)
    }

    /// The finished entry of this name, if there is one.
    pub(crate) fn find(&self, shelf: Shelf, name: &str) -> Option<PathBuf> {
        let place = self.place(shelf, name);
        place.join(MARKER).is_file().then_some(place)
    }

    /// The finished entry of this name, built by `build` unless it is there. Only one process builds it; others wait.
    pub(crate) fn entry(
        &self,
        shelf: Shelf,
        name: &str,
        build: impl FnOnce(&Draft) -> Result<()>,
    ) -> Result<PathBuf> {
        if let Some(place) = self.find(shelf, name) {
            return Ok(place);
        }
        let _lock = self.lock(shelf, name)?;
        // Somebody may have finished it while this process waited for the lock.
        if let Some(place) = self.find(shelf, name) {
            return Ok(place);
        }
        let place = self.place(shelf, name);
        let draft = Draft { out: sibling(&place, "out")?, work: sibling(&place, "work")? };
        for folder in [&draft.out, &draft.work] {
            fresh(folder)?;
        }
        build(&draft)?;
        write(&draft.out.join(MARKER), "")?;
        remove(&place)?;
        fs::rename(&draft.out, &place).with_context(|| format!("moving {} into place", place.display()))?;
        remove(&draft.work)?;
        Ok(place)
    }

    fn lock(&self, shelf: Shelf, name: &str) -> Result<File> {
        let folder = self.root.join("locks");
        create(&folder)?;
        let path = folder.join(format!("{}-{name}", shelf.folder()));
        let file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
        file.lock().with_context(|| format!("locking {}", path.display()))?;
        Ok(file)
    }
}

impl Shelf {
    fn folder(self) -> &'static str {
        match self {
            Shelf::Sources => "sources",
            Shelf::Tools => "tools",
            Shelf::Engines => "engines",
        }
    }
}

/// A key: the hash of everything that an entry depends on, each part with its label.
pub(crate) struct Key(blake3::Hasher);

impl Key {
    pub(crate) fn new() -> Self {
        Self(blake3::Hasher::new())
    }

    /// Adds one part. Lengths go in first, so that two lists of parts never read the same.
    pub(crate) fn part(&mut self, label: &str, bytes: &[u8]) -> &mut Self {
        for piece in [label.as_bytes(), bytes] {
            self.0.update(&(piece.len() as u64).to_le_bytes());
            self.0.update(piece);
        }
        self
    }

    /// Adds every file under `folder`, by relative path, except what lies in a folder called `tests`.
    pub(crate) fn folder(&mut self, folder: &Path) -> Result<&mut Self> {
        for path in files(folder)? {
            let relative = path.strip_prefix(folder).context("a file outside its folder")?;
            if !relative.starts_with("tests") {
                self.part(&relative.to_string_lossy(), &read(&path)?);
            }
        }
        Ok(self)
    }

    /// The key as text.
    pub(crate) fn finish(&self) -> String {
        hex::encode(&self.0.finalize().as_bytes()[..8])
    }
}

/// Every file under `folder`, sorted, links not followed.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let entry = entry.with_context(|| format!("listing {}", folder.display()))?;
        if entry.file_type().with_context(|| format!("looking at {}", entry.path().display()))?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Every folder in `folder`, sorted; none if it is not there.
pub(crate) fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
            let path = entry.with_context(|| format!("listing {}", folder.display()))?.path();
            found.extend(path.is_dir().then_some(path));
        }
    }
    found.sort();
    Ok(found)
}

/// `fs::read`, naming the file when it fails.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// `fs::write`, naming the file when it fails, with the folders above it.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = path.parent() {
        create(folder)?;
    }
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// Creates a folder and those above it.
pub(crate) fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))
}

/// An empty folder, whatever was there.
pub(crate) fn fresh(folder: &Path) -> Result<()> {
    remove(folder)?;
    create(folder)
}

/// Removes a folder with everything in it, if it is there.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn sibling(place: &Path, role: &str) -> Result<PathBuf> {
    let Some(name) = place.file_name() else { bail!("{} has no name", place.display()) };
    Ok(place.with_file_name(format!(".{}.{role}", name.to_string_lossy())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn an_entry_that_fails_is_not_there() {
        let root = std::env::temp_dir().join(format!("xtask-cache-{}", std::process::id()));
        let cache = Cache { root: root.clone() };
        // Half of it is written when the disk is full.
        let full = |draft: &Draft| {
            write(&draft.out.join("half"), "of it")?;
            File::options().write(true).open("/dev/full")?.write_all(b"more").context("writing more")
        };
        let refused = cache.entry(Shelf::Engines, "an-engine", full).unwrap_err();
        assert!(format!("{refused:#}").starts_with("writing more: No space left on device"), "{refused:#}");
        assert!(cache.find(Shelf::Engines, "an-engine").is_none());
        assert!(!cache.place(Shelf::Engines, "an-engine").exists());

        let whole = |draft: &Draft| write(&draft.out.join("whole"), "all of it");
        let place = cache.entry(Shelf::Engines, "an-engine", whole).unwrap();
        assert_eq!(cache.find(Shelf::Engines, "an-engine").as_ref(), Some(&place));
        assert!(
            place.join("whole").is_file() && !place.join("half").exists(),
            "nothing of the first is in it"
        );
        let left: Vec<_> =
            fs::read_dir(root.join("engines")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, [place], "nor beside it");
        fs::remove_dir_all(root).unwrap();
    }
}
