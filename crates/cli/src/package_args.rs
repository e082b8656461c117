//! Packages that code may import: the flags, and what becomes of them.

use std::path::Path;

use belljar::{Grants, Image, Jar, Language, Limits, MIB, Mount, Policy, audit_package};
use belljar_packages::{Requirement, Script, Set, Settings};
use clap::Args;
use serde_json::json;

use crate::exit::Failure;
use crate::render;

/// Which packages the code may import.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PackageArgs {
    /// Let Python code import a package and what it needs: fetched on this side, once, as wheels of pure Python
    #[arg(long, value_name = "NAME[==VERSION]", help_heading = "Packages")]
    with: Vec<String>,
    /// Ask the index of packages again, although it was asked within a day
    #[arg(long, help_heading = "Packages")]
    refresh: bool,
}

impl PackageArgs {
    /// The same, and these.
    pub(crate) fn and(&self, more: &[String]) -> Self {
        let with = self.with.iter().chain(more).cloned().collect();
        Self { with, refresh: self.refresh }
    }

    /// The packages that were named, if the policy allows them, and those that it names itself.
    pub(crate) fn wanted(&self, policy: Option<&Policy>) -> Result<Wanted, Failure> {
        let named = parsed(&self.with)?;
        let of_policy = policy.map_or(Ok(Vec::new()), |policy| parsed(&policy.packages().with))?;
        check(policy, &named)?;
        let mut settings = Settings::from_environment(|name| std::env::var_os(name));
        settings.refresh = self.refresh;
        Ok(Wanted { named, of_policy, script: None, settings })
    }
}

fn parsed(texts: &[String]) -> Result<Vec<Requirement>, belljar_packages::Error> {
    texts.iter().map(|text| text.parse()).collect()
}

/// Refuses the first package that the policy does not allow.
fn check(policy: Option<&Policy>, requirements: &[Requirement]) -> Result<(), Failure> {
    let Some(policy) = policy else { return Ok(()) };
    for requirement in requirements {
        policy.check_package(requirement.name())?;
    }
    Ok(())
}

/// Packages that code is to have.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    named: Vec<Requirement>,
    of_policy: Vec<Requirement>,
    script: Option<Script>,
    settings: Settings,
}

impl Wanted {
    /// These, and those that a script asks for by itself, if the policy allows that.
    pub(crate) fn by_script(self, code: &str, policy: Option<&Policy>) -> Result<Self, Failure> {
        let script = Script::read(code)?;
        let asked = script.as_ref().map_or(&[][..], |script| &script.dependencies);
        if let Some(policy) = policy.filter(|_| !asked.is_empty()) {
            policy.check_script()?;
        }
        check(policy, asked)?;
        Ok(Self { script, ..self })
    }

    /// These, and more that somebody asks for.
    pub(crate) fn and(mut self, more: Vec<Requirement>) -> Self {
        self.named.extend(more);
        self
    }

    /// No packages, by the same settings.
    pub(crate) fn none(&self) -> Self {
        Self { named: Vec::new(), of_policy: Vec::new(), script: None, settings: self.settings.clone() }
    }

    /// The name of the first one that was named.
    pub(crate) fn first(&self) -> Option<&str> {
        self.named.first().map(Requirement::name)
    }

    /// Whether there are any, for whatever language.
    pub(crate) fn are_there(&self) -> bool {
        self.all().next().is_some()
    }

    /// Whether any were asked for, besides the policy's own.
    pub(crate) fn are_asked_for(&self) -> bool {
        self.asked().next().is_some()
    }

    fn all(&self) -> impl Iterator<Item = &Requirement> {
        self.asked().chain(&self.of_policy)
    }

    /// What was asked for, which the policy's own are not.
    fn asked(&self) -> impl Iterator<Item = &Requirement> {
        self.named.iter().chain(self.script.iter().flat_map(|script| &script.dependencies))
    }

    /// The grants, with a mount of the packages in sessions of this image. What an image has already is not fetched.
    pub(crate) fn add_to(&self, grants: Grants, image: &Image) -> Result<Grants, Failure> {
        if let Some(script) = self.script.as_ref().filter(|_| image.language() == Language::Python) {
            script.check_python(image.version())?;
        }
        if !image.packages().is_empty() {
            return self.all().try_for_each(|requirement| has(image, requirement)).map(|()| grants);
        }
        Ok(self.mount(image)?.into_iter().fold(grants, Grants::mount))
    }

