//! Puts what the parser left of the code back to where it stood, and apart from what it was apart from.

use std::str::Chars;

use crate::engine::erase::Failure;

/// The first words of declarations that leave nothing behind, and what could go on with the line before them when they are gone.
const DECLARATIONS: ([&str; 11], &str) = (
    [
        "abstract",
        "declare",
        "export",
        "function",
        "global",
        "import",
        "interface",
        "module",
        "namespace",
        "static",
        "type",
    ],
    "([`+-/*",
);

/// The same of what can stand behind a value and ends its line.
const CASTS: ([&str; 2], &str) = (["as", "satisfies"], "([`");

/// Something that was taken out, and that nothing but space and comments has followed yet.
struct Gone {
    place: usize,
    goes_on: &'static str,
}

/// The JavaScript in `erased`, with every character that was not taken out at the place that it has in `code`, in bytes as in UTF-16. The
/// parser puts a space for each unit of UTF-16, which may be fewer bytes.
///
/// A semicolon is put in the place of what was taken out, where the line after it would otherwise go on with the one before: `a = b`, then a
/// type, then `[c].map(d)`. The parser sees to that itself, except where a declaration ended with a semicolon or is a member of a class, and
/// after `as const`.
///
/// # Errors
///
/// [`Failure::Broken`] when `erased` is not `code` with something taken out.
pub(super) fn align(code: &str, erased: &str) -> Result<String, Failure> {
    let mut javascript = String::with_capacity(code.len());
    let mut erased = erased.chars();
    let mut gone: Option<Gone> = None;
    let (mut after_kept, mut comment_end) = (true, 0);
    for (at, letter) in code.char_indices() {
        let place = javascript.len();
        let kept = copy(letter, &mut erased, &mut javascript)?;
        if letter.is_whitespace() {
            continue;
        }
        let begins = after_kept && !kept;
        after_kept = kept;
        if begins && gone.is_none() && javascript[place..] == *" " {
            gone = goes_on(&code[at..]).map(|goes_on| Gone { place, goes_on });
        }
        if !kept || at < comment_end {
            continue;
        }
        // Comments are looked for where they matter alone, since looking takes time.
        if let Some(length) = gone.as_ref().and_then(|_| comment(&code[at..])) {
            comment_end = at + length;
        } else if let Some(Gone { place, goes_on }) = gone.take()
            && goes_on.contains(letter)
        {
            javascript.replace_range(place..=place, ";");
        }
    }
    match erased.next() {
        None => Ok(javascript),
        Some(_) => Err(broken()),
    }
}

/// Copies a letter of the code as the parser has left it, and says whether it is still there.
fn copy(letter: char, erased: &mut Chars<'_>, javascript: &mut String) -> Result<bool, Failure> {
    let found = erased.next().ok_or_else(broken)?;
    if found == letter {
        javascript.push(letter);
        return Ok(true);
    }
    let mut units = found.len_utf16();
    while units < letter.len_utf16() {
        units += erased.next().ok_or_else(broken)?.len_utf16();
    }
    if units != letter.len_utf16() {
        return Err(broken());
    }
    javascript.push_str(match (found, letter.len_utf8()) {
        (' ', 1) => " ",
        (' ', 2) => "\u{a0}",
        (' ', 3) => "\u{2003}",
        (' ', _) => "\u{a0}\u{a0}",
        // What must stand somewhere to keep two things apart, or together.
        (';', 1) => ";",
        ('(', 1) => "(",
        (')', 1..=3) => ")",
        (')', _) => ")\u{2003}",
        _ => return Err(broken()),
    });
    Ok(false)
}

fn broken() -> Failure {
    Failure::Broken("it has changed more of the code than its types".to_owned())
}

/// What could go on with the line before, when that is gone which the code begins with.
fn goes_on(code: &str) -> Option<&'static str> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    let begins = |word: &&str| code.strip_prefix(*word).is_some_and(|rest| !rest.starts_with(is_part));
    if DECLARATIONS.0.iter().any(begins) {
        Some(DECLARATIONS.1)
    } else {
        CASTS.0.iter().any(begins).then_some(CASTS.1)
    }
}

/// The length of the comment that the code begins with.
fn comment(code: &str) -> Option<usize> {
    if code.starts_with("//") {
        Some(code.find('\n').unwrap_or(code.len()))
    } else {
        code.strip_prefix("/*").map(|rest| rest.find("*/").map_or(code.len(), |length| length + 4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(code: &str, erased: &str) -> String {
        let javascript = align(code, erased).unwrap();
        assert_eq!(javascript.len(), code.len());
        assert_eq!(javascript.encode_utf16().count(), code.encode_utf16().count());
        javascript
    }

    #[test]
    fn what_is_left_stays_where_it_was() {
        assert_eq!(aligned("x as number", "x          "), "x          ");
        let wide = "let x: '\u{e9}\u{6f22}\u{1f600}' = '\u{e9}\u{6f22}\u{1f600}'";
        let erased = "let x         = '\u{e9}\u{6f22}\u{1f600}'";
        let expected = "let x   \u{a0}\u{2003}\u{a0}\u{a0}  = '\u{e9}\u{6f22}\u{1f600}'";
        assert_eq!(aligned(wide, erased), expected);
    }

    #[test]
    fn what_is_gone_still_ends_the_line_before_it() {
        let cases = [
            ("a = b\ntype X = 1\n;[c]", "a = b\n          \n [c]", "a = b\n;         \n [c]"),
            ("a\ndeclare let x: 1\n(c)", "a\n                \n(c)", "a\n;               \n(c)"),
            (
                "a = b\ntype X = 1 // one [\n/* two */;[c]",
                "a = b\n           // one [\n/* two */ [c]",
                "a = b\n;          // one [\n/* two */ [c]",
            ),
            (
                "a\ntype X = 1\ninterface B {}\n[c]",
                "a\n          \n              \n[c]",
                "a\n;         \n              \n[c]",
            ),
        ];
        for (code, erased, expected) in cases {
            assert_eq!(aligned(code, erased), expected);
        }
    }

    #[test]
    fn nothing_is_put_where_nothing_could_be_misread() {
        for (code, erased) in [
            ("a\ntype X = 1\nb", "a\n          \nb"),
            ("f<\ntype\n>(x)", "f \n    \n (x)"),
            ("let a: type\n(x)", "let a      \n(x)"),
            ("x = (y as type)\n[0]", "x = (y        )\n[0]"),
            ("x as T\n/ 2", "x     \n/ 2"),
            ("type X = 1", "          "),
            ("typed: X\n(1)", "        \n(1)"),
            ("import {type A, B} from 'x'", "import {        B} from 'x'"),
        ] {
            assert_eq!(aligned(code, erased), erased);
        }
    }

    #[test]
    fn what_is_not_the_code_is_refused() {
        for (code, erased) in [
            ("abc", "ab"),
            ("ab", "abc"),
            ("abc", "axc"),
            ("\u{1f600}", " "),
            ("a", "\u{1f600}"),
            ("\u{e9}", ";"),
        ] {
            assert!(align(code, erased).is_err(), "{code} {erased}");
        }
    }
}
