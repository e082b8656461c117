//! The thread on which exchanges are served: one for the process, started at the first of them.
//!
//! The library runs on any executor, or on none (`blocking.rs`), and sockets need a reactor; so it brings one of its own. What is
//! served there reaches sessions through bounded channels alone.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

/// The most threads that ask the operating system's resolver, which blocks.
const RESOLVERS_MAX: usize = 64;

static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(RESOLVERS_MAX)
        .thread_name("belljar-net")
        .enable_all()
        .build()
});

/// Serves `task` to its end. An error when the machine has no thread for it.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Result<(), &'static std::io::Error> {
    RUNTIME.as_ref().map(|runtime| drop(runtime.spawn(task)))
}
