//! The output of a run whose worker does not know what must not be shown: it comes whole, and is searched and cut here.

use crate::host::meter::Meter;
use crate::host::output::{Output, Printed, Sink};
use crate::host::secrets::Secrets;
use crate::limits::Limits;
use crate::outcome::{Ended, GuestError, Outcome, Stream, Text};

use std::sync::Arc;

/// What has come so far.
pub(super) struct Collected {
    output: Output,
    meter: Meter,
    limits: Limits,
    /// Whether more came than may, and the run is to end for that.
    is_too_much: bool,
}

impl Collected {
    pub(super) fn new(limits: &Limits, sink: Option<Box<dyn Sink>>, secrets: &Arc<Secrets>) -> Self {
        let output = Output::new(limits, sink).without(Some(secrets));
        Self { output, meter: Meter::new(limits), limits: limits.clone(), is_too_much: false }
    }

    /// Takes a piece. Whether the run is to end now.
    pub(super) fn take(&mut self, stream: Stream, bytes: &[u8]) -> bool {
        let was_enough = self.output.pass(&mut self.meter, stream, bytes).is_err();
        was_enough && !std::mem::replace(&mut self.is_too_much, true)
    }

    /// Puts what has come into the outcome.
    pub(super) fn put(mut self, outcome: &mut Outcome) {
        let Printed { chunks, truncated, bytes } = self.output.finish(&mut self.meter);
        outcome.stdout = Text::of_stream(&chunks, Stream::Stdout);
        outcome.stderr = Text::of_stream(&chunks, Stream::Stderr);
        (outcome.output, outcome.truncated, outcome.usage.output_bytes) = (chunks, truncated, bytes);
        if self.is_too_much && outcome.ended == Ended::Cancelled {
            outcome.ended = Ended::OutputLimit;
            let (r#type, message) = (
                "OutputLimit".to_owned(),
                format!("the run printed more than {} bytes", self.limits.output_bytes),
            );
            let (traceback, line) =
                outcome.error.take().map_or((String::new(), None), |error| (error.traceback, error.line));
            outcome.error = Some(GuestError { r#type, message, traceback, line });
        }
    }
}
