//! Requirements to packages: what uv says, kept for a day.

use std::ffi::OsString;
use std::process::Output;

use serde::{Deserialize, Serialize};

use crate::advice::{Advice, TABLE};
use crate::error::{Error, Result};
use crate::interpreter::{self, Tags};
use crate::lock::{self, Chosen};
use crate::store::{Shelf, Store, write_whole};
use crate::uv::Uv;
use crate::wheel::Package;
use crate::{Requirement, Settings, complaint};

/// The most packages that one resolution may come to.
const PACKAGES_MAX: usize = 500;

/// What was resolved.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) packages: Vec<Package>,
    /// Whether it is older than it should be, because no index could be asked.
    pub(crate) stale: bool,
    /// Packages of which another version was taken than the newest, since that needs machine code. Told once, when it is found out.
    pub(crate) held_back: Vec<String>,
}

/// A resolution as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    packages: Vec<Package>,
}

/// One question to the resolver.
struct Question<'a> {
    store: &'a Store,
    settings: &'a Settings,
    python: &'a str,
    requirements: &'a [Requirement],
    key: String,
}

/// The packages that meet the requirements, as they were kept or as the resolver says now.
pub(crate) fn resolve(
    store: &Store,
    python: &str,
    requirements: &[Requirement],
    settings: &Settings,
) -> Result<Resolved> {
    let question =
        Question { store, settings, python, requirements, key: key(python, requirements, settings) };
    let document = format!("{}.json", question.key);
    let kept = store.read::<Kept>(Shelf::Resolutions, &document);
    let fresh = |(kept, when): &(Kept, std::time::SystemTime)| {
        let sound = kept.packages.iter().all(|package| crate::hash::is_sha256(&package.sha256));
        !settings.refresh && sound && when.elapsed().is_ok_and(|age| age < settings.age_max)
    };
    if let Some((kept, _)) = kept.as_ref().filter(|kept| fresh(kept)) {
        return Ok(Resolved { packages: kept.packages.clone(), stale: false, held_back: Vec::new() });
    }
    match question.ask() {
        Ok(resolved) => {
            store.write(Shelf::Resolutions, &document, &Kept { packages: resolved.packages.clone() })?;
            Ok(resolved)
        }
        Err(Refusal { error, unreached }) => match kept.filter(|_| unreached && !settings.refresh) {
            Some((kept, _)) => Ok(Resolved { packages: kept.packages, stale: true, held_back: Vec::new() }),
            None => Err(error),
        },
    }
}

/// What a resolution depends on.
fn key(python: &str, requirements: &[Requirement], settings: &Settings) -> String {
    let mut texts: Vec<String> = requirements.iter().map(ToString::to_string).collect();
    texts.sort();
    let mut hasher = blake3::Hasher::new();
    let indices = settings.indices();
    let parts = [python, TABLE]
        .into_iter()
        .chain(texts.iter().map(String::as_str))
        .chain(["\0"])
        .chain(indices.iter().map(String::as_str));
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Why there is no answer, and whether that is because no index could be asked.
struct Refusal {
    error: Error,
    unreached: bool,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, unreached: false }
    }
}

impl Question<'_> {
    /// First with wheels for this machine among those that may be taken, since then it is known which packages need machine code; where any
    /// does, without them, since an older version may do.
    fn ask(&self) -> Result<Resolved, Refusal> {
        let uv = Uv::find(self.store, self.settings)?;
        let advice = Advice::read();
        let said = self.run(&uv, Tags::Compiled)?;
        let stderr = String::from_utf8_lossy(&said.stderr);
        if !said.status.success() {
            return Err(self.refusal(&uv, &advice, &stderr));
        }
        let Chosen { packages, compiled } = self.choose(&said, &advice)?;
        if compiled.is_empty() {
            return bounded(packages, Vec::new());
        }
        let said = self.run(&uv, Tags::Pure)?;
        if said.status.success() {
            let chosen = self.choose(&said, &advice)?;
            if chosen.compiled.is_empty() {
                return bounded(chosen.packages, compiled);
            }
        }
        Err(self.compiled(&advice, compiled).into())
    }

    fn run(&self, uv: &Uv, tags: Tags) -> Result<Output> {
        let texts: String = self.requirements.iter().map(|requirement| format!("{requirement}\n")).collect();
        let file = self.store.folder("requirements")?.join(format!("{}.in", self.key));
        write_whole(&file, texts.as_bytes(), 0o600)?;
        let mut arguments: Vec<OsString> =
            ["pip", "compile", "--quiet", "--no-header", "--no-sources"].map(OsString::from).into();
        arguments.extend(
            ["--format", "pylock.toml", "--only-binary", ":all:", "--no-python-downloads"]
                .map(OsString::from),
        );
        arguments.extend([
            OsString::from("--python"),
            interpreter::program(self.store, self.python, tags)?.into(),
        ]);
        if let Some(index) = &self.settings.index {
            arguments.extend(["--default-index".into(), OsString::from(index)]);
        }
        for index in &self.settings.extra_indices {
            arguments.extend(["--index".into(), OsString::from(index)]);
        }
        if self.settings.refresh {
            arguments.push("--refresh".into());
        }
        arguments.push(file.into());
        uv.run(self.store, self.settings, &arguments)
    }

    fn choose(&self, said: &Output, advice: &Advice) -> Result<Chosen> {
        let strange = |reason| Error::Unresolved { reason, hint: "take another index, or other packages" };
        let lock = std::str::from_utf8(&said.stdout).map_err(|error| strange(error.to_string()))?;
        lock::choose(lock, advice).map_err(strange)
    }

    fn refusal(&self, uv: &Uv, advice: &Advice, stderr: &str) -> Refusal {
        if complaint::is_strange(stderr) {
            return uv.strange().into();
        }
        let reason = self.without_secrets(complaint::reason(stderr));
        if complaint::is_unreached(stderr) {
            let hint =
                "check the network and the address of the index; what was fetched before can be used without";
            return Refusal { error: Error::Unresolved { reason, hint }, unreached: true };
        }
        let wheelless = complaint::wheelless(stderr);
        if !wheelless.is_empty() {
            return self.compiled(advice, wheelless).into();
        }
        Error::Unresolved { reason, hint: "ask for other versions, or fewer packages" }.into()
    }

    fn compiled(&self, advice: &Advice, packages: Vec<String>) -> Error {
        let asked_by = self.requirements.iter().map(|requirement| requirement.name().to_owned()).collect();
        Error::Compiled { hint: advice.hint(&packages), packages, asked_by }
    }

    /// Names and passwords in addresses of indices are not shown.
    fn without_secrets(&self, text: String) -> String {
        let known = self.settings.indices();
        let secrets = known.iter().filter_map(|index| {
            let (_, rest) = index.split_once("://")?;
            Some(rest.split('/').next()?.rsplit_once('@')?.0.to_owned())
        });
        secrets.fold(text, |text, secret| text.replace(&secret, "***"))
    }
}

fn bounded(packages: Vec<Package>, held_back: Vec<String>) -> Result<Resolved, Refusal> {
    if packages.len() > PACKAGES_MAX {
        let reason = format!("they come to {} packages, and {PACKAGES_MAX} is the most", packages.len());
        return Err(Error::Unresolved { reason, hint: "ask for fewer packages" }.into());
    }
    Ok(Resolved { packages, stale: false, held_back })
}
