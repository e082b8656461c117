//! The jail that `belljar run`, its prompt and its server of lines close around themselves.
#![expect(
    unsafe_code,
    reason = "a kernel that lacks something is made by what a process does before it starts the program"
)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod program;

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io::Write;
use std::os::fd::IntoRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use program::{Folder, Gave, belljar, read_until, run};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

const LANDLOCK: &[i64] =
    &[libc::SYS_landlock_create_ruleset, libc::SYS_landlock_add_rule, libc::SYS_landlock_restrict_self];

/// A program that says when it runs, and waits until it is told to end.
const WAITS: &str = "import sys\nprint('runs', flush=True)\nsys.stdin.read()";

/// The program as it is started on a machine whose kernel answers these system calls with an error.
fn where_calls_fail(calls: &[i64], errno: i32) -> Command {
    let calls: BTreeMap<i64, Vec<_>> = calls.iter().map(|number| (*number, Vec::new())).collect();
    let these = SeccompAction::Errno(errno.unsigned_abs());
    let here = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, these, here).unwrap();
    let filter: BpfProgram = filter.try_into().unwrap();
    let mut command = belljar();
    // SAFETY: between fork and exec it makes two system calls.
    unsafe { command.pre_exec(move || apply_filter(&filter).map_err(std::io::Error::other)) };
    command
}

fn gave(command: &mut Command) -> Gave {
    command.stdin(Stdio::null()).output().unwrap().into()
}

/// A program that runs, its standard input held open.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let shown = read_until(child.stdout.as_mut().unwrap(), "runs");
        assert!(shown.contains("runs"), "{shown}");
        Self(child)
    }

    fn start_run(more: &[&str]) -> Self {
        Self::start(belljar().args(["run", "--stdin", "-c", WAITS]).args(more))
    }

    /// What the kernel says of each of its threads.
    fn status(&self, key: &str) -> Vec<String> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.0.id())).unwrap();
        let of = |path: std::path::PathBuf| {
            let status = std::fs::read_to_string(path.join("status")).unwrap();
            let line =
                status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("{key}"));
            line.trim_start_matches(':').trim().to_owned()
        };
        threads.map(|thread| of(thread.unwrap().path())).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Every thread of the process is held.
#[track_caller]
fn assert_jailed(running: &Running) {
    for (key, value) in [("NoNewPrivs", "1"), ("Seccomp", "2"), ("CapEff", "0000000000000000")] {
        let found = running.status(key);
        assert!(!found.is_empty() && found.iter().all(|found| found == value), "{key}: {found:?}");
    }
}

#[test]
fn a_run_is_jailed_in_all_its_threads_unless_that_is_declined() {
    let running = Running::start_run(&[]);
    assert!(running.status("Seccomp").len() > 1, "the clock and Ctrl-C have threads");
    assert_jailed(&running);
    let free = Running::start_run(&["--no-jail"]);
    assert_eq!(free.status("Seccomp").first().map(String::as_str), Some("0"));
}

#[test]
fn the_prompt_and_the_server_of_lines_are_jailed() {
    let mut prompt = belljar();
    let mut prompt = prompt.arg("repl").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    prompt.stdin.as_mut().unwrap().write_all(b"print('runs', flush=True)\n").unwrap();
    read_until(prompt.stdout.as_mut().unwrap(), "runs");
    assert_jailed(&Running(prompt));
    let mut lines = belljar();
    let mut lines =
        lines.args(["run", "--jsonl"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let request = br#"{"id": 1, "op": "run", "engine": "javascript", "session": "a", "code": "'ru' + 'ns'"}"#;
    lines.stdin.as_mut().unwrap().write_all(&[request, &b"\n"[..]].concat()).unwrap();
    read_until(lines.stdout.as_mut().unwrap(), "runs");
    assert_jailed(&Running(lines));
}

/// A descriptor that whoever started the program left open is closed before code runs.
#[test]
fn inherited_descriptors_are_closed() {
    let folder = Folder::new("jail-descriptors");
    let secret = std::fs::File::open(folder.file("secret", "secret")).unwrap().into_raw_fd();
    // SAFETY: the number is this test's; the program inherits it.
    assert_eq!(unsafe { libc::fcntl(secret, libc::F_SETFD, 0) }, 0);
    let open = |running: &Running| {
        let folder = std::fs::read_dir(format!("/proc/{}/fd", running.0.id())).unwrap();
        let targets = folder.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
        targets.filter(|target| target.ends_with("secret")).count()
    };
    assert_eq!(open(&Running::start_run(&["--no-jail"])), 1);
    assert_eq!(open(&Running::start_run(&[])), 0);
}

/// What a run with grants does goes on in the jail, which is then as wide as they are.
#[test]
fn a_run_with_grants_is_jailed_too() {
    let folder = Folder::new("jail-grants");
    let mount = format!("{}:/data:rw", folder.path().display());
    let saved = folder.path().join("state");
    let running = Running::start_run(&[
        "--mount",
        &mount,
        "--allow-net",
        "localhost:1",
        "--save",
        saved.to_str().unwrap(),
    ]);
    for (key, value) in [("NoNewPrivs", "1"), ("Seccomp", "2")] {
        assert!(running.status(key).iter().all(|found| found == value), "{key}");
    }
}

#[test]
fn what_the_kernel_lacks_is_told_once_and_code_runs() {
    let gave = gave(where_calls_fail(LANDLOCK, libc::ENOSYS).args(["run", "-c", "print(1)"]));
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(0), "1\n"), "{gave:?}");
    assert_eq!(
        gave.stderr,
        "note: there is no jail: it lacks landlock (the kernel has none); Linux has it from 5.13 on, where it was built with \
         CONFIG_SECURITY_LANDLOCK and `lsm=` names landlock\n"
    );
}

