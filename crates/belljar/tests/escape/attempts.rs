//! What a process tries that has broken out of WebAssembly, one system call each, and what stops it.

use std::ffi::CStr;
use std::ptr::null;

use libc as c;

use crate::prisoner::{Got, call};

/// One thing that is tried.
pub(crate) struct Attempt {
    pub(crate) what: &'static str,
    pub(crate) act: fn(&Around) -> Got,
    /// What stops it when there is no filter of system calls. Nothing does, where this is empty: it is the filter's alone.
    pub(crate) without_seccomp: &'static [i32],
}

/// What there is around a process in the jail.
#[derive(Debug)]
pub(crate) struct Around {
    /// Who started it.
    pub(crate) parent: i32,
    /// A descriptor of `/` that it was started with.
    pub(crate) root: i32,
    /// A port of this machine at which somebody listens.
    pub(crate) port: u16,
    /// The name of an abstract socket at which somebody listens.
    pub(crate) abstract_name: String,
}

const FILE: &CStr = c"/etc/passwd";
const HERE: i32 = c::AT_FDCWD;

/// `struct open_how`.
#[repr(C)]
struct OpenHow {
    flags: u64,
    mode: u64,
    resolve: u64,
}

/// Files.
const FILES: &[Attempt] = &[
    held("openat", &[c::EACCES, c::ENOENT], |_| call!(c::SYS_openat, HERE, FILE.as_ptr(), c::O_RDONLY)),
    held("openat2", &[c::EACCES, c::ENOENT], |_| {
        let how = OpenHow { flags: 0, mode: 0, resolve: 0 };
        call!(c::SYS_openat2, HERE, FILE.as_ptr(), &raw const how, size_of::<OpenHow>())
    }),
    held("open its environment", &[c::EACCES, c::ENOENT], |_| {
        call!(c::SYS_openat, HERE, c"/proc/self/environ".as_ptr(), c::O_RDONLY)
    }),
    held("open the first process's memory", &[c::EACCES, c::ENOENT], |_| {
        call!(c::SYS_openat, HERE, c"/proc/1/mem".as_ptr(), c::O_RDONLY)
    }),
    held("open a directory", &[c::EACCES], |_| call!(c::SYS_openat, HERE, c"/".as_ptr(), c::O_DIRECTORY)),
    held("open from an inherited descriptor", &[c::EBADF], |around| {
        call!(c::SYS_openat, around.root, c"etc/passwd".as_ptr(), c::O_RDONLY)
    }),
    held("make a file", &[c::EACCES, c::ENOENT, c::EROFS], |_| {
        call!(c::SYS_openat, HERE, c"/tmp/belljar-escaped".as_ptr(), c::O_CREAT | c::O_WRONLY, 0o600)
    }),
    held("cut a file", &[c::EACCES, c::ENOENT], |_| call!(c::SYS_truncate, c"/etc/belljar-none".as_ptr(), 0)),
    held("make a directory", &[c::EACCES, c::ENOENT, c::EROFS], |_| {
        call!(c::SYS_mkdirat, HERE, c"/tmp/belljar-escaped".as_ptr(), 0o700)
    }),
    held("remove a file", &[c::EACCES, c::ENOENT, c::EROFS], |_| {
        call!(c::SYS_unlinkat, HERE, c"/tmp/belljar-none".as_ptr(), 0)
    }),
    held("make a link", &[c::EACCES, c::ENOENT, c::EROFS], |_| {
        call!(c::SYS_symlinkat, c"/".as_ptr(), HERE, c"/tmp/belljar-escaped".as_ptr())
    }),
    held("make a device", &[c::EACCES, c::EPERM, c::ENOENT, c::EROFS], |_| {
        call!(c::SYS_mknodat, HERE, c"/tmp/belljar-escaped".as_ptr(), c::S_IFCHR | 0o600, 0x0101)
    }),
    held("open by a handle", &[c::EPERM, c::EBADF, c::EINVAL, c::EFAULT], |_| {
        call!(c::SYS_open_by_handle_at, HERE, null::<u8>(), c::O_RDONLY)
    }),
    alone("make a file in memory", |_| call!(c::SYS_memfd_create, c"x".as_ptr(), 0)),
    alone("watch files", |_| call!(c::SYS_inotify_init1, 0)),
    held("watch all files", &[c::EPERM], |_| call!(c::SYS_fanotify_init, 0, 0)),
];

