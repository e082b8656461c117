//! Calls that last: to clients who can ask for them again, a call is given back as a task when it has gone on for a while.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, CallToolResult, CreateTaskResult};
use rmcp::task_manager::{TaskContext, TaskExit, TaskFuture, TaskManager, TaskOptions};
use tokio_util::sync::CancellationToken;

use crate::handles::Owner;

/// How long a call goes on before it becomes a task.
const TASK_AFTER: Duration = Duration::from_secs(5);

/// How many tasks go on at once. Further calls are waited for by their clients.
const RUNNING_MAX: usize = 256;

/// How long a task that is over is kept for its client.
const KEPT: Duration = Duration::from_secs(300);

/// The tasks of a server.
#[derive(Default)]
pub(crate) struct Tasks {
    running: TaskManager,
    owners: Mutex<HashMap<String, Owner>>,
}

impl Tasks {
    /// Awaits a call, or makes a task of it. `time` is the longest that it may take, and `stop` ends it.
    pub(crate) async fn await_or_keep<C>(
        &self,
        owner: Owner,
        (mut call, time): (Pin<Box<C>>, Duration),
        stop: CancellationToken,
        cancelled: &CancellationToken,
    ) -> Result<CallToolResponse, ErrorData>
    where
        C: Future<Output = Result<CallToolResult, ErrorData>> + Send + 'static,
    {
        tokio::select! {
            result = &mut call => return result.map(CallToolResponse::from),
            () = tokio::time::sleep(TASK_AFTER) => {}
            () = cancelled.cancelled() => {
                stop.cancel();
                return call.await.map(CallToolResponse::from);
            }
        }
        if self.running.running_task_count() >= RUNNING_MAX {
            return call.await.map(CallToolResponse::from);
        }
        let task = self.keep(owner, time, |context| {
            Box::pin(async move {
                tokio::select! {
                    result = &mut call => result.map_err(TaskExit::Error),
                    () = context.cancelled() => {
                        stop.cancel();
                        // A session is then as it was before.
                        let _ = call.await;
                        Err(TaskExit::Cancelled)
                    }
                }
            })
        });
        Ok(CallToolResponse::Task(task))
    }

    /// Makes a task that may take `time`.
    pub(crate) fn keep(
        &self,
        owner: Owner,
        time: Duration,
        make: impl FnOnce(TaskContext) -> TaskFuture,
    ) -> CreateTaskResult {
        let whole_ms = u64::try_from((time + KEPT).as_millis()).unwrap_or(u64::MAX);
        let options = TaskOptions::new().with_ttl_ms(whole_ms).with_status_message("the code is running");
        let task = self.running.spawn(options, make);
        self.remember(&task.task_id, owner);
        CreateTaskResult::new(task)
    }

    /// The tasks, if one of that id is this owner's. Nobody learns whether it is another's.
    pub(crate) fn of(&self, owner: &Owner, id: &str) -> Result<&TaskManager, ErrorData> {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        match owners.get(id) {
            Some(known) if known == owner => Ok(&self.running),
            _ => Err(ErrorData::invalid_params(
                "there is no such task; it may have been over for too long",
                None,
            )),
        }
    }

    fn remember(&self, id: &str, owner: Owner) {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.retain(|known, _| self.running.get_task(known).is_ok());
        owners.insert(id.to_owned(), owner);
    }
}