#[test]
fn a_system_without_namespaces_for_users_has_a_jail_and_says_what_it_lacks() {
    let calls = [libc::SYS_unshare];
    let gave = gave(where_calls_fail(&calls, libc::EPERM).args(["run", "--require-jail", "-c", "print(1)"]));
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(0), "1\n"), "{gave:?}");
    assert!(
        gave.stderr.starts_with("note: the jail lacks user namespace, ipc namespace, uts namespace, cgroup namespace (the kernel refuses it); let users have"),
        "{gave:?}"
    );
    assert_eq!(gave.stderr.lines().count(), 1, "{gave:?}");
}

#[test]
fn a_jail_that_is_required_and_cannot_be_closed_lets_nothing_run() {
    let sentence = "the jail cannot be closed: landlock: the kernel has none";
    gave(where_calls_fail(LANDLOCK, libc::ENOSYS).args(["run", "--require-jail", "-c", "print(1)"]))
        .refused(sentence);
    gave(where_calls_fail(LANDLOCK, libc::ENOSYS).args(["repl", "--require-jail"])).refused(sentence);
    gave(where_calls_fail(LANDLOCK, libc::ENOSYS).args(["run", "--jsonl", "--require-jail"]))
        .refused(sentence);
    let seccomp =
        gave(where_calls_fail(&[libc::SYS_seccomp], libc::EPERM).args(["run", "--require-jail", "-c", "1"]));
    seccomp.refused("the jail cannot be closed: seccomp: the kernel refuses it");
    let both = run(["run", "--require-jail", "--no-jail", "-c", "1"]);
    assert_eq!(both.code, Some(125), "{both:?}");
    assert!(both.stderr.contains("'--require-jail' cannot be used with '--no-jail'"), "{both:?}");
}

#[test]
fn a_policy_can_require_it() {
    let folder = Folder::new("jail-policy");
    let policy = folder.file("policy.toml", "[jail]\nrequired = true\n");
    let under = ["run", "--policy", &policy, "-c", "print(1)"];
    assert_eq!(run(under).code, Some(0));
    run(under.into_iter().chain(["--no-jail"])).refused("the policy requires a jail (`jail.required`)");
    gave(where_calls_fail(LANDLOCK, libc::ENOSYS).args(under))
        .refused("the jail cannot be closed: landlock: the kernel has none");
}

/// The program is started by a user without rights, where the test is run by root: with an image in a folder that others can read.
#[test]
fn an_ordinary_user_has_the_jail() {
    // SAFETY: it asks for a number.
    if unsafe { libc::geteuid() } != 0 {
        return eprintln!("not checked: only root can be another user, and all other tests are run by one");
    }
    let cache = std::env::temp_dir().join(format!("belljar-nobody-{}", std::process::id()));
    let list = run(["image", "list"]).stdout;
    let image = list.lines().find(|line| line.starts_with("microjs ")).unwrap();
    let image = std::path::Path::new(image.rsplit(' ').next().unwrap());
    let key = image.parent().unwrap().file_name().unwrap();
    let copy = cache.join("belljar/images").join(key).join("microjs");
    std::fs::create_dir_all(&copy).unwrap();
    for file in std::fs::read_dir(image).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        std::fs::set_permissions(copy.join(file.file_name()), Permissions::from_mode(0o644)).unwrap();
    }
    // That user may not be able to reach the folder of this build.
    let program = cache.join("program");
    std::fs::copy(env!("CARGO_BIN_EXE_belljar"), &program).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(&program);
    command.env_clear().env("XDG_CACHE_HOME", &cache).current_dir("/").uid(65534).gid(65534);
    let arguments = ["run", "--require-jail", "--engine", "microjs", "-p", "-c", "1 + 1"];
    let output = command.args(arguments).stdin(Stdio::null()).output();
    std::fs::remove_dir_all(&cache).unwrap();
    let gave = Gave::from(output.unwrap());
    assert_eq!((gave.code, gave.stdout.as_str(), gave.stderr.as_str()), (Some(0), "2\n", ""));
}

#[test]
fn doctor_says_what_there_is() {
    let gave = gave(where_calls_fail(LANDLOCK, libc::ENOSYS).arg("doctor"));
    assert!(gave.stdout.contains("\njail      CANNOT be closed\n"), "{gave:?}");
    assert!(
        gave.stdout.contains("\n  missing   landlock: the kernel has none\n            hint: Linux has it"),
        "{gave:?}"
    );
    assert!(gave.stdout.contains("\n  had       seccomp\n"), "{gave:?}");
}
