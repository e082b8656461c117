//! What the protocol's conformance suite asks a server for: there where it is asked for, and nowhere else.
//!
//! The suite itself is run by `cargo xtask mcp`.

mod client;
mod http;
mod program;

use serde_json::{Value, json};

use crate::client::{Client, TOOLS, modern_meta};
use crate::http::{Port, Server};

impl Port {
    /// The answer to a request in the newest revision.
    fn request(self, method: &str, mut parameters: Value) -> Value {
        let name = parameters["name"].as_str().or(parameters["uri"].as_str()).unwrap_or_default().to_owned();
        let mut meta = modern_meta();
        meta["io.modelcontextprotocol/clientCapabilities"] = json!({ "elicitation": {} });
        parameters["_meta"] = meta;
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        let mut headers = vec![("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)];
        if !name.is_empty() {
            headers.push(("Mcp-Name", &name));
        }
        self.post(&headers, &body).json()
    }

    fn names(self, method: &str, list: &str, key: &str) -> Vec<String> {
        names(&self.request(method, json!({}))["result"], list, key)
    }
}

fn names(result: &Value, list: &str, key: &str) -> Vec<String> {
    let items = result[list].as_array().expect("a list");
    items.iter().map(|item| item[key].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_server_has_no_fixtures() {
    let server = Server::start(&[]);
    assert_eq!(server.names("tools/list", "tools", "name"), TOOLS);
    assert_eq!(server.names("resources/list", "resources", "uri"), [""; 0]);
    assert_eq!(server.request("prompts/list", json!({}))["error"]["code"], -32601);
    assert_eq!(server.request("tools/call", json!({ "name": "test_simple_text" }))["error"]["code"], -32602);
    let found = server.request("resources/read", json!({ "uri": "test://static-text" }));
    assert_eq!(found["error"]["code"], -32602, "{found}");

    // Over pipes there are none, whatever is said.
    let mut client = Client::greeted(&["--conformance"]);
    assert_eq!(names(&client.request("tools/list", json!({}))["result"], "tools", "name"), TOOLS);
    assert_eq!(client.request("prompts/list", json!({}))["error"]["code"], -32601);

    let help = program::run(["mcp", "--help"]);
    assert!(!help.stdout.contains("--conformance"), "{}", help.stdout);
}

#[test]
fn fixtures_stand_beside_the_server_s_own_tools() {
    let server = Server::start(&["--conformance"]);
    let tools = server.names("tools/list", "tools", "name");
    assert_eq!(tools[..TOOLS.len()], TOOLS);
    assert!(tools.iter().any(|name| name == "test_simple_text"), "{tools:?}");
    assert!(server.names("resources/list", "resources", "uri").contains(&"test://static-text".to_owned()));
    let run = json!({ "name": "run_python", "arguments": { "code": "6 * 7" } });
    assert_eq!(server.request("tools/call", run)["result"]["structuredContent"]["value"]["json"], 42);
}

#[test]
fn a_state_that_was_not_given_is_refused() {
    let server = Server::start(&["--conformance"]);
    let name = "test_input_required_result_request_state";
    let asked = server.request("tools/call", json!({ "name": name }));
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let state = asked["result"]["requestState"].as_str().expect("a state").to_owned();
    let again = |state: &str| {
        let answers = json!({ "confirm": { "action": "accept", "content": { "ok": true } } });
        server
            .request("tools/call", json!({ "name": name, "inputResponses": answers, "requestState": state }))
    };
    for wrong in [format!("{state}x"), "confirm".to_owned(), String::new()] {
        assert_eq!(again(&wrong)["error"]["code"], -32602, "{wrong:?}");
    }
    assert_eq!(again(&state)["result"]["content"][0]["text"], "state-ok");
}
