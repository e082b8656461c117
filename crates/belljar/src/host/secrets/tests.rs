//! What a session's secrets must hold to.

use super::*;
use proptest::prelude::*;

const VALUE: &str = "s3cr3t/value+with=odd&signs";

fn secrets() -> Arc<Secrets> {
    let secrets = [
        Secret::new("TOKEN", "api.example.com", "Authorization", VALUE).unwrap(),
        Secret::new("KEY", "api.example.com", "X-Api-Key", "another-value").unwrap(),
    ];
    Secrets::new(&secrets, &mut Random::from_seed(1)).unwrap()
}

fn request(method: &str, url: &str, headers: &[(&str, String)], body: &str) -> HttpRequest {
    let mut bytes = Vec::new();
    let mut field = |tag: u32, text: &[u8]| {
        bytes.extend_from_slice(&tag.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(text);
    };
    field(1, method.as_bytes());
    field(2, url.as_bytes());
    headers.iter().for_each(|(name, value)| field(3, format!("{name}\0{value}").as_bytes()));
    field(4, body.as_bytes());
    HttpRequest::read(&bytes).unwrap()
}

fn put(
    secrets: &Secrets,
    url: &str,
    headers: &[(&str, String)],
    body: &str,
) -> std::result::Result<HeaderMap, String> {
    let mut request = request("GET", url, headers, body);
    secrets.put_into(&mut request).map(|_| request.headers)
}

#[test]
fn the_value_goes_into_its_header_for_its_host_over_tls() {
    let secrets = secrets();
    let token = secrets.held[0].placeholder.clone();
    assert_eq!(token.len(), PLACEHOLDER.len() + 32);
    let bearer = [("authorization", format!("Bearer {token}"))];
    let headers = put(&secrets, "https://api.example.com/x", &bearer, "").unwrap();
    assert_eq!(headers["authorization"], format!("Bearer {VALUE}").as_str());
    let basic = [("Authorization", format!("Basic {}", STANDARD.encode(format!("user:{token}"))))];
    let headers = put(&secrets, "https://api.example.com./x", &basic, "").unwrap();
    assert_eq!(
        headers["authorization"],
        format!("Basic {}", STANDARD.encode(format!("user:{VALUE}"))).as_str()
    );
}

#[test]
fn a_placeholder_anywhere_else_is_refused() {
    let secrets = secrets();
    let token = secrets.held[0].placeholder.clone();
    let header = |name: &'static str| [(name, token.clone())];
    let own = "it is sent only in the header authorization to api.example.com:443";
    for (url, headers, body) in [
        (format!("https://api.example.com/{token}"), &[][..], String::new()),
        (format!("https://api.example.com/?a={token}"), &[], String::new()),
        ("https://api.example.com/".to_owned(), &[], format!("a={token}")),
        ("https://api.example.com/".to_owned(), &header("x-api-key"), String::new()),
        ("https://api.example.com/".to_owned(), &header("x-other"), String::new()),
        ("https://other.example.com/".to_owned(), &header("authorization"), String::new()),
        ("https://api.example.com:8443/".to_owned(), &header("authorization"), String::new()),
    ] {
        let error = put(&secrets, &url, headers, &body).unwrap_err();
        assert!(error.contains(own), "{url}: {error}");
        assert!(!error.contains(VALUE));
    }
    let error = put(&secrets, "http://api.example.com:443/", &header("authorization"), "").unwrap_err();
    assert_eq!(error, "the secret TOKEN is sent over https only");
}

#[test]
fn a_host_with_a_secret_gets_no_other_identity() {
    let secrets = secrets();
    for (name, value) in [("authorization", "Bearer mine"), ("x-api-key", "mine"), ("api-key", "mine")] {
        let error = put(&secrets, "https://api.example.com/", &[(name, value.to_owned())], "").unwrap_err();
        assert!(error.contains("says who asks"), "{error}");
        assert!(put(&secrets, "https://other.example.com/", &[(name, value.to_owned())], "").is_ok());
    }
    let left_out = [
        ("cookie", "a=b".to_owned()),
        ("range", "bytes=0-1".to_owned()),
        ("accept-encoding", "gzip".to_owned()),
    ];
    let headers = put(&secrets, "https://api.example.com/", &left_out, "").unwrap();
    assert_eq!((headers.len(), &headers["accept-encoding"]), (1, &HeaderValue::from_static("identity")));
}

#[test]
fn what_cannot_be_a_secret_is_refused_without_showing_it() {
    let refused = |name: &str, host: &str, header: &str, value: &str| {
        let error = Secret::new(name, host, header, value).unwrap_err().to_string();
        assert!(value.is_empty() || !error.contains(value), "{error}");
        error
    };
    assert!(refused("A", "", "H", "long enough").contains("names no host"));
    assert!(refused("A", "*.example.com", "H", "long enough").contains("not the whole first label"));
    assert!(refused("A", "h:0", "H", "long enough").contains("1 to 65535"));
    assert!(refused("A", "h", "H H", "long enough").contains("header"));
    assert!(refused("A-B", "h", "H", "long enough").contains("variable"));
    assert!(refused("A", "h", "H", "short").contains("8 bytes"));
    assert!(refused("A", "h", "H", "long\r\nenough").contains("no header can hold"));
    let secret = Secret::new("A", "h", "H", "long enough").unwrap();
    assert_eq!(format!("{secret:?}"), "Secret(A@h:443:h)");
}

proptest! {
    /// However a text is cut into pieces, no shape of a secret comes through, and everything else does.
    #[test]
    fn no_cut_lets_a_secret_through(
        parts in prop::collection::vec((0usize..40, "[a-zA-Z0-9+/%=&]{0,12}"), 1..12),
        cuts in prop::collection::vec(1usize..9, 1..200),
    ) {
        let secrets = secrets();
        let shapes: Vec<(&[u8], &str)> = secrets.held.iter()
            .flat_map(|held| held.secret.0.shapes.iter().map(|shape| (&***shape, held.placeholder.as_str())))
            .collect();
        let text: Vec<u8> = parts.iter()
            .flat_map(|(shape, other)| [shapes[shape % shapes.len()].0, other.as_bytes()].concat())
            .collect();
        let mut scrubber = Scrubber::new(Arc::clone(&secrets));
        let (mut at, mut out) = (0, Vec::new());
        for cut in cuts.iter().cycle() {
            if at == text.len() { break }
            let end = text.len().min(at + cut);
            out.extend(scrubber.push(&text[at..end]));
            at = end;
        }
        out.extend(scrubber.finish());
        for (shape, _) in &shapes {
            prop_assert!(!contains(&out, shape));
        }
        prop_assert_eq!(&out, &secrets.scrub(text));
    }

    #[test]
    fn what_holds_no_secret_passes_unchanged(text in prop::collection::vec(any::<u8>(), 0..400), cut in 1usize..50) {
        let secrets = secrets();
        let mut scrubber = Scrubber::new(Arc::clone(&secrets));
        let mut out: Vec<u8> = text.chunks(cut).flat_map(|piece| scrubber.push(piece)).collect();
        out.extend(scrubber.finish());
        prop_assert_eq!(&out, &text);
        prop_assert_eq!(secrets.scrub(text.clone()), text);
    }
}
