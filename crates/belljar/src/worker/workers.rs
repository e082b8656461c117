//! Worker processes, as a program asks for them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::board::Board;
use super::settings::Settings;
use crate::blocking::block_on;

/// Child processes in which code runs instead of in this one, each shut into a jail of the operating system. Whatever becomes of one of them, a
/// caller is told so, others go on, and there is a new one for the next run.
///
/// Give them to a jar ([`Jar::in_workers`](crate::Jar::in_workers)): everything that can be done with it works as before. The processes are this same program, started
/// anew, so its `main` must begin with [`serve_if_asked`](Self::serve_if_asked). They end when the last clone of this and of the jars that use it is dropped, and when this process
/// ends, however it does.
///
/// ```no_run
/// use belljar::{Jar, Workers};
///
/// fn main() -> belljar::Result<()> {
///     Workers::serve_if_asked();
///     let workers = Workers::new(2);
///     let jar = Jar::open("python")?.in_workers(&workers)?;
///     assert_eq!(jar.run_blocking("6 * 7")?.value.expect("a number").repr, "42");
///     Ok(())
/// }
/// ```
///
/// A service that is asked to end lets what runs come to its end, for as long as its manager waits (`TimeoutStopSec` of systemd). Workers pay no heed to
/// signals that ask to end, so it does no harm that they get them, too.
///
/// ```no_run
/// use std::time::Duration;
///
/// use belljar::{Error, Jar, Workers};
/// use signal_hook::{consts::SIGTERM, iterator::Signals};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     Workers::serve_if_asked();
///     let workers = Workers::new(2);
///     let jar = Jar::open("python")?.in_workers(&workers)?;
///     let mut signals = Signals::new([SIGTERM])?;
///     let stopping = std::thread::spawn(move || {
///         signals.forever().next();
///         workers.shutdown_blocking(Duration::from_secs(10));
///     });
///     // This stands for a loop that takes requests.
///     while !matches!(jar.run_blocking("6 * 7"), Err(Error::WorkersStopped)) {}
///     stopping.join().expect("it does not panic");
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Workers(Arc<Owner>);

/// Ends the workers when nobody has them any more.
#[derive(Debug)]
struct Owner(Arc<Board>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Says how many workers there are to be and what each may take on ([`Workers::builder`]).
#[derive(Clone, Debug)]
pub struct WorkersBuilder(Settings);

/// What a worker process has taken on ([`Workers::processes`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerProcess {
    /// Its process id.
    pub id: u32,
    /// How many runs it has going.
    pub runs: u32,
    /// How many sessions live in it.
    pub sessions: u32,
    /// How much memory it has, as the system counts it.
    pub memory_bytes: u64,
}

impl Workers {
    /// `processes` workers, at least one: as many as there are processors is a good number. They are started when a jar is first given to them.
    #[must_use]
    pub fn new(processes: usize) -> Self {
        Self::builder(processes).build()
    }

    /// The same, with more to say about them.
    ///
    /// ```
    /// use belljar::Workers;
    ///
    /// let workers = Workers::builder(2).sessions_max(200).queue_max(50).build();
    /// assert!(workers.processes().is_empty(), "none is needed yet");
    /// ```
    #[must_use]
    pub fn builder(processes: usize) -> WorkersBuilder {
        WorkersBuilder(Settings::of(processes))
    }

    /// What there is of each process.
    #[must_use]
    pub fn processes(&self) -> Vec<WorkerProcess> {
        let seen = self.board().seen().into_iter().map(|(worker, runs, sessions)| WorkerProcess {
            id: worker.process.id(),
            runs,
            sessions,
            memory_bytes: worker.process.resident_bytes(),
        });
        seen.collect()
    }

    /// Takes on nothing more, waits until everything that runs or waits has ended, or for `grace`, and then ends the processes. Sessions that live in
    /// them are closed; what should outlast them is kept with a [snapshot](crate::Session::snapshot).
    ///
    /// Whoever asks for something from then on gets [`Error::WorkersStopped`](crate::Error::WorkersStopped), and so does a run that takes longer than `grace`.
    pub async fn shutdown(&self, grace: Duration) {
        self.board().drain(grace).await;
        self.board().stop();
    }

