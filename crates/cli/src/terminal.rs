//! Makes what a guest prints harmless for a terminal: whatever would do more than show itself is shown as text.

use std::fmt::Write;

/// A stream of output on its way to a terminal. Characters may be cut anywhere between two writes.
#[derive(Debug, Default)]
pub(crate) struct Neutral {
    /// The beginning of a character, or a carriage return: what comes next decides.
    waiting: Vec<u8>,
}

impl Neutral {
    /// The text to show for `bytes`, the next that were printed.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> String {
        self.waiting.extend_from_slice(bytes);
        let keep = unfinished(&self.waiting);
        let rest = self.waiting.split_off(self.waiting.len() - keep);
        let now = std::mem::replace(&mut self.waiting, rest);
        neutralise(&now)
    }

    /// The text to show for what was still waiting at the end.
    pub(crate) fn finish(&mut self) -> String {
        neutralise(&std::mem::take(&mut self.waiting))
    }
}

/// The text to show for bytes that are complete.
pub(crate) fn neutralise(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut letters = chunk.valid().chars().peekable();
        while let Some(letter) = letters.next() {
            // The end of a line as some systems write it overwrites nothing.
            if letter == '\r' && letters.peek() == Some(&'\n') {
                continue;
            }
            push(&mut shown, letter);
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(shown, "<{byte:02X}>");
        }
    }
    shown
}

/// How many bytes at the end could still become something else.
fn unfinished(bytes: &[u8]) -> usize {
    if bytes.last() == Some(&b'\r') { 1 } else { unfinished_character(bytes) }
}

/// How many bytes at the end are the beginning of a character.
pub(crate) fn unfinished_character(bytes: &[u8]) -> usize {
    // At most three bytes are waiting for the rest of their character.
    let from = bytes.len().saturating_sub(3);
    let Some(start) = bytes[from..].iter().rposition(|byte| byte & 0xc0 != 0x80).map(|at| from + at) else {
        return 0;
    };
    match std::str::from_utf8(&bytes[start..]) {
        Err(error) if error.error_len().is_none() => bytes.len() - start - error.valid_up_to(),
        _ => 0,
    }
}

/// Adds a character as it is, or the notation that says which one it was.
fn push(shown: &mut String, letter: char) {
    let code = u32::from(letter);
    let _ = match letter {
        '\n' | '\t' => shown.write_char(letter),
        // ^[ for ESC, ^G for BEL, ^M for CR, ^? for DEL.
        '\0'..='\x1f' | '\x7f' => write!(shown, "^{}", char::from_u32(code ^ 0x40).unwrap_or('?')),
        // The second set of control characters.
        '\u{80}'..='\u{9f}' => write!(shown, "<U+{code:04X}>"),
        // What changes the direction of other text, hides, or breaks lines where none seem to be.
        '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' => {
            write!(shown, "<U+{code:04X}>")
        }
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => write!(shown, "<U+{code:04X}>"),
        _ => shown.write_char(letter),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_shown_as_text() {
        let cases: [(&[u8], &str); 9] = [
            (b"plain \xc3\xa4\n\ttext", "plain ä\n\ttext"),
            (b"\x1b[31mred\x1b]0;title\x07", "^[[31mred^[]0;title^G"),
            (b"good\rbad", "good^Mbad"),
            (b"line\r\n", "line\n"),
            (b"\x08\x7f\0", "^H^?^@"),
            ("\u{9b}31m".as_bytes(), "<U+009B>31m"),
            (b"\x9b31m", "<9B>31m"),
            ("\u{202e}gpj.exe".as_bytes(), "<U+202E>gpj.exe"),
            ("👩\u{200d}👩".as_bytes(), "👩\u{200d}👩"),
        ];
        cases.into_iter().for_each(|(bytes, expected)| assert_eq!(neutralise(bytes), expected));
    }

    #[test]
    fn a_cut_changes_nothing() {
        let bytes = "a\r\nä€😀\r\u{202e}\u{9b}x\r"
            .as_bytes()
            .iter()
            .copied()
            .chain(*b"\xff\xe2\x82")
            .collect::<Vec<u8>>();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let mut neutral = Neutral::default();
                let parts = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                let shown: String = parts.into_iter().map(|part| neutral.write(part)).collect();
                assert_eq!(shown + &neutral.finish(), neutralise(&bytes), "{first} {second}");
            }
        }
    }
}
