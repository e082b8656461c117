//! Grants through workers: directories, tools, hosts and secrets are the parent's, and work as in this process.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use belljar::schemars::{self, JsonSchema};
use belljar::{
    ChangeKind, Ended, Error, Grants, Jar, Limits, Mount, OnOutputLimit, Outcome, Request, Selection,
    SnapshotKey, Stream, Tool,
};
use serde::Deserialize;

use crate::shared::{jar, plain, repr};
use crate::tests;

pub(crate) const TESTS: &[crate::Test] = tests![
    grants::directories_are_read_and_written_as_they_are_mounted,
    grants::changes_are_shown_and_applied,
    grants::output_is_saved,
    grants::what_is_not_there_cannot_be_mounted,
    grants::tools_are_called,
    grants::a_slow_tool_holds_neither_its_run_nor_its_worker,
    grants::hosts_are_reached_and_others_are_not,
    grants::secrets_never_enter_a_worker,
    grants::snapshots_hold_what_was_granted,
    grants::forks_have_what_was_granted,
];

fn run(jar: &Jar, code: &str) -> Outcome {
    jar.run_blocking(code).unwrap()
}

/// The same code in this process and in a worker: the values must be the same.
#[track_caller]
fn same(grants: &Grants, code: &str) -> String {
    let here = run(&plain("python").with_grants(grants.clone()), code);
    let there = run(&jar("python").with_grants(grants.clone()), code);
    assert_eq!(here.ended, there.ended, "{here:?}\n{there:?}");
    let shown = |outcome: &Outcome| match (&outcome.value, &outcome.error) {
        (Some(value), _) => value.repr.clone(),
        (None, Some(error)) => format!("{}: {}", error.r#type, error.message),
        (None, None) => String::new(),
    };
    assert_eq!(shown(&here), shown(&there));
    shown(&there)
}

pub(crate) fn directories_are_read_and_written_as_they_are_mounted() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path();
    std::fs::create_dir(path.join("sub")).unwrap();
    std::fs::write(path.join("a.txt"), "hello").unwrap();
    std::fs::write(path.join("sub/big"), vec![b'x'; 5_000_000]).unwrap();
    let read = Grants::default().mount(Mount::read_only(path, "/work/in"));
    let look = "import os\n[sorted(os.listdir('/work/in')), open('/work/in/a.txt').read(), len(open('/work/in/sub/big').read())]";
    assert_eq!(same(&read, look), "[['a.txt', 'sub'], 'hello', 5000000]");
    let refused = same(&read, "open('/work/in/b', 'w')");
    assert!(refused.starts_with("OSError: ") || refused.starts_with("PermissionError: "), "{refused}");
    assert!(same(&read, "open('/work/in/../../etc/passwd')").contains("No such file"));

    let write = Grants::default().mount(Mount::read_write(path, "/work/out"));
    let jar = jar("python").with_grants(write);
    let outcome = run(
        &jar,
        "open('/work/out/new.bin', 'wb').write(bytes(3_000_000)); open('/work/out/sub/c', 'w').write('c')",
    );
    assert_eq!(outcome.ended, Ended::Completed, "{outcome:?}");
    assert_eq!(std::fs::metadata(path.join("new.bin")).unwrap().len(), 3_000_000);
    assert_eq!(std::fs::read_to_string(path.join("sub/c")).unwrap(), "c");
}

pub(crate) fn changes_are_shown_and_applied() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a.txt"), "old\n").unwrap();
    let grants = Grants::default().mount(Mount::copy_on_write(place.path(), "/work/src"));
    let session = jar("python").with_grants(grants).session().unwrap();
    let outcome = session
        .run_blocking(
            "open('/work/src/a.txt', 'w').write('new\\n'); open('/work/src/b.txt', 'w').write('b\\n')",
        )
        .unwrap();
    assert_eq!(outcome.changes.len(), 2, "{outcome:?}");
    assert_eq!(std::fs::read_to_string(place.path().join("a.txt")).unwrap(), "old\n");
    assert_eq!(session.changes().unwrap().len(), 2);
    assert!(session.diff("/").unwrap().contains("-old\n+new\n"), "{}", session.diff("/").unwrap());
    let applied = session.apply(&Selection::paths(["/work/src/a.txt"])).unwrap();
    assert!(applied.refused.is_empty() && applied.applied.len() == 1, "{applied:?}");
    assert_eq!(std::fs::read_to_string(place.path().join("a.txt")).unwrap(), "new\n");
    let left = session.changes().unwrap();
    assert!(left.len() == 1 && left[0].kind == ChangeKind::Added, "{left:?}");
    // The session goes on with what was applied.
    assert_eq!(repr(&session.run_blocking("open('/work/src/a.txt').read()").unwrap()), "'new\\n'");
    assert!(session.apply(&Selection::All).unwrap().refused.is_empty());
    assert_eq!(std::fs::read_to_string(place.path().join("b.txt")).unwrap(), "b\n");
    assert!(session.changes().unwrap().is_empty());
}

