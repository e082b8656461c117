//! The tools of `belljar mcp`: runs, sessions, files, and what clients hear while code runs.

mod client;
mod program;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, TOOLS, modern_meta};

#[test]
fn a_run_is_told_in_full_as_text_and_as_an_object() {
    let mut client = Client::greeted(&[]);
    let code = "import sys\nprint('out')\nprint('err', file=sys.stderr)\nopen('/output/a b.txt', 'w').write('hi')\n[x, 2]";
    let result =
        client.call("run_python", json!({ "code": code, "inputs": { "x": 1 }, "attach": ["files"] }));
    let object = &result["structuredContent"];
    assert_eq!(object["ended"], "completed");
    assert_eq!((&object["stdout"], &object["stderr"]), (&json!("out\n"), &json!("err\n")));
    assert_eq!(object["value"], json!({ "repr": "[1, 2]", "type": "list", "json": [1, 2] }));
    let uri = object["files"][0]["uri"].as_str().unwrap().to_owned();
    let handle = object["session"].as_str().unwrap();
    assert_eq!(uri, format!("belljar://session/{handle}/output/a%20b.txt"));
    let text = result["content"][0]["text"].as_str().unwrap();
    let parts = format!(
        "<ended>completed</ended>\n<stdout>\nout\n</stdout>\n<stderr>\nerr\n</stderr>\n<value>\n[1, 2]\n</value>\n<files>\n/output/a b.txt (2 bytes) {uri}\n</files>\n<session>{handle}</session>"
    );
    assert_eq!(text, parts);
    let link = &result["content"][1];
    assert_eq!(
        (&link["type"], &link["uri"], &link["size"]),
        (&json!("resource_link"), &json!(uri), &json!(2))
    );
    let read = client.request("resources/read", json!({ "uri": uri }));
    assert_eq!(read["result"]["contents"][0]["text"], "hi", "{read}");
    let listed = client.request("resources/list", json!({}));
    assert_eq!(listed["result"]["resources"][0]["uri"], json!(uri), "{listed}");
}

#[test]
fn what_is_told_fits_the_schemas() {
    let mut client = Client::greeted(&[]);
    let tools = client.request("tools/list", json!({}))["result"]["tools"].clone();
    let names: Vec<&str> =
        tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, TOOLS);
    let schema = |name: &str| {
        let tool = tools.as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap();
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{name}");
        jsonschema::validator_for(&tool["outputSchema"]).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let session = client.session("python");
    for (name, arguments) in [
        ("run_python", json!({ "code": "print(1)\n1/0" })),
        ("run_python", json!({ "code": "class A: pass\nA()", "session": session })),
        ("run_javascript", json!({ "code": "console.log(1); ({a: 1n})" })),
        ("session_create", json!({ "language": "javascript" })),
        ("session_fork", json!({ "session": session, "count": 2 })),
        ("file_write", json!({ "session": session, "path": "/work/a", "content": "x" })),
        ("file_read", json!({ "session": session, "path": "/work/a" })),
        ("file_list", json!({ "session": session })),
        ("session_list", json!({})),
        ("session_reset", json!({ "session": session })),
        ("session_close", json!({ "session": session })),
    ] {
        let result = client.call(name, arguments);
        let object = &result["structuredContent"];
        assert!(schema(name).is_valid(object), "{name}: {object}");
        assert!(!result["content"][0]["text"].as_str().unwrap().is_empty(), "{name}");
    }
}

#[test]
fn javascript_and_typescript_run() {
    let mut client = Client::greeted(&[]);
    let object = client.object(
        "run_javascript",
        json!({ "code": "const xs = [1, 2]; xs.map(x => x * n)", "inputs": { "n": 3 } }),
    );
    assert_eq!(object["value"]["json"], json!([3, 6]));
    let object = client.object(
        "run_javascript",
        json!({ "code": "const half = (n: number): number => n / 2; half(84)", "typescript": true }),
    );
    assert_eq!(object["value"]["repr"], "42");
}

