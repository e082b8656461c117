//! `--save` and `--resume`: a session in a file, from one process to the next.

mod program;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use program::{Folder, Gave, belljar};

/// Runs the program with a home of its own for keys.
#[track_caller]
fn run<S: AsRef<OsStr>>(state: &Path, arguments: impl IntoIterator<Item = S>) -> Gave {
    let mut command = belljar();
    command.env("XDG_STATE_HOME", state).args(arguments).stdin(Stdio::null());
    command.output().expect("the program can be started").into()
}

#[test]
fn a_session_goes_on_in_another_process() {
    let folder = Folder::new("sessions-kept");
    let file = folder.path().join("kept");
    let file = file.to_str().unwrap();
    for (engine, first, second, printed) in [
        (
            "python",
            "import json\nseen = [1]\nopen('/work/a', 'w').write('x')",
            "seen, open('/work/a').read()",
            "([1], 'x')\n",
        ),
        ("javascript", "var seen = [1]; 0", "seen", "[ 1 ]\n"),
    ] {
        let gave = run(folder.path(), ["run", "--engine", engine, "--save", file, "-c", first]);
        assert_eq!(gave.code, Some(0), "{gave:?}");
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let gave = run(folder.path(), ["run", "--engine", engine, "--resume", file, "-p", "-c", second]);
        assert_eq!((gave.code, gave.stdout.as_str()), (Some(0), printed), "{gave:?}");
    }
}

