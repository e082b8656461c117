//! The audit: every use and refusal of a grant is told, without secrets, bounded, and under a name that no other session has.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::sync::{LazyLock, Mutex};

use crate::common::{jar, jar_with};
use crate::server::{Authority, Names, Server, ok, rule};
use belljar::{
    AuditEvent, AuditKind, Decision, Ended, Grants, Jar, Limits, Mount, Request, Secret, Session,
    SnapshotKey, Tool, ToolAnswer,
};
use serde_json::json;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Everything that was told in this process, also on threads of the library's own.
static TOLD: LazyLock<&'static Mutex<Vec<AuditEvent>>> = LazyLock::new(|| {
    let told: &'static Mutex<Vec<AuditEvent>> = Box::leak(Box::default());
    tracing::subscriber::set_global_default(Listener(told)).unwrap();
    told
});

struct Listener(&'static Mutex<Vec<AuditEvent>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == belljar::AUDIT_TARGET
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(AuditEvent::of(event).expect("an audit event can be read"));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A session whose events are heard.
fn heard(jar: &Jar) -> Session {
    LazyLock::force(&TOLD);
    jar.session().unwrap()
}

fn told(session: &str) -> Vec<AuditEvent> {
    TOLD.lock().unwrap().iter().filter(|event| event.session.as_deref() == Some(session)).cloned().collect()
}

fn of_kind(session: &str, kind: AuditKind) -> Vec<AuditEvent> {
    told(session).into_iter().filter(|event| event.kind == kind).collect()
}

#[test]
fn a_session_and_its_runs_are_told_from_beginning_to_end() {
    let session = heard(&jar_with("javascript", Limits { time_ms: 100, ..Limits::default() }));
    let id = session.id().to_owned();
    session.run_blocking(Request::new("1").name("one.js")).unwrap();
    session.run_blocking("while (true) {}").unwrap();
    session.run_blocking(Request::new("1").limits(Limits { time_ms: 101, ..Limits::default() })).unwrap_err();
    drop(session);
    let events = told(&id);
    let seen: Vec<(u64, AuditKind, Decision, &str)> =
        events.iter().map(|event| (event.run, event.kind, event.decision, event.target.as_str())).collect();
    use AuditKind::{Limit, RunBegin, RunEnd, SessionBegin, SessionEnd};
    use Decision::{Allowed, Refused};
    let expected = [
        (0, SessionBegin, Allowed, "javascript"),
        (1, RunBegin, Allowed, "one.js"),
        (1, RunEnd, Allowed, ""),
        (2, RunBegin, Allowed, "main.js"),
        (2, Limit, Refused, "time"),
        (2, RunEnd, Allowed, ""),
        (2, RunBegin, Refused, ""),
        (2, SessionEnd, Allowed, ""),
    ];
    assert_eq!(seen, expected);
    assert_eq!(events[0].details["limits"]["time_ms"], 100);
    assert_eq!(
        (&events[2].details["ended"], &events[5].details["ended"]),
        (&json!("completed"), &json!("time_limit"))
    );
    assert_eq!(id.len(), 32);
    assert!(events.iter().all(|event| event.time.starts_with("20") && event.time.ends_with('Z')));
}

#[test]
fn exchanges_and_secrets_are_told_without_values() {
    const VALUE: &str = "sk-live/9f8e7d6c+5b4a";
    let authority = Authority::new();
    let server = Server::start(Some((&authority, "api.example.test")), |_| ok("hello"));
    let place = format!("api.example.test:{}", server.port);
    let secret = Secret::new("API_TOKEN", &place, "Authorization", VALUE).unwrap();
    let grants = Names::new(&["api.example.test"]).grants().net(rule(&place)).secret(secret);
    let grants = grants.tls_root(authority.pem.as_bytes()).unwrap();
    let session = heard(&jar("javascript").with_grants(grants));
    let code = "const token = process.env.API_TOKEN;
        const said = await (await fetch(url + '?key=hidden', {headers: {Authorization: token}})).text();
        for (const bad of [() => fetch('https://other.example.test/x?key=hidden'), () => fetch(url, {method: 'POST', body: token}), () => fetch(url + '/' + direct)])
            try { await (await bad()).text() } catch (error) {}
        said";
    let request = Request::new(code)
        .input("url", format!("\"https://{place}/a\""))
        .input("direct", format!("{VALUE:?}"));
    let outcome = session.run_blocking(request).unwrap();
    assert_eq!(outcome.value.expect("text").repr, "'hello'");
    let id = session.id();
    let nets = of_kind(id, AuditKind::Net);
    assert_eq!(nets.len(), 4, "{nets:#?}");
    assert_eq!((nets[0].decision, &*nets[0].target), (Decision::Allowed, &*format!("GET https://{place}/a")));
    assert_eq!((&nets[0].details["status"], &nets[0].details["response_bytes"]), (&json!(200), &json!(5)));
    assert_eq!(nets[0].details["outcome"], "done");
    assert_eq!(nets[0].details["address"], format!("127.0.0.1:{}", server.port));
    assert_eq!((nets[1].decision, &*nets[1].target), (Decision::Refused, "GET https://other.example.test/x"));
    assert!(nets[1].reason.as_ref().unwrap().contains("is not granted"), "{nets:#?}");
    assert_eq!(nets[2].decision, Decision::Refused);
    let secrets = of_kind(id, AuditKind::Secret);
    assert_eq!((secrets[0].decision, &*secrets[0].target), (Decision::Allowed, "API_TOKEN"));
    assert_eq!(secrets[0].details["host"], place);
    assert_eq!(secrets[1].decision, Decision::Refused);
    let all = serde_json::to_string(&told(id)).unwrap();
    assert!(!all.contains("9f8e7d6c") && !all.contains("hidden"), "{all}");
}

#[test]
fn an_exchange_that_its_run_does_not_wait_for_is_told_when_the_run_ends() {
    let (release, waits) = std::sync::mpsc::channel::<()>();
    let waits = Mutex::new(waits);
    let server = Server::start(None, move |_| {
        let _ = waits.lock().unwrap().recv();
        ok("late")
    });
    let place = format!("127.0.0.1:{}", server.port);
    let grants = Grants::default().net(rule(&place));
    let limits = Limits { time_ms: 200, ..Limits::default() };
    let session = heard(&jar_with("javascript", limits).with_grants(grants));
    let outcome = session.run_blocking(format!("await fetch('http://{place}/slow')")).unwrap();
    let nets = of_kind(session.id(), AuditKind::Net);
    drop(release);
    assert_eq!(outcome.ended, Ended::TimeLimit);
    assert!(!nets.is_empty(), "it is told by then");
    assert_eq!((nets[0].run, &*nets[0].target), (1, &*format!("GET http://{place}/slow")));
    let told = nets[0].details["outcome"].as_str().unwrap();
    assert!(["going on", "given up"].contains(&told), "{told}");
}

#[test]
fn calls_of_tools_are_told_with_their_outcome() {
    let tool =
        |name: &str| Tool::new(name, |_: serde_json::Map<String, serde_json::Value>| Ok::<_, String>(7));
    let broken = Tool::new("broken", |_: serde_json::Map<String, serde_json::Value>| Err::<u8, _>("no luck"));
    let grants = [
        tool("count"),
        tool("checked").check(|_| Err("never".to_owned())),
        broken,
        Tool::answered_by_caller("ask"),
    ];
    let grants = grants.into_iter().try_fold(Grants::default(), Grants::tool).unwrap();
    let session = heard(&jar("javascript").with_grants(grants));
    let code = "for (const call of [() => tools.count({n: 1}), () => tools.checked({}), () => tools.broken({})]) try { call() } catch (error) {}\nawait tools.ask({})";
    let outcome = session.run_blocking(code).unwrap();
    session.run_blocking(Request::answers([ToolAnswer::value(outcome.pending[0].id, "1")])).unwrap();
    let calls = of_kind(session.id(), AuditKind::Tool);
    let seen: Vec<_> = calls
        .iter()
        .map(|call| {
            (
                &*call.target,
                call.decision,
                call.details.get("outcome").and_then(|outcome| outcome.as_str()),
                call.reason.as_deref(),
            )
        })
        .collect();
    use Decision::{Allowed, Refused};
    let expected = [
        ("count", Allowed, Some("done"), None),
        ("checked", Refused, None, Some("this call of checked is not allowed: never")),
        ("broken", Allowed, Some("failed"), Some("no luck")),
        ("ask", Allowed, Some("asked of the caller"), None),
        ("ask", Allowed, Some("answered by the caller"), None),
    ];
    assert_eq!(seen, expected);
    let arguments = "{\"n\":1}";
    assert_eq!(calls[0].details["arguments_bytes"], arguments.len());
    assert_eq!(calls[0].details["arguments_hash"], blake3::hash(arguments.as_bytes()).to_string());
}

#[test]
fn files_of_mounts_are_told_and_so_are_refusals_and_changes_that_are_applied() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    for directory in ["rw", "ro", "cow"] {
        std::fs::create_dir(path(directory)).unwrap();
        std::fs::write(path(directory).join("a"), "1").unwrap();
    }
    std::os::unix::fs::symlink("/etc/passwd", path("ro/out")).unwrap();
    let grants = Grants::default()
        .mount(Mount::read_write(path("rw"), "/rw"))
        .mount(Mount::read_only(path("ro"), "/ro"))
        .mount(Mount::copy_on_write(path("cow"), "/cow"));
    let session = heard(&jar("python").with_grants(grants));
    let code = "import os\nopen('/rw/a').read()\nopen('/rw/a\\n{\"kind\":\"net\"}', 'w').write('x')\nos.remove('/rw/a')\nopen('/cow/a', 'w').write('2')\n\
        for name in ['/rw/.git', '/ro/a', '/ro/out', '/rw/nothing/there']:\n    try: open(name, 'r+' if name != '/rw/.git' else 'w')\n    except OSError: pass\n";
    session.run_blocking(code).unwrap();
    assert!(session.apply(&belljar::Selection::All).unwrap().refused.is_empty());
    let files = of_kind(session.id(), AuditKind::File);
    let shown = |name: &str| path(name).display().to_string();
    let seen: Vec<(String, Decision, &str)> = files
        .iter()
        .map(|file| {
            (
                file.target.clone(),
                file.decision,
                file.details.get("access").and_then(|access| access.as_str()).unwrap_or_default(),
            )
        })
        .collect();
    use Decision::{Allowed, Refused};
    for expected in [
        (shown("rw/a"), Allowed, "read"),
        (shown("rw/a") + "\\u{a}{\"kind\":\"net\"}", Allowed, "create"),
        (shown("rw/a"), Allowed, "remove"),
        (shown("rw/.git"), Refused, "create"),
        (shown("ro/a"), Refused, "write"),
        ("ro/out".to_owned(), Refused, ""),
    ] {
        assert!(seen.contains(&expected), "{expected:?} is not in {seen:#?}");
    }
    assert!(!seen.iter().any(|(target, ..)| target.contains("nothing")), "what is not there is no refusal");
    let changes = of_kind(session.id(), AuditKind::Change);
    assert_eq!(
        (changes.len(), &*changes[0].target, &changes[0].details["act"]),
        (1, "/cow/a", &json!("apply"))
    );
}

