//! `--mount`, `--diff`, `--apply` and `--save-output`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use std::fs;

use program::{Folder, Gave, Terminal, belljar, run, run_with};

fn folder(name: &str) -> (Folder, String) {
    let folder = Folder::new(name);
    fs::create_dir(folder.path().join("src")).unwrap();
    let file = folder.file("src/a.txt", "one\n");
    folder.file("src/b.txt", "two\n");
    let source = file.strip_suffix("/a.txt").unwrap().to_owned();
    (folder, source)
}

const EDIT: &str = "for name in ['a', 'b']:\n  open(f'/work/src/{name}.txt', 'a').write('more\\n')";

fn edit(source: &str, flags: &[&str]) -> Gave {
    let mount = format!("{source}:/work/src:cow");
    run([&["run", "--mount", &mount, "-c", EDIT], flags].concat())
}

#[test]
fn a_mount_is_read_only_unless_it_says_otherwise() {
    let (_folder, source) = folder("mount-ro");
    let gave = run(["run", "--mount", &format!("{source}:/data"), "-p", "-c", "open('/data/a.txt').read()"]);
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(0), "'one\\n'\n"), "{gave:?}");
    let gave = run(["run", "--mount", &format!("{source}:/data"), "-c", "open('/data/a.txt', 'w')"]);
    assert_eq!(gave.code, Some(1));
    assert!(gave.stderr.contains("Read-only file system: '/data/a.txt'"), "{gave:?}");
    let gave =
        run(["run", "--mount", &format!("{source}:/data:rw"), "-c", "open('/data/a.txt', 'w').write('x')"]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    assert_eq!(fs::read_to_string(format!("{source}/a.txt")).unwrap(), "x");
}

