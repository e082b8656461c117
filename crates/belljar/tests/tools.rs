//! Tools: functions of the embedding program, called from inside, plainly, awaited, and answered by the caller.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::common::{Twins, jar, repr};
use belljar::schemars::{self, JsonSchema};
use belljar::{Ended, Error, Grants, Jar, Limits, Outcome, Request, SnapshotKey, Tool, ToolAnswer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Sum {
    one: i64,
    #[serde(default)]
    other: i64,
}

#[derive(Serialize, JsonSchema)]
struct Total {
    total: i64,
}

pub(crate) fn add() -> Tool {
    Tool::new("add", |sum: Sum| {
        sum.one.checked_add(sum.other).map(|total| Total { total }).ok_or("the sum is too large")
    })
    .about("Adds two numbers")
}

fn add_later() -> Tool {
    Tool::asynchronous("add_later", |sum: Sum| async move {
        tokio::task::yield_now().await;
        Ok::<_, String>(sum.one + sum.other)
    })
}

pub(crate) fn with(image: &str, tools: impl IntoIterator<Item = Tool>) -> Jar {
    let grants = tools.into_iter().try_fold(Grants::default(), Grants::tool).unwrap();
    jar(image).with_grants(grants)
}

pub(crate) fn error(outcome: &Outcome) -> (String, String) {
    let error = outcome.error.clone().unwrap_or_else(|| panic!("it must fail: {outcome:?}"));
    (error.r#type, error.message)
}

#[test]
fn a_tool_is_called_like_any_function() {
    let twins: Twins = [
        ("python", "import tools\ntools.add(40, other=2)['total'] + tools.add(one=1)['total']"),
        ("javascript", "tools.add({one: 40, other: 2}).total + tools.add({one: 1}).total"),
    ];
    for (image, code) in twins {
        assert_eq!(repr(&with(image, [add()]).run_blocking(code).unwrap()), "43", "{image}");
    }
}

#[test]
fn tools_are_awaited_together() {
    let twins: Twins = [
        ("python", "import asyncio\nsum(await asyncio.gather(*(tools.add_later(n, n) for n in range(200))))"),
        (
            "javascript",
            "(await Promise.all(Array.from({length: 200}, (_, n) => tools.add_later({one: n, other: n})))).reduce((a, b) => a + b)",
        ),
    ];
    for (image, code) in twins {
        assert_eq!(repr(&with(image, [add_later()]).run_blocking(code).unwrap()), "39800", "{image}");
    }
}

#[test]
fn plain_tools_can_be_awaited_too_and_then_work_at_the_same_time() {
    let most = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
    let counted = Arc::clone(&most);
    let slow = Tool::new("slow", move |_: serde_json::Map<String, Value>| {
        let now = counted.0.fetch_add(1, Ordering::SeqCst) + 1;
        counted.1.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(200));
        counted.0.fetch_sub(1, Ordering::SeqCst);
        Ok::<_, String>(())
    });
    let code = "import asyncio\nawait asyncio.gather(*(tools.slow.call_async() for _ in range(4)))";
    assert_eq!(with("python", [slow]).run_blocking(code).unwrap().ended, Ended::Completed);
    assert_eq!(most.1.load(Ordering::SeqCst), 4);
}

#[test]
fn errors_of_tools_are_errors_of_the_language() {
    let code = "try:\n    tools.add(2**62, 2**62)\nexcept tools.ToolError as error:\n    caught = str(error)\ncaught";
    assert_eq!(repr(&with("python", [add()]).run_blocking(code).unwrap()), "'the sum is too large'");
    let code = "let caught; try { tools.add({one: 1e300}) } catch (error) { caught = [error instanceof tools.ToolError, error.message.startsWith('the arguments of add do not fit')] } caught.join()";
    assert_eq!(repr(&with("javascript", [add()]).run_blocking(code).unwrap()), "'true,true'");
    // The engine is as good as before.
    let session = with("python", [add()]).session().unwrap();
    let outcome = session.run_blocking("x = 1\ntools.add(2**62, 2**62)").unwrap();
    assert_eq!(error(&outcome), ("ToolError".to_owned(), "the sum is too large".to_owned()));
    assert_eq!(repr(&session.run_blocking("x + tools.add(1)['total']").unwrap()), "2");
}

#[test]
fn a_tool_that_panics_is_an_error_and_tells_nothing_of_the_host() {
    let broken = Tool::new("broken", |_: serde_json::Map<String, Value>| -> Result<(), String> {
        panic!("host secret")
    });
    let outcome = with("python", [broken]).run_blocking("tools.broken()").unwrap();
    assert_eq!(error(&outcome), ("ToolError".to_owned(), "the tool failed".to_owned()));
    assert!(!serde_json::to_string(&outcome).unwrap().contains("host secret"));
}

#[test]
fn arguments_are_checked_before_the_function_is_called() {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let strict = Tool::new("strict", move |arguments: Value| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok::<_, String>(arguments)
    })
    .parameters(json!({
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 5}, "count": {"type": "integer", "minimum": 1}},
        "required": ["name"],
        "additionalProperties": false,
    }));
    let jar = with("python", [strict]);
    for (call, reason) in [
        ("tools.strict(name=3)", "at /name: 3 is not of type \"string\""),
        ("tools.strict(name='too long')", "at /name:"),
        ("tools.strict(name='a', count=0)", "at /count:"),
        ("tools.strict(name='a', count=1.5)", "at /count:"),
        ("tools.strict(name='a', count=True)", "at /count:"),
    ] {
        let outcome = jar.run_blocking(call).unwrap();
        let (kind, message) = error(&outcome);
        assert_eq!(kind, "ToolError", "{call}: {message}");
        assert!(
            message.starts_with("the arguments of strict do not fit") && message.contains(reason),
            "{call}: {message}"
        );
    }
    for (call, kind) in [
        ("tools.strict()", "TypeError"),
        ("tools.strict(name='a', other=1)", "TypeError"),
        ("tools.strict('a', 1, 2)", "TypeError"),
        ("tools.strict(name=float('nan'))", "ValueError"),
        ("tools.strict(name=object())", "TypeError"),
        ("deep = []\nfor _ in range(500): deep = [deep]\ntools.strict(name=deep)", "ToolError"),
    ] {
        assert_eq!(error(&jar.run_blocking(call).unwrap()).0, kind, "{call}");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    assert_eq!(repr(&jar.run_blocking("tools.strict('a', 7)").unwrap()), "{'name': 'a', 'count': 7}");
}

