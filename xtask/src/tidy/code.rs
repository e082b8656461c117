//! Rust source as the rules read it: comments and tests blanked out, line for line.
//!
//! Not a parser. It knows just enough of the language (comments, strings, characters, braces) not to be fooled by them.

use std::ops::Range;

/// One Rust file, with every blanked byte replaced by a space, so that offsets and lines stay as they were.
pub(super) struct Code {
    /// Without comments, strings and tests.
    pub(super) bare: String,
    /// Without comments and tests.
    pub(super) with_strings: String,
    /// Lines of `#[cfg(test)]` items, from 1.
    test_lines: Vec<Range<usize>>,
}

/// A function and where it stands.
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    /// From 1.
    pub(super) line: usize,
    /// From its signature to its closing brace.
    pub(super) lines: usize,
}

impl Code {
    pub(super) fn read(text: &str) -> Self {
        let (mut bare, mut with_strings) = blank(text);
        let tests = test_items(&bare);
        let test_lines = tests.iter().map(|range| line_of(text, range.start)..line_of(text, range.end) + 1);
        let test_lines = test_lines.collect();
        for range in tests {
            cover(&mut bare, range.clone());
            cover(&mut with_strings, range);
        }
        let text_of = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { bare: text_of(bare), with_strings: text_of(with_strings), test_lines }
    }

    /// The number of lines outside tests, of `total`.
    pub(super) fn lines_without_tests(&self, total: usize) -> usize {
        total.saturating_sub(self.test_lines.iter().map(ExactSizeIterator::len).sum())
    }

    /// Lines, from 1, in which `word` stands by itself.
    pub(super) fn lines_with<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        find_words(&self.bare, word).map(|at| line_of(&self.bare, at))
    }

    /// Every function that has a body.
    pub(super) fn functions(&self) -> Vec<Function<'_>> {
        find_words(&self.bare, "fn").filter_map(|at| function_at(&self.bare, at)).collect()
    }
}

/// Where `word` stands in `text` and is not a part of a longer word.
pub(super) fn find_words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part_of_word = |letter: Option<char>| letter.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !part_of_word(before) && !part_of_word(after)
    })
}

/// The line, from 1, of an offset.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn function_at(text: &str, at: usize) -> Option<Function<'_>> {
    let rest = text[at + 2..].trim_start();
    let name = &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_')?];
    // A function type (`fn(u32) -> u32`) has no name, and a method of a trait may have no body.
    let open = at + body(&text[at..])?;
    if name.is_empty() || text.as_bytes()[open] == b';' {
        return None;
    }
    let line = line_of(text, at);
    Some(Function { name, line, lines: line_of(text, closing(text.as_bytes(), open)) - line + 1 })
}

/// Where the body begins, or the semicolon stands that says that there is none.
fn body(signature: &str) -> Option<usize> {
    let mut depth = 0;
    signature.bytes().position(|byte| {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            _ => {}
        }
        depth == 0 && (byte == b'{' || byte == b';')
    })
}

