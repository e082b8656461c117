//! The gate: by which name the server was called, from which page, by whom, and how often.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::rate::Rate;
use super::tokens::Tokens;
use super::{BODY_BYTES_MAX, HttpSettings};
use crate::handles::Owner;

/// The session of the transport, in the revisions that have such.
const SESSION: &str = "mcp-session-id";

/// How long a client may take to send a body.
const BODY_TIME: Duration = Duration::from_secs(30);

/// How many sessions of the transport are remembered. Beyond that, new ones are refused until old ones are gone.
const SESSIONS_MAX: usize = 10_000;

/// How long a session of the transport is remembered that nobody uses. The transport itself forgets it sooner.
const SESSION_IDLE: Duration = Duration::from_secs(3600);

/// What requests are held against.
pub(super) struct Gate {
    tokens: Tokens,
    hosts: Vec<String>,
    origins: Vec<String>,
    authorization_servers: Vec<String>,
    rate: Rate,
    /// Whose each session of the transport is.
    sessions: Mutex<HashMap<Box<str>, (Owner, Instant)>>,
}

impl Gate {
    pub(super) fn new(settings: HttpSettings) -> Self {
        let HttpSettings { tokens, hosts, origins, requests_per_second, authorization_servers, .. } =
            settings;
        let rate = Rate::new(requests_per_second);
        Self { tokens, hosts, origins, authorization_servers, rate, sessions: Mutex::default() }
    }

    pub(super) fn authorization_servers(&self) -> &[String] {
        &self.authorization_servers
    }

    /// The address of the server, for whoever called it by `host`. Names of this machine for itself are spoken to without TLS, others through a proxy that has it.
    pub(super) fn address(&self, host: &str) -> String {
        let scheme = if name_in(host).is_some_and(is_loopback) { "http" } else { "https" };
        format!("{scheme}://{host}")
    }

    /// Whether the server answers to that name. A page that has its name point here (DNS rebinding) calls it by another one.
    pub(super) fn answers_to(&self, host: &str) -> bool {
        let Some(name) = name_in(host) else { return false };
        is_loopback(name)
            || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name) || own.eq_ignore_ascii_case(host))
    }

    /// Whether a page of that origin may ask.
    pub(super) fn welcomes(&self, origin: &str) -> bool {
        let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        own.and_then(name_in).is_some_and(is_loopback)
            || self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin))
    }

    /// Who asks, or the answer to somebody who may not.
    pub(super) fn owner(&self, headers: &HeaderMap) -> Result<Option<Owner>, Box<Response>> {
        if self.tokens.are_none() {
            return Ok(None);
        }
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = given.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        match token.and_then(|token| self.tokens.holder(token)) {
            Some(name) => Ok(Some(Owner::new(format!("token {name}")))),
            None => Err(Box::new(self.unauthorised(headers, token.is_some()))),
        }
    }

    fn unauthorised(&self, headers: &HeaderMap, was_given: bool) -> Response {
        let mut challenge = "Bearer".to_owned();
        if was_given {
            challenge += " error=\"invalid_token\"";
        }
        if let (Some(host), false) = (called(headers), self.authorization_servers.is_empty()) {
            let separator = if was_given { "," } else { "" };
            let metadata = format!("{}/.well-known/oauth-protected-resource/mcp", self.address(host));
            challenge += &format!("{separator} resource_metadata=\"{metadata}\"");
        }
        let mut response = refusal(
            StatusCode::UNAUTHORIZED,
            "a token is needed that this server knows: Authorization: Bearer TOKEN",
        );
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// Whether a session of the transport is this owner's.
    fn is_theirs(&self, session: &str, owner: &Owner) -> bool {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        match sessions.get_mut(session) {
            Some((known, used)) if known == owner => {
                *used = Instant::now();
                true
            }
            _ => false,
        }
    }

    /// Whether there is room for a session more.
    fn has_room(&self) -> bool {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, (_, used)| used.elapsed() < SESSION_IDLE);
        }
        sessions.len() < SESSIONS_MAX
    }

    fn remember(&self, session: &str, owner: &Owner) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(session.into(), (owner.clone(), Instant::now()));
    }

    fn forget(&self, session: &str) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(session);
    }
}

/// Looks at how the server was called: by a name that is not its own, or from a page that is not known, nothing is answered.
pub(super) async fn look(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let Some(host) = called(headers).or_else(|| request.uri().host()) else {
        return refusal(StatusCode::BAD_REQUEST, "the request names no host");
    };
    if !gate.answers_to(host) {
        return refusal(
            StatusCode::FORBIDDEN,
            "this server does not answer to that Host; --host adds a name",
        );
    }
    if let Some(origin) = headers.get(header::ORIGIN)
        && !origin.to_str().is_ok_and(|origin| gate.welcomes(origin))
    {
        return refusal(StatusCode::FORBIDDEN, "pages of that Origin may not ask; --origin adds one");
    }
    next.run(request).await
}

