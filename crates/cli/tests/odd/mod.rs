//! An MCP server that does odd things, for tests of those that use it.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::Client;

/// A server in a few lines of Python. What it does with a call is what the call is called.
const SERVER: &str = r##"
import json, os, sys, time

def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()

number = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
listed = [
    {"name": "double", "description": "Doubles a number", "inputSchema": number},
    {"name": "say/hello", "description": "Says hello", "inputSchema": {"type": "object"}},
    {"name": "fail", "description": "Fails", "inputSchema": {"type": "object"}},
    {"name": "hang", "description": "Never answers", "inputSchema": {"type": "object"}},
    {"name": "die", "description": "Dies", "inputSchema": {"type": "object"}},
    {"name": "flood", "description": "Says too much", "inputSchema": {"type": "object"}},
    {"name": "lie", "description": "Gives what it does not promise", "inputSchema": {"type": "object"},
     "outputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
    {"name": "wrong", "description": "Has a schema that is none", "inputSchema": {"type": "object", "properties": {"n": {"type": "no-such-type"}}}},
]
many = {f"next{n}": {"$ref": "#"} for n in range(500)}
listed.append({"name": "endless", "description": "Refers to itself", "inputSchema": {"type": "object", "properties": many}})
listed.append({"name": "wide", "description": "Has a schema for nobody", "inputSchema": {"type": "object", "description": "x" * 100000}})
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, result = message["method"], None
    if method == "initialize":
        result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "odd", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": listed}
    elif method == "tools/call":
        name, arguments = message["params"]["name"], message["params"].get("arguments", {})
        if name == "double":
            result = {"content": [{"type": "text", "text": str(arguments["n"] * 2)}]}
        elif name == "say/hello":
            result = {"content": [{"type": "text", "text": "hello"}]}
        elif name == "fail":
            result = {"content": [{"type": "text", "text": "no luck today"}], "isError": True}
        elif name == "hang":
            continue
        elif name == "die":
            os._exit(3)
        elif name == "flood":
            for _ in range(100):
                sys.stdout.write("x" * 1000000)
            sys.stdout.write("\n")
            result = {"content": [{"type": "text", "text": "y" * 3000000}]}
        elif name == "lie":
            result = {"content": [], "structuredContent": {"n": "not a number"}}
    if result is None:
        say({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no"}})
    else:
        say({"jsonrpc": "2.0", "id": message["id"], "result": result})
"##;

/// The server's file, and how it is started.
pub(crate) struct Odd(PathBuf);

impl Odd {
    pub(crate) fn new(test: &str) -> Self {
        let file = std::env::temp_dir().join(format!("belljar-odd-{}-{test}.py", std::process::id()));
        std::fs::write(&file, SERVER).expect("it can be written");
        Self(file)
    }

    pub(crate) fn flag(&self) -> String {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let python =
            std::env::split_paths(&folders).map(|folder| folder.join("python3")).find(|file| file.is_file());
        format!("odd='{}' '{}'", python.expect("there is a Python").display(), self.0.display())
    }

    pub(crate) fn client(&self, more: &[&str]) -> Client {
        let flag = self.flag();
        let mut arguments = vec!["--mcp", flag.as_str()];
        arguments.extend(more);
        Client::greeted(&arguments)
    }
}

impl Drop for Odd {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(crate) fn value(client: &mut Client, code: &str) -> Value {
    client.object("run_python", json!({ "code": code }))["value"]["json"].clone()
}
