//! `belljar run`: where code comes from, what it is given, what comes out, and with which code the program ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use std::io::{Read, Write};
use std::process::{Child, Stdio};

use program::{Folder, Terminal, belljar, read_until, run, run_with};
use rustix::process::{Pid, Signal, kill_process};

fn js(code: &str) -> program::Gave {
    run(["run", "--engine", "javascript", "-c", code])
}

#[test]
fn the_extension_says_which_engine() {
    let folder = Folder::new("engines");
    for (name, code) in [
        ("a.js", "console.log('ran')"),
        ("b.mjs", "export {}; console.log('ran')"),
        ("c.cjs", "console.log('ran')"),
        ("d.ts", "const word: string = 'ran'; console.log(word)"),
        ("e.mts", "export const word: string = 'ran'; console.log(await word)"),
        ("f.cts", "const word: string = 'ran'; console.log(word)"),
        ("g.py", "print('ran')"),
    ] {
        let gave = run(["run", &folder.file(name, code)]);
        assert_eq!((gave.code, gave.stdout.as_str()), (Some(0), "ran\n"), "{name}: {gave:?}");
    }
}

#[test]
fn an_error_in_typescript_is_told_as_one_in_javascript() {
    let folder = Folder::new("typescript");
    let file = folder.file("raised.ts", "interface A {\n  x: number }\n(null as A | null)!.x;");
    let gave = run(["run", &file]);
    assert_eq!(gave.code, Some(1), "{gave:?}");
    assert!(
        gave.stderr.starts_with("TypeError: ") && gave.stderr.contains(&format!("{file}:3:")),
        "{gave:?}"
    );
    let file = folder.file("wrong.ts", "let x: number = 1;\nenum A { B }");
    let gave = run(["run", &file]);
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(1), ""), "{gave:?}");
    assert!(gave.stderr.starts_with("SyntaxError: an enum is code and not a type; write "), "{gave:?}");
    assert!(gave.stderr.ends_with(&format!("\n    at {file}:2:1\n")), "{gave:?}");
}

#[test]
fn typescript_that_cannot_be_run_is_refused_in_one_sentence() {
    let folder = Folder::new("markup");
    let file = folder.file("page.tsx", "<a/>");
    run(["run", &file]).refused(&format!("{file} has markup in it by its name, and JSX is not supported"));
    run(["run", "--engine", "typescript", "-c", "1"]).refused("the image \"typescript\" holds no engine");
}

#[test]
fn without_its_image_typescript_says_how_to_get_it() {
    let folder = Folder::new("no-parser");
    let list = run(["image", "list"]).stdout;
    let javascript = list.lines().find_map(|line| line.strip_prefix("javascript ")).unwrap();
    let image = std::path::Path::new(&javascript[javascript.find(" /").unwrap() + 1..]).to_owned();
    let key = image.parent().unwrap().file_name().unwrap();
    let copy = folder.path().join("belljar/images").join(key).join("javascript");
    std::fs::create_dir_all(&copy).unwrap();
    for entry in std::fs::read_dir(&image).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let file = folder.file("a.ts", "let x: number = 1");
    let output = belljar().env("XDG_CACHE_HOME", folder.path()).args(["run", &file]).output().unwrap();
    let gave = program::Gave::from(output);
    gave.refused("there is no image \"typescript\"");
    assert!(gave.stderr.contains("`cargo xtask setup`"), "{gave:?}");
}

