//! Sessions that go on: after a run that was cut off, as forks, and from snapshots.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::fs;

use crate::common::{Twins, jar, jar_with, repr};
use belljar::{
    Ended, Error, Grants, Jar, Limits, Mount, Outcome, Secret, Selection, Session, SessionState, SnapshotKey,
    SnapshotRefused,
};

const KEY: [u8; 32] = [7; 32];

fn signing(image: &str) -> Jar {
    jar(image).with_snapshot_key(SnapshotKey::new(KEY))
}

/// What every engine can do, and leaves traces of in memory of its own and in many places.
const STATE: [(&str, &str, &str); 3] = [
    (
        "python",
        "import collections\nnames = collections.Counter(str(n % 7) for n in range(20000))\ndef total(): return sum(names.values())\nbig = list(range(50000))",
        "total() + len(big)",
    ),
    (
        "javascript",
        "class Counter { #n = new Map(); add(k) { this.#n.set(k, (this.#n.get(k) ?? 0) + 1) } get total() { return [...this.#n.values()].reduce((a, b) => a + b) } }; \
         var names = new Counter(); for (let i = 0; i < 20000; i++) names.add(String(i % 7)); var big = Array.from({length: 50000}, (_, i) => i); 0",
        "names.total + big.length",
    ),
    ("microjs", "var big = []; for (var i = 0; i < 70000; i++) big.push(i); 0", "big.length"),
];

#[test]
fn a_run_that_is_cut_off_leaves_the_session_as_it_was() {
    let limits = Limits { time_ms: 50, ..Limits::default() };
    let session = jar_with("python", limits).session().unwrap();
    session.run_blocking("x = [1]\nopen('/work/kept', 'w').write('before')").unwrap();
    let cut = "x.append(2)\nopen('/work/kept', 'w').write('during')\nopen('/work/new', 'w').close()\nsum(range(10**12))";
    for _ in 0..3 {
        let outcome = session.run_blocking(cut).unwrap();
        assert_eq!((outcome.ended, outcome.session), (Ended::TimeLimit, SessionState::RolledBack));
        assert_eq!(
            repr(
                &session
                    .run_blocking("import os\nx, open('/work/kept').read(), os.listdir('/work')")
                    .unwrap()
            ),
            "([1], 'before', ['kept'])"
        );
    }
    assert!(!session.is_closed());
}

#[test]
fn a_first_run_that_is_cut_off_leaves_a_new_session() {
    let limits = Limits { fuel: Some(200_000_000), ..Limits::default() };
    for (image, endless) in [
        ("python", "x = 1\nwhile True: pass"),
        ("javascript", "var x = 1; for (;;) {}"),
        ("microjs", "var x = 1; for (;;) {}"),
    ] {
        let session = jar_with(image, limits.clone()).session().unwrap();
        let outcome = session.run_blocking(endless).unwrap();
        assert_eq!((outcome.ended, outcome.session), (Ended::FuelLimit, SessionState::RolledBack), "{image}");
        assert_eq!(session.run_blocking("x").unwrap().ended, Ended::Raised, "{image}");
    }
}

#[test]
fn memory_that_grew_in_a_run_that_was_cut_off_is_given_back() {
    let limits = Limits { time_ms: 300, ..Limits::default() };
    let session = jar_with("python", limits).session().unwrap();
    session.run_blocking("x = 1").unwrap();
    let before = session.run_blocking("x").unwrap().usage.peak_memory_bytes;
    let outcome = session.run_blocking("y = bytearray(40_000_000)\nsum(range(10**12))").unwrap();
    assert_eq!(outcome.session, SessionState::RolledBack);
    let after = session.run_blocking("x").unwrap();
    assert_eq!((repr(&after), after.usage.peak_memory_bytes), ("1", before));
}

#[test]
fn code_that_exits_at_once_closes_its_session() {
    let session = jar("python").session().unwrap();
    let outcome = session.run_blocking("import os\nos._exit(3)").unwrap();
    assert_eq!(
        (outcome.ended, outcome.exit_code, outcome.session),
        (Ended::Exited, Some(3), SessionState::Closed)
    );
    assert!(matches!(session.run_blocking("1"), Err(Error::Closed)));
}

