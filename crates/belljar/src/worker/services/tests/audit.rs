//! What is written down of such a session is told by the parent, of what the parent does: a worker can neither leave a line out nor invent one.

use std::fs;
use std::sync::{LazyLock, Mutex};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::pair::Served;
use super::server::rule;
use crate::audit::{AUDIT_TARGET, AuditEvent, AuditKind, Decision};
use crate::grants::Grants;
use crate::mount::Mount;
use crate::request::{Request, ToolAnswer};
use crate::tool::Tool;

/// Everything that was told in this process.
static TOLD: LazyLock<&'static Mutex<Vec<AuditEvent>>> = LazyLock::new(|| {
    let told: &'static Mutex<Vec<AuditEvent>> = Box::leak(Box::default());
    tracing::subscriber::set_global_default(Listener(told)).unwrap();
    told
});

struct Listener(&'static Mutex<Vec<AuditEvent>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == AUDIT_TARGET
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

/// The events of a session: kind, decision, target and, for files, how they were reached.
fn told(session: &str) -> Vec<(AuditKind, Decision, String, String)> {
    let told = TOLD.lock().unwrap();
    let of_session = told.iter().filter(|event| event.session.as_deref() == Some(session));
    of_session
        .map(|event| {
            let how = event.details.get("access").or(event.details.get("outcome"));
            let how = how.and_then(|how| how.as_str()).unwrap_or_default().to_owned();
            (event.kind, event.decision, event.target.clone(), how)
        })
        .collect()
}

#[test]
fn the_parent_tells_what_it_serves_and_what_it_refuses() {
    LazyLock::force(&TOLD);
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    fs::create_dir_all(path("ro")).unwrap();
    fs::create_dir_all(path("rw")).unwrap();
    fs::write(path("ro/f"), "f").unwrap();
    std::os::unix::fs::symlink("../..", path("ro/away")).unwrap();
    let grants = Grants::default()
        .mount(Mount::read_only(path("ro"), "/data"))
        .mount(Mount::read_write(path("rw"), "/work/rw"))
        .net(rule("api.example.test"))
        .tool(Tool::answered_by_caller("ask"))
        .unwrap();
    let served = Served::new("javascript", grants);
    let code = "const fs = require('fs'); const no = call => { try { call() } catch {} };
fs.readFileSync('/data/f'); no(() => fs.writeFileSync('/data/f', '')); no(() => fs.readFileSync('/data/away/x'));
fs.writeFileSync('/work/rw/g', 'g'); no(() => fs.writeFileSync('/work/rw/.env', ''));
await fetch('https://evil.example/').catch(() => {}); await tools.ask({n: 1})";
    let outcome = served.run(code);
    let answers = [ToolAnswer::value(outcome.pending[0].id, "2")];
    served.run(Request::answers(answers.clone()));
    served.act(move |services| services.answered(&answers));
    let (allowed, refused) = (Decision::Allowed, Decision::Refused);
    let expected = [
        (AuditKind::File, allowed, path("ro/f"), "read"),
        (AuditKind::File, refused, path("ro/f"), "write"),
        (AuditKind::File, refused, "/data/away/x".to_owned(), ""),
        (AuditKind::File, allowed, path("rw/g"), "create"),
        (AuditKind::File, refused, path("rw/.env"), "create"),
        (AuditKind::Net, refused, "GET https://evil.example/".to_owned(), ""),
        (AuditKind::Tool, allowed, "ask".to_owned(), "asked of the caller"),
        (AuditKind::Tool, allowed, "ask".to_owned(), "answered by the caller"),
    ];
    let expected = expected.map(|(kind, decision, target, how)| (kind, decision, target, how.to_owned()));
    assert_eq!(told(served.audit.id()), expected);
}

#[test]
fn a_refusal_that_a_worker_claims_is_told_only_where_it_can_be_true() {
    use super::super::{Ask, serving::Services};
    use crate::host::audit::Audit;
    use crate::limits::Limits;
    LazyLock::force(&TOLD);
    let place = tempfile::tempdir().unwrap();
    let grants = Grants::default()
        .mount(Mount::read_only(place.path(), "/data"))
        .mount(Mount::copy_on_write(place.path(), "/work/cow"));
    let audit = Audit::of_session(None);
    let mut services = Services::new(&grants, &Limits::default(), &audit).unwrap();
    for mount in [0u32, 1, 2] {
        let written = postcard::to_stdvec(&(0u32, 23u32, mount, "f")).unwrap();
        let ask: Ask = postcard::from_bytes(&written).unwrap();
        assert!(format!("{ask:?}").contains("RefusedWrite"), "{ask:?}");
        services.serve(ask);
    }
    let path = place.path().join("f").display().to_string();
    assert_eq!(told(audit.id()), [(AuditKind::File, Decision::Refused, path, "write".to_owned())]);
}
