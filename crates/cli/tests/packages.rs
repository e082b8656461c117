//! Packages: `--with`, and scripts that ask for them. The index is one on this machine, and its wheels are made here.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod index;
mod program;

use std::io::{Cursor, Write};
use std::process::Stdio;

use index::{Index, Wheel, World, real};
use program::on_small_disk;
use zip::write::{SimpleFileOptions, ZipWriter};

fn greeting() -> Wheel {
    let text = "from helper import shout\nVERSION = 1\ndef hello(): return shout('hello')\n";
    Wheel::pure(
        "greeting",
        "1.0",
        &["helper>=2"],
        &[("greeting/__init__.py", text), ("greeting/words.txt", "hi")],
    )
}

fn helper(version: &str) -> Wheel {
    Wheel::pure("helper", version, &[], &[("helper.py", "def shout(text): return text.upper()\n")])
}

const HELLO: &str = "import greeting; print(greeting.hello(), greeting.__file__)";

#[test]
fn a_package_and_what_it_needs_can_be_imported_and_the_second_run_asks_nobody() {
    let index = Index::new([greeting(), helper("1.0"), helper("2.1")]);
    let world = World::with_index("with", &index.address);
    let first = world.run(["run", "--with", "greeting", "-c", HELLO]);
    assert_eq!(
        (first.code, first.stdout.as_str()),
        (Some(0), "HELLO /packages/greeting/__init__.py\n"),
        "{first:?}"
    );
    assert_eq!(first.stderr, "note: fetched 2 packages\n");
    let code = "import greeting, pathlib; print(pathlib.Path(greeting.__spec__.cached).is_file())";
    assert_eq!(
        world.run(["run", "--with", "greeting", "-c", code]).stdout,
        "True\n",
        "it was compiled before"
    );
    let asked = index.requests();
    let code = "import importlib.metadata as m, importlib.resources as r, pkgutil
print(m.version('helper'), r.files('greeting').joinpath('words.txt').read_text(), [x.name for x in pkgutil.iter_modules(['/packages'])])
try: open('/packages/greeting/__init__.py', 'w')
except OSError as error: print('refused:', error.strerror)
import nothing_of_that_name";
    let second = world.run(["run", "--with", "greeting", "-c", code]);
    assert_eq!(
        second.stdout, "2.1 hi ['greeting', 'helper']\nrefused: Read-only file system\n",
        "{second:?}"
    );
    assert!(
        second.stderr.ends_with("ModuleNotFoundError: No module named 'nothing_of_that_name'\n"),
        "{second:?}"
    );
    assert_eq!(index.requests(), asked, "the index is not asked again");
    // A new version is seen when that is asked for.
    index.add(helper("2.2"));
    let code = "import importlib.metadata as m; print(m.version('helper'))";
    assert_eq!(world.run(["run", "--with", "greeting", "-c", code]).stdout, "2.1\n");
    assert_eq!(world.run(["run", "--with", "greeting", "--refresh", "-c", code]).stdout, "2.2\n");
}

#[test]
fn a_script_gets_what_it_asks_for_unless_that_is_refused() {
    let index = Index::new([greeting(), helper("2.0")]);
    let world = World::with_index("script", &index.address);
    let metadata = "# /// script\n# requires-python = '>=3.11'\n# dependencies = ['greeting==1.0']\n# ///\n";
    let code = format!("{metadata}import greeting\nprint(greeting.hello())\n");
    let script = world.folder.file("script.py", &code);
    assert_eq!(world.run(["run", &script]).stdout, "HELLO\n");
    let refused = world.run(["run", "--no-script-packages", &script]);
    assert!(
        refused.code == Some(1) && refused.stderr.ends_with("No module named 'greeting'\n"),
        "{refused:?}"
    );
    // Code that is no file of the operator's gets nothing by asking.
    let given = world.run(["run", "-c", &code]);
    assert!(given.stderr.ends_with("No module named 'greeting'\n"), "{given:?}");
    let request = world
        .folder
        .file("request", serde_json::json!({"id": 1, "op": "run", "code": code}).to_string() + "\n");
    let served = world
        .command()
        .args(["run", "--jsonl"])
        .stdin(std::fs::File::open(request).unwrap())
        .output()
        .unwrap();
    assert!(String::from_utf8(served.stdout).unwrap().contains("No module named 'greeting'"));

    let newer = world.folder.file("newer.py", metadata.replace(">=3.11", ">=4"));
    world.run(["run", &newer]).refused_somehow("the script asks for Python >=4, and this is 3.");
    let wrong = world.folder.file("wrong.py", metadata.replace("'greeting==1.0'", "greeting"));
    world.run(["run", &wrong]).refused_somehow("the script's metadata cannot be read: ");
    let path = world.folder.file("path.py", metadata.replace("greeting==1.0", "greeting @ file:///etc"));
    world
        .run(["run", &path])
        .refused_somehow("\"greeting @ file:///etc\" is no package that can be asked for: ");
}

