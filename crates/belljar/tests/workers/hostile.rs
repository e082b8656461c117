//! Workers that have fallen: between a parent and a real worker stands one that changes what the worker says.
//!
//! Whatever it says, the parent tells its callers of a crash or gives the right answer, and is as well afterwards as before.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use belljar::{Ended, Error, Jar, Workers};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use crate::programs::script;
use crate::shared::{plain, repr};
use crate::tests;

pub(crate) const TESTS: &[crate::Test] = tests![
    hostile::a_relay_that_changes_nothing_changes_nothing,
    hostile::whatever_a_fallen_worker_says_its_callers_hear_of_a_crash,
    hostile::flipped_bits_never_reach_further,
];

/// How many frames a worker says before it has something to answer: who it is, and that it is ready.
const FIRST_FRAMES: u64 = 2;

/// Relays between the parent, which is at standard input, and a worker, and does `how` to what that says.
pub(crate) fn be(how: &str) -> ! {
    let parent = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    let (ours, theirs) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    let mut worker = Command::new(std::env::current_exe().unwrap())
        .arg("--belljar-worker")
        .env_clear()
        .stdin(theirs)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (to_parent, to_worker) = (parent.try_clone().unwrap(), ours.try_clone().unwrap());
    std::thread::spawn(move || {
        // A worker makes sure that its parent is the one that it is told of, last in the first message.
        let (mut setup, _) = receive(&parent).unwrap();
        let real = setup.strip_suffix(&varint(std::os::unix::process::parent_id())[..]).unwrap().len();
        setup.truncate(real);
        setup.extend(varint(std::process::id()));
        send(&to_worker, &setup, None);
        while let Some((frame, attached)) = receive(&parent) {
            send(&to_worker, &frame, attached);
        }
        std::process::exit(0);
    });
    let mut number = 0;
    while let Some((frame, attached)) = receive(&ours) {
        number += 1;
        if number <= FIRST_FRAMES {
            send(&to_parent, &frame, attached);
        } else {
            twist(how, &to_parent, frame, number);
        }
    }
    let _ = worker.kill();
    std::process::exit(0);
}

/// A number as it is written in messages.
fn varint(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
    bytes
}

/// Says something else than the worker does.
fn twist(how: &str, parent: &OwnedFd, mut frame: Vec<u8>, number: u64) {
    let (how, seed) = how.split_once(':').unwrap_or((how, "0"));
    match how {
        "nothing" => send(parent, &frame, None),
        "twice" => {
            send(parent, &frame, None);
            send(parent, &frame, None);
        }
        "longer" => {
            frame.push(0);
            send(parent, &frame, None);
        }
        "shorter" => send(parent, &frame[..frame.len() - 1], None),
        "huge" => send(parent, &vec![7; 100_000], None),
        "garbage" => send(parent, &[0xff; 64], None),
        "descriptor" => {
            let null = std::fs::File::open("/dev/null").unwrap();
            send(parent, &frame, Some(OwnedFd::from(null)));
        }
        "flood" => loop {
            send(parent, &frame, None);
        },
        "silence" => {}
        "gone" => std::process::exit(7),
        "hung-up" => {
            rustix::net::shutdown(parent, rustix::net::Shutdown::Both).unwrap();
            std::thread::sleep(Duration::from_secs(60));
        }
        "flip" => {
            // A number that follows from the seed and the frame, so that a failure can be had again.
            let seed: u64 = seed.parse().unwrap();
            let bits = frame.len() as u64 * 8;
            let bit = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number).wrapping_mul(0xbf58_476d_1ce4_e5b9)
                % bits;
            frame[usize::try_from(bit / 8).unwrap()] ^= 1 << (bit % 8);
            send(parent, &frame, None);
        }
        other => panic!("there is no {other}"),
    }
}

fn receive(from: &OwnedFd) -> Option<(Vec<u8>, Option<OwnedFd>)> {
    let mut buffer = vec![0; 128 * 1024];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received =
        recvmsg(from, &mut [IoSliceMut::new(&mut buffer)], &mut control, RecvFlags::CMSG_CLOEXEC).ok()?;
    let mut attached = None;
    for more in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = more {
            descriptors.for_each(|descriptor| attached = Some(descriptor));
        }
    }
    buffer.truncate(received.bytes);
    (received.bytes > 0).then_some((buffer, attached))
}

fn send(to: &OwnedFd, frame: &[u8], attached: Option<OwnedFd>) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let attached: Vec<_> = attached.iter().map(AsFd::as_fd).collect();
    if !attached.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&attached));
    }
    if sendmsg(to, &[IoSlice::new(frame)], &mut control, SendFlags::NOSIGNAL).is_err() {
        std::process::exit(0);
    }
}

/// A jar whose worker has fallen in this way.
fn fallen(how: &str) -> (tempfile::TempDir, Workers, Jar) {
    let place = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let program = script(place.path(), &format!("exec {} hostile {how}", program.display()));
    let workers = Workers::builder(1).program(program).build();
    let limits = belljar::Limits { time_ms: 500, ..belljar::Limits::default() };
    let jar = plain("microjs").with_limits(limits).unwrap().in_workers(&workers).unwrap();
    (place, workers, jar)
}

pub(crate) fn a_relay_that_changes_nothing_changes_nothing() {
    let (_place, _workers, jar) = fallen("nothing");
    assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
    let session = jar.session().unwrap();
    session.run_blocking("var n = 1").unwrap();
    assert_eq!(repr(&session.run_blocking("n + 1").unwrap()), "2");
}

pub(crate) fn whatever_a_fallen_worker_says_its_callers_hear_of_a_crash() {
    for how in ["longer", "shorter", "huge", "garbage", "descriptor", "gone", "hung-up", "silence"] {
        let (_place, _workers, jar) = fallen(how);
        let begun = Instant::now();
        let outcome = jar.run_blocking("6 * 7").unwrap();
        assert_eq!(outcome.ended, Ended::Crashed, "{how}: {outcome:?}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{how}: {:?}", begun.elapsed());
        assert!(matches!(jar.session(), Err(Error::WorkerLost { .. })), "{how}");
    }
    // The first of two answers is a right one; then it is ended.
    for how in ["twice", "flood"] {
        let (_place, workers, jar) = fallen(how);
        let before = workers.processes()[0].id;
        let outcome = jar.run_blocking("6 * 7").unwrap();
        assert!(outcome.ended == Ended::Crashed || repr(&outcome) == "42", "{how}: {outcome:?}");
        crate::shared::until(Duration::from_secs(10), || {
            workers.processes().first().is_some_and(|process| process.id != before)
        });
    }
}

pub(crate) fn flipped_bits_never_reach_further() {
    for seed in 0..40 {
        let (_place, _workers, jar) = fallen(&format!("flip:{seed}"));
        // Whatever comes of it is one of what can come of a run.
        match jar.run_blocking("print('hello'); 6 * 7") {
            Ok(_) | Err(Error::Internal(_) | Error::WorkerLost { .. }) => {}
            Err(other) => assert!(!other.to_string().is_empty(), "{seed}: {other:?}"),
        }
    }
}
