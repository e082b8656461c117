//! Whatever code is offered as TypeScript: it is refused with a place, or comes out with as many lines as it had.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| belljar::fuzzing::typescript(bytes));
