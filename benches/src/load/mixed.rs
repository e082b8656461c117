//! Good and hostile work of many tenants at once, for as long as is wanted, while workers are killed: no answer is lost, none is wrong, nothing grows,
//! and nobody is pushed aside.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::LoadArgs;
use super::log;
use super::reaper::reap;
use super::report::{Report, cells, time};
use super::tally::Tally;
use super::tenants::{Appetite, Ground, World};
use super::watch::{LOOKS_MIN, Look, growth, mib};

/// How many runs may wait: fewer than there are clients, and five for each tenant, of whom only the greedy ones ask for more.
const QUEUE_MAX: usize = 100;

/// How long everybody may take to have the answer to the last thing that was asked: longer than any run may last.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it may take until workers are told that nobody wants anything any more.
const SETTLED_WITHIN: Duration = Duration::from_secs(5);

/// The modest tenant that is served least gets at least this share of what the one gets that is served most.
const SHARE_MIN: f64 = 0.5;

/// How many answers a modest tenant must have, on average, so that fairness can be judged.
const ANSWERS_MIN: f64 = 200.0;

pub(super) fn mixed(args: &LoadArgs, report: &mut Report) -> Result<()> {
    let lasts = args.lasts()?;
    report.heading(&format!("Mixed work for {:.0} s in {} workers", lasts.as_secs_f64(), args.workers));
    let ground = Ground::new(args.workers, QUEUE_MAX)?;
    let workers = [&ground.workers, &ground.keeping];
    let world = World::begin(&ground)?;
    let looks = std::thread::scope(|scope| {
        scope.spawn(|| reap(&workers, Duration::from_millis(args.kill_ms), &world.is_over, &world.kills));
        let looks = watch(lasts, &workers);
        world.is_over.store(true, Ordering::SeqCst);
        looks
    })?;
    let have_all_ended = world.end(PATIENCE);
    let is_quiet = settles(&workers);
    tell_answers(&world, report);
    tell_looks(&looks, report);

    check_answers(&world, report, have_all_ended);
    report.check(is_quiet, "workers were left with no runs and no sessions".to_owned());
    report.check(ground.is_untouched(), "the mounted files of the machine are as they were".to_owned());
    check_growth(&looks, report);
    check_fairness(&world, report);
    Ok(())
}

/// Looks at everything until it is over.
fn watch(lasts: Duration, workers: &[&belljar::Workers]) -> Result<Vec<Look>> {
    let pause = (lasts / 60).clamp(Duration::from_millis(100), Duration::from_secs(1));
    let (begun, mut looks) = (Instant::now(), Vec::new());
    while begun.elapsed() < lasts {
        std::thread::sleep(pause);
        looks.push(Look::take(begun.elapsed(), workers)?);
    }
    Ok(looks)
}

