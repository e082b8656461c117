//! Wheels from where the index says that they are, checked against the hash that it gave.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

use crate::error::{Error, Result};
use crate::wheel::Package;
use crate::{Settings, hash};

/// The largest wheel that is fetched, in bytes.
const WHEEL_BYTES_MAX: u64 = 128 << 20;

/// How long a server may take to be reached, to begin its answer, and for all of it.
const CONNECT_MAX: Duration = Duration::from_secs(20);
const ANSWER_MAX: Duration = Duration::from_secs(60);
const WHOLE_MAX: Duration = Duration::from_secs(600);

/// What fetches wheels.
pub(crate) struct Downloads {
    agent: Agent,
    /// Addresses of indices that hold a name and a password.
    known: Vec<Url>,
}

impl Downloads {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let mut config = Agent::config_builder()
            .http_status_as_error(true)
            .max_redirects(5)
            .timeout_connect(Some(CONNECT_MAX))
            .timeout_recv_response(Some(ANSWER_MAX))
            .timeout_global(Some(WHOLE_MAX));
        if let Some(file) = settings.variable("SSL_CERT_FILE") {
            let roots = RootCerts::Specific(Arc::new(certificates(Path::new(file))?));
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        let known = settings.indices().into_iter().filter_map(|index| index.parse().ok());
        let known =
            known.filter(|url: &Url| !url.username().is_empty() || url.password().is_some()).collect();
        Ok(Self { agent: config.build().new_agent(), known })
    }

    /// The bytes of a wheel.
    pub(crate) fn fetch(&self, package: &Package) -> Result<Vec<u8>> {
        let failed = |reason: String| Error::Fetch { file: package.file.clone(), reason };
        let url: Url = package.url.parse().map_err(|_| failed("its address makes no sense".to_owned()))?;
        let uri: Uri = url.as_str().parse().map_err(|_| failed("its address makes no sense".to_owned()))?;
        let mut request = self.agent.get(uri);
        if let Some(index) = self.known.iter().find(|index| index.origin() == url.origin()) {
            request = request.header("Authorization", basic(index));
        }
        let mut answer = request.call().map_err(|error| failed(reason(&error)))?;
        let bytes = answer.body_mut().with_config().limit(WHEEL_BYTES_MAX).read_to_vec();
        let bytes = bytes.map_err(|error| failed(reason(&error)))?;
        let found = hash::sha256(&bytes);
        if found != package.sha256 {
            return Err(Error::WrongHash {
                file: package.file.clone(),
                found,
                expected: package.sha256.clone(),
            });
        }
        Ok(bytes)
    }
}

fn certificates(file: &Path) -> Result<Vec<ureq::tls::Certificate<'static>>> {
    let pem = std::fs::read(file).map_err(|error| Error::io("read the certificates in", file, error))?;
    let certificates = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    Ok(certificates.collect())
}

fn basic(index: &Url) -> String {
    let plain = |text: &str| percent_decoded(text);
    let pair = format!("{}:{}", plain(index.username()), plain(index.password().unwrap_or_default()));
    format!("Basic {}", base64(pair.as_bytes()))
}

/// A part of an address, as it was before it was written there.
fn percent_decoded(text: &str) -> String {
    // A query is decoded by the parser of addresses; all that differs there is `+`.
    let query = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// What the network said, in a few words.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::StatusCode(status) => format!("the server answers {status}"),
        ureq::Error::BodyExceedsLimit(_) => format!("it is larger than {} MiB", WHEEL_BYTES_MAX >> 20),
        ureq::Error::HostNotFound => "there is no such host".to_owned(),
        ureq::Error::Timeout(_) => "it took too long".to_owned(),
        ureq::Error::Io(error) => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
        other => other.to_string().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_an_index_are_written_as_servers_read_them() {
        let index: Url = "https://user:p%40ss+w@packages.example.com/simple".parse().unwrap();
        assert_eq!(basic(&index), "Basic dXNlcjpwQHNzK3c=");
    }
}
