//! `belljar image inspect`: what is in an image.

use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use belljar::units::Size;
use belljar::{Error, Image, Runtime};
use clap::Args;
use serde::Serialize;

use crate::exit::Failure;
use crate::open;
use crate::render;

/// Which image to look at.
#[derive(Args)]
pub(crate) struct InspectArgs {
    /// Its name
    name: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// What there is to say.
#[derive(Serialize)]
struct About<'a> {
    name: &'a str,
    language: String,
    version: &'a str,
    engine_blake3: &'a str,
    folder: String,
    /// Seconds since 1970, in UTC.
    made_unix_s: u64,
    /// Of its files on this machine.
    disk_bytes: u64,
    /// The least that a session needs.
    memory_bytes_min: u64,
    from: Option<&'a str>,
    packages: &'a [belljar::BakedPackage],
    imports: &'a [String],
}

/// Shows the image.
pub(super) fn inspect(args: &InspectArgs) -> Result<ExitCode, Failure> {
    let image = open::image(&Runtime::new(1)?, &args.name, None)?;
    let about = about(&image)?;
    let text = match args.json {
        true => serde_json::to_string(&about).map_err(|error| Error::Internal(error.to_string()))? + "\n",
        false => shown(&about),
    };
    render::print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn about(image: &Image) -> Result<About<'_>, Failure> {
    let folder = image.folder();
    let system = |error| Failure::system(format!("cannot look at {}", folder.display()), error);
    let (mut disk_bytes, mut made_unix_s) = (0, 0);
    for entry in folder.read_dir().map_err(system)? {
        let metadata = entry.and_then(|entry| Ok((entry.file_name(), entry.metadata()?))).map_err(system)?;
        disk_bytes += metadata.1.len();
        if metadata.0 == "image.json" {
            let since = metadata.1.modified().map_err(system)?.duration_since(UNIX_EPOCH);
            made_unix_s = since.map_or(0, |since| since.as_secs());
        }
    }
    Ok(About {
        name: image.name(),
        language: format!("{:?}", image.language()),
        version: image.version(),
        engine_blake3: image.engine_blake3(),
        folder: folder.display().to_string(),
        made_unix_s,
        disk_bytes,
        memory_bytes_min: image.memory_bytes_min(),
        from: image.from(),
        packages: image.packages(),
        imports: image.imports(),
    })
}

fn shown(about: &About<'_>) -> String {
    let mut text = format!("{}: {} {}\n", about.name, about.language, about.version);
    text += &format!("made {} UTC", date(about.made_unix_s));
    text += &about.from.map_or("\n".to_owned(), |from| format!(", from {from}\n"));
    text += &format!("engine {}\n", about.engine_blake3);
    text += &format!(
        "{} on disk, sessions need at least {}\n",
        Size(about.disk_bytes),
        Size(about.memory_bytes_min)
    );
    text += &format!("in {}\n", about.folder);
    for package in about.packages {
        text += &format!("package {} {} sha256:{}\n", package.name, package.version, package.sha256);
    }
    if !about.imports.is_empty() {
        text += &format!("imports {}\n", about.imports.join(", "));
    }
    text
}

/// `2026-11-26 04:10`, of seconds since 1970.
fn date(unix_s: u64) -> String {
    // Days are counted from the first of March of the year 0, so that the leap day is a year's last.
    let (days, minutes) = (unix_s / 86_400 + 719_468, unix_s / 60 % 1440);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00");
        assert_eq!(date(951_782_399), "2000-02-28 23:59");
        assert_eq!(date(951_782_400), "2000-02-29 00:00");
        assert_eq!(date(1_795_666_200), "2026-11-26 04:10");
    }
}
