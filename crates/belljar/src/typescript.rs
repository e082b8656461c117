//! TypeScript: refused, until its types can be taken out within bounds.

use crate::error::{Error, Result};

/// Whether a file of that name holds TypeScript.
pub(crate) fn is_typescript(name: &str) -> bool {
    [".ts", ".mts", ".cts"].iter().any(|ending| name.ends_with(ending))
}

/// The code without its types.
///
/// # Errors
///
/// [`Error::TypeScript`], for now always.
pub(crate) fn strip(_code: &str, name: &str) -> Result<String> {
    let message = "TypeScript is not supported yet; take the types out and run it as JavaScript".to_owned();
    Err(Error::TypeScript { name: name.to_owned(), line: 1, column: 1, message })
}
