//! Whatever bytes come in as lines of `belljar run --jsonl`: each is refused, or is a request whose id goes back as the JSON that it came as,
//! and whose limits are limits.
#![no_main]
#![allow(dead_code, reason = "the program uses more of these files than this target does")]

#[path = "../../crates/cli/src/commands/jsonl"]
mod jsonl {
    pub(crate) mod ask;
    pub(crate) mod fuzzing;
    pub(crate) mod id;
    pub(crate) mod line;
    pub(crate) mod refusal;
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| jsonl::fuzzing::lines(bytes));
