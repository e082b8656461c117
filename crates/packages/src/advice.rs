//! What is known of packages that bring machine code (`advice.toml`).

use std::collections::BTreeMap;

use serde::Deserialize;

/// The table, which is also a part of what a resolution is kept under.
pub(crate) const TABLE: &str = include_str!("../advice.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advice {
    optional: Vec<String>,
    instead: BTreeMap<String, String>,
}

impl Advice {
    pub(crate) fn read() -> Self {
        toml::from_str(TABLE).expect("the table is ours, and a test reads it")
    }

    /// Whether a package does without its machine code.
    pub(crate) fn is_optional(&self, name: &str) -> bool {
        self.optional.iter().any(|known| known == name)
    }

    /// What to take instead of these packages.
    pub(crate) fn hint(&self, names: &[String]) -> String {
        let known =
            names.iter().filter_map(|name| Some(format!("instead of {name}: {}", self.instead.get(name)?)));
        let known: Vec<String> = known.collect();
        match known.is_empty() {
            true => "look for a package, or an older version, that has a wheel ending in `-none-any.whl`"
                .to_owned(),
            false => known.join("; "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let advice = Advice::read();
        let names = advice.optional.iter().chain(advice.instead.keys());
        for name in names {
            assert_eq!(*name, crate::requirement::normalised(name), "names are normalised");
        }
        assert!(advice.optional.iter().all(|name| !advice.instead.contains_key(name)));
        assert!(advice.hint(&["numpy".to_owned()]).starts_with("instead of numpy: "));
        assert!(advice.hint(&["nobody-knows".to_owned()]).contains("-none-any.whl"));
    }
}
