//! The end of a server: when it is asked to go, by a signal.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tokio::sync::oneshot;

use crate::exit::Failure;

/// Ready when the process is asked to end. Who asks a second time ends it at once.
pub(super) fn asked() -> Result<impl Future<Output = ()>, Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM])
        .map_err(|error| Failure::system("cannot listen for signals", error))?;
    let (sender, receiver) = oneshot::channel();
    let listen = move || {
        let mut sender = Some(sender);
        for signal in &mut signals {
            match sender.take() {
                // Who does not wait has ended already.
                Some(sender) => drop(sender.send(())),
                None => drop(emulate_default_handler(signal)),
            }
        }
    };
    let thread = std::thread::Builder::new().name("belljar-signals".to_owned()).spawn(listen);
    thread.map_err(|error| Failure::system("cannot start a thread", error))?;
    Ok(async move {
        // A sender that is gone will never ask.
        if receiver.await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
