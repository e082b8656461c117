//! Services that are asked to end: signals to a parent, to its workers, or to all of them at once.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use belljar::{Error, Workers};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

use crate::shared::{alone, begun, pid, plain, repr, signal, until};
use crate::tests;

pub(crate) const TESTS: &[crate::Test] = tests![
    stopping::a_worker_that_is_asked_to_end_goes_on,
    stopping::a_service_that_is_asked_to_end_answers_what_runs,
    stopping::a_run_that_takes_longer_than_the_grace_is_told,
];

pub(crate) fn a_worker_that_is_asked_to_end_goes_on() {
    let (workers, jar) = alone("python");
    let first = pid(&workers);
    let running = begun(&jar, "print('on', flush=True); import time; time.sleep(0.3); 'ended'");
    for how in ["TERM", "INT", "HUP", "TERM"] {
        signal(first, how);
    }
    assert_eq!(repr(&running.join().unwrap().unwrap()), "'ended'");
    assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
    assert_eq!(pid(&workers), first);
}

/// What this program does as a service: it has one run of a second going, tells of it, and shuts down when it is asked to end.
pub(crate) fn be_a_service(grace: Duration) -> ! {
    let mut signals = Signals::new([SIGTERM]).unwrap();
    let workers = Workers::new(1);
    let jar = plain("python").in_workers(&workers).unwrap();
    let running = std::thread::spawn({
        let jar = jar.clone();
        move || jar.run_blocking("import time; time.sleep(1); 'ended'")
    });
    until(Duration::from_secs(5), || workers.processes().iter().any(|process| process.runs == 1));
    println!("{}", pid(&workers));
    signals.forever().next();
    let stopping = std::thread::spawn(move || workers.shutdown_blocking(grace));
    // Nothing new is begun from then on, while the other run goes on.
    loop {
        match jar.run_blocking("6 * 7") {
            Ok(_) => {}
            Err(Error::WorkersStopped) => break,
            Err(other) => panic!("{other:?}"),
        }
    }
    println!("refused before the other ended: {}", !running.is_finished());
    match running.join().unwrap() {
        Ok(outcome) => println!("{}", repr(&outcome)),
        Err(error) => println!("{error}"),
    }
    stopping.join().unwrap();
    std::process::exit(0)
}

/// A service, and its worker.
struct Service(Child, BufReader<std::process::ChildStdout>, u32);

impl Service {
    fn start(grace_ms: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut service =
            Command::new(program).args(["service", grace_ms]).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(service.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        Self(service, out, line.trim().parse().unwrap())
    }

    /// How it ended, and what it said.
    fn end(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        self.1.read_to_string(&mut said).unwrap();
        (self.0.wait().unwrap(), said)
    }
}

pub(crate) fn a_service_that_is_asked_to_end_answers_what_runs() {
    let service = Service::start("10000");
    // As a service manager does it: all processes of the service get the signal.
    signal(service.2, "TERM");
    signal(service.0.id(), "TERM");
    let worker = std::path::PathBuf::from(format!("/proc/{}", service.2));
    let (status, said) = service.end();
    assert_eq!((status.code(), said.as_str()), (Some(0), "refused before the other ended: true\n'ended'\n"));
    until(Duration::from_secs(5), || !worker.exists());
}

pub(crate) fn a_run_that_takes_longer_than_the_grace_is_told() {
    let service = Service::start("100");
    let begun = Instant::now();
    signal(service.0.id(), "TERM");
    let (status, said) = service.end();
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
    let told = "refused before the other ended: true\nthe workers are shut down\n";
    assert_eq!((status.code(), said.as_str()), (Some(0), told));
}
