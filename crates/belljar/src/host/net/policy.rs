//! What was granted: rules, certificates that are trusted, the resolver. Asked before anything is looked up or sent.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::address::is_public;
use super::request::HttpRequest;
use super::resolve::{Resolver, SharedResolver};
use super::rule::{DEFAULT_PORTS, NetRule};
use super::tls;
use crate::error::{Error, Result};
use crate::host::operations::Failure;

/// A refusal or a failure: which, and what to say.
pub(crate) type Refusal = (Failure, String);

/// Whom a refusal tells how the access would be granted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Advice {
    /// Somebody who types flags.
    #[default]
    Flag,
    /// Somebody who works under a policy of others.
    Policy,
}

impl Advice {
    /// What would grant a rule.
    fn of(self, rule: &str) -> String {
        match self {
            Self::Flag => format!("run with --allow-net {rule}"),
            Self::Policy => format!("`grants.net` of the policy would have to name {rule}"),
        }
    }
}

/// The grants of the network. By default none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    rules: Vec<NetRule>,
    roots: Vec<CertificateDer<'static>>,
    resolver: SharedResolver,
    advice: Advice,
    /// Made at the first use, from `roots`.
    tls: OnceLock<Arc<ClientConfig>>,
}

impl Policy {
    pub(crate) fn add_rule(&mut self, rule: NetRule) {
        self.rules.push(rule);
    }

    /// The rules, as they are written.
    pub(crate) fn described(&self) -> Vec<String> {
        self.rules.iter().map(ToString::to_string).collect()
    }

    /// The ports that the rules cover.
    pub(crate) fn ports(&self) -> impl Iterator<Item = u16> {
        self.rules.iter().flat_map(NetRule::ports).copied()
    }

    pub(crate) fn advise(&mut self, advice: Advice) {
        self.advice = advice;
    }

    /// Trusts the certificates in `pem`, besides the public ones.
    pub(crate) fn add_roots(&mut self, pem: &[u8]) -> Result<()> {
        let roots: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let roots = roots.ok().filter(|roots| !roots.is_empty() && roots.iter().all(tls::can_be_trusted));
        self.roots.extend(roots.ok_or(Error::Certificate)?);
        self.tls = OnceLock::new();
        Ok(())
    }

    /// Feeds what is granted to `hasher`. Which resolver looks names up is the embedding program's affair.
    pub(crate) fn identify(&self, hasher: &mut blake3::Hasher) {
        hasher.update(format!("{:?}", self.rules).as_bytes());
        for root in &self.roots {
            hasher.update(blake3::hash(root).as_bytes());
        }
    }

    pub(crate) fn set_resolver(&mut self, resolver: Arc<dyn Resolver>) {
        self.resolver = SharedResolver(resolver);
    }

    pub(crate) fn resolver(&self) -> &Arc<dyn Resolver> {
        &self.resolver.0
    }

    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(self.tls.get_or_init(|| Arc::new(tls::config(&self.roots))))
    }

    /// Whether a rule covers the request, or names what would have to be granted.
    pub(crate) fn check(&self, request: &HttpRequest) -> std::result::Result<(), Refusal> {
        let (host, port, path) = (request.host(), request.port(), request.url.path());
        let rules = || self.rules.iter().filter(|rule| rule.covers_host(&host, port));
        if rules().next().is_none() {
            let (place, advice) = (request.place(), self.advice.of(&flag(request)));
            let text = format!("network access to {place} is not granted; {advice}");
            return Err((Failure::Denied, text));
        }
        let Some(method) = &request.method else { return Ok(()) };
        if rules().any(|rule| rule.covers_method(method.as_str()) && rule.covers_path(path)) {
            return Ok(());
        }
        let mut text = format!("{method} of {path:.200} is not granted for {}; granted is", request.place());
        for rule in rules().take(8) {
            let _ = write!(text, " {rule}");
        }
        let wanted = format!("{method}@{}{path:.200}", flag(request));
        let _ = write!(text, "; {}", self.advice.of(&wanted));
        Err((Failure::Denied, text))
    }

    /// Those of the addresses of the request's host that may be connected to: public ones, and those that a grant names.
    pub(crate) fn reachable(
        &self,
        request: &HttpRequest,
        addresses: &[IpAddr],
    ) -> std::result::Result<Vec<SocketAddr>, Refusal> {
        let (host, port) = (request.host(), request.port());
        let named = |address: IpAddr| {
            let of_host = self.rules.iter().filter(|rule| rule.covers_host(&host, port));
            let literal = match address {
                IpAddr::V4(address) => url::Host::Ipv4(address),
                IpAddr::V6(address) => url::Host::Ipv6(address),
            };
            let of_address = self.rules.iter().filter(|rule| rule.covers_host(&literal, port));
            of_host.chain(of_address).any(|rule| rule.names_address(address))
        };
        let allowed: Vec<SocketAddr> = addresses
            .iter()
            .filter(|address| is_public(**address) || named(**address))
            .map(|address| SocketAddr::new(*address, port))
            .collect();
        match addresses.first() {
            None => Err((Failure::NoName, format!("there is no host {host}"))),
            Some(first) if allowed.is_empty() => {
                let advice = self.advice.of(&SocketAddr::new(*first, port).to_string());
                let text = format!(
                    "network access to {} is not granted: its address {first} is not public; {advice} as well",
                    request.place()
                );
                Err((Failure::Denied, text))
            }
            Some(_) => Ok(allowed),
        }
    }
}

