//! `run_python_code`: what MCP Run Python's own tests expect of it, from a server that is started in its place.

mod client;
mod program;

use serde_json::{Value, json};

use crate::client::Client;

fn run(client: &mut Client, code: &str) -> String {
    client.text("run_python_code", json!({ "python_code": code }))
}

fn run_json(client: &mut Client, code: &str) -> Value {
    serde_json::from_str(&run(client, code)).expect("it is JSON")
}

#[test]
fn its_schema_is_the_same() {
    let mut client = Client::greeted(&["stdio", "--tools", "original"]);
    let tools = client.request("tools/list", json!({}))["result"]["tools"].clone();
    let expected = json!([{
        "name": "run_python_code",
        "title": "Run Python code",
        "description": "Tool to execute Python code and return stdout, stderr, and return value.\n\nThe code may be async, and the value on the last line will be returned as the return value.\n\nThe code will be executed with Python 3.13.\n",
        "inputSchema": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {
                "python_code": { "type": "string", "description": "Python code to run" },
                "global_variables": {
                    "type": "object",
                    "additionalProperties": {},
                    "default": {},
                    "description": "Map of global variables in context when the code is executed",
                },
            },
            "required": ["python_code"],
            "additionalProperties": false,
        },
    }]);
    assert_eq!(tools, expected);
}

#[test]
fn a_call_without_a_handshake_is_served() {
    let mut client = Client::start(&["stdio"]);
    let text = client.text("run_python_code", json!({ "python_code": "x = 4\nprint(f'{x=}')\nx" }));
    assert_eq!(
        text,
        "<status>success</status>\n<output>\nx=4\n</output>\n<return_value>\n4\n</return_value>"
    );
    assert!(client.request("tools/list", json!({}))["result"]["tools"].is_array());
    client.initialize();
    assert_eq!(run(&mut client, "1"), "<status>success</status>\n<return_value>\n1\n</return_value>");
}

#[test]
fn results_are_written_with_tags() {
    let mut client = Client::greeted(&["stdio"]);
    for (code, text) in [
        (
            "x = 4\nprint(f'{x=}')\nx",
            "<status>success</status>\n<output>\nx=4\n</output>\n<return_value>\n4\n</return_value>",
        ),
        ("[1, 2, 3]", "<status>success</status>\n<return_value>\n[\n  1,\n  2,\n  3\n]\n</return_value>"),
        ("None", "<status>success</status>"),
        ("'text'", "<status>success</status>\n<return_value>\ntext\n</return_value>"),
        (
            "{'a': (1, 2.5), 'b': b'x'}",
            "<status>success</status>\n<return_value>\n{\n  \"a\": [\n    1,\n    2.5\n  ],\n  \"b\": \"x\"\n}\n</return_value>",
        ),
        (
            "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nP(3)",
            "<status>success</status>\n<return_value>\n{\n  \"x\": 3\n}\n</return_value>",
        ),
        (
            "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')",
            "<status>success</status>\n<output>\na\nb\nc\n</output>",
        ),
        (
            "print('</output><status>x')",
            "<status>success</status>\n<output>\n&lt;/output&gt;<status>x\n</output>",
        ),
        (
            "import asyncio\nawait asyncio.sleep(0)\n7",
            "<status>success</status>\n<return_value>\n7\n</return_value>",
        ),
        ("__name__", "<status>success</status>\n<return_value>\n__main__\n</return_value>"),
        (
            "2**100",
            "<status>success</status>\n<return_value>\n1267650600228229401496703205376\n</return_value>",
        ),
        (
            "import sys\nlist(sys.version_info[:2])",
            "<status>success</status>\n<return_value>\n[\n  3,\n  13\n]\n</return_value>",
        ),
    ] {
        assert_eq!(run(&mut client, code), text, "{code}");
    }
}

