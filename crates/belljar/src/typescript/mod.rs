//! TypeScript becomes JavaScript: its types are taken out, and nothing else changes its place.
//!
//! What would need more than that (enums, namespaces with code in them, parameter properties) is an error of the code that says what to write
//! instead.

mod align;
mod complaint;

use crate::engine::erase::{Eraser, Failure};
use crate::engine::instance::{Instance, Unread};

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

/// The code without its types, read within what the run of `instance` has left.
pub(crate) async fn read(
    eraser: &Eraser,
    instance: &mut Instance,
    name: &str,
    code: &str,
) -> Result<String, Unread> {
    // The parser would drop the mark that some editors put before the text. It means nothing in JavaScript either.
    let text = code.strip_prefix(MARK).unwrap_or(code);
    let (read, budget) = eraser.erase(text, instance.lend()).await;
    instance.take_back(budget);
    read.and_then(|erased| align::align(text, &erased)).map_err(|failure| match failure {
        Failure::Complaint(complaint) => Unread::Wrong(complaint::syntax_error(name, text, &complaint)),
        Failure::TooDeep => Unread::Wrong(complaint::too_deep()),
        Failure::Stopped(stop) => Unread::Stopped(stop),
        Failure::Broken(reason) => Unread::Broken(reason),
    })
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
