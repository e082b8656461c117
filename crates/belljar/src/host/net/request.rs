//! What a guest asks for: the fields of an exchange (`engines/abi.md`), read strictly. What comes out can be sent.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, uri::PathAndQuery};
use url::{Host, Url};

use crate::host::operations::next_field;

/// The most bytes of a URL.
const URL_BYTES_MAX: usize = 16 * 1024;

/// The most headers of a request, and their bytes together.
const HEADERS_MAX: usize = 100;
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// Methods that are never sent: they make tunnels and mirrors.
const METHODS_NEVER: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];

/// Headers that belong to the connection, which is ours: what the guest says in them is left out.
const OURS: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("keep-alive"),
];

/// Headers of those who want something else than HTTP, or a proxy.
const NEVER: [HeaderName; 3] =
    [header::UPGRADE, header::PROXY_AUTHORIZATION, HeaderName::from_static("http2-settings")];

/// Fields of a request.
mod tag {
    pub(super) const METHOD: u32 = 1;
    pub(super) const URL: u32 = 2;
    pub(super) const HEADER: u32 = 3;
    pub(super) const BODY: u32 = 4;
}

/// A request that can be sent, if it is granted.
#[derive(Debug)]
pub(crate) struct HttpRequest {
    /// None: nothing is to be sent, the guest wants to know whether the host is granted at all.
    pub(crate) method: Option<Method>,
    /// Of `http` or `https`, with a host that has no dot at its end, and without credentials and fragment.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl HttpRequest {
    /// Reads the fields of a request, or says what is wrong with them.
    pub(crate) fn read(mut fields: &[u8]) -> Result<Self, String> {
        let (mut method, mut url) = (None, None);
        let mut headers = HeaderMap::new();
        let mut header_bytes = 0;
        let mut body = &[][..];
        while let Some((tag, bytes, rest)) = next_field(fields)? {
            match tag {
                tag::METHOD => method = Some(read_method(bytes)?),
                tag::URL => url = Some(read_url(bytes)?),
                tag::HEADER => {
                    header_bytes += bytes.len();
                    if headers.len() >= HEADERS_MAX || header_bytes > HEADER_BYTES_MAX {
                        return Err(format!(
                            "a request has at most {HEADERS_MAX} headers of {HEADER_BYTES_MAX} bytes"
                        ));
                    }
                    let (name, value) = read_header(bytes)?;
                    headers.append(name, value);
                }
                tag::BODY => body = bytes,
                _ => return Err(format!("a request has no field {tag}")),
            }
            fields = rest;
        }
        let url = url.ok_or("the request has no URL")?;
        check_headers(&mut headers, &url)?;
        Ok(Self { method, url, headers, body: body.to_vec() })
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(crate) fn host(&self) -> Host<&str> {
        self.url.host().expect("a URL of http or https has a host")
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().expect("http and https have a port")
    }

    /// `host:port`, as messages name it.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host(), self.port())
    }

    /// Method and URL as they are written down: without the query, which often holds keys.
    pub(crate) fn described(&self) -> String {
        let method = self.method.as_ref().map_or("ask", |method| method.as_str());
        format!("{method} {}", &self.url[..url::Position::AfterPath])
    }

    /// What is asked of the server: path and query.
    pub(crate) fn target(&self) -> Result<PathAndQuery, String> {
        let text = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        text.parse().map_err(|_| "the URL has a path that cannot be sent".to_owned())
    }

    /// The value of the header `Host`.
    pub(crate) fn authority(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_string(),
        }
    }
}

fn read_method(bytes: &[u8]) -> Result<Method, String> {
    let method = Method::from_bytes(bytes).map_err(|_| "the method is not a word".to_owned())?;
    if bytes.len() > 16 || METHODS_NEVER.iter().any(|never| never.eq_ignore_ascii_case(method.as_str())) {
        return Err(format!(
            "{:.16} is not sent from this sandbox; it speaks plain HTTP only",
            method.as_str()
        ));
    }
    Ok(method)
}