#[test]
fn code_is_python_unless_said_otherwise() {
    let gave = run(["run", "-c", "import sys; print(sys.implementation.name)"]);
    assert_eq!(gave.stdout, "cpython\n", "{gave:?}");
    assert_eq!(run_with(b"print(6 * 7)", &["run", "-"]).stdout, "42\n");
    assert_eq!(run(["run", "--engine", "microjs", "-c", "console.log(6 * 7)"]).stdout, "42\n");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_code() {
    let folder = Folder::new("mark");
    assert_eq!(run(["run", "-p", &folder.file("mark.js", "\u{feff}1")]).stdout, "1\n");
}

#[test]
fn exit_codes() {
    let flags = ["run", "--engine", "javascript"];
    for (code, more, expected) in [
        ("1", &[][..], 0),
        ("process.exit(7)", &[], 7),
        ("process.exit(256 + 3)", &[], 3),
        ("throw new Error('no')", &[], 1),
        ("(", &[], 1),
        ("for (;;);", &["--time", "50ms"], 124),
        ("for (;;);", &["--cpu", "50ms"], 124),
        ("var x = []; for (;;) x.push(new Uint8Array(100000));", &["--memory", "20MiB"], 137),
        ("for (;;);", &["--fuel", "1000000"], 123),
    ] {
        let gave = run(flags.iter().chain(&["-c", code]).chain(more));
        assert_eq!(gave.code, Some(expected), "{code}: {gave:?}");
    }
    assert_eq!(run(["run", "-c", "import sys; sys.exit(9)"]).code, Some(9));
    assert_eq!(run(["run", "-c", "raise SystemExit('bye')"]).code, Some(1));
}

#[test]
fn the_value_is_printed_when_asked_for() {
    assert_eq!(js("6 * 7").stdout, "");
    assert_eq!(run(["run", "--engine", "javascript", "-p", "-c", "6 * 7"]).stdout, "42\n");
    assert_eq!(run(["run", "--engine", "javascript", "-pc", "let x"]).stdout, "");
}

#[test]
fn what_a_program_is_given() {
    let folder = Folder::new("given");
    let file = folder.file(
        "given.js",
        "console.log(process.argv.slice(2).join(), process.env.A, process.env.B, process.env.HOME, rows.length)",
    );
    let mut command = belljar();
    command.env("B", "here").args([
        "run",
        &file,
        "--env",
        "A=1=2",
        "--env",
        "B",
        "--input",
        "rows=[1, 2]",
        "--",
        "-x",
        "y",
    ]);
    let gave = program::Gave::from(command.output().unwrap());
    assert_eq!(gave.stdout, "-x,y 1=2 here undefined 2\n", "{gave:?}");
}

#[test]
fn standard_input_is_passed_on_when_asked_for() {
    let read = "import sys; print(repr(sys.stdin.read()))";
    assert_eq!(run_with(b"some\ntext", &["run", "--stdin", "-c", read]).stdout, "'some\\ntext'\n");
    assert_eq!(run_with(b"some\ntext", &["run", "-c", read]).stdout, "''\n");
}

/// A pipe that stays open and silent is waited for until the time is over, and not longer.
#[test]
fn input_that_does_not_come_does_not_keep_a_run() {
    let (silent, writer) = std::io::pipe().unwrap();
    let begun = std::time::Instant::now();
    let mut command = belljar();
    command.args(["run", "--stdin", "--time", "200ms", "-c", "print('begun', flush=True); input()"]);
    let gave: program::Gave = command.stdin(silent).output().unwrap().into();
    drop(writer);
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(124), "begun\n"), "{gave:?}");
    assert!(gave.stderr.contains("TimeLimit"), "{gave:?}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn an_error_is_told_where_errors_belong() {
    let folder = Folder::new("raised");
    let file = folder.file("raised.js", "console.log('before');\nconsole.error('warned');\nnull.x;");
    let gave = run(["run", &file]);
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(1), "before\n"));
    assert!(gave.stderr.starts_with("warned\nTypeError: "), "{gave:?}");
    assert!(gave.stderr.contains(&format!("{file}:3:")), "{gave:?}");
    let gave = run(["run", "-c", "def f():\n  return 1 / 0\nf()"]);
    assert!(gave.stderr.starts_with("Traceback (most recent call last):\n"), "{gave:?}");
    assert!(gave.stderr.ends_with("\nZeroDivisionError: division by zero\n"), "{gave:?}");
}

#[test]
fn a_limit_says_which_flag_gives_more() {
    let gave = run(["run", "--engine", "javascript", "--time", "50ms", "-c", "for (;;);"]);
    assert!(
        gave.stderr.ends_with("error: the run took longer than 50 ms\nhint: --time and --cpu give more\n"),
        "{gave:?}"
    );
}

