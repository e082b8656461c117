//! Measures Belljar next to its peers. `cargo xtask bench` prepares them and runs this.

mod figure;
mod load;
mod machine;
mod memory;
mod ours;
mod peer;
mod protocol;
mod rounds;
mod server;
mod soak;
mod stats;
mod table;
mod whole;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use belljar::Workers;
use clap::{Args, Parser};
use serde::Deserialize;

use crate::figure::{Figure, Kind};
use crate::peer::{Peer, PeerSpec};
use crate::rounds::{Effort, Found, Row};
use crate::table::Measured;
use crate::whole::CommandSpec;

#[derive(Parser)]
#[command(name = "belljar-benches", about = "Measures Belljar next to its peers")]
enum Verb {
    /// Measure, and print the tables
    Run(RunArgs),
    /// Be a peer: a jar, in this process or in a worker
    Serve(ours::ServeArgs),
    /// Run short programs for a long time and show what memory does
    Soak(soak::SoakArgs),
    /// Load workers with very many sessions, and with good and hostile work of many tenants, while they are killed
    Load(load::LoadArgs),
}

/// What to measure.
#[derive(Args)]
struct RunArgs {
    /// The document in which `cargo xtask bench` names the peers
    #[arg(long)]
    setup: PathBuf,
    /// Only figures whose name holds this
    #[arg(long, default_value = "")]
    only: String,
    /// Few samples: to see that everything works
    #[arg(long)]
    quick: bool,
}

/// The peers and commands of this machine.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setup {
    pub(crate) peers: Vec<PeerSpec>,
    pub(crate) commands: Vec<CommandSpec>,
    /// What was found out while preparing and belongs under the table.
    pub(crate) remarks: Vec<String>,
}

/// Everything that measuring needs.
pub(crate) struct Bench {
    pub(crate) setup: Setup,
    pub(crate) effort: Effort,
    pub(crate) programs: PathBuf,
    pub(crate) logs: PathBuf,
}

impl Bench {
    /// Whether there is an engine of ours for the language: without one there is nothing to measure.
    fn has(&self, language: &str) -> bool {
        self.setup.peers.iter().any(|peer| peer.language == language && peer.name.starts_with("belljar "))
    }
}

fn main() -> Result<()> {
    Workers::serve_if_asked();
    match Verb::parse() {
        Verb::Run(args) => run(&args),
        Verb::Serve(args) => ours::serve(&args),
        Verb::Soak(args) => soak::soak(&args),
        Verb::Load(args) => load::load(&args),
    }
}

fn run(args: &RunArgs) -> Result<()> {
    let text =
        std::fs::read_to_string(&args.setup).with_context(|| format!("reading {}", args.setup.display()))?;
    let setup = serde_json::from_str(&text).with_context(|| format!("reading {}", args.setup.display()))?;
    let folder = args.setup.parent().unwrap_or(Path::new(".")).to_owned();
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let bench = Bench { setup, effort: Effort::new(args.quick), programs, logs: folder.clone() };

    let mut report = heading(&bench, args.quick);
    let mut all = Vec::new();
    let wanted =
        figure::figures(server::start()?).into_iter().filter(|figure| figure.name.contains(&args.only));
    for figure in wanted.filter(|figure| bench.has(figure.language)) {
        eprintln!("{}", figure.name);
        let rows = measure(&bench, &figure, args.quick)?;
        all.push(Measured { figure, rows });
    }
    if all.is_empty() {
        bail!("no figure is called {:?}", args.only);
    }
    report += &table::figures(&all);
    for text in all.iter().filter_map(table::programs) {
        report += &format!("\n{text}");
    }
    report += "\n";
    for remark in &bench.setup.remarks {
        report += &format!("{remark}\n");
    }
    report += &format!("Load when done: {}.\n", machine::load());
    println!("{report}");
    let path = folder.join("report.md");
    std::fs::write(&path, &report).with_context(|| format!("writing {}", path.display()))?;
    fail_if_wrong(&all)
}

fn measure(bench: &Bench, figure: &Figure, quick: bool) -> Result<Vec<Row>> {
    const PROCESSES: [usize; 2] = [40, 5];
    Ok(match &figure.kind {
        Kind::Samples(ask) => rounds::samples(bench, figure.language, ask),
        Kind::Bytes(ask) => rounds::bytes(bench, figure.language, ask),
        Kind::Programs => rounds::ratios(bench, figure.language)?,
        Kind::Processes => whole::processes(bench, figure.language, PROCESSES[usize::from(quick)]),
    })
}

/// Date, machine and versions.
fn heading(bench: &Bench, quick: bool) -> String {
    let mut text = format!("Measured {}, commit {}", machine::now(), machine::commit());
    text += if quick { ", quick (few samples: do not quote).\n" } else { ".\n" };
    text += &format!("{}; load {}.\n", machine::describe(), machine::load());
    let versions =
        bench.setup.peers.iter().filter(|spec| spec.missing.is_none()).map(|spec| {
            match Peer::start(spec, &bench.logs) {
                Ok(peer) => format!("{} {}", spec.name, peer.version),
                Err(error) => format!("{} (does not start: {error:#})", spec.name),
            }
        });
    text += &format!("Versions: {}.\n", versions.collect::<Vec<_>>().join(", "));
    text += "Ratios: to the first row of the figure; for the processor, to the native peer. Medians of interleaved rounds.\n\n";
    text
}

/// Speed is measured and never judged; a wrong answer is a failure.
fn fail_if_wrong(all: &[Measured]) -> Result<()> {
    let mut wrong = Vec::new();
    for Measured { figure, rows } in all {
        for row in rows.iter().filter(|row| row.must) {
            let incomplete = matches!(row.found, Found::Ratios { .. });
            if incomplete || matches!(row.found, Found::Nothing) {
                wrong.push(format!("{}: {}: {}", figure.name, row.who, row.note));
            }
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("what must answer did not, or answered wrongly:\n{}", wrong.join("\n"))
}
