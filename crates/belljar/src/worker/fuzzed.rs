//! What a fallen worker can say, for the fuzz target: the parent's side of the channel without a process.

use std::time::Duration;

use super::calls::{Calls, Event, Expect};
use super::frame::{Reply, Up, decode};
use crate::limits::Limits;

/// Frames, each behind its length in two bytes, said of two calls. Whatever they are, what is kept of them is bounded.
pub(crate) fn frames(mut bytes: &[u8]) {
    let limits =
        Limits { output_bytes: 1 << 10, value_bytes: 1 << 8, memory_bytes: 1 << 20, ..Limits::default() };
    let calls: Calls<()> = Calls::new();
    let expect =
        || Expect { answer_bytes_max: 1 << 16, output_bytes_max: limits.output_bytes, may_read: true };
    let mut waiting: Vec<_> = (0..2).filter_map(|_| calls.open(expect(), ())).collect();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (frame, rest) = rest.split_at(length);
        bytes = rest;
        let Ok(said) = decode::<Up>(frame) else { break };
        if calls.take(said).is_err() {
            break;
        }
    }
    calls.lose_all();
    for (_, events) in &mut waiting {
        let mut printed = 0;
        while let Ok(event) = events.try_recv() {
            match event {
                Event::Output(_, bytes) => printed += bytes.len(),
                Event::Done(Ok(Reply::Ran(claim))) => {
                    if let Ok(outcome) = claim.into_outcome(&limits, Duration::from_millis(1)) {
                        assert!(
                            outcome.stdout.as_bytes().len() <= (1 << 10) + 256,
                            "more output than the limit allows"
                        );
                        assert!(outcome.usage.peak_memory_bytes <= 1 << 20, "more memory than there was");
                        serde_json::to_string(&outcome).expect("an outcome can be written");
                    }
                }
                _ => {}
            }
        }
        assert!(printed <= 1 << 10, "more was printed than the limit allows");
    }
}
