//! What code can do in such a session is what it can do in any other.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::super::serving::{Nonsense, State};
use super::pair::Served;
use super::server::{Authority, Names, Server, answer, ok, rule};
use crate::grants::Grants;
use crate::host::files::Selection;
use crate::host::secrets::Secret;
use crate::limits::Limits;
use crate::mount::Mount;
use crate::outcome::{Ended, Outcome};
use crate::request::{Request, ToolAnswer};
use crate::snapshot::{Claims, body_of};
use crate::tool::Tool;

const HOST: &str = "api.example.test";
const VALUE: &str = "sk-live/9f8e7d6c+5b4a==\"quoted\"&<tag>";

#[track_caller]
fn repr(outcome: &Outcome) -> &str {
    &outcome.value.as_ref().unwrap_or_else(|| panic!("no value: {outcome:?}")).repr
}

#[test]
fn files_of_every_kind_of_mount_are_read_and_changed() {
    let place = tempfile::tempdir().unwrap();
    for (name, text) in [("ro", "r"), ("rw", "w"), ("cow", "c")] {
        fs::create_dir(place.path().join(name)).unwrap();
        fs::write(place.path().join(name).join("a.txt"), text).unwrap();
    }
    let grants = Grants::default()
        .mount(Mount::read_only(place.path().join("ro"), "/data"))
        .mount(Mount::read_write(place.path().join("rw"), "/work/rw").bytes_max(10_000_000))
        .mount(Mount::copy_on_write(place.path().join("cow"), "/work/cow"));
    let python = Served::new("python", grants.clone());
    let code = "import os, shutil
said = [open(f'/{name}/a.txt').read() for name in ('data', 'work/rw', 'work/cow')]
for name in ('data', 'work/rw', 'work/cow'):
    try:
        with open(f'/{name}/a.txt', 'a') as file: said.append(file.write('more'))
    except OSError as error: said.append(error.errno)
os.makedirs('/work/rw/d/e'); open('/work/rw/d/e/f', 'wb').write(bytes(3_000_000))
os.rename('/work/rw/d/e/f', '/work/rw/g'); shutil.rmtree('/work/rw/d')
open('/work/cow/new', 'w').write('n'); os.remove('/work/cow/a.txt')
said + [os.stat('/work/rw/g').st_size, sorted(os.listdir('/work/rw')), sorted(os.listdir('/work/cow'))]";
    let outcome = python.run(code);
    assert_eq!(repr(&outcome), "['r', 'w', 'c', 69, 4, 4, 3000000, ['a.txt', 'g'], ['new']]");
    assert_eq!(outcome.changes.len(), 2, "{:?}", outcome.changes);
    assert_eq!(fs::read(place.path().join("rw/a.txt")).unwrap(), b"wmore");
    assert_eq!(fs::metadata(place.path().join("rw/g")).unwrap().len(), 3_000_000);
    assert_eq!(fs::read(place.path().join("cow/a.txt")).unwrap(), b"c");
    let outcome = python.run("open('/work/rw/h', 'wb').write(bytes(15_000_000))");
    assert_eq!(outcome.error.unwrap().r#type, "OSError", "the quota is the parent's");
    assert!(fs::metadata(place.path().join("rw/h")).is_ok_and(|h| h.len() == 0), "nothing of it was written");

    let javascript = Served::new("javascript", grants);
    let code = "const fs = require('fs');
fs.writeFileSync('/work/rw/j', 'x'.repeat(2500000)); fs.appendFileSync('/work/rw/j', 'end');
[fs.readFileSync('/data/a.txt', 'utf8'), fs.readFileSync('/work/rw/j', 'utf8').slice(-4), fs.readdirSync('/work/cow').length]";
    assert_eq!(repr(&javascript.run(code)), "[ 'r', 'xend', 1 ]");
}

#[test]
fn granted_hosts_are_spoken_with_and_others_are_refused() {
    let authority = Authority::new();
    let large = "0123456789".repeat(100_000);
    let server = Server::start(Some((&authority, HOST)), move |asked| match asked.target() {
        "/large" => ok(&large),
        _ => ok(&asked.body),
    });
    let names = Names::new(&[HOST, "other.example.test"]);
    let grants = names.grants().net(rule(&format!("{HOST}:{}", server.port)));
    let grants = grants.tls_root(authority.pem.as_bytes()).unwrap();
    let limits = Limits { net_requests: 6, ..Limits::default() };
    let served = Served::within("javascript", grants, limits);
    let url = format!("https://{HOST}:{}", server.port);
    let code = format!(
        "const one = await (await fetch('{url}/', {{method: 'POST', body: 'said'}})).text();
const all = await Promise.all([1, 2, 3].map(async () => (await (await fetch('{url}/large')).text()).length));
const refused = await fetch('https://other.example.test:{}/').catch(error => String(error.cause ?? error));
[one, all, refused.includes('is not granted')]",
        server.port
    );
    let outcome = served.run(Request::new(code));
    assert_eq!(repr(&outcome), "[ 'said', [ 1000000, 1000000, 1000000 ], true ]", "{outcome:?}");
    assert_eq!(names.looked_up(), [HOST; 4], "nothing is looked up for what is not granted");
    let code = format!(
        "let done = 0; try {{ for (;;) {{ await (await fetch('{url}/', {{method: 'POST', body: 'x'}})).text(); done++ }} }} catch (error) {{}}; done"
    );
    assert_eq!(repr(&served.run(Request::new(code))), "6", "the parent counts");
}

#[test]
fn an_answer_that_nobody_takes_waits_at_its_server() {
    let authority = Authority::new();
    let written = Arc::new(AtomicUsize::new(0));
    let gone = Arc::new(AtomicBool::new(false));
    let (count, left) = (Arc::clone(&written), Arc::clone(&gone));
    let server = Server::streaming(Some((&authority, HOST)), move |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n");
        while stream.write_all(&[b'x'; 65536]).is_ok() {
            count.fetch_add(65536, Ordering::SeqCst);
        }
        left.store(true, Ordering::SeqCst);
    });
    let grants = Names::new(&[HOST]).grants().net(rule(&format!("{HOST}:{}", server.port)));
    let grants = grants.tls_root(authority.pem.as_bytes()).unwrap();
    let served = Served::new("javascript", grants);
    let url = format!("https://{HOST}:{}", server.port);
    let code = format!(
        "globalThis.kept = await fetch('{url}/'); await new Promise(done => setTimeout(done, 300)); 1"
    );
    assert_eq!(repr(&served.run(Request::new(code))), "1");
    let before = written.load(Ordering::SeqCst);
    assert!(before < 16 << 20, "{before} bytes were taken that nobody asked for");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(written.load(Ordering::SeqCst), before);
    drop(served);
    let begun = Instant::now();
    while !gone.load(Ordering::SeqCst) {
        assert!(begun.elapsed() < Duration::from_secs(10), "the exchange goes on for nobody");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_secret_is_sent_and_its_value_is_nowhere_in_the_worker() {
    let authority = Authority::new();
    let server = Server::start(Some((&authority, HOST)), |asked| {
        let token = asked.header("authorization").unwrap_or_default();
        answer("200 OK", &format!("x-echo: {token}\r\n"), format!("you are {token}"))
    });
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("notes"), format!("the key is {VALUE}")).unwrap();
    let secret =
        Secret::new("API_TOKEN", &format!("{HOST}:{}", server.port), "Authorization", VALUE).unwrap();
    let grants = Names::new(&[HOST]).grants().tls_root(authority.pem.as_bytes()).unwrap();
    let grants = grants.net(rule(&format!("{HOST}:{}", server.port))).secret(secret);
    let served = Served::new("python", grants.mount(Mount::copy_on_write(place.path(), "/data")));
    let code = format!(
        "import os, urllib.request
token = os.environ['API_TOKEN']
asked = urllib.request.Request('https://{HOST}:{}/', headers={{'Authorization': token}})
answer = urllib.request.urlopen(asked)
echo = answer.read().decode()
text = open('/data/notes').read()
open('/data/' + text[-9:].replace('/', '_'), 'w').write(text)
display(text)
[echo == 'you are ' + token, answer.headers['x-echo'] == token, text]",
        server.port
    );
    let outcome = served.run(code.replace("display(text)\n", ""));
    assert!(server.asked()[0].head.contains(VALUE), "the server got it");
    assert!(repr(&outcome).starts_with("[True, True, 'the key is belljar_secret_"), "{outcome:?}");
    let outcome = served.run("raise ValueError(text)");
    let error = outcome.error.as_ref().unwrap();
    assert!(error.message.starts_with("the key is belljar_secret_"), "{error:?}");
    let all = format!("{outcome:?}");
    assert!(!all.contains("9f8e7d6c+5b4a"), "{all}");
    // The worker's side of the session has nothing to know it by.
    let jar = served.session.jar();
    assert!(jar.grants.secrets[0].to_string().starts_with("API_TOKEN@"));
}

#[test]
fn tools_do_their_work_in_the_parent() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::clone(&seen);
    let add = Tool::new("add", move |numbers: std::collections::BTreeMap<String, i64>| {
        calls.lock().unwrap().push(numbers.clone());
        Ok::<_, String>(numbers.values().sum::<i64>())
    });
    let later = Tool::asynchronous("later", |_: serde_json::Map<String, serde_json::Value>| async {
        tokio::task::yield_now().await;
        Ok::<_, String>("done")
    });
    let never = Tool::asynchronous("never", |_: serde_json::Map<String, serde_json::Value>| {
        std::future::pending::<Result<(), String>>()
    });
    let grants = Grants::default().tool(add.calls_max(2)).unwrap().tool(later).unwrap();
    let grants = grants.tool(never.approve(|_| async { false })).unwrap();
    let served = Served::new("python", grants);
    let code = "said = [tools.add(a=1, b=2), await tools.later()]
for call in (lambda: tools.add(a='x'), lambda: tools.add(a=1), lambda: tools.add(a=1)):
    try: said.append(call())
    except tools.ToolError as error: said.append(str(error))
try: await tools.never()
except tools.ToolError as error: said.append(str(error))
said";
    let outcome = served.run(code);
    let said = repr(&outcome);
    assert!(said.starts_with("[3, 'done', 'the arguments of add do not fit"), "{said}");
    assert!(said.contains("a run may call the tool add 2 times"), "{said}");
    assert!(said.contains("this call of never was not approved"), "{said}");
    assert_eq!(seen.lock().unwrap().len(), 1, "what does not fit is not called");
}