#[test]
fn sessions_that_are_served_have_the_packages_of_the_operator() {
    let index = Index::new([greeting(), helper("2.0")]);
    let world = World::with_index("served", &index.address);
    let request = serde_json::json!({"id": 1, "op": "run", "code": "import greeting; greeting.hello()"});
    let other = serde_json::json!({"id": 2, "op": "run", "engine": "javascript", "code": "1 + 1"});
    let requests = world.folder.file("requests", format!("{request}\n{other}\n"));
    let requests = std::fs::File::open(requests).unwrap();
    let served =
        world.command().args(["run", "--jsonl", "--with", "greeting"]).stdin(requests).output().unwrap();
    let answers = String::from_utf8(served.stdout).unwrap();
    assert!(answers.contains("'HELLO'") && answers.contains("\"repr\":\"2\""), "{answers}");
    let typed = world.folder.file("typed", "import greeting\ngreeting.hello()\n");
    let typed = std::fs::File::open(typed).unwrap();
    let talked = world.command().args(["repl", "--with", "greeting"]).stdin(typed).output().unwrap();
    assert!(String::from_utf8(talked.stdout).unwrap().contains("'HELLO'"));
}

#[test]
fn what_is_no_package_is_refused_before_anybody_is_asked() {
    let world = World::with_index("requirements", &Index::nowhere());
    for (text, problem) in [
        ("", "it does not begin with a name"),
        ("--index-url=http://evil", "it is an option"),
        ("./greeting", "it does not begin with a name"),
        (
            "greeting @ http://evil/x.whl",
            "only packages of an index can be asked for, no paths and no addresses",
        ),
        ("greeting.whl", "only packages of an index can be asked for, no paths and no addresses"),
        (
            "greeting\n--index-url http://evil",
            "only packages of an index can be asked for, no paths and no addresses",
        ),
        ("greeting==1 --hash=sha256:00", "it has letters that no requirement has"),
        ("greeting and helper", "what follows the name is neither a version nor a marker"),
    ] {
        let gave = world.run(["run", &format!("--with={text}"), "-c", "1"]);
        gave.refused(&format!("{text:?} is no package that can be asked for: {problem}"));
    }
    world
        .run(["run", "--engine", "javascript", "--with", "greeting", "-c", "1"])
        .refused("there are no packages for the engine javascript");
}

#[test]
fn a_session_with_packages_can_be_kept_and_gone_on_with() {
    let index = Index::new([greeting(), helper("2.0")]);
    let world = World::with_index("kept", &index.address);
    let kept = world.folder.file("kept", "");
    let run = |flag: &str, code: &str| world.run(["run", "--with", "greeting", flag, &kept, "-c", code]);
    let saved = run("--save", "import greeting");
    assert_eq!(saved.code, Some(0), "{saved:?}");
    let resumed = run("--resume", "import helper; print(greeting.hello(), helper.shout('too'))");
    assert_eq!(resumed.stdout, "HELLO TOO\n", "{resumed:?}");
    // Without them it would not find what it has begun to use.
    world
        .run(["run", "--resume", &kept, "-c", "1"])
        .refused("the snapshot cannot be used: it was taken under other limits or grants than this jar's");
}

