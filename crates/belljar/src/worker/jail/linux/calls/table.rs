//! Which system calls there are in the jail, and why each. Found by running everything with the filter on, and argued here one by one.

use libc as c;
use seccompiler::SeccompRule;

use super::Calls;
use super::arguments::{all, has, is, is_not, is_whole, one_of};
use crate::worker::jail::needs::Needs;

/// What every process needs to go on and to end.
const ALWAYS: &[i64] = &[
    // Bytes from and to what is open: output, pipes, the channel.
    c::SYS_read,
    c::SYS_readv,
    c::SYS_write,
    c::SYS_writev,
    c::SYS_pread64,
    c::SYS_pwrite64,
    c::SYS_lseek,
    c::SYS_close,
    c::SYS_fstat,
    // Waiting.
    c::SYS_ppoll,
    c::SYS_pselect6,
    c::SYS_epoll_create1,
    c::SYS_epoll_ctl,
    c::SYS_epoll_pwait,
    c::SYS_eventfd2,
    c::SYS_futex,
    c::SYS_nanosleep,
    c::SYS_clock_nanosleep,
    c::SYS_restart_syscall,
    c::SYS_sched_yield,
    // Memory, never executable: `mmap` and `mprotect` are below.
    c::SYS_brk,
    c::SYS_munmap,
    c::SYS_mremap,
    // Traps of WebAssembly arrive as signals, which are handled on a stack of their own.
    c::SYS_rt_sigaction,
    c::SYS_rt_sigprocmask,
    c::SYS_rt_sigreturn,
    c::SYS_sigaltstack,
    // Clocks, where the kernel's page of them cannot tell, and what a run has used.
    c::SYS_clock_gettime,
    c::SYS_clock_getres,
    c::SYS_gettimeofday,
    c::SYS_getrusage,
    // Randomness of sessions and of hash tables.
    c::SYS_getrandom,
    // Who one is: numbers that tell nothing.
    c::SYS_getpid,
    c::SYS_gettid,
    c::SYS_getuid,
    c::SYS_geteuid,
    // glibc asks how many processors there are, and for the size of its own stack.
    c::SYS_sched_getaffinity,
    // Machine code that was just mapped is seen by all threads.
    c::SYS_membarrier,
    c::SYS_exit,
    c::SYS_exit_group,
];

