//! What bounds the calls of tools: time, calls at once, threads, nesting.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::common::{Twins, repr};
use crate::tools::{add, ask, error, with};
use belljar::{Ended, Error, Request, Tool, ToolAnswer};
use serde_json::{Value, json};

#[test]
fn a_call_that_takes_longer_than_its_tool_may_fails_and_the_run_goes_on() {
    let dropped = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&dropped);
    let never = Tool::asynchronous("never", move |_: serde_json::Map<String, Value>| {
        let guard = Dropped(Arc::clone(&counted));
        async move {
            let _guard = guard;
            std::future::pending::<Result<(), String>>().await
        }
    });
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let stuck = Tool::new("stuck", move |_: serde_json::Map<String, Value>| {
        // Answers when the test is over: too late for everybody.
        let _ = receiver.lock().unwrap().recv();
        Ok::<_, String>(())
    });
    let tools = [never.time_ms_max(50), stuck.time_ms_max(50), add()];
    let twins: Twins = [
        (
            "python",
            "said = []\nfor call in (tools.never, tools.stuck.call_async):\n    try: await call()\n    except tools.ToolError as error: said.append(str(error))\nsaid, tools.add(1)",
        ),
        (
            "javascript",
            "const said = []; for (const call of [tools.never, tools.stuck]) { try { await call() } catch (error) { said.push(error.message) } } [said.join(), tools.add({one: 1}).total]",
        ),
    ];
    let jars: Vec<_> = twins.map(|(image, code)| (with(image, tools.clone()), code)).into();
    for (jar, code) in jars {
        let before = dropped.load(Ordering::SeqCst);
        let outcome = jar.run_blocking(code).unwrap();
        assert!(repr(&outcome).contains("never took longer than its 50 ms"), "{outcome:?}");
        assert!(repr(&outcome).contains("stuck took longer than its 50 ms"), "{outcome:?}");
        assert!(repr(&outcome).contains('1') && outcome.usage.wall_ms < 5_000.0, "{outcome:?}");
        assert_eq!(dropped.load(Ordering::SeqCst), before + 1, "its future is dropped");
    }
    drop(sender);
}

/// Counts when it is dropped.
struct Dropped(Arc<AtomicU64>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn calls_above_those_that_may_go_on_at_once_wait() {
    let now_and_most = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
    let counted = Arc::clone(&now_and_most);
    let slow = Tool::new("slow", move |_: serde_json::Map<String, Value>| {
        let now = counted.0.fetch_add(1, Ordering::SeqCst) + 1;
        counted.1.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        counted.0.fetch_sub(1, Ordering::SeqCst);
        Ok::<_, String>(1)
    });
    let jar = with("python", [slow.concurrent_max(2)]);
    let code = "import asyncio\nsum(await asyncio.gather(*(tools.slow.call_async() for _ in range(20))))";
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(repr(&jar.run_blocking(code).unwrap()), "20"));
        }
    });
    let most = now_and_most.1.load(Ordering::SeqCst);
    assert!((1..=2).contains(&most), "{most} calls went on at once, in all sessions together");
}

#[test]
fn a_result_that_is_not_what_was_promised_is_an_error_of_its_call() {
    let give = |name: &str| {
        let tool = Tool::new(name, |arguments: Value| Ok::<_, String>(arguments["given"].clone()));
        tool.parameters(json!({"type": "object"}))
    };
    let jar = with("python", [give("give"), give("promise").returns(json!({"type": "string"}))]);
    assert_eq!(repr(&jar.run_blocking("tools.give(given=1), tools.promise(given='a')").unwrap()), "(1, 'a')");
    assert_eq!(
        error(&jar.run_blocking("tools.promise(given=1)").unwrap()).1,
        "the result of promise does not fit its schema: 1 is not of type \"string\""
    );
}

#[test]
fn arguments_and_results_that_are_nested_too_deep_are_refused() {
    let deep = |depth: u32| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let give = Tool::new("give", move |arguments: Value| {
        Ok::<_, String>(deep(u32::try_from(arguments["depth"].as_u64().unwrap_or(0)).unwrap_or(0)))
    })
    .parameters(json!({"type": "object"}));
    let jar = with("python", [give, ask().returns(json!(true))]);
    let message = |code: &str| error(&jar.run_blocking(code).unwrap()).1;
    assert_eq!(message("tools.give(depth=101)"), "the result of give is nested more than 100 deep");
    assert_eq!(
        message("x = 1\nfor _ in range(100): x = [x]\ntools.give(x=x)"),
        "the arguments of give are nested more than 100 deep"
    );
    assert_eq!(jar.run_blocking("tools.give(depth=100)").unwrap().ended, Ended::Completed);
    let session = jar.session().unwrap();
    let id = session.run_blocking("await tools.ask(question='a')").unwrap().pending[0].id;
    match session.run_blocking(Request::answers([ToolAnswer::value(id, deep(101).to_string())])) {
        Err(Error::ToolAnswer { reason, .. }) => assert_eq!(reason, "it is nested more than 100 deep"),
        other => panic!("this must be refused: {other:?}"),
    }
}