#[test]
fn keys_that_mean_something_to_objects_are_only_keys() {
    let echo = Tool::new("echo", |arguments: Value| Ok::<_, String>(arguments))
        .parameters(json!({"type": "object"}));
    let code = "const back = tools.echo(JSON.parse('{\"__proto__\": {\"polluted\": 1}, \"constructor\": 2}')); [{}.polluted, Object.keys(back).join()].join('|')";
    assert_eq!(repr(&with("javascript", [echo]).run_blocking(code).unwrap()), "'|__proto__,constructor'");
}

#[test]
fn calls_are_counted_per_tool_and_per_run() {
    let jar = with("python", [add().calls_max(3)]);
    let session = jar.session().unwrap();
    let code = "done = 0\nwhile True:\n    tools.add(1)\n    done += 1";
    for _ in 0..2 {
        let outcome = session.run_blocking(code).unwrap();
        assert_eq!(error(&outcome).1, "a run may call the tool add 3 times");
        assert_eq!(repr(&session.run_blocking("done").unwrap()), "3");
    }
    let jar = with("python", [add()]).with_limits(Limits { tool_calls: 5, ..Limits::default() }).unwrap();
    assert_eq!(error(&jar.run_blocking(code).unwrap()).1, "a run may call tools 5 times");
}

#[test]
fn a_flood_of_calls_stays_within_its_bounds() {
    let jar = with("python", [add_later().result_bytes_max(1000)])
        .with_limits(Limits { tool_calls: 20_000, ..Limits::default() })
        .unwrap();
    let code = "import asyncio\nlen(await asyncio.gather(*(tools.add_later(n) for n in range(10000)), return_exceptions=True))";
    assert_eq!(repr(&jar.run_blocking(code).unwrap()), "10000");
}

