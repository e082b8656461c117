//! Limits and grants on the command line, the same for every verb that runs code.

use belljar::{Error, Grants, Limits, Mount};
use clap::Args;

use crate::exit::Failure;
use crate::grant_args::GrantArgs;
use crate::units::{Duration, Size};

/// What the code may use, and reach.
#[derive(Args, Clone, Debug)]
pub(crate) struct LimitArgs {
    /// Wall time of a run: 500ms, 2s, 1m; a bare number is seconds [default: 10s]
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    time: Option<Duration>,
    /// CPU time of a run [default: the same as --time]
    #[arg(long, value_name = "TIME", help_heading = "Limits")]
    cpu: Option<Duration>,
    /// Memory of a session, the engine's own included: 64MiB, 1GB [default: 128MiB]
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    memory: Option<Size>,
    /// Fuel of a run: about one for each WebAssembly instruction, counted only when this is given
    #[arg(long, value_name = "N", help_heading = "Limits")]
    fuel: Option<u64>,
    /// Output of a run; what is more is cut in the middle [default: 1MiB]
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    output: Option<Size>,
    /// Make runs repeatable: clock, randomness and scheduling follow from this number
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Show a directory to the program: to read (ro, the default), to change (rw), or to change in memory only (cow)
    #[arg(long, value_name = "SRC:DST[:ro|rw|cow]")]
    mount: Vec<String>,
    #[command(flatten)]
    grants: GrantArgs,
}

impl LimitArgs {
    /// The limits: what was given, and the defaults.
    pub(crate) fn limits(&self) -> Limits {
        let default = Limits::default();
        let time_ms = self.time.map_or(default.time_ms, |time| time.0);
        Limits {
            time_ms,
            cpu_ms: self.cpu.map_or(time_ms, |cpu| cpu.0),
            memory_bytes: self.memory.map_or(default.memory_bytes, |memory| memory.0),
            fuel: self.fuel,
            output_bytes: self.output.map_or(default.output_bytes, |output| output.0),
            ..default
        }
    }

    /// The grants: nothing but what was given.
    pub(crate) fn grants(&self) -> Result<Grants, Failure> {
        let grants = self.seed.map_or_else(Grants::default, |seed| Grants::default().seed(seed));
        let grants = self.mounts()?.into_iter().fold(grants, Grants::mount);
        self.grants.add_to(grants)
    }

    /// The directories that the code is shown.
    pub(crate) fn mounts(&self) -> Result<Vec<Mount>, Error> {
        self.mount.iter().map(|text| text.parse()).collect()
    }
}
