//! Asking the person at the client: for a wider grant, and for calls of other servers' tools, in both revisions of the protocol.

mod client;
mod odd;
mod program;

use serde_json::{Value, json};

use crate::client::{Client, modern_meta};
use crate::odd::{Odd, value};

/// What the newest revision asks of every request of a client that can ask its user.
fn meta() -> Value {
    let mut meta = modern_meta();
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({ "elicitation": { "form": {} } });
    meta
}

/// A directory with a file.
fn folder(test: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("belljar-person-{}-{test}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("it can be made");
    std::fs::write(folder.join("a.txt"), "here").expect("it can be written");
    folder.canonicalize().expect("it is there")
}

fn access(hosts: &[&str], mounts: &[String]) -> Value {
    json!({ "hosts": hosts, "mounts": mounts, "reason": "to\u{202e}look" })
}

#[test]
fn access_is_there_once_the_user_agreed_and_not_before() {
    let folder = folder("access");
    let mount = format!("{}:/work/here:cow", folder.display());
    let mut client = Client::with_a_user(&["--ask-mount", &mount]);
    let read = json!({ "code": "import os\nos.path.exists('/work/here/a.txt')" });
    assert_eq!(client.object("run_python", read.clone())["value"]["json"], false);
    let ro = mount.replace(":cow", ":ro");
    let (refused, asked) =
        client.call_asked("access_request", access(&[], std::slice::from_ref(&ro)), "decline");
    assert!(
        asked[0].contains(&format!("the directory \u{ab}{}\u{bb}, to read\n", folder.display())),
        "{asked:?}"
    );
    assert!(asked[0].contains("\u{ab}to\\u{202e}look\u{bb}"), "{asked:?}");
    assert_eq!(
        refused["content"][0]["text"],
        "error: the user did not agree\nhint: do without, or tell the user what for"
    );
    assert_eq!(client.object("run_python", read.clone())["value"]["json"], false);
    let (granted, _) = client.call_asked("access_request", access(&[], std::slice::from_ref(&ro)), "accept");
    assert_eq!(granted["structuredContent"], json!({ "hosts": [], "mounts": [ro] }));
    assert_eq!(client.object("run_python", read.clone())["value"]["json"], true);
    let javascript = json!({ "code": "(await import('fs')).existsSync('/work/here/a.txt')" });
    assert_eq!(client.object("run_javascript", javascript)["value"]["json"], true);
    let write = json!({ "code": "open('/work/here/a.txt', 'w').write('x')" });
    assert_eq!(client.call("run_python", write)["isError"], true);
    assert_eq!(std::fs::read_to_string(folder.join("a.txt")).unwrap(), "here");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn only_what_the_operator_lets_be_asked_for_is() {
    let mut client = Client::with_a_user(&["--ask-net", "*.example.com"]);
    let refused = |client: &mut Client, asked: Value| {
        let (result, questions) = client.call_asked("access_request", asked, "accept");
        assert_eq!((&result["isError"], questions.len()), (&json!(true), 0), "nobody is asked: {result}");
        result["content"][0]["text"].as_str().expect("a text").to_owned()
    };
    assert!(
        refused(&mut client, access(&["example.org"], &[]))
            .starts_with("error: the host example.org may not be asked for")
    );
    assert!(
        refused(&mut client, access(&[], &["/:/work/root:ro".to_owned()])).contains("may not be asked for")
    );
    assert!(refused(&mut client, access(&[], &[])).contains("0 hosts and mounts are asked for"));
    assert!(refused(&mut client, access(&["*"], &[])).contains("*"));
    let (granted, asked) =
        client.call_asked("access_request", access(&["GET@api.example.com"], &[]), "accept");
    assert!(asked[0].contains("over the network: GET@api.example.com\n"), "{asked:?}");
    assert_eq!(granted["structuredContent"]["hosts"], json!(["GET@api.example.com"]));

    // A client that cannot ask gets nothing, and a server that lets nothing be asked for has no such tool.
    let mut mute = Client::greeted(&["--ask-net", "*.example.com"]);
    let text = mute.refusal("access_request", access(&["api.example.com"], &[]));
    assert!(text.contains("this client cannot ask its user"), "{text}");
    let mut plain = Client::with_a_user(&[]);
    let tools = plain.request("tools/list", json!({}))["result"]["tools"].to_string();
    assert!(tools.contains("run_python") && !tools.contains("access_request"), "{tools}");
}

#[test]
fn a_call_is_made_when_the_user_agrees() {
    let odd = Odd::new("approve");
    let flag = odd.flag();
    let arguments = ["--mcp", flag.as_str(), "--mcp-approve", "odd=double"];
    let code = json!({ "code": "try:\n    said = await tools.odd_double(n=4)\nexcept Exception as error:\n    said = str(error)\nsaid" });
    let mut client = Client::with_a_user(&arguments);
    let (result, asked) = client.call_asked("run_python", code.clone(), "accept");
    assert_eq!(result["structuredContent"]["value"]["json"], 8, "{result}");
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].contains("\u{ab}odd_double\u{bb} of odd") && asked[0].contains("{\"n\":4}"),
        "{asked:?}"
    );
    let (result, _) = client.call_asked("run_python", code.clone(), "decline");
    assert_eq!(result["structuredContent"]["value"]["json"], "this call of odd_double was not approved");
    assert_eq!(value(&mut client, "await tools.odd_say_hello()"), "hello", "others need no approval");
    let mut mute = Client::greeted(&arguments);
    assert_eq!(mute.object("run_python", code)["value"]["json"], "this call of odd_double was not approved");
}