#[test]
fn large_results_are_refused() {
    let large = Tool::new("large", |_: Value| Ok::<_, String>("x".repeat(2000)))
        .parameters(json!({"type": "object"}));
    let outcome = with("python", [large.result_bytes_max(1000)]).run_blocking("tools.large()").unwrap();
    assert_eq!(error(&outcome).1, "the result of large has 2002 bytes, and may have 1000");
}

#[test]
fn conditions_and_approval_come_before_the_call() {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let delete = Tool::new("delete", move |_: Value| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok::<_, String>("gone")
    })
    .parameters(json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}))
    .check(|call| {
        let inside = call.arguments["path"].as_str().is_some_and(|path| path.starts_with("/tmp/"));
        if inside { Ok(()) } else { Err("only files in /tmp may be deleted".to_owned()) }
    })
    .approve(|call| async move { call.arguments["path"] != "/tmp/precious" });
    let jar = with("python", [delete]);
    let message = |code: &str| error(&jar.run_blocking(code).unwrap()).1;
    assert_eq!(
        message("tools.delete('/etc/passwd')"),
        "this call of delete is not allowed: only files in /tmp may be deleted"
    );
    assert_eq!(message("tools.delete('/tmp/precious')"), "this call of delete was not approved");
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    assert_eq!(repr(&jar.run_blocking("tools.delete('/tmp/a')").unwrap()), "'gone'");
}

#[test]
fn a_slow_tool_does_not_hold_a_run_past_its_time() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let stuck = Tool::new("stuck", move |_: Value| {
        // Answers when the test is over: too late for everybody.
        let _ = receiver.lock().unwrap().recv();
        Ok::<_, String>(())
    })
    .parameters(json!({"type": "object"}));
    let jar = with("python", [stuck]).with_limits(Limits { time_ms: 100, ..Limits::default() }).unwrap();
    let session = jar.session().unwrap();
    let outcome = session.run_blocking("x = 1\ntools.stuck()").unwrap();
    assert_eq!(outcome.ended, Ended::TimeLimit);
    assert!(outcome.usage.wall_ms < 2_000.0 && outcome.usage.cpu_ms < 100.0, "{:?}", outcome.usage);
    assert_eq!(repr(&session.run_blocking("x").unwrap()), "1");
    drop(sender);
    assert_eq!(repr(&session.run_blocking("x + 1").unwrap()), "2");
}

#[test]
fn tools_can_be_found_out_about_from_inside() {
    let code = "import inspect\n(tools.add.__doc__, str(inspect.signature(tools.add)), tools.__all__, 'add' in dir(tools))";
    assert_eq!(
        repr(&with("python", [add(), add_later()]).run_blocking(code).unwrap()),
        "('Adds two numbers', '(one: int, other: int = Ellipsis) -> dict', ['add', 'add_later'], True)"
    );
    let outcome = with("python", [add()]).run_blocking("help(tools)").unwrap();
    assert!(outcome.stdout.to_string().contains("Functions of the host"), "{outcome:?}");
    let code = "[tools.add.about, tools.add.name, Object.keys(tools).join()].join('|')";
    assert_eq!(
        repr(&with("javascript", [add()]).run_blocking(code).unwrap()),
        "'Adds two numbers|add|add,ToolError'"
    );
}

#[test]
fn what_cannot_be_a_tool_is_refused() {
    let reason = |tool: Tool| match Grants::default().tool(tool) {
        Err(Error::Tool { reason, .. }) => reason,
        other => panic!("this must be refused: {other:?}"),
    };
    assert!(reason(Tool::answered_by_caller("a-b")).contains("letters, digits and _"));
    assert!(reason(Tool::answered_by_caller("ToolError")).contains("means something else"));
    assert!(reason(Tool::answered_by_caller("x".repeat(65))).contains("more than 64"));
    assert!(
        reason(Tool::answered_by_caller("a").parameters(json!({"type": "string"})))
            .contains("schema of an object")
    );
    assert!(
        reason(Tool::answered_by_caller("a").parameters(json!({"type": "object", "properties": 3})))
            .contains("cannot be used")
    );
    let twice = Grants::default().tool(add()).unwrap().tool(add());
    assert!(matches!(twice, Err(Error::Tool { reason, .. }) if reason.contains("another of that name")));
}

