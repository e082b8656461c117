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
