//! Images with packages in them: what they are made with, and what became of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::limits::{Limits, MIB};

/// What an image is made with, besides the image that it is made from ([`bake_image`](crate::bake_image)).
#[derive(Clone, Debug)]
pub struct Baking {
    /// A folder with the packages, laid out as code imports them.
    pub folder: PathBuf,
    /// What is in it, for the record.
    pub packages: Vec<BakedPackage>,
    /// The modules to import, in this order, so that sessions have them at once.
    pub imports: Vec<String>,
    /// What all of that may use while the image is made. Sessions of the image have limits of their own.
    pub limits: Limits,
}

impl Baking {
    /// The packages in a folder, none imported yet, with a minute and 512 MiB to import them.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let limits = Limits { time_ms: 60_000, cpu_ms: 60_000, memory_bytes: 512 * MIB, ..Limits::default() };
        Self { folder: folder.into(), packages: Vec::new(), imports: Vec::new(), limits }
    }
}

/// A package of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BakedPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the archive that it came in, in hexadecimal.
    pub sha256: String,
}

/// What became of the modules that an image was to import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baked {
    /// Modules that could not be imported, each with the reason. The image has them, as files.
    pub not_imported: Vec<(String, String)>,
}

impl Baked {
    /// From what the engine told: names and reasons, a NUL between them.
    pub(crate) fn new(not_imported: &[Vec<u8>]) -> Self {
        let told = not_imported.iter().map(|told| {
            let text = String::from_utf8_lossy(told);
            let (name, why) = text.split_once('\0').unwrap_or((&text, "no reason"));
            (name.to_owned(), why.to_owned())
        });
        Self { not_imported: told.collect() }
    }
}