#[test]
fn a_policy_says_which_packages_there_are_and_which_may_be_asked_for() {
    let index =
        Index::new([greeting(), helper("2.0"), Wheel::pure("other", "1.0", &[], &[("other.py", "")])]);
    let world = World::with_index("policy", &index.address);
    let policy =
        world.folder.file("policy.toml", "[packages]\nwith = ['greeting==1.0']\nallow = ['helper']\n");
    let run = |arguments: &[&str]| world.run([&["run", "--policy", &policy], arguments].concat());
    assert_eq!(run(&["-c", HELLO]).stdout, "HELLO /packages/greeting/__init__.py\n");
    assert_eq!(run(&["--with", "helper", "-c", "import helper; print(1)"]).stdout, "1\n");
    // What it names is for Python, and no error elsewhere.
    assert_eq!(run(&["--engine", "javascript", "-c", "console.log(1)"]).stdout, "1\n");
    let refused = run(&["--with", "other", "-c", "print(1)"]);
    refused.refused(&format!("{policy} does not allow the package other: `packages.allow` does not name it"));
    let metadata = "# /// script\n# dependencies = ['helper']\n# ///\nprint(1)\n";
    let script = world.folder.file("asks.py", metadata);
    run(&[&script]).refused(&format!(
        "{policy} does not allow what the script asks for by itself: `packages.script_metadata` is false"
    ));
    assert_eq!(run(&["--no-script-packages", &script]).stdout, "1\n");
}

#[test]
fn sessions_of_python_have_what_a_policy_names_whichever_engine_is_the_default() {
    let index = Index::new([greeting(), helper("2.0")]);
    let world = World::with_index("policy-lines", &index.address);
    let policy = world.folder.file("policy.toml", "[packages]\nwith = ['greeting']\n");
    let mut server = world.command();
    server.args(["run", "--jsonl", "--engine", "javascript", "--policy", &policy]);
    server.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = server.spawn().unwrap();
    let lines = "{\"id\": 1, \"op\": \"run\", \"session\": \"a\", \"code\": \"1 + 1\"}\n{\"id\": 2, \"op\": \"run\", \"session\": \"b\", \"engine\": \"python\", \"code\": \"import greeting; greeting.hello()\"}\n";
    server.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let said = String::from_utf8(server.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.contains("\"json\":2") && said.contains("\"json\":\"HELLO\""), "{said}");
}

#[test]
fn what_cannot_be_resolved_is_told_with_the_reason() {
    let index = Index::new([greeting(), helper("1.0"), helper("2.0")]);
    let world = World::with_index("unresolved", &index.address);
    let ask = |packages: &[&str]| {
        world.run(["run", "-c", "1"].iter().copied().chain(packages.iter().flat_map(|name| ["--with", name])))
    };
    let missing = ask(&["no-such-thing"]);
    missing.refused_somehow(
        "the packages cannot be resolved: Because no-such-thing was not found in the package registry",
    );
    let conflict = ask(&["greeting", "helper<2"]);
    conflict.refused_somehow("the packages cannot be resolved: Because ");
    assert!(conflict.stderr.contains("helper>=2") && conflict.stderr.contains("helper<2"), "{conflict:?}");
    ask(&["greeting==7"])
        .refused_somehow("the packages cannot be resolved: Because there is no version of greeting==7");
    assert!(world.kept().is_empty());
}

#[test]
fn an_index_that_is_down_is_told_and_what_it_said_before_is_used() {
    let index = Index::new([greeting(), helper("2.0")]);
    let mut world = World::with_index("down", &Index::nowhere());
    let down = world.run(["run", "--with", "greeting", "-c", HELLO]);
    down.refused_somehow("the packages cannot be resolved: ");
    assert!(down.stderr.contains("hint: check the network"), "{down:?}");
    world.set("UV_DEFAULT_INDEX", &index.address);
    assert_eq!(world.run(["run", "--with", "greeting", "-c", HELLO]).code, Some(0));
    // Two days later, with the network gone.
    let resolutions = world.folder.path().join("belljar/store/resolutions");
    for kept in std::fs::read_dir(resolutions).unwrap().flatten() {
        let file = std::fs::File::options().write(true).open(kept.path()).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86_400)).unwrap();
    }
    std::fs::remove_dir_all(world.folder.path().join("belljar/store/uv")).unwrap();
    world.set("ALL_PROXY", &Index::nowhere());
    let stale = world.run(["run", "--with", "greeting", "-c", HELLO]);
    assert_eq!(stale.stderr, "note: the index of packages cannot be reached; what it said before is used\n");
    assert!(stale.stdout.starts_with("HELLO"), "{stale:?}");
    world
        .run(["run", "--with", "greeting", "--refresh", "-c", HELLO])
        .refused_somehow("the packages cannot be resolved: ");
}

