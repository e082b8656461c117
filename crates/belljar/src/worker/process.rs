//! A worker's process: started with nothing but its end of the channel, ended for certain, and what became of it.

use std::fmt;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::cgroups::Group;
use super::jail::layer::Lack;

/// What a program is called with to be a worker.
pub(super) const ARGUMENT: &str = "--belljar-worker";

/// The program that runs now, whatever lies under its name by now.
const SELF: &str = "/proc/self/exe";

/// How often, and after which pauses, it is looked whether a process that hung up has ended.
const SETTLE_LOOKS: u32 = 50;
const SETTLE_PAUSE: Duration = Duration::from_millis(2);

/// The signal with which the kernel ends whoever tries a system call that the jail forbids.
const SIGSYS: i32 = 31;

/// The signal with which it ends whoever uses too much memory, among others.
const SIGKILL: i32 = 9;

/// How likely the kernel ends a process when the machine's memory runs out, by its own scale: a worker, with its sessions, before any other.
const FIRST_TO_END: &str = "1000";

/// A child process.
#[derive(Debug)]
pub(super) struct Process {
    child: Mutex<Child>,
    id: u32,
    /// What bounds it. It is removed after the process has ended.
    group: Option<Group>,
}

impl Process {
    /// Starts `program` as a worker whose end of the channel is `channel`: it finds that as its standard input. With what it writes to standard error.
    ///
    /// The kernel ends it when the calling thread ends, so that thread must live as long as the worker is to.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn start(
        program: Option<&Path>,
        channel: OwnedFd,
    ) -> std::io::Result<(Self, Option<ChildStderr>)> {
        let mut command = Command::new(program.unwrap_or(Path::new(SELF)));
        command.arg0("belljar-worker").arg(ARGUMENT).env_clear().current_dir("/");
        command.stdin(channel).stdout(Stdio::null()).stderr(Stdio::piped());
        // Signals of a terminal are for the parent, which then decides.
        command.process_group(0);
        let mut child = command.spawn()?;
        let errors = child.stderr.take();
        // Where that is not to be had, memory is used up as anywhere.
        let _ = std::fs::write(format!("/proc/{}/oom_score_adj", child.id()), FIRST_TO_END);
        Ok((Self { id: child.id(), child: Mutex::new(child), group: None }, errors))
    }

    /// Puts it into a control group of its own, in which it stays.
    ///
    /// # Errors
    ///
    /// Why it cannot be there.
    pub(super) fn bound(&mut self, group: Group) -> Result<(), Lack> {
        group.take_in(self.id)?;
        self.group = Some(group);
        Ok(())
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Ends it, whatever it is doing.
    pub(super) fn kill(&self) {
        // It may have ended by itself.
        let _ = self.child().kill();
    }

    /// Waits until it has ended, which must have been brought about.
    pub(super) fn wait(&self) -> Died {
        match self.child().wait() {
            Ok(status) => self.died(status),
            Err(_) => Died::Unknown,
        }
    }

    /// How it ended, which it is given a moment for, since it has hung up.
    pub(super) fn settle(&self) -> Died {
        for _ in 0..SETTLE_LOOKS {
            if let Ok(Some(status)) = self.child().try_wait() {
                return self.died(status);
            }
            std::thread::sleep(SETTLE_PAUSE);
        }
        self.kill();
        self.wait()
    }

    fn died(&self, status: ExitStatus) -> Died {
        match Died::of(status) {
            Died::Signal(SIGKILL) if self.group.as_ref().is_some_and(Group::ran_out_of_memory) => {
                Died::OutOfMemory
            }
            died => died,
        }
    }

    /// How many bytes of memory it has for itself or shares, as the system counts them.
    pub(super) fn resident_bytes(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/statm", self.id)).unwrap_or_default();
        let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0);
        pages.saturating_mul(rustix::param::page_size() as u64)
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child().wait();
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Died {
    Exited(i32),
    Signal(i32),
    /// The kernel ended it, since it used more memory than its control group may.
    OutOfMemory,
    Unknown,
}

impl Died {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Unknown,
        }
    }
}

impl fmt::Display for Died {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with status {code}"),
            Self::Signal(SIGSYS) => f.write_str("tried a system call that its jail forbids (SIGSYS)"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Self::OutOfMemory => f.write_str("used more memory than it may (`memory_max_bytes`)"),
            Self::Unknown => f.write_str("ended in an unknown way"),
        }
    }
}

/// What a worker writes to standard error, line by line, no more of each than a log should hold.
#[derive(Debug)]
pub(super) struct Errors {
    pipe: Option<ChildStderr>,
    line: Vec<u8>,
    lines_left: u32,
}

/// The most bytes of a line that are kept.
const LINE_BYTES_MAX: usize = 1024;

/// The most lines that are taken from one worker. One that works well writes none.
const LINES_MAX: u32 = 100;

impl Errors {
    pub(super) fn new(pipe: Option<ChildStderr>) -> Self {
        Self { pipe, line: Vec::new(), lines_left: LINES_MAX }
    }

    /// What is polled for more, while there may be more.
    pub(super) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Reads what has come, and hands over each line that is complete.
    pub(super) fn read(&mut self, mut take: impl FnMut(&str)) {
        let mut piece = [0; LINE_BYTES_MAX];
        let count = self.pipe.as_mut().map_or(0, |pipe| pipe.read(&mut piece).unwrap_or(0));
        for byte in &piece[..count] {
            if *byte == b'\n' || self.line.len() == LINE_BYTES_MAX {
                self.end_line(&mut take);
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
        if count == 0 {
            self.pipe = None;
            self.end_line(&mut take);
        }
    }

    fn end_line(&mut self, take: &mut impl FnMut(&str)) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() && self.lines_left > 0 {
            self.lines_left -= 1;
            take(&crate::audit::shown(&String::from_utf8_lossy(&line)));
        }
    }
}

/// The process id of this process, which is the parent of its workers.
pub(super) fn own_id() -> u32 {
    std::process::id()
}

/// Whether this is what the system says when the machine is short of something, which does not speak of the program.
pub(super) fn is_shortage(error: &std::io::Error) -> bool {
    use rustix::io::Errno;
    let short = [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM];
    short.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// The program that workers of these settings are, as it is told.
pub(super) fn shown(program: Option<&Path>) -> PathBuf {
    program.map_or_else(|| std::env::current_exe().unwrap_or_else(|_| SELF.into()), Path::to_owned)
}
