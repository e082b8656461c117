//! Where a secret goes: to one header of requests to one host, under a name that the code knows it by.

use std::fmt;
use std::str::FromStr;

use http::HeaderName;
use url::Host;

use crate::error::{Error, Result};
use crate::host::net::rule::{parse_host, split_port};

/// The port of a host that is named without one: secrets go over TLS.
const PORT: u16 = 443;

/// What a secret is bound to. In text: `NAME@HOST[:PORT]:HEADER`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) name: String,
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) header: HeaderName,
}

impl Binding {
    /// The secret `name`, for `header` of requests to `host` (`HOST` or `HOST:PORT`).
    pub(crate) fn new(name: &str, host: &str, header: &str) -> Result<Self> {
        bind(name, host, header).map_err(|problem| Error::Secret { name: name.to_owned(), problem })
    }
}

impl FromStr for Binding {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |problem| Error::Secret { name: text.to_owned(), problem };
        let (name, place) = text.split_once('@').ok_or_else(|| wrong("names no host"))?;
        let (host, header) = place.rsplit_once(':').ok_or_else(|| wrong("names no header"))?;
        // What stands behind the last colon may be a port, or the end of an address.
        if header.is_empty() || header.bytes().all(|byte| byte.is_ascii_digit()) || header.ends_with(']') {
            return Err(wrong("names no header"));
        }
        Self::new(name, host, header)
    }
}

fn bind(name: &str, host: &str, header: &str) -> std::result::Result<Binding, &'static str> {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if name.is_empty() || !name.chars().all(letters) || name.starts_with(|first: char| first.is_ascii_digit())
    {
        return Err("has a name that is not a variable's: letters, digits and underscores");
    }
    let (host, port) = split_port(host)?;
    let host = parse_host(host)?;
    let header =
        HeaderName::from_bytes(header.as_bytes()).map_err(|_| "names a header that cannot be one")?;
    Ok(Binding { name: name.to_owned(), host, port: port.unwrap_or(PORT), header })
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, host, port, header } = self;
        write!(f, "{name}@{host}:{port}:{header}")
    }
}
