//! The filter of system calls: a list of what may be called, and with which arguments. Anything else ends the process (`SIGSYS`).
//!
//! A few calls are refused instead, since libraries make them in passing and go on without: glibc opens files to count processors, and asks
//! for `clone3` before it takes `clone`. A call that is refused does as little as one that kills; only whoever tries it may try again.

mod arguments;
mod table;

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompFilter, SeccompRule, TargetArch, apply_filter_all_threads,
};

use crate::worker::jail::layer::Lack;
use crate::worker::jail::needs::Needs;

/// System calls by number, each with the arguments that are meant: any where there is no rule.
type Calls = BTreeMap<i64, Vec<SeccompRule>>;

/// Installs the filter, in all threads.
pub(super) fn filter(needs: &Needs) -> Result<(), Lack> {
    let Ok(architecture) = TargetArch::try_from(std::env::consts::ARCH) else { return Err(Lack::System) };
    let refused = table::refused(needs);
    let mut listed = table::allowed(needs);
    // Filters are asked all, and the strictest answer holds: what is refused must pass the list.
    for (number, _) in refused.iter().flat_map(|(_, calls)| calls) {
        listed.insert(*number, Vec::new());
    }
    for (errno, calls) in refused {
        let errno = SeccompAction::Errno(errno.unsigned_abs());
        apply(&compile(calls, SeccompAction::Allow, errno, architecture)?)?;
    }
    apply(&compile(listed, SeccompAction::KillProcess, SeccompAction::Allow, architecture)?)
}

fn compile(
    calls: Calls,
    others: SeccompAction,
    these: SeccompAction,
    architecture: TargetArch,
) -> Result<BpfProgram, Lack> {
    let filter = SeccompFilter::new(calls, others, these, architecture);
    // The lists are constants: a test compiles every one.
    filter.and_then(BpfProgram::try_from).map_err(|_| Lack::Failed(libc::EINVAL))
}

fn apply(program: &BpfProgram) -> Result<(), Lack> {
    apply_filter_all_threads(program).map_err(|error| match error {
        seccompiler::Error::Prctl(error) | seccompiler::Error::Seccomp(error) => match error.raw_os_error() {
            // It knows no filters, or not those that end a process.
            Some(libc::EINVAL) => Lack::Kernel,
            number => super::lack_of(rustix::io::Errno::from_raw_os_error(number.unwrap_or(libc::EIO))),
        },
        seccompiler::Error::ThreadSync(_) => Lack::Threads,
        _ => Lack::Failed(libc::EINVAL),
    })
}
