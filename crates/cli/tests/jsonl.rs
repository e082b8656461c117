//! `belljar run --jsonl`: the protocol of `docs/jsonl.md`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use program::belljar;
use program::talk::Talk;
use serde_json::{Value, json};

fn talk(flags: &[&str]) -> Talk {
    Talk::begin(belljar().args(["run", "--jsonl", "--engine", "javascript"]).args(flags))
}

fn refused(answer: &Value, id: Value, kind: &str, message: &str) {
    assert_eq!(answer["id"], id, "{answer}");
    assert_eq!(answer["error"]["kind"], kind, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().starts_with(message), "{answer}");
}

#[test]
fn a_session_keeps_its_state() {
    let mut talk = talk(&[]);
    let first =
        talk.ask(&json!({"id": 1, "op": "run", "session": "a", "code": "let total = 1; console.log('hi')"}));
    assert_eq!((&first["id"], &first["outcome"]["stdout"]), (&json!(1), &json!("hi\n")), "{first}");
    let second = talk.ask(&json!({"id": "two", "op": "run", "session": "a", "code": "total += 41"}));
    assert_eq!((&second["id"], &second["outcome"]["value"]["json"]), (&json!("two"), &json!(42)), "{second}");
    let other = talk.ask(&json!({"id": 3, "op": "run", "session": "b", "code": "typeof total"}));
    assert_eq!(other["outcome"]["value"]["json"], "undefined", "{other}");
    let none = talk.ask(&json!({"id": 3, "op": "run", "code": "typeof total"}));
    assert_eq!(none["outcome"]["value"]["json"], "undefined", "{none}");
    assert_eq!(talk.end(), 0);
}

#[test]
fn a_run_is_given_what_the_request_says() {
    let mut talk = talk(&[]);
    let answer = talk.ask(&json!({
        "id": 1, "op": "run", "name": "given.js", "inputs": {"n": [1, {"a": 2}]}, "arguments": ["-x"], "environment": {"K": "v"},
        "code": "const s = process.argv[2] + process.env.K; [s, n[1].a]",
    }));
    assert_eq!(answer["outcome"]["value"]["json"], json!(["-xv", 2]), "{answer}");
    let typed = json!({"id": 3, "op": "run", "name": "typed.ts", "code": "const x: number[] = [1]; x[0]!"});
    assert_eq!(talk.ask(&typed)["outcome"]["value"]["json"], 1);
    let code = "import sys; sys.stdin.read()";
    let answer = talk.ask(&json!({"id": 2, "op": "run", "engine": "python", "stdin": "in", "code": code}));
    assert_eq!(answer["outcome"]["value"]["json"], "in", "{answer}");
    assert_eq!(talk.end(), 0);
}

#[test]
fn output_is_streamed_when_asked_for() {
    let mut talk = talk(&[]);
    talk.say(&json!({"id": 1, "op": "run", "stream": true, "code": "console.log('aé'); console.error('e'); for (;;);"}));
    assert_eq!(talk.hear(), json!({"id": 1, "stream": "stdout", "text": "aé\n"}));
    assert_eq!(talk.hear(), json!({"id": 1, "stream": "stderr", "text": "e\n"}));
    talk.say(&json!({"id": 2, "op": "cancel", "run": 1}));
    let answers = talk.hear_all(2);
    assert_eq!(answers[0]["outcome"]["ended"], "cancelled");
    assert_eq!(answers[0]["outcome"]["stdout"], "aé\n");
    assert_eq!(answers[1], json!({"id": 2, "done": true}));
    let quiet = talk.ask(&json!({"id": 3, "op": "run", "code": "console.log('a')"}));
    assert_eq!(quiet["outcome"]["stdout"], "a\n");
    assert_eq!(talk.end(), 0);
}

#[test]
fn a_character_is_never_cut() {
    let mut talk = talk(&[]);
    let code = "import sys\nfor b in 'é'.encode() + b'\\xff\\xe2': sys.stdout.buffer.write(bytes([b])); sys.stdout.flush()";
    talk.say(&json!({"id": 1, "op": "run", "engine": "python", "stream": true, "code": code}));
    let mut text = String::new();
    let outcome = loop {
        let answer = talk.hear();
        match answer["text"].as_str() {
            Some(part) => text += part,
            None => break answer,
        }
    };
    assert_eq!(text, "é\\xff\\xe2", "{outcome}");
    assert_eq!(outcome["outcome"]["stdout"], text.as_str(), "the stream and the outcome say the same");
    assert_eq!(talk.end(), 0);
}

