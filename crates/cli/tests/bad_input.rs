//! Whatever is wrong with what was given: one sentence, what to do about it, exit 125.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use program::{Folder, belljar, run, run_with};

#[test]
fn a_missing_file() {
    run(["run", "/no/such/report.py"]).refused("cannot read /no/such/report.py: there is no such file");
}

#[test]
fn a_directory() {
    run(["run", "/"]).refused("/ is a directory");
}

#[test]
fn an_unreadable_file() {
    let folder = Folder::new("unreadable");
    let file = folder.file("secret.js", "1");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything.
    if fs::File::open(&file).is_ok() {
        run(["run", "/proc/self/mem", "--engine", "javascript"])
            .refused_somehow("cannot read /proc/self/mem: ");
    } else {
        run(["run", &file]).refused(&format!("cannot read {file}: permission denied"));
    }
}

#[test]
fn a_wrong_extension() {
    let folder = Folder::new("extension");
    let file = folder.file("report.rb", "puts 1");
    let gave = run(["run", &file]);
    gave.refused(&format!("the name {file} does not say which engine to use"));
    assert!(
        gave.stderr
            .contains("known are .py, .js, .mjs, .cjs, .ts, .mts, .cts; otherwise say which with --engine")
    );
    assert_eq!(run(["run", &folder.file("report.txt", "1"), "--engine", "javascript"]).code, Some(0));
}

#[test]
fn not_utf8() {
    let folder = Folder::new("utf8");
    let file = folder.file("latin.js", b"'caf\xe9'");
    run(["run", &file]).refused(&format!("{file} is not UTF-8: byte 0xe9 at offset 4"));
    run_with(b"\xff", &["run", "-"]).refused("standard input is not UTF-8: byte 0xff at offset 0");
}

#[test]
fn nul_bytes() {
    let folder = Folder::new("nul");
    let file = folder.file("zero.js", b"1;\0");
    run(["run", &file]).refused(&format!("{file} contains a NUL byte at offset 2"));
}

#[test]
fn an_empty_program_runs_and_does_nothing() {
    let folder = Folder::new("empty");
    let gave = run(["run", &folder.file("empty.js", "")]);
    assert_eq!((gave.code, gave.stdout.as_str(), gave.stderr.as_str()), (Some(0), "", ""));
    assert_eq!(run_with(b"", &["run", "-", "--engine", "javascript"]).code, Some(0));
}

#[test]
fn a_source_of_50_megabytes() {
    let folder = Folder::new("long");
    let file = folder.file("long.js", vec![b' '; 50 << 20]);
    run(["run", &file]).refused(&format!("{file} is longer than 16MiB, the most that a program may be"));
    let endless = ["run", "/dev/zero", "--engine", "javascript"];
    run(endless).refused("/dev/zero is longer than 16MiB, the most that a program may be");
}

#[test]
fn an_unknown_flag() {
    let gave = run(["run", "--mem", "3", "-c", "1"]);
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(125), ""));
    assert!(gave.stderr.starts_with("error: unexpected argument '--mem' found"), "{gave:?}");
}

#[test]
fn nothing_to_run() {
    let gave = run(["run"]);
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(125), ""));
    assert_eq!(run(["walk"]).code, Some(125));
    assert_eq!(run::<&str>([]).code, Some(125));
}

#[test]
fn too_little_memory() {
    let gave = run(["run", "--engine", "javascript", "--memory", "3", "-c", "1"]);
    assert!(gave.stderr.starts_with("error: --memory 3 bytes is too small: the minimum is "), "{gave:?}");
    assert!(gave.stderr.contains("MiB\nhint: give --memory from "), "the minimum is the image's: {gave:?}");
    assert_eq!(gave.code, Some(125));
    let gave = run(["run", "--engine", "javascript", "--memory", "0", "-c", "1"]);
    assert!(gave.stderr.contains("MiB\nhint: give --memory from "), "the minimum is the image's: {gave:?}");
    run(["run", "--engine", "javascript", "--memory", "5GiB", "-c", "1"])
        .refused("--memory 5GiB is too large: the maximum is 4GiB");
}

#[test]
fn no_time() {
    run(["run", "--time", "0", "-c", "1"]).refused("--time 0 is too small: the minimum is 1ms");
    run(["run", "--cpu", "0s", "-c", "1"]).refused("--cpu 0 is too small: the minimum is 1ms");
    run(["run", "--time", "25h", "-c", "1"]).refused("--time 25h is too large: the maximum is 24h");
    run(["run", "--fuel", "0", "-c", "1"]).refused("--fuel 0 is too small: the minimum is 1");
}

#[test]
fn amounts_that_are_none() {
    for (flag, value, says) in [
        ("--time", "soon", "write a time as 500ms, 2s, 1.5s or 1m"),
        ("--time", "0.2ms", "the minimum is 1ms"),
        ("--memory", "64 megs", "write a size as 65536, 64KiB, 64MiB or 1GB"),
        ("--memory", "-1", "write a size as 65536, 64KiB, 64MiB or 1GB"),
    ] {
        let gave = run(["run", &format!("{flag}={value}"), "-c", "1"]);
        assert_eq!(gave.code, Some(125));
        assert!(gave.stderr.starts_with("error: invalid value") && gave.stderr.contains(says), "{gave:?}");
    }
}

