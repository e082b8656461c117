//! Work that does harm: attacks of the corpus, which must end as they must, and callers that go away.

use std::time::Duration;

use belljar::{CancelToken, Ended, Error, Jar, Limits, Request};
use belljar_corpus::Program;
use tokio::time::timeout;

use super::chance::Chance;
use super::tally::{Off, ended};
use super::tenants::Jars;

/// What is tried of the corpus: code that does not end, takes memory, floods its output, recurses, backtracks, or is large.
pub(super) const ATTACKS: &[&str] = &[
    "cpu/backtracking.js",
    "cpu/backtracking.py",
    "cpu/busy_c_loop.py",
    "cpu/busy_loop.js",
    "cpu/busy_loop.py",
    "cpu/catch_everything.js",
    "cpu/catch_everything.py",
    "cpu/finally_recursion.py",
    "cpu/long_sleep.py",
    "cpu/timer_storm.js",
    "memory/grow_list.js",
    "memory/grow_list.py",
    "memory/large_value.js",
    "memory/large_value.py",
    "output/endless.js",
    "output/endless.py",
];

/// The most that an attack may last here, so that there are many.
const TIME_MS_MAX: u64 = 500;

/// How many copies of a session are made at once.
const FORKS: usize = 30;

/// One piece of harm, and what it is called.
pub(super) fn harm(jars: &Jars, chance: &mut Chance) -> (&'static str, Result<(), Off>) {
    match chance.below(10) {
        0 | 1 => ("a caller that vanishes", vanish(jars, chance)),
        2 => ("a run that is cancelled", cancel(jars, chance)),
        3 => ("a flood of forks", fork(jars)),
        _ => {
            let name = *chance.one_of(ATTACKS);
            (name, attack(jars, name))
        }
    }
}

fn attack(jars: &Jars, name: &str) -> Result<(), Off> {
    let unknown = || Off::Wrong("it is not in the corpus".to_owned());
    let program =
        belljar_corpus::programs().iter().find(|program| program.name == name).ok_or_else(unknown)?;
    let jar = if name.ends_with(".py") { &jars.python } else { &jars.javascript };
    let outcome = jar.run_blocking(request(program)?)?;
    // On a machine that is busy, time may be up before anything else is.
    ended(&outcome, &[promised(program)?, Ended::TimeLimit])
}

fn request(program: &Program) -> Result<Request, Off> {
    let limits = serde_json::from_str::<Limits>(program.expectation().limits());
    let limits = limits.map_err(|error| Off::Wrong(format!("its limits make no sense: {error}")))?;
    let limits = Limits { time_ms: limits.time_ms.min(TIME_MS_MAX), ..limits };
    Ok(Request::new(program.code).name(program.file_name()).limits(limits))
}

fn promised(program: &Program) -> Result<Ended, Off> {
    let word = serde_json::Value::from(program.expectation().ended());
    serde_json::from_value(word).map_err(|error| Off::Wrong(format!("its ending makes no sense: {error}")))
}

/// Asks for something that does not end, and goes away.
fn vanish(jars: &Jars, chance: &mut Chance) -> Result<(), Off> {
    let (jar, code) = endless(jars, chance);
    let patience = Duration::from_millis(1 + chance.below(60));
    // A timer is made where the clock that drives it is known.
    let gone = jars.clock.block_on(async { timeout(patience, jar.run(code)).await });
    match gone {
        Err(_) => Ok(()),
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok(outcome)) => ended(&outcome, &[]),
    }
}

fn cancel(jars: &Jars, chance: &mut Chance) -> Result<(), Off> {
    let (jar, code) = endless(jars, chance);
    let (token, pause) = (CancelToken::new(), Duration::from_millis(1 + chance.below(60)));
    let run = jar.run(Request::new(code).cancel_with(&token));
    let outcome = jars.clock.block_on(async {
        let cancel = async {
            tokio::time::sleep(pause).await;
            token.cancel();
        };
        tokio::join!(run, cancel).0
    })?;
    ended(&outcome, &[Ended::Cancelled])
}

fn endless<'a>(jars: &'a Jars, chance: &mut Chance) -> (&'a Jar, &'static str) {
    let python = (&jars.python, "while True: pass");
    *chance.one_of(&[python, (&jars.javascript, "for (;;) {}")])
}

/// A session that multiplies, and each copy is used.
fn fork(jars: &Jars) -> Result<(), Off> {
    let session = jars.javascript.session()?;
    ended(&session.run_blocking("var n = 1")?, &[Ended::Completed])?;
    match session.fork(1_000_000) {
        Err(Error::TooManyForks { .. }) => {}
        Err(error) => return Err(error.into()),
        Ok(_) => return Err(Off::Wrong("it has a million copies".to_owned())),
    }
    for fork in session.fork(FORKS)? {
        super::tally::answers(&fork.run_blocking("n + 1")?, "2")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attack_is_in_the_corpus_and_promises_something() {
        for name in ATTACKS {
            let program = belljar_corpus::programs().iter().find(|program| program.name == *name);
            let program = program.unwrap_or_else(|| panic!("{name}"));
            request(program).unwrap();
            promised(program).unwrap();
        }
    }
}
