//! Runs the program that was built, and says what it did.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program, with nothing of this environment but what images need to be found.
pub(crate) fn belljar() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_belljar"));
    command.env_clear();
    for name in ["HOME", "XDG_CACHE_HOME"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// What a call of the program gave.
#[derive(Debug)]
pub(crate) struct Gave {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Gave {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Gave {
    /// Asserts that the program said what is wrong in one sentence and what to do in another, printed nothing, and ended with 125.
    #[track_caller]
    pub(crate) fn refused(&self, sentence: &str) {
        assert_eq!(self.code, Some(125), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let lines: Vec<&str> = self.stderr.lines().collect();
        assert_eq!(lines.first().copied(), Some(format!("error: {sentence}").as_str()), "{self:?}");
        assert!(lines.len() == 2 && lines[1].starts_with("hint: "), "one sentence and one hint: {self:?}");
    }
}

/// Runs the program with these arguments and an empty standard input.
#[track_caller]
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Gave {
    belljar().args(arguments).stdin(Stdio::null()).output().expect("the program can be started").into()
}

/// Runs the program with this standard input.
#[track_caller]
pub(crate) fn run_with(input: &[u8], arguments: &[&str]) -> Gave {
    let mut child = belljar()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let gave = child.wait_with_output().expect("the program ends").into();
    // A program that refuses its input does not read it.
    let _ = writer.join();
    gave
}

/// A folder of this test's own, gone when the test is.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new folder; `name` is the test's.
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the folder of build artefacts can be written");
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).expect("the folder can be written");
        path.to_str().expect("paths of build artefacts are UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Reads until the text has come, or everything has.
pub(crate) fn read_until(from: &mut impl Read, text: &str) -> String {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&seen).contains(text) && from.read(&mut byte).is_ok_and(|count| count > 0) {
        seen.push(byte[0]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}
