//! Bearer tokens: who may ask. Tokens themselves are not kept, only their hashes.

use std::collections::HashMap;
use std::fmt;

use sha2::{Digest, Sha256};

/// The shortest token that is accepted, in bytes: 128 bits in hexadecimal digits.
const TOKEN_BYTES_MIN: usize = 32;

/// The most tokens that one server has.
const TOKENS_MAX: usize = 10_000;

/// The tokens that a server accepts, each with the name of the client that holds it.
#[derive(Clone, Default)]
pub struct Tokens(HashMap<[u8; 32], String>);

/// What is wrong with a list of tokens. It is told without the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenProblem {
    /// A line that is not a name and a token.
    #[error("line {line} is not `NAME TOKEN`")]
    Form {
        /// Which line, from 1.
        line: usize,
    },
    /// A token that could be guessed.
    #[error("the token on line {line} is shorter than {TOKEN_BYTES_MIN} characters")]
    Short {
        /// Which line, from 1.
        line: usize,
    },
    /// A name or a token that is there twice.
    #[error("the name or the token on line {line} is there already")]
    Twice {
        /// Which line, from 1.
        line: usize,
    },
    /// More tokens than a server has.
    #[error("there are more than {TOKENS_MAX} tokens")]
    Many,
    /// No token at all, where there should be some.
    #[error("there is no token in it")]
    None,
}

impl Tokens {
    /// Reads tokens, each on a line `NAME TOKEN`; empty lines, and those that begin with `#`, say nothing.
    ///
    /// # Errors
    ///
    /// [`TokenProblem`] names the first line that is wrong.
    ///
    /// ```
    /// use belljar_mcp::Tokens;
    ///
    /// assert!(Tokens::parse("alice 0123456789abcdef0123456789abcdef\n").is_ok());
    /// assert!(Tokens::parse("alice secret\n").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, TokenProblem> {
        let mut tokens = Self::default();
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line_number = number + 1;
            let mut words = line.split_whitespace();
            let (Some(name), Some(token), None) = (words.next(), words.next(), words.next()) else {
                return Err(TokenProblem::Form { line: line_number });
            };
            if token.len() < TOKEN_BYTES_MIN {
                return Err(TokenProblem::Short { line: line_number });
            }
            let is_known = tokens.0.values().any(|known| known == name);
            if is_known || tokens.0.insert(hash(token), name.to_owned()).is_some() {
                return Err(TokenProblem::Twice { line: line_number });
            }
            if tokens.0.len() > TOKENS_MAX {
                return Err(TokenProblem::Many);
            }
        }
        if tokens.0.is_empty() { Err(TokenProblem::None) } else { Ok(tokens) }
    }

    /// Whether anybody may ask.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose token it is. Hashes are looked up, so that the time it takes says nothing of a token.
    pub(super) fn holder(&self, token: &str) -> Option<&str> {
        self.0.get(&hash(token)).map(String::as_str)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tokens", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_line_by_line() {
        let (one, two) = ("a".repeat(32), "b".repeat(40));
        let tokens = Tokens::parse(&format!("# ours\n\n alice  {one}\nbob {two}\n")).unwrap();
        assert_eq!(
            (tokens.holder(&one), tokens.holder(&two), tokens.holder("a")),
            (Some("alice"), Some("bob"), None)
        );
        assert_eq!(format!("{tokens:?}"), "2 tokens");
        for (text, problem) in [
            (String::new(), TokenProblem::None),
            ("alice".to_owned(), TokenProblem::Form { line: 1 }),
            (format!("\nalice {one} x"), TokenProblem::Form { line: 2 }),
            ("alice short".to_owned(), TokenProblem::Short { line: 1 }),
            (format!("alice {one}\nbob {one}"), TokenProblem::Twice { line: 2 }),
            (format!("alice {one}\nalice {two}"), TokenProblem::Twice { line: 2 }),
        ] {
            assert_eq!(Tokens::parse(&text).unwrap_err(), problem, "{text:?}");
        }
    }
}
