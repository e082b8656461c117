//! Tools of other MCP servers, called by code in the jar: what they give, and what becomes of servers that hang, lie, flood or die.

mod client;
mod odd;
mod program;

use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::Client;
use crate::odd::{Odd, value};

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
fn a_schema_that_is_too_long_is_left_out_and_one_without_end_is_cut() {
    let odd = Odd::new("schemas");
    let mut client = odd.client(&[]);
    let found = client.object("tools_search", json!({ "query": "endless", "language": "javascript" }));
    let declared = found["declarations"].as_str().expect("a text");
    assert!(declared.contains("function odd_endless(") && declared.len() < 100_000, "{}", declared.len());
    assert!(client.refusal("tools_search", json!({ "query": "wide" })).contains("no function fits"));
    let said = program::run(["mcp", "--mcp", &odd.flag()]).stderr;
    assert!(said.contains("left out of odd: wide: its schemas have more than 65536 bytes"), "{said}");
}

#[test]
fn only_what_is_allowed_is_there() {
    let odd = Odd::new("allowed");
    let mut client = odd.client(&["--mcp-allow", "odd=double"]);
    assert_eq!(value(&mut client, "await tools.odd_double(n=1)"), 2);
    assert_eq!(value(&mut client, "hasattr(tools, 'odd_fail')"), false);
    let flag_of_odd = odd.flag();
    program::run(["mcp", "--mcp", &flag_of_odd, "--mcp-allow", "odd=double,rm"])
        .refused("the MCP server odd has no tool rm");
    program::run(["mcp", "--mcp", "odd=/no/such/program"])
        .refused_somehow("the MCP server odd cannot be used: cannot start /no/such/program");
    program::run(["mcp", "--mcp", "odd"]).refused("--mcp odd: it has no command and no URL");
    for (flag, text, said) in [
        ("--mcp-allow", "even=x", "no --mcp has that name"),
        ("--mcp-allow", "odd=", "it names no tools"),
        ("--mcp-approve", "odd", "it has no ="),
        ("--mcp-token", "odd=HOME", "that server is a program, and has no use for a token"),
        ("--mcp-calls", "odd=many", "\"many\" is no number"),
        ("--mcp-narrow", "odd=double", "it has no schema"),
        (
            "--mcp-narrow",
            "odd=double={",
            "its schema is not JSON: EOF while parsing an object at line 1 column 1",
        ),
    ] {
        program::run(["mcp", "--mcp", &flag_of_odd, flag, text]).refused(&format!("{flag} {text}: {said}"));
    }
    let wrong = "double={\"type\":\"no-such\"}";
    program::run(["mcp", "--mcp", &flag_of_odd, "--mcp-narrow", &format!("odd={wrong}")])
        .refused_somehow("the arguments of odd's tool double cannot be narrowed");
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
    assert!(error(&mut client, "tools.odd_lie()").contains("does not fit its schema"));
    assert_eq!(
        error(&mut client, "tools.odd_flood()"),
        "the result of odd_flood has 3000002 bytes, and may have 1048576"
    );
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

#[test]
fn arguments_are_narrowed_and_calls_are_counted() {
    let odd = Odd::new("narrow");
    let narrow = "odd=double={\"properties\":{\"n\":{\"maximum\":10}}}";
    let mut client = odd.client(&["--mcp-narrow", narrow, "--mcp-calls", "odd=2"]);
    assert_eq!(value(&mut client, "await tools.odd_double(n=10)"), 20);
    assert_eq!(
        error(&mut client, "tools.odd_double(n=11)"),
        "this call of odd_double is not allowed: at /n: 11 is greater than the maximum of 10"
    );
    let code = "for _ in range(3):\n    await tools.odd_double(n=1)";
    let result = client.call("run_python", json!({ "code": code }));
    assert_eq!(result["isError"], true, "{result}");
    assert!(result["content"][0]["text"].as_str().unwrap().contains('2'), "{result}");
}
