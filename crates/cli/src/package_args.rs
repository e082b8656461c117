//! Packages that code may import: the flags, and what becomes of them.

use std::path::Path;

use belljar::{Grants, Image, Jar, Language, Limits, MIB, Mount};
use belljar_packages::{Requirement, Script, Set, Settings};
use clap::Args;

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
    /// The packages that were named.
    pub(crate) fn wanted(&self) -> Result<Wanted, Failure> {
        let requirements =
            self.with.iter().map(|text| text.parse()).collect::<Result<_, belljar_packages::Error>>()?;
        let mut settings = Settings::from_environment(|name| std::env::var_os(name));
        settings.refresh = self.refresh;
        Ok(Wanted { requirements, script: None, settings })
    }
}

/// Packages that code is to have.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    requirements: Vec<Requirement>,
    script: Option<Script>,
    settings: Settings,
}

impl Wanted {
    /// These, and those that a script asks for by itself.
    pub(crate) fn by_script(self, code: &str) -> Result<Self, Failure> {
        Ok(Self { script: Script::read(code)?, ..self })
    }

    /// The name of the first one that was named.
    pub(crate) fn first(&self) -> Option<&str> {
        self.requirements.first().map(Requirement::name)
    }

    /// Refuses a session that has packages and is to be kept in a file.
    pub(crate) fn check_kept(&self, kept: bool) -> Result<(), Failure> {
        if kept && !self.is_empty() {
            return Err(Failure::usage(
                "a session with packages cannot be kept in a file",
                "make an image with them, `belljar image build --with NAME -o IMAGE`, and name that with --engine",
            ));
        }
        Ok(())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    fn all(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.iter().chain(self.script.iter().flat_map(|script| &script.dependencies))
    }

    /// The grants, with a mount of the packages in sessions of this image. What an image has already is not fetched.
    pub(crate) fn add_to(&self, grants: Grants, image: &Image) -> Result<Grants, Failure> {
        if let Some(script) = self.script.as_ref().filter(|_| image.language() == Language::Python) {
            script.check_python(image.version())?;
        }
        if self.is_empty() {
            return Ok(grants);
        }
        if !image.packages().is_empty() {
            return self.all().try_for_each(|requirement| has(image, requirement)).map(|()| grants);
        }
        Ok(grants.mount(mount(&self.fetch(image)?)))
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
        let set =
            belljar_packages::fetch(cache, image.version(), &requirements, &self.settings, &|folder| {
                compile(image, folder)
            })?;
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

/// What shows a set of packages to sessions.
pub(crate) fn mount(set: &Set) -> Mount {
    Mount::read_only(&set.folder, belljar_packages::PLACE)
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