#[test]
fn a_session_remembers_and_a_fork_goes_its_own_way() {
    let mut client = Client::greeted(&[]);
    let session = client.session("python");
    client.object(
        "run_python",
        json!({ "code": "x = 1\nopen('/work/f', 'w').write('f')", "session": session }),
    );
    let forks = client.object("session_fork", json!({ "session": session }));
    let fork = forks["sessions"][0].clone();
    client.object("run_python", json!({ "code": "x = 2", "session": fork }));
    let value = |client: &mut Client, session: &Value| {
        client.object("run_python", json!({ "code": "x", "session": session }))["value"]["json"].clone()
    };
    assert_eq!(value(&mut client, &json!(session)), 1);
    assert_eq!(value(&mut client, &fork), 2);
    let listed = client.object("session_list", json!({}));
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 2, "{listed}");
    client.object("session_reset", json!({ "session": session }));
    let gone = client.call("run_python", json!({ "code": "x", "session": session }));
    assert_eq!(gone["structuredContent"]["error"]["type"], "NameError");
    client.object("session_close", json!({ "session": session }));
    let refusal = client.refusal("run_python", json!({ "code": "x", "session": session }));
    assert!(refusal.starts_with(&format!("error: there is no session \"{session}\"\nhint: ")), "{refusal}");
}

#[test]
fn files_go_in_and_out() {
    let mut client = Client::greeted(&[]);
    let session = client.session("python");
    client.object(
        "file_write",
        json!({ "session": session, "path": "/work/data/rows.csv", "content": "1,2\n" }),
    );
    let object =
        client.object("run_python", json!({ "code": "open('data/rows.csv').read()", "session": session }));
    assert_eq!(object["value"]["json"], "1,2\n");
    client.object(
        "file_write",
        json!({ "session": session, "path": "/work/data/rows.csv", "content": "/wA=", "encoding": "base64" }),
    );
    let object = client.object(
        "file_read",
        json!({ "session": session, "path": "/work/data/rows.csv", "encoding": "base64" }),
    );
    assert_eq!(object["content"], "/wA=");
    let listed = client.object("file_list", json!({ "session": session, "path": "/work/data" }));
    assert_eq!(listed["entries"], json!([{ "name": "rows.csv", "is": "file", "size_bytes": 2 }]));
    for (tool, arguments, said) in [
        ("file_read", json!({ "session": session, "path": "/work/data/rows.csv" }), "is not text"),
        ("file_read", json!({ "session": session, "path": "/etc/passwd" }), "there is no such file"),
        (
            "file_read",
            json!({ "session": session, "path": "/work/../../etc/passwd" }),
            "there is no such file",
        ),
        ("file_write", json!({ "session": session, "path": "/usr/x", "content": "" }), "read-only"),
        ("file_write", json!({ "session": session, "path": "relative", "content": "" }), "slash"),
        (
            "file_write",
            json!({ "session": session, "path": "/work/x", "content": "%", "encoding": "base64" }),
            "not base64",
        ),
        ("file_list", json!({ "session": session, "path": "/absent" }), "there is no such file"),
    ] {
        let refusal = client.refusal(tool, arguments.clone());
        assert!(refusal.contains(said), "{arguments}: {refusal}");
    }
}

