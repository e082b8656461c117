//! TypeScript becomes JavaScript: its types are taken out, and nothing else changes its place.
//!
//! What would need more than that (enums, namespaces with code in them, parameter properties) is an error of the code that says what to write
//! instead.

use unicode_width::UnicodeWidthChar;

use crate::engine::erase::{Complaint, Eraser, Failure};
use crate::engine::instance::{Instance, Unread};
use crate::outcome::GuestError;

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
    let (read, budget) = eraser.erase(code, instance.lend()).await;
    instance.take_back(budget);
    read.and_then(|javascript| keep_apart(code, javascript)).map_err(|failure| match failure {
        Failure::Complaint(complaint) => Unread::Wrong(syntax_error(name, code, &complaint)),
        Failure::TooDeep => Unread::Wrong(too_deep()),
        Failure::Stopped(stop) => Unread::Stopped(stop),
        Failure::Broken(reason) => Unread::Broken(reason),
    })
}

/// Declarations that can stand where a line begins and leave nothing behind.
const DECLARATIONS: [&str; 11] = [
    "abstract", "declare", "export", "function", "global", "import", "interface", "module", "namespace", "static",
    "type",
];

/// Puts a semicolon in the place of a declaration that was taken out, where the line after it would otherwise go on with the one before:
/// `a = b`, then a type, then `[c].map(d)`. The parser sees to that itself, except where the declaration ended with a semicolon, or where
/// it is a member of a class.
fn keep_apart(code: &str, javascript: String) -> Result<String, Failure> {
    let mut bytes = javascript.into_bytes();
    let source = code.as_bytes();
    if bytes.len() != source.len() {
        return Err(Failure::Broken("it has changed the length of the code".to_owned()));
    }
    let mut pending: Option<usize> = None;
    // Whether the last thing that is not space was left in the code.
    let mut after_kept = true;
    let mut at = 0;
    while let Some(&byte) = source.get(at) {
        let kept = bytes[at] == byte;
        if byte.is_ascii_whitespace() {
        } else if !kept {
            if after_kept && pending.is_none() && bytes[at] == b' ' && begins_declaration(&source[at..]) {
                pending = Some(at);
            }
            after_kept = false;
        } else {
            after_kept = true;
            if let Some(place) = pending {
                if let Some(length) = comment(&source[at..]) {
                    at += length;
                    continue;
                }
                if b"([`+-/*".contains(&byte) {
                    bytes[place] = b';';
                }
                pending = None;
            }
        }
        at += 1;
    }
    String::from_utf8(bytes).map_err(|_| Failure::Broken("it has cut a character in two".to_owned()))
}

fn begins_declaration(source: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'$' || !byte.is_ascii();
    let length = source.iter().position(|byte| !is_letter(byte)).unwrap_or(source.len());
    DECLARATIONS.iter().any(|word| word.as_bytes() == &source[..length])
}

/// The length of the comment that the text begins with.
fn comment(source: &[u8]) -> Option<usize> {
    let end = |mark: &[u8]| source.windows(mark.len()).skip(2).position(|bytes| bytes == mark);
    match source.first_chunk()? {
        b"//" => Some(end(b"\n").map_or(source.len(), |length| length + 2)),
        b"/*" => Some(end(b"*/").map_or(source.len(), |length| length + 4)),
        _ => None,
    }
}

/// What to write instead of what needs more than taking types out: a part of the parser's message, and what we say.
const INSTEAD: [(&str, &str); 7] = [
    (
        "TypeScript enum",
        "an enum is code and not a type; write `const Name = { A: 0, B: 1 } as const` instead",
    ),
    (
        "TypeScript namespace",
        "a namespace with code in it is not a type; write an object or plain functions instead",
    ),
    (
        "TypeScript parameter property",
        "a parameter property is code and not a type; declare the field, and set it in the constructor",
    ),
    ("TypeScript import equals", "`import name = ...` is code and not a type; write `import ... from` instead"),
    ("TypeScript export assignment", "`export =` is code and not a type; write `export default` instead"),
    ("angle-bracket syntax", "`<T>value` cannot be taken out; write `value as T` instead"),
    (
        "would change binary expression grouping",
        "without its type this would be computed in another order; put parentheses around `value as T`",
    ),
];