pub(crate) fn output_is_saved() {
    let place = tempfile::tempdir().unwrap();
    let session = jar("javascript").session().unwrap();
    session.run_blocking("const fs = require('fs'); fs.writeFileSync('/output/a.txt', 'saved')").unwrap();
    let saved = session.save_output(place.path()).unwrap();
    assert!(saved.refused.is_empty(), "{saved:?}");
    assert_eq!(std::fs::read_to_string(place.path().join("a.txt")).unwrap(), "saved");
    assert!(matches!(session.save_output("/nowhere/at/all"), Err(Error::Io { .. })));
}

pub(crate) fn what_is_not_there_cannot_be_mounted() {
    let grants = Grants::default().mount(Mount::read_only("/nowhere/at/all", "/work/in"));
    let here = plain("python").with_grants(grants.clone()).run_blocking("1").unwrap_err();
    let there = jar("python").with_grants(grants).run_blocking("1").unwrap_err();
    assert_eq!(here.to_string(), there.to_string());
    assert!(matches!(there, Error::Mount { .. }));
}

#[derive(Deserialize, JsonSchema)]
struct Sum {
    a: i64,
    b: i64,
}

pub(crate) fn tools_are_called() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let add = Tool::new("add", move |Sum { a, b }| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok::<_, String>(a + b)
    });
    let grants = Grants::default().tool(add).unwrap();
    assert_eq!(same(&grants, "[tools.add(a=n, b=1) for n in range(50)][-1]"), "50");
    assert_eq!(calls.load(Ordering::SeqCst), 100);
    assert!(same(&grants, "tools.add(a='x', b=1)").contains("do not fit"));
    let session = jar("python").with_grants(grants).session().unwrap();
    for _ in 0..3 {
        assert_eq!(repr(&session.run_blocking("tools.add(a=40, b=2)").unwrap()), "42");
    }
}

/// A server that greets whoever asks: its port.
fn greeting_server() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            // What was asked does not matter.
            let _ = stream.read(&mut head);
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
        }
    });
    port
}

pub(crate) fn a_slow_tool_holds_neither_its_run_nor_its_worker() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let stuck = Tool::new("stuck", move |_: serde_json::Value| {
        // Answers when the test is over.
        let _ = receiver.lock().unwrap().recv();
        Ok::<_, String>(())
    })
    .parameters(serde_json::json!({"type": "object"}));
    let workers = belljar::Workers::builder(1).runs_max(1).build();
    let limits = Limits { time_ms: 200, ..Limits::default() };
    let jar =
        plain("python").with_grants(Grants::default().tool(stuck).unwrap()).with_limits(limits).unwrap();
    let jar = jar.in_workers(&workers).unwrap();
    let session = jar.session().unwrap();
    let outcome = session.run_blocking("x = 1\ntools.stuck()").unwrap();
    assert_eq!(outcome.ended, Ended::TimeLimit, "{outcome:?}");
    assert!(outcome.usage.wall_ms < 2_000.0, "{:?}", outcome.usage);
    // The only place of the only worker is free again, and the session is well.
    assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
    assert_eq!(repr(&session.run_blocking("x").unwrap()), "1");
    drop(sender);
}

pub(crate) fn hosts_are_reached_and_others_are_not() {
    let port = greeting_server();
    let url = format!("http://127.0.0.1:{port}/");
    let grants = Grants::default().net(format!("127.0.0.1:{port}").parse().unwrap());
    let get = format!("import urllib.request\nurllib.request.urlopen('{url}').read()");
    assert_eq!(same(&grants, &get), "b'hello'");
    let refused = same(&Grants::default(), &get);
    assert!(refused.contains("--allow-net") || refused.contains("grant"), "{refused}");
    // Whoever connects is told at once, though the answer comes from another process.
    let connect = format!(
        "import socket\nrefused = 0\nfor _ in range(50):\n    try:\n        socket.socket().connect(('127.0.0.1', {port}))\n    except PermissionError:\n        refused += 1\nrefused"
    );
    assert_eq!(
        (same(&Grants::default(), &connect), same(&grants, &connect)),
        ("50".to_owned(), "0".to_owned())
    );
    let fetch = format!("const response = await fetch('{url}'); await response.text()");
    let outcome = jar("javascript").with_grants(grants).run_blocking(fetch).unwrap();
    assert_eq!(repr(&outcome), "'hello'", "{outcome:?}");
}

