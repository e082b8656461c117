//! How a tool does its work, behind types that are gone.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::ToolCall;

/// A result as JSON text, or why there is none.
pub(crate) type Done = Result<String, String>;

pub(crate) type Working<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A place for a call that goes on, given back when it is over.
pub(crate) type Place = OwnedSemaphorePermit;

/// Who does the work.
#[derive(Clone)]
pub(crate) enum Work {
    OnAThread(Arc<dyn Fn(Value) -> Done + Send + Sync>),
    AsFuture(Arc<dyn Fn(Value) -> Working<Done> + Send + Sync>),
    OfTheCaller,
    /// The process that has the tool does it, for a session that lives in another.
    Elsewhere {
        awaited: bool,
    },
}

type QuickCheck = dyn Fn(&ToolCall) -> Result<(), String> + Send + Sync;

/// What a call must pass before it is made.
#[derive(Clone)]
pub(crate) enum Check {
    Quick(Arc<QuickCheck>),
    Approval(Arc<dyn Fn(ToolCall) -> Working<bool> + Send + Sync>),
}

impl Work {
    pub(super) fn on_a_thread<A, R, E, F>(name: &str, function: F) -> Self
    where
        A: DeserializeOwned,
        R: Serialize,
        E: fmt::Display,
        F: Fn(A) -> Result<R, E> + Send + Sync + 'static,
    {
        let name = name.to_owned();
        Self::OnAThread(Arc::new(move |arguments| written(function(read(&name, arguments)?))))
    }

    pub(super) fn as_future<A, R, E, F, W>(name: &str, function: F) -> Self
    where
        A: DeserializeOwned,
        R: Serialize,
        E: fmt::Display,
        F: Fn(A) -> W + Send + Sync + 'static,
        W: Future<Output = Result<R, E>> + Send + 'static,
    {
        let name = name.to_owned();
        Self::AsFuture(Arc::new(move |arguments| match read(&name, arguments) {
            Ok(arguments) => {
                let work = function(arguments);
                Box::pin(async move { written(work.await) })
            }
            Err(reason) => Box::pin(std::future::ready(Err(reason))),
        }))
    }

    /// Whether the caller answers calls himself.
    pub(crate) fn is_of_the_caller(&self) -> bool {
        matches!(self, Self::OfTheCaller)
    }

    /// Does the work of one call, in the place that it was given. None for a tool that the caller answers, or another process has.
    pub(crate) fn begin(&self, tool: &str, arguments: Value, place: Option<Place>) -> Option<Working<Done>> {
        match self {
            Self::OnAThread(function) => {
                Some(Box::pin(on_thread(Arc::clone(function), tool.to_owned(), arguments, place)))
            }
            Self::AsFuture(function) => {
                let work = function(arguments);
                Some(Box::pin(async move {
                    let _place = place;
                    work.await
                }))
            }
            Self::OfTheCaller | Self::Elsewhere { .. } => None,
        }
    }
}

/// The most threads that plain tools of the process have at once. A call that finds none free waits.
const THREADS_MAX: usize = 256;

static THREADS: Semaphore = Semaphore::const_new(THREADS_MAX);

/// Calls a function on a thread of its own. A run that no longer waits for it does not stop it: thread and place are taken until it returns.
async fn on_thread(
    function: Arc<dyn Fn(Value) -> Done + Send + Sync>,
    tool: String,
    arguments: Value,
    place: Option<Place>,
) -> Done {
    let free = THREADS.acquire().await;
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name(format!("belljar-tool-{tool}"));
    let spawned = thread.spawn(move || {
        let _taken = (free, place);
        // What panics in there is a defect of the tool's, and neither the run's nor ours.
        let done = catch_unwind(AssertUnwindSafe(|| function(arguments)));
        let _ = sender.send(done.unwrap_or_else(|_| Err(FAILED.to_owned())));
    });
    match spawned {
        Ok(_) => receiver.await.unwrap_or_else(|_| Err(FAILED.to_owned())),
        Err(error) => Err(format!("there is no thread for it: {error}")),
    }
}

/// What the code is told of a tool that broke: nothing that belongs to the host.
const FAILED: &str = "the tool failed";

fn read<A: DeserializeOwned>(tool: &str, arguments: Value) -> Result<A, String> {
    serde_json::from_value(arguments).map_err(|error| format!("the arguments of {tool} do not fit: {error}"))
}

fn written<R: Serialize, E: fmt::Display>(result: Result<R, E>) -> Done {
    let value = result.map_err(|error| error.to_string())?;
    serde_json::to_string(&value).map_err(|error| format!("its result cannot be sent: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Waker};

    use super::*;
    use crate::blocking::block_on;

    #[test]
    fn a_call_waits_while_all_threads_are_taken() {
        let taken = block_on(THREADS.acquire_many(u32::try_from(THREADS_MAX).unwrap())).unwrap();
        let began = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&began);
        let function = Arc::new(move |_: Value| {
            begins.store(true, Ordering::SeqCst);
            Ok("1".to_owned())
        });
        let mut call = Box::pin(on_thread(function, "one".to_owned(), Value::Null, None));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(!began.load(Ordering::SeqCst));
        drop(taken);
        assert_eq!(block_on(call), Ok("1".to_owned()));
    }
}
