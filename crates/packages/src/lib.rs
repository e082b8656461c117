//! Packages for code that runs in a jar: resolved by uv on this side, fetched as wheels of pure Python, checked against their hashes, unpacked
//! with caps into a store of this user's, and laid out in folders that sessions are shown read-only.
//!
//! Nothing of a package is run here: no source is built, no hook is called, no file of a package is looked at but to be written.
//! This crate knows nothing of jars, and no terminal.
//!
//! The modules stand in the order in which a requirement travels.

mod requirement;
mod script;
mod settings;
mod specifier;

mod complaint;
mod interpreter;
mod resolve;
mod uv;

mod advice;
mod lock;
mod wheel;

mod download;
mod hash;
mod unpack;

mod set;
mod store;

mod error;

#[cfg(any(fuzzing, test))]
pub mod fuzzing;

use std::path::Path;

pub use error::{Error, Result, WheelFault};
pub use requirement::Requirement;
pub use script::Script;
pub use set::Set;
pub use settings::Settings;
pub use unpack::{MachineCode, Write, unpack};
pub use wheel::Package;

/// Where a session's packages are to be mounted, and an image's are packed.
pub const PLACE: &str = "/packages";

/// A program of Python that compiles what is mounted at [`PLACE`], for whoever prepares a set ([`fetch`]).
pub const COMPILE: &str = include_str!("../compile.py");

/// Packages that meet all requirements, for the Python of this version (`3.13.15`), kept below `cache`.
///
/// What was resolved is used for [`Settings::age_max`], and then asked for again; what was fetched is kept for ever. So the second call needs no
/// network. `prepare` is called with the folder of a set that is new, before anybody sees it. When an index cannot be reached, what it said before is used, however old ([`Set::stale`]).
///
/// # Errors
///
/// [`Error`] says what could not be had, and why. Nothing half-written is left behind, and what was there before stays usable.
///
/// ```no_run
/// use belljar_packages::{Settings, fetch};
///
/// let settings = Settings::from_environment(|name| std::env::var_os(name));
/// let set = fetch("cache".as_ref(), "3.13.15", &["six".parse()?], &settings, &|_| ())?;
/// println!("{} holds {:?}", set.folder.display(), set.modules);
/// # Ok::<(), belljar_packages::Error>(())
/// ```
pub fn fetch(
    cache: &Path,
    python: &str,
    requirements: &[Requirement],
    settings: &Settings,
    prepare: &dyn Fn(&Path),
) -> Result<Set> {
    let store = store::Store::new(cache);
    let resolved = resolve::resolve(&store, python, requirements, settings)?;
    let set = set::assemble(&store, python, resolved.packages, settings, prepare)?;
    Ok(Set { stale: resolved.stale, held_back: resolved.held_back, ..set })
}
