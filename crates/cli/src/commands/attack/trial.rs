//! One case, tried: a fresh process of the sandbox, a plain program before and after, and between them the attack.

use std::collections::BTreeSet;
use std::time::Duration;

use belljar::{Error, Limits, MIB};
use serde::Serialize;

use super::bait::{Bait, nonce};
use super::case::Case;
use super::child::{Asked, Bounds, Child, Said};
use super::judge::{self, TIME_MARGIN};
use super::sandbox::{Answer, Ask, Ended, Sandbox};
use crate::exit::Failure;

/// A sandbox that takes so much more than that is killed before the machine suffers.
const MEMORY_KILL_BYTES: u64 = 512 * MIB;

/// How long a plain program may take, with the start of the sandbox.
const PLAIN_TIME: Duration = Duration::from_secs(60);

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Held,
    NotHeld,
    /// The sandbox does not speak the language.
    NotAsked,
}

/// A case, and what came of it.
pub(super) struct Trial {
    pub(super) case: Case,
    pub(super) verdict: Verdict,
    pub(super) must: String,
    pub(super) did: String,
    /// What did not hold.
    pub(super) faults: Vec<String>,
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
    pub(super) memory_bytes: u64,
}

/// Tries cases on one sandbox.
pub(super) struct Trier<'a> {
    pub(super) sandbox: &'a Sandbox,
    /// Name and version, once it has said so.
    pub(super) name: Option<String>,
    unspoken: BTreeSet<String>,
}

/// What a plain program gave.
enum Plain {
    Right,
    Wrong(String),
    Unsupported,
}

impl<'a> Trier<'a> {
    pub(super) fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, name: None, unspoken: BTreeSet::new() }
    }

    /// Tries one case. Only what is wrong on our side is an error.
    pub(super) fn try_case(&mut self, case: Case) -> Result<Trial, Failure> {
        let must = judge::must(self.sandbox, &case);
        let mut trial = Trial {
            case,
            must,
            verdict: Verdict::NotAsked,
            did: "not asked".to_owned(),
            faults: Vec::new(),
            wall: Duration::ZERO,
            cpu: Duration::ZERO,
            memory_bytes: 0,
        };
        if self.unspoken.contains(&trial.case.engine) {
            return Ok(trial);
        }
        let bait = Bait::lay()?;
        let mut command = self.sandbox.command(&trial.case, bait.place())?;
        bait.show(&mut command);
        let mut child = Child::start(&mut command)?;
        match self.plain(&mut child, &trial.case)? {
            Plain::Unsupported => {
                self.unspoken.insert(trial.case.engine.clone());
                return Ok(trial);
            }
            Plain::Wrong(what) => {
                trial.did = "does not work".to_owned();
                trial.faults.push(format!("before the attack: a plain program {what}"));
            }
            Plain::Right => self.attack(&mut trial, &mut child, &bait)?,
        }
        trial.faults.iter_mut().for_each(|fault| *fault = head(fault).to_owned());
        trial.verdict = if trial.faults.is_empty() { Verdict::Held } else { Verdict::NotHeld };
        Ok(trial)
    }

    fn attack(&mut self, trial: &mut Trial, child: &mut Child, bait: &Bait) -> Result<(), Failure> {
        let case = &trial.case;
        let code = bait.point(case.program.code);
        let ask = Ask {
            id: &nonce()?,
            engine: &case.engine,
            name: case.program.file_name(),
            code: &code,
            limits: &case.limits,
            lowered: case.expectation.limits(),
        };
        let bounds = Bounds {
            wall: Duration::from_millis(case.limits.time_ms) + TIME_MARGIN,
            memory_bytes: case.limits.memory_bytes + MEMORY_KILL_BYTES,
        };
        let asked = self.ask(child, &ask, &bounds)?;
        (trial.wall, trial.cpu, trial.memory_bytes) = (asked.wall, asked.cpu, asked.memory_bytes);
        let answer = match self.read(&asked, ask.id) {
            Ok(answer) => answer,
            Err(what) => {
                trial.did = "no answer".to_owned();
                trial.faults.push(format!("it {what}"));
                trial.faults.extend(bait.reached(std::iter::empty()));
                return Ok(());
            }
        };
        trial.did = judge::did(&answer);
        trial.faults = judge::faults(case, &answer, &asked);
        if !child.rests_within(TIME_MARGIN) {
            trial.faults.push("it goes on using the processor after its answer".to_owned());
        }
        let texts = [&answer.stdout, &answer.stderr, &answer.value, &answer.error];
        trial.faults.extend(bait.reached(texts.into_iter().map(String::as_str)));
        if let Plain::Wrong(what) = self.plain(child, case)? {
            trial.faults.push(format!("after the attack: a plain program {what}"));
        }
        Ok(())
    }

    /// A program that nobody could answer who does not run it, and that finds nothing of a program before it.
    fn plain(&mut self, child: &mut Child, case: &Case) -> Result<Plain, Failure> {
        let id = nonce()?;
        let factors = id.bytes().step_by(2).take(2).map(|byte| u64::from(byte) * 7919).collect::<Vec<_>>();
        let [a, b] = factors[..] else { unreachable!("an id is longer") };
        let (name, code) = match case.engine.as_str() {
            "python" => ("plain.py", include_str!("../../../../../attacks/plain.py")),
            _ => ("plain.js", include_str!("../../../../../attacks/plain.js")),
        };
        let code = code.replace("@A@", &a.to_string()).replace("@B@", &b.to_string());
        let limits = Limits::default();
        let ask = Ask { id: &id, engine: &case.engine, name, code: &code, limits: &limits, lowered: "{}" };
        let bounds = Bounds { wall: PLAIN_TIME, memory_bytes: limits.memory_bytes + MEMORY_KILL_BYTES };
        let asked = self.ask(child, &ask, &bounds)?;
        Ok(match self.read(&asked, &id) {
            Ok(Answer { ended: Ended::Unsupported, .. }) => Plain::Unsupported,
            Ok(answer) => {
                self.name = self.name.take().or(answer.sandbox);
                let right = answer.ended == Ended::Completed && answer.stdout.trim() == (a * b).to_string();
                let gave = || format!("ended as {:?} and printed {:?}", answer.ended, head(&answer.stdout));
                if right { Plain::Right } else { Plain::Wrong(format!("{} {}", gave(), head(&answer.error))) }
            }
            Err(what) => Plain::Wrong(what),
        })
    }

    fn ask(&self, child: &mut Child, ask: &Ask, bounds: &Bounds) -> Result<Asked, Failure> {
        let line = self.sandbox.line(ask);
        let line = line.map_err(|error| Error::Internal(format!("writing an ask: {error}")))?;
        Ok(child.ask(&line, bounds))
    }

    fn read(&self, asked: &Asked, id: &str) -> Result<Answer, String> {
        match &asked.said {
            Said::Line(line) => self.sandbox.read(line, id),
            Said::Nothing(what) => Err(what.clone()),
        }
    }
}

/// The beginning of a text that may be long.
fn head(text: &str) -> &str {
    const MOST: usize = 200;
    let end = text.char_indices().nth(MOST).map_or(text.len(), |(at, _)| at);
    &text[..end]
}