#[test]
fn a_flood_is_cut_and_hides_no_refusal() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a"), "1").unwrap();
    let session =
        heard(&jar("python").with_grants(Grants::default().mount(Mount::read_write(place.path(), "/rw"))));
    let code =
        "for _ in range(1500): open('/rw/a').close()\ntry: open('/rw/.ssh', 'w')\nexcept OSError: pass\n";
    session.run_blocking(code).unwrap();
    let files = of_kind(session.id(), AuditKind::File);
    let refused: Vec<_> = files.iter().filter(|file| file.decision == Decision::Refused).collect();
    assert_eq!((files.len(), refused.len()), (1001, 1));
    assert!(refused[0].target.ends_with("/.ssh"));
    let dropped = of_kind(session.id(), AuditKind::Dropped);
    assert_eq!((dropped.len(), &dropped[0].details["allowed"]), (1, &json!(500)));
    session.run_blocking("open('/rw/a').close()").unwrap();
    assert_eq!(of_kind(session.id(), AuditKind::File).len(), 1002, "each run is counted anew");
}

#[test]
fn a_session_that_goes_on_from_another_has_a_name_of_its_own() {
    let jar = jar("javascript").with_snapshot_key(SnapshotKey::new([7; 32]));
    let session = heard(&jar);
    session.run_blocking("let n = 1").unwrap();
    let fork = session.fork(1).unwrap().remove(0);
    fork.run_blocking("n").unwrap();
    let snapshot = session.snapshot().unwrap();
    let (one, other) = (jar.restore(&snapshot).unwrap(), jar.restore(&snapshot).unwrap());
    let ids = [session.id(), fork.id(), one.id(), other.id()];
    assert!((1..4).all(|at| !ids[..at].contains(&ids[at])), "{ids:?}");
    let first = told(session.id());
    assert!(
        [AuditKind::Fork, AuditKind::Snapshot]
            .iter()
            .all(|kind| first.iter().any(|event| event.kind == *kind))
    );
    for child in [&fork, &one, &other] {
        let events = told(child.id());
        assert_eq!(events[0].kind, AuditKind::SessionBegin);
        assert!(events.iter().all(|event| event.parent.as_deref() == Some(session.id())), "{events:#?}");
    }
    assert_eq!(of_kind(one.id(), AuditKind::Restore).len(), 1);
}

#[test]
fn a_run_that_is_dropped_was_abandoned() {
    let session = heard(&jar("javascript"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let run = session.run("while (true) {}");
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), run).await.is_err());
    });
    assert_eq!(of_kind(session.id(), AuditKind::RunEnd)[0].details["ended"], "abandoned");
}
