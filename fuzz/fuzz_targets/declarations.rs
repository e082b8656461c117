//! A tool as another server describes it: refused, or declared in few words that end where they must.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::declarations(bytes));
