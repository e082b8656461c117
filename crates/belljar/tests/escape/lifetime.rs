//! How long a process in the jail lives, who can look into it, and what is left of it.

use std::time::{Duration, Instant};

use belljar::{Error, Jail};

use crate::lacking::become_nobody;
use crate::prisoner::{Got, call, in_child, with_text};
use crate::{own, worker};

/// A pipe, whose one end a child has.
fn pipe() -> [i32; 2] {
    let mut pipe = [0; 2];
    // SAFETY: the kernel writes two numbers.
    assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
    pipe
}

/// A worker goes when its parent does, at once, though it does nothing itself and nobody asks it to.
#[test]
fn a_worker_ends_with_its_parent() {
    let [read, write] = pipe();
    let parent = in_child(|| {
        let [ready, closed] = pipe();
        // SAFETY: the copy has one thread, and makes system calls of its own until it is killed.
        if unsafe { libc::fork() } == 0 {
            let entered = Jail::closed().child_of(parent_of_this()).enter();
            call!(libc::SYS_write, closed, c"x".as_ptr(), usize::from(entered.is_ok()));
            loop {
                call!(libc::SYS_ppoll, 0, 0, 0, 0, 0);
            }
        }
        call!(libc::SYS_read, ready, [0u8; 1].as_mut_ptr(), 1)
    });
    assert_eq!(parent, Got::Done(1));
    // SAFETY: the number is this test's.
    unsafe { libc::close(write) };
    // The worker had the last copy of the other end.
    let mut wait = libc::pollfd { fd: read, events: libc::POLLIN, revents: 0 };
    let began = Instant::now();
    // SAFETY: the kernel reads and writes one entry.
    assert_eq!(unsafe { libc::poll(&raw mut wait, 1, 10_000) }, 1, "the worker is still there");
    assert!(began.elapsed() < Duration::from_secs(5));
}

fn parent_of_this() -> u32 {
    // SAFETY: it asks for a number.
    unsafe { libc::getppid() }.unsigned_abs()
}

/// One that was started by a process which has ended since does not begin.
#[test]
fn a_worker_of_another_parent_does_not_begin() {
    let got = in_child(|| {
        let entered = Jail::closed().child_of(1_234_567).enter();
        Got::Done(matches!(entered, Err(Error::ParentGone)).into())
    });
    assert_eq!(got, Got::Done(1));
}

/// A process of the same user reads nothing of it, through `/proc` or as a debugger.
#[test]
fn nobody_of_the_same_user_looks_into_it() {
    let got = in_child(|| {
        become_nobody();
        let [ready, entered] = pipe();
        // SAFETY: as above.
        let jailed = unsafe { libc::fork() };
        if jailed == 0 {
            let _ = own().enter();
            loop {
                call!(libc::SYS_ppoll, 0, 0, 0, 0, 0);
            }
        }
        // The other end is closed when the jail is, since it was inherited.
        call!(libc::SYS_close, entered);
        call!(libc::SYS_read, ready, [0u8; 1].as_mut_ptr(), 1);
        let deadline = Instant::now() + Duration::from_secs(10);
        let path = std::ffi::CString::new(format!("/proc/{jailed}/environ")).unwrap();
        let mut last = Got::Done(0);
        while Instant::now() < deadline && last != Got::Refused(libc::EACCES) {
            last = call!(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), libc::O_RDONLY);
        }
        let traced = call!(libc::SYS_ptrace, libc::PTRACE_SEIZE, jailed, 0, 0);
        // SAFETY: it is this process's child.
        unsafe { libc::kill(jailed, libc::SIGKILL) };
        Got::Done((last == Got::Refused(libc::EACCES) && traced == Got::Refused(libc::EPERM)).into())
    });
    assert_eq!(got, Got::Done(1));
}

/// A process that aborts leaves nothing of its memory, whatever the limit was before. `in_child` looks for a core dump.
#[test]
fn a_process_that_aborts_leaves_no_core() {
    let got = in_child(|| {
        let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
        call!(libc::SYS_prlimit64, 0, libc::RLIMIT_CORE, &raw const limit, std::ptr::null::<u8>());
        let _ = worker().enter();
        std::process::abort()
    });
    assert_eq!(got, Got::Killed(libc::SIGABRT));
}

/// What a process in the jail goes on doing: threads, memory, randomness, time, and the descriptors that it has.
#[test]
fn what_is_needed_goes_on() {
    for jail in [worker, own] {
        let (got, text) = with_text(|tell| {
            jail().enter().unwrap();
            let thread = std::thread::Builder::new().name("later".to_owned());
            let sum = thread.spawn(|| vec![1u8; 1 << 20].iter().map(|one| u64::from(*one)).sum::<u64>());
            let sum = sum.unwrap().join().unwrap();
            std::thread::sleep(Duration::from_millis(1));
            let mut random = [0u8; 8];
            call!(libc::SYS_getrandom, random.as_mut_ptr(), random.len(), 0);
            let _ = (Instant::now(), std::time::SystemTime::now(), std::thread::available_parallelism());
            tell(&format!("{sum}"));
            Got::Done(0)
        });
        assert_eq!((got, text.as_str()), (Got::Done(0), "1048576"));
    }
}
