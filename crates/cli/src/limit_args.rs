//! Limits and grants on the command line, the same for every verb that runs code, and the policy that they are held against.

use belljar::units::{Duration, Size};
use belljar::{Grants, Limits, Policy};
use clap::Args;

use crate::audit_args::AuditArgs;
use crate::exit::Failure;
use crate::grant_args::GrantArgs;
use crate::policy_args::PolicyArgs;

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
    #[command(flatten)]
    grants: GrantArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    audit: AuditArgs,
}

/// What code may use and reach, once the policy was asked.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    pub(crate) limits: Limits,
    pub(crate) grants: Grants,
    pub(crate) policy: Option<Policy>,
}

impl LimitArgs {
    /// What was asked for, if the policy allows it; where nothing was asked for, what the policy says; and without one, the defaults.
    pub(crate) fn allowed(&self) -> Result<Allowed, Failure> {
        let policy = self.policy.load()?;
        self.audit.begin(policy.as_ref())?;
        let (limits, asked) = (self.limits(policy.as_ref()), self.grants.reach()?);
        let (limits, grants) = match &policy {
            Some(policy) => (policy.narrow_limits(limits)?, policy.grants(&asked)?),
            None => {
                limits.check()?;
                (limits, asked.grants()?)
            }
        };
        self.audit.keep_from(grants.mounts())?;
        Ok(Allowed { limits, grants, policy })
    }

    /// Whether the limit on output was named.
    pub(crate) fn names_output(&self) -> bool {
        self.output.is_some()
    }

    /// Whether code will reach any host.
    pub(crate) fn reaches_network(&self, policy: Option<&Policy>) -> bool {
        self.grants.names_hosts() || policy.is_some_and(|policy| !policy.reach().net.is_empty())
    }

    fn limits(&self, policy: Option<&Policy>) -> Limits {
        let base = policy.map_or_else(Limits::default, |policy| policy.limits().clone());
        let time_ms = self.time.map_or(base.time_ms, |time| time.0);
        // Who gives a run less time gives it no more CPU time; who gives it more, without a policy, as much.
        let cpu_ms = if policy.is_some() { base.cpu_ms.min(time_ms) } else { time_ms };
        Limits {
            time_ms,
            cpu_ms: self.cpu.map_or(cpu_ms, |cpu| cpu.0),
            memory_bytes: self.memory.map_or(base.memory_bytes, |memory| memory.0),
            fuel: self.fuel.or(base.fuel),
            output_bytes: self.output.map_or(base.output_bytes, |output| output.0),
            ..base
        }
    }
}
