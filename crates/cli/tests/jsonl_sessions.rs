//! `belljar run --jsonl`: sessions that wait for answers, are saved, restored and forked. Conversations run as `docs/jsonl.md` has them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use std::path::Path;

use program::talk::Talk;
use program::{Folder, belljar};
use serde_json::{Value, json};

/// A conversation with a program that has a home of its own for keys.
fn begin<S: AsRef<str>>(folder: &Path, flags: &[S]) -> Talk {
    let mut command = belljar();
    command.args(["run", "--jsonl"]).args(flags.iter().map(AsRef::as_ref));
    Talk::begin(command.env("XDG_STATE_HOME", folder).current_dir(folder))
}

#[track_caller]
fn refused(answer: &Value, message: &str) {
    assert_eq!(answer["error"]["kind"], "caller", "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().starts_with(message), "{answer}");
}

/// Asserts that all of `expected` is in `found`.
#[track_caller]
fn has(found: &Value, expected: &Value) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            expected.iter().for_each(|(key, value)| has(&found[key], value));
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            found.iter().zip(expected).for_each(|(found, expected)| has(found, expected));
        }
        _ => assert_eq!(found, expected),
    }
}

#[test]
fn the_conversation_in_the_documentation_goes_as_it_says() {
    let folder = Folder::new("jsonl-documented");
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/jsonl.md")).unwrap();
    let (_, section) = page.split_once("## Tools").unwrap();
    let (section, _) = section.split_once("## Errors").unwrap();
    let lines: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    folder.file("ask.json", lines[0]);
    let (mut talk, mut snapshot, mut heard) = (None::<Talk>, String::new(), Value::Null);
    for line in &lines[1..] {
        let (mark, text) = line.split_at(2);
        let text = text.replace(", ...}", "}").replace("SNAPSHOT", &snapshot);
        match mark {
            "$ " => {
                let flags: Vec<&str> =
                    text.strip_prefix("belljar run --jsonl ").unwrap().split(' ').collect();
                if let Some(talk) = talk.replace(begin(folder.path(), &flags)) {
                    assert_eq!(talk.end(), 0);
                }
            }
            "> " => heard = talk.as_mut().unwrap().ask(&serde_json::from_str(&text).unwrap()),
            _ if heard["snapshot"].is_string() => snapshot = heard["snapshot"].as_str().unwrap().to_owned(),
            _ => has(&heard, &serde_json::from_str(&text).unwrap()),
        }
    }
    assert!(!snapshot.is_empty());
    talk.unwrap().end();
}

#[test]
fn a_session_is_forked_and_restored() {
    let folder = Folder::new("jsonl-forks");
    let mut talk = begin(folder.path(), &["--engine", "javascript"]);
    let run = |talk: &mut Talk, session: &str, code: &str| {
        talk.ask(&json!({"id": 1, "op": "run", "session": session, "code": code}))["outcome"]["value"]["json"]
            .clone()
    };
    assert_eq!(run(&mut talk, "a", "var n = 1; n"), 1);
    let forked = talk.ask(&json!({"id": 2, "op": "fork", "session": "a", "into": ["b", "c"]}));
    assert_eq!(forked, json!({"id": 2, "done": true}));
    assert_eq!(run(&mut talk, "b", "n += 10"), 11);
    assert_eq!(run(&mut talk, "c", "n += 20"), 21);
    assert_eq!(run(&mut talk, "a", "n"), 1);
    let saved = talk.ask(&json!({"id": 3, "op": "save", "session": "c"}));
    let snapshot = saved["snapshot"].as_str().unwrap();
    let restored = talk.ask(&json!({"id": 4, "op": "restore", "session": "d", "snapshot": snapshot}));
    assert_eq!(restored, json!({"id": 4, "done": true}));
    assert_eq!(run(&mut talk, "d", "n"), 21);
    assert_eq!(talk.end(), 0);
}

#[test]
fn what_cannot_be_forked_or_restored_is_refused() {
    let folder = Folder::new("jsonl-refusals");
    let mut talk = begin(folder.path(), &["--engine", "javascript"]);
    talk.ask(&json!({"id": 1, "op": "run", "session": "a", "code": "var n = 1"}));
    refused(&talk.ask(&json!({"id": 1, "op": "fork", "session": "x", "into": ["b"]})), "there is no session");
    refused(
        &talk.ask(&json!({"id": 1, "op": "fork", "session": "a", "into": ["a"]})),
        "there is a session \"a\" already",
    );
    refused(
        &talk.ask(&json!({"id": 1, "op": "fork", "session": "a", "into": ["b", "b"]})),
        "a session is forked twice",
    );
    refused(&talk.ask(&json!({"id": 1, "op": "save", "session": "x"})), "there is no session");
    let restore = |talk: &mut Talk, snapshot: &str| {
        talk.ask(&json!({"id": 2, "op": "restore", "session": "b", "snapshot": snapshot}))
    };
    refused(&restore(&mut talk, "%%%"), "the snapshot is not base64");
    refused(&restore(&mut talk, "AAAA"), "the snapshot cannot be used: these bytes are not a snapshot");
    // The name is taken by a session that is closed, so that nothing runs without the state that it counts on.
    refused(&talk.ask(&json!({"id": 3, "op": "run", "session": "b", "code": "n"})), "the session is closed");
    assert_eq!(talk.ask(&json!({"id": 4, "op": "close", "session": "b"})), json!({"id": 4, "done": true}));
    let answers = json!([{"id": 1, "value": 1, "error": "x"}]);
    refused(
        &talk.ask(&json!({"id": 5, "op": "resume", "session": "a", "answers": answers})),
        "the answer to call 1 is not one of value and error",
    );
    refused(
        &talk.ask(&json!({"id": 6, "op": "resume", "session": "a", "answers": []})),
        "the session is not suspended",
    );
    // Each program has its own key here.
    let saved = talk.ask(&json!({"id": 7, "op": "save", "session": "a"}));
    let other = Folder::new("jsonl-refusals-other");
    let mut stranger = begin(other.path(), &["--engine", "javascript"]);
    refused(
        &restore(&mut stranger, saved["snapshot"].as_str().unwrap()),
        "the snapshot cannot be used: it was cut short, changed, or signed with another key",
    );
    assert_eq!(stranger.end(), 0);
    assert_eq!(talk.end(), 0);
}
