//! From an engine's name and the limits given to a jar.

use belljar::{Error, Grants, Image, Jar, Runtime};

use crate::exit::Failure;
use crate::limit_args::LimitArgs;

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

/// A jar of the image `engine` with the limits and grants given.
pub(crate) fn jar(runtime: &Runtime, engine: &str, args: &LimitArgs) -> Result<Jar, Failure> {
    jar_with(runtime, engine, args, args.grants()?)
}

/// The same with other grants.
pub(crate) fn jar_with(
    runtime: &Runtime,
    engine: &str,
    args: &LimitArgs,
    grants: Grants,
) -> Result<Jar, Failure> {
    let limits = args.limits();
    limits.check().map_err(|error| needs(error, runtime, engine))?;
    let image = Image::open(runtime, engine).map_err(|error| missing(error, runtime))?;
    Ok(Jar::new(image)?.with_limits(limits)?.with_grants(grants))
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
