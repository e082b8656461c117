//! `belljar mcp http`: who may ask, what is refused, and how the server ends.

mod client;
mod http;
mod program;

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::http::{Answer, Port, Server, initialize};
use crate::program::belljar;

const ALICE: &str = "alice-0123456789abcdef0123456789abcdef";
const BOB: &str = "bob-0123456789abcdef0123456789abcdef";

impl Server {
    /// With two clients who hold tokens.
    fn with_tokens(arguments: &[&str]) -> (Self, tempdir::Folder) {
        let folder = tempdir::Folder::new();
        let file = folder.0.join("tokens");
        write_private(&file, &format!("alice {ALICE}\nbob {BOB}\n"));
        let mut all = vec!["--token-file", file.to_str().expect("it is text")];
        all.extend(arguments);
        (Self::start(&all), folder)
    }

    /// Asks it to end, and says how long that took.
    fn end(&mut self) -> (std::process::ExitStatus, Duration) {
        let begun = Instant::now();
        let id = rustix::process::Pid::from_raw(self.child.id().cast_signed()).expect("it runs");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
        (self.child.wait().expect("it is our child"), begun.elapsed())
    }
}

impl Port {
    /// A call in the newest revision, which has no sessions of the transport.
    fn call(self, token: Option<&str>, tool: &str, arguments: &Value) -> Answer {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": arguments, "_meta": meta } });
        let bearer = token.map(|token| format!("Bearer {token}")).unwrap_or_default();
        let headers = [
            ("Authorization", bearer.as_str()),
            ("MCP-Protocol-Version", "2026-07-28"),
            ("Mcp-Method", "tools/call"),
            ("Mcp-Name", tool),
        ];
        self.post(&headers, &body)
    }

    fn object(self, token: Option<&str>, tool: &str, arguments: &Value) -> Value {
        let answer = self.call(token, tool, arguments);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["result"]["structuredContent"].clone()
    }
}

fn write_private(file: &std::path::Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .expect("it can be written");
    file.write_all(text.as_bytes()).expect("it can be written");
}

/// A folder that goes with the test.
mod tempdir {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    static NUMBER: AtomicU32 = AtomicU32::new(0);

    pub(crate) struct Folder(pub(crate) PathBuf);

    impl Folder {
        pub(crate) fn new() -> Self {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("belljar-mcp-{}-{number}", std::process::id()));
            std::fs::create_dir_all(&path).expect("it can be made");
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

#[test]
fn code_calls_tools_of_a_server_over_http() {
    let (server, _folder) = Server::with_tokens(&[]);
    let flag = format!("inner=http://127.0.0.1:{}/mcp", server.0);
    let arguments =
        ["--mcp", flag.as_str(), "--mcp-token", "inner=INNER_TOKEN", "--mcp-allow", "inner=run_python"];
    let mut client = Client::start_with(&arguments, &[("INNER_TOKEN", ALICE)]);
    client.initialize();
    let code = "run = await tools.inner_run_python(code='6 * 7')\nrun['value']['json']";
    assert_eq!(client.object("run_python", json!({ "code": code }))["value"]["json"], 42);
    let refused = |arguments: &[&str], token: &str, said: &str| {
        let mut all = vec!["mcp"];
        all.extend(arguments);
        let output =
            belljar().args(all).env("INNER_TOKEN", token).stdin(Stdio::null()).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(125) && text.contains(said), "{text}");
        assert!(!text.contains(BOB), "a token is not shown: {text}");
    };
    refused(&arguments[..2], "", "the MCP server inner cannot be used");
    refused(&arguments, "wrong-0123456789abcdef0123456789abcdef", "the MCP server inner cannot be used");
    refused(&arguments, "", "the environment has no variable INNER_TOKEN");
    let plain = ["--mcp", "inner=http://box.example.com/mcp", "--mcp-token", "inner=INNER_TOKEN"];
    refused(&plain, BOB, "a token is sent over https only");
}

#[test]
fn the_newest_revision_is_served_without_sessions_of_the_transport() {
    let server = Server::start(&[]);
    let object = server.object(None, "run_python", &json!({ "code": "print('x')\n6 * 7" }));
    assert_eq!((&object["value"]["json"], &object["stdout"]), (&json!(42), &json!("x\n")));
    let session = server.object(None, "session_create", &json!({ "language": "python" }))["session"].clone();
    server.object(None, "run_python", &json!({ "code": "x = 1", "session": session }));
    let object = server.object(None, "run_python", &json!({ "code": "x + 1", "session": session }));
    assert_eq!(object["value"]["json"], 2);
    // Who is not told from others is shown nobody's sessions.
    assert_eq!(server.object(None, "session_list", &json!({}))["sessions"], json!([]));
}

#[test]
fn older_revisions_have_sessions_of_the_transport() {
    let server = Server::start(&[]);
    let begun = server.post(&[], &initialize("2025-11-25"));
    assert_eq!(begun.status, 200, "{begun:?}");
    assert_eq!(begun.json()["result"]["protocolVersion"], "2025-11-25");
    let session = begun.header("mcp-session-id").expect("a session").to_owned();
    let headers = [("Mcp-Session-Id", session.as_str()), ("MCP-Protocol-Version", "2025-11-25")];
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "run_python_code", "arguments": { "python_code": "1 + 1" } } });
    let answer = server.post(&headers, &call);
    assert_eq!(
        answer.json()["result"]["content"][0]["text"],
        "<status>success</status>\n<return_value>\n2\n</return_value>"
    );
    let ended = server.send(&format!("DELETE /mcp HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: {session}\r\nMCP-Protocol-Version: 2025-11-25\r\n"), "");
    assert_eq!(ended.status, 204, "{ended:?}");
    assert_eq!(server.post(&headers, &call).status, 404);
    assert_eq!(server.post(&[("Mcp-Session-Id", "never")], &call).status, 404);
    assert_eq!(server.post(&[], &call).status, 400);
}

