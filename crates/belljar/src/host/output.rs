//! Output: streamed while the code runs, kept up to the limit, head and tail, with the cut marked.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::memory::GuestMemory;
use super::meter::Meter;
use super::secrets::{Scrubber, Secrets};
use super::stop::Stop;
use crate::limits::{Limits, OnOutputLimit};
use crate::outcome::{Chunk, Stream, Text, Truncated};

/// Takes output while code runs. The guest waits until the sink has taken it, so a slow sink slows the code down and nothing piles
/// up; the run's time goes on meanwhile.
///
/// The sink sees what the outcome will hold: at most `output_bytes`, the cut marked in the middle.
pub trait Sink: Send {
    /// Takes `bytes` that were printed to `stream`. They may be any part of what was printed at once.
    fn write(&mut self, stream: Stream, bytes: &[u8]);
}

impl<F: FnMut(Stream, &[u8]) + Send> Sink for F {
    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        self(stream, bytes);
    }
}

/// The output of one run.
pub(crate) struct Output {
    head: Vec<Chunk>,
    head_room: usize,
    tail: VecDeque<Chunk>,
    tail_max: usize,
    tail_bytes: usize,
    truncated: Truncated,
    printed: u64,
    held: u64,
    on_limit: OnOutputLimit,
    sink: Option<Box<dyn Sink>>,
    /// Everything goes to the sink as it comes, and nothing is kept.
    relays: bool,
    /// Search stdout and stderr for secrets, where there are any.
    scrubbers: Option<[Scrubber; 2]>,
}

/// What a run printed.
pub(crate) struct Printed {
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) truncated: Truncated,
    pub(crate) bytes: u64,
}

impl Output {
    pub(crate) fn new(limits: &Limits, sink: Option<Box<dyn Sink>>) -> Self {
        let max = usize::try_from(limits.output_bytes).unwrap_or(usize::MAX);
        Self {
            head: Vec::new(),
            head_room: max - max / 2,
            tail: VecDeque::new(),
            tail_max: max / 2,
            tail_bytes: 0,
            truncated: Truncated::default(),
            printed: 0,
            held: 0,
            on_limit: limits.on_output_limit,
            sink,
            relays: false,
            scrubbers: None,
        }
    }

    /// Output that `sink` takes as it is printed, to be kept, cut and searched by whoever knows what must not be shown.
    pub(crate) fn relay(sink: Box<dyn Sink>) -> Self {
        let limits = Limits { on_output_limit: OnOutputLimit::Cut, ..Limits::default() };
        Self { relays: true, ..Self::new(&limits, Some(sink)) }
    }

    /// The same, and nothing passes that holds a secret.
    pub(crate) fn without(mut self, secrets: Option<&Arc<Secrets>>) -> Self {
        self.scrubbers = secrets.map(|secrets| [0, 1].map(|_| Scrubber::new(Arc::clone(secrets))));
        self
    }

    /// Takes what the guest prints.
    pub(crate) fn write(
        &mut self,
        meter: &mut Meter,
        memory: &GuestMemory<'_>,
        stream: Stream,
        (ptr, len): (u32, u32),
    ) -> Result<(), Stop> {
        self.pass(meter, stream, memory.bytes(ptr, len)?)
    }

    /// Takes what a guest prints, wherever that was.
    pub(crate) fn pass(&mut self, meter: &mut Meter, stream: Stream, bytes: &[u8]) -> Result<(), Stop> {
        self.printed += bytes.len() as u64;
        match &mut self.scrubbers {
            Some(scrubbers) => {
                let bytes = scrubbers[index(stream)].push(bytes);
                self.take(meter, stream, &bytes);
            }
            None => self.take(meter, stream, bytes),
        }
        let stop = self.on_limit == OnOutputLimit::Stop && self.lost() > 0;
        if stop { Err(Stop::Output) } else { Ok(()) }
    }

    /// Keeps what may pass, as far as there is room.
    fn take(&mut self, meter: &mut Meter, stream: Stream, bytes: &[u8]) {
        if let (true, Some(sink)) = (self.relays, &mut self.sink) {
            sink.write(stream, bytes);
            return;
        }
        let (head, rest) = bytes.split_at(bytes.len().min(self.head_room));
        if !head.is_empty() {
            self.head_room -= head.len();
            if let Some(sink) = &mut self.sink {
                sink.write(stream, head);
            }
            self.charge(meter, head.len());
            append(&mut self.head, stream, head);
        }
        if !rest.is_empty() {
            self.push_tail(meter, stream, rest);
        }
    }

