//! Engine builds, checks of the tree and generated documents.
//!
//! One verb, one file. Everything made here lands in the cache (`cache.rs`) or in the tree; nothing is installed.

mod attack;
mod bench;
mod cache;
mod cargo;
mod clients;
mod conformance;
mod engines;
mod fetch;
mod fuzz;
mod mcp;
mod packages;
mod peers;
mod progress;
mod require;
mod sbom;
mod server;
mod setup;
mod test;
mod tidy;
mod tool;
mod tree;
mod wasm;
mod zig;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds engines and checks the tree")]
enum Verb {
    /// Check that this machine has what is needed, then build engines, program and images, and run the examples
    Setup,
    /// Build engines (all, or those named) into the cache
    Engines(engines::EnginesArgs),
    /// Fetch the packages that programs of the corpus use into the cache
    Packages,
    /// Run the whole test suite, or the stages named
    Test(test::TestArgs),
    /// Measure Belljar next to its peers
    Bench(bench::BenchArgs),
    /// Try the catalogue of attacks on other sandboxes (all that are known, or those named)
    Attack(attack::AttackArgs),
    /// Run short programs for a long time and show what memory does
    Soak(bench::SoakArgs),
    /// Load workers with very many sessions and with the work of many tenants, while workers are killed
    Load(bench::LoadArgs),
    /// Have real clients of the Model Context Protocol use the server (all that are known, or those named)
    Clients(clients::ClientsArgs),
    /// Run the languages' own tests inside the jar; when all were run, write the pages in docs/ about them
    Conformance(conformance::ConformanceArgs),
    /// Run the official conformance suite of the Model Context Protocol on the server
    Mcp,
    /// Offer what the host decodes whatever bytes make it stumble (all targets, or those named)
    Fuzz(fuzz::FuzzArgs),
    /// Write down what the program is made of, as CycloneDX, and check that
    Sbom,
    /// Check the rules of the tree that no compiler checks
    Tidy,
}

fn main() -> ExitCode {
    let done = match Verb::parse() {
        Verb::Setup => setup::setup(),
        Verb::Engines(args) => engines::engines(&args),
        Verb::Packages => packages::packages(),
        Verb::Test(args) => test::test(&args),
        Verb::Bench(args) => bench::bench(&args),
        Verb::Attack(args) => attack::attack(&args),
        Verb::Soak(args) => bench::soak(&args),
        Verb::Load(args) => bench::load(&args),
        Verb::Clients(args) => clients::clients(&args),
        Verb::Conformance(args) => conformance::conformance(&args),
        Verb::Mcp => mcp::mcp(),
        Verb::Fuzz(args) => fuzz::fuzz(&args),
        Verb::Sbom => sbom::sbom(),
        Verb::Tidy => tidy::tidy(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
