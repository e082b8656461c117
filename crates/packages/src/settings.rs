//! Where packages come from, and how old what is known of them may be.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::error::{Error, Result};

/// How long a resolution is used before the index is asked again.
const AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The variables that name indices, as uv reads them.
const INDICES: [&str; 4] = ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"];

/// The other variables that are passed on to uv: how the network is reached. Nothing else of the environment takes part.
const PASSED_ON: [&str; 14] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "UV_SYSTEM_CERTS",
    "UV_HTTP_TIMEOUT",
    "UV_HTTP_RETRIES",
    "UV_OFFLINE",
];

/// Where packages come from. By default from the public index of Python packages.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address of the index that takes the place of the public one.
    pub index: Option<String>,
    /// Addresses of further indices, which are looked at first: a package is taken from the first index that has it.
    pub extra_indices: Vec<String>,
    /// Whether the index is asked although it was asked not long ago.
    pub refresh: bool,
    /// How long a resolution is used before the index is asked again: a day, unless this is changed.
    pub age_max: Duration,
    /// The uv to use, instead of one that is found or fetched.
    pub uv: Option<PathBuf>,
    /// Where programs are looked for: `PATH`.
    pub path: Option<OsString>,
    /// Variables that uv is given.
    pub(crate) environment: Vec<(OsString, OsString)>,
}

impl Default for Settings {
    fn default() -> Self {
        let (index, extra_indices, environment) = (None, Vec::new(), Vec::new());
        Self { index, extra_indices, refresh: false, age_max: AGE_MAX, uv: None, path: None, environment }
    }
}

impl Settings {
    /// The settings that an environment has: indices and how to reach them, by the variables that uv documents (`UV_DEFAULT_INDEX`, `UV_INDEX`,
    /// the older `UV_INDEX_URL` and `UV_EXTRA_INDEX_URL`, those of proxies and certificates), `BELLJAR_UV` and `PATH`. Those of pip have no effect.
    ///
    /// ```
    /// use belljar_packages::Settings;
    ///
    /// let settings = Settings::from_environment(|name| std::env::var_os(name));
    /// assert!(settings.index.is_none() && !settings.refresh);
    /// ```
    #[must_use]
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let passed_on =
            INDICES.iter().chain(&PASSED_ON).filter_map(|name| Some((OsString::from(name), given(name)?)));
        Self {
            environment: passed_on.collect(),
            uv: given("BELLJAR_UV").map(PathBuf::from),
            path: given("PATH"),
            ..Self::default()
        }
    }

    /// These settings with indices of their own, whatever the environment says.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] for what is no address of HTTP.
    pub fn with_indices(mut self, index: Option<String>, extra_indices: Vec<String>) -> Result<Self> {
        for address in index.iter().chain(&extra_indices) {
            check(address)?;
        }
        self.environment.retain(|(name, _)| !INDICES.iter().any(|known| name == known));
        (self.index, self.extra_indices) = (index, extra_indices);
        Ok(self)
    }

    /// A variable that is passed on.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    }

    /// Addresses of all indices but the public one, with their credentials, in the order in which they are named.
    pub(crate) fn indices(&self) -> Vec<String> {
        let named = INDICES.iter().filter_map(|name| self.variable(name)?.to_str());
        // A list is separated by spaces, and an index may have a name before its address.
        let named = named.flat_map(str::split_whitespace).map(|index| match index.split_once('=') {
            Some((name, address)) if !name.contains(['/', ':']) => address,
            _ => index,
        });
        self.index
            .iter()
            .chain(&self.extra_indices)
            .map(String::as_str)
            .chain(named)
            .map(str::to_owned)
            .collect()
    }
}

fn check(address: &str) -> Result<()> {
    let refuse = |problem| {
        let shown = address.rsplit_once('@').map_or(address, |(_, rest)| rest);
        Err(Error::Index { address: shown.to_owned(), problem })
    };
    match address.parse::<Url>() {
        Ok(url) if ["http", "https"].contains(&url.scheme()) && url.has_host() => Ok(()),
        Ok(_) => refuse("it is not of http or https"),
        Err(_) => refuse("it is no address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_found_wherever_they_are_named() {
        let settings = Settings::from_environment(|name| match name {
            "UV_INDEX" => Some("own=https://u:p@a/simple https://b/simple?x=1".into()),
            "UV_DEFAULT_INDEX" => Some("https://c/simple".into()),
            "PIP_INDEX_URL" | "UV_FIND_LINKS" => panic!("nobody asks for {name}"),
            _ => None,
        });
        assert_eq!(settings.indices(), ["https://c/simple", "https://u:p@a/simple", "https://b/simple?x=1"]);
        let settings = settings.with_indices(Some("https://d".to_owned()), Vec::new()).unwrap();
        assert_eq!(settings.indices(), ["https://d"]);
    }

    #[test]
    fn an_index_is_an_address_of_http() {
        for wrong in ["", "/srv/simple", "file:///srv", "ftp://x", "--index", "https://"] {
            assert!(
                Settings::default().with_indices(Some(wrong.to_owned()), Vec::new()).is_err(),
                "{wrong:?}"
            );
        }
        let error = Settings::default().with_indices(None, vec!["ftp://me:secret@x".to_owned()]).unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }
}
