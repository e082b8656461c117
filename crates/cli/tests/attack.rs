//! `belljar attack`: the catalogue holds here, and whatever a bad sandbox does is told.

mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use program::{Folder, belljar, run};
use serde_json::Value;

/// A sandbox that runs plain programs as it should, and does something bad with the attack.
const BAD: &str = r#"
import io, json, os, socket, sys, threading, time
from contextlib import redirect_stdout

bad = sys.argv[1]
ours = os.fdopen(os.dup(1), "w")

def plain(code):
    out = io.StringIO()
    with redirect_stdout(out):
        exec(code, {})
    return out.getvalue()

def spin():
    while True:
        pass

attacked = False
for line in sys.stdin:
    ask = json.loads(line)
    answer = {"id": ask["id"], "ended": "time_limit", "sandbox": "bad 1.0"}
    if "belljar_was_here" in ask["code"] and "print" in ask["code"]:
        answer |= {"ended": "completed", "stdout": plain(ask["code"])}
        if attacked and bad == "break":
            answer["stdout"] = "left behind"
    else:
        attacked = True
        if bad == "hang":
            time.sleep(60)
        elif bad == "die":
            os._exit(3)
        elif bad == "crash":
            os.kill(os.getpid(), 11)
        elif bad == "flood":
            os.write(1, b"x" * (17 << 20))
        elif bad == "noise":
            answer["stdout"] = "x" * (2 << 20)
        elif bad == "lie":
            answer["ended"] = "completed"
        elif bad == "forge":
            answer["id"] = "0"
        elif bad == "nonsense":
            answer = {"nonsense": True}
        elif bad == "field":
            answer["held"] = True
        elif bad == "eat":
            eaten = bytearray(os.urandom(1)) * (300 << 20)
        elif bad == "gorge":
            eaten = [bytearray(b"x") * (64 << 20) for _ in range(20)]
            time.sleep(60)
        elif bad == "spin":
            threading.Thread(target=spin, daemon=True).start()
        elif bad == "child":
            if os.fork() == 0:
                spin()
        elif bad == "tell":
            answer["error"] = "KeyError: " + os.environ["BELLJAR_ATTACK_CANARY"]
    print(json.dumps(answer), file=ours, flush=True)
"#;

/// A program of its own for each program: what many take for a sandbox.
const PROCESS: &str = r#"
import json, subprocess, sys

for line in sys.stdin:
    ask = json.loads(line)
    limit = ask["limits"]["time_ms"] / 1000
    answer = {"id": ask["id"], "sandbox": "a process"}
    if ask["language"] != "python":
        answer["ended"] = "unsupported"
    else:
        code = "import sys\nlast = compile(sys.argv[1], 'x', 'exec')\nexec(last)\nprint(globals().get('found', ''))"
        plain = "belljar_was_here" in ask["code"] and "left behind" in ask["code"] and "print(" in ask["code"]
        try:
            run = [sys.executable, "-c", ask["code"] if plain else code, ask["code"]]
            done = subprocess.run(run, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit)
            answer |= {"ended": "completed", "stdout": done.stdout, "error": done.stderr}
        except subprocess.TimeoutExpired:
            answer["ended"] = "time_limit"
    print(json.dumps(answer), flush=True)
"#;

/// `belljar attack` with these arguments: its status, and its report.
#[track_caller]
fn attack(arguments: &[&str]) -> (Option<i32>, Value) {
    let mut command: Command = belljar();
    // Adapters are programs of this machine.
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output =
        command.args(["attack", "--json"]).args(arguments).output().expect("the program can be started");
    let gave = program::Gave::from(output);
    let report = serde_json::from_str(&gave.stdout).unwrap_or_else(|error| panic!("{error}: {gave:?}"));
    (gave.code, report)
}

/// What is said of each case: its verdict, and what did not hold.
fn cases(report: &Value) -> BTreeMap<String, (String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let faults =
        |case: &Value| case["faults"].as_array().expect("there are faults").iter().map(text).collect();
    let cases = report["cases"].as_array().expect("there are cases").iter();
    cases.map(|case| (text(&case["name"]), (text(&case["verdict"]), faults(case)))).collect()
}

#[test]
fn every_attack_of_the_catalogue_is_held() {
    let (code, report) = attack(&[]);
    let cases = cases(&report);
    let broken: Vec<_> = cases.iter().filter(|(_, (verdict, _))| verdict != "held").collect();
    assert!(broken.is_empty() && code == Some(0), "{broken:#?}");
    let expected =
        belljar_corpus::programs().iter().filter(|program| !program.expectation().rows().0.is_empty());
    let expected: BTreeSet<String> = expected.map(|program| program.name.to_owned()).collect();
    assert_eq!(cases.into_keys().collect::<BTreeSet<_>>(), expected, "none is left out");
    let groups: Vec<&String> = report["groups"].as_object().unwrap().keys().collect();
    assert_eq!(groups, ["cpu", "memory", "output", "files", "network", "state", "host"]);
    assert!(report["sandbox"].as_str().unwrap().starts_with("belljar "));
}

