//! A sandbox as a process of ours that answers one line with another. It is killed with all that it has started when it is dropped, and
//! nothing that it does or leaves undone holds us up.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child as Process, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::watch::{self, Use};
use crate::exit::Failure;

/// The longest line that is taken. Output is limited, and JSON makes of a byte six at most.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// How often it is looked at while it works.
const LOOK: Duration = Duration::from_millis(5);

/// A running sandbox.
pub(super) struct Child {
    process: Process,
    stdin: ChildStdin,
    lines: Receiver<Line>,
}

enum Line {
    Whole(String),
    TooLong,
    NotText,
}

/// What came of asking.
pub(super) enum Said {
    Line(String),
    /// No line, and why.
    Nothing(String),
}

/// What came of asking, and what that took.
pub(super) struct Asked {
    pub(super) said: Said,
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
    /// The most memory of all its processes, beyond what they had before.
    pub(super) memory_bytes: u64,
}

/// What it may use before it is killed.
pub(super) struct Bounds {
    pub(super) wall: Duration,
    pub(super) memory_bytes: u64,
}

impl Child {
    /// Starts it, in a group of its own so that it can be killed whole.
    pub(super) fn start(command: &mut Command) -> Result<Self, Failure> {
        let program = command.get_program().to_string_lossy().into_owned();
        let spawned = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let mut process =
            spawned.map_err(|error| Failure::system(format!("cannot start {program}"), error))?;
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            unreachable!("both were piped");
        };
        let (sender, lines) = sync_channel(1);
        // It ends when the process does, or when nobody waits for a line any more.
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            while let Some(line) = next_line(&mut reader) {
                let last = !matches!(line, Line::Whole(_));
                if sender.send(line).is_err() || last {
                    return;
                }
            }
        });
        Ok(Self { process, stdin, lines })
    }

    /// Asks, and waits for a line within bounds.
    pub(super) fn ask(&mut self, line: &str, bounds: &Bounds) -> Asked {
        let id = self.process.id();
        let before = watch::of_tree(id);
        watch::forget_peak(id);
        let begun = Instant::now();
        let mut most = before;
        // One that has ended cannot be written to; that is seen below.
        let _ = self.stdin.write_all(format!("{line}\n").as_bytes());
        let said = self.listen(begun, &before, &mut most, bounds);
        let wall = begun.elapsed();
        most.memory_bytes = most.memory_bytes.max(watch::peak(id));
        let memory_bytes = most.memory_bytes.saturating_sub(before.memory_bytes);
        Asked { said, wall, cpu: most.cpu.saturating_sub(before.cpu), memory_bytes }
    }

    fn listen(&mut self, begun: Instant, before: &Use, most: &mut Use, bounds: &Bounds) -> Said {
        loop {
            match self.lines.recv_timeout(LOOK) {
                Ok(Line::Whole(line)) => {
                    most.cpu = most.cpu.max(watch::of_tree(self.process.id()).cpu);
                    return Said::Line(line);
                }
                Ok(Line::TooLong) => {
                    return Said::Nothing(format!("said more than {LINE_BYTES_MAX} bytes in one line"));
                }
                Ok(Line::NotText) => return Said::Nothing("said something that is not text".to_owned()),
                Err(RecvTimeoutError::Disconnected) => return Said::Nothing(self.end()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = watch::of_tree(self.process.id());
            most.memory_bytes = most.memory_bytes.max(now.memory_bytes);
            most.cpu = most.cpu.max(now.cpu);
            if now.memory_bytes.saturating_sub(before.memory_bytes) > bounds.memory_bytes {
                return Said::Nothing("was killed, since it took too much memory".to_owned());
            }
            if begun.elapsed() > bounds.wall {
                return Said::Nothing(format!("gave no answer within {:.1} s", bounds.wall.as_secs_f64()));
            }
        }
    }

    /// How it ended, once it says nothing any more.
    fn end(&mut self) -> String {
        // It may have closed its output and live on.
        std::thread::sleep(LOOK);
        match self.process.try_wait() {
            Ok(Some(status)) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("ended with status {code}"),
                (None, Some(signal)) => format!("died of signal {signal}"),
                (None, None) => "ended".to_owned(),
            },
            _ => "closed its output".to_owned(),
        }
    }

    /// Whether it rests within this time: whether it is seen several times in a row with nothing running.
    pub(super) fn rests_within(&self, patience: Duration) -> bool {
        const SEEN: u32 = 8;
        let begun = Instant::now();
        let mut resting = 0;
        while begun.elapsed() < patience {
            std::thread::sleep(LOOK);
            resting = if watch::runs(self.process.id()) { 0 } else { resting + 1 };
            if resting == SEEN {
                return true;
            }
        }
        false
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let pid = |process: u32| i32::try_from(process).ok().and_then(Pid::from_raw);
        // Those that left the group are found by their parents; one that is gone already is as good as killed.
        for process in watch::tree(self.process.id()).into_iter().filter_map(pid) {
            let _ = kill_process(process, Signal::KILL);
        }
        if let Some(group) = pid(self.process.id()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.process.wait();
    }
}

/// The next line, without its end; none at the end of all.
fn next_line(reader: &mut impl BufRead) -> Option<Line> {
    let mut line = Vec::new();
    let count = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).ok()?;
    if count == 0 {
        return None;
    }
    if line.pop() != Some(b'\n') {
        return (count as u64 == LINE_BYTES_MAX).then_some(Line::TooLong);
    }
    Some(String::from_utf8(line).map_or(Line::NotText, Line::Whole))
}
