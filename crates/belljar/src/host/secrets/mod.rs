//! Secrets: the guest has a placeholder, and the host puts the value in its place at the last moment, in one header for one host.
//!
//! Whatever comes back, from servers or in an outcome, is searched for the value in its usual encodings, and the placeholder put in
//! its place.

pub(crate) mod binding;
mod encodings;
mod scrub;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use zeroize::Zeroizing;

use super::net::request::HttpRequest;
use super::random::Random;
use crate::error::{Error, Result};
use binding::Binding;
use encodings::encodings;
pub(crate) use scrub::Scrubber;
use scrub::{Pattern, Patterns};

/// The shortest value: what is shorter cannot be told from other text.
const VALUE_BYTES_MIN: usize = 8;

/// The longest value.
const VALUE_BYTES_MAX: usize = 8 * 1024;

/// What a placeholder begins with; 32 hexadecimal digits follow. All have one length, whatever the value's.
const PLACEHOLDER: &str = "belljar_secret_";

/// Headers that say who asks. A host that a secret is for gets them with the secret or not at all, so that code cannot put an identity
/// of its own in the place of the one it was given.
const IDENTITY: [HeaderName; 4] = [
    header::AUTHORIZATION,
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-auth-token"),
];

/// Headers that are left out of requests to a host that a secret is for: cookies say who asks, and a piece of an answer can be cut so
/// that the secret in it is not found.
const LEFT_OUT: [HeaderName; 3] = [header::COOKIE, header::RANGE, header::IF_RANGE];

/// A value that code may use and never sees.
///
/// Code finds a placeholder in the environment variable `name`. Where it sends that in `header` to `host` over TLS, the host sends
/// the value. Sent anywhere else, the request is refused.
///
/// ```
/// use belljar::{Grants, Secret};
///
/// let token = "correct-horse-battery-staple";
/// let secret = Secret::new("API_TOKEN", "api.example.com", "Authorization", token)?;
/// let grants = Grants::default().net("api.example.com".parse()?).secret(secret);
/// # Ok::<(), belljar::Error>(())
/// ```
#[derive(Clone)]
pub struct Secret(Arc<Bound>);

struct Bound {
    to: Binding,
    value: Zeroizing<Vec<u8>>,
    /// The value in its usual encodings.
    shapes: Vec<Zeroizing<Vec<u8>>>,
}

impl Secret {
    /// A secret for `header` of requests to `host` (`HOST` or `HOST:PORT`; 443 without a port).
    ///
    /// # Errors
    ///
    /// [`Error::Secret`] says what cannot be: a name that is no variable's, a host that is none or many, a value shorter than 8 or
    /// longer than 8192 bytes, or one that no header can hold.
    pub fn new(name: &str, host: &str, header: &str, value: impl Into<Vec<u8>>) -> Result<Self> {
        Self::bound(Binding::new(name, host, header)?, value.into())
    }

    /// A secret with this value, which goes where `to` says.
    pub(crate) fn bound(to: Binding, value: Vec<u8>) -> Result<Self> {
        let value = Zeroizing::new(value);
        if let Some(problem) = problem_of(&value) {
            return Err(Error::Secret { name: to.name, problem });
        }
        let shapes = encodings(&value);
        Ok(Self(Arc::new(Bound { to, value, shapes })))
    }

    /// What is known of a secret where its value is not: in a worker, which is told what `written` says, as [`Display`](fmt::Display) does.
    pub(crate) fn unknown(written: &str) -> Result<Self> {
        let (to, value, shapes) = (written.parse()?, Zeroizing::default(), Vec::new());
        Ok(Self(Arc::new(Bound { to, value, shapes })))
    }

    /// The name of the variable in which code finds the placeholder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.to.name
    }
}

/// What is wrong with a value, if anything is.
fn problem_of(value: &[u8]) -> Option<&'static str> {
    if value.len() < VALUE_BYTES_MIN {
        return Some("has a value of less than 8 bytes, which cannot be told from other text");
    }
    if value.len() > VALUE_BYTES_MAX {
        return Some("has a value of more than 8192 bytes");
    }
    if HeaderValue::from_bytes(value).is_err() || value.trim_ascii().len() != value.len() {
        return Some("has a value that no header can hold: control characters, or spaces around it");
    }
    None
}

impl Bound {
    fn is_for(&self, request: &HttpRequest) -> bool {
        self.to.host == request.host().to_owned() && self.to.port == request.port()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}

impl fmt::Display for Secret {
    /// What it is bound to: `NAME@HOST:PORT:HEADER`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to.fmt(f)
    }
}

/// The secrets of a session, each with its placeholder.
pub(crate) struct Secrets {
    held: Vec<Held>,
    patterns: Patterns,
}

struct Held {
    secret: Secret,
    placeholder: String,
}

impl Secrets {
    /// Draws placeholders. None when there are no secrets: then nothing is searched.
    pub(crate) fn new(secrets: &[Secret], random: &mut Random) -> Option<Arc<Self>> {
        if secrets.is_empty() {
            return None;
        }
        let placeholder = |_| {
            let digits: String = random.draw()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{PLACEHOLDER}{digits}")
        };
        let placeholders = secrets.iter().map(placeholder).collect();
        Self::resume(secrets, placeholders)
    }