/// The network.
const NETWORK: &[Attempt] = &[
    held("connect over TCP", &[c::EACCES, c::ENETUNREACH], |around| {
        tcp(|socket, address, length| call!(c::SYS_connect, socket, address, length), around.port)
    }),
    held("wait for connections", &[c::EACCES, c::EADDRNOTAVAIL], |_| {
        tcp(|socket, address, length| call!(c::SYS_bind, socket, address, length), 0)
    }),
    held("connect to an abstract socket", &[c::EPERM, c::ECONNREFUSED], |around| {
        let mut address = [0u8; 110];
        address[0] = c::AF_UNIX.to_le_bytes()[0];
        address[3..3 + around.abstract_name.len()].copy_from_slice(around.abstract_name.as_bytes());
        match call!(c::SYS_socket, c::AF_UNIX, c::SOCK_STREAM, 0) {
            Got::Done(socket) => {
                call!(c::SYS_connect, socket, address.as_ptr(), 3 + around.abstract_name.len())
            }
            other => other,
        }
    }),
    held("send raw packets", &[c::EPERM], |_| call!(c::SYS_socket, c::AF_INET, c::SOCK_RAW, c::IPPROTO_ICMP)),
    held("read all packets", &[c::EPERM], |_| call!(c::SYS_socket, c::AF_PACKET, c::SOCK_RAW, 0)),
    alone("make a pair of network sockets", |_| {
        let mut pair = [0i32; 2];
        call!(c::SYS_socketpair, c::AF_TIPC, c::SOCK_STREAM, 0, pair.as_mut_ptr())
    }),
];

/// Other processes.
const PROCESSES: &[Attempt] = &[
    held("execute a program", &[c::EACCES, c::ENOENT], |_| {
        call!(c::SYS_execve, c"/bin/true".as_ptr(), null::<u8>(), null::<u8>())
    }),
    held("execute by a descriptor", &[c::EBADF, c::EACCES], |around| {
        let none = c"".as_ptr();
        call!(c::SYS_execveat, around.root, none, null::<u8>(), null::<u8>(), c::AT_EMPTY_PATH)
    }),
    alone("become two", |_| match call!(c::SYS_clone, c::SIGCHLD, 0, 0, 0, 0) {
        // The second one is not to go on as a test.
        // SAFETY: it ends this process.
        Got::Done(0) => unsafe { c::_exit(0) },
        other => other,
    }),
    held("trace its parent", &[c::EPERM], |around| {
        call!(c::SYS_ptrace, c::PTRACE_SEIZE, around.parent, 0, 0)
    }),
    alone("be traced", |_| call!(c::SYS_ptrace, c::PTRACE_TRACEME, 0, 0, 0)),
    held("signal its parent", &[c::EPERM], |around| call!(c::SYS_kill, around.parent, 0)),
    held("signal the first process", &[c::EPERM], |_| call!(c::SYS_kill, 1, 0)),
    held("signal a thread of its parent", &[c::EPERM], |around| {
        call!(c::SYS_tgkill, around.parent, around.parent, 0)
    }),
    held("read its parent's memory", &[c::EPERM], |around| {
        let mut byte = 0u8;
        let own = c::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
        let far = c::iovec { iov_base: FILE.as_ptr().cast_mut().cast(), iov_len: 1 };
        call!(c::SYS_process_vm_readv, around.parent, &raw const own, 1, &raw const far, 1, 0)
    }),
    held("write its parent's memory", &[c::EPERM], |around| {
        let mut byte = 0u8;
        let own = c::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
        call!(c::SYS_process_vm_writev, around.parent, &raw const own, 1, &raw const own, 1, 0)
    }),
    alone("change its parent's limits", |around| {
        let limit = c::rlimit { rlim_cur: 100, rlim_max: 100 };
        call!(c::SYS_prlimit64, around.parent, c::RLIMIT_CORE, &raw const limit, null::<u8>())
    }),
    alone("hold its parent by a descriptor", |around| call!(c::SYS_pidfd_open, around.parent, 0)),
];

