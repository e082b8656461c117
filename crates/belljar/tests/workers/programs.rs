//! Programs that cannot be workers, machines that are short of something, and parents that end.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use belljar::{Error, Workers};

use crate::shared::{plain, repr, until};
use crate::tests;

pub(crate) const TESTS: &[crate::Test] = tests![
    programs::a_program_that_cannot_be_a_worker_is_told_apart,
    programs::an_installed_program_can_be_the_worker,
    programs::workers_end_with_their_parent,
    programs::too_many_open_files_are_an_error_and_not_the_end,
];

/// A program that does what a shell is told.
pub(crate) fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("worker");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

/// Why workers of this program cannot be had.
fn refusal(program: &Path) -> Error {
    let workers = Workers::builder(1).program(program).build();
    plain("microjs").in_workers(&workers).unwrap_err()
}

pub(crate) fn a_program_that_cannot_be_a_worker_is_told_apart() {
    let place = tempfile::tempdir().unwrap();
    let said = |error: &Error| error.to_string();

    let missing = place.path().join("nowhere");
    let error = refusal(&missing);
    assert_eq!(
        said(&error),
        format!("{} cannot be a worker: No such file or directory (os error 2)", missing.display())
    );
    assert!(error.hint().unwrap().contains("serve_if_asked"));

    let of = |text: &str| said(&refusal(&script(place.path(), text)));
    let name = place.path().join("worker").display().to_string();
    assert_eq!(
        of("exit 3"),
        format!("{name} cannot be a worker: it exited with status 3 before it was ready")
    );
    assert_eq!(
        of("echo 'no such option' >&2; exit 2"),
        format!("{name} cannot be a worker: it exited with status 2 before it was ready: no such option")
    );
    assert_eq!(
        of("kill -9 $$"),
        format!("{name} cannot be a worker: it was ended by signal 9 before it was ready")
    );
    assert_eq!(
        of("echo hello >&0; sleep 60"),
        format!("{name} cannot be a worker: it does not speak as a worker does")
    );
    let other = refusal(&script(place.path(), "printf 'belljar worker 9.9.9 form 7' >&0; sleep 60"));
    assert!(matches!(&other, Error::WorkerVersion { found, .. } if found == "9.9.9 form 7"), "{other:?}");
    assert!(said(&other).contains("is a worker of version 9.9.9 form 7, and this program needs version"));
    let greeting = concat!("belljar worker ", env!("CARGO_PKG_VERSION"), " form 1");
    assert_eq!(
        of(&format!("printf '{greeting}' >&0; echo nonsense >&0; sleep 60")),
        format!("{name} cannot be a worker: it does not speak as a worker does")
    );
    let begun = std::time::Instant::now();
    assert_eq!(of("sleep 60"), format!("{name} cannot be a worker: it said nothing for 10 s"));
    assert!(begun.elapsed() < Duration::from_secs(12));
}

pub(crate) fn an_installed_program_can_be_the_worker() {
    // This program is as good as `belljar` itself: it begins in the same way.
    let workers = Workers::builder(1).program(std::env::current_exe().unwrap()).build();
    let jar = plain("microjs").in_workers(&workers).unwrap();
    assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
}

/// What this program does as the parent of `workers_end_with_their_parent`.
pub(crate) fn be_a_parent() -> ! {
    let workers = Workers::new(2);
    let jar = plain("microjs").in_workers(&workers).unwrap();
    until(Duration::from_secs(20), || workers.processes().len() == 2);
    let ids: Vec<String> = workers.processes().iter().map(|process| process.id.to_string()).collect();
    println!("{}", ids.join(" "));
    loop {
        // Whatever comes of it: this process is about to be killed.
        let _ = jar.run_blocking("for (;;) {}");
    }
}

pub(crate) fn workers_end_with_their_parent() {
    let mut parent =
        Command::new(std::env::current_exe().unwrap()).arg("parent").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let workers: Vec<PathBuf> = line.split_whitespace().map(|id| Path::new("/proc").join(id)).collect();
    assert!(workers.len() == 2 && workers.iter().all(|worker| worker.exists()), "{line}");
    parent.kill().unwrap();
    parent.wait().unwrap();
    // Whoever inherits them may take its time to bury them.
    let has_ended = |worker: &PathBuf| {
        let status = std::fs::read_to_string(worker.join("stat")).unwrap_or_default();
        status.is_empty()
            || status.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']))
    };
    let took = until(Duration::from_secs(5), || workers.iter().all(has_ended));
    assert!(took < Duration::from_secs(1), "{took:?}");
}

pub(crate) fn too_many_open_files_are_an_error_and_not_the_end() {
    let workers = Workers::new(1);
    let image = plain("microjs");
    let mut files = Vec::new();
    let lowered = lower_open_files(256);
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    let refused = image.clone().in_workers(&workers).unwrap_err();
    drop(files);
    lowered();
    assert!(matches!(&refused, Error::Io { source, .. } if source.raw_os_error() == Some(24)), "{refused:?}");
    assert!(refused.to_string().starts_with("cannot make the channel to a worker: "), "{refused}");
    let jar = image.in_workers(&workers).unwrap();
    assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
}

/// Lets this process have so many files open, until what it gives back is called.
fn lower_open_files(most: u64) -> impl FnOnce() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..before }).unwrap();
    move || setrlimit(Resource::Nofile, before).unwrap()
}
