//! A way in for the fuzz target `mcp_heads`: how strangers call the server.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, header};
use reqwest::Url;

use super::gate::Gate;
use super::{HttpSettings, Tokens};

const HOST: &str = "box.example.com";
const ORIGIN: &str = "https://app.example.com";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Host, Origin and Authorization, a line each. Whatever the gate lets in is, to whoever else reads it, of this machine or named; and nobody is
/// known without the token.
pub fn heads(bytes: &[u8]) {
    let gate = Gate::new(HttpSettings {
        tokens: Tokens::parse(&format!("alice {TOKEN}")).expect("it is a token"),
        hosts: vec![HOST.to_owned()],
        origins: vec![ORIGIN.to_owned()],
        authorization_servers: vec![ORIGIN.to_owned()],
        ..HttpSettings::default()
    });
    let mut lines = bytes.split(|byte| *byte == b'\n').map(HeaderValue::from_bytes);
    let mut next = || lines.next().and_then(Result::ok);
    let [host, origin, authorization] = [next(), next(), next()];

    if let Some(host) = host.as_ref().and_then(|host| host.to_str().ok())
        && gate.answers_to(host)
    {
        let read = host.parse::<Authority>().unwrap_or_else(|error| panic!("{host:?}: {error}"));
        assert!(is_own(read.host(), HOST), "{host:?} was let in");
    }
    if let Some(origin) = origin.as_ref().and_then(|origin| origin.to_str().ok())
        && gate.welcomes(origin)
    {
        let read = Url::parse(origin).unwrap_or_else(|error| panic!("{origin:?}: {error}"));
        let host = read.host_str().unwrap_or_else(|| panic!("{origin:?} has no host"));
        assert!(is_own(host, "app.example.com"), "{origin:?} was let in");
    }
    let mut headers = HeaderMap::new();
    let names = [(header::HOST, host), (header::AUTHORIZATION, authorization)];
    headers.extend(names.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let is_known = gate.owner(&headers).is_ok();
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    assert!(
        !is_known || given.is_some_and(|given| given.trim_end().ends_with(TOKEN)),
        "{given:?} was let in"
    );
}

/// Whether a host is of this machine, or the one that is named.
fn is_own(host: &str, named: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse().ok();
    host.eq_ignore_ascii_case("localhost")
        || host.eq_ignore_ascii_case(named)
        || address.is_some_and(|address: std::net::IpAddr| address.is_loopback())
}