#[test]
fn forks_begin_alike_and_go_on_alone() {
    let twins: Twins = [("python", "n = [1]"), ("javascript", "var n = [1]")];
    for (image, first) in twins {
        let session = jar(image).session().unwrap();
        session.run_blocking(first).unwrap();
        let forks = session.fork(3).unwrap();
        let add = if image == "python" { "n.append(2); len(n)" } else { "n.push(2)" };
        for fork in &forks {
            assert_eq!(repr(&fork.run_blocking(add).unwrap()), "2", "{image}");
        }
        let len = if image == "python" { "len(n)" } else { "n.length" };
        assert_eq!(repr(&session.run_blocking(len).unwrap()), "1", "{image}");
        let again = forks[0].fork(1).unwrap();
        assert_eq!(repr(&again[0].run_blocking(len).unwrap()), "2", "{image}");
    }
}

#[test]
fn forks_and_restored_sessions_draw_randomness_of_their_own() {
    let python = "import random, uuid, secrets\n(random.random(), uuid.uuid4(), secrets.token_hex(8))";
    for (image, draw) in [("python", python), ("javascript", "[Math.random(), crypto.randomUUID()].join()")] {
        let jar = signing(image);
        let session = jar.session().unwrap();
        session.run_blocking(draw).unwrap();
        let snapshot = session.snapshot().unwrap();
        let mut sessions = session.fork(4).unwrap();
        sessions.push(jar.restore(&snapshot).unwrap());
        sessions.push(jar.restore(&snapshot).unwrap());
        sessions.push(session);
        let mut drawn: Vec<String> =
            sessions.iter().map(|session| repr(&session.run_blocking(draw).unwrap()).to_owned()).collect();
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn.len(), 7, "{image}: {drawn:?}");
    }
}

