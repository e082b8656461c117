//! The transport over standard input and output, for a client that has started this program.

use rmcp::service::serve_directly;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::connection::Connection;
use crate::handles::Owner;
use crate::server::Server;

/// The longest line that is read, in bytes: code and inputs at their longest, with room for their escapes.
const LINE_BYTES_MAX: usize = 64 << 20;

/// Serves one client over a pair of pipes, until it closes its end.
///
/// Requests are served as they come, with a handshake or without: clients of MCP Run Python call its tool straight away.
pub async fn serve_stdio(
    server: &Server,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) {
    let transport = AsyncRwTransport::new_server(input, output).with_max_line_length(LINE_BYTES_MAX);
    let connection = Connection::alone(server.clone(), Owner::new("stdio"));
    let running = serve_directly(connection, transport, None);
    // However it ends, the client has gone.
    let _ = running.waiting().await;
}
