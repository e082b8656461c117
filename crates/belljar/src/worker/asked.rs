//! A request on its way to a worker: what is left of a plan when what only the parent can do is taken out.

use std::io::Read;

use serde::{Deserialize, Serialize};

use crate::admit::Plan;
use crate::engine::cancel::CancelToken;
use crate::host::output::Sink;
use crate::limits::Limits;
use crate::request::{Request, ToolAnswer};

/// Whether a run is the last of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    Yes,
    No,
}

/// Code to run, and what it is given. The worker admits it once more: there is one gate, and a plan leaves it in the process in which it runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    code: String,
    name: String,
    arguments: Vec<String>,
    /// `NAME=value`.
    environment: Vec<String>,
    inputs: Vec<(String, String)>,
    limits: Option<Limits>,
    answers: Option<Vec<(u64, Result<String, String>)>>,
    /// Whether somebody takes the output while the code runs.
    pub(super) has_sink: bool,
    /// Whether there is something to read.
    pub(super) has_input: bool,
    /// Whether it was cancelled before it began.
    pub(super) is_cancelled: bool,
}

/// What stays with the parent.
pub(crate) struct Own {
    pub(super) limits: Limits,
    pub(super) stdin: Option<Box<dyn Read + Send>>,
    pub(super) sink: Option<Box<dyn Sink>>,
    pub(super) cancel: CancelToken,
}

impl Asked {
    /// Takes a plan apart. `limits` are those that the worker knows of.
    pub(crate) fn of(plan: Plan, limits: &Limits) -> (Self, Own) {
        let answers = plan.answers.map(|answers| answers.into_iter().map(|answer| (answer.id, answer.done)));
        let asked = Self {
            code: plan.code,
            name: plan.name,
            arguments: plan.arguments,
            environment: plan.environment,
            inputs: plan.inputs,
            limits: (plan.limits != *limits).then(|| plan.limits.clone()),
            answers: answers.map(Iterator::collect),
            has_sink: plan.sink.is_some(),
            has_input: plan.stdin.is_some(),
            is_cancelled: plan.cancel.is_cancelled(),
        };
        (asked, Own { limits: plan.limits, stdin: plan.stdin, sink: plan.sink, cancel: plan.cancel })
    }

    /// The request again.
    pub(super) fn into_request(self) -> Request {
        let mut request = match self.answers {
            Some(answers) => Request::answers(answers.into_iter().map(|(id, done)| ToolAnswer { id, done })),
            None => Request::new(self.code),
        };
        request.name = Some(self.name);
        request.arguments = self.arguments;
        request.inputs = self.inputs.into_iter().collect();
        request.limits = self.limits;
        let variables = self.environment.into_iter();
        request.environment = variables
            .filter_map(|variable| {
                let (name, value) = variable.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect();
        request
    }
}
