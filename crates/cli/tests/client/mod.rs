//! A client of `belljar mcp stdio`: lines of JSON-RPC, and nothing that would hide what is sent.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::belljar;

/// The tools of a server, in the order in which it lists them, where nothing more was asked for.
pub(crate) const TOOLS: [&str; 11] = [
    "run_python",
    "run_javascript",
    "session_create",
    "session_fork",
    "session_reset",
    "session_close",
    "session_list",
    "file_write",
    "file_read",
    "file_list",
    "run_python_code",
];

/// How long an answer is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the newest revision asks of every request.
pub(crate) fn modern_meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    last_id: u64,
    /// Notifications that came while answers were waited for.
    pub(crate) heard: Vec<Value>,
}

impl Client {
    /// Starts the server, and says nothing yet.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = belljar()
            .arg("mcp")
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program can be started");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let message = serde_json::from_str(&line).expect("every line is JSON");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self { child, stdin, lines, last_id: 0, heard: Vec::new() }
    }

    /// Starts the server and shakes hands.
    pub(crate) fn greeted(arguments: &[&str]) -> Self {
        let mut client = Self::start(arguments);
        client.initialize();
        client
    }

    /// The same, with a client that can ask its user.
    pub(crate) fn with_a_user(arguments: &[&str]) -> Self {
        let mut client = Self::start(arguments);
        client.initialize_with(json!({ "elicitation": {} }));
        client
    }

    pub(crate) fn initialize(&mut self) -> Value {
        self.initialize_with(json!({}))
    }

    pub(crate) fn initialize_with(&mut self, capabilities: Value) -> Value {
        let parameters = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": capabilities,
            "clientInfo": { "name": "test", "version": "1" },
        });
        let result = self.request("initialize", parameters);
        self.notify("notifications/initialized", json!({}));
        result["result"].clone()
    }

    pub(crate) fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("it was not closed");
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).expect("the server reads");
    }

    pub(crate) fn notify(&mut self, method: &str, parameters: Value) {
        self.say(&json!({ "jsonrpc": "2.0", "method": method, "params": parameters }).to_string());
    }

    /// Sends a request, and says under which id.
    pub(crate) fn ask(&mut self, method: &str, parameters: Value) -> u64 {
        self.last_id += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": parameters });
        self.say(&request.to_string());
        self.last_id
    }

    /// The next message, whatever it is.
    pub(crate) fn next(&mut self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("the server answers")
    }

    /// Whether nothing comes for so long.
    pub(crate) fn is_silent_for(&mut self, time: Duration) -> bool {
        self.lines.recv_timeout(time).is_err()
    }

    /// The answer to the request of that id. What else comes is kept.
    pub(crate) fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.next();
            if message["id"] == json!(id) {
                return message;
            }
            self.heard.push(message);
        }
    }

    /// The result of a call during which the user is asked, who says this each time; and what he was asked.
    #[track_caller]
    pub(crate) fn call_asked(&mut self, tool: &str, arguments: Value, says: &str) -> (Value, Vec<String>) {
        let (id, mut asked) = (self.ask_tool(tool, arguments), Vec::new());
        loop {
            let message = self.next();
            if message["method"] == "elicitation/create" {
                asked.push(message["params"]["message"].as_str().expect("a text").to_owned());
                let mut result = json!({ "action": says });
                if says == "accept" {
                    result["content"] = json!({});
                }
                self.say(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }).to_string());
            } else if message["id"] == json!(id) {
                assert!(message["error"].is_null(), "{message}");
                return (message["result"].clone(), asked);
            } else {
                self.heard.push(message);
            }
        }
    }

    pub(crate) fn request(&mut self, method: &str, parameters: Value) -> Value {
        let id = self.ask(method, parameters);
        self.answer(id)
    }

    pub(crate) fn ask_tool(&mut self, tool: &str, arguments: Value) -> u64 {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    /// The result of a call.
    #[track_caller]
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let id = self.ask_tool(tool, arguments);
        let answer = self.answer(id);
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// The text of a result.
    #[track_caller]
    pub(crate) fn text(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments);
        result["content"][0]["text"].as_str().expect("a text").to_owned()
    }

    /// The object of a result that is no error.
    #[track_caller]
    pub(crate) fn object(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments);
        assert_ne!(result["isError"], json!(true), "{result}");
        result["structuredContent"].clone()
    }

    /// The text of a call that is refused.
    #[track_caller]
    pub(crate) fn refusal(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], json!(true), "{result}");
        assert!(result["structuredContent"].is_null(), "{result}");
        result["content"][0]["text"].as_str().expect("a text").to_owned()
    }

    /// A new session.
    #[track_caller]
    pub(crate) fn session(&mut self, language: &str) -> String {
        let session = self.object("session_create", json!({ "language": language }));
        session["session"].as_str().expect("a handle").to_owned()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Closes standard input, and waits for the server's end.
    pub(crate) fn leave(mut self) -> std::process::ExitStatus {
        self.stdin = None;
        self.child.wait().expect("it is our child")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
