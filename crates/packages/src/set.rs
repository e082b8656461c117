//! Packages to a folder that sessions are shown.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::Settings;
use crate::download::Downloads;
use crate::error::{Error, Result, WheelFault};
use crate::store::{Shelf, Store, create, write_whole};
use crate::unpack::{MachineCode, unpack};
use crate::wheel::{self, Package};

/// Within an entry of the store: the folder with the files.
const FILES: &str = "files";
/// Within an entry of the store: what is known of it.
const ABOUT: &str = "about.json";

/// How many wheels are fetched at the same time.
const DOWNLOADS_MAX: usize = 4;

/// Packages that code can import: a folder with all their files, for [`PLACE`](crate::PLACE).
#[derive(Clone, Debug)]
pub struct Set {
    /// The folder. Its content is never changed.
    pub folder: PathBuf,
    /// The packages in it, by name.
    pub packages: Vec<Package>,
    /// What they can be imported as, at the top: sorted, without what is private.
    pub modules: Vec<String>,
    /// How many wheels were fetched for it now.
    pub fetched: usize,
    /// Whether the index could not be asked, and what it said longer ago was used.
    pub stale: bool,
    /// Packages whose newest version needs machine code, so that an older one was taken, or none was needed any more. Told when it is found
    /// out, and not each time.
    pub held_back: Vec<String>,
}

/// What is kept beside the files of a set.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    packages: Vec<Package>,
    modules: Vec<String>,
}

/// Fetches what is not in the store yet and lays all of it out in one folder.
pub(crate) fn assemble(
    store: &Store,
    python: &str,
    packages: Vec<Package>,
    settings: &Settings,
    prepare: &dyn Fn(&Path),
) -> Result<Set> {
    let name = key(python, &packages);
    let about = Path::new(&name).join(ABOUT);
    if let Some((About { packages, modules }, _)) = store.read(Shelf::Sets, &about.to_string_lossy()) {
        let folder = store.place(Shelf::Sets, &name).join(FILES);
        return Ok(Set { folder, packages, modules, fetched: 0, stale: false, held_back: Vec::new() });
    }
    let fetched = fetch_all(store, &packages, settings)?;
    let place = store.entry(Shelf::Sets, &name, |draft| {
        lay_out(store, &packages, draft)?;
        prepare(&draft.join(FILES));
        Ok(())
    })?;
    let about = store.read(Shelf::Sets, &about.to_string_lossy());
    let (About { packages, modules }, _) = about.ok_or_else(|| {
        Error::io("read", &place.join(ABOUT), std::io::Error::from(std::io::ErrorKind::InvalidData))
    })?;
    Ok(Set { folder: place.join(FILES), packages, modules, fetched, stale: false, held_back: Vec::new() })
}

fn key(python: &str, packages: &[Package]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(python.as_bytes()).update(b"\0");
    for package in packages {
        hasher.update(package.sha256.as_bytes()).update(package.name.as_bytes()).update(b"\0");
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Fetches and unpacks wheels that are not in the store, and counts them.
fn fetch_all(store: &Store, packages: &[Package], settings: &Settings) -> Result<usize> {
    let missing = |package: &&Package| !store.place(Shelf::Wheels, &package.sha256).is_dir();
    let missing: Vec<&Package> = packages.iter().filter(missing).collect();
    if missing.is_empty() {
        return Ok(0);
    }
    let (downloads, next, failed) = (Downloads::new(settings)?, AtomicUsize::new(0), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..DOWNLOADS_MAX.min(missing.len()) {
            scope.spawn(|| {
                while let Some(package) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = fetch_one(store, &downloads, package) {
                        // Nothing else is begun, and the first reason is told.
                        next.store(missing.len(), Ordering::Relaxed);
                        failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(error);
                    }
                }
            });
        }
    });
    match failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(missing.len()),
    }
}

fn fetch_one(store: &Store, downloads: &Downloads, package: &Package) -> Result<()> {
    let unpacked = store.entry(Shelf::Wheels, &package.sha256, |draft| {
        let bytes = downloads.fetch(package)?;
        let machine_code =
            if wheel::is_pure(&package.file) { MachineCode::Keep } else { MachineCode::LeaveOut };
        let files = draft.join(FILES);
        create(&files)?;
        let mut write =
            |path: &str, content: &[u8]| write_new(&files.join(path), content).map_err(Unpacking::Machine);
        unpack(&bytes, machine_code, &mut write).map_err(|error| match error {
            Unpacking::Wheel(fault) => Error::wheel(&package.file, fault),
            Unpacking::Machine(error) => error,
        })
    });
    unpacked.map(|_| ())
}

/// Why a wheel was not unpacked: because of it, or of the machine.
enum Unpacking {
    Wheel(WheelFault),
    Machine(Error),
}

impl From<WheelFault> for Unpacking {
    fn from(fault: WheelFault) -> Self {
        Self::Wheel(fault)
    }
}

fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        create(folder)?;
    }
    fs::write(path, content).map_err(|error| Error::io("write", path, error))
}

/// Lays the files of all packages out in one folder. They are the store's own, under a second name: nobody writes to either.
fn lay_out(store: &Store, packages: &[Package], draft: &Path) -> Result<()> {
    let files = draft.join(FILES);
    create(&files)?;
    let mut paths = BTreeSet::new();
    for package in packages {
        let wheel = store.place(Shelf::Wheels, &package.sha256).join(FILES);
        for path in files_below(&wheel)? {
            let relative = path.strip_prefix(&wheel).expect("it was found below");
            // Where two packages bring a file of one name (often `tests/__init__.py`), the first one's stays, by the order of names.
            if paths.insert(relative.to_string_lossy().into_owned()) {
                link(&path, &files.join(relative))?;
            }
        }
    }
    let modules = wheel::modules(paths.iter().map(String::as_str));
    let about = About { packages: packages.to_vec(), modules };
    let json = serde_json::to_vec_pretty(&about)
        .map_err(|error| Error::io("write", &draft.join(ABOUT), error.into()))?;
    write_whole(&draft.join(ABOUT), &json, 0o600)
}

fn link(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        create(folder)?;
    }
    // Not every file system has hard links, and none has any number of them.
    let linked = fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(|_| ()));
    linked.map_err(|error| Error::io("write", to, error))
}

/// Every file below a folder of the store, which has no links in it.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let listed = fs::read_dir(folder).and_then(|entries| entries.collect::<std::io::Result<Vec<_>>>());
    for entry in listed.map_err(|error| Error::io("list", folder, error))? {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files_below(&path)?),
            Ok(_) => found.push(path),
            Err(error) => return Err(Error::io("look at", &path, error)),
        }
    }
    Ok(found)
}
