//! The environment variables that a jar grants, where an operator has said which: a request can set no others.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// The variables that code may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variables(pub(crate) BTreeMap<String, Value>);

/// What a variable may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// This and nothing else.
    Fixed(String),
    /// Whatever a request gives it; this, where none does.
    Any(Option<String>),
}

impl Variables {
    /// The variables of a request: those that it names, or all where it names none.
    pub(crate) fn narrow(&self, asked: BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
        if asked.is_empty() {
            let own = self.0.iter().filter_map(|(name, value)| match value {
                Value::Fixed(value) | Value::Any(Some(value)) => Some((name.clone(), value.clone())),
                Value::Any(None) => None,
            });
            return Ok(own.collect());
        }
        for (name, value) in &asked {
            match self.0.get(name) {
                Some(Value::Any(_)) => {}
                Some(Value::Fixed(own)) if own == value => {}
                Some(Value::Fixed(_)) => return Err(Error::VariableFixed { name: name.clone() }),
                None => return Err(Error::VariableNotGranted { name: name.clone() }),
            }
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_gets_what_it_names_and_nothing_that_is_not_granted() {
        let fixed = ("LANG".to_owned(), Value::Fixed("C".to_owned()));
        let passed = ("TZ".to_owned(), Value::Any(Some("UTC".to_owned())));
        let unset = ("USER".to_owned(), Value::Any(None));
        let variables = Variables([fixed, passed, unset].into());
        let narrow = |asked: &[(&str, &str)]| {
            variables
                .narrow(asked.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        let list = |map: BTreeMap<String, String>| {
            map.into_iter().map(|(name, value)| name + "=" + &value).collect::<Vec<_>>()
        };
        assert_eq!(list(narrow(&[]).unwrap()), ["LANG=C", "TZ=UTC"]);
        assert_eq!(list(narrow(&[("TZ", "CET")]).unwrap()), ["TZ=CET"]);
        assert_eq!(list(narrow(&[("LANG", "C"), ("USER", "x")]).unwrap()), ["LANG=C", "USER=x"]);
        assert!(matches!(narrow(&[("LANG", "D")]), Err(Error::VariableFixed { .. })));
        assert!(matches!(narrow(&[("HOME", "/")]), Err(Error::VariableNotGranted { .. })));
    }
}