    /// The same as [`Workers::shutdown`], on the calling thread.
    pub fn shutdown_blocking(&self, grace: Duration) {
        block_on(self.shutdown(grace));
    }

    pub(crate) fn board(&self) -> &Arc<Board> {
        &self.0.0
    }
}

impl WorkersBuilder {
    /// Starts `program` instead of this one: an installed `belljar` of the same version.
    #[must_use]
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.0.program = Some(program.into());
        self
    }

    /// How many sessions may live in each process at once; 1000 if nothing is said. For one more, the one that was not used for longest is laid to rest in
    /// this process.
    #[must_use]
    pub fn sessions_max(mut self, sessions: u32) -> Self {
        self.0.sessions_max = sessions.max(1);
        self
    }

    /// Lays idle sessions of a process to rest in this one while it has more than so many bytes of memory, and wakes them when they are used.
    #[must_use]
    pub fn memory_mark_bytes(mut self, bytes: u64) -> Self {
        self.0.memory_mark_bytes = Some(bytes);
        self
    }

    /// Has the kernel end a process that uses more than so many bytes of memory, with everything in it: sessions, what the runtime keeps for them, and whatever
    /// code that has broken out takes. Callers hear of a crash, and the log says that it was memory. Nothing of it is swapped out.
    ///
    /// That takes a control group (cgroup v2) that was delegated to this program, with the controllers memory and pids: `Delegate=yes` in a unit of systemd, or
    /// `systemd-run --user --scope -p Delegate=yes`. This process then moves itself into a group below it, which it must be alone for; so the first workers of a
    /// program are to have the limit, if any do. Where it cannot be had, no worker is started, and [`Error::Jail`](crate::Error::Jail) says why.
    ///
    /// If nothing is said there is no such bound: each session has its own limit, and when the machine's memory runs out the kernel ends a worker before
    /// anything else. [`memory_mark_bytes`](Self::memory_mark_bytes) should be well below it.
    #[must_use]
    pub fn memory_max_bytes(mut self, bytes: u64) -> Self {
        self.0.memory_max_bytes = Some(bytes);
        self
    }

    /// Lets no process work for more than one tenant ([`SnapshotKey::tenant`](crate::SnapshotKey::tenant)): whoever comes after another one gets a new one. What
    /// processors leave in caches and predictors is then at least not in the same process.
    #[must_use]
    pub fn tenant_per_process(mut self) -> Self {
        self.0.has_tenant_per_process = true;
        self
    }

    /// How many runs each process has going at once; 8 if nothing is said. Others wait their turn.
    #[must_use]
    pub fn runs_max(mut self, runs: u32) -> Self {
        self.0.runs_max = runs.clamp(1, 1024);
        self
    }

    /// How many runs may wait; 1000 if nothing is said. For one more, the last one of the tenant who waits for most is refused with
    /// [`Error::Overloaded`](crate::Error::Overloaded).
    #[must_use]
    pub fn queue_max(mut self, waiting: usize) -> Self {
        self.0.queue_max = waiting;
        self
    }

    /// Keeps what each session is after each of its runs, so that it goes on in another worker when its own dies. That takes a few milliseconds
    /// after each run, and memory of this process.
    #[must_use]
    pub fn checkpoints(mut self) -> Self {
        self.0.keeps_checkpoints = true;
        self
    }

    /// Refuses to start a worker that cannot be shut into a jail on this machine, with [`Error::Jail`](crate::Error::Jail), which names the
    /// [layers](crate::Layer::is_necessary) that are missing. Without it, what the machine lacks is told in a warning.
    #[must_use]
    pub fn require_jail(mut self) -> Self {
        self.0.requires_jail = true;
        self
    }

    /// The workers.
    #[must_use]
    pub fn build(self) -> Workers {
        Workers(Arc::new(Owner(Board::new(self.0))))
    }
}
