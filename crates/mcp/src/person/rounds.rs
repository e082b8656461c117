//! Calls of clients that come back with what a person said: such a call goes on here, and waits, while it is not asked for.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rmcp::ErrorData;
use rmcp::model::{
    CallToolResponse, CallToolResult, ElicitRequest, InputRequest, InputRequiredResult, InputResponses,
};
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{PATIENCE, Question, form, is_agreed};
use crate::handles::{Owner, new_handle};
use crate::server::Server;

/// How many calls of all clients wait for somebody. Questions of further ones are not asked.
const WAITING_MAX: usize = 256;

/// The calls of a server that wait for somebody, by what their clients come back with.
#[derive(Default)]
pub(crate) struct Rounds(Mutex<HashMap<Box<str>, Waiting>>);

/// A call that goes on whether it is asked for or not. When this is dropped it is stopped.
pub(crate) struct Going {
    call: JoinHandle<Result<CallToolResult, ErrorData>>,
    questions: Receiver<Question>,
    stop: CancellationToken,
}

impl Drop for Going {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A call that waits for somebody, and what he was asked.
struct Waiting {
    owner: Owner,
    going: Going,
    asked: BTreeMap<String, oneshot::Sender<bool>>,
}

impl Going {
    /// Begins a call. `stop` ends it.
    pub(crate) fn begin(
        call: impl Future<Output = Result<CallToolResult, ErrorData>> + Send + 'static,
        questions: Receiver<Question>,
        stop: CancellationToken,
    ) -> Self {
        Self { call: tokio::spawn(call), questions, stop }
    }

    /// Until it is done, or somebody is to be asked.
    pub(crate) async fn go(
        mut self,
        server: &Server,
        owner: Owner,
        cancelled: &CancellationToken,
    ) -> Result<CallToolResponse, ErrorData> {
        loop {
            let first = tokio::select! {
                done = &mut self.call => return result(done),
                Some(question) = self.questions.recv() => question,
                () = cancelled.cancelled() => {
                    self.stop.cancel();
                    return result((&mut self.call).await);
                }
            };
            let mut questions = vec![first];
            while let Ok(more) = self.questions.try_recv() {
                questions.push(more);
            }
            match Rounds::keep(server, owner.clone(), self, questions) {
                Ok(asks) => return Ok(CallToolResponse::InputRequired(asks)),
                // Nobody could be asked, so nobody agreed.
                Err(going) => self = going,
            }
        }
    }
}

fn result(
    done: Result<Result<CallToolResult, ErrorData>, tokio::task::JoinError>,
) -> Result<CallToolResponse, ErrorData> {
    let failed =
        |error| Err(ErrorData::internal_error(format!("a part of the server failed: {error}"), None));
    done.unwrap_or_else(failed).map(CallToolResponse::from)
}

impl Rounds {
    /// Keeps a call until its client comes back, for as long as a person is waited for. Gives it back if there are too many.
    fn keep(
        server: &Server,
        owner: Owner,
        going: Going,
        questions: Vec<Question>,
    ) -> Result<InputRequiredResult, Going> {
        let state = new_handle();
        let (mut requests, mut asked) = (BTreeMap::new(), BTreeMap::new());
        for (number, Question { text, answer }) in (1..).zip(questions) {
            let name = format!("question-{number}");
            requests.insert(name.clone(), InputRequest::Elicitation(ElicitRequest::new(form(text))));
            asked.insert(name, answer);
        }
        {
            let mut waiting = server.0.rounds.lock();
            if waiting.len() >= WAITING_MAX {
                return Err(going);
            }
            waiting.insert(state.clone(), Waiting { owner, going, asked });
        }
        let (server, name) = (server.clone(), state.clone());
        tokio::spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            server.0.rounds.forget(&name);
        });
        Ok(InputRequiredResult::new(Some(requests), Some(state.into())))
    }

    /// The call that a client comes back to, which is told what was said. Nobody learns whether it is another's.
    pub(crate) fn take(
        &self,
        owner: &Owner,
        state: &str,
        responses: Option<&InputResponses>,
    ) -> Result<Going, ErrorData> {
        let mut all = self.lock();
        if all.get(state).is_none_or(|waiting| waiting.owner != *owner) {
            let message = "no call waits for this; it may have waited for too long";
            return Err(ErrorData::invalid_params(message, None));
        }
        let waiting = all.remove(state);
        drop(all);
        let Some(Waiting { going, asked, .. }) = waiting else {
            return Err(ErrorData::internal_error("a call that waited is gone", None));
        };
        for (name, answer) in asked {
            let said = responses.and_then(|responses| responses.get(&name));
            // A run that is over does not wait for it any more.
            let _ = answer.send(said.is_some_and(is_agreed));
        }
        Ok(going)
    }

    /// Stops all calls of an owner that wait.
    pub(crate) fn forget_all(&self, owner: &Owner) {
        self.lock().retain(|_, waiting| waiting.owner != *owner);
    }

    fn forget(&self, state: &str) {
        let waiting = self.lock().remove(state);
        drop(waiting);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Waiting>> {
        // Each change is one statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
