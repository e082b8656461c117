//! Changes of copy-on-write mounts as a unified diff.

use std::fmt::Write;
use std::time::Duration;

use similar::TextDiff;

use super::Files;
use super::changes::{Difference, is_chosen};
use super::error::FileError;
use super::hosted::Hosted;
use super::kind::Kind;
use super::node::{Body, Id};
use super::space::Space;
use crate::outcome::{ChangeKind, FileKind};

/// The largest file whose lines are compared.
const COMPARED_BYTES_MAX: u64 = 1024 * 1024;

/// The longest diff of all files together.
const DIFF_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long one file may be compared; after that the difference is shown as one block.
const COMPARE_TIME: Duration = Duration::from_millis(500);

/// How a text is told from other data: by NUL bytes near its beginning.
const LOOKED_AT_BYTES: usize = 8000;

/// One side of a comparison.
enum Side {
    Nothing,
    Text(String),
    /// Not text, or too long to be compared.
    Data(&'static str),
}

impl Files {
    /// The changes at and below a path, as a unified diff with the host's files on the left. What is no text is named and not shown.
    pub(crate) fn diff(&mut self, path: &str) -> String {
        let differences = self.differences(usize::MAX);
        let mut text = String::new();
        for difference in differences.iter().filter(|difference| is_chosen(&difference.path, path)) {
            if text.len() > DIFF_BYTES_MAX {
                text += "the rest of the diff is left out: it is too long\n";
                break;
            }
            self.space().show(difference, &mut text);
        }
        text
    }
}

impl Space {
    fn show(&self, difference: &Difference, text: &mut String) {
        let shown = shown_path(&difference.path);
        if difference.is == FileKind::Directory {
            let done = if difference.kind == ChangeKind::Deleted { "deleted" } else { "added" };
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(text, "Directory {shown} {done}");
            return;
        }
        let old = match &difference.print {
            Some(print) => self.lower_side(&difference.place, print.kind),
            None => Side::Nothing,
        };
        let new = match difference.node {
            Some(number) => self.own_side(number),
            None => Side::Nothing,
        };
        let (before, after) = (header('a', &shown, &old), header('b', &shown, &new));
        match (old, new) {
            (Side::Data(why), _) | (_, Side::Data(why)) => {
                let _ = writeln!(text, "{why} {before} and {after} differ");
            }
            (old, new) => {
                let (old, new) = (old.into_text(), new.into_text());
                let diff = TextDiff::configure().timeout(COMPARE_TIME).diff_lines(&*old, &*new);
                let shown = diff.unified_diff().header(&before, &after).to_string();
                if shown.is_empty() {
                    let _ = writeln!(text, "--- {before}\n+++ {after}");
                }
                *text += &shown;
            }
        }
    }

    /// What the host has now.
    fn lower_side(&self, place: &Hosted, kind: Kind) -> Side {
        let read = || -> Result<Side, FileError> {
            let source = self.tree.mounts.source(place)?;
            if kind == Kind::Link {
                return Ok(Side::of_link(&source.link_target(place)?));
            }
            let file = source.open_file(place, false)?;
            Side::read(file.stat()?.size, |into| file.read(0, into))
        };
        read().unwrap_or(Side::Data("Unreadable files"))
    }

    /// What the session has.
    fn own_side(&self, number: u64) -> Side {
        let id = Id::Made(number);
        let Some(node) = self.tree.node(&id) else { return Side::Nothing };
        match &node.body {
            Body::Link(target) => Side::of_link(target),
            body => Side::read(body.size(), |into| self.read_node(&id, 0, into))
                .unwrap_or(Side::Data("Unreadable files")),
        }
    }
}

impl Side {
    fn read(size: u64, read: impl FnOnce(&mut [u8]) -> Result<usize, FileError>) -> Result<Self, FileError> {
        if size > COMPARED_BYTES_MAX {
            return Ok(Self::Data("Large files"));
        }
        let mut bytes = vec![0; usize::try_from(size).map_err(|_| FileError::TooBig)?];
        let count = read(&mut bytes)?;
        bytes.truncate(count);
        if bytes.iter().take(LOOKED_AT_BYTES).any(|byte| *byte == 0) {
            return Ok(Self::Data("Binary files"));
        }
        Ok(String::from_utf8(bytes).map_or(Self::Data("Binary files"), Self::Text))
    }

    fn of_link(target: &str) -> Self {
        Self::Text(format!("symbolic link to {}\n", shown_path(target)))
    }

    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Nothing | Self::Data(_) => String::new(),
        }
    }
}

fn header(side: char, shown: &str, what: &Side) -> String {
    match (what, shown.strip_prefix('"')) {
        (Side::Nothing, _) => "/dev/null".to_owned(),
        (_, Some(quoted)) => format!("\"{side}{quoted}"),
        (_, None) => format!("{side}{shown}"),
    }
}

/// A path as one word of a line: quoted and escaped where it could be taken for something else.
fn shown_path(path: &str) -> String {
    let odd = |letter: char| {
        letter.is_control()
            || "\"\\".contains(letter)
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if !path.contains(odd) {
        return path.to_owned();
    }
    let mut text = String::from("\"");
    for letter in path.chars() {
        if odd(letter) {
            text.extend(letter.escape_unicode());
        } else {
            text.push(letter);
        }
    }
    text + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_pass_for_another_line() {
        assert_eq!(shown_path("/work/a b"), "/work/a b");
        let shown = shown_path("/work/a\n+++ b/x\u{202e}");
        assert_eq!(shown, "\"/work/a\\u{a}+++ b/x\\u{202e}\"");
        assert_eq!(header('b', &shown, &Side::Text(String::new())), "\"b/work/a\\u{a}+++ b/x\\u{202e}\"");
    }
}