#[test]
fn what_is_asked_wrongly_is_said_to_the_model() {
    let mut client = Client::greeted(&["--time", "2s"]);
    let session = client.session("javascript");
    for (tool, arguments, said) in [
        ("run_python", json!({}), "missing field `code`"),
        ("run_python", json!({ "code": 1 }), "invalid type"),
        ("run_python", json!({ "code": "1", "memory": 1 }), "unknown field `memory`"),
        ("run_python", json!({ "code": "1", "session": "0123" }), "there is no session \"0123\""),
        ("run_python", json!({ "code": "1", "session": session }), "the session runs javascript, not python"),
        (
            "run_python",
            json!({ "code": "1", "time_ms": 60_000 }),
            "the request asks for time_ms = 60000, but the jar allows 2000",
        ),
        ("run_python", json!({ "code": "1", "time_ms": 0 }), "time_ms is 0"),
        ("run_python", json!({ "code": "1", "inputs": { "a b": 1 } }), "cannot be the name of an input"),
        ("session_create", json!({ "language": "perl" }), "unknown variant `perl`"),
        ("session_fork", json!({ "session": session, "count": 0 }), "count is 0"),
        ("session_fork", json!({ "session": session, "count": 17 }), "count is 17"),
        ("session_list", json!({ "all": true }), "unknown field `all`"),
        ("run_python_code", json!({ "code": "1" }), "unknown field `code`"),
    ] {
        let refusal = client.refusal(tool, arguments.clone());
        assert!(refusal.contains(said) && refusal.contains("\nhint: "), "{arguments}: {refusal}");
    }
    let code = "#".repeat(belljar::CODE_BYTES_MAX + 1);
    let refusal = client.refusal("run_python", json!({ "code": code }));
    assert!(refusal.contains("bytes long, but may have"), "{refusal}");
}