#[test]
fn the_newest_revision_comes_back_with_the_answer() {
    let odd = Odd::new("rounds");
    let flag = odd.flag();
    let mut client = Client::start(&["--mcp", flag.as_str(), "--mcp-approve", "odd=*"]);
    let code = "import asyncio\nawait asyncio.gather(tools.odd_double(n=1), tools.odd_double(n=2))\nawait tools.odd_double(n=21)";
    let call = json!({ "name": "run_python", "arguments": { "code": code }, "_meta": meta() });
    let mut result = client.request("tools/call", call.clone())["result"].clone();
    let (mut rounds, mut questions) = (0, 0);
    while result["resultType"] == "input_required" {
        rounds += 1;
        let requests = result["inputRequests"].as_object().expect("questions").clone();
        questions += requests.len();
        let mut again = call.clone();
        again["requestState"] = result["requestState"].clone();
        let answers =
            requests.keys().map(|name| (name.clone(), json!({ "action": "accept", "content": {} })));
        again["inputResponses"] = Value::Object(answers.collect());
        result = client.request("tools/call", again)["result"].clone();
    }
    assert_eq!(result["structuredContent"]["value"]["json"], 42, "{result}");
    assert!(questions == 3 && (2..=3).contains(&rounds), "{questions} questions in {rounds} rounds");

    // No answer is no, and a call is gone on with once.
    let call = json!({ "name": "run_python", "arguments": { "code": "await tools.odd_double(n=1)" }, "_meta": meta() });
    let asked = client.request("tools/call", call.clone())["result"].clone();
    let mut again = call.clone();
    again["requestState"] = asked["requestState"].clone();
    let declined = client.request("tools/call", again.clone())["result"].clone();
    assert_eq!(declined["isError"], true, "no answer is no: {declined}");
    assert_eq!(client.request("tools/call", again)["error"]["code"], -32602);
    let mut forged = call;
    forged["requestState"] = json!("00000000000000000000000000000000");
    assert_eq!(client.request("tools/call", forged)["error"]["code"], -32602);
}

#[test]
fn a_run_that_waits_for_a_user_ends_with_its_time() {
    let odd = Odd::new("late");
    let flag = odd.flag();
    let mut client = Client::with_a_user(&["--mcp", flag.as_str(), "--mcp-approve", "odd=*", "--time", "2s"]);
    let id = client.ask_tool("run_python", json!({ "code": "await tools.odd_double(n=1)" }));
    assert_eq!(client.next()["method"], "elicitation/create");
    let answer = client.answer(id);
    assert_eq!(answer["result"]["structuredContent"]["ended"], "time_limit", "{answer}");
    assert_eq!(client.object("run_python", json!({ "code": "1" }))["value"]["json"], 1);
}