/// Memory that could be executed.
const MEMORY: &[Attempt] = &[
    alone("map memory to execute", |_| map(c::PROT_READ | c::PROT_EXEC)),
    alone("map memory to write and execute", |_| map(c::PROT_READ | c::PROT_WRITE | c::PROT_EXEC)),
    alone("make memory executable", |_| match map(c::PROT_READ | c::PROT_WRITE) {
        Got::Done(memory) => call!(c::SYS_mprotect, memory, 4096, c::PROT_READ | c::PROT_EXEC),
        other => other,
    }),
    alone("make memory executable by a key", |_| match map(c::PROT_READ | c::PROT_WRITE) {
        Got::Done(memory) => call!(c::SYS_pkey_mprotect, memory, 4096, c::PROT_EXEC, -1),
        other => other,
    }),
    alone("make all that is readable executable", |_| call!(c::SYS_personality, 0x040_0000)),
    alone("serve page faults", |_| call!(c::SYS_userfaultfd, 1)),
    alone("share memory by a number", |_| call!(c::SYS_shmget, 0x0be11, 4096, c::IPC_CREAT | 0o600)),
];

/// The kernel.
const KERNEL: &[Attempt] = &[
    alone("ring for system calls", |_| {
        let parameters = [0u8; 120];
        call!(c::SYS_io_uring_setup, 1, parameters.as_ptr())
    }),
    held("load a program into the kernel", &[c::EPERM], |_| {
        let attributes = [0u8; 120];
        call!(c::SYS_bpf, 5, attributes.as_ptr(), attributes.len())
    }),
    held("count events of the kernel", &[c::EACCES, c::EPERM, c::EINVAL, c::E2BIG, c::ENOENT], |_| {
        let mut attributes = [0u8; 128];
        attributes[4] = 128;
        call!(c::SYS_perf_event_open, attributes.as_ptr(), -1, 0, -1, 0)
    }),
    alone("keep a key in the kernel", |_| call!(c::SYS_keyctl, 0, -3, 1)),
    alone("take namespaces", |_| call!(c::SYS_unshare, c::CLONE_NEWUSER)),
    held("enter a namespace", &[c::EBADF], |around| call!(c::SYS_setns, around.root, 0)),
    held("mount", &[c::EPERM, c::ENOENT], |_| {
        call!(c::SYS_mount, c"none".as_ptr(), c"/".as_ptr(), c"tmpfs".as_ptr(), 0, null::<u8>())
    }),
    held("unmount", &[c::EPERM, c::EINVAL], |_| call!(c::SYS_umount2, c"/".as_ptr(), c::MNT_DETACH)),
    held("change the root", &[c::EPERM], |_| call!(c::SYS_chroot, c"/".as_ptr())),
    held("move the root", &[c::EPERM], |_| call!(c::SYS_pivot_root, c"/".as_ptr(), c"/".as_ptr())),
    held("open a file system", &[c::EPERM], |_| call!(c::SYS_fsopen, c"tmpfs".as_ptr(), 0)),
    held("set the clock", &[c::EPERM], |_| {
        let time = c::timespec { tv_sec: 1, tv_nsec: 0 };
        call!(c::SYS_clock_settime, c::CLOCK_REALTIME, &raw const time)
    }),
    held("restart the machine", &[c::EPERM], |_| {
        // Not the numbers that would do it.
        call!(c::SYS_reboot, 1, 2, 3, 0)
    }),
    held("load a module", &[c::EPERM, c::ENOSYS], |around| {
        call!(c::SYS_finit_module, around.root, c"".as_ptr(), 0)
    }),
    held("name the machine", &[c::EPERM], |_| call!(c::SYS_sethostname, c"escaped".as_ptr(), 7)),
    held("read the kernel's log", &[c::EPERM], |_| {
        let mut text = [0u8; 16];
        call!(c::SYS_syslog, 3, text.as_mut_ptr(), text.len())
    }),
    held("swap", &[c::EPERM], |_| call!(c::SYS_swapon, c"/belljar-none".as_ptr(), 0)),
];

