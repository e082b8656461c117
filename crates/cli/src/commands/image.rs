//! `belljar image`: makes, lists, shows and removes images.

mod build;
mod inspect;

use std::process::ExitCode;

use belljar::Runtime;
use clap::{Args, Subcommand};

use self::build::BuildArgs;
use self::inspect::InspectArgs;
use crate::exit::Failure;
use crate::open::IMAGES;
use crate::render;

/// What can be done with images.
#[derive(Subcommand)]
pub(crate) enum ImageCommand {
    /// Make an image: of an engine and packages, or of an engine that was just built
    Build(BuildArgs),
    /// List the images that programs are run with
    List,
    /// Say what is in an image, and what it was made from
    Inspect(InspectArgs),
    /// Remove an image
    Remove(RemoveArgs),
}

/// Which image to remove.
#[derive(Args)]
pub(crate) struct RemoveArgs {
    /// Its name
    name: String,
    /// Remove it although it is one that Belljar brings
    #[arg(long)]
    force: bool,
}

/// Does what was asked.
pub(crate) fn image(command: ImageCommand) -> Result<ExitCode, Failure> {
    match command {
        ImageCommand::Build(args) => build::build(args),
        ImageCommand::List => list(),
        ImageCommand::Inspect(args) => inspect::inspect(&args),
        ImageCommand::Remove(args) => remove(&args),
    }
}

fn list() -> Result<ExitCode, Failure> {
    let runtime = Runtime::new(1)?;
    let mut text = String::new();
    for name in belljar::Image::installed(&runtime) {
        match belljar::Image::open(&runtime, &name) {
            Ok(image) => {
                text += &format!(
                    "{name} {}{} {}\n",
                    image.version(),
                    with(image.packages().len()),
                    image.folder().display()
                )
            }
            Err(error) => text += &format!("{name} unusable: {error}\n"),
        }
    }
    render::print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn with(packages: usize) -> String {
    match packages {
        0 => String::new(),
        1 => " with 1 package".to_owned(),
        more => format!(" with {more} packages"),
    }
}

fn remove(args: &RemoveArgs) -> Result<ExitCode, Failure> {
    let name = &args.name;
    if IMAGES.contains(&name.as_str()) && !args.force {
        return Err(Failure::usage(
            format!("the image {name} is one that Belljar brings"),
            "`--force` removes it all the same; `cargo xtask setup` makes it again",
        ));
    }
    let images = build::images_folder(None)?;
    if !belljar::remove_image(name, &images)? {
        let installed = belljar::Image::installed(&Runtime::new(1)?);
        let hint = format!("installed are {}", installed.join(", "));
        return Err(Failure::usage(format!("there is no image {name:?} in {}", images.display()), hint));
    }
    Ok(ExitCode::SUCCESS)
}
