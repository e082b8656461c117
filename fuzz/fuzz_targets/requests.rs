//! Whatever is asked for: it is refused, or it passes the gate and the engine can read back every field of it as it was.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::requests(bytes));
