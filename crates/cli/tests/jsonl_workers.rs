//! `belljar run --jsonl --workers`: the same protocol, its code in processes of its own; and how a server is asked to end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use std::fs;
use std::time::Duration;

use program::talk::Talk;
use program::{Folder, belljar, run};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

const WAYS: [&[&str]; 2] = [&[], &["--workers", "1"]];

fn talk(flags: &[&str]) -> Talk {
    Talk::begin(belljar().args(["run", "--jsonl", "--engine", "javascript"]).args(flags))
}

fn signal(id: u32, signal: Signal) {
    kill_process(Pid::from_raw(id.try_into().unwrap()).unwrap(), signal).unwrap();
}

/// The worker processes of the program.
fn workers(talk: &Talk) -> Vec<u32> {
    let id = talk.child.id();
    let threads = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    let children = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("children")).unwrap());
    children
        .flat_map(|ids| ids.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

/// Waits until a process has ended that this one did not start.
fn wait_for_the_end_of(id: u32) {
    for _ in 0..500 {
        let status = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        if status.is_empty() || status.contains(") Z") {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("process {id} has not ended");
}

#[test]
fn code_runs_in_workers_and_sessions_keep_their_state() {
    let mut talk = talk(&["--workers", "2", "--time", "1m"]);
    let first = talk.ask(&json!({"id": 1, "op": "run", "session": "a", "code": "let total = 1; total"}));
    assert_eq!(first["outcome"]["value"]["json"], 1, "{first}");
    assert_eq!(workers(&talk).len(), 2);
    let streamed = json!({"id": 2, "op": "run", "session": "a", "code": "console.log('on'); total += 41", "stream": true});
    assert_eq!(talk.ask(&streamed), json!({"id": 2, "stream": "stdout", "text": "on\n"}));
    assert_eq!(talk.hear()["outcome"]["value"]["json"], 42);
    assert_eq!(talk.ask(&json!({"id": 3, "op": "fork", "session": "a", "into": ["b"]}))["done"], true);
    let forked = talk.ask(&json!({"id": 4, "op": "run", "session": "b", "code": "total + 1"}));
    assert_eq!(forked["outcome"]["value"]["json"], 43, "{forked}");
    talk.say(&json!({"id": 5, "op": "run", "session": "a", "code": "for (;;);"}));
    talk.say(&json!({"id": 6, "op": "cancel", "run": 5}));
    assert_eq!(talk.hear_all(2)[0]["outcome"]["ended"], "cancelled");
    assert_eq!(talk.end(), 0);
}

#[test]
fn a_worker_that_is_killed_is_an_outcome_and_the_next_request_is_served() {
    let mut talk = talk(&["--workers", "1", "--time", "1m"]);
    let endless =
        json!({"id": 1, "op": "run", "session": "a", "code": "console.log('on'); for (;;);", "stream": true});
    assert_eq!(talk.ask(&endless)["stream"], "stdout");
    signal(workers(&talk)[0], Signal::KILL);
    let crashed = talk.hear();
    assert_eq!(crashed["outcome"]["ended"], "crashed", "{crashed}");
    assert_eq!(crashed["outcome"]["session"], "closed", "{crashed}");
    let next = talk.ask(&json!({"id": 2, "op": "run", "code": "6 * 7"}));
    assert_eq!(next["outcome"]["value"]["json"], 42, "{next}");
    assert_eq!(talk.end(), 0);
}

#[test]
fn asked_to_end_it_answers_what_it_was_asked_and_nothing_more() {
    let waits = "console.log('on'); await new Promise(done => setTimeout(done, 300)); 'answered'";
    for flags in WAYS {
        let mut talk = talk(flags);
        let request = json!({"id": 1, "op": "run", "code": waits, "stream": true});
        assert_eq!(talk.ask(&request)["stream"], "stdout");
        signal(talk.child.id(), Signal::TERM);
        assert_eq!(talk.hear()["outcome"]["value"]["json"], "answered");
        // Its standard input is still open.
        assert_eq!(talk.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn asked_twice_it_ends_at_once() {
    for flags in WAYS {
        let mut talk = talk(&[flags, &["--time", "1m"]].concat());
        let endless = json!({"id": 1, "op": "run", "code": "console.log('on'); for (;;);", "stream": true});
        assert_eq!(talk.ask(&endless)["stream"], "stdout");
        let workers = workers(&talk);
        signal(talk.child.id(), Signal::TERM);
        // Signals of one kind that wait are one.
        while talk.child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(20));
            signal(talk.child.id(), Signal::TERM);
        }
        assert_eq!(talk.child.wait().unwrap().code(), None);
        for id in workers {
            wait_for_the_end_of(id);
        }
    }
}

#[test]
fn a_policy_that_requires_a_jail_holds_for_workers_and_they_always_have_one() {
    let folder = Folder::new("jsonl-workers");
    let policy = folder.file("policy.toml", "[jail]\nrequired = true\n");
    let mut talk = talk(&["--workers", "1", "--policy", &policy]);
    assert_eq!(talk.ask(&json!({"id": 1, "op": "run", "code": "1"}))["outcome"]["ended"], "completed");
    assert_eq!(talk.end(), 0);
    for (flags, told) in [
        (
            ["--jsonl", "--workers", "1", "--no-jail"],
            "the argument '--workers <COUNT>' cannot be used with '--no-jail'",
        ),
        (["--workers", "1", "-c", "1"], "--workers is for --jsonl"),
        (["--jsonl", "--workers", "0", "--json"], "invalid value '0' for '--workers <COUNT>'"),
    ] {
        let gave = run(["run"].into_iter().chain(flags));
        assert!(gave.code == Some(125) && gave.stderr.contains(told), "{gave:?}");
    }
}
