//! `belljar doctor`: what this machine offers, which images it has, and whether they work.

mod jail;
mod machine;
mod selftest;

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use belljar::{Error, Image, Runtime};
use clap::Args;
use serde::Serialize;

use self::machine::Machine;
use self::selftest::Check;
use crate::exit::{self, Failure};
use crate::open::IMAGES;
use crate::render;

/// How to say it.
#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Serialize)]
struct Findings {
    version: &'static str,
    machine: Machine,
    jail: jail::Findings,
    looked_in: Vec<PathBuf>,
    images: Vec<ImageFindings>,
    missing: Vec<&'static str>,
    ok: bool,
}

/// What was found out about an image.
#[derive(Serialize)]
struct ImageFindings {
    name: String,
    version: Option<String>,
    folder: Option<PathBuf>,
    /// Why it cannot be used.
    error: Option<String>,
    checks: Vec<Check>,
}

/// Looks at the machine and runs each image's self-test.
pub(crate) fn doctor(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let findings = examine()?;
    let text = if args.json {
        let json = serde_json::to_string(&findings).map_err(|error| Error::Internal(error.to_string()))?;
        format!("{json}\n")
    } else {
        report(&findings)
    };
    render::print(text.as_bytes())?;
    Ok(if findings.ok { ExitCode::SUCCESS } else { ExitCode::from(exit::NOT_RUN) })
}

fn examine() -> Result<Findings, Failure> {
    let runtime = Runtime::new(1)?;
    let names = Image::installed(&runtime);
    let missing: Vec<_> =
        IMAGES.into_iter().filter(|image| !names.iter().any(|name| name == image)).collect();
    let images: Vec<_> = names.into_iter().map(|name| image(&runtime, name)).collect();
    let works = |image: &ImageFindings| image.error.is_none() && image.checks.iter().all(|check| check.ok);
    let ok = !images.is_empty() && missing.is_empty() && images.iter().all(works);
    Ok(Findings {
        version: env!("CARGO_PKG_VERSION"),
        machine: Machine::look(),
        jail: jail::Findings::look(),
        looked_in: belljar::search_path(),
        images,
        missing,
        ok,
    })
}

fn image(runtime: &Runtime, name: String) -> ImageFindings {
    match Image::open(runtime, &name) {
        Ok(image) => ImageFindings {
            name,
            version: Some(image.version().to_owned()),
            folder: Some(image.folder().to_owned()),
            error: None,
            checks: selftest::run(runtime, &image),
        },
        Err(error) => {
            let error = Some(error.to_string());
            ImageFindings { name, version: None, folder: None, error, checks: Vec::new() }
        }
    }
}

fn report(findings: &Findings) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "belljar   {}\n{}\n{}", findings.version, findings.machine, findings.jail);
    for folder in &findings.looked_in {
        let _ = writeln!(text, "images    looked for in {}", folder.display());
    }
    for image in &findings.images {
        let version = image.version.as_deref().unwrap_or("unusable");
        let _ = writeln!(text, "\n{}: {version}", image.name);
        if let Some(folder) = &image.folder {
            let _ = writeln!(text, "  verified  {}", folder.display());
        }
        if let Some(error) = &image.error {
            let _ = writeln!(text, "  FAILED    {error}");
        }
        for check in &image.checks {
            let _ = writeln!(text, "  {check}");
        }
    }
    if !findings.missing.is_empty() {
        let _ = writeln!(text, "\nmissing: {}", findings.missing.join(", "));
        let _ = writeln!(text, "hint: `cargo xtask setup` in the source tree builds the images");
    }
    text
}
