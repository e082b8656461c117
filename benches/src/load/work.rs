//! Good work, whose answers are known beforehand.

use std::time::{Duration, Instant};

use belljar::{Ended, Jar, Session, SessionState};

use super::chance::Chance;
use super::tally::{Off, answers, ended};
use super::tenants::{FILE, FILE_TEXT, Jars};

/// Sessions that a client keeps from one piece of work to the next, each with what it must have counted up to.
#[derive(Default)]
pub(super) struct Kept {
    plain: Option<(Session, u64)>,
    /// One that goes on when its worker dies, and whether it has ever been kept.
    lasting: Option<(Session, u64)>,
}

/// What came of a piece of work.
pub(super) struct Done {
    pub(super) what: &'static str,
    pub(super) came: Result<(), Off>,
    /// How long it waited for its turn and for its answer, where that can be told.
    pub(super) waited: Option<Duration>,
}

/// One piece of work.
pub(super) fn piece(jars: &Jars, kept: &mut Kept, chance: &mut Chance) -> Done {
    let (mut waited, a, b) = (None, 1 + chance.below(1000), chance.below(1000));
    let (what, came) = match chance.below(16) {
        0..4 => ("a short run of python", short(&jars.python, (a, b), &mut waited)),
        4..8 => ("a short run of javascript", short(&jars.javascript, (a, b), &mut waited)),
        8 => ("a session of some steps", steps(&jars.python, a)),
        9 | 10 => ("a session that is kept", count(&jars.javascript, &mut kept.plain, a)),
        11 | 12 => ("a session with checkpoints", last(&jars.lasting, &mut kept.lasting, a)),
        13 => ("a call of a tool", answer(&jars.tools, &format!("tools.add(a={a}, b={b}) + 1"), a + b + 1)),
        14 => ("files of a mount", files(&jars.files, 2 + a % 9)),
        _ if b % 2 == 0 => ("forks", forks(&jars.python, a)),
        _ => ("a snapshot", snapshot(&jars.javascript, a)),
    };
    Done { what, came, waited }
}

fn answer(jar: &Jar, code: &str, expected: u64) -> Result<(), Off> {
    answers(&jar.run_blocking(code)?, &expected.to_string())
}

fn short(jar: &Jar, (a, b): (u64, u64), waited: &mut Option<Duration>) -> Result<(), Off> {
    let begun = Instant::now();
    let outcome = jar.run_blocking(format!("({a} * {b} + 7) * {a}"))?;
    answers(&outcome, &((a * b + 7) * a).to_string())?;
    let ran = Duration::from_secs_f64(outcome.usage.wall_ms.max(0.0) / 1000.0);
    *waited = Some(begun.elapsed().saturating_sub(ran));
    Ok(())
}

/// A session that has `n`.
fn begun(jar: &Jar, n: u64) -> Result<Session, Off> {
    let session = jar.session()?;
    ended(&session.run_blocking(format!("n = {n}"))?, &[Ended::Completed])?;
    Ok(session)
}

fn steps(jar: &Jar, n: u64) -> Result<(), Off> {
    let session = begun(jar, n)?;
    for step in 1..4 {
        answers(&session.run_blocking("n += 1\nn")?, &(n + step).to_string())?;
    }
    Ok(())
}

/// Counts on in a session that lives as long as its worker.
fn count(jar: &Jar, kept: &mut Option<(Session, u64)>, by: u64) -> Result<(), Off> {
    // Whatever goes wrong, the next time is another session.
    let (session, n) = match kept.take() {
        Some(kept) => kept,
        None => (begun(jar, 0)?, 0),
    };
    answers(&session.run_blocking(format!("n += {by}; n"))?, &(n + by).to_string())?;
    *kept = Some((session, n + by));
    Ok(())
}

/// Counts on in a session that must outlive its worker.
fn last(jar: &Jar, kept: &mut Option<(Session, u64)>, by: u64) -> Result<(), Off> {
    let Some((session, n)) = kept.take() else {
        let session = jar.session()?;
        let outcome = session.run_blocking("n = 0")?;
        ended(&outcome, &[Ended::Completed])?;
        // When its worker dies before it was kept for the first time, there is nothing to go on from.
        *kept = (outcome.session == SessionState::Kept).then_some((session, 0));
        return Ok(());
    };
    let came = session.run_blocking(format!("n += {by}\nn"));
    let outcome = match came.map_err(Off::from) {
        Ok(outcome) => outcome,
        Err(Off::Died { fault }) => {
            return Err(Off::Wrong(format!("a session with checkpoints was lost (fault {fault})")));
        }
        Err(off) => {
            *kept = Some((session, n));
            return Err(off);
        }
    };
    let came = answers(&outcome, &(n + by).to_string());
    *kept = match outcome.session {
        SessionState::Kept => Some((session, n + by)),
        // Its worker died, and what it did last is gone.
        SessionState::RolledBack => Some((session, n)),
        SessionState::Closed => return Err(Off::Wrong("a session with checkpoints was closed".to_owned())),
    };
    came
}

fn files(jar: &Jar, times: u64) -> Result<(), Off> {
    let session = jar.session()?;
    let code = format!(
        "text = open('/data/{FILE}').read() * {times}\n\
         with open('/data/{FILE}', 'w') as file: file.write(text)\n\
         len(open('/data/{FILE}').read())"
    );
    let expected = FILE_TEXT.len() as u64 * times;
    answers(&session.run_blocking(code)?, &expected.to_string())?;
    let changes = session.changes()?;
    match &changes[..] {
        [one] if one.size_bytes == expected => Ok(()),
        other => Err(Off::Wrong(format!("the changes are {other:?}"))),
    }
}

fn forks(jar: &Jar, n: u64) -> Result<(), Off> {
    let session = begun(jar, n)?;
    for (number, fork) in (1..).zip(session.fork(3)?) {
        answers(&fork.run_blocking(format!("n += {number}\nn"))?, &(n + number).to_string())?;
    }
    answers(&session.run_blocking("n")?, &n.to_string())
}

fn snapshot(jar: &Jar, n: u64) -> Result<(), Off> {
    let bytes = begun(jar, n)?.snapshot()?;
    answers(&jar.restore(&bytes)?.run_blocking("n + 1")?, &(n + 1).to_string())
}