/// The parser's complaint as the JavaScript engine shows an error of syntax, in our words where we have better ones.
fn syntax_error(name: &str, code: &str, complaint: &Complaint) -> GuestError {
    let ours = INSTEAD.iter().find(|(part, _)| complaint.message.contains(part));
    let message = ours.map_or(complaint.message.as_str(), |(_, ours)| ours);
    let (line, column) = (complaint.line, column(code, complaint.line, complaint.shown_column));
    GuestError {
        r#type: "SyntaxError".to_owned(),
        message: message.to_owned(),
        traceback: format!("SyntaxError: {message}\n    at {name}:{line}:{column}"),
        line: Some(line),
    }
}

/// What the JavaScript engine says of code that is nested too deep for it.
fn too_deep() -> GuestError {
    let (r#type, message) = ("RangeError".to_owned(), "Maximum call stack size exceeded".to_owned());
    let traceback = format!("{type}: {message}");
    GuestError { r#type, message, traceback, line: None }
}

/// The column, from 1, in the units that JavaScript and editors count, of the place that a terminal would show at `shown`.
fn column(code: &str, line: u32, shown: u32) -> u32 {
    let line = lines(code).nth(line.saturating_sub(1) as usize).unwrap_or_default();
    let (mut width, mut column) = (0, 1);
    for letter in line.chars().take_while(|letter| !"\r\n".contains(*letter)) {
        if width >= shown as usize {
            break;
        }
        width += if letter == '\t' { 4 } else { letter.width().unwrap_or(0) };
        column += letter.len_utf16();
    }
    u32::try_from(column).unwrap_or(u32::MAX)
}

/// The lines as the parser counts them: a carriage return ends one, too.
fn lines(code: &str) -> impl Iterator<Item = &str> {
    code.split_inclusive(['\n', '\r']).scan(false, |after_return, line| {
        let joined = *after_return && line == "\n";
        *after_return = line.ends_with('\r');
        Some((!joined).then_some(line))
    }).flatten()
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

    #[test]
    fn columns_are_counted_in_what_editors_count() {
        assert_eq!(column("let x: = 1", 1, 7), 8);
        assert_eq!(column("\tlet x: = 1", 1, 11), 9);
        assert_eq!(column("\u{1f600}\u{6f22}\u{e9}\u{301}x", 1, 5), 5);
        assert_eq!(column("a\r\nbc\rd\n\nef", 2, 1), 2);
        assert_eq!(column("a\r\nbc\rd\n\nef", 5, 1), 2);
        assert_eq!(column("a", 9, 9), 1);
    }

    fn apart(code: &str, javascript: &str) -> String {
        keep_apart(code, javascript.to_owned()).unwrap()
    }

    #[test]
    fn a_declaration_that_is_gone_still_ends_the_line_before_it() {
        assert_eq!(apart("a = b\ntype X = 1\n;[c]", "a = b\n          \n [c]"), "a = b\n;         \n [c]");
        assert_eq!(apart("a\ndeclare let x: 1\n(c)", "a\n                \n(c)"), "a\n;               \n(c)");
        let comments = "a = b\ntype X = 1 // one [\n/* two */;[c]";
        assert_eq!(apart(comments, "a = b\n           // one [\n/* two */ [c]"), "a = b\n;          // one [\n/* two */ [c]");
    }

    #[test]
    fn nothing_is_put_where_nothing_could_be_misread() {
        for (code, javascript) in [
            ("a\ntype X = 1\nb", "a\n          \nb"),
            ("f<\ntype\n>(x)", "f \n    \n (x)"),
            ("let a: type\n(x)", "let a      \n(x)"),
            ("x = y as type\n[0]", "x = y        \n[0]"),
            ("type X = 1", "          "),
            ("import {type A, B} from 'x'", "import {        B} from 'x'"),
            ("import {type A} from 'x' /", "import {      } from 'x' /"),
        ] {
            assert_eq!(apart(code, javascript), javascript);
        }
    }

    #[test]
    fn what_is_not_the_code_is_refused() {
        assert!(keep_apart("abc", "ab".to_owned()).is_err());
    }
}
