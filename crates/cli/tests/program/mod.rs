//! Runs the program that was built, and says what it did.

#![allow(dead_code, reason = "every test file uses a part of this")]

pub(crate) mod talk;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

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

impl Gave {
    /// Asserts that the program said what is wrong in one sentence that begins so, printed nothing, and ended with 125. What the system says
    /// needs no more, or gets a hint.
    #[track_caller]
    pub(crate) fn refused_somehow(&self, sentence: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(125), ""), "{self:?}");
        assert!(self.stderr.starts_with(&format!("error: {sentence}")), "{self:?}");
        let lines: Vec<&str> = self.stderr.lines().collect();
        assert!(lines[1..].iter().all(|line| line.starts_with("hint: ")) && lines.len() <= 2, "{self:?}");
    }
}

/// Runs the program with these arguments and an empty standard input.
#[track_caller]
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Gave {
    installed(
        belljar().args(arguments).stdin(Stdio::null()).output().expect("the program can be started").into(),
    )
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
    let gave = installed(child.wait_with_output().expect("the program ends").into());
    // A program that refuses its input does not read it.
    let _ = writer.join();
    gave
}

/// These tests run real code: without images they can say nothing.
#[track_caller]
fn installed(gave: Gave) -> Gave {
    assert!(
        !gave.stderr.contains("is not installed"),
        "run `cargo xtask setup` before these tests: {gave:?}"
    );
    gave
}

/// How long a terminal is looked at before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal that a test types to and looks at.
pub(crate) struct Terminal {
    keys: fs::File,
    line: Option<fs::File>,
    shown: Receiver<Vec<u8>>,
    unread: String,
}

impl Terminal {
    /// A terminal that nobody has written to.
    pub(crate) fn new() -> Self {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let screen =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("this machine has pseudo-terminals");
        grantpt(&screen).and_then(|()| unlockpt(&screen)).expect("it is ours");
        let name =
            ptsname(&screen, Vec::new()).expect("it has a name").into_string().expect("its name is ASCII");
        let line = fs::OpenOptions::new().read(true).write(true).open(name).expect("it is ours");
        let keys = fs::File::from(screen);
        let mut screen = keys.try_clone().expect("a file can be cloned");
        let (sender, shown) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of a terminal is an error of reading.
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keys, line: Some(line), shown, unread: String::new() }
    }

    /// The side of the program.
    pub(crate) fn line(&self) -> Stdio {
        let line = self.line.as_ref().expect("nobody has seen the end yet");
        line.try_clone().expect("a file can be cloned").into()
    }

    /// Types.
    pub(crate) fn write(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).expect("a terminal takes a line");
    }

    /// What is shown until this text has come, and the text.
    #[track_caller]
    pub(crate) fn read_until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.unread.find(text) {
                let rest = self.unread.split_off(at + text.len());
                return std::mem::replace(&mut self.unread, rest);
            }
            match self.shown.recv_timeout(PATIENCE) {
                Ok(bytes) => self.unread += &String::from_utf8_lossy(&bytes),
                Err(_) => panic!("{text:?} is not shown, only {:?}", self.unread),
            }
        }
    }

    /// All that is shown until the program has ended.
    pub(crate) fn shown(mut self) -> String {
        drop(self.line.take());
        let rest: Vec<u8> = self.shown.iter().flatten().collect();
        self.unread + &String::from_utf8_lossy(&rest)
    }
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
    while !String::from_utf8_lossy(&seen).contains(text) && from.read(&mut byte).is_ok_and(|count| count > 0)
    {
        seen.push(byte[0]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

/// What a shell script does in a mount namespace of its own, where the folder `place` is a file system of `bytes`. None where the machine
/// does not let its users have such a thing; root always may.
pub(crate) fn on_small_disk(place: &Path, bytes: u32, script: &str) -> Option<Gave> {
    let unshare = |script: String| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).env_clear();
        command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").stdin(Stdio::null());
        Gave::from(command.output().ok().unwrap_or_else(|| panic!("unshare is part of every Debian")))
    };
    let mount = format!("mount -t tmpfs -o size={bytes} none '{}'", place.display());
    if unshare(mount.clone()).code != Some(0) {
        eprintln!("not checked: this machine lets nobody but root mount anything");
        return None;
    }
    Some(unshare(format!("{mount} && {script}")))
}