/// What would undo the jail.
const SELF: &[Attempt] = &[
    held("become root", &[c::EPERM, c::EINVAL], |_| call!(c::SYS_setresuid, 12345, 12345, 12345)),
    held("join a group", &[c::EPERM, c::EINVAL], |_| call!(c::SYS_setresgid, 12345, 12345, 12345)),
    held("join groups", &[c::EPERM], |_| {
        let groups = [12345u32];
        call!(c::SYS_setgroups, 1, groups.as_ptr())
    }),
    held("take capabilities", &[c::EPERM], |_| {
        let header = [0x2008_0522_u32, 0];
        let all = [u32::MAX, u32::MAX, 0, 0x1ff, 0x1ff, 0];
        call!(c::SYS_capset, header.as_ptr(), all.as_ptr())
    }),
    held("gain rights again", &[c::EINVAL], |_| call!(c::SYS_prctl, c::PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)),
    held("unlock its rights", &[c::EPERM], |_| call!(c::SYS_prctl, c::PR_SET_SECUREBITS, 0, 0, 0, 0)),
    held("keep an ambient capability", &[c::EPERM], |_| {
        call!(c::SYS_prctl, c::PR_CAP_AMBIENT, c::PR_CAP_AMBIENT_RAISE, 21, 0, 0)
    }),
    held("dump core", &[c::EPERM], |_| {
        let limit = c::rlimit { rlim_cur: 1 << 30, rlim_max: 1 << 30 };
        call!(c::SYS_prlimit64, 0, c::RLIMIT_CORE, &raw const limit, null::<u8>())
    }),
    alone("be dumped again", |_| call!(c::SYS_prctl, c::PR_SET_DUMPABLE, 1, 0, 0, 0)),
    alone("outlive its parent", |_| call!(c::SYS_prctl, c::PR_SET_PDEATHSIG, 0, 0, 0, 0)),
    alone("filter by another filter", |_| call!(c::SYS_seccomp, 2, 0, 0)),
    alone("have signals sent", |around| call!(c::SYS_fcntl, 0, c::F_SETOWN, around.parent)),
    alone("hear of changes", |around| call!(c::SYS_fcntl, around.root, c::F_NOTIFY, 1)),
    alone("type for others", |_| call!(c::SYS_ioctl, 0, c::TIOCSTI, c"x".as_ptr())),
    alone("take a terminal", |_| call!(c::SYS_ioctl, 0, c::TIOCSCTTY, 1)),
];

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Attempt> {
    [FILES, NETWORK, PROCESSES, MEMORY, KERNEL, SELF].into_iter().flatten()
}

/// An attempt that other layers stop as well.
const fn held(what: &'static str, without_seccomp: &'static [i32], act: fn(&Around) -> Got) -> Attempt {
    Attempt { what, act, without_seccomp }
}

/// An attempt that the filter of system calls stops alone.
const fn alone(what: &'static str, act: fn(&Around) -> Got) -> Attempt {
    Attempt { what, act, without_seccomp: &[] }
}

fn map(protection: i32) -> Got {
    call!(c::SYS_mmap, null::<u8>(), 4096, protection, c::MAP_PRIVATE | c::MAP_ANONYMOUS, -1, 0)
}

/// Does something with a TCP socket and an address of this machine.
fn tcp(act: impl FnOnce(i64, *const c::sockaddr_in, usize) -> Got, port: u16) -> Got {
    let address = c::sockaddr_in {
        sin_family: u16::try_from(c::AF_INET).expect("families are small"),
        sin_port: port.to_be(),
        sin_addr: c::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
        sin_zero: [0; 8],
    };
    match call!(c::SYS_socket, c::AF_INET, c::SOCK_STREAM, 0) {
        Got::Done(socket) => act(socket, &raw const address, size_of_val(&address)),
        other => other,
    }
}