/// Lets a request pass that may be served, with who asks attached to it.
pub(super) async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let known = match gate.owner(request.headers()) {
        Ok(known) => known,
        Err(response) => return *response,
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let client = known.as_ref().map_or_else(|| address(peer), |owner| owner.name().to_owned());
    if let Err(wait) = gate.rate.count(&client, Instant::now()) {
        let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "too many requests; wait before the next");
        let seconds = wait.as_secs_f64().ceil().to_string();
        if let Ok(seconds) = HeaderValue::from_str(&seconds) {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        return response;
    }
    serve(&gate, known, request, next).await
}

async fn serve(gate: &Gate, known: Option<Owner>, request: Request, next: Next) -> Response {
    let session = request.headers().get(SESSION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // Who has no token is known by his session, and if he has none, by nothing.
    let owner = known.unwrap_or_else(|| match &session {
        Some(session) => Owner::of_session(session),
        None => Owner::nobody(),
    });
    let holder = if owner.is_of_token() { owner.clone() } else { Owner::nobody() };
    match &session {
        Some(session) if !gate.is_theirs(session, &holder) => {
            return refusal(
                StatusCode::NOT_FOUND,
                "there is no such session; begin a new one with initialize",
            );
        }
        None if !gate.has_room() => {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "there are too many sessions");
        }
        _ => {}
    }
    let is_end = request.method() == Method::DELETE;
    let mut request = match whole(request).await {
        Ok(request) => request,
        Err(response) => return response,
    };
    request.extensions_mut().insert(owner);
    let mut response = next.run(request).await;
    if let Some(made) = response.headers().get(SESSION).and_then(|value| value.to_str().ok()) {
        gate.remember(made, &holder);
    }
    if let (Some(session), true) = (&session, is_end && response.status().is_success()) {
        gate.forget(session);
        // It is done, and not only accepted: the protocol's own Python client says that a session could not be ended where it sees that.
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}

/// The request with its body, which must come within a time and a size.
async fn whole(request: Request) -> Result<Request, Response> {
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(BODY_TIME, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(Request::from_parts(parts, Body::from(bytes))),
        Ok(Err(_)) => {
            let message = format!("the body has more than {BODY_BYTES_MAX} bytes, or was not sent whole");
            Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, &message))
        }
        Err(_) => Err(refusal(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
    }
}

/// An answer in the form that errors have in this protocol.
pub(super) fn refusal(status: StatusCode, message: &str) -> Response {
    let error = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32000, "message": message } });
    (status, axum::Json(error)).into_response()
}

/// By which name the server was called.
pub(super) fn called(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST).and_then(|value| value.to_str().ok())
}

/// The name or address in a host, which may have a port (RFC 3986, section 3.2.2); none, if it is not of that form.
fn name_in(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(address, _)| address.parse::<Ipv6Addr>().is_ok())?,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_port =
        |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok();
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(name)
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn address(peer: Option<IpAddr>) -> String {
    peer.map_or_else(|| "somewhere".to_owned(), |address| format!("address {address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::new(HttpSettings {
            hosts: vec!["box.example.com".to_owned()],
            origins: vec!["https://app.example.com".to_owned()],
            ..HttpSettings::default()
        })
    }

    #[test]
    fn names_are_the_machine_s_own_or_named() {
        let gate = gate();
        for host in ["localhost", "localhost:3001", "127.0.0.1:1", "[::1]:3001", "BOX.example.com:443"] {
            assert!(gate.answers_to(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "10.0.0.1",
            "",
            "[::2]",
            "[::1]evil.example",
            "[localhost]",
            "localhost:80@evil.example",
            "localhost:\" realm=\"x",
            "localhost:70000",
            "localhost:+80",
            "example.com",
        ] {
            assert!(!gate.answers_to(host), "{host}");
        }
    }

    #[test]
    fn origins_are_the_machine_s_own_or_named() {
        let gate = gate();
        for origin in ["http://localhost:6274", "http://127.0.0.1", "https://app.example.com"] {
            assert!(gate.welcomes(origin), "{origin}");
        }
        for origin in [
            "http://app.example.com",
            "https://evil.example",
            "null",
            "http://localhost.evil.example",
            "http://localhost:80@evil.example",
            "http://localhost:x",
            "file://",
            "",
        ] {
            assert!(!gate.welcomes(origin), "{origin}");
        }
    }
}