#[test]
fn an_unknown_engine() {
    let gave = run(["run", "--engine", "ruby", "-c", "1"]);
    gave.refused("there is no engine \"ruby\"");
    assert!(gave.stderr.contains("hint: installed are "), "{gave:?}");
    run(["run", "--engine", "../javascript", "-c", "1"]).refused("there is no engine \"../javascript\"");
}

#[test]
fn an_image_that_is_not_installed() {
    let folder = Folder::new("no-images");
    let output = belljar().env("XDG_CACHE_HOME", folder.path()).args(["run", "-c", "1"]).output().unwrap();
    program::Gave::from(output).refused("the image of python is not installed");
}

#[test]
fn inputs_that_are_malformed() {
    let input = |input: &str| run(["run", "--engine", "javascript", "-c", "1", "--input", input]);
    input("rows").refused("--input rows has no value");
    input("rows=[1").refused("input \"rows\" is not JSON: EOF while parsing a list at line 1 column 2");
    input("name=text").refused("input \"name\" is not JSON: expected ident at line 1 column 2");
    input("a-b=1").refused("\"a-b\" cannot be the name of an input");
    run(["run", "--engine", "javascript", "-c", "1", "--input", "a=1", "--input", "a=2"])
        .refused("--input a is given twice");
}

#[test]
fn variables_that_are_malformed() {
    let env = |variable: &str| run(["run", "--engine", "javascript", "-c", "1", "--env", variable]);
    env("NOT_SET_ANYWHERE").refused("--env NOT_SET_ANYWHERE: there is no such variable here");
    env("=1").refused("--env =1 has no name");
}

#[test]
fn input_that_is_wanted_twice() {
    run(["run", "-", "--stdin"])
        .refused("standard input cannot be both the program and what the program reads");
}

/// Copies the JavaScript image, lets `harm` change the copy, and runs with it.
fn run_with_harmed_image(name: &str, harm: impl FnOnce(&std::path::Path)) -> program::Gave {
    let list = run(["image", "list"]);
    let line = list
        .stdout
        .lines()
        .find(|line| line.starts_with("javascript "))
        .expect("the JavaScript image is installed");
    let image = std::path::Path::new(line.rsplit(' ').next().unwrap());
    let folder = Folder::new(name);
    let key = image.parent().unwrap().file_name().unwrap();
    let copy = folder.path().join("belljar/images").join(key).join("javascript");
    fs::create_dir_all(&copy).unwrap();
    for file in fs::read_dir(image).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    harm(&copy);
    let mut command = belljar();
    command.env("XDG_CACHE_HOME", folder.path()).args(["run", "--engine", "javascript", "-c", "1"]);
    let gave = command.output().unwrap().into();
    // What was made read-only must go again.
    for folder in copy.ancestors().take(2) {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
    gave
}

#[test]
fn a_damaged_engine_file() {
    let gave = run_with_harmed_image("damaged", |image| {
        let code = image.join("code.cwasm");
        let mut bytes = fs::read(&code).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&code, bytes).unwrap();
    });
    assert_eq!(gave.code, Some(125), "{gave:?}");
    assert!(gave.stderr.contains("cannot be trusted: code.cwasm is damaged"), "{gave:?}");
    assert!(gave.stderr.contains("\nhint: "), "{gave:?}");
}

#[test]
fn a_foreign_engine_file() {
    let gave = run_with_harmed_image("foreign", |image| {
        let open = fs::Permissions::from_mode(0o666);
        fs::set_permissions(image.join("code.cwasm"), open).unwrap();
    });
    assert_eq!(gave.code, Some(125), "{gave:?}");
    assert!(gave.stderr.contains("cannot be trusted: others may write to it"), "{gave:?}");
    let gave = run_with_harmed_image("manifest", |image| fs::write(image.join("image.json"), "{").unwrap());
    assert_eq!(gave.code, Some(125), "{gave:?}");
    assert!(gave.stderr.contains("cannot be trusted: image.json: "), "{gave:?}");
}

#[test]
fn a_half_of_an_image() {
    let gave = run_with_harmed_image("half", |image| fs::remove_file(image.join("code.cwasm")).unwrap());
    assert_eq!(gave.code, Some(125), "{gave:?}");
    assert!(gave.stderr.starts_with("error: cannot read "), "{gave:?}");
}

#[test]
fn output_that_cannot_be_written() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for arguments in
        [&["run", "-c", "console.log(1)"][..], &["run", "-pc", "1"], &["run", "--json", "-c", "1"]]
    {
        let output =
            belljar().args(arguments).args(["--engine", "javascript"]).stdout(full()).output().unwrap();
        program::Gave::from(output).refused_somehow("cannot write the output: no space left on device");
    }
}

/// A cache that cannot be written is read all the same; the image is hashed at every start then.
#[test]
fn a_cache_that_cannot_be_written() {
    let gave = run_with_harmed_image("read-only", |image| {
        let _ = fs::remove_file(image.join("verified.json"));
        for folder in image.ancestors().take(2) {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o500)).unwrap();
        }
    });
    assert_eq!((gave.code, gave.stderr.as_str()), (Some(0), ""), "{gave:?}");
}