#[test]
fn a_package_with_machine_code_is_named_with_what_to_take_instead() {
    let compiled = |name: &str, version: &str| {
        Wheel::tagged(name, version, "cp313-cp313-manylinux_2_17_x86_64", &[], &[("x.so", "elf")])
    };
    let table = Wheel::pure("table", "1.0", &["numpy"], &[("table.py", "")]);
    let elsewhere = Wheel::tagged("elsewhere", "1.0", "cp313-cp313-win_amd64", &[], &[]);
    let older = Wheel::pure("older", "1.0", &[], &[("older.py", "")]);
    let index = Index::new([compiled("numpy", "2.0"), table, elsewhere, older, compiled("older", "2.0")]);
    let world = World::with_index("compiled", &index.address);
    let needs = "it needs machine code, or there is no wheel of pure Python";
    let gave = world.run(["run", "--with", "numpy", "-c", "1"]);
    gave.refused(&format!("numpy cannot run here: {needs}"));
    assert!(gave.stderr.contains("hint: instead of numpy: "), "{gave:?}");
    world
        .run(["run", "--with", "table", "-c", "1"])
        .refused(&format!("numpy cannot run here: {needs} (asked for: table)"));
    let gave = world.run(["run", "--with", "elsewhere", "-c", "1"]);
    gave.refused(&format!("elsewhere cannot run here: {needs}"));
    assert!(gave.stderr.contains("-none-any.whl"), "{gave:?}");
    assert!(world.kept().is_empty());
    // An older version that needs none is as good.
    let gave = world.run([
        "run",
        "--with",
        "older",
        "-c",
        "import older, importlib.metadata as m; print(m.version('older'))",
    ]);
    assert_eq!(gave.stdout, "1.0\n", "{gave:?}");
    assert!(
        gave.stderr.starts_with("note: the newest older needs machine code; 1.0 was taken\n"),
        "{gave:?}"
    );
}

/// The packages of `advice.toml` that do without their machine code, as their authors publish them.
#[test]
fn packages_that_do_without_their_machine_code_do() {
    let compiled = "cp313-cp313-manylinux_2_17_x86_64";
    let index =
        Index::new([real("jinja2", "py3-none-any"), real("markupsafe", compiled), real("pyyaml", compiled)]);
    let world = World::with_index("optional", &index.address);
    let code = "import jinja2, yaml, markupsafe, pathlib
print(jinja2.Template('{{ x|e }}').render(x='<'), yaml.safe_load('a: [1, 2]'), yaml.__with_libyaml__)
print([str(path) for path in pathlib.Path('/packages').rglob('*.so')])";
    let gave = world.run(["run", "--with", "jinja2", "--with", "PyYAML", "-c", code]);
    assert_eq!(gave.stdout, "&lt; {'a': [1, 2]} False\n[]\n", "{gave:?}");
}

