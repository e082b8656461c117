//! `belljar attack`: tries the catalogue of attacks, on this program or on another sandbox, and says what held.

mod bait;
mod case;
mod child;
mod judge;
mod sandbox;
mod table;
mod trial;
mod watch;

use std::io::IsTerminal;
use std::process::ExitCode;

use belljar::Error;
use clap::Args;

use self::case::{Case, Group};
use self::sandbox::Sandbox;
use self::table::{Report, Row};
use self::trial::Trier;
use crate::exit::{self, Failure};
use crate::render;
use crate::terminal::neutralise;

/// What to try, on what.
#[derive(Args)]
pub(crate) struct AttackArgs {
    /// Attack another sandbox: a program that speaks the protocol of attacks/README.md, with its arguments
    #[arg(long, value_name = "COMMAND")]
    against: Option<String>,
    /// Only these parts of the catalogue
    #[arg(long, value_name = "GROUP,...", value_delimiter = ',')]
    group: Vec<Group>,
    /// Only programs whose name holds this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Print JSON, once all is done
    #[arg(long)]
    json: bool,
    /// Try nothing: print what there is to be tried, and why rows of the catalogue are no programs
    #[arg(long, conflicts_with_all = ["against", "json"])]
    list: bool,
}

/// Tries all that was asked for. What does not hold is told, and gives status 1.
pub(crate) fn attack(args: &AttackArgs) -> Result<ExitCode, Failure> {
    let cases = Case::chosen(&args.group, args.only.as_deref())?;
    if args.list {
        return list(&cases).map(|()| ExitCode::SUCCESS);
    }
    let sandbox = Sandbox::new(args.against.as_deref())?;
    let mut trier = Trier::new(&sandbox);
    let mut rows = Vec::new();
    for case in cases {
        let row = Row::from(trier.try_case(case)?);
        if !args.json {
            // A sandbox that cannot be started has no table.
            let heading = if rows.is_empty() { table::heading() } else { String::new() };
            show(&(heading + &table::line(&row)))?;
        }
        rows.push(row);
    }
    let name = trier.name.unwrap_or_else(|| "a sandbox without a name".to_owned());
    let report = Report::new(name, rows);
    if args.json {
        let json = serde_json::to_string(&report).map_err(|error| Error::Internal(error.to_string()))?;
        render::print(format!("{json}\n").as_bytes())?;
    } else {
        show(&report.totals())?;
    }
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::from(exit::NOT_HELD) })
}

fn list(cases: &[Case]) -> Result<(), Failure> {
    let mut text = String::new();
    for case in cases {
        let rows = case.rows.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        text +=
            &format!("{:<8} {rows:<6} {:<34} {}\n", case.group.to_string(), case.program.name, case.tried);
    }
    text += "\nNot tried, since they are no programs:\n";
    for (row, why) in belljar_corpus::rows_without_programs() {
        text += &format!("{row:<6} {why}\n");
    }
    render::print(text.as_bytes())
}

/// Shows what may hold words of a sandbox.
fn show(text: &str) -> Result<(), Failure> {
    let terminal = std::io::stdout().is_terminal();
    let shown = if terminal { neutralise(text.as_bytes()) } else { text.to_owned() };
    render::print(shown.as_bytes())
}