#[test]
fn without_a_grant_there_are_no_tools() {
    assert_eq!(error(&jar("python").run_blocking("tools").unwrap()).0, "NameError");
    assert_eq!(error(&jar("python").run_blocking("import tools").unwrap()).0, "ModuleNotFoundError");
    assert_eq!(error(&jar("javascript").run_blocking("tools").unwrap()).0, "ReferenceError");
}

/// A tool that the caller answers.
pub(crate) fn ask() -> Tool {
    Tool::answered_by_caller("ask").parameters(json!({
        "type": "object",
        "properties": {"question": {"type": "string"}},
        "required": ["question"],
    }))
}

fn questions(outcome: &Outcome) -> Vec<(u64, String)> {
    let question = |arguments: &str| {
        serde_json::from_str::<Value>(arguments).unwrap()["question"].as_str().unwrap().to_owned()
    };
    outcome.pending.iter().map(|call| (call.id, question(call.arguments.get()))).collect()
}

const THREE: Twins = [
    (
        "python",
        "import asyncio\nprint('asking')\nanswers = await asyncio.gather(*(tools.ask(question=q) for q in 'abc'))\nprint('answered')\n'-'.join(answers)",
    ),
    (
        "javascript",
        "console.log('asking'); const answers = await Promise.all(['a', 'b', 'c'].map(question => tools.ask({question}))); console.log('answered'); answers.join('-')",
    ),
];

#[test]
fn a_run_that_waits_for_its_caller_is_suspended_and_goes_on() {
    for (image, code) in THREE {
        let session = with(image, [ask()]).session().unwrap();
        let outcome = session.run_blocking(code).unwrap();
        assert_eq!(
            (outcome.ended, outcome.stdout.to_string().as_str()),
            (Ended::Suspended, "asking\n"),
            "{image}: {outcome:?}"
        );
        let asked = questions(&outcome);
        assert_eq!(
            asked.iter().map(|(_, question)| question.as_str()).collect::<Vec<_>>(),
            ["a", "b", "c"],
            "{image}"
        );
        assert!(matches!(session.run_blocking("1"), Err(Error::Suspended { pending: 3 })), "{image}");
        // One answer alone, then the others.
        let outcome =
            session.run_blocking(Request::answers([ToolAnswer::value(asked[1].0, "\"B\"")])).unwrap();
        assert_eq!((outcome.ended, outcome.pending.len()), (Ended::Suspended, 2), "{image}");
        let rest = [ToolAnswer::value(asked[2].0, "\"C\""), ToolAnswer::value(asked[0].0, "\"A\"")];
        let outcome = session.run_blocking(Request::answers(rest)).unwrap();
        assert_eq!(
            (outcome.ended, outcome.stdout.to_string().as_str()),
            (Ended::Completed, "answered\n"),
            "{image}: {outcome:?}"
        );
        assert_eq!(repr(&outcome), "'A-B-C'", "{image}");
        assert!(matches!(session.run_blocking(Request::answers([])), Err(Error::NotSuspended)));
    }
}

#[test]
fn a_suspended_session_goes_on_from_a_snapshot() {
    for (image, code) in THREE {
        let jar = with(image, [ask()]).with_snapshot_key(SnapshotKey::new([1; 32]));
        let session = jar.session().unwrap();
        let asked = questions(&session.run_blocking(code).unwrap());
        let snapshot = session.snapshot().unwrap();
        drop(session);
        let restored = jar.restore(&snapshot).unwrap();
        assert!(matches!(restored.run_blocking("1"), Err(Error::Suspended { pending: 3 })), "{image}");
        let answers = asked.iter().map(|(id, question)| ToolAnswer::value(*id, format!("\"{question}!\"")));
        let outcome = restored.run_blocking(Request::answers(answers)).unwrap();
        assert_eq!(repr(&outcome), "'a!-b!-c!'", "{image}: {outcome:?}");
    }
}

#[test]
fn answers_that_are_errors_are_raised_where_the_call_is_awaited() {
    let twins: Twins = [
        (
            "python",
            "try:\n    await tools.ask(question='a')\nexcept tools.ToolError as error:\n    said = f'no: {error}'\nsaid",
        ),
        (
            "javascript",
            "let said; try { await tools.ask({question: 'a'}) } catch (error) { said = `no: ${error.message}` } said",
        ),
    ];
    for (image, code) in twins {
        let session = with(image, [ask()]).session().unwrap();
        let asked = questions(&session.run_blocking(code).unwrap());
        let outcome = session
            .run_blocking(Request::answers([ToolAnswer::error(asked[0].0, "nobody is here")]))
            .unwrap();
        assert_eq!(repr(&outcome), "'no: nobody is here'", "{image}");
    }
}

