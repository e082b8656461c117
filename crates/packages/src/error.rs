//! Why packages could not be had.

use std::io;
use std::path::{Path, PathBuf};

/// A result whose error says why packages could not be had.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why packages could not be had. Nothing of what was begun is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Text that is no requirement, or asks for something else than a package of the index.
    #[error("{text:?} is no package that can be asked for: {problem}")]
    Requirement {
        /// The text.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The metadata in a script is not as PEP 723 has it.
    #[error("the script's metadata {problem}")]
    Script {
        /// What is wrong with it, and where.
        problem: String,
    },
    /// The script is for another Python.
    #[error("the script asks for Python {wanted}, and this is {found}")]
    Python {
        /// What it asks for.
        wanted: String,
        /// What there is.
        found: String,
    },
    /// An index is not given by an address that can be used.
    #[error("{address:?} cannot be an index of packages: {problem}")]
    Index {
        /// The address, without credentials.
        address: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// There is no uv, and none could be fetched.
    #[error("packages are resolved by uv, and there is none: {reason}")]
    NoUv {
        /// Why it could not be fetched.
        reason: String,
    },
    /// A uv that does not understand what it is asked.
    #[error("uv {found} at {} does not know what it is asked", path.display())]
    StrangeUv {
        /// The program.
        path: PathBuf,
        /// Its version.
        found: String,
    },
    /// The resolver found no set of packages, or could not ask.
    #[error("the packages cannot be resolved: {reason}")]
    Unresolved {
        /// The resolver's own reason.
        reason: String,
        /// What may help.
        hint: &'static str,
    },
    /// Packages that need machine code, or are not there as wheels at all.
    #[error("{} cannot run here: {}", .packages.join(", "), Packages(.packages, .asked_by))]
    Compiled {
        /// Names of the packages, normalised.
        packages: Vec<String>,
        /// What was asked for.
        asked_by: Vec<String>,
        /// What to take instead.
        hint: String,
    },
    /// A wheel could not be fetched.
    #[error("cannot fetch {file}: {reason}")]
    Fetch {
        /// Its file name.
        file: String,
        /// What the server or the network said.
        reason: String,
    },
    /// A wheel is not the one that was resolved.
    #[error("{file} has the hash {found}, and {expected} is expected")]
    WrongHash {
        /// Its file name.
        file: String,
        /// SHA-256 of what came.
        found: String,
        /// SHA-256 that the index promised.
        expected: String,
    },
    /// A wheel that cannot be unpacked, or would do harm.
    #[error("the wheel {file} is refused: {fault}")]
    Wheel {
        /// Its file name.
        file: String,
        /// What is wrong with it.
        fault: WheelFault,
    },
    /// The machine refused.
    #[error("{doing}: {}", plain(.source))]
    Io {
        /// What was being done.
        doing: String,
        /// What it said.
        source: io::Error,
    },
}

/// What is wrong with a wheel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WheelFault {
    /// It is no zip archive, or a damaged one.
    #[error("it is damaged ({0})")]
    Damaged(String),
    /// It would be larger than a wheel may be.
    #[error("it unpacks to more than {} MiB", .bytes_max >> 20)]
    TooLarge {
        /// The most bytes that may come out of it.
        bytes_max: u64,
    },
    /// It holds too many files.
    #[error("it holds more than {files_max} files")]
    TooMany {
        /// The most files that it may hold.
        files_max: usize,
    },
    /// A name that leads elsewhere, or cannot be one.
    #[error("it has a file named {0:?}")]
    Name(String),
    /// A link.
    #[error("{0:?} in it is a link")]
    Link(String),
    /// Two files of one name.
    #[error("it has two files named {0:?}")]
    Twice(String),
    /// What was packed is not what comes out.
    #[error("{0:?} in it cannot be unpacked")]
    File(String),
}

impl Error {
    /// What to do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Requirement { .. } => "write NAME or NAME==VERSION, such as 'six==1.17.0' or 'rich>=13'".to_owned(),
            Self::Script { .. } => "it is a comment between `# /// script` and `# ///`, with TOML in it".to_owned(),
            Self::Python { .. } => "change `requires-python`, if the script does run here".to_owned(),
            Self::Index { .. } => "write an address such as https://packages.example.com/simple".to_owned(),
            Self::NoUv { .. } => "install uv, or Python with pip so that it can be fetched".to_owned(),
            Self::StrangeUv { .. } => {
                "take that uv off the PATH, or name another one in BELLJAR_UV; one that fits is fetched where there is none".to_owned()
            }
            Self::Unresolved { hint, .. } => (*hint).to_owned(),
            Self::Compiled { hint, .. } => hint.clone(),
            Self::Fetch { .. } => "try again when the index can be reached".to_owned(),
            Self::WrongHash { .. } => {
                "it was damaged on its way, or is not what its author published; nothing of it was kept".to_owned()
            }
            Self::Wheel { .. } => "nothing of it was kept; another version may do".to_owned(),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "make room there, or set XDG_CACHE_HOME to another place".to_owned()
            }
            Self::Io { .. } => "check that the folder is there, and yours".to_owned(),
        })
    }

    pub(crate) fn io(doing: &str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing: format!("cannot {doing} {}", path.display()), source }
    }

    pub(crate) fn wheel(file: &str, fault: WheelFault) -> Self {
        Self::Wheel { file: file.to_owned(), fault }
    }
}

struct Packages<'a>(&'a [String], &'a [String]);

impl std::fmt::Display for Packages<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(packages, asked_by) = self;
        let (it, its) = if packages.len() == 1 { ("it needs", "wheel") } else { ("they need", "wheels") };
        write!(f, "{it} machine code, or there is no {its} of pure Python")?;
        match packages.iter().all(|package| asked_by.contains(package)) {
            true => Ok(()),
            false => write!(f, " (asked for: {})", asked_by.join(", ")),
        }
    }
}

/// An error of the operating system in its own words, without the number that Rust puts behind them.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