#[test]
fn a_diff_is_shown_and_one_change_of_two_applied() {
    let (_folder, source) = folder("mount-cow");
    let gave = edit(&source, &["--diff", "--apply=/work/src/b.txt"]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    assert_eq!(
        gave.stdout,
        "--- a/work/src/a.txt\n+++ b/work/src/a.txt\n@@ -1 +1,2 @@\n one\n+more\n\
         --- a/work/src/b.txt\n+++ b/work/src/b.txt\n@@ -1 +1,2 @@\n two\n+more\n"
    );
    assert_eq!(gave.stderr, "note: applied: changed /work/src/b.txt, 9 bytes\n");
    assert_eq!(fs::read_to_string(format!("{source}/a.txt")).unwrap(), "one\n");
    assert_eq!(fs::read_to_string(format!("{source}/b.txt")).unwrap(), "two\nmore\n");
}

/// A program of a project that imports and edits it: its directory is mounted where the program is taken to lie.
#[test]
fn a_javascript_program_imports_and_edits_its_project() {
    let (folder, source) = folder("mount-javascript");
    folder.file("src/names.ts", "export const names: string[] = ['a', 'b']\n");
    let code = "import fs from 'node:fs'\nimport { names } from './names.ts'\n\
        for (const name of names) fs.appendFileSync(`${name}.txt`, 'more\\n')\nfs.writeFileSync('/output/done', '')\n";
    let program = folder.file("src/edit.js", code);
    let (mount, out) = (format!("{source}:/work:cow"), folder.path().join("out"));
    fs::create_dir(&out).unwrap();
    let out = out.to_str().unwrap();
    let gave =
        run(["run", "--mount", &mount, "--diff", "--apply=/work/b.txt", "--save-output", out, &program]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    assert!(
        gave.stdout.starts_with("--- a/work/a.txt\n+++ b/work/a.txt\n@@ -1 +1,2 @@\n one\n+more\n"),
        "{gave:?}"
    );
    assert!(gave.stderr.contains("note: applied: changed /work/b.txt, 9 bytes\n"), "{gave:?}");
    assert_eq!(fs::read_to_string(format!("{source}/a.txt")).unwrap(), "one\n");
    assert_eq!(fs::read_to_string(format!("{source}/b.txt")).unwrap(), "two\nmore\n");
    assert!(fs::exists(format!("{out}/done")).unwrap());

    let gave = run(["run", &program]);
    assert_eq!(gave.code, Some(1));
    assert!(
        gave.stderr.contains(
            "imported from /work/edit.js; no directory of the machine is mounted at /work: --mount DIR:/work"
        ),
        "{gave:?}"
    );
}

#[test]
fn a_person_is_asked_for_each_change() {
    let (_folder, source) = folder("mount-ask");
    let mut terminal = Terminal::new();
    let mut command = belljar();
    command.args(["run", "--mount", &format!("{source}:/work/src:cow"), "--apply", "-c", EDIT]);
    command.stdin(terminal.line()).stdout(terminal.line()).stderr(terminal.line());
    let mut child = command.spawn().unwrap();
    drop(command);
    let shown =
        terminal.read_until("changed /work/src/a.txt, 9 bytes? [y]es, [n]o, [a]ll that is left, [q]uit: ");
    assert!(shown.contains("+more"), "{shown:?}");
    terminal.write("what\n");
    terminal.read_until("changed /work/src/a.txt");
    terminal.write("n\n");
    terminal.read_until("changed /work/src/b.txt");
    terminal.write("y\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(terminal.shown().contains("applied: changed /work/src/b.txt"));
    assert_eq!(fs::read_to_string(format!("{source}/a.txt")).unwrap(), "one\n");
    assert_eq!(fs::read_to_string(format!("{source}/b.txt")).unwrap(), "two\nmore\n");
}

#[test]
fn what_is_not_asked_for_is_dropped_and_said_so() {
    let (_folder, source) = folder("mount-dropped");
    let gave = edit(&source, &[]);
    assert_eq!(gave.code, Some(0));
    assert!(
        gave.stderr.starts_with("note: 2 changes in cow mounts were dropped; --diff shows them"),
        "{gave:?}"
    );
    assert_eq!(fs::read_to_string(format!("{source}/b.txt")).unwrap(), "two\n");
}

#[test]
fn what_cannot_be_applied_is_said_and_ends_with_125() {
    let (_folder, source) = folder("mount-refused");
    let gave = edit(&source, &["--apply=/work/src/a.txt,/work/src/none"]);
    assert_eq!(gave.code, Some(125), "{gave:?}");
    assert!(
        gave.stderr.contains("error: /work/src/none was not applied: nothing was changed there"),
        "{gave:?}"
    );
    assert_eq!(fs::read_to_string(format!("{source}/a.txt")).unwrap(), "one\nmore\n");
}

#[test]
fn nothing_is_applied_after_a_program_that_failed() {
    let (_folder, source) = folder("mount-failed");
    let mount = format!("{source}:/work/src:cow");
    let code = "open('/work/src/a.txt', 'w').close()\n1/0";
    let gave = run(["run", "--mount", &mount, "--apply=all", "-c", code]);
    assert_eq!(gave.code, Some(1));
    assert!(gave.stderr.contains("note: nothing was applied"), "{gave:?}");
    assert_eq!(fs::read_to_string(format!("{source}/a.txt")).unwrap(), "one\n");
}

#[test]
fn output_is_saved() {
    let (folder, source) = folder("save-output");
    let code = "open('/output/new.txt', 'w').write('new')\nopen('/output/a.txt', 'w').write('new')";
    let gave = run(["run", "--save-output", &source, "-c", code]);
    assert_eq!(gave.code, Some(125), "{gave:?}");
    assert!(gave.stderr.contains("note: saved: added new.txt, 3 bytes\n"), "{gave:?}");
    assert!(gave.stderr.contains("error: a.txt was not saved: it exists already\n"), "{gave:?}");
    assert_eq!(fs::read_to_string(format!("{source}/new.txt")).unwrap(), "new");
    assert_eq!(fs::read_to_string(format!("{source}/a.txt")).unwrap(), "one\n");
    drop(folder);
}

#[test]
fn mounts_and_flags_that_make_no_sense_are_refused() {
    let (_folder, source) = folder("mount-wrong");
    let mount = |text: String| run(["run", "--mount", &text, "-c", "1"]);
    mount("nowhere".to_owned())
        .refused("cannot mount nowhere: it does not say where the directory is to appear");
    mount(format!("{source}:data"))
        .refused(&format!("cannot mount {source}:data: the destination is not an absolute path"));
    mount(format!("{source}:/data:wr"))
        .refused(&format!("cannot mount {source}:/data:wr: the mode is none of ro, rw and cow"));
    mount(format!("{source}:/data/../x")).refused(&format!(
        "cannot mount {source}:/data/../x: the destination has an empty part, `.` or `..`"
    ));
    mount(format!("{source}/none:/data"))
        .refused(&format!("cannot mount {source}/none:/data:ro: there is no such directory on this machine"));
    mount(format!("{source}/a.txt:/data"))
        .refused(&format!("cannot mount {source}/a.txt:/data:ro: it is not a directory"));
    mount(format!("{source}:/")).refused(&format!("cannot mount {source}:/: the destination is taken"));
    let one = format!("{source}:/data");
    run(["run", "--mount", &one, "--mount", &one, "-c", "1"])
        .refused(&format!("cannot mount {one}:ro: the destination overlaps that of {one}:ro"));
    run(["run", "--mount", &one, "--diff", "-c", "1"])
        .refused("--diff has nothing to look at: no directory is mounted cow");
    run(["run", "--mount", &format!("{one}:cow"), "--apply", "-c", "1"])
        .refused("--apply asks for each change, and nobody can answer");
    run(["run", "--save-output", "/no/such", "-c", "1"])
        .refused("--save-output /no/such: there is no such directory");
}

#[test]
fn changes_are_in_the_outcome_and_their_diff_is_an_op() {
    let (_folder, source) = folder("mount-jsonl");
    let mount = format!("{source}:/work/src:cow");
    let run_line = serde_json::json!({"id": 1, "op": "run", "session": "a", "code": EDIT});
    let lines = format!(
        "{run_line}\n{}\n{}\n",
        r#"{"id": 2, "op": "diff", "session": "a", "path": "/work/src/b.txt"}"#,
        r#"{"id": 3, "op": "diff", "session": "b"}"#
    );
    let gave = run_with(lines.as_bytes(), &["run", "--jsonl", "--mount", &mount]);
    let answers: Vec<serde_json::Value> =
        gave.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answer = |id: u64| answers.iter().find(|answer| answer["id"] == id).unwrap();
    assert_eq!(answer(1)["outcome"]["changes"][0]["path"], "/work/src/a.txt", "{gave:?}");
    assert_eq!(answer(1)["outcome"]["changes"][0]["kind"], "changed");
    assert!(answer(2)["diff"].as_str().unwrap().ends_with("+more\n"));
    assert_eq!(answer(3)["error"]["message"], "there is no session \"b\"");
}
