//! Whatever a guest reports as JSON: what was accepted can be parsed, and nothing deeper than the host can follow is accepted.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::json(bytes));