    /// Ends the run's output: cuts are marked, and the sink gets the tail.
    pub(crate) fn finish(&mut self, meter: &mut Meter) -> Printed {
        for stream in [Stream::Stdout, Stream::Stderr] {
            if let Some(scrubbers) = &mut self.scrubbers {
                let rest = scrubbers[index(stream)].finish();
                self.take(meter, stream, &rest);
            }
        }
        meter.release(self.held);
        let mut chunks = std::mem::take(&mut self.head);
        let mut rest: Vec<Chunk> = Vec::with_capacity(self.tail.len() + 2);
        for (stream, bytes) in
            [(Stream::Stdout, self.truncated.stdout_bytes), (Stream::Stderr, self.truncated.stderr_bytes)]
        {
            if bytes > 0 {
                rest.push(Chunk { stream, text: Text::from(cut_mark(bytes).into_bytes()) });
            }
        }
        rest.extend(self.tail.drain(..));
        if let Some(sink) = &mut self.sink {
            for chunk in &rest {
                sink.write(chunk.stream, chunk.text.as_bytes());
            }
        }
        chunks.extend(rest);
        Printed { chunks, truncated: self.truncated, bytes: self.printed }
    }

    /// Keeps the end of what was printed: the oldest bytes of the tail make room for new ones.
    fn push_tail(&mut self, meter: &mut Meter, stream: Stream, bytes: &[u8]) {
        let kept = &bytes[bytes.len().saturating_sub(self.tail_max)..];
        self.lose(stream, bytes.len() - kept.len());
        if kept.is_empty() {
            return;
        }
        while self.tail_bytes + kept.len() > self.tail_max {
            self.shrink_tail(meter, self.tail_bytes + kept.len() - self.tail_max);
        }
        self.charge(meter, kept.len());
        self.tail_bytes += kept.len();
        match self.tail.back_mut() {
            Some(last) if last.stream == stream && last.text.as_bytes().len() < TAIL_CHUNK_BYTES => {
                last.text.push(kept)
            }
            _ => self.tail.push_back(Chunk { stream, text: Text::from(kept.to_vec()) }),
        }
    }

    /// Drops at most `excess` bytes from the oldest chunk of the tail.
    fn shrink_tail(&mut self, meter: &mut Meter, excess: usize) {
        let Some(mut oldest) = self.tail.pop_front() else {
            self.tail_bytes = 0;
            return;
        };
        let dropped = oldest.text.as_bytes().len().min(excess);
        if dropped < oldest.text.as_bytes().len() {
            oldest.text = Text::from(oldest.text.as_bytes()[dropped..].to_vec());
            self.tail.push_front(oldest.clone());
        }
        self.lose(oldest.stream, dropped);
        self.tail_bytes -= dropped;
        self.held -= dropped as u64;
        meter.release(dropped as u64);
    }

    fn charge(&mut self, meter: &mut Meter, bytes: usize) {
        meter.keep(bytes as u64);
        self.held += bytes as u64;
    }

    fn lose(&mut self, stream: Stream, bytes: usize) {
        match stream {
            Stream::Stdout => self.truncated.stdout_bytes += bytes as u64,
            Stream::Stderr => self.truncated.stderr_bytes += bytes as u64,
        }
    }

    fn lost(&self) -> u64 {
        self.truncated.stdout_bytes + self.truncated.stderr_bytes
    }
}

/// Small prints are gathered into chunks of about this size, so that dropping the oldest bytes stays cheap.
const TAIL_CHUNK_BYTES: usize = 4096;

fn index(stream: Stream) -> usize {
    match stream {
        Stream::Stdout => 0,
        Stream::Stderr => 1,
    }
}

fn cut_mark(bytes: u64) -> String {
    format!("\n[... {bytes} bytes cut ...]\n")
}

