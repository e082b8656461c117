//! `belljar repl`: state between lines, for people and for pipes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use std::process::Child;

use program::{Folder, Terminal, belljar, run_with};

fn talk(engine: &str, text: &str) -> program::Gave {
    run_with(text.as_bytes(), &["repl", "--engine", engine])
}

#[test]
fn a_pipe_can_talk_to_it() {
    let gave = talk("javascript", "let x = 3;\nx * 2\nif (x) {\n  console.log('in')\n}\n");
    assert_eq!((gave.code, gave.stdout.as_str(), gave.stderr.as_str()), (Some(0), "6\nin\n", ""));
    let gave = talk("python", "def f(x):\n    return x * 2\n\nf(21)\nNone\n'é'");
    assert_eq!((gave.code, gave.stdout.as_str(), gave.stderr.as_str()), (Some(0), "42\n'é'\n", ""));
}

#[test]
fn an_error_ends_nothing() {
    let gave = talk("javascript", "let x = 3;\nthrow new Error('no')\n)\nx\n");
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(0), "3\n"));
    assert!(gave.stderr.starts_with("Error: no\n") && gave.stderr.contains("SyntaxError"), "{gave:?}");
}

#[test]
fn the_code_of_the_last_run_is_the_programs() {
    assert_eq!(talk("javascript", "1\nthrow 1\n").code, Some(1));
    assert_eq!(talk("javascript", "process.exit(5)\nconsole.log('not reached')").code, Some(5));
    assert_eq!(talk("javascript", "").code, Some(0));
}

#[test]
fn limits_are_those_of_run() {
    let gave = run_with(b"for (;;);\n1", &["repl", "--engine", "javascript", "--time", "50ms"]);
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(0), "1\n"));
    assert!(gave.stderr.contains("error: the run took longer than 50 ms"), "{gave:?}");
    let gave = run_with(b"1", &["repl", "--time", "0"]);
    gave.refused("--time 0 is too small: the minimum is 1ms");
}

/// An empty prompt: the cursor stands behind it.
const READY: &str = ">>> \r\x1b[4C";

/// A prompt on a terminal, with a state folder of its own.
fn prompt(folder: &Folder, terminal: &Terminal) -> Child {
    let mut command = belljar();
    command
        .args(["repl", "--engine", "javascript"])
        .env("XDG_STATE_HOME", folder.path())
        .env("TERM", "xterm");
    command.stdin(terminal.line()).stdout(terminal.line()).stderr(terminal.line()).spawn().unwrap()
}

#[test]
fn a_person_can_talk_to_it() {
    let (folder, mut terminal) = (Folder::new("prompt"), Terminal::new());
    let mut child = prompt(&folder, &terminal);
    assert!(terminal.read_until(READY).contains("in a jar"));
    let mut say = |text: &str, shows: &str| {
        terminal.write(text);
        let shown = terminal.read_until(READY);
        assert!(shown.contains(shows), "{text:?} shows {shown:?}");
    };
    // A line that is not complete is gone on with, and a word is completed from what the session knows.
    say("let answer = {\rforty: 42 }\r", "forty: 42 }");
    say("answer.fo\t + 1\r", "\r\n43\r\n");
    say("console.log('\\x1b[2J')\r", "^[[2J");
    // Ctrl-C drops what was typed, Ctrl-D leaves.
    say("nonsense (\x03", "nonsense (");
    terminal.write("\x04");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let history = std::fs::read_to_string(folder.path().join("belljar/history-javascript")).unwrap();
    assert!(history.contains("answer.forty + 1") && !history.contains("nonsense"), "{history:?}");
}

#[test]
fn ctrl_c_stops_the_run_and_keeps_the_session() {
    let (folder, mut terminal) = (Folder::new("stop"), Terminal::new());
    let mut child = prompt(&folder, &terminal);
    terminal.read_until(READY);
    terminal.write("let kept = 7; console.log('star' + 'ted'); for (;;);\r");
    terminal.read_until("started\r\n");
    let pid = rustix::process::Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    terminal.read_until("the run was cancelled");
    terminal.read_until(READY);
    terminal.write("kept * 6\r");
    terminal.read_until("\r\n42\r\n");
    terminal.read_until(READY);
    terminal.write("process.exit(4)\r");
    assert_eq!(child.wait().unwrap().code(), Some(4));
}
