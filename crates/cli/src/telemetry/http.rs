//! Sends telemetry: one connection for each message, HTTP/1.1, with an end to every wait.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsConnector;

use super::{complain, variable};

/// How long one message may take in all.
const SEND_TIME: Duration = Duration::from_millis(1_500);

/// After how many failures in a row somebody is told while the program goes on.
const FAILURES_TOLD: u32 = 5;

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Speaks with the collector.
pub(super) struct Client {
    /// Driven by whoever sends: there is no thread for it.
    runtime: Runtime,
    tls: Arc<ClientConfig>,
    /// What became of the last messages to each place, where that was no success: how many in a row, and why.
    failures: Mutex<HashMap<String, (u32, String)>>,
}

impl Client {
    pub(super) fn new() -> Result<Self, String> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("there is no runtime for it: {error}"))?;
        Ok(Self { runtime, tls: Arc::new(trust()?), failures: Mutex::default() })
    }

    /// Why messages could not be sent, if the last ones could not.
    pub(super) fn failure(&self) -> Option<String> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.iter().next().map(|(to, (_, why))| format!("{to}: {why}"))
    }

    fn remember(&self, to: String, failure: Option<String>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(why) = failure else {
            failures.remove(&to);
            return;
        };
        let (count, last) = failures.entry(to.clone()).or_default();
        (*count, *last) = (*count + 1, why);
        // It is tried again a few times before anybody needs to know.
        if *count == FAILURES_TOLD {
            complain(&format!("{to}: {last}"));
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let uri = request.uri().clone();
        let host = uri.host().ok_or("the endpoint names no host")?.to_owned();
        let is_encrypted = is_encrypted(&uri);
        let port = port(&uri).ok_or("the endpoint is no URL")?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((bare, port)).await?;
        if !is_encrypted {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(bare.to_owned())?;
        exchange(TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await?, request).await
    }
}

fn is_encrypted(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

/// The port that a URL means.
pub(super) fn port(uri: &Uri) -> Option<u16> {
    uri.scheme()?;
    Some(uri.port_u16().unwrap_or(if is_encrypted(uri) { 443 } else { 80 }))
}

/// Whom to trust: public authorities, and those that the usual variable names.
fn trust() -> Result<ClientConfig, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = variable("OTEL_EXPORTER_OTLP_CERTIFICATE") {
        let read = CertificateDer::pem_file_iter(&file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        roots.add_parsable_certificates(
            read.map_err(|error| format!("{file} holds no certificates: {error}"))?,
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(builder.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth())
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, HttpError> {
    let (mut client, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let (mut head, body) = request.into_parts();
    let authority = head.uri.authority().map(ToString::to_string).unwrap_or_default();
    head.headers.insert(header::HOST, authority.parse()?);
    head.uri = head.uri.path_and_query().map_or("/", |target| target.as_str()).parse()?;
    let response = client.send_request(Request::from_parts(head, Full::new(body))).await?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?.to_bytes();
    driver.abort();
    Ok(Response::from_parts(head, body))
}

impl HttpClient for Client {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        // Those who call this wait on threads of their own, and drive nothing else meanwhile.
        let to = request.uri().to_string();
        let late = || HttpError::from(io::Error::from(io::ErrorKind::TimedOut));
        let sent = self.runtime.block_on(async {
            tokio::time::timeout(SEND_TIME, self.send(request)).await.unwrap_or_else(|_| Err(late()))
        });
        let failure = match &sent {
            Err(error) => Some(error.to_string()),
            Ok(response) if !response.status().is_success() => Some(response.status().to_string()),
            Ok(_) => None,
        };
        self.remember(to, failure);
        Box::pin(std::future::ready(sent))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