#[test]
fn stateless_servers_answer_older_revisions_without_a_session() {
    let server = Server::start(&["--stateless"]);
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "run_python_code", "arguments": { "python_code": "1 + 1" } } });
    let answer = server.post(&[("MCP-Protocol-Version", "2025-11-25")], &call);
    assert_eq!(
        answer.json()["result"]["content"][0]["text"],
        "<status>success</status>\n<return_value>\n2\n</return_value>"
    );
    assert!(server.post(&[], &initialize("2025-11-25")).header("mcp-session-id").is_none());
}

#[test]
fn names_and_pages_that_are_not_known_are_answered_nothing() {
    let server = Server::start(&["--host", "box.example.com", "--origin", "https://app.example.com"]);
    let begin = initialize("2025-11-25");
    for (name, value, status) in [
        ("Host", "evil.example", 403),
        ("Host", "localhost.evil.example:3001", 403),
        ("Host", "169.254.169.254", 403),
        ("Host", "box.example.com", 200),
        ("Host", "127.0.0.1:3001", 200),
        ("Origin", "https://evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", "https://app.example.com", 200),
        ("Origin", "http://localhost:6274", 200),
    ] {
        assert_eq!(server.post(&[(name, value)], &begin).status, status, "{name}: {value}");
    }
}

#[test]
fn a_token_is_asked_for_and_sessions_are_its_holder_s_alone() {
    let (server, _folder) = Server::with_tokens(&["--authorization-server", "https://login.example.com"]);
    let run = json!({ "code": "x = 1\nopen('/output/f.txt', 'w').write('secret')" });
    for token in [None, Some("wrong-0123456789abcdef0123456789abcdef"), Some("")] {
        let refused = server.call(token, "run_python", &run);
        assert_eq!(refused.status, 401, "{refused:?}");
        let challenge = refused.header("www-authenticate").expect("a challenge");
        assert!(
            challenge.starts_with("Bearer")
                && challenge.contains(
                    "resource_metadata=\"http://localhost/.well-known/oauth-protected-resource/mcp\""
                ),
            "{challenge}"
        );
    }
    let metadata = server
        .send("GET /.well-known/oauth-protected-resource/mcp HTTP/1.1\r\nHost: localhost\r\n", "")
        .json();
    assert_eq!(metadata["authorization_servers"], json!(["https://login.example.com"]), "{metadata}");
    assert_eq!(metadata["resource"], "http://localhost/mcp");
    let session =
        server.object(Some(ALICE), "session_create", &json!({ "language": "python" }))["session"].clone();
    let mut run = run;
    run["session"] = session.clone();
    let uri = server.object(Some(ALICE), "run_python", &run)["files"][0]["uri"].clone();
    assert!(uri.is_string());
    for (tool, arguments) in [
        ("run_python", json!({ "code": "x", "session": session })),
        ("session_fork", json!({ "session": session })),
        ("session_close", json!({ "session": session })),
        ("file_read", json!({ "session": session, "path": "/output/f.txt" })),
    ] {
        let answer = server.call(Some(BOB), tool, &arguments).json();
        assert_eq!(answer["result"]["isError"], true, "{tool}: {answer}");
        assert!(
            answer["result"]["content"][0]["text"].as_str().unwrap().contains("there is no session"),
            "{answer}"
        );
    }
    assert_eq!(server.object(Some(BOB), "session_list", &json!({}))["sessions"], json!([]));
    assert_eq!(server.object(Some(ALICE), "session_list", &json!({}))["sessions"][0]["session"], session);
    // A session of the transport is bound as well.
    let bearer = |token: &str| format!("Bearer {token}");
    let begun = server.post(&[("Authorization", &bearer(ALICE))], &initialize("2025-11-25"));
    let transport = begun.header("mcp-session-id").expect("a session").to_owned();
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
    let of = |token: &str| {
        server.post(&[("Authorization", &bearer(token)), ("Mcp-Session-Id", &transport)], &list).status
    };
    assert_eq!((of(ALICE), of(BOB)), (200, 404));
}

