//! Very many sessions that live at once: all of them in workers, or most of them at rest in the parent. What each takes up, and how soon it answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use belljar::{Ended, Jar, Language, Session, Workers};

use super::LoadArgs;
use super::chance::Chance;
use super::report::{Report, cells, time};
use super::tally::{Off, Spread, answers, ended};
use super::watch::{Look, mib};

/// How many sessions are opened, or used, at once for each worker.
const AT_ONCE: usize = 2;

/// Of so many sessions one has a seat, where the others are to rest; but each worker has some more than are used at once, since one that is in use cannot
/// give its seat to another.
const SEATED_ONE_IN: usize = 20;
const SEATS_MIN: usize = 4 * AT_ONCE;

/// All of them in workers.
pub(super) fn awake(args: &LoadArgs, report: &mut Report) -> Result<()> {
    report.heading(&format!("{} live sessions in {} workers", args.sessions, args.workers));
    // Those who come at the same moment go where there is less to do, which need not be where fewer live.
    let seats = args.sessions.div_ceil(args.workers) * 9 / 8 + 16;
    phase(args, report, seats)
}

/// Most of them at rest.
pub(super) fn resting(args: &LoadArgs, report: &mut Report) -> Result<()> {
    let seats = args.sessions.div_ceil(args.workers * SEATED_ONE_IN).max(SEATS_MIN);
    let heading = format!("{} sessions, {} of which rest in the parent", args.sessions, rest(args, seats));
    report.heading(&heading);
    phase(args, report, seats)
}

fn rest(args: &LoadArgs, seats: usize) -> usize {
    args.sessions.saturating_sub(seats * args.workers)
}

fn phase(args: &LoadArgs, report: &mut Report, seats: usize) -> Result<()> {
    let seats_max = u32::try_from(seats).context("there are too many sessions")?;
    let workers = Workers::builder(args.workers).sessions_max(seats_max).build();
    let jars = args.images.iter().map(|image| Jar::open(image)?.in_workers(&workers));
    let crowd = Crowd { jars: jars.collect::<belljar::Result<_>>()?, at_once: AT_ONCE * args.workers };
    // What is made once is made before.
    drop(crowd.open(args.images.len())?);
    let before = Look::take(Duration::ZERO, &[&workers])?;
    let begun = Instant::now();
    let (sessions, opening) = crowd.open(args.sessions)?;
    let (opened, after) = (begun.elapsed(), Look::take(Duration::ZERO, &[&workers])?);
    let begun = Instant::now();
    let touching = crowd.touch(&sessions)?;
    let touched = begun.elapsed();

    let row = |what: &str, all: Duration, each: &Spread| {
        vec![what.to_owned(), time(all), time(each.percentile(0.5)), time(each.percentile(0.99))]
    };
    report.table(&[
        cells(["", "all of them", "each, p50", "p99"]),
        row("opened, with state of their own", opened, &opening),
        row("used again in another order, each with its own answer", touched, &touching),
    ]);
    tell_memory(report, (&before, &after), (args.sessions, rest(args, seats)));
    let living: u32 = workers.processes().iter().map(|process| process.sessions).sum();
    let most = (seats * args.workers).min(args.sessions);
    report.check(
        living as usize <= most,
        format!("of {} sessions {living} live in workers, and no more than {most}", args.sessions),
    );
    let begun = Instant::now();
    drop(sessions);
    report.line(&format!("All were closed within {}.", time(begun.elapsed())));
    Ok(())
}

fn tell_memory(report: &mut Report, (before, after): (&Look, &Look), (all, resting): (usize, usize)) {
    // Those that rest are all that the parent has of them.
    let in_parent = if resting > 0 { (resting, "session that rests") } else { (all, "session") };
    let in_workers = (all - resting, "session that lives there");
    let rows = [
        ("parent", before.parent, after.parent, in_parent),
        ("workers", before.workers, after.workers, in_workers),
    ];
    let mut lines = vec![cells(["", "resident MiB", "private MiB", "private KiB for each", ""])];
    for (who, before, after, (count, of)) in rows {
        let more = after.private_bytes.saturating_sub(before.private_bytes);
        let each = more as f64 / 1024.0 / count.max(1) as f64;
        lines.push(vec![
            who.to_owned(),
            format!("{:.0}", mib(after.resident_bytes)),
            format!("{:.0}", mib(after.private_bytes)),
            format!("{each:.1}"),
            of.to_owned(),
        ]);
    }
    report.line("");
    report.table(&lines);
    let (descriptors, processes) = (after.descriptors, after.children);
    report.line(&format!(
        "\nThe parent has {descriptors} descriptors ({} before) and {processes} child processes.",
        before.descriptors
    ));
}

/// Those who open and use sessions.
struct Crowd {
    jars: Vec<Jar>,
    at_once: usize,
}

impl Crowd {
    /// Opens sessions, each with state of its own.
    fn open(&self, count: usize) -> Result<(Vec<Session>, Spread)> {
        let places: Vec<Mutex<Option<Session>>> = (0..count).map(|_| Mutex::default()).collect();
        let spread = self.each(count, |number| {
            let jar = &self.jars[number % self.jars.len()];
            let session = jar.session()?;
            let state = state(jar.image().language(), number);
            ended(&session.run_blocking(state)?, &[Ended::Completed])?;
            *places[number].lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
            Ok(())
        })?;
        let take = |place: Mutex<Option<Session>>| place.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((places.into_iter().filter_map(take).collect(), spread))
    }

    /// Uses all sessions again, in another order, and checks what each answers.
    fn touch(&self, sessions: &[Session]) -> Result<Spread> {
        let mut order: Vec<usize> = (0..sessions.len()).collect();
        Chance::new(3).shuffle(&mut order);
        self.each(order.len(), |turn| {
            let number = order[turn];
            let session = &sessions[number];
            let (code, expected) = question(session.jar().image().language(), number);
            answers(&session.run_blocking(code)?, &expected.to_string())
        })
    }

    /// Does something with all numbers below `count`, several at once, and measures each.
    fn each(&self, count: usize, act: impl Fn(usize) -> Result<(), Off> + Sync) -> Result<Spread> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<Spread> {
            let mut spread = Spread::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok(spread);
                }
                let begun = Instant::now();
                act(number).map_err(|off| anyhow!("session {number}: {off:?}"))?;
                spread.take(begun.elapsed());
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.at_once).map(|_| scope.spawn(work)).collect();
            let mut all = Spread::default();
            for thread in threads {
                all.add(&thread.join().map_err(|_| anyhow!("a thread panicked"))??);
            }
            Ok(all)
        })
    }
}

/// Code that gives a session its own state.
fn state(language: Language, number: usize) -> String {
    let length = number % 100;
    match language {
        Language::Python => format!("n = {number}\nrows = [n] * {length}"),
        Language::JavaScript | Language::TypeScript => {
            format!("var n = {number}, rows = []; while (rows.length < {length}) rows.push(n)")
        }
    }
}

/// Code whose answer no other session has, and the answer.
fn question(language: Language, number: usize) -> (&'static str, usize) {
    let expected = number * 3 + number % 100;
    match language {
        Language::Python => ("n * 3 + len(rows)", expected),
        Language::JavaScript | Language::TypeScript => ("n * 3 + rows.length", expected),
    }
}
