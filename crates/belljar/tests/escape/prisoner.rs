//! A process that ring one no longer holds: a child of the test that enters a jail and then makes system calls of its own choice.

use std::io::Read;
use std::os::fd::{BorrowedFd, FromRawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI32, Ordering};

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// The kernel refused, with this error number.
    Refused(i32),
    /// The kernel did it, and gave this back.
    Done(i64),
    /// The process was killed, by this signal.
    Killed(i32),
    /// The process ended by itself, with this status.
    Ended(i32),
}

/// The outcome of a system call that was just made.
pub(crate) fn outcome(result: i64) -> Got {
    match result {
        -1 => Got::Refused(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)),
        result => Got::Done(result),
    }
}

/// Makes a system call, whatever it is. Every argument fills its register.
macro_rules! call {
    ($number:expr $(, $argument:expr)* $(,)?) => {
        // SAFETY: it is made in a child that exists to make it, and ends right afterwards.
        $crate::prisoner::outcome(unsafe { libc::syscall($number $(, $argument as libc::c_long)*) })
    };
}
pub(crate) use call;

/// Where a child tells what it found.
static REPORT: AtomicI32 = AtomicI32::new(2);

/// The same, as a descriptor.
pub(crate) fn report() -> BorrowedFd<'static> {
    // SAFETY: a child never closes it.
    unsafe { BorrowedFd::borrow_raw(REPORT.load(Ordering::Relaxed)) }
}

/// Does something in a child process of one thread, and says what became of it.
pub(crate) fn in_child(act: impl FnOnce() -> Got) -> Got {
    let (got, _) = with_text(|_| act());
    got
}

/// The same, with what the child wrote for its parent to read.
pub(crate) fn with_text(act: impl FnOnce(&mut dyn FnMut(&str)) -> Got) -> (Got, String) {
    let mut pipe = [0; 2];
    // SAFETY: the kernel writes two numbers. The child is a copy of this thread alone: the C library lets it allocate, and it ends by `_exit`,
    // so that nothing of the test program is run twice.
    let child = unsafe {
        assert_eq!(libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC), 0);
        libc::fork()
    };
    assert!(child >= 0, "a process can be started");
    if child == 0 {
        REPORT.store(pipe[1], Ordering::Relaxed);
        let write = |bytes: &[u8]| {
            // SAFETY: the bytes outlive the call.
            unsafe { libc::write(pipe[1], bytes.as_ptr().cast(), bytes.len()) };
        };
        // What panics here must not go on as a second test program.
        let act = AssertUnwindSafe(|| act(&mut |text| write(text.as_bytes())));
        let code = match catch_unwind(act).unwrap_or(Got::Ended(101)) {
            Got::Refused(number) => {
                write(format!("\nrefused {number}").as_bytes());
                0
            }
            Got::Done(result) => {
                write(format!("\ndone {result}").as_bytes());
                0
            }
            Got::Ended(code) => code,
            Got::Killed(_) => 1,
        };
        // SAFETY: it ends the child.
        unsafe { libc::_exit(code) }
    }
    // SAFETY: the child has the one end, and this the other; nobody else owns its number.
    let mut read = unsafe {
        libc::close(pipe[1]);
        std::fs::File::from_raw_fd(pipe[0])
    };
    let mut text = String::new();
    read.read_to_string(&mut text).expect("the child writes text");
    (told(child, &mut text), text)
}

/// What a child came to, by how it ended and by its last line.
fn told(child: libc::pid_t, text: &mut String) -> Got {
    let mut status = 0;
    // SAFETY: the kernel writes one number.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    if libc::WIFSIGNALED(status) {
        assert!(!libc::WCOREDUMP(status), "its memory was written to a core dump");
        return Got::Killed(libc::WTERMSIG(status));
    }
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let number = |word: &str| last.strip_prefix(word)?.parse().ok();
    let got = number("done ").map(Got::Done).or_else(|| {
        let number = last.strip_prefix("refused ")?.parse().ok()?;
        Some(Got::Refused(number))
    });
    let before = before.to_owned();
    got.inspect(|_| *text = before).unwrap_or(Got::Ended(libc::WEXITSTATUS(status)))
}
