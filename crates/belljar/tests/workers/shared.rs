//! What the tests share.

use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use belljar::{Jar, Outcome, Request, Workers};

/// Two workers, for everything that leaves them as they are.
static WORKERS: LazyLock<Workers> = LazyLock::new(|| Workers::new(2));

/// The images that every test of behaviour is run with.
pub(crate) const IMAGES: [&str; 3] = ["python", "javascript", "microjs"];

pub(crate) fn plain(image: &str) -> Jar {
    Jar::open(image).unwrap_or_else(|error| panic!("{error} ({})", error.hint().unwrap_or("no hint")))
}

/// A jar in the workers that tests share.
pub(crate) fn jar(image: &str) -> Jar {
    plain(image).in_workers(&WORKERS).unwrap()
}

/// A jar with a worker of its own.
pub(crate) fn alone(image: &str) -> (Workers, Jar) {
    let workers = Workers::new(1);
    let jar = plain(image).in_workers(&workers).unwrap();
    (workers, jar)
}

#[track_caller]
pub(crate) fn repr(outcome: &Outcome) -> &str {
    match &outcome.value {
        Some(value) => &value.repr,
        None => panic!("no value: {outcome:#?}"),
    }
}

/// The process id of the only worker.
#[track_caller]
pub(crate) fn pid(workers: &Workers) -> u32 {
    let processes = workers.processes();
    assert_eq!(processes.len(), 1, "{processes:?}");
    processes[0].id
}

/// Sends a signal by its name.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = std::process::Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(sent.unwrap().success());
}

/// A request to run code that says with its first output that it has begun, and where that is heard.
pub(crate) fn telling(code: &str) -> (Request, Receiver<()>) {
    let (tell, told) = channel();
    // Nobody listens to what comes after that.
    let request = Request::new(code).on_output(move |_, _| tell.send(()).unwrap_or_default());
    (request, told)
}

/// Runs code that prints something first, on a thread of its own, once it has begun.
pub(crate) fn begun(jar: &Jar, code: &str) -> JoinHandle<belljar::Result<Outcome>> {
    let (jar, (request, told)) = (jar.clone(), telling(code));
    let running = std::thread::spawn(move || jar.run_blocking(request));
    told.recv().unwrap();
    running
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(most: Duration, is_so: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < most, "it did not come to that within {most:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
    begun.elapsed()
}

/// Runs a future on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}