#[test]
fn answers_that_do_not_fit_are_refused_and_nothing_is_lost() {
    let tool = ask().returns(json!({"type": "string"}));
    let session = with("python", [tool]).session().unwrap();
    let outcome = session.run_blocking("await tools.ask(question='a')").unwrap();
    let id = outcome.pending[0].id;
    let refused = |answers: Vec<ToolAnswer>| match session.run_blocking(Request::answers(answers)) {
        Err(Error::ToolAnswer { reason, .. }) => reason,
        other => panic!("this must be refused: {other:?}"),
    };
    assert!(refused(vec![ToolAnswer::value(id + 1, "1")]).contains("no such call"));
    assert!(refused(vec![ToolAnswer::value(id, "{")]).contains("not JSON"));
    assert!(refused(vec![ToolAnswer::value(id, "3")]).contains("3 is not of type \"string\""));
    let twice = vec![ToolAnswer::value(id, "\"x\""), ToolAnswer::value(id, "\"y\"")];
    assert!(refused(twice).contains("twice"));
    let outcome = session.run_blocking(Request::answers([ToolAnswer::value(id, "\"fits\"")])).unwrap();
    assert_eq!(repr(&outcome), "'fits'");
}

#[test]
fn a_call_that_nobody_can_answer_is_an_error_and_not_a_hang() {
    let jar = with("python", [ask()]);
    let outcome = jar
        .run_blocking(
            "import asyncio\nasync def main():\n    await tools.ask(question='a')\nasyncio.run(main())",
        )
        .unwrap();
    assert!(error(&outcome).1.contains("await it at the top level"), "{outcome:?}");
    let outcome = with("javascript", [add(), ask()])
        .run_blocking("const call = tools.ask({question: 'a'}); tools.add({one: 1}).total")
        .unwrap();
    assert_eq!(repr(&outcome), "1");
}

#[test]
fn what_was_open_is_lost_when_a_session_is_copied() {
    let session = with("python", [add_later()]).session().unwrap();
    let code = "import asyncio\nnumber = asyncio.get_event_loop_policy().get_event_loop if False else None\ntask = asyncio.ensure_future(tools.add_later(1))\nawait asyncio.sleep(0)";
    assert_eq!(session.run_blocking(code).unwrap().ended, Ended::Completed);
    let fork = session.fork(1).unwrap().remove(0);
    let outcome = fork.run_blocking("await task").unwrap();
    assert!(error(&outcome).1.contains("the call was lost"), "{outcome:?}");
    assert_eq!(repr(&session.run_blocking("await task").unwrap()), "1");
}

#[test]
fn a_jar_shows_its_tools_as_declarations() {
    let stubs = with("python", [add(), add_later()]).tool_stubs();
    assert_eq!(
        stubs,
        "def add(one: int, other: int = ...) -> dict[str, Any]:\n    \"\"\"Adds two numbers\"\"\"\n\nasync def add_later(one: int, other: int = ...) -> int:\n    ...\n"
    );
    assert!(
        with("javascript", [add()])
            .tool_stubs()
            .contains("function add(args: { \"one\": number; \"other\"?: number }): { \"total\": number };")
    );
}

#[test]
fn a_tool_cannot_run_code_in_the_session_that_calls_it() {
    let place: Arc<std::sync::OnceLock<belljar::Session>> = Arc::default();
    let own = Arc::clone(&place);
    let again = Tool::new("again", move |_: serde_json::Map<String, Value>| {
        let session = own.get().ok_or("there is no session yet")?;
        session.run_blocking("1").map(|_| ()).map_err(|error| error.to_string())
    });
    place.set(with("python", [again]).session().unwrap()).unwrap();
    let session = place.get().unwrap();
    let outcome = session.run_blocking("tools.again()").unwrap();
    assert_eq!(error(&outcome).1, "the session is busy with another run");
    assert_eq!(repr(&session.run_blocking("1 + 1").unwrap()), "2");
}
