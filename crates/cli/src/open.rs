//! From an engine's name and the limits given to a jar.

use belljar::{Error, Image, Jar, Mount, Policy, Runtime};

use crate::exit::Failure;
use crate::limit_args::{Allowed, LimitArgs};
use crate::package_args::Wanted;

/// The engine of code that does not say which.
pub(crate) const DEFAULT_ENGINE: &str = "python";

/// Engines that Belljar brings.
const ENGINES: [&str; 3] = ["python", "javascript", "microjs"];

/// Images that Belljar brings: its engines, and what takes the types out of TypeScript.
pub(crate) const IMAGES: [&str; 4] = ["python", "javascript", "microjs", "typescript"];

/// The runtime of a program that runs one thing at a time: it reserves no more address space than that needs.
pub(crate) fn single() -> Result<Runtime, Failure> {
    Ok(Runtime::new(1)?)
}

/// What the command line allows; memory that is too small for anything is told with what the image `engine` needs.
pub(crate) fn allowed(runtime: &Runtime, engine: &str, args: &LimitArgs) -> Result<Allowed, Failure> {
    args.allowed().map_err(|failure| match failure {
        Failure::Library(error) => needs(error, runtime, engine).into(),
        other => other,
    })
}

/// A jar of the image `engine` with what is allowed, and with packages.
pub(crate) fn jar(
    runtime: &Runtime,
    engine: &str,
    allowed: Allowed,
    packages: &Wanted,
) -> Result<Jar, Failure> {
    let image = image(runtime, engine, allowed.policy.as_ref())?;
    let grants = packages.add_to(allowed.grants, &image)?;
    Ok(Jar::new(image)?.with_limits(allowed.limits)?.with_grants(grants))
}

/// What shows packages to all sessions of Python that begin later, where `engine` is that of most sessions.
pub(crate) fn packages(
    runtime: &Runtime,
    engine: &str,
    policy: Option<&Policy>,
    packages: &Wanted,
) -> Result<Option<Mount>, Failure> {
    if !packages.are_there() {
        return Ok(None);
    }
    // What a policy names is for sessions of Python, whichever engine is asked for here.
    let image = match packages.are_asked_for() {
        true => image(runtime, engine, policy)?,
        false => image(runtime, DEFAULT_ENGINE, None)?,
    };
    packages.mount(&image)
}

/// The image `engine`, if the policy allows it.
pub(crate) fn image(runtime: &Runtime, engine: &str, policy: Option<&Policy>) -> Result<Image, Failure> {
    if let Some(policy) = policy {
        policy.check_engine(engine)?;
    }
    Image::open(runtime, engine).map_err(|error| missing(error, runtime))
}

/// Memory that is too small for anything is too small for the image: says what that needs, where it can be known.
fn needs(error: Error, runtime: &Runtime, engine: &str) -> Error {
    match error {
        Error::LimitOutOfRange { limit: "memory_bytes", value: 0, least, most } => {
            let least = Image::open(runtime, engine).map_or(least, |image| image.memory_bytes_min());
            Error::LimitOutOfRange { limit: "memory_bytes", value: 0, least, most }
        }
        other => other,
    }
}

/// Says which images there are when one was asked for that is not there.
fn missing(error: Error, runtime: &Runtime) -> Failure {
    let Error::NoImage { name, looked } = error else { return error.into() };
    let known = ENGINES.contains(&name.as_str());
    let message = if known {
        format!("the image of {name} is not installed")
    } else {
        format!("there is no engine {name:?}")
    };
    let installed = Image::installed(runtime);
    let hint = if installed.is_empty() || known {
        let place = looked
            .last()
            .map(|place| format!("; it is looked for in {}", place.display()))
            .unwrap_or_default();
        format!("`cargo xtask setup` in the source tree builds the images{place}")
    } else {
        format!("installed are {}", installed.join(", "))
    };
    Failure::usage(message, hint)
}
