//! `belljar image`: makes and lists images.

use std::path::PathBuf;
use std::process::ExitCode;

use belljar::Runtime;
use clap::{Args, Subcommand};

use crate::exit::Failure;
use crate::render;

/// What can be done with images.
#[derive(Subcommand)]
pub(crate) enum ImageCommand {
    /// Make an image from an engine: start it once, freeze its memory, compile it ahead of time
    Build(BuildArgs),
    /// List the images that programs are run with
    List,
}

/// Which engine to make an image from.
#[derive(Args)]
pub(crate) struct BuildArgs {
    /// The folder that the engine's recipe left: `engine.wasm`, `engine.json` and perhaps `files`
    engine_folder: PathBuf,
    /// Where to put the image, instead of the folder where images are looked for
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
}

/// Does what was asked.
pub(crate) fn image(command: ImageCommand) -> Result<ExitCode, Failure> {
    match command {
        ImageCommand::Build(args) => build(args),
        ImageCommand::List => list(),
    }
}

fn build(args: BuildArgs) -> Result<ExitCode, Failure> {
    let nowhere =
        || Failure::usage("there is no folder for images", "set HOME, or name a folder with --images");
    let images = args.images.or_else(belljar::cache_folder).ok_or_else(nowhere)?;
    if !args.engine_folder.join("engine.wasm").is_file() {
        let message = format!("{} holds no engine", args.engine_folder.display());
        return Err(Failure::usage(message, "`cargo xtask engines --print` says where the engines are"));
    }
    belljar::build_image(&args.engine_folder, &images)?;
    Ok(ExitCode::SUCCESS)
}

fn list() -> Result<ExitCode, Failure> {
    let runtime = Runtime::new(1)?;
    let mut text = String::new();
    for name in belljar::Image::installed(&runtime) {
        match belljar::Image::open(&runtime, &name) {
            Ok(image) => text += &format!("{name} {} {}\n", image.version(), image.folder().display()),
            Err(error) => text += &format!("{name} unusable: {error}\n"),
        }
    }
    render::print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
