//! Environment variables that a policy grants: of one value, or of any.

use std::collections::BTreeMap;

use super::machine;
use crate::environment::{Value, Variables};

/// `NAME=VALUE`, or `NAME`. None when it is neither.
pub(super) fn parse(text: &str) -> Option<(String, Option<String>)> {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let fits = !name.is_empty() && !text.contains('\0');
    fits.then(|| (name.to_owned(), value.map(str::to_owned)))
}

/// The variables with what they are here.
pub(super) fn fetch(granted: &BTreeMap<String, Option<String>>) -> Variables {
    let value = |(name, value): (&String, &Option<String>)| {
        let value = match value {
            Some(value) => Value::Fixed(value.clone()),
            None => Value::Any(machine::variable(name).and_then(|bytes| String::from_utf8(bytes).ok())),
        };
        (name.clone(), value)
    };
    Variables(granted.iter().map(value).collect())
}