#[test]
fn sessions_go_on_at_the_same_time() {
    let mut talk = talk(&["--time", "1m"]);
    for id in 0..4 {
        talk.say(&json!({"id": id, "op": "run", "session": format!("s{id}"), "code": "for (;;);"}));
    }
    let answer = talk.ask(&json!({"id": 9, "op": "run", "session": "quick", "code": "6 * 7"}));
    assert_eq!((&answer["id"], &answer["outcome"]["value"]["json"]), (&json!(9), &json!(42)), "{answer}");
    for id in 0..4 {
        talk.say(&json!({"id": 10 + id, "op": "cancel", "run": id}));
    }
    let answers = talk.hear_all(8);
    assert!(answers[..4].iter().all(|answer| answer["outcome"]["ended"] == "cancelled"), "{answers:?}");
    assert!(answers[4..].iter().all(|answer| answer["done"] == true), "{answers:?}");
    assert_eq!(talk.end(), 0);
}

#[test]
fn what_waits_can_be_cancelled_and_nothing_else_is() {
    let mut talk = talk(&["--time", "1m"]);
    talk.say(&json!({"id": 1, "op": "run", "session": "a", "code": "for (;;);"}));
    talk.say(&json!({"id": 2, "op": "run", "session": "a", "code": "for (;;);"}));
    talk.say(&json!({"id": 3, "op": "run", "session": "a", "code": "'fine'"}));
    talk.say(&json!({"id": 4, "op": "cancel", "run": 2}));
    talk.say(&json!({"id": 5, "op": "cancel", "run": 1}));
    let answers = talk.hear_all(5);
    let ended: Vec<&Value> = answers[..3].iter().map(|answer| &answer["outcome"]["ended"]).collect();
    assert_eq!(ended, ["cancelled", "cancelled", "completed"], "{answers:?}");
    refused(
        &talk.ask(&json!({"id": 6, "op": "cancel", "run": 1})),
        json!(6),
        "caller",
        "no run with the id 1 is going on",
    );
    assert_eq!(talk.end(), 0);
}

#[test]
fn a_prompt_can_be_built_on_it() {
    let mut talk = talk(&[]);
    talk.ask(&json!({"id": 1, "op": "run", "session": "a", "code": "let unmistakable = 1"}));
    let answer = talk.ask(&json!({"id": 2, "op": "complete", "session": "a", "code": "1 + unmis"}));
    assert_eq!(answer["completions"], json!({"start": 4, "candidates": ["unmistakable"]}), "{answer}");
    for (code, expected) in [("if (x) {", "incomplete"), ("1 + 1", "complete"), ("1 )", "wrong")] {
        let answer = talk.ask(&json!({"id": 3, "op": "check", "session": "a", "code": code}));
        assert_eq!(answer, json!({"id": 3, "check": expected}));
    }
    assert_eq!(talk.end(), 0);
}

#[test]
fn close_frees_the_name() {
    let mut talk = talk(&[]);
    talk.ask(&json!({"id": 1, "op": "run", "session": "a", "code": "let x = 1"}));
    assert_eq!(talk.ask(&json!({"id": 2, "op": "close", "session": "a"})), json!({"id": 2, "done": true}));
    let answer = talk
        .ask(&json!({"id": 3, "op": "run", "session": "a", "engine": "python", "code": "'x' in globals()"}));
    assert_eq!(answer["outcome"]["value"]["json"], false, "{answer}");
    refused(
        &talk.ask(&json!({"id": 4, "op": "close", "session": "b"})),
        json!(4),
        "caller",
        "there is no session \"b\"",
    );
    let other = json!({"id": 5, "op": "run", "session": "a", "engine": "javascript", "code": "1"});
    refused(&talk.ask(&other), json!(5), "caller", "session \"a\" runs python, not javascript");
    assert_eq!(talk.end(), 0);
}

