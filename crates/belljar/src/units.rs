//! Sizes and durations as people write them: `64MiB`, `1GB`, `2s`, `500ms`.
//!
//! ```
//! use belljar::units::{Duration, Size};
//!
//! assert_eq!("64MiB".parse(), Ok(Size(64 << 20)));
//! assert_eq!("1.5s".parse(), Ok(Duration(1_500)));
//! assert!("64 megs".parse::<Size>().is_err());
//! ```

use std::fmt;
use std::str::FromStr;

/// A number of bytes. It is shown rounded up to one decimal: what is said to be enough must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// A number of milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration(pub u64);

/// Units of size. A bare letter is a power of 1024, as for Docker.
const SIZES: [(&str, u64); 12] = [
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("kb", 1_000),
    ("kib", 1 << 10),
    ("m", 1 << 20),
    ("mb", 1_000_000),
    ("mib", 1 << 20),
    ("g", 1 << 30),
    ("gb", 1_000_000_000),
    ("gib", 1 << 30),
    ("bytes", 1),
];

/// Units of time, in milliseconds. A bare number is seconds, as for `timeout`.
const DURATIONS: [(&str, u64); 6] =
    [("", 1_000), ("ms", 1), ("s", 1_000), ("m", 60_000), ("min", 60_000), ("h", 3_600_000)];

/// Digits after the point that are looked at.
const DECIMALS_MAX: usize = 9;

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text, &SIZES).map(Self).ok_or_else(|| "write a size as 65536, 64KiB, 64MiB or 1GB".to_owned())
    }
}

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a time as 500ms, 2s, 1.5s or 1m".to_owned();
        let ms = parse(text, &DURATIONS).ok_or_else(wrong)?;
        // What is below a millisecond must not quietly become nothing.
        let is_zero = !text.contains(|letter: char| ('1'..='9').contains(&letter));
        if ms == 0 && !is_zero { Err("the minimum is 1ms".to_owned()) } else { Ok(Self(ms)) }
    }
}

/// `text`, a decimal number and a unit, in the smallest unit of the table. None when it is anything else, or too large.
fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_ascii_lowercase();
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;

    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && decimals.is_empty()) || decimals.contains('.') || decimals.len() > DECIMALS_MAX {
        return None;
    }
    let value = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<u128>().ok() };
    let part = 10u128.pow(u32::try_from(decimals.len()).ok()?);
    let scale = u128::from(*scale);
    let total = value(whole)?.checked_mul(scale)?.checked_add(value(decimals)? * scale / part)?;
    u64::try_from(total).ok()
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match units.into_iter().find(|(_, scale)| self.0 >= *scale) {
            Some((unit, scale)) => {
                let tenths = (u128::from(self.0) * 10).div_ceil(u128::from(scale));
                let (whole, tenth) = (tenths / 10, tenths % 10);
                if tenth == 0 { write!(f, "{whole}{unit}") } else { write!(f, "{whole}.{tenth}{unit}") }
            }
            None if self.0 == 1 => f.write_str("1 byte"),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0;
        match ms {
            0 => f.write_str("0"),
            _ if ms.is_multiple_of(3_600_000) => write!(f, "{}h", ms / 3_600_000),
            _ if ms.is_multiple_of(60_000) => write!(f, "{}m", ms / 60_000),
            _ if ms.is_multiple_of(1_000) => write!(f, "{}s", ms / 1_000),
            _ => write!(f, "{ms}ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Option<u64> {
        text.parse::<Size>().ok().map(|size| size.0)
    }

    fn ms(text: &str) -> Option<u64> {
        text.parse::<Duration>().ok().map(|duration| duration.0)
    }

    #[test]
    fn sizes_are_read() {
        let cases = [
            ("3", 3),
            ("64MiB", 64 << 20),
            ("1GB", 1_000_000_000),
            ("1.5 KiB", 1536),
            ("64m", 64 << 20),
            ("0", 0),
        ];
        cases.into_iter().for_each(|(text, expected)| assert_eq!(bytes(text), Some(expected), "{text}"));
    }

    #[test]
    fn durations_are_read() {
        let cases = [
            ("2s", 2_000),
            ("500ms", 500),
            ("1.5s", 1_500),
            ("2", 2_000),
            ("1m", 60_000),
            ("0", 0),
            (".5s", 500),
        ];
        cases.into_iter().for_each(|(text, expected)| assert_eq!(ms(text), Some(expected), "{text}"));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in
            ["", "MiB", "-1", "1.2.3MiB", "64 MiB B", "1e9", "99999999999999999999GiB", "0x10", ".", "1_000"]
        {
            assert_eq!(bytes(text), None, "{text}");
            assert_eq!(ms(text), None, "{text}");
        }
        assert_eq!("0.1ms".parse::<Duration>(), Err("the minimum is 1ms".to_owned()));
    }

    #[test]
    fn amounts_are_shown_as_they_are_given() {
        assert_eq!(Size(64 << 20).to_string(), "64MiB");
        assert_eq!(Size((1 << 20) + 1).to_string(), "1.1MiB");
        assert_eq!(Size(3).to_string(), "3 bytes");
        assert_eq!(Duration(1_500).to_string(), "1500ms");
        assert_eq!(Duration(86_400_000).to_string(), "24h");
    }
}
