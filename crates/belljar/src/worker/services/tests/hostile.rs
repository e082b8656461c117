//! A worker that has fallen: what it begins, claims and floods its parent with. What it asks of files is tried where files are
//! (`host/files/tests/hostile.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::super::serving::{Nonsense, Services, Told};
use super::super::*;
use super::server::{Names, rule};
use crate::grants::Grants;
use crate::host::audit::Audit;
use crate::host::operations::OPEN_MAX;
use crate::host::secrets::Secret;
use crate::limits::{Limits, MIB};
use crate::mount::Mount;
use crate::outcome::{Json, Pending};
use crate::tool::Tool;

/// A request in fields.
fn fields(list: &[(u32, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (tag, field) in list {
        bytes.extend_from_slice(&tag.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(field.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

fn call(tool: &str, arguments: &str) -> OperationAsk {
    OperationAsk { kind: Kind::Tool, request: fields(&[(1, tool.as_bytes()), (2, arguments.as_bytes())]) }
}

fn get(url: &str, headers: &[&str]) -> OperationAsk {
    let mut list: Vec<(u32, &[u8])> = vec![(1, b"GET"), (2, url.as_bytes())];
    list.extend(headers.iter().map(|header| (3, header.as_bytes())));
    OperationAsk { kind: Kind::Http, request: fields(&list) }
}

fn number(number: u32) -> OperationNumber {
    OperationNumber(number)
}

fn services(grants: &Grants) -> Services {
    let limits = Limits::default();
    let mut services = Services::new(grants, &limits, &Audit::default()).unwrap();
    services.begin_run(&limits);
    services
}

fn poll(services: &mut Services) -> Poll<Told> {
    services.poll_told(&mut Context::from_waker(Waker::noop()))
}

/// What an operation comes to that is over at once.
#[track_caller]
fn failure(services: &mut Services, ask: &OperationAsk) -> (Failure, String) {
    services.begin(number(1), ask).unwrap();
    let Poll::Ready((_, Some(field))) = poll(services) else { panic!("it goes on") };
    assert_eq!(poll(services), Poll::Ready((number(1), None)));
    field.failure().unwrap()
}

/// A tool that counts how often it is called.
fn counting(calls: &Arc<AtomicUsize>) -> Tool {
    let calls = Arc::clone(calls);
    Tool::asynchronous("count", move |_: serde_json::Map<String, serde_json::Value>| {
        calls.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, String>(1) }
    })
}

#[test]
fn what_was_not_granted_is_refused() {
    let names = Names::new(&["api.example.test"]);
    let calls = Arc::default();
    let tool = counting(&calls).check(|call| match call.arguments.get("may") {
        Some(_) => Ok(()),
        None => Err("it may not".to_owned()),
    });
    let grants = names.grants().net(rule("GET@api.example.test/a")).tool(tool).unwrap();
    let mut services = services(&grants);
    for (ask, why) in [
        (call("other", "{}"), "there is no tool \"other\""),
        (call("count", "{}"), "this call of count is not allowed: it may not"),
        (call("count", "[]"), "the arguments of count do not fit"),
        (call("count", "{"), "the arguments of count are not JSON"),
        (call("count", &"[".repeat(2000)), "nested more than 100 deep"),
        (get("https://evil.example/", &[]), "network access to evil.example:443 is not granted"),
        (get("https://api.example.test/b", &[]), "GET of /b is not granted"),
        (get("file:///etc/passwd", &[]), "the scheme file is not offered"),
        (get("https://api.example.test/a", &["Host\0evil.example"]), "names another host"),
        (OperationAsk { kind: Kind::Http, request: vec![1; 7] }, "a field is cut off"),
        (OperationAsk { kind: Kind::Tool, request: Vec::new() }, "a call needs the name of a tool"),
    ] {
        let (_, text) = failure(&mut services, &ask);
        assert!(text.contains(why), "{text:?} for {ask:?}");
    }
    assert_eq!(names.looked_up(), Vec::<String>::new());
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[test]
fn the_parent_counts_calls_and_requests() {
    let calls = Arc::default();
    let grants = Grants::default().tool(counting(&calls).calls_max(3)).unwrap();
    let grants = grants.net(rule("api.example.test"));
    let mut services = services(&grants);
    for round in 0..10 {
        services.begin(number(round), &call("count", "{}")).unwrap();
        while let Poll::Ready((_, Some(_))) = poll(&mut services) {}
    }
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    let limits = Limits { net_requests: 0, ..Limits::default() };
    services.begin_run(&limits);
    let refused = failure(&mut services, &get("https://api.example.test/", &[]));
    assert_eq!(refused.0, Failure::Limit);
}

#[test]
fn a_placeholder_goes_where_its_secret_may_and_a_value_nowhere_else() {
    let secret = Secret::new("KEY", "api.example.test", "X-Key", "correct-horse-battery").unwrap();
    let grants =
        Grants::default().net(rule("api.example.test")).net(rule("other.example.test")).secret(secret);
    let mut services = services(&grants);
    let (Reply::Placeholders(placeholders), None) = services.serve(Ask::Placeholders) else {
        panic!("they are told")
    };
    let header = format!("X-Key\0{}", placeholders[0]);
    for ask in [
        get("https://other.example.test/", &[&header]),
        get("http://api.example.test:443/", &[&header]),
        get(&format!("https://api.example.test/{}", placeholders[0]), &[]),
        get("https://api.example.test/", &["X-Api-Key\0mine"]),
    ] {
        assert_eq!(failure(&mut services, &ask).0, Failure::Denied, "{ask:?}");
    }
}

#[test]
fn what_no_worker_does_is_nonsense() {
    let never = Tool::asynchronous("never", |_: serde_json::Map<String, serde_json::Value>| {
        std::future::pending::<std::result::Result<(), String>>()
    });
    let grants = Grants::default().tool(never.result_bytes_max(1000)).unwrap();
    let mut services = services(&grants);
    for open in 0..u32::try_from(OPEN_MAX).unwrap() {
        services.begin(number(open), &call("never", "{}")).unwrap();
    }
    assert_eq!(services.begin(number(3), &call("never", "{}")), Err(Nonsense::OperationTaken));
    assert_eq!(services.begin(number(999), &call("never", "{}")), Err(Nonsense::TooManyOperations));
    assert_eq!(services.more(number(3)), Err(Nonsense::TooMuchRoom));
    // What is over may still be spoken of: the worker cannot know.
    services.give_up(number(3));
    services.give_up(number(3));
    assert_eq!(services.more(number(3)), Ok(()));
    services.begin(number(999), &call("never", "{}")).unwrap();
}

#[test]
fn open_operations_are_held_to_the_memory_of_the_session() {
    let never = Tool::asynchronous("never", |_: serde_json::Map<String, serde_json::Value>| {
        std::future::pending::<std::result::Result<(), String>>()
    });
    let grants = Grants::default().tool(never.result_bytes_max(10 * MIB)).unwrap();
    let mut services = services(&grants);
    let mut refused = 0;
    for open in 0..u32::try_from(OPEN_MAX).unwrap() {
        services.begin(number(open), &call("never", "{}")).unwrap();
        while let Poll::Ready((_, field)) = poll(&mut services) {
            refused += usize::from(field.is_some());
        }
    }
    assert_eq!(refused, OPEN_MAX - 12, "128 MiB hold twelve of them");
}

#[test]
fn no_more_is_told_than_there_is_room_for() {
    let grants = Grants::default();
    let mut services = services(&grants);
    services.begin(number(1), &get("https://a.example/", &[])).unwrap();
    services.begin(number(2), &get("https://b.example/", &[])).unwrap();
    let told: Vec<Told> = std::iter::from_fn(|| match poll(&mut services) {
        Poll::Ready(told) => Some(told),
        Poll::Pending => None,
    })
    .collect();
    let order: Vec<(u32, bool)> = told.iter().map(|(number, field)| (number.0, field.is_some())).collect();
    assert_eq!(order, [(1, true), (2, true), (1, false), (2, false)], "each in its turn");
}

#[test]
fn calls_that_were_not_admitted_are_not_told_to_the_caller() {
    let ask = Tool::answered_by_caller("ask").calls_max(2);
    let grants = Grants::default().tool(ask).unwrap().tool(counting(&Arc::default())).unwrap();
    let mut services = services(&grants);
    let pending = |arguments: &str| Pending {
        id: 1,
        tool: "ask".to_owned(),
        arguments: Json::new(arguments.to_owned()).unwrap(),
    };
    let mut admit = |arguments: &str| match services.serve(Ask::Admit(call("ask", arguments).request)) {
        (Reply::Admit(admitted), None) => admitted,
        other => panic!("{other:?}"),
    };
    assert_eq!(admit("{ \"a\" : 1 }"), Ok("{\"a\":1}".to_owned()));
    assert_eq!(admit("[1]").unwrap_err().0, Failure::Invalid);
    assert_eq!(admit("{}").unwrap_err().0, Failure::Limit, "it is counted, whether it fits or not");
    let refused = services.serve(Ask::Admit(call("count", "{}").request)).0;
    assert!(matches!(refused, Reply::Admit(Err((Failure::Invalid, _)))), "{refused:?}");
    assert_eq!(services.check_pending(&[pending("{\"a\":2}")]), Err(Nonsense::NotAdmitted));
    let twice = [pending("{\"a\":1}"), pending("{\"a\":1}")];
    assert_eq!(services.check_pending(&twice), Err(Nonsense::NotAdmitted));
    assert_eq!(services.check_pending(&twice[..1]), Ok(()));
    // It goes on elsewhere with what was admitted.
    let limits = Limits::default();
    let state = services.state();
    let mut again = Services::resume(&grants, &limits, &Audit::default(), state).unwrap();
    assert_eq!(again.check_pending(&twice[..1]), Ok(()));
    assert_eq!(again.check_pending(&[]), Ok(()));
    assert_eq!(again.check_pending(&twice[..1]), Err(Nonsense::NotAdmitted), "it was given up");
}

#[test]
fn what_one_session_has_open_is_nothing_to_another() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("f"), "content").unwrap();
    let mut one = services(&Grants::default().mount(Mount::read_write(place.path(), "/work/a")));
    let mut other = services(&Grants::default());
    // Opening to write, then looking at what was opened, as they are written on the line.
    let open: Ask = postcard::from_bytes(&postcard::to_stdvec(&(0u32, 8u32, 0u32, "f")).unwrap()).unwrap();
    let shown = format!("{open:?}");
    assert!(shown.contains("OpenToWrite"), "{shown}");
    let (Reply::File(reply), None) = one.serve(open) else { panic!("{shown}") };
    assert!(format!("{reply:?}").contains("Opened(1)"), "{reply:?}");
    let look = || postcard::from_bytes::<Ask>(&postcard::to_stdvec(&(0u32, 16u32, 1u32)).unwrap()).unwrap();
    let shown = format!("{:?}", look());
    assert!(shown.contains("StatOpen"), "{shown}");
    assert!(format!("{:?}", one.serve(look()).0).contains("Seen"));
    assert!(format!("{:?}", other.serve(look()).0).contains("BadDescriptor"));
}

#[test]
fn a_worker_is_told_no_path_rule_or_value() {
    let place = tempfile::tempdir().unwrap();
    let secret = Secret::new("KEY", "api.example.test", "X-Key", "correct-horse-battery").unwrap();
    let grants = Grants::default()
        .mount(Mount::copy_on_write(place.path(), "/work/src"))
        .net(rule("hidden.example.test"))
        .secret(secret)
        .tool(counting(&Arc::default()).about("counts").calls_max(7))
        .unwrap();
    let written = postcard::to_stdvec(&granted::Granted::of(&grants)).unwrap();
    let holds = |part: &str| written.windows(part.len()).any(|window| window == part.as_bytes());
    assert!(holds("/work/src") && holds("KEY@api.example.test:443:x-key") && holds("counts"));
    for part in [place.path().to_str().unwrap(), "hidden.example.test", "correct-horse-battery"] {
        assert!(!holds(part), "{part}");
    }
    let inside = postcard::from_bytes::<granted::Granted>(&written).unwrap().into_grants().unwrap();
    let described =
        |grants: &Grants| grants.tools.values().map(|tool| tool.described().to_string()).collect::<Vec<_>>();
    assert_eq!(described(&inside), described(&grants), "code is told the same of its tools");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Bytes of any kind are refused, or served like everything else.
    #[test]
    fn any_bytes_are_harmless(
        asks in prop::collection::vec((0u8..4, prop::collection::vec(any::<u8>(), 0..40)), 1..20),
    ) {
        let place = tempfile::tempdir().unwrap();
        let inside = place.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        let grants = Grants::default().mount(Mount::read_write(&inside, "/work/a").bytes_max(1000).files_max(5));
        let mut services = services(&grants.tool(Tool::answered_by_caller("ask")).unwrap());
        for (what, mut bytes) in asks {
            if what < 3 {
                bytes.insert(0, what);
            }
            if let Ok(ask) = postcard::from_bytes::<Ask>(&bytes) {
                services.serve(ask);
            }
            if let Ok(ask) = postcard::from_bytes::<OperationAsk>(&bytes) {
                let _ = services.begin(number(what.into()), &ask);
            }
            let _ = poll(&mut services);
        }
        let names: Vec<_> = std::fs::read_dir(place.path()).unwrap().collect();
        prop_assert_eq!(names.len(), 1);
        prop_assert!(std::fs::read_dir(&inside).unwrap().count() <= 5);
    }
}
