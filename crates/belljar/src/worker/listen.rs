//! The thread that a worker has in its parent: it starts the process, listens to it, and sees to its end.
//!
//! The kernel ends a worker when the thread that started it ends, so one thread does all of it. That also means that it ends with its parent, however that
//! ended.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::calls::Violation;
use super::cgroups::Group;
use super::channel::{Channel, Received, Wait, buffer};
use super::frame::{Down, GREETING, GREETING_ANY, Setup, Up, decode, encode};
use super::jail::layer::{Lack, Layer};
use super::peer::Worker;
use super::process::{self, Errors, Process};
use super::refusal::Refusal;
use super::settings::Settings;
use crate::error::Error;
use crate::host::stopwatch::monotonic;

/// How long a worker may take to say who it is.
const GREETING_TIME_MAX: Duration = Duration::from_secs(10);

/// How long it may take to map its images and to shut itself in.
const READY_TIME_MAX: Duration = Duration::from_secs(60);

/// The most frames that are taken in a row before anything else is looked at.
const FRAMES_AT_ONCE: usize = 64;

/// Why there is no worker.
#[derive(Clone, Debug)]
pub(super) enum NotStarted {
    /// The program cannot be one.
    Program { program: PathBuf, reason: String },
    /// It is another version.
    Version { program: PathBuf, found: String },
    /// The machine lacks something.
    System { doing: &'static str, errno: Option<i32> },
    /// It lacks layers of the jail that are required.
    Jail { missing: Vec<(Layer, Lack)> },
}

impl NotStarted {
    pub(super) fn to_error(&self) -> Error {
        match self.clone() {
            Self::Program { program, reason } => Error::WorkerProgram { program, reason },
            Self::Version { program, found } => {
                Error::WorkerVersion { program, found, expected: GREETING.trim_start_matches(GREETING_ANY) }
            }
            Self::System { doing, errno } => {
                let source =
                    errno.map_or_else(|| std::io::ErrorKind::Other.into(), std::io::Error::from_raw_os_error);
                Error::io(doing, source)
            }
            Self::Jail { missing } => Error::Jail { missing },
        }
    }