/// What only older architectures have.
#[cfg(target_arch = "x86_64")]
const OLD: &[i64] = &[c::SYS_poll, c::SYS_select, c::SYS_epoll_wait, c::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[i64] = &[];

/// What a thread does when it begins.
const THREADS: &[i64] = &[c::SYS_set_robust_list, c::SYS_rseq];

/// Messages over sockets that are there. None can be made.
const CHANNEL: &[i64] = &[c::SYS_sendmsg, c::SYS_recvmsg, c::SYS_sendto, c::SYS_recvfrom, c::SYS_shutdown];

/// What a program that handles signals and prints needs besides: pairs of sockets wake its threads.
const OWN: &[i64] = &[c::SYS_sendto, c::SYS_recvfrom, c::SYS_recvmsg, c::SYS_fsync];

/// Reading below a directory, from its descriptor.
const READS: &[i64] = &[
    c::SYS_openat,
    c::SYS_openat2,
    c::SYS_newfstatat,
    c::SYS_statx,
    c::SYS_getdents64,
    c::SYS_readlinkat,
    c::SYS_faccessat,
    c::SYS_fstatfs,
    c::SYS_fadvise64,
];

/// Changing what lies below a directory.
const CHANGES: &[i64] = &[
    c::SYS_mkdirat,
    c::SYS_unlinkat,
    c::SYS_renameat,
    c::SYS_renameat2,
    c::SYS_linkat,
    c::SYS_symlinkat,
    c::SYS_utimensat,
    c::SYS_fchmod,
    c::SYS_ftruncate,
    c::SYS_fallocate,
    c::SYS_fsync,
    c::SYS_fdatasync,
];

/// Giving a name to a file that is open already.
const NAMES: &[i64] = &[c::SYS_renameat, c::SYS_renameat2, c::SYS_unlinkat, c::SYS_fsync];

/// The same, and the rest of what older architectures have, by its old name.
#[cfg(target_arch = "x86_64")]
const OLD_NAMES: &[i64] = &[c::SYS_rename, c::SYS_unlink];
#[cfg(not(target_arch = "x86_64"))]
const OLD_NAMES: &[i64] = &[];

/// Connections, and looking names up. `socket` is below.
const NETWORK: &[i64] = &[
    c::SYS_connect,
    // For the socket over which the kernel tells its addresses. Landlock refuses it for TCP.
    c::SYS_bind,
    c::SYS_getsockopt,
    c::SYS_setsockopt,
    c::SYS_getsockname,
    c::SYS_getpeername,
    c::SYS_sendto,
    c::SYS_recvfrom,
    c::SYS_sendmsg,
    c::SYS_recvmsg,
    c::SYS_sendmmsg,
    c::SYS_shutdown,
    // The machine's own name says in which domain names are looked up.
    c::SYS_uname,
];

/// Editing a line, and keeping it.
const TERMINAL: &[i64] = &[c::SYS_flock, c::SYS_umask, c::SYS_fchmod];

/// What libraries ask in passing, and do without.
const IN_PASSING: &[i64] = &[
    c::SYS_openat,
    c::SYS_newfstatat,
    c::SYS_statx,
    c::SYS_faccessat,
    c::SYS_faccessat2,
    c::SYS_readlinkat,
    c::SYS_getcwd,
    c::SYS_uname,
    c::SYS_sysinfo,
];
#[cfg(target_arch = "x86_64")]
const OLD_IN_PASSING: &[i64] = &[c::SYS_open, c::SYS_stat, c::SYS_lstat, c::SYS_access, c::SYS_readlink];
#[cfg(not(target_arch = "x86_64"))]
const OLD_IN_PASSING: &[i64] = &[];

/// The calls that go through.
pub(super) fn allowed(needs: &Needs) -> Calls {
    let mut calls: Calls = plain(needs).map(|number| (number, Vec::new())).collect();
    calls.extend(narrowed(needs));
    calls
}

/// Calls that go through whatever their arguments are.
fn plain(needs: &Needs) -> impl Iterator<Item = i64> {
    let groups = [
        (true, ALWAYS),
        (true, OLD),
        (needs.threads, THREADS),
        (needs.is_worker(), CHANNEL),
        (!needs.is_worker(), OWN),
        (needs.reads(), READS),
        (needs.changes(), CHANGES),
        (needs.names(), NAMES),
        (needs.names(), OLD_NAMES),
        (needs.connects(), NETWORK),
        (needs.terminal, TERMINAL),
    ];
    groups.into_iter().filter(|(needed, _)| *needed).flat_map(|(_, group)| group.iter().copied())
}

/// Calls of which only some uses are needed.
fn narrowed(needs: &Needs) -> Vec<(i64, Vec<SeccompRule>)> {
    let process = u64::from(std::process::id());
    let mut calls = vec![
        // Memory that is never executable. Where names are looked up, the C library would load modules for that, and is refused instead.
        (c::SYS_mmap, vec![all(vec![has(2, bits(c::PROT_EXEC), 0)])]),
        (c::SYS_mprotect, vec![all(vec![has(2, bits(c::PROT_EXEC), 0)])]),
        (c::SYS_madvise, one_of(2, &ADVICE)),
        // A signal to a thread of one's own: `abort`, `raise`.
        (c::SYS_tgkill, vec![all(vec![is(0, process)])]),
        // The name of a thread, and of memory; and where the kernel put its page of clocks.
        (c::SYS_prctl, one_of(0, &[bits(c::PR_SET_NAME), bits(c::PR_SET_VMA), PR_GET_AUXV])),
        (c::SYS_fcntl, one_of(1, &DESCRIPTOR_FLAGS)),
        (c::SYS_ioctl, controls(needs)),
        // A bound is asked for, of oneself, and not set.
        (c::SYS_prlimit64, vec![all(vec![is(0, 0), is_whole(2, 0)])]),
    ];
    if needs.threads {
        // All that threads share, and nothing of what a process or a namespace would be made with.
        calls.push((c::SYS_clone, vec![all(vec![has(0, !bits(THREAD_MAY), bits(THREAD_IS))])]));
    }
    if !needs.is_worker() {
        calls.push((c::SYS_socketpair, one_of(0, &[bits(c::AF_UNIX)])));
    }
    if needs.connects() {
        calls.push((c::SYS_socket, one_of(0, &FAMILIES)));
    }
    calls
}

/// The calls that are refused, by error number.
pub(super) fn refused(needs: &Needs) -> Vec<(i32, Calls)> {
    // The C library takes `clone` then, whose flags can be looked at.
    let absent = Calls::from([(c::SYS_clone3, Vec::new())]);
    let mut denied: Calls =
        IN_PASSING.iter().chain(OLD_IN_PASSING).map(|number| (*number, Vec::new())).collect();
    let allowed: Vec<i64> = plain(needs).collect();
    denied.retain(|number, _| !allowed.contains(number));
    if needs.connects() {
        // The C library asks a daemon for names, and loads modules that find them; without either it asks itself.
        denied.insert(c::SYS_socket, vec![all(FAMILIES.iter().map(|family| is_not(0, *family)).collect())]);
        let executable = || vec![all(vec![has(2, bits(c::PROT_EXEC), bits(c::PROT_EXEC))])];
        denied.extend([(c::SYS_mmap, executable()), (c::SYS_mprotect, executable())]);
    }
    vec![(c::ENOSYS, absent), (c::EACCES, denied)]
}

/// IP, and the kernel's own tables of addresses, which the C library looks into before it chooses one.
const FAMILIES: [u64; 3] = [bits(c::AF_INET), bits(c::AF_INET6), bits(c::AF_NETLINK)];

/// What wasmtime and the C library say of memory: that it is not needed, needed soon, or to be put into large pages.
const ADVICE: [u64; 10] = [
    bits(c::MADV_DONTNEED),
    bits(c::MADV_FREE),
    bits(c::MADV_WILLNEED),
    bits(c::MADV_HUGEPAGE),
    bits(c::MADV_NOHUGEPAGE),
    bits(c::MADV_DONTDUMP),
    bits(c::MADV_POPULATE_READ),
    bits(c::MADV_POPULATE_WRITE),
    // `MADV_GUARD_INSTALL` and `MADV_GUARD_REMOVE`: guard pages of stacks, in newer C libraries.
    102,
    103,
];

/// Flags of a descriptor, and copies of it. Not who gets its signals, and no leases.
const DESCRIPTOR_FLAGS: [u64; 6] = [
    bits(c::F_GETFD),
    bits(c::F_SETFD),
    bits(c::F_GETFL),
    bits(c::F_SETFL),
    bits(c::F_DUPFD_CLOEXEC),
    bits(c::F_GET_SEALS),
];

/// What makes a thread of what `clone` makes, and what else it may be told.
const THREAD_IS: c::c_int = c::CLONE_VM | c::CLONE_FS | c::CLONE_FILES | c::CLONE_SIGHAND | c::CLONE_THREAD;
const THREAD_MAY: c::c_int = c::CLONE_SYSVSEM
    | c::CLONE_SETTLS
    | c::CLONE_PARENT_SETTID
    | c::CLONE_CHILD_SETTID
    | c::CLONE_CHILD_CLEARTID
    | c::CLONE_DETACHED;

/// `PR_GET_AUXV` (`linux/prctl.h`).
const PR_GET_AUXV: u64 = 0x4155_5856;

/// `PAGEMAP_SCAN` (`linux/fs.h`): which pages of its own memory the process has written to.
const PAGEMAP_SCAN: u64 = 0xc060_6610;

/// Controls of devices: whether it is a terminal, how wide it is, and for a prompt how it behaves. Not `TIOCSTI`, which types for others.
fn controls(needs: &Needs) -> Vec<SeccompRule> {
    let mut controls = vec![PAGEMAP_SCAN, c::FIONBIO, c::TCGETS, c::TIOCGWINSZ];
    if needs.terminal {
        controls.extend([c::TCSETS, c::TCSETSW, c::TCSETSF, c::FIONREAD]);
    }
    one_of(1, &controls)
}

/// A constant of the C library as an argument, of which the lower half counts.
const fn bits(constant: c::c_int) -> u64 {
    constant.cast_unsigned() as u64
}
