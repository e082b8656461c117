//! The transport over HTTP: many clients at once, whom nobody has asked in.
//!
//! A request passes `gate` (who may ask, and how often) and is then served as the protocol has it. `listen` is the way in from the network.

#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod gate;
mod listen;
mod metadata;
mod rate;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::gate::Gate;
pub use self::tokens::{TokenProblem, Tokens};
use crate::connection::Connection;
use crate::fixtures::Fixtures;
use crate::server::Server;

/// Where the protocol is spoken.
pub(crate) const ENDPOINT: &str = "/mcp";

/// The largest body that is read, in bytes.
const BODY_BYTES_MAX: usize = 4 << 20;

/// How a server is reached, and by whom.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Who may ask. With none at all, whoever reaches the server.
    pub tokens: Tokens,
    /// Names by which the server is called, besides those of this machine for itself.
    pub hosts: Vec<String>,
    /// Pages in browsers that may ask, `https://app.example.com`.
    pub origins: Vec<String>,
    /// Whether clients of older revisions have sessions of the transport.
    pub is_stateful: bool,
    /// How many requests one client may make in a second, in the long run.
    pub requests_per_second: u32,
    /// Where clients get tokens: addresses of OAuth authorization servers.
    pub authorization_servers: Vec<String>,
    /// How long requests that are served may go on once the server is asked to end.
    pub grace: Duration,
    /// Whether there are also the tools, prompts and resources that the protocol's conformance suite asks for. Nobody else has a use for them.
    pub has_fixtures: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            tokens: Tokens::default(),
            hosts: Vec::new(),
            origins: Vec::new(),
            is_stateful: true,
            requests_per_second: 50,
            authorization_servers: Vec::new(),
            grace: Duration::from_secs(10),
            has_fixtures: false,
        }
    }
}

/// Serves clients until `shutdown` is ready; then takes nobody on, lets what goes on come to its end, and returns.
pub async fn serve_http(
    server: &Server,
    settings: HttpSettings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) {
    let (grace, stop) = (settings.grace, CancellationToken::new());
    let router = router(server, settings, &stop);
    let idle = server.idle();
    listen::listen(router, listener, (shutdown, idle, grace), &stop).await;
}

fn router(server: &Server, settings: HttpSettings, stop: &CancellationToken) -> Router {
    let config = StreamableHttpServerConfig::default()
        // The gate has looked at both, and knows more names.
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_legacy_session_mode(settings.is_stateful)
        .with_json_response(true)
        .with_max_request_body_bytes(BODY_BYTES_MAX)
        .with_cancellation_token(stop.clone());
    let idle = server.0.settings.idle;
    let endpoint = match settings.has_fixtures {
        true => {
            let (server, common) = (server.clone(), Arc::default());
            endpoint(move || Fixtures::of_many(server.clone(), &common), config, idle)
        }
        false => {
            let server = server.clone();
            endpoint(move || Connection::of_many(server.clone()), config, idle)
        }
    };
    let gate = Arc::new(Gate::new(settings));
    endpoint
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&gate), gate::pass))
        .route("/.well-known/oauth-protected-resource", get(metadata::metadata))
        .route("/.well-known/oauth-protected-resource/mcp", get(metadata::metadata))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&gate), gate::look))
        .with_state(gate)
}

/// Where requests are served by what `make` makes, one for each of them or for each session of the transport. Those are kept as long as what
/// belongs to them.
fn endpoint<H: ServerHandler>(
    make: impl Fn() -> H + Send + Sync + 'static,
    config: StreamableHttpServerConfig,
    idle: Duration,
) -> Router<Arc<Gate>> {
    let mut sessions = LocalSessionManager::default();
    sessions.session_config.keep_alive = Some(idle);
    let service = StreamableHttpService::new(move || Ok(make()), Arc::new(sessions), config);
    Router::new().route_service(ENDPOINT, service)
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}
