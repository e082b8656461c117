//! Lines of input, none longer than a line may be.

use std::io::{self, BufRead, Read};

/// The longest line that is accepted: what the library accepts as code and data, with room for JSON's escapes.
pub(crate) const LINE_BYTES_MAX: usize = 96 * 1024 * 1024;

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is longer than a line may be.
    TooLong {
        /// The longest that is accepted.
        most: usize,
    },
    /// It is not UTF-8.
    NotUtf8 {
        /// The first byte that is wrong.
        offset: usize,
    },
}

/// Reads lines.
pub(crate) struct Lines<R> {
    from: R,
    most: usize,
}

impl<R: BufRead> Lines<R> {
    /// Reads lines from `from`.
    pub(crate) fn new(from: R) -> Self {
        Self { from, most: LINE_BYTES_MAX }
    }

    /// The next line without its end. What is too long is skipped, not held.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<String, Unreadable>>> {
        let mut line = Vec::new();
        let most = self.most;
        (&mut self.from).take(most as u64 + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if line.len() > most {
            self.skip()?;
            return Ok(Some(Err(Unreadable::TooLong { most })));
        }
        let text = String::from_utf8(line);
        Ok(Some(text.map_err(|error| Unreadable::NotUtf8 { offset: error.utf8_error().valid_up_to() })))
    }

    /// Skips the rest of the line.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let held = self.from.fill_buf()?;
            let (end, length) = (held.iter().position(|byte| *byte == b'\n'), held.len());
            self.from.consume(end.map_or(length, |end| end + 1));
            if end.is_some() || length == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_where_they_end_and_long_ones_skipped() {
        let mut lines = Lines { from: io::Cursor::new(b"1234\n12345\n\n\xff\nend"), most: 4 };
        let mut next = || lines.next().unwrap();
        assert_eq!(next(), Some(Ok("1234".to_owned())));
        assert_eq!(next(), Some(Err(Unreadable::TooLong { most: 4 })));
        assert_eq!(next(), Some(Ok(String::new())));
        assert_eq!(next(), Some(Err(Unreadable::NotUtf8 { offset: 0 })));
        assert_eq!(next(), Some(Ok("end".to_owned())));
        assert_eq!(next(), None);
    }
}
