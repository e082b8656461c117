//! Keeping a session in a file, and going on from one: the flags, the key that signs it, and the file itself.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use belljar::{Jar, Session, SnapshotKey};
use clap::Args;

use crate::exit::Failure;

/// The largest snapshot that is read: what a session with all of its memory and files can come to.
const SNAPSHOT_BYTES_MAX: u64 = 9 << 30;

/// From where a session goes on, and where it is kept.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct SnapshotArgs {
    /// Go on from the session in this file (of `--save`, with the same engine, limits and grants)
    #[arg(long, value_name = "FILE", help_heading = "Sessions")]
    resume: Option<PathBuf>,
    /// Keep the session in this file when the code has come to its end
    #[arg(long, value_name = "FILE", help_heading = "Sessions")]
    save: Option<PathBuf>,
    /// The file with the key that signs what is kept: 32 bytes in hexadecimal [default: one of your own, made when it is first needed]
    #[arg(long, value_name = "FILE", help_heading = "Sessions")]
    snapshot_key: Option<PathBuf>,
}

impl SnapshotArgs {
    /// Whether a session is to be kept or gone on with.
    pub(crate) fn are_given(&self) -> bool {
        self.resume.is_some() || self.save.is_some()
    }

    /// The jar, with a key if it needs one.
    pub(crate) fn prepare(&self, jar: Jar) -> Result<Jar, Failure> {
        Ok(if self.are_given() { jar.with_snapshot_key(self.key()?) } else { jar })
    }

    /// The session of the file, or a new one.
    pub(crate) fn session(&self, jar: &Jar) -> Result<Session, Failure> {
        let Some(file) = &self.resume else { return Ok(jar.session()?) };
        Ok(jar.restore(&read(file)?)?)
    }

    /// Makes ready to keep a session: the file is begun now, since there may be a jail later.
    pub(crate) fn keeping(&self) -> Result<Keeping, Failure> {
        let begun = self.save.as_ref().map(|file| Part::begin(file).map_err(|error| unwritable(file, error)));
        begun.transpose().map(Keeping)
    }

    /// Where the session is kept.
    pub(crate) fn kept_in(&self) -> Option<&Path> {
        self.save.as_deref()
    }

    /// The key for sessions that are kept without a file: the one given, or else one's own, unless there can be none.
    pub(crate) fn key_if_any(&self) -> Result<Option<SnapshotKey>, Failure> {
        match self.key() {
            Ok(key) => Ok(Some(key)),
            Err(failure) if self.snapshot_key.is_some() => Err(failure),
            Err(_) => Ok(None),
        }
    }

    fn key(&self) -> Result<SnapshotKey, Failure> {
        let file = self.snapshot_key.clone().or_else(own_key_file).ok_or_else(|| {
            Failure::usage(
                "there is no home folder to keep a key in",
                "give the file of a key with --snapshot-key FILE",
            )
        })?;
        if self.snapshot_key.is_none() && !file.exists() {
            make_key(&file)
                .map_err(|error| Failure::system(format!("cannot make the key {}", file.display()), error))?;
        }
        read_key(&file)
    }
}

/// Where a session will be kept, if it is to be.
pub(crate) struct Keeping(Option<Part>);

impl Keeping {
    /// The folder in which a file gets its name then.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.0.as_ref().map(|part| match part.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        })
    }

    /// Keeps the session where it was asked for. Whether it could be: one that has ended cannot.
    pub(crate) fn keep(self, session: &Session) -> Result<bool, Failure> {
        let Some(part) = self.0 else { return Ok(true) };
        if session.is_closed() {
            return Ok(false);
        }
        let (snapshot, file) = (session.snapshot()?, part.file.clone());
        part.finish(&snapshot).map_err(|error| unwritable(&file, error))?;
        Ok(true)
    }
}

fn unwritable(file: &Path, error: io::Error) -> Failure {
    Failure::system(format!("cannot write {}", file.display()), error)
}

/// `$XDG_STATE_HOME/belljar/snapshot.key`, or the same under `~/.local/state`.
fn own_key_file() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("belljar/snapshot.key"))
}

fn make_key(file: &Path) -> io::Result<()> {
    let mut key = [0; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
    if let Some(folder) = file.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    write(file, format!("{}\n", hex::encode(key)).as_bytes())
}

fn read_key(file: &Path) -> Result<SnapshotKey, Failure> {
    let system = |error| Failure::system(format!("cannot read the key {}", file.display()), error);
    let mode = fs::metadata(file).map_err(system)?.mode();
    if mode & 0o077 != 0 {
        return Err(Failure::usage(
            format!("others than you can read the key {}", file.display()),
            format!("make it yours alone: chmod 600 {}", file.display()),
        ));
    }
    let mut text = String::new();
    fs::File::open(file).and_then(|file| file.take(1024).read_to_string(&mut text)).map_err(system)?;
    let key = hex::decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    key.map(SnapshotKey::new).ok_or_else(|| {
        Failure::usage(
            format!("{} holds no key", file.display()),
            "a key is 32 bytes in hexadecimal, as `openssl rand -hex 32` prints them",
        )
    })
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let system = |error| Failure::system(format!("cannot read {}", file.display()), error);
    let opened = fs::File::open(file).map_err(system)?;
    if opened.metadata().map_err(system)?.len() > SNAPSHOT_BYTES_MAX {
        return Err(Failure::usage(
            format!("{} is too large for a snapshot", file.display()),
            "give a file that `--save` wrote",
        ));
    }
    let mut bytes = Vec::new();
    opened.take(SNAPSHOT_BYTES_MAX).read_to_end(&mut bytes).map_err(system)?;
    Ok(bytes)
}

/// Writes a file that only its owner can read, whole or not at all.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    Part::begin(file)?.finish(bytes)
}

/// A file that only its owner can read, on its way to its name. Without that it is gone when this is.
struct Part {
    file: PathBuf,
    part: PathBuf,
    opened: fs::File,
}

impl Part {
    fn begin(file: &Path) -> io::Result<Self> {
        let mut part = file.as_os_str().to_owned();
        part.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(part);
        let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        Ok(Self { file: file.to_owned(), part, opened })
    }

    fn finish(mut self, bytes: &[u8]) -> io::Result<()> {
        self.opened.write_all(bytes)?;
        self.opened.sync_all()?;
        fs::rename(&self.part, &self.file)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After a rename there is nothing under this name.
        let _ = fs::remove_file(&self.part);
    }
}
