//! Where the code comes from: a file, an argument, or standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use belljar::{CODE_BYTES_MAX, Error};

use crate::exit::Failure;
use belljar::units::Size;

/// Code, and what its place says of it.
#[derive(Debug)]
pub(crate) struct Source {
    /// The code.
    pub(crate) code: String,
    /// The file name that tracebacks show.
    pub(crate) name: Option<String>,
    /// The engine that a file's extension asks for.
    pub(crate) engine: Option<&'static str>,
}

/// Extensions, and the engine that runs them.
const EXTENSIONS: [(&str, &str); 7] = [
    ("py", "python"),
    ("js", "javascript"),
    ("mjs", "javascript"),
    ("cjs", "javascript"),
    ("ts", "javascript"),
    ("mts", "javascript"),
    ("cts", "javascript"),
];

/// Extensions of code with markup in it, which no engine runs.
const MARKUP: [&str; 2] = ["tsx", "jsx"];

impl Source {
    /// Code that was given as an argument.
    pub(crate) fn from_argument(code: &str) -> Self {
        Self { code: code.to_owned(), name: None, engine: None }
    }

    /// Whether it is a file with Python in it, by its name.
    pub(crate) fn is_python_file(&self) -> bool {
        self.engine == Some("python")
    }

    /// Reads code from standard input.
    pub(crate) fn from_stdin() -> Result<Self, Failure> {
        let code = read("standard input", &mut io::stdin().lock())?;
        Ok(Self { code, name: None, engine: None })
    }

    /// Reads code from a file, whose extension must be known unless the engine is.
    pub(crate) fn from_file(path: &Path, engine_is_given: bool) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let engine = engine_of(path);
        // A missing file is told before a strange name.
        let metadata = path.metadata().map_err(|error| unreadable(&shown, error))?;
        if metadata.is_dir() {
            return Err(Failure::usage(
                format!("{shown} is a directory"),
                "name a file with a program in it",
            ));
        }
        if engine.is_none() && !engine_is_given {
            if MARKUP.iter().any(|extension| path.extension().is_some_and(|own| own == *extension)) {
                return Err(Error::Jsx { name: shown }.into());
            }
            let known: Vec<String> =
                EXTENSIONS.iter().map(|(extension, _)| format!(".{extension}")).collect();
            let hint = format!("known are {}; otherwise say which with --engine", known.join(", "));
            return Err(Failure::usage(format!("the name {shown} does not say which engine to use"), hint));
        }
        if metadata.len() > CODE_BYTES_MAX as u64 {
            return Err(too_long(&shown));
        }
        let mut file = File::open(path).map_err(|error| unreadable(&shown, error))?;
        Ok(Self { code: read(&shown, &mut file)?, name: Some(shown), engine })
    }
}

fn engine_of(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?;
    EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, engine)| *engine)
}

/// Reads text that has no NUL bytes and is not longer than code may be.
fn read(shown: &str, from: &mut dyn Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    from.take(CODE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(shown, error))?;
    if bytes.len() > CODE_BYTES_MAX {
        return Err(too_long(shown));
    }
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        let hint = "programs are text: is this a compiled file, or UTF-16?";
        return Err(Failure::usage(format!("{shown} contains a NUL byte at offset {offset}"), hint));
    }
    String::from_utf8(bytes).map(without_mark).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let byte = error.as_bytes()[offset];
        let message = format!("{shown} is not UTF-8: byte 0x{byte:02x} at offset {offset}");
        Failure::usage(message, "save it as UTF-8")
    })
}

/// Editors put a mark before the text that is no part of it.
fn without_mark(code: String) -> String {
    code.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(code)
}

fn unreadable(shown: &str, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => Failure::usage(
            format!("cannot read {shown}: there is no such file"),
            "check the name and the folder",
        ),
        io::ErrorKind::PermissionDenied => {
            Failure::usage(format!("cannot read {shown}: permission denied"), "make it readable for yourself")
        }
        _ => Failure::system(format!("cannot read {shown}"), error),
    }
}

fn too_long(shown: &str) -> Failure {
    let most = Size(CODE_BYTES_MAX as u64);
    Failure::usage(
        format!("{shown} is longer than {most}, the most that a program may be"),
        "keep data apart from code, and give it with --input or --stdin",
    )
}
