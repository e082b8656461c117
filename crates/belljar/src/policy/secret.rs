//! A secret as it is named: what it is bound to, and where its value comes from. Never the value.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::machine;
use crate::error::{Error, Result};
use crate::host::secrets::Secret;
use crate::host::secrets::binding::Binding;

/// A secret, and where on this machine its value is. In text: `NAME@HOST[:PORT]:HEADER`, whose value is in the variable `NAME`, or
/// `NAME@HOST[:PORT]:HEADER=FILE`.
///
/// ```
/// use belljar::SecretSource;
///
/// let source: SecretSource = "API_TOKEN@api.example.com:Authorization".parse()?;
/// assert_eq!(source.to_string(), "API_TOKEN@api.example.com:443:authorization");
/// # Ok::<(), belljar::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSource {
    pub(super) to: Binding,
    pub(super) from: Origin,
}

/// Where a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Variable(String),
    File(PathBuf),
}

impl SecretSource {
    /// The secret with its value.
    pub(super) fn fetch(&self) -> Result<Secret> {
        let value = match &self.from {
            Origin::Variable(name) => machine::variable(name)
                .ok_or_else(|| Error::NoVariable { name: name.clone(), secret: self.to.name.clone() })?,
            Origin::File(path) => {
                let mut value = machine::read(path)?;
                // An editor ends the last line.
                value.truncate(value.trim_ascii_end().len());
                value
            }
        };
        Secret::bound(self.to.clone(), value)
    }

    /// The same, with a file whose path is relative to `folder`.
    pub(super) fn within(mut self, folder: &Path) -> Self {
        if let Origin::File(path) = &mut self.from {
            *path = folder.join(&path);
        }
        self
    }

    /// Whether its value could be fetched now, as far as can be seen.
    pub(super) fn is_there(&self) -> bool {
        match &self.from {
            Origin::Variable(name) => machine::variable(name).is_some(),
            Origin::File(path) => machine::can_be_read(path),
        }
    }

    /// Whether `asked` is this secret: bound to the same, and with a value of this origin or of none in particular.
    pub(super) fn covers(&self, asked: &Self) -> bool {
        let by_default = asked.from == Origin::Variable(asked.to.name.clone());
        self.to == asked.to && (by_default || self.from == asked.from)
    }
}

impl FromStr for SecretSource {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::Secret`] says what is wrong.
    fn from_str(text: &str) -> Result<Self> {
        let (place, file) = text.split_once('=').map_or((text, None), |(place, file)| (place, Some(file)));
        let to: Binding = place.parse()?;
        let from = file.map_or_else(|| Origin::Variable(to.name.clone()), |file| Origin::File(file.into()));
        Ok(Self { to, from })
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to)?;
        match &self.from {
            Origin::File(path) => write!(f, "={}", path.display()),
            Origin::Variable(_) => Ok(()),
        }
    }
}
