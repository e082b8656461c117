//! The one executable: every surface meets here.

mod audit_args;
mod commands;
mod exit;
mod grant_args;
mod interrupt;
mod jail_args;
mod limit_args;
mod log;
mod open;
mod package_args;
mod policy_args;
mod render;
mod snapshot_args;
mod source;
mod telemetry;
mod terminal;
mod tool_args;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::commands::Command;

/// Run Python and JavaScript that nobody has read yet, in WebAssembly, with limits that hold.
#[derive(Parser)]
#[command(name = "belljar", version, arg_required_else_help = true, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    // Whoever uses workers may name this program to be them.
    belljar::Workers::serve_if_asked();
    log::show();
    let code = match Cli::try_parse() {
        Ok(cli) => {
            cli.command.run(Cli::command).unwrap_or_else(|failure| ExitCode::from(render::failure(&failure)))
        }
        Err(error) => exit::of_usage(&error),
    };
    telemetry::finish();
    code
}
