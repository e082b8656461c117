//! Any stream in any pieces, with secrets in it: none of them comes through, and nothing else is changed.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::scrub(bytes));