#[test]
fn what_is_no_request_is_refused_and_the_server_goes_on() {
    let mut client = Client::greeted(&[]);
    let unknown = client.request("tools/call", json!({ "name": "rm", "arguments": {} }));
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    assert!(
        unknown["error"]["message"]
            .as_str()
            .unwrap()
            .contains("there is no tool \"rm\"; there are run_python, ")
    );
    assert_eq!(client.request("no/such", json!({}))["error"]["code"], -32601);
    let missing = client.request("resources/read", json!({ "uri": "file:///etc/passwd" }));
    assert_eq!(missing["error"]["code"], -32002, "{missing}");
    assert_eq!(client.request("tools/list", json!({ "cursor": "x" }))["error"]["code"], -32602);
    client.say("this is not JSON");
    client.say("{\"jsonrpc\":\"2.0\"");
    client.say("[]");
    client.say(&format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":\"deep\",\"method\":\"tools/call\",\"params\":{}1{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    ));
    client.notify("notifications/unheard_of", json!({}));
    let object = client.object("run_python", json!({ "code": "6 * 7" }));
    assert_eq!(object["value"]["json"], 42);
}

#[test]
fn a_session_that_is_full_or_spent_is_said_to_be() {
    let mut client = Client::greeted(&["--sessions", "2", "--memory", "64MiB", "--time", "1s"]);
    let session = client.session("python");
    client.session("python");
    let refusal = client.refusal("session_create", json!({ "language": "python" }));
    assert!(refusal.starts_with("error: 2 sessions are open, and there can be 2"), "{refusal}");
    client.object("run_python", json!({ "code": "kept = 1", "session": session }));
    for (code, ended) in [("while True: pass", "time_limit"), ("x = 'x' * 10**9", "memory_limit")] {
        let result = client.call("run_python", json!({ "code": code, "session": session }));
        assert_eq!(result["isError"], true);
        let object = &result["structuredContent"];
        assert!(object["ended"] == ended || object["error"]["type"] == "MemoryError", "{object}");
    }
    let object = client.object("run_python", json!({ "code": "kept", "session": session }));
    assert_eq!(object["value"]["json"], 1);
    let result = client.call("run_python", json!({ "code": "import os\nos._exit(3)", "session": session }));
    assert_eq!(result["structuredContent"]["exit_code"], 3, "{result}");
    let refusal = client.refusal("run_python", json!({ "code": "1", "session": session }));
    assert!(refusal.contains("the session is closed"), "{refusal}");
}

#[test]
fn a_cancelled_call_stops_and_is_not_answered() {
    let mut client = Client::greeted(&["--time", "60s"]);
    let session = client.session("python");
    client.object("run_python", json!({ "code": "x = 1", "session": session }));
    let id = client.ask_tool("run_python", json!({ "code": "x = 2\nwhile True: pass", "session": session }));
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    client.notify("notifications/cancelled", json!({ "requestId": id, "reason": "enough" }));
    // The next call waits for the session, and finds it as the code left it when it was stopped.
    let next = client.ask_tool("run_python", json!({ "code": "x > 0", "session": session }));
    let answer = client.answer(next);
    assert_eq!(answer["result"]["structuredContent"]["value"]["json"], true, "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(client.heard.iter().all(|message| message["id"] != json!(id)), "{:?}", client.heard);
}

#[test]
fn calls_of_one_client_run_at_once() {
    let mut client = Client::greeted(&["--time", "30s"]);
    let slow = client.ask_tool("run_python", json!({ "code": "import time\ntime.sleep(3)\n'slow'" }));
    let quick = client.ask_tool("run_python", json!({ "code": "'quick'" }));
    let first = client.answer(quick);
    assert!(client.heard.is_empty(), "the quick one did not wait for the slow one: {:?}", client.heard);
    assert_eq!(first["result"]["structuredContent"]["value"]["json"], "quick");
    assert_eq!(client.answer(slow)["result"]["structuredContent"]["value"]["json"], "slow");
}

#[test]
fn progress_is_told_where_it_is_asked_for() {
    let mut client = Client::greeted(&["--time", "30s"]);
    let parameters = json!({
        "name": "run_python",
        "arguments": { "code": "import time\ntime.sleep(2.5)" },
        "_meta": { "progressToken": "p" },
    });
    client.request("tools/call", parameters);
    let told: Vec<f64> = client
        .heard
        .iter()
        .filter(|message| {
            message["method"] == "notifications/progress" && message["params"]["progressToken"] == "p"
        })
        .map(|message| message["params"]["progress"].as_f64().unwrap())
        .collect();
    assert!(told.len() >= 2 && told.is_sorted(), "{told:?}");
}

#[test]
fn the_newest_revision_needs_no_handshake() {
    let mut client = Client::start(&[]);
    let found = client.request("server/discover", json!({ "_meta": modern_meta() }));
    let versions = found["result"]["supportedVersions"].as_array().unwrap_or_else(|| panic!("{found}"));
    assert!(versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2025-11-25")), "{found}");
    assert_eq!(found["result"]["resultType"], "complete");
    let mut meta = modern_meta();
    meta["io.modelcontextprotocol/logLevel"] = json!("info");
    let call = json!({ "name": "run_python", "arguments": { "code": "print('heard')\n1" }, "_meta": meta });
    let answer = client.request("tools/call", call);
    assert_eq!(answer["result"]["structuredContent"]["value"]["json"], 1, "{answer}");
    assert_eq!(answer["result"]["resultType"], "complete");
    assert_eq!(client.heard[0]["params"]["data"], "heard", "{:?}", client.heard);
    let listed = client.request("tools/list", json!({ "_meta": modern_meta() }));
    assert!(listed["result"]["ttlMs"].is_number() && listed["result"]["cacheScope"].is_string(), "{listed}");
    let missing = client
        .request("resources/read", json!({ "uri": "belljar://session/x/output/y", "_meta": modern_meta() }));
    assert_eq!(missing["error"]["code"], -32602, "{missing}");
    assert_eq!(client.request("ping", json!({ "_meta": modern_meta() }))["error"]["code"], -32601);
    let mut meta = modern_meta();
    meta["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
    assert_eq!(client.request("tools/list", json!({ "_meta": meta }))["error"]["code"], -32022);
}

#[test]
fn a_client_that_goes_ends_the_server_and_its_workers() {
    let mut client = Client::greeted(&["--time", "60s"]);
    client.ask_tool("run_python", json!({ "code": "while True: pass" }));
    std::thread::sleep(Duration::from_millis(500));
    let children = children_of(client.id());
    assert!(!children.is_empty());
    let begun = Instant::now();
    assert!(client.leave().success());
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let deadline = Instant::now() + Duration::from_secs(10);
    while children.iter().any(|id| std::path::Path::new(&format!("/proc/{id}")).exists()) {
        assert!(Instant::now() < deadline, "workers are left: {children:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn nothing_is_granted_by_asking() {
    let mut client = Client::greeted(&[]);
    let code = "import os, urllib.request\ntry:\n    urllib.request.urlopen('http://localhost:1/')\nexcept Exception as error:\n    print(error)\nprint(dict(os.environ), os.path.exists('/etc/passwd'))";
    let object = client.object("run_python", json!({ "code": code }));
    let stdout = object["stdout"].as_str().unwrap();
    assert!(stdout.contains("allow-net") && stdout.contains("False"), "{stdout}");
    assert!(!stdout.contains("XDG_CACHE_HOME"), "{stdout}");
    assert!(!client.request("tools/list", json!({})).to_string().contains("\"install\""));
}

#[test]
fn a_call_that_lasts_becomes_a_task_for_who_knows_tasks() {
    let mut client = Client::start(&["--time", "60s"]);
    let mut meta = modern_meta();
    meta["io.modelcontextprotocol/clientCapabilities"] =
        json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let ask = |client: &mut Client, method: &str, mut parameters: Value| {
        parameters["_meta"] = meta.clone();
        client.request(method, parameters)["result"].clone()
    };
    let quick = ask(&mut client, "tools/call", json!({ "name": "run_python", "arguments": { "code": "1" } }));
    assert_eq!(quick["structuredContent"]["value"]["json"], 1, "{quick}");
    let slow = json!({ "name": "run_python", "arguments": { "code": "import time\ntime.sleep(8)\n'done'" } });
    let task = ask(&mut client, "tools/call", slow);
    assert_eq!(task["resultType"], "task", "{task}");
    let id = task["taskId"].clone();
    let deadline = Instant::now() + Duration::from_secs(60);
    let found = loop {
        let found = ask(&mut client, "tasks/get", json!({ "taskId": id }));
        if found["status"] != "working" {
            break found;
        }
        assert!(Instant::now() < deadline, "{found}");
        std::thread::sleep(Duration::from_millis(300));
    };
    assert_eq!(found["result"]["structuredContent"]["value"]["json"], "done", "{found}");
    let endless = json!({ "name": "run_python", "arguments": { "code": "while True: pass" } });
    let id = ask(&mut client, "tools/call", endless)["taskId"].clone();
    ask(&mut client, "tasks/cancel", json!({ "taskId": id }));
    let deadline = Instant::now() + Duration::from_secs(20);
    while ask(&mut client, "tasks/get", json!({ "taskId": id }))["status"] != "cancelled" {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn handles_and_paths_are_completed() {
    let mut client = Client::greeted(&[]);
    let session = client.session("python");
    client.object(
        "run_python",
        json!({ "code": "open('/output/plot.txt', 'w').write('x')", "session": session }),
    );
    let template = json!({ "type": "ref/resource", "uri": "belljar://session/{session}/output/{+path}" });
    for (name, value, found) in [("session", &session[..4], session.as_str()), ("path", "pl", "plot.txt")] {
        let asked = json!({ "ref": template, "argument": { "name": name, "value": value } });
        let completed = client.request("completion/complete", asked);
        assert_eq!(completed["result"]["completion"]["values"], json!([found]), "{completed}");
    }
    let asked =
        json!({ "ref": { "type": "ref/prompt", "name": "x" }, "argument": { "name": "x", "value": "" } });
    assert_eq!(client.request("completion/complete", asked)["error"]["code"], -32602);
}

/// The processes that a process has started.
fn children_of(id: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    let mut children: Vec<u32> = text.split_whitespace().filter_map(|id| id.parse().ok()).collect();
    for task in std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children.extend(text.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
    }
    children
}
