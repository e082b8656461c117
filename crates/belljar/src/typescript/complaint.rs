//! What is wrong with code that cannot be read, in the form that the JavaScript engine gives to its own errors of syntax.

use unicode_width::UnicodeWidthChar;

use crate::engine::erase::Complaint;
use crate::outcome::GuestError;

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
    (
        "TypeScript import equals",
        "`import name = ...` is code and not a type; write `import ... from` instead",
    ),
    ("TypeScript export assignment", "`export =` is code and not a type; write `export default` instead"),
    ("angle-bracket syntax", "`<T>value` cannot be taken out; write `value as T` instead"),
    (
        "would change binary expression grouping",
        "without its type this would be computed in another order; put parentheses around `value as T`",
    ),
];

/// The parser's complaint as the JavaScript engine shows an error of syntax, in our words where we have better ones.
pub(super) fn syntax_error(name: &str, code: &str, complaint: &Complaint) -> GuestError {
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
pub(super) fn too_deep() -> GuestError {
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
    code.split_inclusive(['\n', '\r'])
        .scan(false, |after_return, line| {
            let joined = *after_return && line == "\n";
            *after_return = line.ends_with('\r');
            Some((!joined).then_some(line))
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_what_editors_count() {
        assert_eq!(column("let x: = 1", 1, 7), 8);
        assert_eq!(column("\tlet x: = 1", 1, 11), 9);
        assert_eq!(column("\u{1f600}\u{6f22}\u{e9}\u{301}x", 1, 5), 5);
        assert_eq!(column("a\r\nbc\rd\n\nef", 2, 1), 2);
        assert_eq!(column("a\r\nbc\rd\n\nef", 5, 1), 2);
        assert_eq!(column("a", 9, 9), 1);
    }
}
