//! Tools of other MCP servers, called by code in the jar: what they give, and what becomes of servers that hang, lie, flood or die.

mod client;
mod program;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;

/// A server in a few lines of Python. What it does with a call is what the call is called.
const SERVER: &str = r#"
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
"#;

/// The server's file, and how it is started.
struct Odd(PathBuf);

impl Odd {
    fn new(test: &str) -> Self {
        let file = std::env::temp_dir().join(format!("belljar-odd-{}-{test}.py", std::process::id()));
        std::fs::write(&file, SERVER).expect("it can be written");
        Self(file)
    }

    fn flag(&self) -> String {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let python =
            std::env::split_paths(&folders).map(|folder| folder.join("python3")).find(|file| file.is_file());
        format!("odd='{}' '{}'", python.expect("there is a Python").display(), self.0.display())
    }

    fn client(&self, more: &[&str]) -> Client {
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

fn value(client: &mut Client, code: &str) -> Value {
    client.object("run_python", json!({ "code": code }))["value"]["json"].clone()
}

/// What a call fails with, as the code sees it.
fn error(client: &mut Client, call: &str) -> String {
    let code = format!(
        "try:\n    await {call}\n    said = 'nothing'\nexcept tools.ToolError as error:\n    said = str(error)\nsaid"
    );
    value(client, &code).as_str().expect("a text").to_owned()
}

#[test]
fn one_run_replaces_many_calls() {
    let odd = Odd::new("many");
    let mut client = odd.client(&[]);
    let code = "total = 0\nfor n in range(20):\n    total += await tools.odd_double(n=n)\n(total, await tools.odd_say_hello())";
    assert_eq!(value(&mut client, code)["values"], json!([380, "hello"]));
    let object = client.object("run_javascript", json!({ "code": "await tools.odd_double({n: 21})" }));
    assert_eq!(object["value"]["json"], 42);
    assert_eq!(error(&mut client, "tools.odd_fail()"), "no luck today");
}

#[test]
fn functions_are_found_and_declared() {
    let odd = Odd::new("found");
    let mut client = odd.client(&[]);
    let found = client.object("tools_search", json!({ "query": "double" }));
    assert_eq!((&found["count"], &found["names"]), (&json!(1), &json!(["odd_double"])));
    assert!(found["declarations"].as_str().unwrap().contains("odd_double"), "{found}");
    let found = client.object("tools_search", json!({ "language": "javascript" }));
    assert!(found["count"].as_u64().unwrap() >= 7, "{found}");
    assert!(client.refusal("tools_search", json!({ "query": "xyzzy" })).contains("no function fits"));
}

#[test]
fn only_what_is_allowed_is_there() {
    let odd = Odd::new("allowed");
    let mut client = odd.client(&["--mcp-allow", "odd=double"]);
    assert_eq!(value(&mut client, "await tools.odd_double(n=1)"), 2);
    assert_eq!(value(&mut client, "hasattr(tools, 'odd_fail')"), false);
    let flag = odd.flag();
    program::run(["mcp", "--mcp", &flag, "--mcp-allow", "odd=double,rm"])
        .refused("the MCP server odd has no tool rm");
    program::run(["mcp", "--mcp", "odd=/no/such/program"])
        .refused_somehow("the MCP server odd cannot be used: cannot start /no/such/program");
    program::run(["mcp", "--mcp", "odd"]).refused("--mcp odd: it has no command");
    program::run(["mcp", "--mcp", "1=x"])
        .refused("--mcp 1=x: its name must have letters, digits, _ and -, and begin with a letter");
}

#[test]
fn a_server_that_lies_floods_or_dies_is_an_error_of_its_call() {
    let odd = Odd::new("odd");
    let mut client = odd.client(&[]);
    assert!(
        error(&mut client, "tools.odd_double(n='x')").contains("odd_double"),
        "arguments are checked before the call"
    );
    assert_ne!(error(&mut client, "tools.odd_lie()"), "nothing");
    assert_ne!(error(&mut client, "tools.odd_flood()"), "nothing");
    assert_eq!(value(&mut client, "await tools.odd_double(n=2)"), 4, "what was too long was skipped");
    assert!(error(&mut client, "tools.odd_die()").contains("the MCP server odd"));
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(value(&mut client, "await tools.odd_double(n=3)"), 6, "it was started again");
}

#[test]
fn a_server_that_hangs_holds_no_run_past_its_time() {
    let odd = Odd::new("hangs");
    let mut client = odd.client(&["--time", "2s"]);
    let begun = Instant::now();
    let result = client.call("run_python", json!({ "code": "await tools.odd_hang()" }));
    assert_eq!(result["structuredContent"]["ended"], "time_limit", "{result}");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(value(&mut client, "await tools.odd_double(n=2)"), 4);
}