    /// What shows these packages to sessions of this image, if there are any: fetches what is not there yet.
    pub(crate) fn mount(&self, image: &Image) -> Result<Option<Mount>, Failure> {
        let of_policy = self.of_policy.iter().filter(|_| image.language() == Language::Python);
        if self.asked().chain(of_policy).next().is_none() {
            return Ok(None);
        }
        Ok(Some(Mount::read_only(self.fetch(image)?.folder, belljar_packages::PLACE)))
    }

    /// Fetches what is not there yet, for the language of this image.
    pub(crate) fn fetch(&self, image: &Image) -> Result<Set, Failure> {
        if image.language() != Language::Python {
            let message = format!("there are no packages for the engine {}", image.name());
            return Err(Failure::usage(message, "--with names packages of Python"));
        }
        let nowhere =
            || Failure::usage("there is no folder to keep packages in", "set HOME or XDG_CACHE_HOME");
        let images = belljar::cache_folder().ok_or_else(nowhere)?;
        let cache = images.parent().ok_or_else(nowhere)?;
        let requirements: Vec<Requirement> = self.all().cloned().collect();
        let set = belljar_packages::fetch(cache, image.version(), &requirements, &self.settings, &|folder| {
            compile(image, folder)
        });
        let set = set.inspect_err(|error| {
            let reason = error.to_string();
            requirements.iter().for_each(|asked| {
                audit_package(asked.name(), Some(&reason), json!({ "asked": asked.to_string() }))
            });
        })?;
        for package in &set.packages {
            let details = json!({ "version": package.version, "sha256": package.sha256 });
            audit_package(&package.name, None, details);
        }
        if set.stale {
            render::note("the index of packages cannot be reached; what it said before is used");
        }
        for name in &set.held_back {
            let taken = set.packages.iter().find(|package| package.name == *name);
            let taken = taken.map_or_else(
                || "it is not needed by what was taken".to_owned(),
                |package| format!("{} was taken", package.version),
            );
            render::note(&format!("the newest {name} needs machine code; {taken}"));
        }
        if set.fetched > 0 {
            let plural = if set.fetched == 1 { "" } else { "s" };
            render::note(&format!("fetched {} package{plural}", set.fetched));
        }
        Ok(set)
    }
}

/// What compiling a set of packages may use, once.
const COMPILE_TIME_MS: u64 = 300_000;
const COMPILE_MEMORY_BYTES: u64 = 512 * MIB;
const COMPILE_HOST_CALLS: u64 = 1_000_000_000;

/// Compiles new packages in the jar. Where that fails they are compiled at each import, as far as they were not.
fn compile(image: &Image, folder: &Path) {
    let (time_ms, memory_bytes) = (COMPILE_TIME_MS, COMPILE_MEMORY_BYTES);
    let limits = Limits {
        time_ms,
        cpu_ms: time_ms,
        memory_bytes,
        host_calls: COMPILE_HOST_CALLS,
        ..Limits::default()
    };
    let mount = Mount::read_write(folder, belljar_packages::PLACE).bytes_max(1024 * MIB).files_max(100_000);
    let run = Jar::new(image.clone()).and_then(|jar| {
        jar.with_limits(limits)?
            .with_grants(Grants::default().mount(mount))
            .run_blocking(belljar_packages::COMPILE)
    });
    match run {
        Ok(outcome) if outcome.error.is_none() => {}
        Ok(outcome) => tracing::info!(error = ?outcome.error, "not all packages could be compiled"),
        Err(error) => render::note(&format!("the packages could not be compiled ahead: {error}")),
    }
}

/// Whether an image that was made with packages has what is asked for. It cannot be given more.
fn has(image: &Image, requirement: &Requirement) -> Result<(), Failure> {
    let found = image.packages().iter().find(|package| package.name == requirement.name());
    let missing = match found {
        Some(package) if requirement.accepts(&package.version) != Some(false) => return Ok(()),
        Some(package) => format!(
            "the image {} has {} {}, and {requirement} is asked for",
            image.name(),
            package.name,
            package.version
        ),
        None => format!("the image {} has no {}", image.name(), requirement.name()),
    };
    Err(Failure::usage(
        missing,
        "make an image that has it, with `belljar image build --with`, or use the plain one",
    ))
}
