//! Whatever a fallen worker says to its parent: it is refused, or what is kept of it is bounded and makes sense.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::frames(bytes));
