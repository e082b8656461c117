//! Whatever code is offered as TypeScript ends as the code's own affair, within its time and its memory: the parser never fails, and what it
//! leaves of the code stands where it stood.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::typescript(bytes));