#[test]
fn too_much_is_refused() {
    let server = Server::start(&["--rate", "1"]);
    let huge = json!({ "jsonrpc": "2.0", "id": 1, "method": "x", "params": { "x": "x".repeat(5 << 20) } });
    assert_eq!(server.post(&[], &huge).status, 413);
    let refused =
        (0..10).map(|_| server.post(&[], &initialize("2025-11-25"))).find(|answer| answer.status == 429);
    let refused = refused.expect("ten at once are too many");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
}

#[test]
fn what_is_no_request_is_an_error_and_the_server_goes_on() {
    let server = Server::start(&[]);
    let raw = |body: &str| {
        server.send("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n", body).status
    };
    for body in ["", "{", "[]", "\"x\"", "{\"jsonrpc\":\"1.0\"}", &"[".repeat(100_000)] {
        assert!((400..500).contains(&raw(body)), "{:?}: {}", &body[..body.len().min(20)], raw(body));
    }
    assert_eq!(server.send("PUT /mcp HTTP/1.1\r\nHost: localhost\r\n", "").status, 405);
    assert_eq!(server.send("GET /etc/passwd HTTP/1.1\r\nHost: localhost\r\n", "").status, 404);
    let object = server.object(None, "run_python", &json!({ "code": "1" }));
    assert_eq!(object["value"]["json"], 1);
}

#[test]
fn it_ends_when_it_is_asked_to_and_lets_calls_come_to_their_end() {
    let mut server = Server::start(&["--time", "30s"]);
    let port = *server;
    let call =
        move || port.object(None, "run_python", &json!({ "code": "import time\ntime.sleep(2)\n'done'" }));
    // Several: the answer to the last one must not be lost when nothing more goes on.
    let calls: Vec<_> = (0..4).map(|_| std::thread::spawn(call)).collect();
    std::thread::sleep(Duration::from_millis(700));
    let (status, took) = server.end();
    assert!(status.success() && took < Duration::from_secs(8), "{status} {took:?}");
    for call in calls {
        assert_eq!(call.join().expect("it was answered")["value"]["json"], "done");
    }
}

#[test]
fn a_client_that_breaks_off_stops_its_code() {
    let server = Server::start(&["--time", "60s", "--workers", "1"]);
    let session = server.object(None, "session_create", &json!({ "language": "python" }))["session"].clone();
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "run_python", "arguments": { "code": "while True: pass", "session": session },
        "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientInfo": { "name": "t", "version": "1" }, "io.modelcontextprotocol/clientCapabilities": {} },
    } }).to_string();
    let mut stream = server.connect();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: run_python\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("it reads");
    std::thread::sleep(Duration::from_millis(500));
    drop(stream);
    let begun = Instant::now();
    // The session is free again long before the code's time is up.
    let object = server.object(None, "run_python", &json!({ "code": "'free'", "session": session }));
    assert_eq!(object["value"]["json"], "free");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn what_would_let_anybody_in_is_refused() {
    let gave = program::run(["mcp", "http", "--listen", "0.0.0.0:0"]);
    gave.refused("0.0.0.0:0 can be reached from other machines, and anybody could run code there");
    let folder = tempdir::Folder::new();
    let file = folder.0.join("tokens");
    for (text, problem) in [
        ("", "there is no token in it"),
        ("alice short", "the token on line 1 is shorter than 32 characters"),
        ("x", "line 1 is not `NAME TOKEN`"),
    ] {
        write_private(&file, text);
        let gave = program::run(["mcp", "http", "--token-file", file.to_str().unwrap()]);
        gave.refused(&format!("{}: {problem}", file.display()));
    }
    write_private(&file, &format!("alice {ALICE}"));
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    program::run(["mcp", "http", "--token-file", file.to_str().unwrap()])
        .refused(&format!("{} can be read by others", file.display()));
}
