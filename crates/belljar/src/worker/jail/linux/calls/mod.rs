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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::jail::needs::{Access, Rule};

    /// Every combination of what a process can need.
    fn all_needs() -> impl Iterator<Item = Needs> {
        (0..64u32).map(|bits| {
            let has = |bit: u32| bits >> bit & 1 == 1;
            let accesses = [(2, Access::Read), (3, Access::Change), (4, Access::Name)];
            let rules = accesses.into_iter().filter(|(bit, _)| has(*bit));
            Needs {
                rules: rules.map(|(_, access)| Rule { path: "/".into(), access }).collect(),
                ports: if has(5) { vec![443] } else { Vec::new() },
                threads: has(0),
                terminal: !has(1),
                parent: has(1).then_some(1),
                without: Vec::new(),
            }
        })
    }

    #[test]
    fn every_list_compiles_on_every_processor() {
        for needs in all_needs() {
            for architecture in [TargetArch::x86_64, TargetArch::aarch64] {
                let list = table::allowed(&needs);
                compile(list, SeccompAction::KillProcess, SeccompAction::Allow, architecture).unwrap();
                for (errno, calls) in table::refused(&needs) {
                    let errno = SeccompAction::Errno(errno.unsigned_abs());
                    compile(calls, SeccompAction::Allow, errno, architecture).unwrap();
                }
            }
        }
    }

    /// Whatever a process needs, it needs none of these.
    #[test]
    fn nothing_lists_what_would_undo_the_jail() {
        let never = [
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_kill,
            libc::SYS_pidfd_open,
            libc::SYS_memfd_create,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_mount,
            libc::SYS_chroot,
            libc::SYS_bpf,
            libc::SYS_io_uring_setup,
            libc::SYS_userfaultfd,
            libc::SYS_keyctl,
            libc::SYS_perf_event_open,
            libc::SYS_personality,
            libc::SYS_pkey_mprotect,
            libc::SYS_seccomp,
            libc::SYS_setresuid,
            libc::SYS_capset,
            libc::SYS_listen,
            libc::SYS_accept4,
        ];
        for needs in all_needs() {
            let (listed, refused) = (table::allowed(&needs), table::refused(&needs));
            assert!(never.iter().all(|number| !listed.contains_key(number)), "{needs:?}");
            // What is refused has a rule of its own, and lets nothing through that the list would stop, but for memory and sockets.
            let narrowed = [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_socket];
            let refused = refused.iter().flat_map(|(_, calls)| calls.keys());
            assert!(
                refused.into_iter().all(|number| !listed.contains_key(number) || narrowed.contains(number))
            );
        }
    }
}
