//! Runs in workers: what a worker says of one becomes its outcome, or its worker's end does.

use std::sync::Arc;
use std::time::Duration;

use super::asked::{Asked, Own};
use super::board::Board;
use super::form::KnownJar;
use super::frame::{Call, Reply};
use super::waiting::{Asking, foreign, run};
use crate::admit::Plan;
use crate::error::{Error, Result};
use crate::host::audit::Audit;
use crate::host::stopwatch::monotonic;
use crate::outcome::{Ended, GuestError, Outcome, SessionState, Usage};

/// Runs code in a session of its own.
///
/// # Errors
///
/// When it was not run.
pub(crate) async fn run_once(
    board: &Arc<Board>,
    (jar, audit): (&Arc<KnownJar>, &Audit),
    plan: Plan,
) -> Result<Outcome> {
    let mut served = jar.serve(audit, None);
    served.open()?;
    let place = board.place(jar.want(false), &jar.image).await?;
    let worker = Arc::clone(&place.worker);
    worker.know(jar.number, &jar.form)?;
    let session = worker.number_sessions(1);
    let (mut asked, own) = Asked::of(plan, &jar.limits);
    asked.has_sink |= served.secrets().is_some();
    let what = Call::Once { jar: jar.number, session, asked: Box::new(asked) };
    let asking = Asking { worker: &worker, held: Box::new(place), what, session, served: &mut served };
    outcome_of(jar, asking, own).await
}

/// Runs code, and makes the outcome of what the worker says of it, or of its end.
pub(super) async fn outcome_of(jar: &KnownJar, asking: Asking<'_>, own: Own) -> Result<Outcome> {
    let Asking { worker, held, what, session, served } = asking;
    let asking = Asking { worker, held, what, session, served: &mut *served };
    let limits = own.limits.clone();
    let began = monotonic();
    let (answer, collected) = match run(asking, own).await {
        Err(Error::WorkerLost { fault }) => return Ok(crashed(&fault, monotonic() - began)),
        answer => answer?,
    };
    let wall = monotonic() - began;
    let claim = match answer.map_err(|refusal| refusal.into_error(jar.sessions_max()))? {
        Reply::Ran(claim) => claim,
        _ => return Err(foreign(worker)),
    };
    let outcome = claim.into_outcome(&limits, wall).and_then(|outcome| served.accept(outcome));
    let outcome = outcome.map(|mut outcome| {
        collected.into_iter().for_each(|collected| collected.put(&mut outcome));
        outcome
    });
    outcome.or_else(|what| {
        worker.doom(what);
        match worker.lost() {
            Error::WorkerLost { fault } => Ok(crashed(&fault, wall)),
            other => Err(other),
        }
    })
}

/// The outcome of a run whose worker died.
fn crashed(fault: &str, wall: Duration) -> Outcome {
    let message = format!("the worker died in which this ran (fault {fault})");
    let (r#type, traceback) = ("WorkerDied".to_owned(), String::new());
    Outcome {
        ended: Ended::Crashed,
        stdout: Default::default(),
        stderr: Default::default(),
        output: Vec::new(),
        value: None,
        displays: Vec::new(),
        error: Some(GuestError { r#type, message, traceback, line: None }),
        exit_code: None,
        truncated: Default::default(),
        files: Vec::new(),
        changes: Vec::new(),
        pending: Vec::new(),
        session: SessionState::Closed,
        usage: Usage { wall_ms: wall.as_secs_f64() * 1000.0, ..Usage::default() },
    }
}
