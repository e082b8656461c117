//! `belljar policy`: looks a policy over, and says what can be written in one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use belljar::{Error, Policy, PolicyProblem, Reach};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::schema;
use crate::exit::{self, Failure};
use crate::policy_args;
use crate::render;

/// What can be done with policies.
#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// Say what a policy allows, or what is wrong with it and where
    Check(CheckArgs),
    /// Print the JSON Schema of a policy
    Schema,
}

/// Which policy.
#[derive(Args)]
pub(crate) struct CheckArgs {
    /// The policy [default: the one that BELLJAR_POLICY names]
    file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does what was asked.
pub(crate) fn policy(command: PolicyCommand) -> Result<ExitCode, Failure> {
    match command {
        PolicyCommand::Check(args) => check(args),
        PolicyCommand::Schema => schema::print(schema::What::Policy),
    }
}

fn check(args: CheckArgs) -> Result<ExitCode, Failure> {
    let file = match args.file {
        Some(file) => Some(file),
        None => policy_args::of_environment()?,
    };
    let nothing = || Failure::usage("there is no policy to check", "name its file");
    let file = file.ok_or_else(nothing)?;
    let read = Policy::read(&file).and_then(|policy| policy.narrow(&Reach::default()).map(|_| policy));
    match read {
        Ok(policy) if args.json => render::print(format!("{}\n", described(&policy)).as_bytes())?,
        Ok(policy) => {
            let text = format!("# {} is a policy. With every limit it reads:\n\n{policy}", policy.name());
            render::print(text.as_bytes())?;
            policy
                .missing()
                .iter()
                .for_each(|what| render::note(&format!("not on this machine now: {what}")));
        }
        Err(Error::Policy(problems)) if args.json => {
            let problems: Vec<Value> = problems.all().iter().map(problem).collect();
            render::print(
                format!("{}\n", json!({ "policy": shown(&file), "problems": problems })).as_bytes(),
            )?;
            return Ok(ExitCode::from(exit::NOT_RUN));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// What a policy allows, as JSON: in its own words.
fn described(policy: &Policy) -> Value {
    let reach = policy.reach();
    json!({
        "policy": policy.name(),
        "problems": [],
        "limits": policy.limits(),
        "engines": policy.engines(),
        "grants": {
            "mounts": texts(&reach.mounts),
            "net": texts(&reach.net),
            "tls_ca": reach.tls_ca.iter().map(|path| shown(path)).collect::<Vec<_>>(),
            "secrets": texts(&reach.secrets),
            "environment": policy.environment().collect::<Vec<_>>(),
            "seed": reach.seed,
        },
        "packages": policy.packages(),
        "audit": policy.audit_file().map(shown),
        "jail": { "required": policy.requires_jail() },
        "missing": policy.missing(),
    })
}

fn texts(entries: &[impl ToString]) -> Vec<String> {
    entries.iter().map(ToString::to_string).collect()
}

fn problem(problem: &PolicyProblem) -> Value {
    let PolicyProblem { file, line, column, key, message, hint, .. } = problem;
    json!({ "file": file, "line": line, "column": column, "key": key, "message": message, "hint": hint })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
