//! State between runs, one run at a time, and what closes a session.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::sync::Arc;
use std::time::Duration;

use crate::common::{Twins, jar, jar_with, repr};
use belljar::{CancelToken, Completeness, Ended, Error, Limits, Request, SessionState, SnapshotKey};

#[test]
fn what_one_run_defines_the_next_one_finds() {
    let twins: Twins = [
        ("python", "import json\nnames = ['a']\ndef size(): return len(names)"),
        ("javascript", "const names = ['a']; function size() { return names.length }"),
    ];
    for (image, first) in twins {
        let session = jar(image).session().unwrap();
        assert_eq!(session.run_blocking(first).unwrap().ended, Ended::Completed);
        let outcome = session.run_blocking("size() + 41").unwrap();
        assert_eq!(repr(&outcome), "42", "{image}");
        assert_eq!(outcome.session, SessionState::Kept);
    }
}

#[test]
fn sessions_do_not_see_each_other() {
    let twins: Twins = [("python", "secret = 1"), ("javascript", "globalThis.secret = 1")];
    for (image, first) in twins {
        let jar = jar(image);
        jar.session().unwrap().run_blocking(first).unwrap();
        let outcome = jar.session().unwrap().run_blocking("secret").unwrap();
        assert_eq!(outcome.ended, Ended::Raised);
        let kind = if image == "python" { "NameError" } else { "ReferenceError" };
        assert_eq!(outcome.error.unwrap().r#type, kind);
    }
}

#[test]
fn an_error_leaves_the_session_alive() {
    let twins: Twins = [
        ("python", "x = 1\nraise ValueError('no')"),
        ("javascript", "var x = 1; throw new RangeError('no')"),
    ];
    for (image, failing) in twins {
        let session = jar(image).session().unwrap();
        let outcome = session.run_blocking(failing).unwrap();
        assert_eq!(outcome.ended, Ended::Raised);
        assert_eq!(outcome.error.as_ref().unwrap().message, "no");
        assert_eq!(repr(&session.run_blocking("x").unwrap()), "1", "{image}");
    }
}

#[test]
fn a_soft_stop_leaves_the_session_alive() {
    let limits = Limits { time_ms: 100, ..Limits::default() };
    let twins: Twins = [("python", "x = 1\nwhile True: pass"), ("javascript", "var x = 1; for (;;) {}")];
    for (image, endless) in twins {
        let session = jar_with(image, limits.clone()).session().unwrap();
        let outcome = session.run_blocking(endless).unwrap();
        assert_eq!((outcome.ended, outcome.session), (Ended::TimeLimit, SessionState::Kept), "{image}");
        assert_eq!(repr(&session.run_blocking("x").unwrap()), "1", "{image}");
    }
}

#[test]
fn a_session_runs_one_thing_at_a_time() {
    for (image, code) in [
        ("python", "print('on')\nimport time\ntime.sleep(5)"),
        ("javascript", "console.log('on'); for (;;) {}"),
        ("microjs", "console.log('on'); for (;;) {}"),
    ] {
        let jar = jar(image).with_snapshot_key(SnapshotKey::new([7; 32]));
        let session = Arc::new(jar.session().unwrap());
        let (started, waits) = std::sync::mpsc::channel();
        let running = Arc::clone(&session);
        let token = CancelToken::new();
        let cancel = token.clone();
        let thread = std::thread::spawn(move || {
            let request = Request::new(code).cancel_with(&cancel);
            running.run_blocking(request.on_output(move |_, _| started.send(()).unwrap_or_default())).unwrap()
        });
        waits.recv().unwrap();
        assert!(matches!(session.run_blocking("1"), Err(Error::Busy)), "{image}");
        assert!(
            matches!(session.snapshot(), Err(Error::Busy)) && matches!(session.fork(1), Err(Error::Busy))
        );
        token.cancel();
        assert_eq!(thread.join().unwrap().ended, Ended::Cancelled, "{image}");
        assert_eq!(repr(&session.run_blocking("1").unwrap()), "1", "{image}");
    }
}

#[tokio::test]
async fn a_run_that_is_dropped_ends_and_leaves_the_session_as_it_was() {
    let session = jar("javascript").session().unwrap();
    session.run("var n = 1").await.unwrap();
    let run = session.run("n = 2; await new Promise(resolve => setTimeout(resolve, 5000))");
    assert!(tokio::time::timeout(Duration::from_millis(50), run).await.is_err());
    assert_eq!(repr(&session.run("n").await.unwrap()), "1");
}

#[tokio::test]
async fn a_busy_run_lets_other_tasks_go_on() {
    let limits = Limits { time_ms: 300, ..Limits::default() };
    let session = jar_with("javascript", limits).session().unwrap();
    let mut ticks = 0;
    let ticking = async {
        loop {
            tokio::task::yield_now().await;
            ticks += 1;
        }
    };
    tokio::select! {
        outcome = session.run("for (;;) {}") => assert_eq!(outcome.unwrap().ended, Ended::TimeLimit),
        () = ticking => unreachable!(),
    }
    assert!(ticks >= 5, "the executor's only thread was kept: {ticks} ticks");
}

#[tokio::test]
async fn names_are_completed_and_code_is_checked() {
    let twins: Twins = [("python", "colour = 'red'"), ("javascript", "var colour = 'red'")];
    for (image, first) in twins {
        let session = jar(image).session().unwrap();
        session.run(first).await.unwrap();
        let completions = session.complete("1 + col", 7).await.unwrap();
        assert_eq!(completions.start, 4, "{image}");
        assert!(completions.candidates.contains(&"colour".to_owned()), "{image}: {completions:?}");
        let open = if image == "python" { "def f():" } else { "function f() {" };
        assert_eq!(session.check(open).await.unwrap(), Completeness::Incomplete, "{image}");
        assert_eq!(session.check("1 +* 2").await.unwrap(), Completeness::Wrong, "{image}");
        assert_eq!(session.check("1 + 2").await.unwrap(), Completeness::Complete, "{image}");
    }
}