    fn system(doing: &'static str, error: &std::io::Error) -> Self {
        Self::System { doing, errno: error.raw_os_error() }
    }
}

/// A worker that has just begun, and what it writes to standard error.
pub(super) struct Begun {
    pub(super) worker: Arc<Worker>,
    errors: Errors,
}

/// Starts a worker and waits until it is ready.
pub(super) fn begin(number: u64, settings: &Settings, setup: &Setup) -> Result<Begun, NotStarted> {
    let program = settings.program.as_deref();
    let shown = process::shown(program);
    let (channel, theirs) = Channel::pair()
        .map_err(|error| NotStarted::system("cannot make the channel to a worker", &error.into()))?;
    // Before there is another process in the group that this one may have to be alone in.
    let (group, must_be_bounded) =
        (Group::new(settings.memory_max_bytes), settings.memory_max_bytes.is_some());
    let (mut process, errors) = Process::start(program, theirs).map_err(|error| {
        if process::is_shortage(&error) {
            return NotStarted::system("cannot start a worker", &error);
        }
        NotStarted::Program { program: shown.clone(), reason: error.to_string() }
    })?;
    // Before it is told what to map.
    bound(&mut process, group, must_be_bounded)?;
    let mut young =
        Young { process, channel, errors: Errors::new(errors), last_line: String::new(), buffer: buffer() };
    let refused = |reason| NotStarted::Program { program: shown.clone(), reason };

    let greeting = young.hear(GREETING_TIME_MAX).map_err(refused)?;
    let greeting = String::from_utf8_lossy(greeting).into_owned();
    match greeting.strip_prefix(GREETING_ANY) {
        Some(_) if greeting == GREETING => {}
        Some(found) => {
            return Err(NotStarted::Version { program: shown, found: crate::audit::shown(found) });
        }
        None => return Err(refused("it does not speak as a worker does".to_owned())),
    }
    // The socket is empty, so there is room.
    let told = young.channel.send(&encode(&Down::Setup(setup.clone())), None, Wait::No);
    told.map_err(|_| refused(young.end("cannot be told what to do")))?;
    match young.hear(READY_TIME_MAX).map(decode::<Up>).map_err(refused)? {
        Ok(Up::Ready(missing)) => {
            for (layer, why) in missing {
                lacks(&crate::audit::shown(&layer), &crate::audit::shown(&why));
            }
        }
        Ok(Up::NotReady(Refusal::Jail { missing })) => return Err(NotStarted::Jail { missing }),
        Ok(Up::NotReady(why)) => return Err(refused(why.into_text())),
        Ok(_) | Err(_) => return Err(refused("it does not speak as a worker does".to_owned())),
    }
    let kinds: BTreeSet<_> = setup.images.keys().cloned().collect();
    let worker = Worker::new(number, (young.process, young.channel), kinds)
        .map_err(|error| NotStarted::system("cannot make the bell of a worker", &error))?;
    Ok(Begun { worker: Arc::new(worker), errors: young.errors })
}

/// Puts a worker into its control group. Where there is none, that is told, and refused if there must be one.
fn bound(process: &mut Process, group: Result<Option<Group>, Lack>, must_be: bool) -> Result<(), NotStarted> {
    let bounded = group.and_then(|group| group.map_or(Ok(()), |group| process.bound(group)));
    match bounded {
        Err(lack) if must_be => Err(NotStarted::Jail { missing: vec![(Layer::ControlGroup, lack)] }),
        Err(lack) => {
            lacks(Layer::ControlGroup.name(), &lack.to_string());
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Tells of a layer that workers do without.
fn lacks(layer: &str, why: &str) {
    tracing::warn!(layer, why, "a layer of the jail of workers is not to be had here");
}

/// A process that may become a worker.
struct Young {
    process: Process,
    channel: Channel,
    errors: Errors,
    last_line: String,
    buffer: Vec<u8>,
}

impl Young {
    /// The next frame, or why there is none.
    fn hear(&mut self, within: Duration) -> Result<&[u8], String> {
        let due = monotonic() + within;
        loop {
            match self.channel.receive(&mut self.buffer, Wait::No) {
                Received::Frame(length, None) => return Ok(&self.buffer[..length]),
                Received::Frame(_, Some(_)) => return Err("it handed over a descriptor".to_owned()),
                Received::NoFrame(what) => return Err(what.to_owned()),
                Received::End => return Err(self.end("before it was ready")),
                Received::NotYet => {}
            }
            let left = due.saturating_sub(monotonic());
            if left.is_zero() {
                return Err(format!("it said nothing for {} s", within.as_secs()));
            }
            wait(
                [Some((self.channel.as_fd(), PollFlags::IN)), readable(self.errors.as_fd()), None],
                Some(left),
            );
            let last = &mut self.last_line;
            if self.errors.as_fd().is_some_and(has_something) {
                self.errors.read(|line| line.clone_into(last));
            }
        }
    }

    /// How it came to its end.
    fn end(&mut self, when: &str) -> String {
        // It has closed the channel: it has ended, or has no right to go on.
        let how = self.process.settle();
        let last = &mut self.last_line;
        while self.errors.as_fd().is_some_and(has_something) {
            self.errors.read(|line| line.clone_into(last));
        }
        if last.is_empty() { format!("it {how} {when}") } else { format!("it {how} {when}: {last}") }
    }
}

/// Listens to a worker until it has ended, or must: with what it did, if it did something that it may not.
pub(super) fn listen(begun: Begun) -> Option<Violation> {
    let Begun { worker, mut errors } = begun;
    loop {
        match take_frames(&worker, &mut worker.ear.lock().unwrap_or_else(PoisonError::into_inner)) {
            Ok(Heard::Nothing) => {}
            Ok(Heard::More) => continue,
            Ok(Heard::End) => return None,
            Err(violation) => return Some(violation),
        }
        let due = worker.calls.next_due();
        let now = monotonic();
        if due.is_some_and(|due| due <= now) {
            return Some("it did not stop what nobody waits for");
        }
        let mut wanted = PollFlags::IN;
        wanted.set(PollFlags::OUT, worker.has_unsent());
        let waited = [
            Some((worker.channel.as_fd(), wanted)),
            readable(Some(worker.bell.as_fd())),
            readable(errors.as_fd()),
        ];
        wait(waited, due.map(|due| due.saturating_sub(now)));
        let mut rung = [0; 8];
        let _ = rustix::io::read(&worker.bell, &mut rung);
        worker.flush();
        if errors.as_fd().is_some_and(has_something) {
            let pid = worker.process.id();
            errors.read(|line| tracing::warn!(pid, line, "a worker says"));
        }
    }
}

/// What taking frames came to.
pub(super) enum Heard {
    /// There is nothing more for now.
    Nothing,
    /// There may be more.
    More,
    /// Nothing more will come.
    End,
}

/// Takes in what the worker has said.
pub(super) fn take_frames(worker: &Worker, buffer: &mut [u8]) -> Result<Heard, Violation> {
    for _ in 0..FRAMES_AT_ONCE {
        match worker.channel.receive(buffer, Wait::No) {
            Received::Frame(length, None) => {
                if let Some(room) = worker.calls.take(decode(&buffer[..length])?)? {
                    worker.give(&room);
                }
            }
            Received::Frame(_, Some(_)) => return Err("it handed over a descriptor"),
            Received::NoFrame(what) => return Err(what),
            Received::NotYet => return Ok(Heard::Nothing),
            Received::End => return Ok(Heard::End),
        }
    }
    // Others have a say as well: what waits to be sent, and its end.
    worker.flush();
    Ok(if worker.is_doomed() { Heard::End } else { Heard::More })
}

type Waited<'a> = Option<(BorrowedFd<'a>, PollFlags)>;

fn readable(descriptor: Option<BorrowedFd<'_>>) -> Waited<'_> {
    descriptor.map(|descriptor| (descriptor, PollFlags::IN))
}

/// Waits until one of them has something, or for `most`.
fn wait(waited: [Waited<'_>; 3], most: Option<Duration>) {
    let mut polled: Vec<PollFd<'_>> = waited
        .into_iter()
        .flatten()
        .map(|(descriptor, flags)| PollFd::from_borrowed_fd(descriptor, flags))
        .collect();
    let most = most.and_then(|most| Timespec::try_from(most).ok());
    // Being interrupted is as good as being woken.
    let _ = poll(&mut polled, most.as_ref());
}

fn has_something(descriptor: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
    poll(&mut polled, Some(&Timespec::default())).is_ok_and(|count| count > 0)
}
