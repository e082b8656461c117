//! Rules of the network: which hosts, ports, methods and paths a grant names, and whether they cover what is asked for.

use std::fmt;
use std::str::FromStr;

use url::Host;

use super::address::IpAddr;
use crate::error::{Error, Result};

/// Ports that a rule without a port covers: those of `https` and `http`.
pub(crate) const DEFAULT_PORTS: [u16; 2] = [443, 80];

/// Methods that a rule may name. `CONNECT` and `TRACE` are never sent.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Second labels below which registries of countries give out names: `*.co.uk` is as good as everything.
const SUFFIXES: [&str; 10] = ["ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"];

const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// One host, or all hosts below one, that code may speak HTTP with.
///
/// In text: `[METHOD,...@]HOST[:PORT][/PATH]`.
///
/// - `HOST` is a name, an address, or `*.` and a name: any name below that one, at any depth, but not the name itself. `*` and
///   `*.com` are refused. A name covers public addresses only, except `localhost`; an address covers itself whatever it is.
/// - Without `PORT`, ports 443 and 80 are covered.
/// - Without methods, all are covered but `CONNECT` and `TRACE`, which never are.
/// - `PATH` covers itself and what lies below it: `/v1` covers `/v1` and `/v1/models`, not `/v10`.
///
/// ```
/// use belljar::NetRule;
///
/// let rule: NetRule = "GET,HEAD@api.example.com/v1".parse()?;
/// assert_eq!(rule.to_string(), "GET,HEAD@api.example.com/v1");
/// assert!("*".parse::<NetRule>().is_err());
/// # Ok::<(), belljar::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetRule {
    hosts: Hosts,
    /// None: [`DEFAULT_PORTS`].
    port: Option<u16>,
    /// Empty: all.
    methods: Vec<&'static str>,
    /// Begins with `/`; that alone covers everything.
    path: String,
    /// An address that the host may have although it is not public.
    address: Option<IpAddr>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    One(Host),
    /// Every name that ends in a dot and this.
    Below(String),
}

impl NetRule {
    /// Lets the host have this address although it is not a public one: for names of one's own network.
    #[must_use]
    pub fn at(mut self, address: std::net::IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Whether this rule covers all that `other` does.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let hosts = match (&self.hosts, &other.hosts) {
            (Hosts::One(one), Hosts::One(other)) => one == other,
            (Hosts::Below(above), Hosts::One(Host::Domain(name))) => is_below(name, above),
            (Hosts::Below(above), Hosts::Below(other)) => other == above || is_below(other, above),
            _ => false,
        };
        let ports = match (self.port, other.port) {
            (None, None) => true,
            (None, Some(port)) => DEFAULT_PORTS.contains(&port),
            (Some(only), port) => port == Some(only),
        };
        let methods = self.methods.is_empty()
            || !other.methods.is_empty() && other.methods.iter().all(|method| self.covers_method(method));
        let address = other.address.is_none() || other.address == self.address;
        hosts && ports && methods && address && self.covers_path(&other.path)
    }

    /// Whether the rule covers this host and port.
    pub(crate) fn covers_host(&self, host: &Host<&str>, port: u16) -> bool {
        let hosts = match (&self.hosts, host) {
            (Hosts::One(Host::Domain(one)), Host::Domain(name)) => one == name,
            (Hosts::One(Host::Ipv4(one)), Host::Ipv4(address)) => one == address,
            (Hosts::One(Host::Ipv6(one)), Host::Ipv6(address)) => one == address,
            (Hosts::Below(above), Host::Domain(name)) => is_below(name, above),
            _ => false,
        };
        hosts && self.port.map_or(DEFAULT_PORTS.contains(&port), |only| only == port)
    }

    /// The ports that the rule covers.
    pub(crate) fn ports(&self) -> &[u16] {
        self.port.as_ref().map_or(&DEFAULT_PORTS, std::slice::from_ref)
    }

    /// Whether the rule covers this method.
    pub(crate) fn covers_method(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.contains(&method)
    }