#[test]
fn a_repeatable_session_is_repeatable_across_a_snapshot() {
    let draw = "import random, time\n(random.random(), time.time(), __import__('os').urandom(4))";
    let run = |interrupted: bool| {
        let jar = signing("python").with_grants(Grants::default().seed(5));
        let session = jar.session().unwrap();
        let first = repr(&session.run_blocking(draw).unwrap()).to_owned();
        let session = if interrupted { jar.restore(&session.snapshot().unwrap()).unwrap() } else { session };
        (first, repr(&session.run_blocking(draw).unwrap()).to_owned())
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn a_snapshot_holds_everything_that_code_has_made() {
    for (image, make, ask) in STATE {
        let jar = signing(image);
        let session = jar.session().unwrap();
        assert_eq!(session.run_blocking(make).unwrap().ended, Ended::Completed, "{image}");
        let expected = repr(&session.run_blocking(ask).unwrap()).to_owned();
        let snapshot = session.snapshot().unwrap();
        drop(session);
        let restored = jar.restore(&snapshot).unwrap();
        assert_eq!(repr(&restored.run_blocking(ask).unwrap()), expected, "{image}");
        // And a snapshot of that is as good.
        let again = jar.restore(&restored.snapshot().unwrap()).unwrap();
        assert_eq!(repr(&again.run_blocking(ask).unwrap()), expected, "{image}");
    }
}

#[test]
fn files_and_open_files_go_along() {
    let jar = signing("python").with_grants(Grants::default().file("/data/given.txt", *b"given"));
    let session = jar.session().unwrap();
    let make = "import os, sqlite3\nos.makedirs('/work/a/b')\nf = open('/work/a/b/c', 'w+')\nf.write('x' * 100000)\nf.flush()\n\
                g = open('/data/given.txt')\ng.read(2)\nos.symlink('a/b/c', '/work/link')\ndb = sqlite3.connect('/work/db')\n\
                db.execute('create table t (n)')\ndb.execute('insert into t values (42)')\ndb.commit()";
    assert_eq!(session.run_blocking(make).unwrap().ended, Ended::Completed);
    let snapshot = session.snapshot().unwrap();
    let restored = jar.restore(&snapshot).unwrap();
    let ask = "f.write('y'), f.tell(), os.path.getsize('/work/link'), g.read(), db.execute('select n from t').fetchall()";
    assert_eq!(repr(&restored.run_blocking(ask).unwrap()), "(1, 100001, 100001, 'ven', [(42,)])");
    assert_eq!(restored.read_file("/data/given.txt").unwrap(), b"given");
}

#[test]
fn a_clock_goes_on_where_it_was() {
    let jar = signing("python");
    let session = jar.session().unwrap();
    session.run_blocking("import time\nbefore = time.monotonic()\ntime.sleep(0.02)").unwrap();
    let restored = jar.restore(&session.snapshot().unwrap()).unwrap();
    assert_eq!(repr(&restored.run_blocking("time.monotonic() - before >= 0.02").unwrap()), "True");
}

fn refusal(jar: &Jar, snapshot: &[u8]) -> SnapshotRefused {
    match jar.restore(snapshot) {
        Err(Error::Snapshot(refused)) => refused,
        other => panic!("this must be refused: {other:?}"),
    }
}

#[test]
fn a_snapshot_is_good_for_its_own_jar_only() {
    let jar = signing("javascript");
    let snapshot = jar.session().unwrap().snapshot().unwrap();
    let wider = jar.clone().with_limits(Limits { time_ms: 20_000, ..Limits::default() }).unwrap();
    assert_eq!(refusal(&wider, &snapshot), SnapshotRefused::Policy);
    let granted = jar.clone().with_grants(Grants::default().file("/a", *b"a"));
    assert_eq!(refusal(&granted, &snapshot), SnapshotRefused::Policy);
    assert_eq!(refusal(&signing("python"), &snapshot), SnapshotRefused::Image);
    let other_key = jar.clone().with_snapshot_key(SnapshotKey::new([8; 32]));
    assert_eq!(refusal(&other_key, &snapshot), SnapshotRefused::Signature);
    let other_tenant = jar.clone().with_snapshot_key(SnapshotKey::new(KEY).tenant("bob"));
    assert_eq!(refusal(&other_tenant, &snapshot), SnapshotRefused::Tenant);
    assert_eq!(refusal(&jar, b"nothing"), SnapshotRefused::NotOne);
    assert!(matches!(crate::common::jar("javascript").restore(&snapshot), Err(Error::NoSnapshotKey)));
    assert!(matches!(
        crate::common::jar("javascript").session().unwrap().snapshot(),
        Err(Error::NoSnapshotKey)
    ));
}

#[test]
fn a_snapshot_that_was_cut_or_changed_is_refused() {
    let jar = signing("javascript");
    let snapshot = jar.session().unwrap().snapshot().unwrap();
    for at in (12..snapshot.len()).step_by(snapshot.len() / 97) {
        let mut changed = snapshot.clone();
        changed[at] ^= 1 << (at % 8);
        assert_eq!(refusal(&jar, &changed), SnapshotRefused::Signature, "bit in byte {at}");
        assert_eq!(refusal(&jar, &snapshot[..at]), SnapshotRefused::Signature, "cut at {at}");
    }
}

#[test]
fn a_session_that_hibernates_wakes_when_it_is_used() {
    for (image, make, ask) in STATE {
        let session = jar(image).session().unwrap();
        session.run_blocking(make).unwrap();
        let expected = repr(&session.run_blocking(ask).unwrap()).to_owned();
        session.hibernate().unwrap();
        session.hibernate().unwrap();
        assert_eq!(repr(&session.run_blocking(ask).unwrap()), expected, "{image}");
    }
}

#[test]
fn many_forks_share_what_they_have_in_common() {
    let session = jar("javascript").session().unwrap();
    session.run_blocking("var n = 0").unwrap();
    let forks = session.fork(20_000).unwrap();
    assert_eq!(repr(&forks[19_999].run_blocking("n += 1").unwrap()), "1");
    assert!(matches!(session.fork(200_000), Err(Error::TooManyForks { .. })));
}

#[test]
fn tasks_and_generators_go_on_after_a_restore() {
    let jar = signing("python");
    let session = jar.session().unwrap();
    let make = "import asyncio\ndef count():\n    n = 0\n    while True:\n        n += 1\n        yield n\nc = count(); next(c); next(c)\n\
                async def later():\n    await asyncio.sleep(0.01)\n    return 'done'\ntask = asyncio.get_running_loop().create_task(later())\nawait asyncio.sleep(0)";
    let outcome: Outcome = session.run_blocking(make).unwrap();
    assert_eq!(outcome.ended, Ended::Completed, "{outcome:?}");
    let restored = jar.restore(&session.snapshot().unwrap()).unwrap();
    assert_eq!(repr(&restored.run_blocking("(next(c), await task)").unwrap()), "(3, 'done')");
}

#[test]
fn placeholders_of_secrets_go_along_and_values_do_not() {
    let value = "correct-horse-battery-staple";
    let secret = Secret::new("TOKEN", "api.example.com", "Authorization", value).unwrap();
    let jar = signing("python").with_grants(Grants::default().secret(secret));
    let session = jar.session().unwrap();
    let outcome = session.run_blocking("import os\nkept = os.environ['TOKEN']\nkept").unwrap();
    assert!(repr(&outcome).starts_with("'belljar_secret_"), "{outcome:?}");
    let snapshot = session.snapshot().unwrap();
    assert!(!snapshot.windows(value.len()).any(|window| window == value.as_bytes()));
    let restored = jar.restore(&snapshot).unwrap();
    assert_eq!(repr(&restored.run_blocking("kept == os.environ['TOKEN']").unwrap()), "True");
    let other = Secret::new("TOKEN", "other.example.com", "Authorization", value).unwrap();
    let elsewhere = signing("python").with_grants(Grants::default().secret(other));
    assert_eq!(refusal(&elsewhere, &snapshot), SnapshotRefused::Policy);
}

/// Which pages a run has written is found out only when it may have written others than those before it: nothing must be missed by that.
#[test]
fn a_fork_after_any_run_has_all_that_was_written() {
    let twins: Twins = [
        (
            "python",
            "kept = {}\ndef step(i):\n    kept[i] = bytearray(i * 997 % 70001)\n    for at in range(0, len(kept[i]), 512): kept[i][at] = i % 256\n\
             def seen(): return sum(map(sum, kept.values()))",
        ),
        (
            "javascript",
            "const kept = new Map(); function step(i) { const bytes = new Uint8Array(i * 997 % 70001); for (let at = 0; at < bytes.length; at += 512) \
             bytes[at] = i % 256; kept.set(i, bytes) } \
             function seen() { return [...kept.values()].reduce((sum, bytes) => bytes.reduce((a, b) => a + b, sum), 0) }",
        ),
    ];
    for (image, setup) in twins {
        let session = jar(image).session().unwrap();
        session.run_blocking(setup).unwrap();
        for step in 1..60u64 {
            // Some runs write what was written before, and some do not.
            let code = if step % 3 == 0 { format!("step({step})") } else { "1".to_owned() };
            assert_eq!(session.run_blocking(code).unwrap().ended, Ended::Completed);
            let expected: u64 =
                (1..=step).filter(|i| i % 3 == 0).map(|i| (i * 997 % 70001).div_ceil(512) * (i % 256)).sum();
            let fork = session.fork(1).unwrap().remove(0);
            assert_eq!(
                repr(&fork.run_blocking("seen()").unwrap()),
                expected.to_string(),
                "{image}, after {step}"
            );
            assert_eq!(repr(&session.run_blocking("seen()").unwrap()), expected.to_string(), "{image}");
        }
    }
}

/// A folder with a few files, and a jar in which its changes stay in memory.
fn mounted() -> (tempfile::TempDir, Jar) {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("a.txt"), "a on the host").unwrap();
    fs::write(place.path().join("b.txt"), "b on the host").unwrap();
    let grants = Grants::default().mount(Mount::copy_on_write(place.path(), "/work/src"));
    let jar = signing("python").with_grants(grants);
    (place, jar)
}

#[test]
fn changes_of_mounts_go_along_whichever_way_a_session_goes_on() {
    let ways: [fn(&Jar, Session) -> Session; 3] = [
        |jar, session| jar.restore(&session.snapshot().unwrap()).unwrap(),
        |_, session| session.fork(1).unwrap().remove(0),
        |_, session| {
            session.hibernate().unwrap();
            session
        },
    ];
    for goes_on in ways {
        let (place, jar) = mounted();
        let session = jar.session().unwrap();
        let write = "import os\nf = open('/work/src/b.txt')\nf.read(2)\nopen('/work/src/a.txt', 'w').write('changed')\n\
                     os.rename('/work/src/b.txt', '/work/src/c.txt')\nopen('/work/src/d.txt', 'w').write('new')";
        assert_eq!(session.run_blocking(write).unwrap().ended, Ended::Completed);
        let (changes, diff) = (session.changes().unwrap(), session.diff("/").unwrap());
        let session = goes_on(&jar, session);
        assert_eq!((session.changes().unwrap(), session.diff("/").unwrap()), (changes, diff));
        let ask = "f.read(), open('/work/src/c.txt').read(), sorted(os.listdir('/work/src'))";
        assert_eq!(
            repr(&session.run_blocking(ask).unwrap()),
            "('on the host', 'b on the host', ['a.txt', 'c.txt', 'd.txt'])"
        );
        assert_eq!(fs::read_to_string(place.path().join("a.txt")).unwrap(), "a on the host");
        fs::write(place.path().join("a.txt"), "meanwhile").unwrap();
        let applied = session.apply(&Selection::All).unwrap();
        assert_eq!(applied.refused.len(), 1, "{applied:?}");
        assert_eq!(applied.refused[0].path, "/work/src/a.txt");
        assert_eq!(fs::read_to_string(place.path().join("a.txt")).unwrap(), "meanwhile");
        assert_eq!(fs::read_to_string(place.path().join("c.txt")).unwrap(), "b on the host");
        assert!(!place.path().join("b.txt").exists());
    }
}

#[test]
fn what_was_open_on_the_host_is_never_another_file() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("a.txt"), "right").unwrap();
    for mount in [Mount::read_only(place.path(), "/data"), Mount::read_write(place.path(), "/data")] {
        let jar = signing("python").with_grants(Grants::default().mount(mount));
        let session = jar.session().unwrap();
        session.run_blocking("f = open('/data/a.txt', 'rb', buffering=0)").unwrap();
        let snapshot = session.snapshot().unwrap();
        let read = "import errno\ntry: got = f.read()\nexcept OSError as error: got = errno.errorcode[error.errno]\ngot";
        assert_eq!(repr(&jar.restore(&snapshot).unwrap().run_blocking(read).unwrap()), "b'right'");
        fs::rename(place.path().join("a.txt"), place.path().join("moved.txt")).unwrap();
        fs::write(place.path().join("a.txt"), "wrong").unwrap();
        let restored = jar.restore(&snapshot).unwrap();
        assert_eq!(repr(&restored.run_blocking(read).unwrap()), "'ESTALE'");
        assert_eq!(repr(&restored.run_blocking("f.close()\nopen('/data/a.txt').read()").unwrap()), "'wrong'");
        fs::rename(place.path().join("moved.txt"), place.path().join("a.txt")).unwrap();
    }
}

#[test]
fn a_snapshot_needs_the_mounts_that_it_was_taken_with() {
    let (place, jar) = mounted();
    let snapshot = jar.session().unwrap().snapshot().unwrap();
    let written = Grants::default().mount(Mount::read_write(place.path(), "/work/src"));
    assert_eq!(refusal(&jar.clone().with_grants(written), &snapshot), SnapshotRefused::Policy);
    drop(place);
    assert!(matches!(jar.restore(&snapshot), Err(Error::Mount { .. })));
}