/// The offset of the brace that closes the one at `open`, or the end.
fn closing(text: &[u8], open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in text.iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Ranges of items that only tests see.
fn test_items(bare: &[u8]) -> Vec<Range<usize>> {
    const MARK: &[u8] = b"#[cfg(test)]";
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(start) = bare[at..].windows(MARK.len()).position(|window| window == MARK) {
        let start = at + start;
        let body = bare[start..].iter().position(|byte| *byte == b'{' || *byte == b';');
        let open = body.map_or(bare.len(), |offset| start + offset);
        let end = if bare.get(open) == Some(&b'{') { closing(bare, open) } else { open };
        at = (end + 1).min(bare.len());
        found.push(start..at);
    }
    found
}

fn cover(text: &mut [u8], range: Range<usize>) {
    text[range].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

/// The text without comments and strings, and without comments alone.
fn blank(text: &str) -> (Vec<u8>, Vec<u8>) {
    let mut bare = text.as_bytes().to_vec();
    let mut with_strings = bare.clone();
    let mut at = 0;
    while at < bare.len() {
        let rest = &text.as_bytes()[at..];
        if let Some(len) = comment(rest) {
            cover(&mut bare, at..at + len);
            cover(&mut with_strings, at..at + len);
            at += len;
        } else if let Some(len) = string(rest, at > 0 && is_word(text.as_bytes()[at - 1])) {
            cover(&mut bare, at..at + len);
            at += len;
        } else {
            at += 1;
        }
    }
    (bare, with_strings)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The length of the comment that `text` begins with.
fn comment(text: &[u8]) -> Option<usize> {
    if text.starts_with(b"//") {
        return Some(text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len()));
    }
    if !text.starts_with(b"/*") {
        return None;
    }
    let (mut depth, mut at) = (1, 2);
    while at < text.len() && depth > 0 {
        let step = match text.get(at..at + 2) {
            Some(b"/*") => (1, 2),
            Some(b"*/") => (-1, 2),
            _ => (0, 1),
        };
        depth += step.0;
        at += step.1;
    }
    Some(at.min(text.len()))
}

/// The length of the string or character that `text` begins with. A prefix (`b`, `r#`) counts unless it ends a word.
fn string(text: &[u8], within_word: bool) -> Option<usize> {
    let prefix = text.iter().take_while(|byte| b"brc".contains(byte)).count().min(2);
    let prefix = if within_word { 0 } else { prefix };
    let hashes = text[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let raw = prefix > 0 && text[..prefix].contains(&b'r');
    match text.get(prefix + hashes) {
        Some(b'"') if raw => {
            let end = [&b"\""[..], &b"#".repeat(hashes)].concat();
            let start = prefix + hashes + 1;
            let found = text[start..].windows(end.len()).position(|window| window == end);
            Some(found.map_or(text.len(), |at| start + at + end.len()))
        }
        Some(b'"') if hashes == 0 => Some(quoted(text, prefix + 1, b'"')),
        Some(b'\'') if hashes == 0 && is_character(&text[prefix..]) => Some(quoted(text, prefix + 1, b'\'')),
        _ => None,
    }
}

/// Whether the `'` at the start begins a character and not a lifetime.
fn is_character(text: &[u8]) -> bool {
    match text.get(1) {
        Some(b'\\') => true,
        Some(byte) if byte.is_ascii() => text.get(2) == Some(&b'\''),
        Some(_) => true,
        None => false,
    }
}

/// The offset after the closing `quote`.
fn quoted(text: &[u8], mut at: usize, quote: u8) -> usize {
    while let Some(byte) = text.get(at) {
        match *byte {
            b'\\' => at += 2,
            found if found == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_tests_are_blanked() {
        let text = "let a = \"wasmtime // \\\" no\"; // wasmtime\nlet b: &'a str = r#\"x\"y\"#; /* a /* b */ { */ let c = '{';\n\
                    #[cfg(test)]\nmod tests {\n    wasmtime();\n}\nlet d = b'\"';";
        let code = Code::read(text);
        assert_eq!(code.lines_with("wasmtime").count(), 0);
        assert!(!code.bare.contains('{') && code.bare.contains("let d"));
        assert!(code.with_strings.contains("\"wasmtime //") && !code.with_strings.contains("wasmtime()"));
        assert_eq!(code.lines_without_tests(7), 3);
        assert_eq!(code.bare.len(), text.len());
    }

    #[test]
    fn functions_are_measured_from_signature_to_brace() {
        let code =
            Code::read("trait T { fn none(&self); }\nfn two(f: fn([u8; 2]) -> u8)\n  -> u8 {\n  f(1)\n}\n");
        let found: Vec<_> = code.functions().iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, [("two", 2, 4)]);
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(find_words("Instant Instantly my_Instant std::time::Instant", "Instant").count(), 2);
    }
}
