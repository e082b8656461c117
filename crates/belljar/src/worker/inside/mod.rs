//! The inside of a worker: what the process does from its first moment.
//!
//! It says who it is, maps the images that it is told of, shuts itself in, and then does what it is asked until the channel is closed.

mod going;
mod images;
mod serve;
mod sessions;

use std::os::fd::AsFd;

use super::channel::{Channel, Received, Wait, buffer};
use super::frame::{Down, GREETING, Up, decode, encode};
use super::process::ARGUMENT;
use super::refusal::Refusal;
use super::workers::Workers;
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

/// The life of a worker.
fn serve() -> ! {
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
    let images = match Images::map(&setup) {
        Ok(images) => images,
        Err(error) => {
            let _ = channel.send(&encode(&Up::NotReady(Refusal::from(error))), None, Wait::Yes);
            leave(NOT_SERVED);
        }
    };
    if channel.send(&encode(&Up::Ready), None, Wait::Yes).is_err() {
        leave(NOT_SERVED);
    }
    serve::serve(channel, images, setup.runs_max)
}

/// Ends the process, whatever its threads are doing.
fn leave(status: i32) -> ! {
    std::process::exit(status)
}
