//! What code prints and reads in a worker: the parent has both ends.

use std::io::Read;
use std::sync::Arc;

use super::going::Going;
use super::line::Line;
use crate::host::output::Sink;
use crate::outcome::Stream;
use crate::worker::frame::{PIECE_BYTES_MAX, Up};

/// Sends output to the parent, no faster than it is taken there.
pub(super) struct FarSink {
    pub(super) going: Arc<Going>,
    pub(super) line: Arc<Line>,
}

impl Sink for FarSink {
    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE_BYTES_MAX) {
            if self.going.wait_to_say().is_some() {
                self.line.say(&Up::Output { call: self.going.call, stream, bytes: piece.to_vec() });
            }
        }
    }
}

/// Reads what the parent reads for a run.
pub(super) struct FarInput {
    pub(super) going: Arc<Going>,
    pub(super) line: Arc<Line>,
    rest: Vec<u8>,
    taken: usize,
}

impl FarInput {
    pub(super) fn new(going: Arc<Going>, line: Arc<Line>) -> Self {
        Self { going, line, rest: Vec::new(), taken: 0 }
    }
}

impl Read for FarInput {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.taken == self.rest.len() {
            self.line.say(&Up::WantsInput { call: self.going.call });
            self.rest = self.going.wait_for_piece().unwrap_or_default();
            self.taken = 0;
        }
        let count = into.len().min(self.rest.len() - self.taken);
        into[..count].copy_from_slice(&self.rest[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}
