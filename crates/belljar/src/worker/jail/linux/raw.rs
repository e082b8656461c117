//! The system calls of the jail that no crate has a safe form of. Nothing is decided here.

use std::ffi::CStr;
use std::os::fd::RawFd;
use std::ptr;

use rustix::io::{Errno, Result};
use rustix::thread::UnshareFlags;

/// Moves the process into namespaces of its own. It must have one thread, or they would differ between threads.
#[expect(unsafe_code, reason = "rustix has no safe form of this call")]
pub(super) fn unshare(flags: UnshareFlags) -> Result<()> {
    debug_assert!(!flags.contains(UnshareFlags::FILES), "descriptors stay shared");
    // SAFETY: the call is unsafe for `FILES` alone, which would give a thread a table of descriptors of its own; nobody asks for that.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

/// Closes a descriptor that nobody in this process owns: one that it was started with.
#[expect(unsafe_code, reason = "it has no owner to be dropped with")]
pub(in crate::worker::jail) fn close(inherited: RawFd) {
    // SAFETY: `Inherited` was noted before anything was opened, so no value of this process owns the number, and none was given it since,
    // because it was open all the time.
    unsafe { rustix::io::close(inherited) }
}

/// Mounts a file system of a kind at a place, or changes the mounts there.
#[expect(unsafe_code, reason = "rustix's form is a feature that would have everything built anew")]
pub(super) fn mount(kind: &CStr, place: &CStr, flags: libc::c_ulong, options: &CStr) -> Result<()> {
    // SAFETY: all pointers are to strings that end with NUL and outlive the call, which changes no memory of ours.
    let done =
        unsafe { libc::mount(kind.as_ptr(), place.as_ptr(), kind.as_ptr(), flags, options.as_ptr().cast()) };
    outcome(done)
}

/// Takes what is mounted at a place out of the tree, at once, though it may be in use.
#[expect(unsafe_code, reason = "see above")]
pub(super) fn unmount(place: &CStr) -> Result<()> {
    // SAFETY: as above.
    outcome(unsafe { libc::umount2(place.as_ptr(), libc::MNT_DETACH) })
}

/// The version of Landlock's interface, which changes nothing.
#[expect(unsafe_code, reason = "the crate landlock tells it only when it restricts something")]
pub(super) fn landlock_abi() -> Result<u32> {
    const VERSION: u32 = 1;
    // SAFETY: with this flag the call takes no pointer, and returns a number.
    let abi = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, ptr::null::<u8>(), 0usize, VERSION) };
    u32::try_from(abi).map_err(|_| last())
}

/// Whether the kernel has filters of system calls that can end a process.
#[expect(unsafe_code, reason = "no crate that is used has this call")]
pub(super) fn seccomp_can_kill() -> Result<()> {
    let action = libc::SECCOMP_RET_KILL_PROCESS;
    // SAFETY: the kernel reads one `u32`, which outlives the call.
    let done = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, ptr::from_ref(&action))
    };
    outcome(if done == 0 { 0 } else { -1 })
}

/// Does something in a child process, and says with which error it ended. `act` may make system calls and nothing else: other threads of this
/// process may have held locks.
#[expect(unsafe_code, reason = "what can be had is found out by trying, and must not be kept")]
pub(super) fn try_in_child(act: impl FnOnce() -> Result<()>) -> Result<()> {
    // SAFETY: the child calls `act`, which makes system calls alone, and `_exit`. It allocates nothing, and runs no destructor of the parent's.
    let child = unsafe { libc::fork() };
    match child {
        -1 => Err(last()),
        0 => {
            let code = act().map_or_else(Errno::raw_os_error, |()| 0);
            // SAFETY: it ends the child at once.
            unsafe { libc::_exit(code) }
        }
        child => {
            let mut status = 0;
            // SAFETY: the kernel writes one `int`.
            while unsafe { libc::waitpid(child, &raw mut status, 0) } < 0 {
                if last() != Errno::INTR {
                    return Err(last());
                }
            }
            match libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)) {
                Some(0) => Ok(()),
                // No error number is above 255.
                Some(number) => Err(Errno::from_raw_os_error(number)),
                None => Err(Errno::PERM),
            }
        }
    }
}

fn outcome(done: libc::c_int) -> Result<()> {
    if done == 0 { Ok(()) } else { Err(last()) }
}

fn last() -> Errno {
    let number = std::io::Error::last_os_error().raw_os_error();
    Errno::from_raw_os_error(number.unwrap_or(libc::EIO))
}
