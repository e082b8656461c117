//! Escapes: what a process can still do that has broken out of WebAssembly, in the jail of a worker and in that of `belljar run`, and with single
//! layers left out. Row 117 of `docs/attacks.md`.
//!
//! Each attempt is a raw system call in a process of its own, which has entered the jail as they do.
#![expect(unsafe_code, reason = "an attacker makes system calls as he likes")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]
#![cfg(second_ring)]

#[path = "escape/attempts.rs"]
mod attempts;
#[path = "escape/lacking.rs"]
mod lacking;
#[path = "escape/lifetime.rs"]
mod lifetime;
#[path = "escape/prisoner.rs"]
mod prisoner;
#[path = "escape/reach.rs"]
mod reach;

use std::net::TcpListener;
use std::os::fd::IntoRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::atomic::{AtomicU32, Ordering};

use belljar::{Inherited, Jail, Layer, Standing};

use attempts::{Around, Attempt};
use prisoner::{Got, in_child};

/// What is refused and does not kill, since libraries do it in passing.
const IN_PASSING: [&str; 6] = [
    "openat",
    "open its environment",
    "open the first process's memory",
    "open a directory",
    "open from an inherited descriptor",
    "make a file",
];

/// What stands around the processes of this test, for as long as it is held.
struct Surroundings {
    around: Around,
    _listeners: (TcpListener, UnixListener),
}

fn surroundings() -> Surroundings {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let parent = i32::try_from(std::process::id()).unwrap();
    // Children of other tests may hold a name for longer than it is held here.
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let abstract_name = format!("belljar-{parent}-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let named = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&abstract_name).unwrap()).unwrap();
    let root = std::fs::File::open("/").unwrap().into_raw_fd();
    let port = tcp.local_addr().unwrap().port();
    Surroundings { around: Around { parent, root, port, abstract_name }, _listeners: (tcp, named) }
}

/// The jail of a worker.
pub(crate) fn worker() -> Jail {
    // SAFETY: it asks for a number.
    let parent = unsafe { libc::getppid() };
    own().child_of(parent.unsigned_abs())
}

/// The jail of `belljar run` without grants.
pub(crate) fn own() -> Jail {
    Jail::closed().threads().leave(inherited())
}

/// What this process was started with, but for where it tells what it found.
pub(crate) fn inherited() -> Inherited {
    Inherited::note().but(prisoner::report())
}

/// What becomes of an attempt in a jail.
fn tried(attempt: &Attempt, around: &Around, jail: &dyn Fn() -> Jail) -> Got {
    in_child(|| match jail().enter() {
        Ok(_) => (attempt.act)(around),
        Err(_) => Got::Ended(99),
    })
}

/// Tries everything, and says what came of what should not have.
fn try_all(jail: &dyn Fn() -> Jail, is_held: &dyn Fn(&Attempt, Got) -> bool) {
    let surroundings = surroundings();
    let escaped: Vec<_> = attempts::all()
        .map(|attempt| (attempt, tried(attempt, &surroundings.around, jail)))
        .filter(|(attempt, got)| !is_held(attempt, *got))
        .map(|(attempt, got)| format!("{}: {got:?}", attempt.what))
        .collect();
    assert!(escaped.is_empty(), "{escaped:#?}");
}

/// The process is killed, or refused what is asked in passing.
fn by_seccomp(attempt: &Attempt, got: Got) -> bool {
    match IN_PASSING.contains(&attempt.what) {
        true => got == Got::Refused(libc::EACCES),
        false => got == Got::Killed(libc::SIGSYS),
    }
}

/// The kernel refuses, for the reason that is expected, or does what only the filter stops.
fn by_others(attempt: &Attempt, got: Got) -> bool {
    match attempt.without_seccomp {
        [] => true,
        errors => matches!(got, Got::Refused(number) if errors.contains(&number)),
    }
}

#[test]
fn every_attempt_is_stopped_in_the_jail_of_a_worker() {
    try_all(&|| worker().require(), &by_seccomp);
}

#[test]
fn every_attempt_is_stopped_in_the_jail_of_a_run() {
    try_all(&|| own().require(), &by_seccomp);
}

/// The filter does not lean on the others.
#[test]
fn seccomp_holds_alone() {
    let alone = || Layer::ALL.into_iter().filter(|layer| *layer != Layer::Seccomp);
    try_all(&|| alone().fold(Jail::closed().threads(), Jail::without), &by_seccomp);
}

#[test]
fn without_seccomp_the_other_layers_of_a_worker_hold_what_they_promise() {
    try_all(&|| worker().without(Layer::Seccomp), &by_others);
}

#[test]
fn without_seccomp_the_other_layers_of_a_run_hold_what_they_promise() {
    try_all(&|| own().without(Layer::Seccomp), &by_others);
}

#[test]
fn without_landlock_the_others_hold() {
    try_all(&|| worker().without(Layer::Landlock), &by_seccomp);
}

/// Namespaces and an empty root stand in for Landlock where there is neither that nor a filter: no path leads anywhere, and nobody is near.
#[test]
fn without_seccomp_and_landlock_namespaces_hold_files_and_the_network() {
    let jail = || worker().without(Layer::Seccomp).without(Layer::Landlock);
    let of_them = |attempt: &Attempt| {
        ["openat", "openat2", "open its environment", "make a file", "connect over TCP", "execute a program"]
            .contains(&attempt.what)
    };
    try_all(&jail, &|attempt, got| !of_them(attempt) || matches!(got, Got::Refused(_)));
}

#[test]
fn without_namespaces_the_others_hold() {
    let kinds = [
        Layer::UserNamespace,
        Layer::MountNamespace,
        Layer::NetworkNamespace,
        Layer::IpcNamespace,
        Layer::UtsNamespace,
        Layer::CgroupNamespace,
        Layer::EmptyRoot,
    ];
    try_all(&|| kinds.into_iter().fold(worker(), Jail::without), &by_seccomp);
    let without_seccomp = || kinds.into_iter().fold(worker(), Jail::without).without(Layer::Seccomp);
    try_all(&without_seccomp, &by_others);
}

/// Every layer that a worker can have is in force on a machine that has it.
#[test]
fn a_worker_has_every_layer_that_the_machine_has() {
    let offered = belljar::Layers::probe();
    let got = in_child(|| {
        let layers = worker().enter().unwrap();
        let lost = Layer::ALL.into_iter().filter(|layer| match layers.standing(*layer) {
            Standing::InForce => false,
            Standing::Open(_) => ![Layer::PidNamespace, Layer::ControlGroup].contains(layer),
            _ => offered.holds(*layer),
        });
        Got::Done(i64::try_from(lost.count()).unwrap())
    });
    assert_eq!(got, Got::Done(0));
}
