//! Debian source packages, through `apt-get source` with a private configuration: own lists, own source list, no root.
//!
//! The archive is the one that this machine's own apt is set up with; only the suites are ours. Nothing of the system is changed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::verify;
use crate::cache::{self, Cache, Shelf};
use crate::progress::run_logged;
use crate::require::{self, require};

/// Suites that are looked through.
const SUITES: [&str; 3] = ["trixie", "testing", "sid"];

/// The keys that sign Debian's archive, where Debian puts them.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Where apt keeps what it is set up with.
const SYSTEM_LISTS: [&str; 2] = ["/etc/apt/sources.list", "/etc/apt/sources.list.d"];

/// A source package, in the versions that we accept.
pub(crate) struct SourcePackage {
    /// Name of the package.
    pub(crate) name: &'static str,
    /// Accepted versions, newest first: archives keep few, and not every listed one can be downloaded.
    pub(crate) versions: &'static [Version],
    /// An environment variable that names a local tarball of one of these versions.
    pub(crate) variable: &'static str,
}

/// One accepted version.
pub(crate) struct Version {
    /// As its authors count.
    pub(crate) upstream: &'static str,
    /// As Debian counts.
    pub(crate) debian: &'static str,
    /// SHA-256 of the authors' tarball as Debian carries it.
    pub(crate) sha256: &'static str,
}

impl SourcePackage {
    /// The newest accepted version that can be had, and the folder with its unpacked sources.
    pub(crate) fn fetch(&self, cache: &Cache) -> Result<(&'static Version, PathBuf)> {
        if let Some(path) = std::env::var_os(self.variable) {
            return self.unpack_local(cache, Path::new(&path));
        }
        if let Some(found) = self.versions.iter().find_map(|version| {
            let place = cache.find(Shelf::Sources, &self.entry(version))?;
            Some((version, place))
        }) {
            return Ok(found);
        }
        let mut failures = String::new();
        for version in self.versions {
            match self.download(cache, version) {
                Ok(place) => return Ok((version, place)),
                Err(error) => failures.push_str(&format!("\n{}: {error:#}", version.debian)),
            }
        }
        bail!(
            "no accepted version of {} can be downloaded; set {} to a tarball of one of them{failures}",
            self.name,
            self.variable
        )
    }

    fn entry(&self, version: &Version) -> String {
        format!("{}-{}-{}", self.name, version.upstream, &version.sha256[..16])
    }

    fn unpack_local(&self, cache: &Cache, tarball: &Path) -> Result<(&'static Version, PathBuf)> {
        let found = super::sha256_of(tarball)?;
        let version = self.versions.iter().find(|version| version.sha256 == found).with_context(|| {
            format!("{} with SHA-256 {found} is none of the accepted versions", tarball.display())
        })?;
        let place = cache.entry(Shelf::Sources, &self.entry(version), |draft| {
            unpack(tarball, &draft.out, &draft.work.join("log"))
        })?;
        Ok((version, place))
    }

    fn download(&self, cache: &Cache, version: &Version) -> Result<PathBuf> {
        cache.entry(Shelf::Sources, &self.entry(version), |draft| {
            require(&[&require::APT, &require::TAR, &require::XZ])?;
            let log = draft.work.join("log");
            let apt = cache.root().join("apt");
            let configuration = configure(&apt)?;
            let run = |arguments: &[&str]| {
                let mut command = Command::new("apt-get");
                command.env("APT_CONFIG", &configuration).current_dir(&draft.work).args(arguments);
                run_logged(&mut command, &log)
            };
            run(&["--quiet", "update"])?;
            let package = format!("{}={}", self.name, version.debian);
            run(&["--quiet", "source", "--download-only", "--tar-only", &package])?;
            let tarball = cache::files(&draft.work)?
                .into_iter()
                .find(|path| path.to_string_lossy().contains(".orig.tar."))
                .with_context(|| format!("apt-get downloaded no tarball of {package}"))?;
            verify(&tarball, version.sha256)?;
            unpack(&tarball, &draft.out, &log)
        })
    }
}

fn unpack(tarball: &Path, out: &Path, log: &Path) -> Result<()> {
    let mut tar = Command::new("tar");
    tar.args(["--strip-components=1", "-xf"]).arg(tarball).arg("-C").arg(out);
    run_logged(&mut tar, log)
}

/// Writes an apt configuration that keeps everything below `folder`, and returns its path.
fn configure(folder: &Path) -> Result<PathBuf> {
    for below in ["lists/partial", "archives/partial"] {
        cache::create(&folder.join(below))?;
    }
    let archive = archive()?;
    let list: String = SUITES
        .iter()
        .map(|suite| format!("deb-src [signed-by={KEYRING}] {archive} {suite} main\n"))
        .collect();
    cache::write(&folder.join("sources.list"), list)?;
    cache::write(&folder.join("status"), "")?;
    let path = folder.join("apt.conf");
    let settings = format!(
        "Dir::State::lists \"{0}/lists\";\nDir::State::status \"{0}/status\";\nDir::Cache \"{0}\";\n\
         Dir::Cache::archives \"{0}/archives\";\nDir::Etc::sourcelist \"{0}/sources.list\";\n\
         Dir::Etc::sourceparts \"/dev/null\";\nAPT::Sandbox::User \"\";\n",
        folder.display()
    );
    cache::write(&path, settings)?;
    Ok(path)
}

/// The address of the Debian archive that this machine's apt uses.
fn archive() -> Result<String> {
    let mut texts = Vec::new();
    for place in SYSTEM_LISTS.map(Path::new) {
        let paths = if place.is_dir() { cache::files(place)? } else { vec![place.to_owned()] };
        for path in paths.iter().filter(|path| path.is_file()) {
            texts.push(String::from_utf8_lossy(&cache::read(path)?).into_owned());
        }
    }
    // Both of apt's formats name addresses as words of their own: `URIs: ...` and `deb [...] ... suite main`.
    texts
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| line.starts_with("URIs:") || line.starts_with("deb"))
        .flat_map(str::split_whitespace)
        .find(|word| word.contains("://") && word.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
        .context("apt is not set up with a Debian archive")
}
