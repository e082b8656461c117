//! Ctrl-C: the first one cancels the run that goes on, the next one ends the program.

use std::sync::{Arc, Mutex, PoisonError};

use belljar::CancelToken;
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::exit::Failure;

/// Listens for Ctrl-C from when it is made.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<Mutex<Option<CancelToken>>>);

impl Interrupt {
    /// Begins to listen.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let mut signals =
            Signals::new([SIGINT]).map_err(|error| Failure::system("cannot listen for Ctrl-C", error))?;
        let interrupt = Self(Arc::default());
        let listener = interrupt.clone();
        let listen = move || {
            for signal in &mut signals {
                if !listener.cancel() {
                    // Ends the process as if nothing had listened, so that a shell sees why.
                    let _ = emulate_default_handler(signal);
                }
            }
        };
        let thread = std::thread::Builder::new().name("belljar-ctrl-c".to_owned()).spawn(listen);
        thread.map_err(|error| Failure::system("cannot start a thread", error))?;
        Ok(interrupt)
    }

    /// From now on until `release`, the first Ctrl-C cancels the run that `token` belongs to.
    pub(crate) fn aim(&self, token: &CancelToken) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
    }

    /// Nothing runs any more: a Ctrl-C ends the program.
    pub(crate) fn release(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Cancels the run, if there is one that was not cancelled before.
    fn cancel(&self) -> bool {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.inspect(CancelToken::cancel).is_some()
    }
}