#[test]
fn what_cannot_be_gone_on_with_is_refused_with_the_reason() {
    let folder = Folder::new("sessions-refusals");
    let path = folder.path().join("kept");
    let file = path.to_str().unwrap();
    let state = folder.path();
    assert_eq!(run(state, ["run", "--save", file, "-c", "x = 1"]).code, Some(0));
    let refused = |arguments: &[&str], reason: &str| {
        let gave = run(state, ["run", "--resume", file].iter().chain(arguments));
        gave.refused(&format!("the snapshot cannot be used: {reason}"));
    };
    refused(&["--time", "20s", "-c", "x"], "it was taken under other limits or grants than this jar's");
    refused(&["--engine", "javascript", "-c", "x"], "it was taken with another image than this jar's");
    let other = Folder::new("sessions-others");
    run(other.path(), ["run", "--resume", file, "-c", "x"])
        .refused("the snapshot cannot be used: it was cut short, changed, or signed with another key");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    refused(&["-c", "x"], "it was cut short, changed, or signed with another key");
    fs::write(&path, "nothing").unwrap();
    refused(&["-c", "x"], "these bytes are not a snapshot");
    let missing = run(state, ["run", "--resume", "no-such-file", "-c", "x"]);
    assert_eq!(missing.code, Some(125), "{missing:?}");
    assert!(missing.stderr.contains("cannot read no-such-file"), "{missing:?}");
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    let folder = Folder::new("sessions-open-key");
    let key = folder.path().join("key");
    fs::write(&key, "00".repeat(32)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let key = key.to_str().unwrap();
    let kept = folder.path().join("kept");
    let gave =
        run(folder.path(), ["run", "--snapshot-key", key, "--save", kept.to_str().unwrap(), "-c", "1"]);
    gave.refused(&format!("others than you can read the key {key}"));
    assert!(!kept.exists());
}

/// The flags of a mount whose changes stay in memory, of a folder with one file.
fn mounted(folder: &Folder) -> (std::path::PathBuf, String) {
    let inside = folder.path().join("project");
    fs::create_dir(&inside).expect("the folder is new");
    fs::write(inside.join("a.txt"), "one\n").expect("it can be written");
    let mount = format!("{}:/work/project:cow", inside.display());
    (inside, mount)
}

#[test]
fn changes_of_a_mount_are_kept_and_applied_by_another_process() {
    let folder = Folder::new("sessions-mounts");
    let (inside, mount) = mounted(&folder);
    let file = folder.path().join("kept");
    let file = file.to_str().unwrap();
    let write = "f = open('/work/project/a.txt')\nopen('/work/project/a.txt', 'a').write('two\\n')\nopen('/work/project/b.txt', 'w').write('b\\n')";
    let gave = run(folder.path(), ["run", "--mount", &mount, "--save", file, "-c", write]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    assert_eq!(fs::read_to_string(inside.join("a.txt")).unwrap(), "one\n");

    let show = ["run", "--mount", &mount, "--resume", file, "--diff", "-p", "-c", "f.read()"];
    let gave = run(folder.path(), show);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    assert!(gave.stdout.contains("'one\\ntwo\\n'") && gave.stdout.contains("+two"), "{gave:?}");

    let apply = "--apply=/work/project/a.txt";
    let again = ["run", "--mount", &mount, "--resume", file, "--save", file, apply, "-c", "1"];
    let gave = run(folder.path(), again);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    assert_eq!(fs::read_to_string(inside.join("a.txt")).unwrap(), "one\ntwo\n");
    assert!(!inside.join("b.txt").exists());

    // What was applied is known to what was kept; what the machine has meanwhile is not overwritten.
    fs::write(inside.join("b.txt"), "mine\n").unwrap();
    let rest = ["run", "--mount", &mount, "--resume", file, "--diff", "--apply=all", "-c", "1"];
    let gave = run(folder.path(), rest);
    assert_eq!(gave.code, Some(125), "{gave:?}");
    assert!(!gave.stdout.contains("a.txt") && gave.stdout.contains("b.txt"), "{gave:?}");
    assert!(gave.stderr.contains("something was put there on the host meanwhile"), "{gave:?}");
    assert_eq!(fs::read_to_string(inside.join("b.txt")).unwrap(), "mine\n");

    let other = ["run", "--mount", &mount.replace(":cow", ":rw"), "--resume", file, "-c", "1"];
    run(folder.path(), other)
        .refused("the snapshot cannot be used: it was taken under other limits or grants than this jar's");
}

const ASK: &str = r#"{
    "name": "ask", "about": "Asks a person", "returns": {"type": "string"},
    "parameters": {"type": "object", "properties": {"question": {"type": "string"}}, "required": ["question"]}
}"#;

#[test]
fn a_run_that_waits_for_three_answers_goes_on_in_other_processes() {
    let folder = Folder::new("sessions-suspended");
    let tool = folder.file("ask.json", ASK);
    let file = folder.path().join("kept");
    let file = file.to_str().unwrap();
    for (engine, code, value) in [
        (
            "python",
            "import asyncio\nprint('asking')\nanswers = await asyncio.gather(*(tools.ask(question=q) for q in 'abc'), return_exceptions=True)\nprint('answered')\n'-'.join(map(str, answers))",
            "'A-nobody knows-C'",
        ),
        (
            "javascript",
            "console.log('asking'); const answers = await Promise.all(['a', 'b', 'c'].map(question => tools.ask({question}).catch(error => error.message))); console.log('answered'); answers.join('-')",
            "A-nobody knows-C",
        ),
    ] {
        let flags = ["run", "--engine", engine, "--tool", &tool];
        let with = |more: &[&str]| run(folder.path(), flags.iter().chain(more));
        let gave = with(&["--save", file, "-c", code]);
        assert_eq!((gave.code, gave.stdout.as_str()), (Some(121), "asking\n"), "{gave:?}");
        assert!(gave.stderr.contains("call 2 waits for an answer: ask({\"question\":\"b\"})"), "{gave:?}");
        assert!(gave.stderr.contains("--answer ID=JSON"), "{gave:?}");

        // Anything but answers is refused, and so are answers that do not fit.
        with(&["--resume", file, "-c", "1"])
            .refused("the session is suspended: it waits for the answers to 3 calls");
        with(&["--resume", file, "--answer", "2=3"])
            .refused("the answer to call 2 cannot be taken: 3 is not of type \"string\"");

        let gave = with(&["--resume", file, "--save", file, "--json", "--answer-error", "2=nobody knows"]);
        assert_eq!((gave.code, gave.stderr.as_str()), (Some(121), ""), "{gave:?}");
        let outcome: serde_json::Value = serde_json::from_str(&gave.stdout).unwrap();
        assert_eq!(outcome["ended"], "suspended");
        assert_eq!(outcome["pending"][1]["arguments"]["question"], "c");
        let gave = with(&["--resume", file, "-p", "--answer", "3=\"C\"", "--answer", "1=\"A\""]);
        assert_eq!(gave.code, Some(0), "{gave:?}");
        assert_eq!(gave.stdout.replace('\'', ""), format!("answered\n{}\n", value.replace('\'', "")));
    }
}

#[test]
fn tools_and_answers_that_make_no_sense_are_refused() {
    let folder = Folder::new("sessions-tools");
    let tool = folder.file("ask.json", ASK);
    let wrong = folder.file("wrong.json", r#"{"name": "ask", "parameter": {}}"#);
    let list = folder.file("list.json", format!("[{ASK}, {ASK}]"));
    let with = |more: &[&str]| run(folder.path(), ["run"].iter().chain(more));
    with(&["--tool", &wrong, "-c", "1"])
        .refused_somehow(&format!("--tool: {wrong} declares no tool: unknown field `parameter`"));
    with(&["--tool", &list, "-c", "1"])
        .refused("the tool \"ask\" cannot be granted: there is another of that name");
    with(&["--tool", "no-such-file", "-c", "1"]).refused_somehow("--tool: cannot read no-such-file");
    let gave = with(&["--answer", "1=2"]);
    assert!(gave.code == Some(125) && gave.stderr.contains("--resume"), "{gave:?}");
    let gave = with(&["--answer", "1=2", "--resume", "x", "-c", "1"]);
    assert!(gave.code == Some(125) && gave.stderr.contains("cannot be used with"), "{gave:?}");
    with(&["--answer", "x=2", "--resume", "x"])
        .refused("--answer x=2 does not begin with the number of a call");
    // Nothing is kept unless that is asked for, and that is said.
    let gave = with(&["--tool", &tool, "-c", "await tools.ask(question='a')"]);
    assert!(gave.code == Some(121) && gave.stderr.contains("--save FILE keeps"), "{gave:?}");
}
