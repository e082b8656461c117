//! `belljar image build`: an engine, and perhaps packages, as an image.

use std::path::PathBuf;
use std::process::ExitCode;

use belljar::units::{Duration, Size};
use belljar::{BakedPackage, Baking, Error, Limits, Runtime};
use clap::{ArgGroup, Args};

use crate::exit::Failure;
use crate::open::{self, DEFAULT_ENGINE, IMAGES};
use crate::package_args::PackageArgs;
use crate::policy_args::PolicyArgs;
use crate::render;

/// What to make an image from.
#[derive(Args)]
#[command(group(ArgGroup::new("material").required(true).args(["engine_folder", "with"])))]
pub(crate) struct BuildArgs {
    /// The folder that an engine's recipe left: `engine.wasm`, `engine.json` and perhaps `files`
    #[arg(conflicts_with_all = ["output", "from", "import", "time", "memory"])]
    engine_folder: Option<PathBuf>,
    #[command(flatten)]
    packages: PackageArgs,
    /// The name of the image, for `--engine` [default: that of the first package]
    #[arg(short, long, value_name = "NAME", help_heading = "Packages")]
    output: Option<String>,
    /// The image that it is made from
    #[arg(long, value_name = "IMAGE", default_value = DEFAULT_ENGINE, help_heading = "Packages")]
    from: String,
    /// Import this module, and no others [default: every module that the packages bring]
    #[arg(long, value_name = "MODULE", help_heading = "Packages")]
    import: Vec<String>,
    /// Wall and CPU time for the imports [default: 1m]
    #[arg(long, value_name = "TIME", help_heading = "Packages")]
    time: Option<Duration>,
    /// Memory for the imports [default: 512MiB]
    #[arg(long, value_name = "SIZE", help_heading = "Packages")]
    memory: Option<Size>,
    /// Where to put the image, instead of the folder where images are looked for
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
}

/// Makes the image.
pub(super) fn build(args: BuildArgs) -> Result<ExitCode, Failure> {
    let images = images_folder(args.images.clone())?;
    let Some(engine) = &args.engine_folder else { return with_packages(&args, &images) };
    if !engine.join("engine.wasm").is_file() {
        let message = format!("{} holds no engine", engine.display());
        return Err(Failure::usage(message, "`cargo xtask engines --print` says where the engines are"));
    }
    belljar::build_image(engine, &images)?;
    Ok(ExitCode::SUCCESS)
}

/// The folder given, or the one where images are looked for.
pub(super) fn images_folder(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let nowhere =
        || Failure::usage("there is no folder for images", "set HOME, or name a folder with --images");
    given.or_else(belljar::cache_folder).ok_or_else(nowhere)
}

fn with_packages(args: &BuildArgs, images: &std::path::Path) -> Result<ExitCode, Failure> {
    let policy = PolicyArgs::default().load()?;
    let wanted = args.packages.wanted(policy.as_ref())?;
    let name = args.output.clone().or_else(|| wanted.first().map(str::to_owned)).unwrap_or_default();
    if IMAGES.contains(&name.as_str()) {
        return Err(Failure::usage(
            format!("{name} is an image that Belljar brings"),
            "give another name with -o",
        ));
    }
    let from = open::image(&Runtime::new(1)?, &args.from, policy.as_ref())?;
    if !from.folder().join("engine.wasm").is_file() {
        let message =
            format!("the image {} was made without its engine, so nothing can be made from it", args.from);
        return Err(Failure::usage(message, "`cargo xtask setup` in the source tree makes it anew"));
    }
    let set = wanted.fetch(&from)?;
    let packages = set.packages.iter().map(|package| {
        let (name, version, sha256) = (package.name.clone(), package.version.clone(), package.sha256.clone());
        BakedPackage { name, version, sha256 }
    });
    let imports = if args.import.is_empty() { set.modules.clone() } else { args.import.clone() };
    let plain = Baking::new(&set.folder);
    let time_ms = args.time.map_or(plain.limits.time_ms, |time| time.0);
    let memory_bytes = args.memory.map_or(plain.limits.memory_bytes, |memory| memory.0);
    let limits = Limits { time_ms, cpu_ms: time_ms, memory_bytes, ..plain.limits.clone() };
    for module in &args.import {
        check_module(module)?;
    }
    let baked = belljar::bake_image(
        &from,
        &name,
        &Baking { packages: packages.collect(), imports, limits, ..plain },
        images,
    )?;
    let missing = baked.not_imported.iter().find(|(module, _)| args.import.contains(module));
    if let Some((module, why)) = missing {
        // It was asked for by name: an image without it is not what was meant.
        belljar::remove_image(&name, images)?;
        let reason = format!("{module} cannot be imported: {why}");
        return Err(Error::Bake { name, reason }.into());
    }
    for (module, why) in &baked.not_imported {
        render::note(&format!("{module} was not imported: {why}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// A line of a list of modules holds one module.
fn check_module(module: &str) -> Result<(), Failure> {
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    match module.split('.').all(plain) {
        true => Ok(()),
        false => Err(Failure::usage(
            format!("--import {module:?} names no module"),
            "write it as in code: --import xml.etree",
        )),
    }
}
