//! Sessions in workers.

use std::time::{Duration, Instant};

use belljar::{
    Completeness, Ended, Error, Grants, Request, SessionState, SnapshotKey, Tool, ToolAnswer, Workers,
};

use crate::shared::{IMAGES, alone, block_on, jar, plain, repr};
use crate::tests;

pub(crate) const TESTS: &[crate::Test] = tests![
    sessions::what_one_run_defines_the_next_one_finds,
    sessions::a_run_that_is_cut_off_leaves_the_session_as_it_was,
    sessions::a_run_that_is_dropped_leaves_the_session_as_it_was,
    sessions::snapshots_go_from_process_to_worker_and_back,
    sessions::forks_go_their_own_ways,
    sessions::a_session_hibernates_and_wakes,
    sessions::files_are_read_whatever_became_of_the_session,
    sessions::code_is_completed_and_checked,
    sessions::a_run_is_suspended_and_answered,
    sessions::errors_are_those_of_this_process,
];

/// Code that counts up in each language.
fn counting(image: &str) -> (&'static str, &'static str) {
    match image {
        "python" => ("n = 1", "n += 1; n"),
        _ => ("var n = 1", "n += 1; n"),
    }
}

pub(crate) fn what_one_run_defines_the_next_one_finds() {
    for image in IMAGES {
        let (begin, count) = counting(image);
        let sessions: Vec<_> = (0..10).map(|_| jar(image).session().unwrap()).collect();
        for session in &sessions {
            session.run_blocking(begin).unwrap();
        }
        for expected in ["2", "3", "4"] {
            for session in &sessions {
                let outcome = session.run_blocking(count).unwrap();
                assert_eq!((repr(&outcome), outcome.session), (expected, SessionState::Kept), "{image}");
            }
        }
    }
}

pub(crate) fn a_run_that_is_cut_off_leaves_the_session_as_it_was() {
    let limits = belljar::Limits { time_ms: 200, ..belljar::Limits::default() };
    let session = jar("python").with_limits(limits).unwrap().session().unwrap();
    session.run_blocking("n = 1").unwrap();
    // Nothing in this looks at the flag that asks it to stop.
    let outcome = session.run_blocking("n = 2\nsum(range(10 ** 15))").unwrap();
    assert_eq!((outcome.ended, outcome.session), (Ended::TimeLimit, SessionState::RolledBack));
    assert_eq!(repr(&session.run_blocking("n").unwrap()), "1");
    let outcome = session.run_last_blocking("import os; os._exit(3)").unwrap();
    assert_eq!((outcome.ended, outcome.session), (Ended::Exited, SessionState::Closed));
    assert!(session.is_closed());
    assert!(matches!(session.run_blocking("1"), Err(Error::Closed)));
}

pub(crate) fn a_run_that_is_dropped_leaves_the_session_as_it_was() {
    let session = jar("python").session().unwrap();
    session.run_blocking("n = 1").unwrap();
    block_on(async {
        let run = session.run("n = 2\nwhile True: pass");
        assert!(tokio::time::timeout(Duration::from_millis(50), run).await.is_err());
    });
    let begun = Instant::now();
    assert_eq!(repr(&session.run_blocking("n").unwrap()), "1");
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
}

pub(crate) fn snapshots_go_from_process_to_worker_and_back() {
    for image in IMAGES {
        let (begin, count) = counting(image);
        let here = plain(image).with_snapshot_key(SnapshotKey::new([7; 32]));
        let there = jar(image).with_snapshot_key(SnapshotKey::new([7; 32]));
        let session = here.session().unwrap();
        session.run_blocking(begin).unwrap();
        let session = there.restore(&session.snapshot().unwrap()).unwrap();
        assert_eq!(repr(&session.run_blocking(count).unwrap()), "2", "{image}");
        let session = here.restore(&session.snapshot().unwrap()).unwrap();
        assert_eq!(repr(&session.run_blocking(count).unwrap()), "3", "{image}");

        let bytes = session.snapshot().unwrap();
        let other = jar(image).with_snapshot_key(SnapshotKey::new([8; 32]));
        assert!(matches!(other.restore(&bytes), Err(Error::Snapshot(_))));
        assert!(matches!(jar(image).session().unwrap().snapshot(), Err(Error::NoSnapshotKey)));
        let seeded = there.clone().with_grants(Grants::default().seed(1));
        assert!(matches!(seeded.restore(&bytes), Err(Error::Snapshot(_))));
    }
    // One that does not fit into a frame.
    let there = jar("python").with_snapshot_key(SnapshotKey::new([7; 32]));
    let session = there.session().unwrap();
    session.run_blocking("import random; data = random.randbytes(4_000_000)").unwrap();
    let bytes = session.snapshot().unwrap();
    assert!(bytes.len() > 4_000_000, "{}", bytes.len());
    assert_eq!(repr(&there.restore(&bytes).unwrap().run_blocking("len(data)").unwrap()), "4000000");
}

