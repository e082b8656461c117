//! Real servers on loopback addresses, under names that the test gives out, with certificates that it makes.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use belljar::{Grants, NetRule};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Who makes certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn config(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key);
        Arc::new(config.unwrap())
    }
}

/// What a client sent over one connection.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The name it gave when encryption was agreed on.
    pub sni: Option<String>,
    pub head: String,
    pub body: Vec<u8>,
}

impl Asked {
    /// Path and query.
    pub fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The value of a header, all of them joined.
    pub fn header(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let values: Vec<&str> = lines
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// A stream in both directions, encrypted or not.
pub trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A server: what it was asked, and where it listens.
pub struct Server {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    most: Arc<AtomicUsize>,
}

impl Server {
    /// Answers every request with the bytes that `answer` makes of it.
    pub fn start(
        tls: Option<(&Authority, &str)>,
        answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self::streaming(tls, move |asked, stream| {
            let _ = stream.write_all(&answer(asked));
        })
    }

    /// Lets `answer` write whatever it wants, as long as the client listens.
    pub fn streaming(
        tls: Option<(&Authority, &str)>,
        answer: impl Fn(&Asked, &mut dyn Stream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((LOOPBACK, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, asked: Arc::default(), most: Arc::default() };
        let config = tls.map(|(authority, name)| authority.config(name));
        let (asked, most, answer) = (Arc::clone(&server.asked), Arc::clone(&server.most), Arc::new(answer));
        let now = Arc::new(AtomicUsize::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, asked, most) = (config.clone(), Arc::clone(&asked), Arc::clone(&most));
                let (now, answer) = (Arc::clone(&now), Arc::clone(&answer));
                std::thread::spawn(move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    serve(stream, config, &asked, &*answer);
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        server
    }

    /// What the server was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The most connections that it had at once.
    pub fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

fn serve(
    stream: TcpStream,
    config: Option<Arc<ServerConfig>>,
    asked: &Mutex<Vec<Asked>>,
    answer: &dyn Fn(&Asked, &mut dyn Stream),
) {
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let Some(config) = config else {
        talk(stream, None, asked, answer);
        return;
    };
    let mut connection = ServerConnection::new(config).unwrap();
    let mut stream = stream;
    // A client that does not trust the certificate is gone here.
    if connection.complete_io(&mut stream).is_err() {
        return;
    }
    let sni = connection.server_name().map(str::to_owned);
    talk(StreamOwned::new(connection, stream), sni, asked, answer);
}

fn talk(
    mut stream: impl Stream,
    sni: Option<String>,
    asked: &Mutex<Vec<Asked>>,
    answer: &dyn Fn(&Asked, &mut dyn Stream),
) {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&piece[..count]),
            _ => return,
        }
    };
    let body = bytes.split_off(head + 4);
    let mut one = Asked { sni, head: String::from_utf8_lossy(&bytes).into_owned(), body };
    let length = one.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut rest = vec![0; length - one.body.len().min(length)];
    if stream.read_exact(&mut rest).is_err() {
        return;
    }
    one.body.extend(rest);
    asked.lock().unwrap().push(one.clone());
    answer(&one, &mut stream);
    let _ = stream.flush();
}

/// An answer with a body of known length.
pub fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", "content-type: text/plain\r\n", body)
}

/// An answer with this status and these header lines.
pub fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Names that the test controls, and what was looked up.
#[derive(Clone, Default)]
pub struct Names {
    known: Arc<Mutex<BTreeMap<String, Vec<IpAddr>>>>,
    looked_up: Arc<Mutex<Vec<String>>>,
}

impl Names {
    pub fn new(names: &[&str]) -> Self {
        let all = Self::default();
        names.iter().for_each(|name| all.set(name, &[LOOPBACK]));
        all
    }

    pub fn set(&self, name: &str, addresses: &[IpAddr]) {
        self.known.lock().unwrap().insert(name.to_owned(), addresses.to_vec());
    }

    pub fn looked_up(&self) -> Vec<String> {
        self.looked_up.lock().unwrap().clone()
    }

    /// Grants that look names up here.
    pub fn grants(&self) -> Grants {
        let Self { known, looked_up } = self.clone();
        Grants::default().resolver(move |name: &str| {
            looked_up.lock().unwrap().push(name.to_owned());
            Ok(known.lock().unwrap().get(name).cloned().unwrap_or_default())
        })
    }
}

/// A rule for a server of the test: the name may have the loopback address.
pub fn rule(text: &str) -> NetRule {
    text.parse::<NetRule>().unwrap().at(LOOPBACK)
}
