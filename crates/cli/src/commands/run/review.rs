//! What is done after a run with what it changed in memory and what it left in `/output`: shown, applied, saved.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use belljar::{
    Access, Applied, ChangeKind, Ended, FileChange, Grants, Mount, MountMode, Outcome, Selection, Session,
};
use clap::Args;

use crate::exit::Failure;
use crate::jail_args::Closing;
use crate::render::{self, Screen};
use crate::terminal::neutralise;

/// What to do with changes and output.
#[derive(Args)]
#[command(next_help_heading = "Afterwards")]
pub(crate) struct ReviewArgs {
    /// Print what the program changed in cow mounts, as a unified diff
    #[arg(long, conflicts_with = "json")]
    diff: bool,
    /// Apply what the program changed in cow mounts: asks for each change; `all`, or paths with commas between them, asks nothing
    #[arg(long, value_name = "all|PATH,...", num_args = 0..=1, require_equals = true, default_missing_value = ASK)]
    apply: Option<String>,
    /// Save the files that the program left in /output into this directory
    #[arg(long, value_name = "DIR")]
    save_output: Option<PathBuf>,
}

/// What the parser puts in the place of a value that was not given. It is no path of a program.
const ASK: &str = "ask";

impl ReviewArgs {
    /// Refuses what could not be done afterwards, before anything is run.
    pub(crate) fn check(&self, mounts: &[Mount], reads_stdin: bool) -> Result<(), Failure> {
        let flag = if self.diff { "--diff" } else { "--apply" };
        let cow = mounts.iter().any(|mount| mount.mode() == MountMode::CopyOnWrite);
        if (self.diff || self.apply.is_some()) && !cow {
            let message = format!("{flag} has nothing to look at: no directory is mounted cow");
            return Err(Failure::usage(message, "mount one: --mount src:/work/src:cow"));
        }
        match self.apply.as_deref() {
            Some(ASK) if reads_stdin || !io::stdin().is_terminal() => {
                let message = "--apply asks for each change, and nobody can answer";
                return Err(Failure::usage(message, "write --apply=all, or --apply=PATH,PATH"));
            }
            Some("") => return Err(Failure::usage("--apply= names nothing", "write --apply=all, or paths")),
            _ => {}
        }
        match &self.save_output {
            Some(folder) if !folder.is_dir() => {
                let message = format!("--save-output {}: there is no such directory", folder.display());
                Err(Failure::usage(message, "make it first"))
            }
            _ => Ok(()),
        }
    }

    /// A jail in which that can be done.
    pub(crate) fn open(&self, jail: Closing, grants: &Grants) -> Closing {
        let jail = if self.apply.is_some() { jail.applies(grants) } else { jail };
        jail.files(self.save_output.as_deref(), Access::Change)
    }

    /// Does what was asked for. False when something was refused.
    pub(crate) fn review(
        &self,
        session: &Session,
        outcome: &Outcome,
        screen: &Screen,
        is_json: bool,
    ) -> Result<bool, Failure> {
        let mut all_done = true;
        if self.diff {
            screen.text(&session.diff("/")?)?;
            screen.finish()?;
        }
        if let Some(what) = &self.apply {
            all_done &= match self.selection(what, session, outcome, screen)? {
                Some(selection) => told("applied", &session.apply(&selection)?),
                None => true,
            };
        } else if !self.diff && !is_json && !outcome.changes.is_empty() {
            let count = outcome.changes.len();
            render::note(&format!(
                "{count} changes in cow mounts were dropped; --diff shows them, --apply writes them to the host"
            ));
        }
        if let Some(folder) = &self.save_output {
            all_done &= told("saved", &session.save_output(folder)?);
        }
        Ok(all_done)
    }

    fn selection(
        &self,
        what: &str,
        session: &Session,
        outcome: &Outcome,
        screen: &Screen,
    ) -> Result<Option<Selection>, Failure> {
        if what == ASK {
            return self.asked(session, screen).map(Some);
        }
        let ended_well = outcome.ended == Ended::Completed
            || outcome.ended == Ended::Exited && outcome.exit_code.unwrap_or_default() == 0;
        if !ended_well {
            render::note("nothing was applied: the program did not come to a good end");
            return Ok(None);
        }
        if what == "all" {
            return Ok(Some(Selection::All));
        }
        Ok(Some(Selection::paths(what.split(',').filter(|path| !path.is_empty()))))
    }

    /// Asks for each change.
    fn asked(&self, session: &Session, screen: &Screen) -> Result<Selection, Failure> {
        let changes = session.changes()?;
        let mut chosen = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            if !self.diff {
                screen.text(&session.diff(&change.path)?)?;
                screen.finish()?;
            }
            match ask(change)? {
                'y' => chosen.push(change.path.clone()),
                'a' => {
                    chosen.extend(changes[index..].iter().map(|change| change.path.clone()));
                    break;
                }
                'q' => break,
                _ => {}
            }
        }
        Ok(Selection::Exactly(chosen))
    }
}

/// One question, until it is answered. No more input is a no to all that is left.
fn ask(change: &FileChange) -> Result<char, Failure> {
    let failed = |error| Failure::system("cannot ask", error);
    loop {
        let path = neutralise(change.path.as_bytes());
        eprint!(
            "apply: {} {path}, {} bytes? [y]es, [n]o, [a]ll that is left, [q]uit: ",
            done(change),
            change.size_bytes
        );
        io::stderr().flush().map_err(failed)?;
        let mut answer = String::new();
        if io::stdin().read_line(&mut answer).map_err(failed)? == 0 {
            return Ok('q');
        }
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok('y'),
            "n" | "no" => return Ok('n'),
            "a" | "all" => return Ok('a'),
            "q" | "quit" => return Ok('q'),
            _ => {}
        }
    }
}

/// Tells what became of each change. False when one was refused.
fn told(word: &str, applied: &Applied) -> bool {
    for change in &applied.applied {
        render::note(&format!(
            "{word}: {} {}, {} bytes",
            done(change),
            escaped(&change.path),
            change.size_bytes
        ));
    }
    for refused in &applied.refused {
        let message = format!("{} was not {word}: {}", escaped(&refused.path), refused.reason);
        render::complain(&message, None);
    }
    applied.refused.is_empty()
}

fn done(change: &FileChange) -> &'static str {
    match change.kind {
        ChangeKind::Added => "added",
        ChangeKind::Changed => "changed",
        ChangeKind::Deleted => "deleted",
    }
}

/// A path on one line, whatever is in it, also where no terminal shows it.
fn escaped(path: &str) -> String {
    path.chars()
        .flat_map(|letter| if letter.is_control() { letter.escape_default().collect() } else { vec![letter] })
        .collect()
}
