//! Time limits of single calls. The library runs on any executor or none, so the timer is one of its own: a thread that keeps time for
//! all calls, started at the first that has a limit.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).thread_name("belljar-timer").enable_time().build()
});

/// What `work` comes to, or None when it takes longer: then it is dropped. Where the machine has no thread to keep time, nothing may take any.
pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let timeout = {
        let _entered = RUNTIME.as_ref().ok()?.enter();
        tokio::time::timeout(limit, work)
    };
    timeout.await.ok()
}
