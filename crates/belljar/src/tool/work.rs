//! How a tool does its work, behind types that are gone.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::oneshot;

use super::ToolCall;

/// A result as JSON text, or why there is none.
pub(crate) type Done = Result<String, String>;

pub(crate) type Working<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Who does the work.
#[derive(Clone)]
pub(crate) enum Work {
    OnAThread(Arc<dyn Fn(Value) -> Done + Send + Sync>),
    AsFuture(Arc<dyn Fn(Value) -> Working<Done> + Send + Sync>),
    OfTheCaller,
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

    /// Does the work of one call. None for a tool that the caller answers.
    pub(crate) fn begin(&self, tool: &str, arguments: Value) -> Option<Working<Done>> {
        match self {
            Self::OnAThread(function) => Some(on_thread(Arc::clone(function), tool, arguments)),
            Self::AsFuture(function) => Some(function(arguments)),
            Self::OfTheCaller => None,
        }
    }
}

/// Calls a function on a thread of its own. A run that no longer waits for it does not stop it.
fn on_thread(
    function: Arc<dyn Fn(Value) -> Done + Send + Sync>,
    tool: &str,
    arguments: Value,
) -> Working<Done> {
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name(format!("belljar-tool-{tool}"));
    let spawned = thread.spawn(move || {
        // What panics in there is a defect of the tool's, and neither the run's nor ours.
        let done = catch_unwind(AssertUnwindSafe(|| function(arguments)));
        let _ = sender.send(done.unwrap_or_else(|_| Err(FAILED.to_owned())));
    });
    match spawned {
        Ok(_) => Box::pin(async move { receiver.await.unwrap_or_else(|_| Err(FAILED.to_owned())) }),
        Err(error) => Box::pin(std::future::ready(Err(format!("there is no thread for it: {error}")))),
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
