//! Versions and what is asked of them (PEP 440), as far as it takes to say whether a release is meant.

use std::cmp::Ordering;
use std::str::FromStr;

/// Conditions on a version, all of which must hold.
#[derive(Debug)]
pub(crate) struct Specifiers(Vec<(Operator, String)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Compatible,
    Equal,
    Unequal,
    AtMost,
    AtLeast,
    Less,
    Greater,
}

/// The longest first, so that none is taken for the beginning of another.
const OPERATORS: [(&str, Operator); 7] = [
    ("~=", Operator::Compatible),
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// The numbers of a release, and whether it comes before (a candidate) or after it.
#[derive(Debug)]
struct Version {
    release: Vec<u64>,
    stage: i8,
}

impl Specifiers {
    /// Whether a version meets all conditions. None where it cannot be told.
    pub(crate) fn accept(&self, version: &str) -> Option<bool> {
        let version: Version = version.parse().ok()?;
        self.0
            .iter()
            .try_fold(true, |all, (operator, wanted)| Some(all & accepts(*operator, wanted, &version)?))
    }
}

impl FromStr for Specifiers {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read = |part: &str| {
            let (sign, operator) = OPERATORS.iter().find(|(sign, _)| part.starts_with(sign))?;
            let version = part[sign.len()..].trim();
            // Whether it can be read at all.
            accepts(*operator, version, &Version { release: vec![0], stage: 0 })?;
            Some((*operator, version.to_owned()))
        };
        parts.map(read).collect::<Option<_>>().map(Self).ok_or(())
    }
}

fn accepts(operator: Operator, wanted: &str, version: &Version) -> Option<bool> {
    if let Some(series) = wanted.strip_suffix(".*") {
        let series: Version = series.parse().ok()?;
        let within = version.begins_with(&series.release);
        return match operator {
            Operator::Equal => Some(within),
            Operator::Unequal => Some(!within),
            _ => None,
        };
    }
    let wanted: Version = wanted.parse().ok()?;
    let order = version.compare(&wanted);
    Some(match operator {
        Operator::Compatible => {
            let (_, series) = wanted.release.split_last().filter(|(_, series)| !series.is_empty())?;
            order != Ordering::Less && version.begins_with(series)
        }
        Operator::Equal => order == Ordering::Equal,
        Operator::Unequal => order != Ordering::Equal,
        Operator::AtMost => order != Ordering::Greater,
        Operator::AtLeast => order != Ordering::Less,
        Operator::Less => order == Ordering::Less,
        Operator::Greater => order == Ordering::Greater,
    })
}

impl Version {
    fn begins_with(&self, series: &[u64]) -> bool {
        series.iter().enumerate().all(|(at, number)| self.release.get(at).copied().unwrap_or(0) == *number)
    }

    fn compare(&self, other: &Self) -> Ordering {
        let length = self.release.len().max(other.release.len());
        let number = |version: &Self, at| version.release.get(at).copied().unwrap_or(0);
        let releases = (0..length).map(|at| number(self, at).cmp(&number(other, at)));
        releases.fold(Ordering::Equal, Ordering::then).then(self.stage.cmp(&other.stage))
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (release, stage) = text.split_at(end);
        let after = |words: &[&str]| {
            words.iter().any(|word| stage.trim_start_matches(['.', '-', '_']).starts_with(word))
        };
        let stage = match stage {
            "" => 0,
            _ if after(&["a", "b", "c", "rc", "dev", "pre"]) => -1,
            _ if after(&["post", "rev"]) => 1,
            _ => return Err(()),
        };
        let numbers = release.trim_end_matches('.').split('.').map(|number| number.parse().map_err(|_| ()));
        Ok(Self { release: numbers.collect::<Result<_, ()>>()?, stage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accept(conditions: &str, version: &str) -> Option<bool> {
        conditions.parse::<Specifiers>().ok()?.accept(version)
    }

    #[test]
    fn releases_are_compared_by_number() {
        for (conditions, expected) in [
            ("", true),
            (">=3.11", true),
            (">=3.13", true),
            (">=3.14", false),
            (">3.13.15", false),
            ("<4", true),
            (">=3.9, <3.13", false),
            ("~=3.12", true),
            ("~=3.12.1", false),
            ("~=3.13.2", true),
            ("==3.13.*", true),
            ("!=3.13.*", false),
            ("==3.13.15", true),
            ("==3.13.15.0", true),
            ("!=3.13.0", true),
            (">=3.13.15rc1", true),
            ("<3.13.15.post1", true),
            (">=3.9.1,", true),
        ] {
            assert_eq!(accept(conditions, "3.13.15"), Some(expected), "{conditions:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        for conditions in ["3.13", ">= three", "=>3", "~=3", ">=3.*", "==", ">=1!3", "==3.13+local"] {
            assert_eq!(accept(conditions, "3.13.15"), None, "{conditions:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_given_is_read_or_refused(conditions in "[0-9.<>=!~*a-z, +]{0,20}", version in "[0-9.a-z]{0,10}") {
            let _ = accept(&conditions, &version);
        }
    }
}