    /// Whether the rule covers this path, which a parser of URLs has made plain.
    ///
    /// Where a path matters, one that a server could take apart in another way is not covered: with encoded dots, slashes, percents
    /// or NULs.
    pub(crate) fn covers_path(&self, path: &str) -> bool {
        if self.path == "/" {
            return true;
        }
        let lower = path.to_ascii_lowercase();
        let ambiguous =
            ["%2e", "%2f", "%5c", "%25", "%00", "\\", "//"].iter().any(|part| lower.contains(part));
        let below = path.strip_prefix(self.path.as_str());
        !ambiguous
            && below.is_some_and(|rest| rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'))
    }

    /// Whether the rule names this address, so that it may be reached although it is not public.
    pub(crate) fn names_address(&self, address: IpAddr) -> bool {
        let own = match &self.hosts {
            Hosts::One(Host::Ipv4(one)) => IpAddr::V4(*one) == address,
            Hosts::One(Host::Ipv6(one)) => IpAddr::V6(*one) == address,
            Hosts::One(Host::Domain(name)) => name == "localhost" && address.is_loopback(),
            Hosts::Below(_) => false,
        };
        own || self.address == Some(address)
    }
}

fn is_below(name: &str, above: &str) -> bool {
    let rest = name.strip_suffix(above).and_then(|rest| rest.strip_suffix('.'));
    rest.is_some_and(|rest| !rest.is_empty())
}

impl FromStr for NetRule {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::NetRule`] says what is wrong.
    fn from_str(text: &str) -> Result<Self> {
        parse(text).map_err(|problem| Error::NetRule { rule: text.to_owned(), problem })
    }
}

fn parse(text: &str) -> std::result::Result<NetRule, &'static str> {
    if text.contains("://") {
        return Err("names a scheme; the host alone is enough");
    }
    let (place, path) = text.find('/').map_or((text, "/"), |at| text.split_at(at));
    let (methods, place) =
        place.rsplit_once('@').map_or((None, place), |(methods, place)| (Some(methods), place));
    let methods = methods.map(parse_methods).transpose()?.unwrap_or_default();
    let (host, port) = split_port(place)?;
    let hosts = match host.strip_prefix("*.") {
        Some(above) => Hosts::Below(parse_above(above)?),
        None => Hosts::One(parse_host(host)?),
    };
    Ok(NetRule { hosts, port, methods, path: parse_path(path)?, address: None })
}

/// A host and what follows its last colon as a port.
pub(crate) fn split_port(place: &str) -> std::result::Result<(&str, Option<u16>), &'static str> {
    let (host, port) = match place.rfind(']') {
        Some(end) => match place[end + 1..].strip_prefix(':') {
            Some(port) => (&place[..=end], Some(port)),
            None if place.len() == end + 1 => (place, None),
            None => return Err("has something behind the address that is no port"),
        },
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let Some(port) = port else { return Ok((host, None)) };
    if port.contains(':') {
        return Err("has more than one colon; an IPv6 address stands in brackets");
    }
    match port.parse::<u16>() {
        Ok(number) if number > 0 && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok((host, Some(number)))
        }
        _ => Err("has a port that is not from 1 to 65535"),
    }
}

/// A host, as the parser of URLs understands it, so that both agree.
pub(crate) fn parse_host(text: &str) -> std::result::Result<Host, &'static str> {
    if text.is_empty() {
        return Err("names no host");
    }
    if text == "*" {
        return Err("would match every host; name the hosts, or all below one with *.example.com");
    }
    let host = Host::parse(text).map_err(|_| "names a host that cannot be one")?;
    let Host::Domain(name) = host else { return Ok(host) };
    // Here, since the parser also takes a * that is written otherwise: %2A, or a full-width one.
    if name.contains('*') {
        return Err("has a * that is not the whole first label");
    }
    let name = name.strip_suffix('.').unwrap_or(&name);
    let labels = name.split('.').all(|label| (1..=LABEL_BYTES_MAX).contains(&label.len()));
    if !labels || name.len() > HOST_BYTES_MAX {
        return Err("names a host that cannot be one");
    }
    Ok(Host::Domain(name.to_owned()))
}

fn parse_above(text: &str) -> std::result::Result<String, &'static str> {
    let Host::Domain(name) = parse_host(text)? else { return Err("has a * before an address") };
    let labels: Vec<&str> = name.split('.').collect();
    let everybody = match labels[..] {
        [_] => true,
        [second, country] => country.len() == 2 && SUFFIXES.contains(&second),
        _ => false,
    };
    if everybody { Err("would match names of everybody; name at least one more label") } else { Ok(name) }
}

fn parse_methods(text: &str) -> std::result::Result<Vec<&'static str>, &'static str> {
    let mut methods = Vec::new();
    for method in text.split(',') {
        let known = METHODS.iter().find(|known| known.eq_ignore_ascii_case(method));
        methods.push(*known.ok_or("has something before the @ that is no method")?);
    }
    Ok(methods)
}

fn parse_path(text: &str) -> std::result::Result<String, &'static str> {
    let url = url::Url::parse("http://host/").and_then(|base| base.join(text));
    match url {
        Ok(url) if url.path() == text && url.query().is_none() && url.fragment().is_none() => {
            Ok(text.to_owned())
        }
        _ => Err("has a path that is not plain: no dots as segments, no query, no encoding left to do"),
    }
}

impl fmt::Display for NetRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.methods.is_empty() {
            write!(f, "{}@", self.methods.join(","))?;
        }
        match &self.hosts {
            Hosts::One(host) => write!(f, "{host}")?,
            Hosts::Below(above) => write!(f, "*.{above}")?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if self.path != "/" {
            f.write_str(&self.path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use url::Url;

    fn rule(text: &str) -> NetRule {
        text.parse().unwrap()
    }

    fn covers(rule: &str, url: &str) -> bool {
        let url = Url::parse(url).unwrap();
        let rule: NetRule = rule.parse().unwrap();
        rule.covers_host(&url.host().unwrap(), url.port_or_known_default().unwrap())
            && rule.covers_path(url.path())
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        let refused = [
            ("*", "would match every host"),
            ("%2A", "has a * that is not"),
            ("%2A.example.com", "has a * that is not"),
            ("＊.example.com", "has a * that is not"),
            ("*.%2A.example.com", "has a * that is not"),
            ("*.com", "would match names of everybody"),
            ("*.co.uk", "would match names of everybody"),
            ("*.", "names no host"),
            ("a*.example.com", "not the whole first label"),
            ("*.*.example.com", "not the whole first label"),
            ("*.127.0.0.1", "before an address"),
            ("", "names no host"),
            (":80", "names no host"),
            ("example.com:0", "not from 1 to 65535"),
            ("example.com:65536", "not from 1 to 65535"),
            ("example.com:http", "not from 1 to 65535"),
            ("example.com:+80", "not from 1 to 65535"),
            ("::1", "more than one colon"),
            ("[::1", "an IPv6 address stands in brackets"),
            ("[::1]80", "no port"),
            ("https://example.com", "scheme"),
            ("user@example.com", "no method"),
            ("CONNECT@example.com", "no method"),
            ("exa mple.com", "cannot be one"),
            ("a..b", "cannot be one"),
            ("example.com/a/../b", "not plain"),
            ("example.com/a?b", "not plain"),
            ("example.com/a b", "not plain"),
        ];
        for (text, reason) in refused {
            let error = text.parse::<NetRule>().expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn names_are_compared_label_by_label() {
        assert!(covers("example.com", "https://example.com/x"));
        assert!(
            covers("example.com", "https://EXAMPLE.com./x") || Url::parse("https://EXAMPLE.com./x").is_ok()
        );
        for other in [
            "https://evilexample.com/",
            "https://example.com.evil.tld/",
            "https://a.example.com/",
            "https://example.co/",
        ] {
            assert!(!covers("example.com", other), "{other}");
        }
        for below in ["https://a.example.com/", "https://a.b.example.com/"] {
            assert!(covers("*.example.com", below), "{below}");
        }
        for other in [
            "https://example.com/",
            "https://evilexample.com/",
            "https://a.example.com.evil.tld/",
            "https://.example.com/",
        ] {
            assert!(Url::parse(other).is_err() || !covers("*.example.com", other), "{other}");
        }
    }

    #[test]
    fn a_look_alike_is_another_name() {
        assert!(covers("bücher.example", "https://xn--bcher-kva.example/"));
        assert!(covers("xn--bcher-kva.example", "https://BÜCHER.example/"));
        // A Cyrillic letter that looks like the Latin one.
        assert!(!covers("apple.example", "https://\u{430}pple.example/"));
        assert!(covers("example.com", "https://ｅｘａｍｐｌｅ.com/"));
    }

    #[test]
    fn a_port_is_part_of_the_rule() {
        assert!(
            covers("example.com", "https://example.com/") && covers("example.com", "http://example.com/")
        );
        assert!(!covers("example.com", "https://example.com:8443/"));
        assert!(covers("example.com:8443", "https://example.com:8443/"));
        assert!(!covers("example.com:8443", "https://example.com/"));
    }

    #[test]
    fn addresses_are_what_they_mean_however_they_are_written() {
        for spelling in ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "①②⑦.0.0.1"] {
            assert!(covers("127.0.0.1", &format!("http://{spelling}/")), "{spelling}");
            assert_eq!(rule(spelling), rule("127.0.0.1"));
            assert!(!covers("example.com", &format!("http://{spelling}/")));
        }
        assert!(!covers("127.0.0.1", "http://[::ffff:127.0.0.1]/"));
        assert!(covers("[::1]:8080", "http://[0:0::1]:8080/"));
    }

    #[test]
    fn a_path_covers_what_lies_below_it_and_nothing_beside_it() {
        for inside in ["/v1", "/v1/", "/v1/models", "/v1/a/../b", "/x/../v1/y"] {
            assert!(covers("h.example/v1", &format!("https://h.example{inside}")), "{inside}");
        }
        let outside = [
            "/",
            "/v10",
            "/v1/../admin",
            "/v1/%2e%2e/admin",
            "/v1/..%2fadmin",
            "/v1/%252e%252e/x",
            "/v1\\..\\admin",
            "/v1//x",
        ];
        for outside in outside {
            assert!(!covers("h.example/v1", &format!("https://h.example{outside}")), "{outside}");
        }
    }

    #[test]
    fn methods_are_those_that_are_named() {
        let some = rule("get,HEAD@example.com");
        assert_eq!(some.to_string(), "GET,HEAD@example.com");
        assert!(some.covers_method("GET") && !some.covers_method("POST") && !some.covers_method("get"));
        assert!(rule("example.com").covers_method("DELETE"));
    }

    proptest! {
        /// Whatever the text, it is refused or it means the same when it is written out and read again.
        #[test]
        fn a_rule_reads_as_it_is_shown(text in "[a-zA-Z0-9*.:@/\\[\\],\u{e4}\u{df}%_-]{0,24}") {
            if let Ok(rule) = text.parse::<NetRule>() {
                prop_assert_eq!(rule.to_string().parse::<NetRule>().unwrap(), rule);
            }
        }

        /// A name is below another only if its labels end in the other's.
        #[test]
        fn below_is_a_matter_of_labels(name in "[a-c.]{1,12}", above in "[a-c]{1,2}\\.[a-c]{1,2}") {
            let labels: Vec<&str> = name.split('.').collect();
            let ends: Vec<&str> = above.split('.').collect();
            let expected = labels.len() > ends.len() && labels.ends_with(&ends)
                && !labels[..labels.len() - ends.len()].iter().all(|label| label.is_empty() && labels.len() == ends.len() + 1);
            prop_assert_eq!(is_below(&name, &above), expected);
        }
    }
}