#[test]
fn a_request_can_lower_limits_and_never_raise_them() {
    let mut talk = talk(&["--time", "5s"]);
    let limits = |limits: Value| json!({"id": 1, "op": "run", "code": "for (;;);", "limits": limits});
    let answer = talk.ask(&limits(json!({"time_ms": 50})));
    assert_eq!(answer["outcome"]["ended"], "time_limit", "{answer}");
    refused(
        &talk.ask(&limits(json!({"time_ms": 5001}))),
        json!(1),
        "caller",
        "the request asks for time_ms = 5001",
    );
    refused(&talk.ask(&limits(json!({"time": 1}))), json!(1), "caller", "limits: unknown field `time`");
    refused(
        &talk.ask(&limits(json!({"time_ms": 0}))),
        json!(1),
        "caller",
        "time_ms is 0, but must be from 1",
    );
    assert_eq!(talk.end(), 0);
}

#[test]
fn whatever_is_wrong_is_answered_and_nothing_is_fatal() {
    let mut talk = talk(&[]);
    for (line, id, message) in [
        ("{", Value::Null, "EOF while parsing"),
        ("nonsense", Value::Null, "expected"),
        ("[]", Value::Null, "invalid"),
        ("{\"op\":\"run\",\"code\":\"1\"}", Value::Null, "the request has no id"),
        ("{\"id\":[1],\"op\":\"run\"}", Value::Null, "an id is a number or a string"),
        ("{\"id\":1}", json!(1), "the request has no op"),
        ("{\"id\":1,\"op\":\"walk\"}", json!(1), "there is no op \"walk\""),
        ("{\"id\":1,\"op\":\"run\"}", json!(1), "missing field `code`"),
        ("{\"id\":1,\"op\":\"run\",\"code\":1}", json!(1), "invalid type: integer `1`, expected a string"),
        (
            "{\"id\":1,\"op\":\"run\",\"code\":\"1\",\"sesion\":\"a\"}",
            json!(1),
            "unknown field `sesion`, expected one of",
        ),
        (
            "{\"id\":1,\"op\":\"run\",\"code\":\"1\",\"session\":\"\"}",
            json!(1),
            "the name of a session has 1 to 200 bytes",
        ),
        (
            "{\"id\":1,\"op\":\"run\",\"code\":\"1\",\"inputs\":{\"a-b\":1}}",
            json!(1),
            "\"a-b\" cannot be the name of an input",
        ),
        ("{\"id\":1,\"op\":\"cancel\",\"run\":7}", json!(1), "no run with the id 7"),
    ] {
        talk.say_text(line);
        refused(&talk.hear(), id, "caller", message);
    }
    let answer = talk.ask(&json!({"id": 1, "op": "run", "engine": "ruby", "code": "1"}));
    refused(&answer, json!(1), "installation", "there is no image \"ruby\"");
    talk.say_bytes(b"\xff\n\n");
    refused(&talk.hear(), Value::Null, "caller", "the line is not UTF-8: look at offset 0");
    assert_eq!(talk.ask(&json!({"id": 1, "op": "run", "code": "1"}))["outcome"]["ended"], "completed");
    assert_eq!(talk.end(), 0);
}

#[test]
fn a_line_that_is_too_long_is_skipped() {
    let mut talk = talk(&[]);
    let part = vec![b' '; 1 << 20];
    for _ in 0..97 {
        talk.say_bytes(&part);
    }
    talk.say_bytes(b"\n");
    refused(&talk.hear(), Value::Null, "caller", "the line is longer than 100663296 bytes");
    assert_eq!(talk.ask(&json!({"id": 1, "op": "run", "code": "1"}))["outcome"]["ended"], "completed");
    assert_eq!(talk.end(), 0);
}

#[test]
fn what_was_asked_is_served_when_input_ends() {
    let mut talk = talk(&[]);
    talk.say(&json!({"id": 1, "op": "run", "session": "a", "code": "let x = 20; x"}));
    talk.say(&json!({"id": 2, "op": "run", "session": "a", "code": "x + 22"}));
    talk.fall_silent();
    let answers = talk.hear_all(2);
    assert_eq!(answers[1]["outcome"]["value"]["json"], 42, "{answers:?}");
    assert_eq!(talk.end(), 0);
}

#[test]
fn an_id_belongs_to_one_request_at_a_time() {
    let mut talk = talk(&["--time", "1m"]);
    talk.say(&json!({"id": 1, "op": "run", "session": "a", "code": "for (;;);"}));
    let again = talk.ask(&json!({"id": 1, "op": "run", "session": "a", "code": "1"}));
    refused(&again, json!(1), "caller", "the id 1 belongs to a request that is not answered yet");
    talk.say(&json!({"id": 2, "op": "cancel", "run": 1}));
    talk.hear_all(2);
    assert_eq!(talk.end(), 0);
}
