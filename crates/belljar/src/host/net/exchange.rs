//! One exchange: a name becomes addresses, one of them a connection, and the request an answer, field by field.

use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Request, Response, header};
use http_body_util::Full;
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Host;

use super::policy::{Policy, Refusal};
use super::request::HttpRequest;
use super::resolve::ADDRESSES_MAX;
use super::traffic::Traffic;
use crate::host::audit::Entry;
use crate::host::operations::{Failure, Field};
use crate::host::secrets::{Scrubber, Secrets};

/// How long looking a name up, connecting and agreeing on encryption may take, each.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How long a server may say nothing.
const SILENCE_TIME: Duration = Duration::from_secs(120);

/// The most bytes of a response's head, and the most headers in it.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 200;

/// The most bytes of one field of the body.
const PIECE_BYTES_MAX: usize = 16 * 1024;

/// Fields of an answer.
mod tag {
    pub(super) const HEAD: u32 = 2;
    pub(super) const BODY: u32 = 3;
}

/// A request that was checked, and what it takes to serve it.
pub(super) struct Exchange {
    pub(super) request: HttpRequest,
    pub(super) policy: Arc<Policy>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) secrets: Option<Arc<Secrets>>,
    /// What is written down of it.
    pub(super) told: Arc<Mutex<Entry>>,
}

/// Something that bytes go through in both directions: TCP, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Exchange {
    /// Serves the exchange, unless the guest gives it up before.
    pub(super) async fn serve(self, connections: Arc<Semaphore>, sender: Sender<Field>) {
        self.tell(|told| told.detail("outcome", || "given up".into()));
        let served = async {
            // The semaphore is never closed.
            let _connection = connections.acquire().await;
            let answered = self.answer(&sender).await;
            self.tell(|told| {
                told.detail("outcome", || if answered.is_ok() { "done" } else { "failed" }.into())
            });
            if let Err((failure, text)) = answered {
                match failure {
                    Failure::Denied | Failure::Limit => self.tell(|told| told.refuse(&text)),
                    _ => self.tell(|told| told.fail(&text)),
                }
                self.tell(Entry::close);
                let text = self.scrub(text.into_bytes());
                let _ = sender.send(Field::error(failure, &String::from_utf8_lossy(&text))).await;
            }
        };
        tokio::select! {
            () = sender.closed() => {}
            () = served => {}
        }
        // The guest learns that it is over after it was written down.
        self.tell(Entry::close);
    }

    fn tell(&self, what: impl FnOnce(&mut Entry)) {
        // Nothing panics while it is held.
        what(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn answer(&self, sender: &Sender<Field>) -> Result<(), Refusal> {
        let addresses = self.policy.reachable(&self.request, &self.look_up().await?)?;
        let stream = self.connect(&addresses).await?;
        // Dropping the set ends the connection.
        let mut connection = JoinSet::new();
        let response = self.send(stream, &mut connection).await?;
        self.check_encoding(response.headers())?;
        let (head, body) = response.into_parts();
        self.tell(|told| told.detail("status", || head.status.as_u16().into()));
        let head = self.scrub(encode_head(head.status.as_u16(), &head.headers, self.secrets.is_some()));
        self.traffic.bytes(head.len())?;
        give(sender, tag::HEAD, head).await?;
        self.pass_on(body, sender).await
    }

    /// The addresses of the request's host: asked for once, and used for this exchange alone.
    async fn look_up(&self) -> Result<Vec<IpAddr>, Refusal> {
        let name = match self.request.host() {
            Host::Ipv4(address) => return Ok(vec![address.into()]),
            Host::Ipv6(address) => return Ok(vec![address.into()]),
            Host::Domain(name) => name.to_owned(),
        };
        let resolver = Arc::clone(self.policy.resolver());
        let asked = name.clone();
        let looked_up = tokio::task::spawn_blocking(move || resolver.resolve(&asked));
        let looked_up = self.in_time("looking up its name", CONNECT_TIME, looked_up).await?;
        // A resolver that panicked is one that failed.
        let mut addresses = looked_up
            .map_err(|error| error.to_string())
            .and_then(|found| found.map_err(|error| error.to_string()))
            .map_err(|error| (Failure::NoName, format!("there is no host {name}: {error}")))?;
        addresses.truncate(ADDRESSES_MAX);
        Ok(addresses)
    }

    async fn connect(&self, addresses: &[SocketAddr]) -> Result<Box<dyn Stream>, Refusal> {
        let place = self.request.place();
        let mut last = (Failure::Unreachable, format!("{place} cannot be reached"));
        for address in addresses {
            match self.in_time("connecting", CONNECT_TIME, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    self.tell(|told| told.detail("address", || address.to_string().into()));
                    return self.encrypt(stream).await;
                }
                Ok(Err(error)) => {
                    last = (Failure::Unreachable, format!("{place} cannot be reached: {error}"))
                }
                Err(late) => last = late,
            }
        }
        Err(last)
    }

    async fn encrypt(&self, stream: TcpStream) -> Result<Box<dyn Stream>, Refusal> {
        // Small writes go out at once; a failure to ask for that changes nothing else.
        let _ = stream.set_nodelay(true);
        if !self.request.is_encrypted() {
            return Ok(Box::new(stream));
        }
        let place = self.request.place();
        let name = match self.request.host() {
            Host::Domain(name) => ServerName::try_from(name.to_owned())
                .map_err(|_| (Failure::Invalid, format!("{place} cannot have a certificate")))?,
            Host::Ipv4(address) => ServerName::IpAddress(IpAddr::V4(address).into()),
            Host::Ipv6(address) => ServerName::IpAddress(IpAddr::V6(address).into()),
        };
        let connector = TlsConnector::from(self.policy.tls());
        let shaken =
            self.in_time("agreeing on encryption", CONNECT_TIME, connector.connect(name, stream)).await?;
        let stream = shaken.map_err(|error| {
            let text = format!("{place} could not prove who it is: {error}");
            let unknown = error.to_string().contains("UnknownIssuer");
            let hint = if unknown { "; a certificate of one's own is trusted with --tls-ca" } else { "" };
            (Failure::Untrusted, format!("{text}{hint}"))
        })?;
        Ok(Box::new(stream))
    }

    /// Sends the request and waits for the head of the response.
    async fn send(
        &self,
        stream: Box<dyn Stream>,
        connection: &mut JoinSet<()>,
    ) -> Result<Response<Incoming>, Refusal> {
        let request = self.compose().map_err(|text| (Failure::Invalid, text))?;
        self.traffic.bytes(sent_bytes(&request, self.request.body.len()))?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
        let shaken = builder.handshake(TokioIo::new(stream)).await;
        let (mut client, driver) = shaken.map_err(|error| self.broken(&error))?;
        connection.spawn(async move {
            // What goes wrong here, the request or its body learns as well.
            let _ = driver.await;
        });
        let sent = self.in_time("answering", SILENCE_TIME, client.send_request(request)).await?;
        sent.map_err(|error| self.broken(&error))
    }

    /// The request as it goes out. Target and `Host` are made from the URL that was checked.
    fn compose(&self) -> Result<Request<Full<Bytes>>, String> {
        let method = self.request.method.clone().unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(http::Uri::from(self.request.target()?))
            .body(Full::new(Bytes::from(self.request.body.clone())))
            .map_err(|error| error.to_string())?;
        *request.headers_mut() = self.request.headers.clone();
        let host = http::HeaderValue::from_str(&self.request.authority())
            .map_err(|_| "the URL names a host that cannot be sent".to_owned())?;
        request.headers_mut().insert(header::HOST, host);
        request.headers_mut().insert(header::CONNECTION, http::HeaderValue::from_static("close"));
        Ok(request)
    }

    /// What is compressed cannot be searched for secrets, and was not asked for.
    fn check_encoding(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let watched = self.secrets.as_ref().is_some_and(|secrets| secrets.are_sent_to(&self.request));
        let plain = headers.get_all(header::CONTENT_ENCODING).iter().all(|value| value == "identity");
        if !watched || plain {
            return Ok(());
        }
        let text = format!(
            "{} compressed its answer although it was not asked to, so that it cannot be searched for secrets",
            self.request.place()
        );
        Err((Failure::Broken, text))
    }

    /// Passes the body on as it comes, at the guest's pace.
    async fn pass_on(&self, mut body: Incoming, sender: &Sender<Field>) -> Result<(), Refusal> {
        let mut scrubber = self.secrets.as_ref().map(|secrets| Scrubber::new(Arc::clone(secrets)));
        let mut received = 0;
        loop {
            let next = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
            let Some(frame) = self.in_time("sending", SILENCE_TIME, next).await? else { break };
            let frame = frame.map_err(|error| self.broken(&error))?;
            let Ok(bytes) = frame.into_data() else { continue };
            received += bytes.len();
            self.tell(|told| told.detail("response_bytes", || received.into()));
            self.traffic.bytes(bytes.len())?;
            for piece in bytes.chunks(PIECE_BYTES_MAX) {
                let piece = match &mut scrubber {
                    Some(scrubber) => scrubber.push(piece),
                    None => piece.to_vec(),
                };
                give(sender, tag::BODY, piece).await?;
            }
        }
        let rest = scrubber.map(|mut scrubber| scrubber.finish()).unwrap_or_default();
        give(sender, tag::BODY, rest).await
    }

    fn scrub(&self, bytes: Vec<u8>) -> Vec<u8> {
        match &self.secrets {
            Some(secrets) => secrets.scrub(bytes),
            None => bytes,
        }
    }

    async fn in_time<T>(
        &self,
        doing: &str,
        time: Duration,
        future: impl Future<Output = T>,
    ) -> Result<T, Refusal> {
        timeout(time, future).await.map_err(|_| {
            let text = format!("{} took longer than {} s for {doing}", self.request.place(), time.as_secs());
            (Failure::TimedOut, text)
        })
    }

    fn broken(&self, error: &hyper::Error) -> Refusal {
        let why = std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        (Failure::Broken, format!("the connection with {} broke: {why}", self.request.place()))
    }
}

