//! Whatever sequence of host calls a guest makes, with whatever arguments over whatever memory: nothing panics, no more output is kept than
//! the limit allows, and no more memory is held than the budget has.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::host_calls(bytes));
