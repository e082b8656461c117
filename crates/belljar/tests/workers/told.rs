//! What is told of runs in workers: the fault of an outcome is in the log, and the audit is what it is without workers.

use belljar::{AuditEvent, AuditKind, Decision, Error, Grants, Jar, Limits, Mount, Request};

use crate::crashes::{ENDLESS, crashed};
use crate::log;
use crate::shared::{alone, begun, jar, pid, plain, signal};
use crate::tests;

pub(crate) const TESTS: &[crate::Test] = tests![
    told::the_fault_that_a_caller_is_told_of_is_the_one_in_the_log,
    told::the_audit_of_a_session_is_the_same_in_a_worker,
];

pub(crate) fn the_fault_that_a_caller_is_told_of_is_the_one_in_the_log() {
    let (workers, jar) = alone("python");
    let process = pid(&workers);
    let session = jar.session().unwrap();
    let running = begun(&jar, ENDLESS);
    signal(process, "KILL");
    let fault = crashed(&running.join().unwrap().unwrap());
    let line = log::line_with(&fault);
    assert!(line.starts_with("ERROR:") && line.contains(&format!("pid={process}")), "{line}");
    assert!(line.contains("was ended by signal 9") && line.contains("a worker died"), "{line}");
    // All who lost something with it are told of the same.
    let lost = session.run_blocking("1").unwrap_err();
    assert!(matches!(&lost, Error::WorkerLost { fault: same } if *same == fault), "{lost:?}");
}

/// What the audit says of a session that does something of each kind.
fn audited(jar: Jar) -> Vec<(u64, AuditKind, Decision, String)> {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a.txt"), "hello").unwrap();
    let grants = Grants::default().mount(Mount::read_write(place.path(), "/work/in"));
    let session = jar.with_grants(grants).session().unwrap();
    let id = session.id().to_owned();
    session.run_blocking("open('/work/in/a.txt').read(); open('/work/in/b.txt', 'w').write('b')").unwrap();
    session.run_blocking("import urllib.request\nurllib.request.urlopen('http://example.com/')").unwrap();
    session.run_blocking("open('/work/in/.git', 'w')").unwrap();
    let short = Limits { time_ms: 300, ..Limits::default() };
    session.run_blocking(Request::new("while True: pass").limits(short)).unwrap();
    drop(session);
    let place = place.path().to_str().unwrap();
    // From a worker a refusal takes a moment, in which the code may ask again, and go on to what it asked for.
    let target = |event: &AuditEvent| event.target.replace(place, "").replace("GET ", "ask ");
    let told = |event: AuditEvent| (event.run, event.kind, event.decision, target(&event));
    let mut events: Vec<_> = log::audit_of(&id).into_iter().map(told).collect();
    events.dedup();
    events
}

pub(crate) fn the_audit_of_a_session_is_the_same_in_a_worker() {
    let (here, there) = (audited(plain("python")), audited(jar("python")));
    assert!(here.len() > 10, "{here:?}");
    let refused = |(_, kind, decision, _): &(u64, AuditKind, Decision, String)| {
        (*decision == Decision::Refused).then_some(*kind)
    };
    let kinds: Vec<AuditKind> = here.iter().filter_map(refused).collect();
    assert!(kinds.contains(&AuditKind::Limit) && kinds.len() >= 3, "{kinds:?}");
    assert_eq!(here, there);
}