fn append(chunks: &mut Vec<Chunk>, stream: Stream, bytes: &[u8]) {
    match chunks.last_mut() {
        Some(last) if last.stream == stream => last.text.push(bytes),
        _ => chunks.push(Chunk { stream, text: Text::from(bytes.to_vec()) }),
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("printed", &self.printed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::host::random::Random;
    use crate::host::secrets::Secret;
    use proptest::prelude::*;

    fn print(output: &mut Output, meter: &mut Meter, stream: Stream, text: &[u8]) -> Result<(), Stop> {
        let mut bytes = text.to_vec();
        let len = u32::try_from(bytes.len()).unwrap();
        output.write(meter, &GuestMemory::new(&mut bytes), stream, (0, len))
    }

    fn limits(output_bytes: u64) -> Limits {
        Limits { output_bytes, ..Limits::default() }
    }

    /// What a worker relays is searched and cut by its parent as if it had been printed there.
    #[test]
    fn relayed_output_is_kept_and_cut_elsewhere() {
        let limits = Limits { output_bytes: 40, ..Limits::default() };
        let (mut there, mut here) = (Meter::new(&limits), Meter::new(&limits));
        let secret = Secret::new("KEY", "h.example", "X-Key", "correct-horse").unwrap();
        let secrets = Secrets::new(&[secret], &mut Random::from_seed(0)).unwrap();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&sent);
        let take = move |stream: Stream, bytes: &[u8]| sink.lock().unwrap().push((stream, bytes.to_vec()));
        let mut relay = Output::relay(Box::new(take));
        let mut own = Output::new(&limits, None).without(Some(&secrets));
        for text in ["1234567890 the key is corr", "ect-horse", "", &"-".repeat(100), "correct-horse"] {
            print(&mut relay, &mut there, Stream::Stdout, text.as_bytes()).unwrap();
            print(&mut own, &mut here, Stream::Stdout, text.as_bytes()).unwrap();
        }
        let own = own.finish(&mut here);
        assert_eq!((relay.held, there.held()), (0, 0), "nothing is kept there");
        let relayed = relay.finish(&mut there);
        assert!(relayed.chunks.is_empty() && relayed.truncated == Truncated::default());
        assert_eq!(relayed.bytes, own.bytes);
        let mut output = Output::new(&limits, None).without(Some(&secrets));
        for (stream, bytes) in sent.lock().unwrap().iter() {
            output.pass(&mut here, *stream, bytes).unwrap();
        }
        let printed = output.finish(&mut here);
        assert_eq!((printed.chunks, printed.truncated), (own.chunks, own.truncated));
        assert!(own.truncated.stdout_bytes > 0);
    }

    #[test]
    fn head_and_tail_are_kept_and_the_cut_is_marked() {
        let mut meter = Meter::new(&Limits::default());
        let mut output = Output::new(&limits(10), None);
        for _ in 0..5 {
            print(&mut output, &mut meter, Stream::Stdout, b"abcdefg").unwrap();
        }
        let printed = output.finish(&mut meter);
        let text: String = printed.chunks.iter().map(|chunk| chunk.text.to_string()).collect();
        assert_eq!(text, "abcde\n[... 25 bytes cut ...]\ncdefg");
        assert_eq!(printed.truncated, Truncated { stdout_bytes: 25, stderr_bytes: 0 });
    }

    #[test]
    fn a_run_may_be_stopped_at_the_limit() {
        let mut meter = Meter::new(&Limits::default());
        let mut output = Output::new(&Limits { on_output_limit: OnOutputLimit::Stop, ..limits(4) }, None);
        print(&mut output, &mut meter, Stream::Stdout, b"abcd").unwrap();
        assert_eq!(print(&mut output, &mut meter, Stream::Stderr, b"e"), Err(Stop::Output));
    }

    proptest! {
        /// Whatever is printed, nothing more than the limit is held, and every byte is either kept or counted as lost.
        #[test]
        fn every_byte_is_kept_or_counted(
            max in 0u64..64,
            prints in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)), 0..20),
        ) {
            let mut meter = Meter::new(&Limits::default());
            let mut output = Output::new(&limits(max), None);
            let mut total = 0u64;
            for (error, text) in &prints {
                let stream = if *error { Stream::Stderr } else { Stream::Stdout };
                print(&mut output, &mut meter, stream, text).unwrap();
                total += text.len() as u64;
                prop_assert!(output.held <= max);
            }
            let lost = output.lost();
            let marks: u64 = [output.truncated.stdout_bytes, output.truncated.stderr_bytes]
                .iter().filter(|bytes| **bytes > 0).map(|bytes| cut_mark(*bytes).len() as u64).sum();
            let printed = output.finish(&mut meter);
            let kept: u64 = printed.chunks.iter().map(|chunk| chunk.text.as_bytes().len() as u64).sum();
            prop_assert_eq!(kept - marks + lost, total);
            prop_assert_eq!(printed.bytes, total);
        }
    }
}
