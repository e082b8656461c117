//! Sessions of clients of whom nothing is known but their session of the transport: how many there can be, and when they end.

mod http;
mod program;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{Server, initialize};

/// Begins a session of the transport, in the revision that has such.
fn begin(server: &Server) -> String {
    let answer = server.post(&[], &initialize("2025-11-25"));
    let session = answer.header("Mcp-Session-Id").expect("there is a session").to_owned();
    let headers = [("Mcp-Session-Id", session.as_str()), ("MCP-Protocol-Version", "2025-11-25")];
    let body = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(server.post(&headers, &body).status, 202);
    session
}

/// Makes a session of Python for whoever has that session of the transport.
fn create(server: &Server, session: &str) -> Value {
    let headers = [("Mcp-Session-Id", session), ("MCP-Protocol-Version", "2025-11-25")];
    let parameters = json!({ "name": "session_create", "arguments": { "language": "python" } });
    let body = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": parameters });
    server.post(&headers, &body).json()["result"].clone()
}

#[test]
fn strangers_have_a_bound_together_and_leave_nothing_behind() {
    let server = Server::start(&["--sessions", "1"]);
    let sessions: Vec<String> = (0..5).map(|_| begin(&server)).collect();
    for session in &sessions[..4] {
        let made = create(&server, session);
        assert!(made["structuredContent"]["session"].is_string(), "{made}");
    }
    let refused = create(&server, &sessions[4]);
    assert_eq!(refused["isError"], true, "{refused}");
    let said = refused["content"][0]["text"].as_str().expect("a text");
    assert!(
        said.starts_with("error: clients without a token have 4 sessions, and there can be 4\nhint: "),
        "{said}"
    );

    // Whoever ends his session of the transport gives his places back.
    let ended = server.exchange("DELETE", &[("Mcp-Session-Id", &sessions[0])], "");
    assert!((200..300).contains(&ended.status), "{ended:?}");
    let deadline = Instant::now() + Duration::from_secs(30);
    while create(&server, &sessions[4])["isError"] == true {
        assert!(Instant::now() < deadline, "the place was not given back");
        std::thread::sleep(Duration::from_millis(50));
    }
}
