//! `belljar run --allow-net --secret --tls-ca`: a real server, a granted and a refused host, and a secret that nobody sees.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;

use program::{Folder, Gave, belljar, run};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const VALUE: &str = "correct-horse-battery";

/// A server for `localhost` that says back what it was asked with. Its port, and the certificate to trust.
fn server() -> (u16, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            let mut asked = Vec::new();
            let mut piece = [0; 4096];
            while !asked.windows(4).any(|window| window == b"\r\n\r\n") {
                match stream.read(&mut piece) {
                    Ok(count @ 1..) => asked.extend_from_slice(&piece[..count]),
                    _ => break,
                }
            }
            let text = String::from_utf8_lossy(&asked).into_owned();
            let line = text.lines().find(|line| line.to_ascii_lowercase().starts_with("authorization"));
            let body = line.unwrap_or("nobody");
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.flush();
        }
    });
    (port, pem)
}

fn run_with_token(arguments: &[&str]) -> Gave {
    let output = belljar().args(arguments).env("API_TOKEN", VALUE).stdin(Stdio::null()).output();
    output.expect("the program can be started").into()
}

#[test]
fn a_granted_server_gets_the_secret_and_the_program_does_not() {
    let (port, pem) = server();
    let folder = Folder::new("net");
    let ca = folder.file("ca.pem", pem);
    let host = format!("localhost:{port}");
    let code = format!(
        "import os, urllib.request\nask = urllib.request.Request('https://{host}/', headers={{'Authorization': os.environ['API_TOKEN']}})\nprint(urllib.request.urlopen(ask).read().decode())"
    );
    let secret = format!("API_TOKEN@{host}:Authorization");
    let gave =
        run_with_token(&["run", "--allow-net", &host, "--tls-ca", &ca, "--secret", &secret, "-c", &code]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    assert!(gave.stdout.to_ascii_lowercase().starts_with("authorization: belljar_secret_"), "{gave:?}");
    // From a file, and as JSON.
    let file = folder.file("token", format!("{VALUE}\n"));
    let gave = run([
        "run",
        "--json",
        "--allow-net",
        &host,
        "--tls-ca",
        &ca,
        "--secret",
        &format!("{secret}={file}"),
        "-c",
        &code,
    ]);
    assert!(gave.stdout.contains("belljar_secret_") && !gave.stdout.contains(VALUE), "{gave:?}");
    // Without the grant, and without the certificate.
    let gave = run_with_token(&["run", "--tls-ca", &ca, "--secret", &secret, "-c", &code]);
    assert_eq!(gave.code, Some(1));
    assert!(
        gave.stderr
            .contains(&format!("network access to {host} is not granted; run with --allow-net {host}")),
        "{gave:?}"
    );
    let gave = run_with_token(&["run", "--allow-net", &host, "--secret", &secret, "-c", &code]);
    assert!(gave.stderr.contains("trusted with --tls-ca"), "{gave:?}");
}

#[test]
fn grants_that_make_no_sense_are_refused() {
    let refused = |flags: &[&str], sentence: &str| {
        let gave = run_with_token(&[&["run", "-c", "1"], flags].concat());
        gave.refused(sentence);
        assert!(!gave.stderr.contains(VALUE), "{gave:?}");
    };
    refused(
        &["--allow-net", "*"],
        "the network rule \"*\" would match every host; name the hosts, or all below one with *.example.com",
    );
    refused(
        &["--allow-net", "*.com"],
        "the network rule \"*.com\" would match names of everybody; name at least one more label",
    );
    refused(
        &["--allow-net", "example.com:65536"],
        "the network rule \"example.com:65536\" has a port that is not from 1 to 65535",
    );
    refused(
        &["--allow-net", "example.com:0"],
        "the network rule \"example.com:0\" has a port that is not from 1 to 65535",
    );
    refused(&["--secret", "API_TOKEN"], "the secret \"API_TOKEN\" names no host");
    refused(&["--secret", "API_TOKEN@:Authorization"], "the secret \"API_TOKEN\" names no host");
    refused(
        &["--secret", "API_TOKEN@api.example.com"],
        "the secret \"API_TOKEN@api.example.com\" names no header",
    );
    refused(
        &["--secret", "API_TOKEN@api.example.com:443"],
        "the secret \"API_TOKEN@api.example.com:443\" names no header",
    );
    refused(
        &["--secret", "API_TOKEN@*.example.com:Authorization"],
        "the secret \"API_TOKEN\" has a * that is not the whole first label",
    );
    refused(
        &["--secret", "NO_SUCH@api.example.com:Authorization"],
        "there is no variable NO_SUCH here, which is to hold the secret NO_SUCH",
    );
    let folder = Folder::new("net-bad");
    let empty = folder.file("empty.pem", "nothing");
    refused(&["--tls-ca", &empty], "there is no certificate in what was given as PEM");
}