pub(crate) fn secrets_never_enter_a_worker() {
    let value = "s3cr3t-value-of-the-test";
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("leak"), format!("it is {value}!")).unwrap();
    let secret = belljar::Secret::new("TOKEN", "api.example.com", "Authorization", value).unwrap();
    let grants = Grants::default()
        .secret(secret)
        .net("api.example.com".parse().unwrap())
        .mount(Mount::read_only(place.path(), "/work/in"));
    let code = "import os\nleak = open('/work/in/leak').read()\nprint(leak)\nprint('x' * 5000)\nprint(leak)\n[leak, os.environ['TOKEN'] != leak]";
    let limits = Limits { output_bytes: 1000, ..Limits::default() };
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let request = Request::new(code)
        .limits(limits.clone())
        .on_output(move |_: Stream, bytes: &[u8]| sink.lock().unwrap().extend_from_slice(bytes));
    let there = jar("python").with_grants(grants.clone()).run_blocking(request).unwrap();
    let here = plain("python")
        .with_grants(grants.clone())
        .run_blocking(Request::new(code).limits(limits.clone()))
        .unwrap();
    let shown = serde_json::to_string(&there).unwrap();
    assert!(!shown.contains(value), "{shown}");
    assert_eq!(there.ended, Ended::Completed, "{there:?}");
    assert_eq!(here.truncated, there.truncated);
    assert_eq!(here.stdout.as_bytes().len(), there.stdout.as_bytes().len());
    assert_eq!(*seen.lock().unwrap(), there.stdout.as_bytes());
    assert!(!String::from_utf8_lossy(&seen.lock().unwrap()).contains(value));

    let stop = Limits { on_output_limit: OnOutputLimit::Stop, ..limits };
    let outcome = jar("python")
        .with_grants(grants)
        .run_blocking(Request::new("while True: print('x' * 100)").limits(stop))
        .unwrap();
    assert_eq!(outcome.ended, Ended::OutputLimit, "{outcome:?}");
}

pub(crate) fn snapshots_hold_what_was_granted() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a.txt"), "old").unwrap();
    let grants = Grants::default()
        .mount(Mount::copy_on_write(place.path(), "/work/src"))
        .tool(Tool::answered_by_caller("ask"))
        .unwrap();
    let key = SnapshotKey::new([7; 32]);
    let here = plain("python").with_grants(grants.clone()).with_snapshot_key(key.clone());
    let there = jar("python").with_grants(grants).with_snapshot_key(key);
    let session = there.session().unwrap();
    session.run_blocking("open('/work/src/a.txt', 'w').write('new')").unwrap();
    let bytes = session.snapshot().unwrap();
    for jar in [&here, &there] {
        let session = jar.restore(&bytes).unwrap();
        assert_eq!(repr(&session.run_blocking("open('/work/src/a.txt').read()").unwrap()), "'new'");
        assert_eq!(session.changes().unwrap().len(), 1);
        let again = session.snapshot().unwrap();
        assert_eq!(
            repr(&there.restore(&again).unwrap().run_blocking("open('/work/src/a.txt').read()").unwrap()),
            "'new'"
        );
    }
    session.hibernate().unwrap();
    assert_eq!(repr(&session.run_blocking("open('/work/src/a.txt').read()").unwrap()), "'new'");
}

pub(crate) fn forks_have_what_was_granted() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a.txt"), "given").unwrap();
    let add = Tool::new("add", |Sum { a, b }| Ok::<_, String>(a + b));
    let grants = Grants::default().mount(Mount::read_only(place.path(), "/work/in")).tool(add).unwrap();
    let session = jar("python").with_grants(grants).session().unwrap();
    session.run_blocking("n = tools.add(a=1, b=1)").unwrap();
    for fork in session.fork(3).unwrap() {
        let outcome = fork.run_blocking("[n, tools.add(a=n, b=1), open('/work/in/a.txt').read()]").unwrap();
        assert_eq!(repr(&outcome), "[2, 3, 'given']");
    }
}