/// What would have to stand behind `--allow-net` for the request's host.
fn flag(request: &HttpRequest) -> String {
    if DEFAULT_PORTS.contains(&request.port()) { request.host().to_string() } else { request.place() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, url: &str) -> HttpRequest {
        let mut bytes = Vec::new();
        for (tag, text) in [(1u32, method), (2, url)] {
            if !text.is_empty() {
                bytes.extend_from_slice(&tag.to_le_bytes());
                bytes.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        HttpRequest::read(&bytes).unwrap()
    }

    fn policy(rules: &[&str]) -> Policy {
        let mut policy = Policy::default();
        rules.iter().for_each(|rule| policy.add_rule(rule.parse().unwrap()));
        policy
    }

    #[test]
    fn a_refusal_names_what_would_grant_it() {
        let refused = |rules: &[&str], method: &str, url: &str| {
            policy(rules).check(&request(method, url)).unwrap_err().1
        };
        assert_eq!(
            refused(&[], "GET", "https://api.example.com/"),
            "network access to api.example.com:443 is not granted; run with --allow-net api.example.com"
        );
        assert_eq!(
            refused(&["api.example.com"], "", "http://api.example.com:8080/"),
            "network access to api.example.com:8080 is not granted; run with --allow-net api.example.com:8080"
        );
        assert_eq!(
            refused(&["GET@api.example.com/v1"], "POST", "https://api.example.com/v1/x"),
            "POST of /v1/x is not granted for api.example.com:443; granted is GET@api.example.com/v1; run with --allow-net POST@api.example.com/v1/x"
        );
    }

    #[test]
    fn two_rules_do_not_grant_what_neither_does() {
        let policy = policy(&["GET@h.example/a", "POST@h.example/b"]);
        assert!(policy.check(&request("GET", "https://h.example/a")).is_ok());
        assert!(policy.check(&request("POST", "https://h.example/b/c")).is_ok());
        assert!(policy.check(&request("POST", "https://h.example/a")).is_err());
        assert!(policy.check(&request("GET", "https://h.example/b")).is_err());
    }

    #[test]
    fn an_address_that_is_not_public_needs_a_grant_of_its_own() {
        let reach = |rules: &[&str], url: &str, address: &str| {
            policy(rules).reachable(&request("GET", url), &[address.parse().unwrap()]).is_ok()
        };
        assert!(reach(&["h.example"], "https://h.example/", "1.1.1.1"));
        for private in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "64:ff9b::7f00:1"]
        {
            assert!(!reach(&["h.example"], "https://h.example/", private), "{private}");
        }
        assert!(reach(&["h.example", "10.0.0.1"], "https://h.example/", "10.0.0.1"));
        assert!(!reach(&["h.example", "10.0.0.1:8080"], "https://h.example/", "10.0.0.1"), "another port");
        assert!(reach(&["10.0.0.1"], "https://10.0.0.1/", "10.0.0.1"));
        assert!(reach(&["localhost"], "https://localhost/", "127.0.0.1"));
        assert!(!reach(&["localhost"], "https://localhost/", "10.0.0.1"));
        let mut own = policy(&[]);
        own.add_rule("h.example".parse::<NetRule>().unwrap().at("10.0.0.1".parse().unwrap()));
        assert!(own.reachable(&request("GET", "https://h.example/"), &["10.0.0.1".parse().unwrap()]).is_ok());
        assert!(
            own.check(&request("GET", "https://10.0.0.1/")).is_err(),
            "the address alone is not granted by that"
        );
    }

    #[test]
    fn only_addresses_that_may_be_are_used() {
        let addresses = ["10.0.0.1".parse().unwrap(), "1.1.1.1".parse().unwrap()];
        let used =
            policy(&["h.example"]).reachable(&request("GET", "https://h.example/"), &addresses).unwrap();
        assert_eq!(used, ["1.1.1.1:443".parse().unwrap()]);
    }
}
