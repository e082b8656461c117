//! A server of `belljar mcp http` on a port of the kernel's choice, and what it answers.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::ops::Deref;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::belljar;

/// A server that listens.
pub(crate) struct Server {
    pub(crate) child: Child,
    at: Port,
}

/// Where a server listens on this machine.
#[derive(Clone, Copy)]
pub(crate) struct Port(pub(crate) u16);

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    body: String,
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = belljar();
        command.args(["mcp", "http", "--listen", "127.0.0.1:0"]).args(arguments);
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let mut port_in = |line: std::io::Result<String>| {
            let line = line.expect("it is text");
            let (_, rest) = line.split_once("http://127.0.0.1:")?;
            Some(rest.split('/').next()?.parse().expect("a port"))
        };
        let port = lines.find_map(&mut port_in).expect("it says where it listens");
        std::thread::spawn(move || lines.for_each(|line| eprintln!("{}", line.unwrap_or_default())));
        Self { child, at: Port(port) }
    }
}

impl Deref for Server {
    type Target = Port;

    fn deref(&self) -> &Port {
        &self.at
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Port {
    pub(crate) fn connect(self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.0)).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("it is a socket");
        stream
    }

    /// Sends a head as it stands here, and a body.
    pub(crate) fn send(self, head: &str, body: &str) -> Answer {
        let mut stream = self.connect();
        let length = body.len();
        // A server that refuses a request may not read all of it.
        let _ = write!(stream, "{head}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Answer::of(&String::from_utf8_lossy(&bytes))
    }

    /// Sends a request with the heads that one has, and with these. One of them that is empty is left out.
    pub(crate) fn exchange(self, method: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let usual = [
            ("Host", "localhost"),
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
        ];
        let is_given = |name: &str| headers.iter().any(|(given, _)| *given == name);
        let usual = usual.iter().filter(|(name, _)| !is_given(name));
        let all = usual.chain(headers).filter(|(_, value)| !value.is_empty());
        let head: String = all.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.send(&format!("{method} /mcp HTTP/1.1\r\n{head}"), body)
    }

    pub(crate) fn post(self, headers: &[(&str, &str)], body: &Value) -> Answer {
        self.exchange("POST", headers, &body.to_string())
    }
}

impl Answer {
    fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let is_chunked = head.to_lowercase().contains("transfer-encoding: chunked");
        let body = if is_chunked { unchunked(body) } else { body.to_owned() };
        Self { status, head: head.to_owned(), body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The message in it that answers a request: the body, or the last event of a stream.
    pub(crate) fn json(&self) -> Value {
        let mut events = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        let text = events.rfind(|data| data.starts_with('{')).unwrap_or(&self.body);
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn unchunked(body: &str) -> String {
    let mut text = String::new();
    let mut rest = body;
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 || after.len() < size {
            break;
        }
        text += &after[..size];
        rest = after[size..].trim_start_matches("\r\n");
    }
    text
}

/// How a client begins in revisions that have a handshake.
pub(crate) fn initialize(version: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
    } })
}
