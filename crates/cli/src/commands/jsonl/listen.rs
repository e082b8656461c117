//! What the server waits for: the next line, or to be asked to end.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use signal_hook::consts::SIGTERM;
use signal_hook::flag;
use signal_hook::iterator::Signals;

use super::line::{Lines, Unreadable};
use crate::exit::Failure;

/// A line, as far as it could be read.
type Line = Result<String, Unreadable>;

/// What comes next. None at the end.
type Next = Option<Result<Line, Failure>>;

/// The lines of standard input, to its end or until the first SIGTERM; the next one ends the process at once.
pub(crate) fn lines() -> Result<impl Iterator<Item = Result<Line, Failure>>, Failure> {
    // No more is read ahead than one line: whoever asks more than is served is slowed down.
    let (tell, told) = sync_channel(0);
    let mut signals = signals().map_err(|error| Failure::system("cannot listen for SIGTERM", error))?;
    let end = tell.clone();
    start("belljar-sigterm", move || {
        // Nobody is there to be told when the server ends by itself.
        let _ = signals.forever().next().map(|_| end.send(None));
    })?;
    start("belljar-lines", move || read(&tell))?;
    Ok(Told(told))
}

/// Waits for SIGTERM. The second one has the effect that it has where nobody waits.
fn signals() -> io::Result<Signals> {
    let was_asked = Arc::default();
    flag::register_conditional_default(SIGTERM, Arc::clone(&was_asked))?;
    flag::register(SIGTERM, was_asked)?;
    Signals::new([SIGTERM])
}

struct Told(Receiver<Next>);

impl Iterator for Told {
    type Item = Result<Line, Failure>;

    fn next(&mut self) -> Next {
        self.0.recv().ok().flatten()
    }
}

fn read(tell: &SyncSender<Next>) {
    let mut lines = Lines::new(io::stdin().lock());
    loop {
        let next = lines.next().map_err(|error| Failure::system("cannot read standard input", error));
        let next = next.transpose();
        let is_last = !matches!(next, Some(Ok(_)));
        if tell.send(next).is_err() || is_last {
            return;
        }
    }
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map(drop).map_err(|error| Failure::system("cannot start a thread", error))
}
