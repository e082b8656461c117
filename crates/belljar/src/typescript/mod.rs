//! TypeScript becomes JavaScript: its types are taken out, and nothing else changes its place.
//!
//! What would need more than that (enums, namespaces with code in them, parameter properties) is an error of the code that says what to write
//! instead.

mod align;
mod complaint;

use std::sync::OnceLock;

use crate::engine::erase::{self, Eraser, Failure};
use crate::engine::image::Image;
use crate::engine::reading::{Budget, ReadTypes, Reading, Unread};
use crate::error::Result;
use crate::outcome::GuestError;

/// The byte order mark.
const MARK: char = '\u{feff}';

/// Whether a file of that name holds TypeScript.
pub(crate) fn is_typescript(name: &str) -> bool {
    [".ts", ".mts", ".cts"].iter().any(|ending| name.ends_with(ending))
}

/// Whether a file of that name holds markup between its code.
pub(crate) fn is_jsx(name: &str) -> bool {
    [".tsx", ".jsx"].iter().any(|ending| name.ends_with(ending))
}

/// The parser of a jar, which is found beside the jar's image, or where images are usually kept, at first use.
pub(crate) struct Types {
    image: Image,
    eraser: OnceLock<Eraser>,
}

impl Types {
    /// Finds nothing yet.
    pub(crate) fn beside(image: Image) -> Self {
        Self { image, eraser: OnceLock::new() }
    }

    /// # Errors
    ///
    /// [`Error::NoImage`](crate::Error::NoImage) when it is not installed.
    pub(crate) fn eraser(&self) -> Result<&Eraser> {
        if let Some(eraser) = self.eraser.get() {
            return Ok(eraser);
        }
        let image = Image::open_in(self.image.runtime(), erase::IMAGE, &self.image.near())?;
        let eraser = Eraser::new(&image)?;
        Ok(self.eraser.get_or_init(|| eraser))
    }
}

impl ReadTypes for Types {
    fn read<'a>(&'a self, name: &'a str, code: &'a str, budget: Budget) -> Reading<'a> {
        Box::pin(async move {
            match self.eraser() {
                Ok(eraser) => read(eraser, name, code, budget).await,
                Err(error) => (Err(Unread::Wrong(not_to_be_had(name, &error))), budget),
            }
        })
    }
}

fn not_to_be_had(name: &str, error: &crate::Error) -> GuestError {
    let message = format!("{name} is TypeScript, which cannot be read here: {error}");
    GuestError { r#type: "Error".to_owned(), traceback: message.clone(), message, line: None }
}

/// The code without its types, read within what a run has left, and what it has left then.
pub(crate) async fn read(
    eraser: &Eraser,
    name: &str,
    code: &str,
    budget: Budget,
) -> (std::result::Result<String, Unread>, Budget) {
    // The parser would drop the mark that some editors put before the text. It means nothing in JavaScript either.
    let text = code.strip_prefix(MARK).unwrap_or(code);
    let (read, budget) = eraser.erase(text, budget).await;
    let read = read.and_then(|erased| align::align(text, &erased)).map_err(|failure| match failure {
        Failure::Complaint(complaint) => Unread::Wrong(complaint::syntax_error(name, text, &complaint)),
        Failure::TooDeep => Unread::Wrong(complaint::too_deep()),
        Failure::Stopped(stop) => Unread::Stopped(stop),
        Failure::Broken(reason) => Unread::Broken(reason),
    });
    (read, budget)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_what_is_in_a_file() {
        assert!(["a.ts", "a.mts", "a.cts", "a.d.ts"].into_iter().all(is_typescript));
        assert!(!["a.js", "ts", "a.tsx", "a.TS", ""].into_iter().any(is_typescript));
        assert!(is_jsx("a.tsx") && is_jsx("a.jsx") && !is_jsx("a.ts"));
    }
}
