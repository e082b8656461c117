//! The inside of a worker: what the process does from its first moment.
//!
//! It says who it is, maps the images that it is told of, shuts itself in, and then does what it is asked until the channel is closed.

mod going;
mod images;
mod line;
mod serve;
mod sessions;
mod streams;

use std::os::fd::AsFd;
use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::channel::{Channel, Received, Wait, buffer};
use super::frame::{Down, GREETING, Setup, Up, decode, encode};
use super::jail::{Inherited, Jail};
use super::process::ARGUMENT;
use super::refusal::Refusal;
use super::workers::Workers;
use crate::error::Result;
use crate::host::stopwatch::monotonic;
use images::Images;

/// The exit status of a process that cannot be a worker.
const NOT_SERVED: i32 = 125;

impl Workers {
    /// Makes this process a worker if it was started as one, and then never returns. To be called first in `main` by every program that uses workers:
    /// they are the same program.
    ///
    /// A worker has an empty environment and is asked for nothing before this is called, so what `main` does before should be nothing.
    pub fn serve_if_asked() {
        let mut arguments = std::env::args_os().skip(1);
        if arguments.next().is_some_and(|argument| argument == ARGUMENT) && arguments.next().is_none() {
            serve();
        }
    }
}

/// Signals that ask a process to end. A service manager sends them to all processes of a service at once, and a worker is needed until its parent has
/// let what runs come to its end.
const ASKING_TO_END: [i32; 3] = [SIGTERM, SIGINT, SIGHUP];

/// The life of a worker.
fn serve() -> ! {
    // Only its parent ends it, or that one's end: a flag that nobody looks at takes the place of what the signal would do.
    if ASKING_TO_END.into_iter().any(|signal| signal_hook::flag::register(signal, Arc::default()).is_err()) {
        leave(NOT_SERVED);
    }
    let inherited = Inherited::note();
    let Ok(end) = std::io::stdin().as_fd().try_clone_to_owned() else { leave(NOT_SERVED) };
    let channel = Channel::new(end);
    if channel.send(GREETING.as_bytes(), None, Wait::Yes).is_err() {
        leave(NOT_SERVED);
    }
    let mut buffer = buffer();
    let setup = match channel.receive(&mut buffer, Wait::Yes) {
        Received::Frame(length, None) => decode(&buffer[..length]),
        _ => leave(NOT_SERVED),
    };
    let Ok(Down::Setup(setup)) = setup else { leave(NOT_SERVED) };
    let (images, missing) = match shut_in(&setup, inherited) {
        Ok(ready) => ready,
        Err(error) => {
            let _ = channel.send(&encode(&Up::NotReady(Refusal::from(error))), None, Wait::Yes);
            leave(NOT_SERVED);
        }
    };
    if channel.send(&encode(&Up::Ready(missing)), None, Wait::Yes).is_err() {
        leave(NOT_SERVED);
    }
    serve::serve(channel, images, setup.runs_max)
}

/// Layers that are not to be had, and why.
type Missing = Vec<(String, String)>;

/// Maps the images, and closes the jail.
fn shut_in(setup: &Setup, inherited: Inherited) -> Result<(Images, Missing)> {
    let images = Images::map(setup)?;
    // The first look at a clock asks the system where its page of clocks is.
    let _ = monotonic();
    let jail = Jail::closed().threads().child_of(setup.parent).leave(inherited);
    let layers = if setup.requires_jail { jail.require() } else { jail }.enter()?;
    let missing = layers.missing().map(|(layer, lack)| (layer.to_string(), lack.to_string()));
    Ok((images, missing.collect()))
}

/// Ends the process, whatever its threads are doing.
fn leave(status: i32) -> ! {
    std::process::exit(status)
}
