//! What must hold. Of every sandbox: that code ends within its limits, that nothing of the machine is reached, and that the sandbox works
//! afterwards. Of our own besides: all that a program of the corpus promises.

use std::time::Duration;

use belljar::MIB;

use super::case::Case;
use super::child::Asked;
use super::sandbox::{Answer, Ended, Sandbox};

/// How much longer than its limit a run may take, seen from outside on a machine that does other things too. How late deadlines really are
/// is measured by `cargo xtask bench`.
pub(super) const TIME_MARGIN: Duration = Duration::from_secs(2);

/// How much memory beyond its limit the processes of a sandbox may take: what they map and load when they run code of a new kind.
const MEMORY_MARGIN_BYTES: u64 = 64 * MIB;

/// What output may be longer than its limit: marks where it was cut.
const OUTPUT_MARGIN_BYTES: u64 = 4096;

/// How long a value and an error may be together.
const TELLING_BYTES_MAX: usize = 1 << 20;

/// What the case must come to, in a few words.
pub(super) fn must(sandbox: &Sandbox, case: &Case) -> String {
    if sandbox.is_belljar() {
        case.expectation.ended().to_owned()
    } else if case.never_completes() {
        "be stopped".to_owned()
    } else {
        "end".to_owned()
    }
}

/// How it ended, in a word.
pub(super) fn did(answer: &Answer) -> String {
    match serde_json::to_value(answer.ended) {
        Ok(serde_json::Value::String(word)) => word,
        _ => format!("{:?}", answer.ended),
    }
}

/// What did not hold, as far as the answer and what it took tell.
pub(super) fn faults(case: &Case, answer: &Answer, asked: &Asked) -> Vec<String> {
    let mut faults = Vec::new();
    let limits = &case.limits;
    let mut must = |holds: bool, fault: String| {
        if !holds {
            faults.push(fault);
        }
    };
    let lies = case.never_completes() && answer.ended == Ended::Completed;
    must(!lies, "it says that code which has no end came to its end".to_owned());
    must(answer.ended != Ended::Unsupported, "it speaks the language for some programs only".to_owned());
    let wall_ms = asked.wall.as_millis();
    let wall_ms_most = u128::from(limits.time_ms) + TIME_MARGIN.as_millis();
    must(wall_ms <= wall_ms_most, format!("it took {wall_ms} ms, and {} is the limit", limits.time_ms));
    let memory_most = limits.memory_bytes + MEMORY_MARGIN_BYTES;
    let memory = asked.memory_bytes;
    must(
        memory <= memory_most,
        format!("it took {memory} bytes of memory, and {} is the limit", limits.memory_bytes),
    );
    let output = (answer.stdout.len() + answer.stderr.len()) as u64;
    must(
        output <= limits.output_bytes + OUTPUT_MARGIN_BYTES,
        format!("it gave back {output} bytes of output, and {} is the limit", limits.output_bytes),
    );
    let telling = answer.value.len() + answer.error.len();
    must(telling <= TELLING_BYTES_MAX, format!("its value and error have {telling} bytes"));
    if let Some(outcome) = &answer.outcome {
        faults.extend(case.expectation.differences(case.program.out, outcome));
    }
    faults
}