pub(crate) fn forks_go_their_own_ways() {
    for image in IMAGES {
        let (begin, count) = counting(image);
        let (workers, jar) = alone(image);
        let session = jar.session().unwrap();
        session.run_blocking(begin).unwrap();
        let forks = session.fork(20).unwrap();
        assert_eq!(workers.processes()[0].sessions, 21);
        for fork in &forks {
            assert_eq!(repr(&fork.run_blocking(count).unwrap()), "2", "{image}");
        }
        assert_eq!(repr(&session.run_blocking(count).unwrap()), "2");
        drop((session, forks));
        assert_eq!(workers.processes()[0].sessions, 0);
        assert!(matches!(
            jar.session().unwrap().fork(1_000_000),
            Err(Error::TooManyForks { count: 1_000_000, .. })
        ));
    }
}

pub(crate) fn a_session_hibernates_and_wakes() {
    let (workers, jar) = alone("python");
    let session = jar.session().unwrap();
    session.run_blocking("n = 1; open('/work/a.txt', 'w').write('kept')").unwrap();
    session.hibernate().unwrap();
    assert_eq!(workers.processes()[0].sessions, 0, "it rests with its parent");
    session.hibernate().unwrap();
    assert_eq!(
        repr(&session.run_blocking("n += 1; [n, open('/work/a.txt').read()]").unwrap()),
        "[2, 'kept']"
    );
    assert_eq!(workers.processes()[0].sessions, 1);
}

pub(crate) fn files_are_read_whatever_became_of_the_session() {
    let session = jar("python").session().unwrap();
    session.run_blocking("open('/output/a.bin', 'wb').write(bytes(range(256)) * 1000)").unwrap();
    assert_eq!(session.read_file("/output/a.bin").unwrap().len(), 256_000);
    let missing = session.read_file("/output/b").unwrap_err();
    let here = plain("python").session().unwrap().read_file("/output/b").unwrap_err();
    assert_eq!(missing.to_string(), here.to_string());
    session.run_blocking("import os; os._exit(0)").unwrap();
    assert!(session.is_closed());
    assert_eq!(session.read_file("/output/a.bin").unwrap().len(), 256_000);
    assert!(session.changes().unwrap().is_empty());
    assert_eq!(session.diff("/").unwrap(), "");
}

pub(crate) fn code_is_completed_and_checked() {
    let (here, there) = (plain("python").session().unwrap(), jar("python").session().unwrap());
    for session in [&here, &there] {
        session.run_blocking("import math; number = 1").unwrap();
    }
    for code in ["num", "math.", "nothing_of_that_name"] {
        let (here, there) = (
            here.complete_blocking(code, code.len()).unwrap(),
            there.complete_blocking(code, code.len()).unwrap(),
        );
        assert_eq!(here, there);
    }
    assert_eq!(there.check_blocking("for n in range(3):").unwrap(), Completeness::Incomplete);
    assert_eq!(there.check_blocking("1 +* 2").unwrap(), Completeness::Wrong);
    assert_eq!(there.check_blocking("1 + 2").unwrap(), Completeness::Complete);
}

pub(crate) fn a_run_is_suspended_and_answered() {
    let grants = Grants::default().tool(Tool::answered_by_caller("ask")).unwrap();
    let session = jar("python").with_grants(grants).session().unwrap();
    let outcome = session.run_blocking("answer = await tools.ask(question='why?')\nanswer.upper()").unwrap();
    assert_eq!(outcome.ended, Ended::Suspended);
    let call = &outcome.pending[0];
    assert_eq!((call.tool.as_str(), call.arguments.get()), ("ask", r#"{"question":"why?"}"#));
    assert!(matches!(session.run_blocking("1"), Err(Error::Suspended { pending: 1 })));
    session.hibernate().unwrap();
    let answer = Request::answers([ToolAnswer::value(call.id, "\"because\"")]);
    assert_eq!(repr(&session.run_blocking(answer).unwrap()), "'BECAUSE'");
    let again = Request::answers([ToolAnswer::value(call.id, "1")]);
    assert!(matches!(session.run_blocking(again), Err(Error::NotSuspended)));
}

pub(crate) fn errors_are_those_of_this_process() {
    let workers = Workers::builder(1).sessions_max(2).build();
    let jar = plain("microjs").in_workers(&workers).unwrap();
    let kept = [jar.session().unwrap(), jar.session().unwrap()];
    let third = jar.session().unwrap();
    for session in kept.iter().chain([&third]) {
        assert_eq!(repr(&session.run_blocking("1 + 1").unwrap()), "2", "idle ones make room");
    }
    let session = &kept[0];
    block_on(async {
        let long = session.run("for (;;) {}");
        let other = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert!(matches!(session.run("1").await, Err(Error::Busy)));
            assert!(matches!(session.snapshot(), Err(Error::NoSnapshotKey | Error::Busy)));
        };
        tokio::select! { _ = long => panic!("it ends"), () = other => {} }
    });
}
