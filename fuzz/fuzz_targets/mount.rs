//! Whatever somebody writes as a mount: nothing panics, and what is accepted is absolute, plain, and reads as it is shown.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::mount(bytes));