fn read_url(bytes: &[u8]) -> Result<Url, String> {
    if bytes.len() > URL_BYTES_MAX {
        return Err(format!("a URL has at most {URL_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "the URL is not UTF-8".to_owned())?;
    let mut url = Url::parse(text).map_err(|error| format!("the URL cannot be read: {error}"))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(format!("the scheme {:.32} is not offered, only http and https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL holds a user's name or password; use the header Authorization".to_owned());
    }
    if url.port() == Some(0) {
        return Err("there is no port 0".to_owned());
    }
    url.set_fragment(None);
    if let Some(Host::Domain(given)) = url.host() {
        let name = given.strip_suffix('.').unwrap_or(given);
        // Nothing answers to such a name, and whoever reads it next might drop another dot.
        if name.split('.').any(str::is_empty) {
            return Err("the URL names a host with an empty part".to_owned());
        }
        let name = name.to_owned();
        url.set_host(Some(&name)).map_err(|_| "the URL names no host".to_owned())?;
    }
    Ok(url)
}

fn read_header(bytes: &[u8]) -> Result<(HeaderName, HeaderValue), String> {
    let nul = bytes.iter().position(|byte| *byte == 0).ok_or("a header has no value")?;
    let name = HeaderName::from_bytes(&bytes[..nul])
        .map_err(|_| "a header has a name that cannot be one".to_owned())?;
    let value = HeaderValue::from_bytes(bytes[nul + 1..].trim_ascii())
        .map_err(|_| format!("the header {name} has a value with control characters"))?;
    Ok((name, value))
}

/// Takes out what belongs to the connection. What contradicts the URL, or wants another protocol, is an error.
fn check_headers(headers: &mut HeaderMap, url: &Url) -> Result<(), String> {
    for host in headers.get_all(header::HOST) {
        if !names_the_same(host, url) {
            return Err("the header Host names another host than the URL".to_owned());
        }
    }
    if let Some(never) = NEVER.iter().find(|name| headers.contains_key(*name)) {
        return Err(format!("the header {never} is not sent from this sandbox; it speaks plain HTTP only"));
    }
    OURS.iter().for_each(|name| {
        headers.remove(name);
    });
    Ok(())
}

fn names_the_same(host: &HeaderValue, url: &Url) -> bool {
    let Ok(text) = host.to_str() else { return false };
    if text.contains(['/', '?', '#', '@', '\\']) {
        return false;
    }
    let Ok(mut named) = Url::parse(&format!("{}://{text}/", url.scheme())) else { return false };
    if let Some(name) = named.host_str().and_then(|name| name.strip_suffix('.')).map(str::to_owned) {
        let _ = named.set_host(Some(&name));
    }
    named.host() == url.host() && named.port_or_known_default() == url.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(fields: &[(u32, &str)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (tag, text) in fields {
            bytes.extend_from_slice(&tag.to_le_bytes());
            bytes.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    fn read(list: &[(u32, &str)]) -> Result<HttpRequest, String> {
        HttpRequest::read(&fields(list))
    }

    fn get(header: &str) -> Result<HttpRequest, String> {
        read(&[(1, "GET"), (2, "https://example.com:8443/a"), (3, header)])
    }

    #[test]
    fn a_request_is_read() {
        let request =
            read(&[(1, "POST"), (2, "https://Example.COM.:443/a?b#c"), (3, "X-One\0 1 "), (4, "body")])
                .unwrap();
        assert_eq!(request.method, Some(Method::POST));
        assert_eq!(request.place(), "example.com:443");
        assert_eq!(request.authority(), "example.com");
        assert_eq!(request.target().unwrap().as_str(), "/a?b");
        assert_eq!(request.headers["x-one"], "1");
        assert_eq!(request.body, b"body");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (list, reason) in [
            (&[(1, "GET")][..], "no URL"),
            (&[(1, "G ET"), (2, "http://a/")], "not a word"),
            (&[(1, "CONNECT"), (2, "http://a/")], "plain HTTP"),
            (&[(1, "trace"), (2, "http://a/")], "plain HTTP"),
            (&[(2, "ftp://a/")], "scheme"),
            (&[(2, "file:///etc/passwd")], "scheme"),
            (&[(2, "http://user:word@a/")], "Authorization"),
            (&[(2, "http://a:0/")], "port 0"),
            (&[(2, "http://a:70000/")], "invalid port"),
            (&[(9, "")], "no field 9"),
        ] {
            let error = read(list).unwrap_err();
            assert!(error.contains(reason), "{list:?}: {error}");
        }
        assert!(HttpRequest::read(&fields(&[(2, "http://a/")])[..12]).unwrap_err().contains("cut"));
    }

    #[test]
    fn nothing_can_be_smuggled_in_a_header() {
        for header in
            ["X\0a\r\nEvil: 1", "X\0a\nb", "X\r\nEvil\x001", "X:\x001", " X\x001", "X\0a\0b", "X", "\x001"]
        {
            assert!(get(header).is_err(), "{header:?}");
        }
        for ours in
            ["Transfer-Encoding\0chunked", "Content-Length\x005", "Connection\0keep-alive, x", "TE\0trailers"]
        {
            assert!(get(ours).unwrap().headers.is_empty(), "{ours:?}");
        }
        for never in ["Upgrade\0websocket", "Proxy-Authorization\0Basic eA==", "HTTP2-Settings\0x"] {
            assert!(get(never).unwrap_err().contains("plain HTTP"), "{never:?}");
        }
        let many: Vec<(u32, &str)> =
            std::iter::repeat_n((3, "a\0b"), 101).chain([(2, "http://a/")]).collect();
        assert!(read(&many).unwrap_err().contains("at most 100 headers"));
    }

    #[test]
    fn the_host_is_the_one_of_the_url() {
        for same in ["example.com:8443", "EXAMPLE.com.:8443"] {
            assert!(get(&format!("Host\0{same}")).unwrap().headers.is_empty(), "{same}");
        }
        for other in [
            "example.com",
            "example.org:8443",
            "example.com:8443/x",
            "a@example.com:8443",
            "example.com:8443, b",
            "",
        ] {
            assert!(get(&format!("Host\0{other}")).unwrap_err().contains("another host"), "{other:?}");
        }
    }

    #[test]
    fn a_host_has_no_empty_part() {
        for url in ["http://a..", "http://a..b/", "http://.a/", "http://./", "http://../"] {
            let refused = read(&[(2, url)]).unwrap_err();
            assert_eq!(refused, "the URL names a host with an empty part", "{url}");
        }
        assert_eq!(read(&[(2, "http://a./")]).unwrap().host(), Host::Domain("a"));
    }

    proptest! {
        /// Whatever the bytes: an error, or a request whose parts agree about the host.
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(request) = HttpRequest::read(&bytes) {
                prop_assert!(request.place().starts_with(&request.host().to_string()));
            }
        }

        #[test]
        fn any_url_is_read(url in "https?://[a-z0-9.@:/\\\\%\\[\\]?#\u{e9}\t-]{0,30}") {
            if let Ok(request) = read(&[(2, &url)]) {
                if let Host::Domain(name) = request.host() {
                    prop_assert!(name.split('.').all(|part| !part.is_empty()), "{name}");
                }
                prop_assert!(request.url.username().is_empty());
            }
        }
    }
}