/// Hands over a field, waiting until the guest has room for it. Nothing is handed over as nothing.
async fn give(sender: &Sender<Field>, tag: u32, bytes: Vec<u8>) -> Result<(), Refusal> {
    if bytes.is_empty() {
        return Ok(());
    }
    let sent = sender.send(Field { tag, bytes }).await;
    sent.map_err(|_| (Failure::Broken, "nobody wants the answer any more".to_owned()))
}

/// About what a request takes on the wire.
fn sent_bytes(request: &Request<Full<Bytes>>, body: usize) -> usize {
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    request.uri().path_and_query().map_or(1, |target| target.as_str().len()) + headers + body
}

/// The head of an answer: status, then for each header its name, NUL, its value, NUL. What is about the connection is left out, and
/// the length too where replacing secrets may change it.
fn encode_head(status: u16, headers: &HeaderMap, changed: bool) -> Vec<u8> {
    let mut bytes = u32::from(status).to_le_bytes().to_vec();
    for (name, value) in headers {
        let ours = [header::CONNECTION, header::TRANSFER_ENCODING, header::TRAILER, header::UPGRADE]
            .contains(name)
            || *name == "keep-alive";
        if ours || (changed && *name == header::CONTENT_LENGTH) {
            continue;
        }
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(0);
    }
    bytes
}
