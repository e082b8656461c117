//! Whatever an engine reports about a run, and however the run ended: an outcome comes of it that is within the limits, and it can be written
//! as JSON and read back.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::reports(bytes));
