//! The way in from the network: connections, how many and how long, and their end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// How many connections there are at once. Further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 512;

/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// How long it is waited before the next try when a connection could not be accepted: descriptors may be used up.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// How long answers may take to reach their clients once the server ends.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// Accepts connections until `shutdown`; then waits until the server is `idle`, `grace` long at most.
pub(super) async fn listen(
    router: Router,
    listener: TcpListener,
    (shutdown, idle, grace): (impl Future<Output = ()>, impl Future<Output = ()>, Duration),
    stop: &CancellationToken,
) {
    let (places, served) = (Arc::new(Semaphore::new(CONNECTIONS_MAX)), GracefulShutdown::new());
    tokio::pin!(shutdown);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = &mut shutdown => break,
        };
        let Ok(place) = place else { break };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(_) => {
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        let connection = served.watch(connection(router.clone(), stream, peer));
        tokio::spawn(async move {
            // A client that breaks off has no answer to get.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    // Calls come to their end, and then what they gave is on its way: it would be lost if everything were stopped at once.
    let _ = tokio::time::timeout(grace, idle).await;
    let ended = served.shutdown();
    tokio::pin!(ended);
    if tokio::time::timeout(ANSWER_TIME, &mut ended).await.is_err() {
        // What is open still is a stream on which nothing is said, or a call that has had its time.
        stop.cancel();
        let _ = tokio::time::timeout(ANSWER_TIME, ended).await;
    }
}

type Connection = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<WithPeer>>;

fn connection(router: Router, stream: TcpStream, peer: SocketAddr) -> Connection {
    let service = TowerToHyperService::new(WithPeer { router, peer });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), service)
}

/// The router, and who is at the other end.
#[derive(Clone)]
struct WithPeer {
    router: Router,
    peer: SocketAddr,
}

impl tower_service::Service<axum::http::Request<hyper::body::Incoming>> for WithPeer {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = axum::routing::future::RouteFuture<std::convert::Infallible>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: axum::http::Request<hyper::body::Incoming>) -> Self::Future {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        tower_service::Service::call(&mut self.router, request)
    }
}
