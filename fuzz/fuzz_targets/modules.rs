//! Whatever a package says of itself, and whatever modules hold, importing them ends as the code's own affair, and the session goes on: what a
//! load that failed leaves behind harms no later one.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::modules(bytes));