#[test]
fn output_comes_while_the_code_runs() {
    let mut child = start("console.log('started'); for (;;);", &[]);
    assert_eq!(read_until(child.stdout.as_mut().unwrap(), "\n"), "started\n");
    assert!(child.try_wait().unwrap().is_none(), "it runs on");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn json_is_the_outcome_and_nothing_else() {
    let gave = run([
        "run",
        "--engine",
        "javascript",
        "--json",
        "-c",
        "console.log('\\x1b[1mhi'); console.error('e'); 6 * 7",
    ]);
    let outcome: belljar::Outcome = serde_json::from_str(&gave.stdout).expect("one outcome");
    assert_eq!(gave.stdout.lines().count(), 1);
    assert_eq!((outcome.stdout.as_bytes(), outcome.stderr.as_bytes()), (&b"\x1b[1mhi\n"[..], &b"e\n"[..]));
    assert_eq!(outcome.value.unwrap().repr, "42");
    assert_eq!((gave.code, gave.stderr.as_str()), (Some(0), ""));
    let gave = run(["run", "--engine", "javascript", "--json", "-c", "throw 1"]);
    assert_eq!((gave.code, gave.stderr.as_str()), (Some(1), ""));
    assert_eq!(serde_json::from_str::<belljar::Outcome>(&gave.stdout).unwrap().ended, belljar::Ended::Raised);
}

#[test]
fn a_seed_makes_runs_repeatable() {
    let random = |seed: &str| {
        let code = "import random, time, uuid; print(random.random(), time.time(), uuid.uuid4(), hash('a'))";
        run(["run", "--seed", seed, "-c", code]).stdout
    };
    assert_eq!(random("7"), random("7"));
    assert_ne!(random("7"), random("8"));
}

#[test]
fn output_is_plain_bytes_where_there_is_no_terminal() {
    assert_eq!(js("console.log('\\x1b[31mred\\x07\\rx')").stdout, "\x1b[31mred\x07\rx\n");
}

#[test]
fn a_terminal_shows_control_characters_and_obeys_none() {
    let terminal = Terminal::new();
    let code =
        "console.log('\\x1b[31mred\\x07\\rx \\u202e \\u009b \\u00e4'); throw new Error('\\x1b]0;title')";
    let mut command = belljar();
    command.args(["run", "--engine", "javascript", "-c", code]).env("TERM", "xterm");
    let status =
        command.stdin(Stdio::null()).stdout(terminal.line()).stderr(terminal.line()).status().unwrap();
    drop(command);
    let shown = terminal.shown();
    assert_eq!(status.code(), Some(1));
    assert!(shown.starts_with("^[[31mred^G^Mx <U+202E> <U+009B> ä\r\n"), "{shown:?}");
    assert!(
        shown.contains("\x1b[1m\x1b[31mError: ^[]0;title\x1b[0m\r\n"),
        "the error is coloured, by us: {shown:?}"
    );
}

#[test]
fn colours_can_be_refused() {
    let terminal = Terminal::new();
    let mut command = belljar();
    command.args(["run", "--engine", "javascript", "-c", "throw new Error('no')"]).env("NO_COLOR", "1");
    command.stdout(terminal.line()).stderr(terminal.line()).status().unwrap();
    drop(command);
    assert!(terminal.shown().starts_with("Error: no\r\n"));
}

#[test]
fn ctrl_c_cancels_the_run() {
    let mut child = start("console.log('started'); for (;;);", &[]);
    read_until(child.stdout.as_mut().unwrap(), "started");
    interrupt(&child);
    let gave = program::Gave::from(child.wait_with_output().unwrap());
    assert_eq!(gave.code, Some(130), "{gave:?}");
    assert!(gave.stderr.ends_with("error: the run was cancelled\n"), "{gave:?}");
}

#[test]
fn a_second_ctrl_c_ends_the_program() {
    // While it writes what nobody reads, the run cannot be cancelled.
    let mut child = start("console.log('started'); for (;;) console.log('y'.repeat(1000));", &[]);
    read_until(child.stdout.as_mut().unwrap(), "started");
    // The system says that it waits in a `write` to file 1.
    let writes =
        || std::fs::read_to_string(format!("/proc/{}/syscall", child.id())).unwrap().starts_with("1 0x1 ");
    while !writes() {
        std::thread::yield_now();
    }
    interrupt(&child);
    while child.try_wait().unwrap().is_none() {
        // The second one may come before the first was seen, and then counts for nothing.
        std::thread::sleep(std::time::Duration::from_millis(20));
        interrupt(&child);
    }
    assert_eq!(child.wait().unwrap().code(), None, "it ended by the signal");
}

#[test]
fn ctrl_c_ends_a_wait_for_input() {
    let mut child = belljar();
    child.args(["run", "--stdin", "-c", "print('started', flush=True); input()"]);
    let mut child =
        child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdin = child.stdin.take();
    read_until(child.stdout.as_mut().unwrap(), "started");
    interrupt(&child);
    let gave = program::Gave::from(child.wait_with_output().unwrap());
    assert_eq!(gave.code, Some(130), "{gave:?}");
    drop(stdin);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let mut child = start("for (;;) console.log('y');", &["--time", "1m", "--output", "1GiB"]);
    read_until(child.stdout.as_mut().unwrap(), "y");
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn bytes_that_are_no_text_pass_through() {
    let code = "import sys; sys.stdout.buffer.write(b'\\xff\\x00'); sys.stdout.flush()";
    let output = belljar().args(["run", "-c", code]).output().unwrap();
    assert_eq!(output.stdout, b"\xff\x00");
}

fn start(code: &str, more: &[&str]) -> Child {
    let mut command = belljar();
    command.args(["run", "--engine", "javascript", "-c", code]).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    std::io::stdout().flush().unwrap();
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}
