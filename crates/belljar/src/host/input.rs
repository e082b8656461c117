//! Standard input: what the caller passes in, and the end of file otherwise.
//!
//! A caller's reader may block for as long as it likes. So a thread of its own reads it, which starts with the first read and is asked for
//! one piece at a time; the run waits for a piece as it waits for anything else, until its time is over.

use std::fmt;
use std::io::{ErrorKind, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::memory::GuestMemory;
use super::stop::Stop;

/// The most that is read at once, so that a guest's size never decides what the host allocates.
const PIECE_BYTES: usize = 64 * 1024;

/// Where standard input comes from.
#[derive(Default)]
pub(crate) struct Input {
    /// None once its thread has it, and where there is no input at all.
    reader: Option<Box<dyn Read + Send>>,
    pipe: Option<Pipe>,
    piece: Vec<u8>,
    /// How much of the piece the guest has.
    taken: usize,
    ended: bool,
}

impl Input {
    pub(crate) fn empty() -> Self {
        Self::default()
    }

    pub(crate) fn from_reader(reader: Box<dyn Read + Send>) -> Self {
        Self { reader: Some(reader), ..Self::default() }
    }

    /// Ready when [`read`](Self::read) has something to hand over, or the end. A source that fails counts as ended.
    pub(crate) fn poll_ready(&mut self, context: &Context<'_>) -> Poll<()> {
        if self.ended || self.taken < self.piece.len() {
            return Poll::Ready(());
        }
        if let Some(reader) = self.reader.take() {
            self.pipe = Pipe::open(reader);
        }
        let piece = match &self.pipe {
            Some(pipe) => pipe.poll_piece(context),
            None => Poll::Ready(Vec::new()),
        };
        piece.map(|piece| {
            self.ended = piece.is_empty();
            self.piece = piece;
            self.taken = 0;
        })
    }

    /// Hands over at most `len` bytes at `ptr` of what has come; nothing at the end.
    pub(crate) fn read(&mut self, memory: &mut GuestMemory<'_>, ptr: u32, len: u32) -> Result<u32, Stop> {
        let rest = &self.piece[self.taken..];
        let count = rest.len().min(len as usize);
        memory.bytes_mut(ptr, len)?;
        memory.write(ptr, &rest[..count])?;
        self.taken += count;
        Ok(u32::try_from(count).unwrap_or(0))
    }
}

impl Input {
    /// At most `most` bytes of what has come; nothing at the end.
    pub(crate) fn take(&mut self, most: usize) -> Vec<u8> {
        let rest = &self.piece[self.taken..];
        let piece = rest[..rest.len().min(most)].to_vec();
        self.taken += piece.len();
        piece
    }
}

/// What goes to and from the thread that reads.
struct Pipe(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether a piece is wanted.
    asked: bool,
    /// The piece that was wanted. An empty one is the end.
    piece: Option<Vec<u8>>,
    waker: Option<Waker>,
    /// Whether nobody will ask again.
    closed: bool,
}

impl Pipe {
    /// Starts the thread. None where the process cannot have another one.
    fn open(mut reader: Box<dyn Read + Send>) -> Option<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let serve = move || {
            // A reader that panics has come to its end, too.
            let end = End(theirs);
            while end.0.is_asked() {
                let piece = read_piece(&mut *reader);
                let ended = piece.is_empty();
                end.0.hand_over(piece);
                if ended {
                    break;
                }
            }
        };
        std::thread::Builder::new().name("belljar-input".to_owned()).spawn(serve).ok()?;
        Some(Self(shared))
    }

    fn poll_piece(&self, context: &Context<'_>) -> Poll<Vec<u8>> {
        let mut state = self.0.lock();
        if let Some(piece) = state.piece.take() {
            state.asked = false;
            return Poll::Ready(piece);
        }
        state.waker = Some(context.waker().clone());
        if !state.asked {
            state.asked = true;
            self.0.changed.notify_one();
        }
        Poll::Pending
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // A thread that is in the middle of a read ends when the reader returns.
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is one assignment: the state is as good after a panic as before.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a piece is wanted; false when none ever will be.
    fn is_asked(&self) -> bool {
        let waiting = |state: &mut State| !state.closed && (!state.asked || state.piece.is_some());
        let state = self.changed.wait_while(self.lock(), waiting).unwrap_or_else(PoisonError::into_inner);
        !state.closed
    }

    fn hand_over(&self, piece: Vec<u8>) {
        let mut state = self.lock();
        state.piece = Some(piece);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Tells the end when the thread goes, whatever the reason.
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.hand_over(Vec::new());
    }
}

fn read_piece(reader: &mut dyn Read) -> Vec<u8> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match reader.read(&mut piece) {
            Ok(count) => {
                piece.truncate(count);
                return piece;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Vec::new(),
        }
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Input")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocking::block_on;
    use std::future::poll_fn;

    fn read(input: &mut Input, len: u32) -> Vec<u8> {
        block_on(poll_fn(|context| input.poll_ready(context)));
        let mut bytes = vec![0; 64];
        let count = input.read(&mut GuestMemory::new(&mut bytes), 0, len).unwrap();
        bytes.truncate(count as usize);
        bytes
    }

    #[test]
    fn input_comes_in_order_and_ends() {
        let mut input = Input::from_reader(Box::new(b"ab".chain(&b"cde"[..])));
        assert_eq!((read(&mut input, 1), read(&mut input, 9)), (b"a".to_vec(), b"b".to_vec()));
        assert_eq!((read(&mut input, 9), read(&mut input, 9)), (b"cde".to_vec(), Vec::new()));
        assert_eq!((read(&mut input, 9), read(&mut Input::empty(), 9)), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_reader_that_fails_or_panics_has_ended() {
        struct Bad(bool);
        impl Read for Bad {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                if self.0 { Err(ErrorKind::Other.into()) } else { std::panic::resume_unwind(Box::new(())) }
            }
        }
        for fails in [true, false] {
            assert_eq!(read(&mut Input::from_reader(Box::new(Bad(fails))), 9), b"");
        }
    }

    #[test]
    fn nothing_is_read_that_nobody_asks_for() {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        struct Told(std::sync::mpsc::SyncSender<()>);
        impl Read for Told {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                panic!("nobody asked")
            }
        }
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.send(()).expect("the test waits");
            }
        }
        drop(Input::from_reader(Box::new(Told(sender))));
        assert_eq!(receiver.recv(), Ok(()));
    }
}