/// Waits until nothing runs or lives in any worker. Whether it came to that.
fn settles(workers: &[&belljar::Workers]) -> bool {
    let begun = Instant::now();
    loop {
        let mut processes = workers.iter().flat_map(|workers| workers.processes());
        if processes.all(|process| process.runs == 0 && process.sessions == 0) {
            return true;
        }
        if begun.elapsed() > SETTLED_WITHIN {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn tell_answers(world: &World, report: &mut Report) {
    let head = ["tenants", "clients each", "asked", "right", "worker died", "queue full", "put off", "wrong"];
    let mut lines = vec![cells(head)];
    for appetite in Appetite::ALL {
        let (count, clients) = appetite.numbers();
        let Tally { asked, right, died, overloaded, put_off, wrong, .. } = world.sum(appetite);
        let mut line = vec![format!("{count} {}", appetite.name())];
        let numbers = [clients, asked, right, died, overloaded, put_off, wrong];
        line.extend(numbers.map(|number| number.to_string()));
        lines.push(line);
    }
    report.table(&lines);
    report.line("");
    let mut lines = vec![cells(["tenant", "right", "short runs waited, p50", "p99"])];
    for tenant in Appetite::ALL.into_iter().take(2).flat_map(|appetite| world.of(appetite)) {
        let tally = tenant.tally();
        let [p50, p99] = [0.5, 0.99].map(|share| time(tally.waits.percentile(share)));
        lines.push(vec![tenant.name.clone(), tally.right.to_string(), p50, p99]);
    }
    report.table(&lines);
}

fn tell_looks(looks: &[Look], report: &mut Report) {
    const SHOWN: usize = 10;
    report.line("");
    let head =
        ["s", "parent, resident MiB", "private MiB", "descriptors", "children", "workers, private MiB"];
    let mut lines = vec![cells(head)];
    for look in looks.iter().step_by(looks.len().div_ceil(SHOWN).max(1)) {
        lines.push(vec![
            format!("{:.0}", look.at.as_secs_f64()),
            format!("{:.1}", mib(look.parent.resident_bytes)),
            format!("{:.1}", mib(look.parent.private_bytes)),
            look.descriptors.to_string(),
            look.children.to_string(),
            format!("{:.1}", mib(look.workers.private_bytes)),
        ]);
    }
    report.table(&lines);
}

fn check_answers(world: &World, report: &mut Report, have_all_ended: bool) {
    let mut sum = Tally::default();
    Appetite::ALL.into_iter().for_each(|appetite| sum.add(&world.sum(appetite)));
    let (asked, answered) = (sum.asked, sum.answered());
    report.check(
        have_all_ended && asked == answered,
        format!("no answer is lost: {asked} things were asked, {answered} answered"),
    );
    let texts: Vec<String> = sum.wrong_texts.iter().map(|text| format!(" ({text})")).collect();
    report.check(sum.wrong == 0, format!("no answer is wrong: {}{}", sum.wrong, texts.concat()));
    // Each death has one name, so more names than kills are deaths of another cause.
    let (kills, deaths) = (world.kills.load(Ordering::SeqCst), sum.faults.len() as u64);
    report.check(
        deaths <= kills,
        format!(
            "workers die by being killed alone: {kills} were killed, {deaths} deaths were told of, to {} callers; ended for other reasons: {}",
            sum.died,
            log::reasons()
        ),
    );
    report.check_if(
        kills > 0,
        sum.right > sum.died,
        format!("work goes on: {} answers are right, {} callers were told of a death", sum.right, sum.died),
    );
}

fn check_growth(looks: &[Look], report: &mut Report) {
    let Some(all) = growth(looks) else {
        let what = format!("nothing grows: {} looks were taken, {LOOKS_MIN} are needed", looks.len());
        report.check_if(false, false, what);
        return;
    };
    for one in all {
        report.check(
            one.holds(),
            format!(
                "nothing grows: {}, second third {:.1}, last third {:.1}, allowed {:.1}",
                one.what, one.second, one.last, one.most
            ),
        );
    }
}

fn check_fairness(world: &World, report: &mut Report) {
    let rights: Vec<u64> = world.of(Appetite::Modest).map(|tenant| tenant.tally().right).collect();
    let (least, most) =
        (rights.iter().min().copied().unwrap_or(0), rights.iter().max().copied().unwrap_or(0));
    let mean = rights.iter().sum::<u64>() as f64 / rights.len().max(1) as f64;
    let share = least as f64 / most.max(1) as f64;
    let enough = mean >= ANSWERS_MIN;
    report.check_if(
        enough,
        share >= SHARE_MIN,
        format!("modest tenants are served alike: {least} to {most} answers, a share of {share:.2}, at least {SHARE_MIN}"),
    );
    let (modest, greedy) = (world.sum(Appetite::Modest), world.sum(Appetite::Greedy));
    let waited = |tally: &Tally| tally.waits.percentile(0.5);
    report.check_if(
        enough,
        waited(&modest) <= waited(&greedy),
        format!(
            "greedy tenants wait for themselves: their p50 is {}, that of modest ones {}",
            time(waited(&greedy)),
            time(waited(&modest))
        ),
    );
    let others = modest.overloaded + world.sum(Appetite::Hostile).overloaded;
    report.check(
        others == 0,
        format!(
            "only those who fill the queue find it full: {} refusals for greedy tenants, {others} for others",
            greedy.overloaded
        ),
    );
}