    /// The same secrets under placeholders that a guest knows already.
    pub(crate) fn resume(secrets: &[Secret], placeholders: Vec<String>) -> Option<Arc<Self>> {
        let held = |(secret, placeholder): (&Secret, String)| Held { secret: secret.clone(), placeholder };
        let held: Vec<Held> = secrets.iter().zip(placeholders).map(held).collect();
        if held.is_empty() {
            return None;
        }
        let patterns = held.iter().flat_map(|held| {
            let shapes = held.secret.0.shapes.iter();
            shapes
                .map(|shape| Pattern { text: shape.clone(), instead: held.placeholder.clone().into_bytes() })
        });
        let patterns = Patterns::new(patterns.collect());
        Some(Arc::new(Self { held, patterns }))
    }

    /// Whether a text has the form of a placeholder.
    pub(crate) fn is_placeholder(text: &str) -> bool {
        let digits = text.strip_prefix(PLACEHOLDER);
        digits
            .is_some_and(|digits| digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    }

    /// The placeholders, in the order of the secrets.
    pub(crate) fn placeholders(&self) -> Vec<String> {
        self.held.iter().map(|held| held.placeholder.clone()).collect()
    }

    /// The variables in which code finds the placeholders, `NAME=placeholder`.
    pub(crate) fn environment(&self) -> impl Iterator<Item = String> {
        self.held.iter().map(|held| format!("{}={}", held.secret.name(), held.placeholder))
    }

    /// Whether one of the secrets is for the host of this request.
    pub(crate) fn are_sent_to(&self, request: &HttpRequest) -> bool {
        self.held.iter().any(|held| held.secret.0.is_for(request))
    }

    /// Puts the values where their placeholders stand and may stand, and gives the names of those that it put there. A placeholder anywhere
    /// else is an error, and so is an identity that is not the one given.
    pub(crate) fn put_into(&self, request: &mut HttpRequest) -> std::result::Result<Vec<String>, String> {
        // What comes back must be readable, wherever it comes from.
        request.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        self.keep_out_of_the_rest(request)?;
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        let mut used = Vec::new();
        for (name, value) in &request.headers {
            let filled = self.filled(request, name, value)?;
            // Nothing else is marked so.
            let here = self.held.iter().filter(|held| filled.is_sensitive() && held.secret.0.is_for(request));
            used.extend(
                here.filter(|held| held.secret.0.to.header == *name)
                    .map(|held| held.secret.name().to_owned()),
            );
            headers.append(name, filled);
        }
        if self.are_sent_to(request) {
            LEFT_OUT.iter().for_each(|name| {
                headers.remove(name);
            });
        }
        request.headers = headers;
        Ok(used)
    }

    fn keep_out_of_the_rest(&self, request: &HttpRequest) -> std::result::Result<(), String> {
        for held in &self.held {
            if request.url.as_str().contains(&held.placeholder) {
                return Err(held.misplaced("the URL"));
            }
            if contains(&request.body, held.placeholder.as_bytes()) {
                return Err(held.misplaced("the body"));
            }
        }
        Ok(())
    }

    /// The value of a header with the secrets in it.
    fn filled(
        &self,
        request: &HttpRequest,
        name: &HeaderName,
        value: &HeaderValue,
    ) -> std::result::Result<HeaderValue, String> {
        let basic = basic_credentials(name, value);
        let text = basic.as_deref().unwrap_or(value.as_bytes());
        let Some(held) = self.held.iter().find(|held| contains(text, held.placeholder.as_bytes())) else {
            return self.without_secret(request, name, value);
        };
        let Bound { to: Binding { name: variable, header, .. }, value: secret, .. } = &*held.secret.0;
        if !held.secret.0.is_for(request) || header != name {
            return Err(held.misplaced(&format!("the header {name} for {}", request.place())));
        }
        if !request.is_encrypted() {
            return Err(format!("the secret {variable} is sent over https only"));
        }
        let filled = Zeroizing::new(replaced(text, held.placeholder.as_bytes(), secret));
        let sent = match basic {
            Some(_) => Zeroizing::new(format!("Basic {}", STANDARD.encode(&*filled)).into_bytes()),
            None => filled,
        };
        let mut sent =
            HeaderValue::from_bytes(&sent).map_err(|_| format!("the header {name} cannot be sent"))?;
        sent.set_sensitive(true);
        Ok(sent)
    }

    fn without_secret(
        &self,
        request: &HttpRequest,
        name: &HeaderName,
        value: &HeaderValue,
    ) -> std::result::Result<HeaderValue, String> {
        let here = self.held.iter().find(|held| held.secret.0.is_for(request));
        match here {
            Some(held) if IDENTITY.contains(name) || held.secret.0.to.header == *name => Err(format!(
                "the header {name} says who asks, and {} is asked with the secret {}; send {} as its header {}, or no header {name}",
                request.place(),
                held.secret.name(),
                held.secret.name(),
                held.secret.0.to.header
            )),
            _ => Ok(value.clone()),
        }
    }

    /// `bytes` without any secret.
    pub(crate) fn scrub(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.patterns.replace(bytes)
    }
}

impl Held {
    fn misplaced(&self, place: &str) -> String {
        let Binding { name, host, port, header } = &self.secret.0.to;
        format!(
            "the secret {name} was to be sent in {place}; it is sent only in the header {header} to {host}:{port}"
        )
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.held.iter().map(|held| &held.secret)).finish()
    }
}

/// User and password of `Authorization: Basic`, taken apart.
fn basic_credentials(name: &HeaderName, value: &HeaderValue) -> Option<Vec<u8>> {
    let (scheme, rest) = value.as_bytes().split_at_checked(6).filter(|_| *name == header::AUTHORIZATION)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    STANDARD.decode(rest.trim_ascii()).ok()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn replaced(bytes: &[u8], part: &[u8], instead: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + instead.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(part) {
            out.extend_from_slice(instead);
            at += part.len();
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests;
