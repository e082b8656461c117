//! What a client hears while code runs: what it prints, and that it still goes on.

#![expect(
    deprecated,
    reason = "the newest revision discourages logging, and clients listen to it all the same"
)]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use belljar::Stream;
use rmcp::model::{LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RoleServer};
use serde_json::Value;
use tokio::sync::Notify;

/// How often a client is told that a run goes on.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// How many lines are told one by one; what more there is at once is told in one message.
const LINES_MAX: usize = 64;

/// What a client wants to hear of one run.
pub(crate) struct Feed {
    peer: Peer<RoleServer>,
    /// The least severe level that it wants, if it wants any.
    pub(crate) level: Option<LoggingLevel>,
    /// What it calls the run where it asks for progress.
    pub(crate) progress: Option<ProgressToken>,
    /// How long the run may take.
    time: Duration,
    /// How often it is told that the run goes on.
    pub(crate) every: Duration,
    printed: Arc<Printed>,
}

/// Output on its way to the client. The outcome holds the same, so there is never more of it than `output_bytes`.
#[derive(Default)]
struct Printed {
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Default)]
struct Waiting {
    pieces: Vec<(Stream, Vec<u8>)>,
    is_over: bool,
}

impl Feed {
    pub(crate) fn new(peer: Peer<RoleServer>, time: Duration) -> Self {
        Self { peer, level: None, progress: None, time, every: PROGRESS_EVERY, printed: Arc::default() }
    }

    /// Takes what the code prints. It never waits: a client that does not read holds nobody up but itself.
    pub(crate) fn sink(&self) -> Option<impl FnMut(Stream, &[u8]) + Send + use<>> {
        self.level?;
        let printed = Arc::clone(&self.printed);
        Some(move |stream, bytes: &[u8]| {
            let mut waiting = printed.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            match waiting.pieces.last_mut() {
                Some((last, piece)) if *last == stream => piece.extend_from_slice(bytes),
                _ => waiting.pieces.push((stream, bytes.to_vec())),
            }
            drop(waiting);
            printed.came.notify_one();
        })
    }

    /// Awaits `run`, and tells the client meanwhile. All that was printed has been told when this is over.
    pub(crate) async fn during<T>(&self, run: impl Future<Output = T>) -> T {
        let run = async {
            let ran = run.await;
            self.lock().is_over = true;
            self.printed.came.notify_one();
            ran
        };
        let (ran, ()) = tokio::join!(run, self.tell());
        ran
    }

    /// Both kinds of notifications are sent from here, in the task that serves the request: that is how they find the stream of its answer.
    async fn tell(&self) {
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(self.every);
        ticks.tick().await;
        let mut lines = Lines::default();
        loop {
            tokio::select! {
                () = self.printed.came.notified() => {}
                _ = ticks.tick(), if self.progress.is_some() => self.tell_progress(begun.elapsed()).await,
            }
            let (pieces, is_over) = {
                let mut waiting = self.lock();
                (std::mem::take(&mut waiting.pieces), waiting.is_over)
            };
            for (stream, piece) in pieces {
                self.tell_lines(lines.add(stream, &piece)).await;
            }
            if is_over {
                return self.tell_lines(lines.rest()).await;
            }
        }
    }

    async fn tell_progress(&self, elapsed: Duration) {
        let Some(token) = &self.progress else { return };
        let progress = ProgressNotificationParam::new(token.clone(), elapsed.as_secs_f64())
            .with_total(self.time.as_secs_f64().max(elapsed.as_secs_f64()))
            .with_message("running".to_owned());
        // A client that has gone hears nothing.
        let _ = self.peer.notify_progress(progress).await;
    }

    async fn tell_lines(&self, mut lines: Vec<(Stream, String)>) {
        if lines.len() > LINES_MAX {
            let rest = lines.split_off(LINES_MAX);
            let stream = rest[0].0;
            let rest: Vec<String> = rest.into_iter().map(|(_, line)| line).collect();
            lines.push((stream, rest.join("\n")));
        }
        for (stream, line) in lines {
            let level = level_of(stream);
            if self.level.is_none_or(|least| severity(level) < severity(least)) {
                continue;
            }
            let message =
                LoggingMessageNotificationParam::new(level, Value::from(line)).with_logger("belljar");
            let _ = self.peer.notify_logging_message(message).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.printed.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes lines of pieces. A line is told when it is whole, or when the run is over.
#[derive(Default)]
struct Lines {
    begun: [Vec<u8>; 2],
}

impl Lines {
    fn add(&mut self, stream: Stream, piece: &[u8]) -> Vec<(Stream, String)> {
        let begun = &mut self.begun[usize::from(stream == Stream::Stderr)];
        begun.extend_from_slice(piece);
        let Some(end) = begun.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let rest = begun.split_off(end + 1);
        let whole = std::mem::replace(begun, rest);
        let whole = String::from_utf8_lossy(&whole);
        whole.lines().map(|line| (stream, line.to_owned())).collect()
    }

    fn rest(&mut self) -> Vec<(Stream, String)> {
        let begun = std::mem::take(&mut self.begun);
        let streams = [Stream::Stdout, Stream::Stderr].into_iter().zip(begun);
        let rest = streams.filter(|(_, begun)| !begun.is_empty());
        rest.map(|(stream, begun)| (stream, String::from_utf8_lossy(&begun).into_owned())).collect()
    }
}

fn level_of(stream: Stream) -> LoggingLevel {
    match stream {
        Stream::Stdout => LoggingLevel::Info,
        Stream::Stderr => LoggingLevel::Warning,
    }
}

fn severity(level: LoggingLevel) -> u8 {
    match level {
        LoggingLevel::Debug => 0,
        LoggingLevel::Info => 1,
        LoggingLevel::Notice => 2,
        LoggingLevel::Warning => 3,
        LoggingLevel::Error => 4,
        LoggingLevel::Critical => 5,
        LoggingLevel::Alert => 6,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_whole() {
        let mut lines = Lines::default();
        assert!(lines.add(Stream::Stdout, b"hel").is_empty());
        assert!(lines.add(Stream::Stderr, b"oops").is_empty());
        let told = lines.add(Stream::Stdout, b"lo\nworld\nx");
        assert_eq!(told, [(Stream::Stdout, "hello".to_owned()), (Stream::Stdout, "world".to_owned())]);
        let rest = lines.rest();
        assert_eq!(rest, [(Stream::Stdout, "x".to_owned()), (Stream::Stderr, "oops".to_owned())]);
    }
}
