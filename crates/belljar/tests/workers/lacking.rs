//! Machines that lack something a worker needs: layers of the jail, memory for messages, room in `/dev/shm`.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use belljar::{Error, Lack, Layer, Workers};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use crate::log;
use crate::programs::script;
use crate::shared::{alone, plain, repr};
use crate::tests;

pub(crate) const TESTS: &[crate::Test] = tests![
    lacking::a_jail_that_is_required_and_cannot_be_closed_is_refused_with_what_is_missing,
    lacking::what_is_missing_is_told_and_code_runs,
    lacking::a_full_place_for_shared_memory_changes_nothing,
    lacking::messages_for_which_there_is_no_memory_are_errors_and_not_the_end,
];

/// A kernel that lacks something: with which calls that is asked for, and what it answers.
fn kernel_without(what: &str) -> (&'static [i64], i32) {
    match what {
        "landlock" => (
            &[
                libc::SYS_landlock_create_ruleset,
                libc::SYS_landlock_add_rule,
                libc::SYS_landlock_restrict_self,
            ],
            libc::ENOSYS,
        ),
        "filters" => (&[libc::SYS_seccomp], libc::EPERM),
        "namespaces" => (&[libc::SYS_unshare], libc::EPERM),
        other => panic!("there is no kernel without {other}"),
    }
}

/// Turns into a worker for which the kernel lacks something.
pub(crate) fn be_a_worker_without(what: &str) -> ! {
    let (calls, errno) = kernel_without(what);
    let calls: BTreeMap<i64, Vec<_>> = calls.iter().map(|number| (*number, Vec::new())).collect();
    let these = SeccompAction::Errno(errno.unsigned_abs());
    let here = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, these, here).unwrap();
    let filter: BpfProgram = filter.try_into().unwrap();
    apply_filter(&filter).unwrap();
    let error = Command::new(std::env::current_exe().unwrap()).arg("--belljar-worker").exec();
    panic!("{error}")
}

/// A program for such workers, in a folder.
fn program_without(folder: &Path, what: &str) -> std::path::PathBuf {
    let program = std::env::current_exe().unwrap();
    script(folder, &format!("exec {} worker-without {what}", program.display()))
}

pub(crate) fn a_jail_that_is_required_and_cannot_be_closed_is_refused_with_what_is_missing() {
    for (what, layer, lack) in
        [("landlock", Layer::Landlock, Lack::Kernel), ("filters", Layer::Seccomp, Lack::Refused)]
    {
        let place = tempfile::tempdir().unwrap();
        let workers = Workers::builder(1).program(program_without(place.path(), what)).require_jail().build();
        let refused = plain("microjs").in_workers(&workers).unwrap_err();
        let Error::Jail { missing } = &refused else { panic!("{refused:?}") };
        assert_eq!(missing, &[(layer, lack)]);
        assert_eq!(refused.to_string(), format!("the jail cannot be closed: {layer}: {lack}"));
        assert_eq!(refused.hint(), Some(layer.hint(lack)));
        assert!(workers.processes().is_empty());
    }
}

pub(crate) fn what_is_missing_is_told_and_code_runs() {
    // Without Landlock there is no jail, which was not required; without namespaces there is one.
    for (what, layer, is_required) in
        [("landlock", Layer::Landlock, false), ("namespaces", Layer::NetworkNamespace, true)]
    {
        let place = tempfile::tempdir().unwrap();
        let builder = Workers::builder(1).program(program_without(place.path(), what));
        let builder = if is_required { builder.require_jail() } else { builder };
        let told = || log::lines_with(&format!("layer=\"{layer}\"")).len();
        let before = told();
        let jar = plain("microjs").in_workers(&builder.build()).unwrap();
        assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
        assert_eq!(told(), before + 1, "{what}");
    }
}

/// Runs that hand over more than a frame holds, in both directions.
fn long_messages_pass() {
    let (_workers, jar) = alone("python");
    let code = format!("x = '{}'\nx", "a".repeat(200_000));
    assert_eq!(repr(&jar.run_blocking(code.as_str()).unwrap()).len(), 200_002);
    let outcome = jar.run_blocking("print('b' * 300000)").unwrap();
    assert_eq!(outcome.stdout.to_string().len(), 300_001);
}

/// What this program does where `/dev/shm` is full.
pub(crate) fn be_where_shared_memory_is_full() -> ! {
    let full = std::fs::write("/dev/shm/more", vec![0; 65536]).unwrap_err();
    assert_eq!(full.raw_os_error(), Some(libc::ENOSPC), "{full}");
    long_messages_pass();
    println!("passed");
    std::process::exit(0)
}

/// Memory for messages has no name, and lies in no file system that somebody has mounted.
pub(crate) fn a_full_place_for_shared_memory_changes_nothing() {
    let mount = "mount -t tmpfs -o size=4k tmpfs /dev/shm && { head -c 65536 /dev/zero > /dev/shm/full 2>/dev/null; exec \"$0\" full-shared-memory; }";
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", mount]).arg(program);
    let output = match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => return println!("skipped: unshare cannot be started: {error}"),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, errors) = (text(&output.stdout), text(&output.stderr));
    if errors.contains("unshare") || errors.contains("mount:") {
        return println!("skipped: this machine gives no mount namespace: {errors}");
    }
    assert_eq!((output.status.code(), out.as_str()), (Some(0), "passed\n"), "{errors}");
}

/// What this program does where no file, and so no memory that is shared, may be longer than a page.
pub(crate) fn be_where_files_are_short() -> ! {
    // The kernel sends it with the error.
    signal_hook::flag::register(libc::SIGXFSZ, std::sync::Arc::default()).unwrap();
    let (workers, jar) = alone("python");
    let short = Rlimit { current: Some(4096), ..getrlimit(Resource::Fsize) };
    setrlimit(Resource::Fsize, short).unwrap();
    let code = format!("x = '{}'\nlen(x)", "a".repeat(300_000));
    println!("{}", jar.run_blocking(code.as_str()).unwrap_err());
    println!("{}", repr(&jar.run_blocking("6 * 7").unwrap()));
    // Where the answer has no room, it is lost, and its worker with it.
    println!("{:?}", jar.run_blocking("print('b' * 300000)").unwrap().ended);
    println!("{}", log::lines_with("there is no memory for its answer").len());
    drop(workers);
    std::process::exit(0)
}

pub(crate) fn messages_for_which_there_is_no_memory_are_errors_and_not_the_end() {
    let output =
        Command::new(std::env::current_exe().unwrap()).arg("short-files").stdin(Stdio::null()).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected =
        "cannot make memory for a message to a worker: File too large (os error 27)\n42\nCrashed\n1\n";
    assert_eq!((output.status.code(), said.as_str()), (Some(0), expected), "{output:?}");
}