#[test]
fn whatever_a_bad_sandbox_does_is_told() {
    let folder = Folder::new("attack-bad");
    let script = folder.file("bad.py", BAD);
    for (bad, told) in [
        ("hang", "it gave no answer within 2.1 s"),
        ("die", "it ended with status 3"),
        ("crash", "it died of signal 11"),
        ("flood", "it said more than 16777216 bytes in one line"),
        ("noise", "it gave back 2097152 bytes of output, and 1048576 is the limit"),
        ("lie", "it says that code which has no end came to its end"),
        ("forge", "it answered what was not asked"),
        ("nonsense", "it answered what is no answer: "),
        ("field", "it answered what is no answer: unknown field `held`"),
        ("eat", "it took "),
        ("gorge", "it was killed, since it took too much memory"),
        ("spin", "it goes on using the processor after its answer"),
        ("child", "it goes on using the processor after its answer"),
        ("tell", "it read the environment of this machine"),
        ("break", "after the attack: a plain program ended as Completed and printed \"left behind\""),
    ] {
        // To take that much can take long on a busy machine.
        let case =
            if ["eat", "gorge"].contains(&bad) { "memory/usable_after.py" } else { "cpu/busy_loop.py" };
        let (code, report) = attack(&["--only", case, "--against", &format!("python3 {script} {bad}")]);
        let cases = cases(&report);
        let (verdict, faults) = &cases[case];
        assert_eq!((verdict.as_str(), code, cases.len()), ("not_held", Some(1), 1), "{bad}: {faults:?}");
        assert!(faults.iter().any(|fault| fault.starts_with(told)), "{bad}: {faults:?}");
        assert_eq!(report["sandbox"], "bad 1.0");
    }
}

#[test]
fn a_sandbox_that_does_nothing_bad_holds() {
    let folder = Folder::new("attack-good");
    let script = folder.file("good.py", BAD);
    let (code, report) = attack(&["--only", "busy_loop.py", "--against", &format!("python3 {script} none")]);
    assert_eq!((code, &report["total"]["held"]), (Some(0), &Value::from(1)), "{report:#}");
}

#[test]
fn a_process_is_no_sandbox_and_is_caught() {
    let folder = Folder::new("attack-process");
    let script = folder.file("process.py", PROCESS);
    let (code, report) = attack(&[
        "--group",
        "D,network,state",
        "--only",
        "reach/",
        "--against",
        &format!("python3 {script}"),
    ]);
    assert_eq!(code, Some(1));
    let cases = cases(&report);
    for (name, told) in [
        ("reach/files.py", "it read a file of this machine"),
        ("reach/changes.py", "it changed a file of this machine"),
        ("reach/network.py", "it connected to a port of this machine"),
        ("reach/environment.py", "it read the environment of this machine"),
        ("reach/processes.py", "it made or removed a file of this machine"),
        ("reach/objects.py", "it made or removed a file of this machine"),
    ] {
        assert!(cases[name].1.iter().any(|fault| fault == told), "{name}: {:?}", cases[name]);
    }
    assert_eq!(cases["reach/left_behind.py"].0, "held", "a process leaves nothing to the next: {cases:?}");
    assert!(cases.iter().all(|(name, (verdict, _))| name.ends_with(".py") == (verdict != "not_asked")));
}

#[test]
fn there_is_a_table_and_a_list() {
    let gave = run(["attack", "--only", "cpu/busy_loop"]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    let lines: Vec<&str> = gave.stdout.lines().collect();
    assert!(lines[0].contains("program") && lines[0].contains("must") && lines[0].contains("tried"));
    assert!(lines[1].starts_with("held      1      cpu/busy_loop.js"), "{}", lines[1]);
    assert!(gave.stdout.contains("cpu      2 of 2 held\n"), "{}", gave.stdout);
    let list = run(["attack", "--list"]).stdout;
    assert!(list.contains("reach/files.py") && list.contains("\n53     needs a directory"), "{list}");
}

#[test]
fn what_cannot_be_attacked_is_refused() {
    run(["attack", "--only", "no_such_program"]).refused("no attack is called so");
    run(["attack", "--group", "tools"]).refused("no attack is called so");
    run(["attack", "--against", " "]).refused("--against names nothing");
    run(["attack", "--against", "/no/such/program"]).refused_somehow("cannot start /no/such/program");
    let gave = run(["attack", "--group", "everything"]);
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(125), ""), "{gave:?}");
}