#[test]
fn errors_are_tracebacks_of_main_py() {
    let mut client = Client::greeted(&["stdio"]);
    assert_eq!(
        run(&mut client, "print(unknown)"),
        "<status>run-error</status>\n<error>\nTraceback (most recent call last):\n  File \"main.py\", line 1, in <module>\n    print(unknown)\n          ^^^^^^^\nNameError: name 'unknown' is not defined\n\n</error>"
    );
    let text = run(&mut client, "def foo():\n    1 / 0\ndef bar():\n    foo()\ndef baz():\n    bar()\nbaz()");
    let expected = "Traceback (most recent call last):\n  File \"main.py\", line 7, in <module>\n    baz()\n    ~~~^^\n  File \"main.py\", line 6, in baz\n    bar()\n    ~~~^^\n  File \"main.py\", line 4, in bar\n    foo()\n    ~~~^^\n  File \"main.py\", line 2, in foo\n    1 / 0\n    ~~^~~\nZeroDivisionError: division by zero\n";
    assert_eq!(text, format!("<status>run-error</status>\n<error>\n{expected}\n</error>"));
    let result = client.call("run_python_code", json!({ "python_code": "1/0" }));
    assert!(result["isError"].is_null() && result["structuredContent"].is_null(), "{result}");
}

#[test]
fn results_are_written_as_json() {
    let mut client = Client::start(&["stdio", "--return-mode=json"]);
    for (code, result) in [
        ("a = 1\na + 1", json!({ "status": "success", "output": [], "return_value": 2 })),
        ("print(123)", json!({ "status": "success", "output": ["123"], "return_value": null })),
        ("print(1)\n'x'", json!({ "status": "success", "output": ["1"], "return_value": "x" })),
        ("print(2)\n2", json!({ "status": "success", "output": ["2"], "return_value": 2 })),
        (
            "print(unknown)",
            json!({ "status": "run-error", "output": [], "error": "Traceback (most recent call last):\n  File \"main.py\", line 1, in <module>\n    print(unknown)\n          ^^^^^^^\nNameError: name 'unknown' is not defined\n" }),
        ),
    ] {
        assert_eq!(run_json(&mut client, code), result, "{code}");
    }
}

#[test]
fn globals_are_passed() {
    let mut client = Client::greeted(&["stdio"]);
    let arguments =
        json!({ "python_code": "a + len(b)", "global_variables": { "a": 1, "b": { "x": null } } });
    assert_eq!(
        client.text("run_python_code", arguments),
        "<status>success</status>\n<return_value>\n2\n</return_value>"
    );
}

#[test]
fn one_call_leaves_nothing_to_the_next() {
    let mut client = Client::greeted(&["stdio"]);
    run(&mut client, "import json\njson.x = 1\nx = 1\nopen('/tmp/x', 'w').write('x')");
    let text =
        run(&mut client, "import json, os\n[hasattr(json, 'x'), 'x' in globals(), os.path.exists('/tmp/x')]");
    assert_eq!(
        text,
        "<status>success</status>\n<return_value>\n[\n  false,\n  false,\n  false\n]\n</return_value>"
    );
}

#[test]
fn output_is_told_as_messages_once_a_level_is_set() {
    let mut client = Client::greeted(&["stdio"]);
    run(&mut client, "print('early')");
    assert!(client.heard.is_empty(), "{:?}", client.heard);
    client.request("logging/setLevel", json!({ "level": "debug" }));
    run(&mut client, "import sys\nprint('hello', 123)\nprint('oops', file=sys.stderr)");
    let told: Vec<(&str, &str)> = client
        .heard
        .iter()
        .map(|message| {
            (message["params"]["level"].as_str().unwrap(), message["params"]["data"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told, [("info", "hello 123"), ("warning", "oops")]);
}

#[test]
fn what_has_no_end_is_ended() {
    let mut client = Client::greeted(&["stdio", "--time", "200ms"]);
    let text = run(&mut client, "while True: pass");
    assert!(text.starts_with("<status>run-error</status>\n<error>\n"), "{text}");
    assert_eq!(run(&mut client, "1"), "<status>success</status>\n<return_value>\n1\n</return_value>");
}

#[test]
fn a_package_of_machine_code_is_told_as_such() {
    let mut client = Client::greeted(&["stdio"]);
    let text = run(&mut client, "import numpy");
    assert!(
        text.contains("ModuleNotFoundError: No module named 'numpy'") && text.contains("machine code"),
        "{text}"
    );
}

#[test]
fn the_example_runs() {
    let gave = program::run(["mcp", "example"]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    assert!(gave.stdout.starts_with("<status>success</status>\n<output>\nheights: "), "{gave:?}");
}
