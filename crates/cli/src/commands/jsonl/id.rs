//! Ids of requests.

use serde_json::value::RawValue;

/// The longest id.
pub(crate) const ID_BYTES_MAX: usize = 200;

/// Which request: a number or a string, given back as it came.
#[derive(Clone, Debug)]
pub(crate) struct Id(Box<RawValue>);

impl Id {
    /// The id, if that is what it can be.
    pub(crate) fn new(raw: Box<RawValue>) -> Option<Self> {
        let is_name =
            raw.get().starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit());
        (is_name && raw.get().len() <= ID_BYTES_MAX).then_some(Self(raw))
    }

    /// The JSON of the id.
    pub(crate) fn get(&self) -> &str {
        self.0.get()
    }

    /// The JSON of the id, as JSON.
    pub(crate) fn raw(&self) -> &RawValue {
        &self.0
    }
}