#[test]
fn a_damaged_wheel_is_refused_and_nothing_of_it_is_kept() {
    let named = |path: &str| {
        Wheel::pure("bad", "1.0", &[], &[("ok.py", "x = 1"), (&"q".repeat(path.len()), "evil")])
            .with(&"q".repeat(path.len()), path)
    };
    let mut link = Wheel::pure("bad", "1.0", &[], &[("ok.py", "x = 1")]);
    let mut writer = ZipWriter::new_append(Cursor::new(link.bytes)).unwrap();
    writer.add_symlink("link.py", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    link = Wheel::of(link.file, writer.finish().unwrap().into_inner());
    let mut bomb = Wheel::pure("bad", "1.0", &[], &[]);
    let mut writer = ZipWriter::new_append(Cursor::new(bomb.bytes)).unwrap();
    let zeros = vec![0; 1 << 20];
    for file in 0..6 {
        writer.start_file(format!("{file}.bin"), SimpleFileOptions::default()).unwrap();
        (0..100).for_each(|_| writer.write_all(&zeros).unwrap());
    }
    bomb = Wheel::of(bomb.file, writer.finish().unwrap().into_inner());
    let name = "bad-1.0-py3-none-any.whl";
    for (place, wheel, problem) in [
        ("above", named("../../evil.py"), "it has a file named \"../../evil.py\""),
        ("absolute", named("/tmp/evil.py"), "it has a file named \"/tmp/evil.py\""),
        ("link", link, "\"link.py\" in it is a link"),
        ("bomb", bomb, "it unpacks to more than 512 MiB"),
        ("twice", named("ok.py"), "it is damaged (it has two files of one name)"),
    ] {
        let index = Index::new([wheel]);
        let world = World::with_index(place, &index.address);
        let gave = world.run(["run", "--with", "bad", "-c", "1"]);
        gave.refused(&format!("the wheel {name} is refused: {problem}"));
        assert!(world.kept().is_empty(), "{place}: {:?}", world.kept());
    }
}

#[test]
fn a_wheel_that_is_another_than_promised_is_refused() {
    let mut other = helper("2.0");
    other.sha256 = "0".repeat(64);
    let found = Wheel::of(String::new(), other.bytes.clone()).sha256;
    let index = Index::new([other]);
    let world = World::with_index("hash", &index.address);
    let gave = world.run(["run", "--with", "helper", "-c", "1"]);
    gave.refused(&format!(
        "helper-2.0-py3-none-any.whl has the hash {found}, and {} is expected",
        "0".repeat(64)
    ));
    assert!(world.kept().is_empty(), "{:?}", world.kept());
}

#[test]
fn a_disk_that_is_full_keeps_nothing_half_written() {
    let large = Wheel::pure(
        "large",
        "1.0",
        &[],
        &[("large.py", "x = 1"), ("data.bin", &"0123456789".repeat(400_000))],
    );
    let index = Index::new([large]);
    let world = World::with_index("full", &index.address);
    // All but the wheel is there; then the place where wheels are kept has room for a part of it.
    let wheels = world.folder.path().join("belljar/store/wheels");
    std::fs::create_dir_all(&wheels).unwrap();
    let program = env!("CARGO_BIN_EXE_belljar");
    let variables =
        format!("XDG_CACHE_HOME='{}' UV_DEFAULT_INDEX='{}'", world.folder.path().display(), index.address);
    let script = format!(
        "{variables} '{program}' run --with large -c 1; echo $?; find '{}' -mindepth 1",
        wheels.display()
    );
    if let Some(gave) = on_small_disk(&wheels, 1 << 20, &script) {
        assert_eq!(gave.stdout, "125\n", "{gave:?}");
        assert!(
            gave.stderr.starts_with("error: cannot write ")
                && gave.stderr.contains(": no space left on device\nhint: make room"),
            "{gave:?}"
        );
    }
    assert_eq!(world.run(["run", "--with", "large", "-c", "import large; print(large.x)"]).stdout, "1\n");
}

#[test]
fn two_programs_at_once_fetch_once() {
    let index = Index::new([greeting(), helper("2.0")]);
    let world = World::with_index("twice-at-once", &index.address);
    let start = || {
        world
            .command()
            .args(["run", "--with", "greeting", "-c", HELLO])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = (0..3).map(|_| start()).collect();
    for child in running {
        let gave = child.wait_with_output().unwrap();
        assert!(gave.stdout.starts_with(b"HELLO"), "{gave:?}");
    }
    assert_eq!(world.kept().len(), 3, "two wheels and one set: {:?}", world.kept());
}

#[test]
fn settings_of_other_programs_take_no_part() {
    let index = Index::new([greeting(), helper("2.0")]);
    let mut world = World::with_index("settings", &index.address);
    world.set("PIP_INDEX_URL", &Index::nowhere());
    world.set("UV_FIND_LINKS", "/nonexistent");
    world.set("UV_CONSTRAINT", "/nonexistent");
    // A configuration where uv would look for one.
    let folder = world.folder.path().to_owned();
    world.folder.file("uv.toml", "no-index = true\n");
    world.folder.file("pyproject.toml", "[tool.uv]\nno-index = true\n");
    let gave = world
        .command()
        .current_dir(folder)
        .args(["run", "--with", "greeting", "-c", HELLO])
        .output()
        .unwrap();
    assert!(gave.stdout.starts_with(b"HELLO"), "{gave:?}");
    // A password for an index is shown to nobody.
    world.set("UV_DEFAULT_INDEX", &format!("http://me:geheim@127.0.0.1:{}/simple", index.port()));
    let gave = world.run(["run", "--with", "not-there", "-c", "1"]);
    assert!(gave.code == Some(125) && !gave.stderr.contains("geheim"), "{gave:?}");
}