#[test]
fn calls_that_the_caller_answers_suspend_the_run() {
    let grants = Grants::default().tool(Tool::answered_by_caller("ask")).unwrap();
    for image in ["python", "javascript"] {
        let served = Served::new(image, grants.clone());
        let code = match image {
            "python" => "answer = await tools.ask(question='why?')\nanswer",
            _ => "const answer = await tools.ask({question: 'why?'}); answer",
        };
        let outcome = served.run(code);
        assert_eq!(outcome.ended, Ended::Suspended, "{outcome:?}");
        let call = &outcome.pending[0];
        assert_eq!((call.tool.as_str(), call.arguments.get()), ("ask", r#"{"question":"why?"}"#));
        let outcome = served.run(Request::answers([ToolAnswer::value(call.id, "\"because\"")]));
        assert_eq!(repr(&outcome), "'because'", "{outcome:?}");
    }
}

#[test]
fn what_cannot_be_mounted_is_told_before_there_is_a_session() {
    let grants = Grants::default().mount(Mount::read_only("/nowhere/at/all", "/data"));
    let refused = Served::try_new("microjs", grants, Limits::default()).err().unwrap();
    assert!(refused.to_string().contains("there is no such directory"), "{refused}");
}

#[test]
fn a_snapshot_says_what_the_parent_knows_or_is_not_signed() {
    let place = tempfile::tempdir().unwrap();
    let secret = Secret::new("KEY", "api.example.test", "X-Key", "correct-horse-battery").unwrap();
    let grants = Grants::default().mount(Mount::read_write(place.path(), "/work/a")).secret(secret);
    let served = Served::new("python", grants.tool(Tool::answered_by_caller("ask")).unwrap());
    served.run("open('/work/a/f', 'w').write('12345')");
    let outcome =
        served.run("import os; token = os.environ['KEY']; answer = await tools.ask(n=1); (token, answer)");
    assert_eq!(outcome.ended, Ended::Suspended, "{outcome:?}");
    let snapshot = served.session.snapshot().unwrap();
    let claims = || Claims::of(served.session.jar(), body_of(&snapshot)).unwrap();
    let claimed = State::claimed(claims());
    let state = claimed.clone();
    assert_eq!(served.act(move |services| services.check_state(&state)), Ok(()));
    assert_eq!(served.act(|services| services.state()), claimed, "and it is all that there is to know");
    for change in [
        (|claims| claims.used[0].0 = 0) as fn(&mut Claims),
        |claims| claims.placeholders[0] = "other".to_owned(),
        |claims| claims.waiting[0].1.arguments = "{}".to_owned(),
        |claims| claims.used.clear(),
    ] {
        let mut changed = claims();
        change(&mut changed);
        let state = State::claimed(changed);
        assert_eq!(served.act(move |services| services.check_state(&state)), Err(Nonsense::OtherState));
    }
    // It goes on with another worker, and what the parent knows.
    let other = Served::going_on("python", served.grants.clone(), claimed, &snapshot);
    let outcome = other.run(Request::answers([ToolAnswer::value(outcome.pending[0].id, "2")]));
    assert!(repr(&outcome).starts_with("('belljar_secret_"), "{outcome:?}");
    assert!(repr(&outcome).ends_with("2)"), "{outcome:?}");
}

#[test]
fn changes_are_shown_and_applied_where_the_directory_is() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("a.txt"), "old\n").unwrap();
    fs::write(place.path().join("b.txt"), "old\n").unwrap();
    let served =
        Served::new("python", Grants::default().mount(Mount::copy_on_write(place.path(), "/work/src")));
    served.run("for name in 'ab': open(f'/work/src/{name}.txt', 'w').write('new\\n')\nopen('/output/x', 'w').write('out'); kept = open('/work/src/a.txt')");
    let out = tempfile::tempdir().unwrap();
    let (diff, applied, saved) = served.review(|files| {
        let diff = files.diff("/work/src/a.txt");
        let applied = files.apply(&Selection::paths(["/work/src/a.txt"]));
        (diff, applied, files.save_output(out.path()).unwrap())
    });
    assert!(diff.contains("-old\n+new\n"), "{diff}");
    assert_eq!((applied.applied.len(), saved.applied.len()), (1, 1), "{applied:?} {saved:?}");
    assert_eq!(fs::read_to_string(place.path().join("a.txt")).unwrap(), "new\n");
    assert_eq!(fs::read_to_string(place.path().join("b.txt")).unwrap(), "old\n");
    assert_eq!(fs::read_to_string(out.path().join("x")).unwrap(), "out");
    let outcome = served.run("kept.read(), open('/work/src/b.txt').read()");
    assert_eq!(repr(&outcome), "('new\\n', 'new\\n')", "what is open stays open");
    assert_eq!(outcome.changes.len(), 1, "{:?}", outcome.changes);
}
