//! The verbs, one a file: its arguments, whose comments are its help, and what it does.

mod attack;
mod completions;
mod doctor;
mod image;
mod jsonl;
mod mcp;
mod policy;
mod repl;
mod run;
mod schema;

use std::process::ExitCode;

use clap::Subcommand;

use crate::exit::Failure;

/// What can be asked of the program.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a program, or serve requests as JSON lines
    Run(Box<run::RunArgs>),
    /// Type code and see what it gives, in a session that keeps its state
    Repl(Box<repl::ReplArgs>),
    /// Serve tools that run code to models, by the Model Context Protocol
    Mcp(Box<mcp::McpArgs>),
    /// Say what this machine offers, which images it has, and whether they work
    Doctor(doctor::DoctorArgs),
    /// Try a catalogue of attacks, on this program or on another sandbox, and say what holds
    Attack(attack::AttackArgs),
    /// Make and list images: engines that are ready to run
    #[command(subcommand)]
    Image(image::ImageCommand),
    /// Look a policy over, or print the schema of policies
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Print completions for a shell
    Completions(completions::CompletionsArgs),
    /// Print the JSON Schema of what `run --json` prints, of a line of `--audit`, or of a policy
    Schema(schema::SchemaArgs),
}

impl Command {
    /// Does what was asked. `whole` is the whole command line, for what describes it.
    pub(crate) fn run(self, whole: fn() -> clap::Command) -> Result<ExitCode, Failure> {
        match self {
            Self::Run(args) => run::run(*args),
            Self::Repl(args) => repl::repl(&args),
            Self::Mcp(args) => mcp::mcp(*args),
            Self::Doctor(args) => doctor::doctor(&args),
            Self::Attack(args) => attack::attack(&args),
            Self::Image(command) => image::image(command),
            Self::Policy(command) => policy::policy(command),
            Self::Completions(args) => completions::completions(&args, whole()),
            Self::Schema(args) => schema::schema(&args),
        }
    }
}
